// Wills (section 3.1.2.5 and, in 5.0, 3.1.3.2): when they are published, as what, and what stops
// them.

import * as assert from 'uvu/assert'
import { CLEAN, connect, field, hex, properties, u8, u32, WILL } from './bytes.ts'
import { bytesOf, chapter, ending, inbox, nextMessages, type Scene, unread } from './kit.ts'

const spec = chapter('will')
const { v4, v5, both } = spec

async function watcher(t: Scene, options = {}): ReturnType<Scene['connect']> {
  const client = await t.connect()
  await client.subscribe('#', { qos: 2, ...options })
  return client
}

const WILL_W = { topic: 'w', payload: 'gone' }

/** A client with a session of 1,000 seconds and a will, for MQTT 5. */
function delayed(t: Scene, willDelayInterval: number, more = {}): ReturnType<Scene['connect']> {
  return t.connect({
    clientId: 'willing',
    clean: false,
    will: { ...WILL_W, properties: { willDelayInterval } },
    properties: { sessionExpiryInterval: 1000 },
    ...more,
  })
}

both('a lost connection publishes the will [MQTT-3.1.2-8]', async (t) => {
  const watching = await watcher(t)
  const client = await t.connect({ will: WILL_W })
  client.drop()
  assert.equal(await nextMessages(watching, 1), ['w=gone q0'])
})

v5('the will is kept for as long as the connection is silent [MQTT-3.1.2-7]', async (t) => {
  const watching = await watcher(t)
  const client = await t.connect({ will: WILL_W })
  await t.advance(3_600_000)
  assert.equal(await unread(watching), [])
  await t.breaks(client)
  assert.equal(await inbox(watching), ['w=gone q0'])
})

v4('no will, no message [MQTT-3.1.2-12]', async (t) => {
  const watching = await watcher(t)
  await t.breaks(await t.connect())
  assert.equal(await unread(watching), [])
})

for (const qos of [0, 1, 2] as const) {
  both(
    `a will of QoS ${qos} is published with QoS ${qos} [3.1.1 MQTT-3.1.2-9, MQTT-3.1.2-14] ` +
      `[5.0 MQTT-3.1.2-9, MQTT-3.1.2-12]`,
    async (t) => {
      const watching = await watcher(t)
      await t.breaks(await t.connect({ will: { ...WILL_W, qos } }))
      assert.equal(await inbox(watching), [`w=gone q${qos}`])
    },
  )
}

both(
  'a will without retain is an ordinary message [3.1.1 MQTT-3.1.2-16] [5.0 MQTT-3.1.2-14]',
  async (t) => {
    await t.breaks(await t.connect({ will: { ...WILL_W, retain: false } }))
    assert.equal(await inbox(await watcher(t)), [])
  },
)

both('a will with retain is retained [3.1.1 MQTT-3.1.2-17] [5.0 MQTT-3.1.2-15]', async (t) => {
  const watching = await watcher(t)
  await t.breaks(await t.connect({ will: { ...WILL_W, qos: 1, retain: true } }))
  assert.equal(await inbox(watching), ['w=gone q1'])
  assert.equal(await inbox(await watcher(t)), ['w=gone q1 retain'])
})

both(
  'an empty retained will removes the retained message [3.1.1 MQTT-3.1.2-17] [5.0 MQTT-3.1.2-15]',
  async (t) => {
    await t.publish('w=old retain')
    await t.breaks(await t.connect({ will: { topic: 'w', payload: '', retain: true } }))
    assert.equal(await inbox(await watcher(t)), [])
  },
)

both('a will is published once [MQTT-3.1.2-10]', async (t) => {
  const watching = await watcher(t)
  await t.breaks(await t.persistent('s', { will: WILL_W }))
  await (await t.persistent('s')).disconnect()
  await t.breaks(await t.persistent('s'))
  assert.equal(await inbox(watching), ['w=gone q0'])
})

both('DISCONNECT removes the will for good [MQTT-3.1.2-10]', async (t) => {
  const watching = await watcher(t)
  await (await t.persistent('s', { will: WILL_W })).disconnect()
  await t.breaks(await t.persistent('s'))
  assert.equal(await inbox(watching), [])
})

both('a takeover publishes the will of the old connection [MQTT-3.1.2-8]', async (t) => {
  const watching = await watcher(t)
  const old = await t.connect({ clientId: 'same', will: WILL_W })
  await t.connect({ clientId: 'same' })
  await old.closed
  assert.equal(await inbox(watching), ['w=gone q0'])
})

both(
  'the will of the new connection is the one that counts after a takeover [MQTT-3.1.2-8]',
  async (t) => {
    const watching = await watcher(t)
    const old = await t.connect({ clientId: 'same', will: WILL_W })
    const next = await t.connect({ clientId: 'same', will: { topic: 'w', payload: 'later' } })
    await old.closed
    await t.breaks(next)
    assert.equal(await inbox(watching), ['w=gone q0', 'w=later q0'])
  },
)

v4('a will topic that is ill-formed closes without a CONNACK [MQTT-3.1.3-10]', async (t) => {
  const payload = [field('id'), field(hex('c3')), field('x')]
  assert.equal(await ending(await t.send(connect({ level: 4, flags: CLEAN | WILL, payload }))), [])
})

v5('a will topic that is ill-formed is malformed [MQTT-3.1.3-11]', async (t) => {
  const payload = [field('id'), properties(), field(hex('c3')), field('x')]
  const client = await t.send(connect({ level: 5, flags: CLEAN | WILL, payload }))
  assert.equal(await ending(client), ['connack 0x81'])
})

for (const topic of ['w/+', '#', '']) {
  both(
    `will topic '${topic}' is refused [3.1.1 MQTT-3.1.4-1, MQTT-4.7.1-1] ` +
      `[5.0 MQTT-3.1.4-1, MQTT-4.7.0-1]`,
    async (t) => {
      const none = t.version === 5 ? [properties()] : []
      const payload = [field('id'), ...none, field(topic), field('x')]
      const bytes = connect({ level: t.version, flags: CLEAN | WILL, payload })
      await t.refuses(await t.send(bytes), 'silently', 0x90)
    },
  )
}

both('a refused CONNECT leaves no will [MQTT-3.1.2-8]', async (t) => {
  const watching = await watcher(t)
  const none = t.version === 5 ? [properties()] : []
  const payload = [field('id'), ...none, field('w'), field('gone'), u8(0)]
  await (await t.send(connect({ level: t.version, flags: CLEAN | WILL, payload }))).closed
  assert.equal(await unread(watching), [])
})

both('an empty will payload is a message too [MQTT-3.1.2-9]', async (t) => {
  const watching = await watcher(t)
  await t.breaks(await t.connect({ will: { topic: 'w', payload: '' } }))
  assert.equal(await inbox(watching), ['w= q0'])
})

v5(
  'the properties of a will are published, user properties in order [MQTT-3.1.3-10, MQTT-3.1.2-9]',
  async (t) => {
    const watching = await watcher(t, { qos: 0 })
    const user = ['b', 'a', 'b'].flatMap((key, i) => [u8(0x26), field(key), field(`${i}`)])
    const own = [
      u8(0x01, 1),
      u8(0x03),
      field('c'),
      u8(0x08),
      field('r'),
      u8(0x09),
      field('d'),
      ...user,
    ]
    const will = properties(u8(0x18), u32(0), ...own)
    const payload = [field('id'), will, field('w'), field('x')]
    const client = await t.send(connect({ level: 5, flags: CLEAN | WILL, payload }))
    await client.next('connack')
    await t.breaks(client)
    const message = await watching.next('publish')
    assert.equal(message.properties, {
      payloadFormatIndicator: true,
      contentType: 'c',
      responseTopic: 'r',
      correlationData: Buffer.from('d'),
      userProperties: { b: ['0', '2'], a: '1' },
    })
    assert.ok(bytesOf(watching).at(-1)?.includes(Buffer.concat(user).toString('hex')))
  },
)

v5('the expiry of a will begins when it is published [MQTT-3.3.2-6]', async (t) => {
  const watching = await watcher(t)
  const properties = { messageExpiryInterval: 30 }
  const client = await t.connect({ will: { ...WILL_W, properties } })
  await t.advance(100_000)
  await t.breaks(client)
  assert.is((await watching.next('publish')).properties?.messageExpiryInterval, 30)
})

v5('a delayed will waits for its delay [MQTT-3.1.2-8]', async (t) => {
  const watching = await watcher(t)
  await t.breaks(await delayed(t, 60))
  await t.advance(58_000)
  assert.equal(await unread(watching), [])
  await t.advance(4000)
  assert.equal(await inbox(watching), ['w=gone q0'])
})

v5(
  'a delayed will is published when the session ends before its delay [MQTT-3.1.2-8]',
  async (t) => {
    const watching = await watcher(t)
    await t.breaks(await delayed(t, 600, { properties: { sessionExpiryInterval: 10 } }))
    await t.advance(8000)
    assert.equal(await unread(watching), [])
    await t.advance(4000)
    assert.equal(await inbox(watching), ['w=gone q0'])
  },
)

v5('a delayed will of a session without expiry is published at once [MQTT-3.1.2-8]', async (t) => {
  const watching = await watcher(t)
  await t.breaks(await delayed(t, 600, { properties: {} }))
  assert.equal(await inbox(watching), ['w=gone q0'])
})

v5('a reconnect within the delay cancels the will [MQTT-3.1.3-9, MQTT-3.1.2-8]', async (t) => {
  const watching = await watcher(t)
  await t.breaks(await delayed(t, 60))
  await t.advance(30_000)
  await t.persistent('willing')
  await t.advance(3_600_000)
  assert.equal(await unread(watching), [])
})

v5('a takeover within the delay cancels the will [MQTT-3.1.3-9]', async (t) => {
  const watching = await watcher(t)
  const old = await delayed(t, 60)
  await t.persistent('willing')
  assert.equal(await ending(old), ['disconnect 0x8e'])
  await t.advance(3_600_000)
  assert.equal(await unread(watching), [])
})

v5(
  'a clean start ends the old session, so its delayed will is published [MQTT-3.1.2-8]',
  async (t) => {
    const watching = await watcher(t)
    await t.breaks(await delayed(t, 60))
    await t.connect({ clientId: 'willing' })
    assert.equal(await inbox(watching), ['w=gone q0'])
  },
)

v5('a takeover by a clean start publishes the delayed will too [MQTT-3.1.2-8]', async (t) => {
  const watching = await watcher(t)
  const old = await delayed(t, 60)
  await t.connect({ clientId: 'willing' })
  await old.closed
  assert.equal(await inbox(watching), ['w=gone q0'])
})

v5('DISCONNECT 0 discards a delayed will [MQTT-3.1.2-10]', async (t) => {
  const watching = await watcher(t)
  await (await delayed(t, 60)).disconnect()
  await t.advance(3_600_000)
  assert.equal(await unread(watching), [])
})

v5('DISCONNECT 4 keeps the will, and its delay [MQTT-3.1.2-8]', async (t) => {
  const watching = await watcher(t)
  await (await delayed(t, 60)).disconnect(4)
  assert.equal(await unread(watching), [])
  await t.advance(62_000)
  assert.equal(await inbox(watching), ['w=gone q0'])
})

both(
  'the will of a client reaches its own resumed session [3.1.1 MQTT-3.1.2-5] [5.0 MQTT-4.5.0-1]',
  async (t) => {
    const client = await t.persistent('s', { will: { ...WILL_W, qos: 1 } })
    await client.subscribe('w', { qos: 1 })
    await t.breaks(client)
    assert.equal(await inbox(await t.persistent('s')), ['w=gone q1'])
  },
)

v4('a will of 60,000 bytes is published whole [MQTT-3.1.2-8]', async (t) => {
  const watching = await watcher(t)
  const payload = Buffer.alloc(60_000, 'w')
  await t.breaks(await t.connect({ will: { topic: 'w', payload } }))
  assert.equal((await watching.next('publish')).payload, payload)
})

spec.run()
