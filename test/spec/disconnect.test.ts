// DISCONNECT (section 3.14), from the client and from the server: what it does to the will and the
// session, and the forms that are violations. Reasons of other violations are in errors.test.ts.

import * as assert from 'uvu/assert'
import { hex, packet, publish } from './bytes.ts'
import { chapter, ending, inbox, type Scene, unread } from './kit.ts'

const spec = chapter('DISCONNECT')
const { v4, v5, both } = spec

async function withWill(t: Scene, properties = {}): ReturnType<Scene['connect']> {
  return t.connect({
    clientId: 'willing',
    will: { topic: 'w', payload: 'gone' },
    ...(t.version === 5 && { properties }),
  })
}

async function watcher(t: Scene): ReturnType<Scene['connect']> {
  const client = await t.connect()
  await client.subscribe('#')
  return client
}

both(
  'DISCONNECT is followed by the close of the server [3.1.1 MQTT-3.14.4-3] [5.0 MQTT-3.14.4-3]',
  async (t) => {
    assert.equal(await ending(await t.sendConnected(hex('e000'))), [])
  },
)

both('DISCONNECT discards the will [MQTT-3.14.4-3, MQTT-3.1.2-10]', async (t) => {
  const watching = await watcher(t)
  await (await withWill(t)).disconnect()
  assert.equal(await inbox(watching), [])
})

for (const bytes of ['e00100', 'e0020000', 'e00200 00']) {
  v5(`DISCONNECT ${bytes} with reason 0 discards the will [MQTT-3.14.4-3]`, async (t) => {
    const watching = await watcher(t)
    const client = await withWill(t)
    client.sendBytes(hex(bytes))
    assert.equal(await ending(client), [])
    assert.equal(await inbox(watching), [])
  })
}

for (const reason of [0x04, 0x80, 0x83, 0x97]) {
  v5(
    `DISCONNECT with reason ${reason.toString(16)} publishes the will [MQTT-3.1.2-8, ` +
      `MQTT-3.14.2-1]`,
    async (t) => {
      const watching = await watcher(t)
      const client = await withWill(t)
      client.sendBytes(packet(0xe0, Buffer.from([reason])))
      assert.equal(await ending(client), [])
      assert.equal(await inbox(watching), ['w=gone q0'])
    },
  )
}

for (const first of [0xe1, 0xe2, 0xe4, 0xe8]) {
  both(
    `first byte ${first.toString(16)} is a violation, so the will is published [MQTT-3.14.1-1]`,
    async (t) => {
      const watching = await watcher(t)
      const client = await withWill(t)
      client.sendBytes(packet(first))
      await t.fails(client, 0x81)
      assert.equal(await inbox(watching), ['w=gone q0'])
    },
  )
}

v4('DISCONNECT with a body is a violation [MQTT-4.8.0-1]', async (t) => {
  const watching = await watcher(t)
  const client = await withWill(t)
  client.sendBytes(hex('e00100'))
  await t.fails(client, 0)
  assert.equal(await inbox(watching), ['w=gone q0'])
})

for (const reason of [0x01, 0x03, 0x7f, 0x8e, 0xff]) {
  v5(`reason ${reason.toString(16)} is none a client may give [MQTT-3.14.2-1]`, async (t) => {
    await t.fails(await t.sendConnected(packet(0xe0, Buffer.from([reason]))), 0x82)
  })
}

both(
  'what follows DISCONNECT is not processed [3.1.1 MQTT-3.14.4-3] [5.0 MQTT-3.14.4-1]',
  async (t) => {
    const watching = await watcher(t)
    const late = publish(t.version, 'late', { payload: 'x' })
    const client = await t.sendConnected(hex('e000'), late)
    assert.equal(await ending(client), [])
    assert.equal(await inbox(watching), [])
  },
)

v5(
  'nothing follows the DISCONNECT of the server but the close [MQTT-3.14.4-1, ' +
    'MQTT-3.14.4-2, MQTT-4.13.2-1]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('a', { qos: 1 })
    client.sendBytes(Buffer.concat([hex('c100'), hex('c000'), publish(5, 'a')]))
    assert.equal(await ending(client), ['disconnect 0x81'])
  },
)

v5('a refused CONNECT gets a CONNACK and no DISCONNECT [MQTT-3.14.0-1]', async (t) => {
  assert.equal(await ending(await t.send(hex('10 0d 0004 4d515454 05 03 0000 00 0000'))), [
    'connack 0x81',
  ])
})

v5('a DISCONNECT of the server has no Session Expiry Interval [MQTT-3.14.2-2]', async (t) => {
  const client = await t.persistent('s')
  client.sendBytes(hex('c100'))
  const last = (await client.closed).at(-1)
  assert.is(last?.cmd, 'disconnect')
  const { properties } = last as { properties?: { sessionExpiryInterval?: number } }
  assert.is(properties?.sessionExpiryInterval, undefined)
})

v5(
  'a DISCONNECT of the server fits Maximum Packet Size [MQTT-3.14.2-3, MQTT-3.14.2-4]',
  async (t) => {
    const client = await t.connect({ properties: { maximumPacketSize: 32 } })
    client.sendBytes(publish(5, 'a/+'))
    assert.equal(await ending(client), ['disconnect 0x90'])
    for (const bytes of client.received) assert.ok(bytes.length <= 32)
  },
)

v5(
  'a Session Expiry Interval that DISCONNECT gives is the one that counts [MQTT-4.1.0-2]',
  async (t) => {
    const client = await t.persistent('s', { properties: { sessionExpiryInterval: 1000 } })
    await client.disconnect(0, { sessionExpiryInterval: 10 })
    await t.advance(12_000)
    assert.is((await t.persistent('s')).connack?.sessionPresent, false)
  },
)

v5('DISCONNECT may end the session at once [MQTT-4.1.0-2]', async (t) => {
  const client = await t.persistent('s')
  await client.disconnect(0, { sessionExpiryInterval: 0 })
  assert.is((await t.persistent('s')).connack?.sessionPresent, false)
})

v5(
  'DISCONNECT cannot give expiry to a session that CONNECT gave none [MQTT-4.13.1-1]',
  async (t) => {
    const client = await t.sendConnected(hex('e007 00 05 11 0000000a'))
    await t.fails(client, 0x82)
  },
)

v5(
  'DISCONNECT with Session Expiry Interval twice is a protocol error [MQTT-4.13.1-1]',
  async (t) => {
    const client = await t.persistent('s')
    client.sendBytes(hex('e00c 00 0a 11 0000000a 11 0000000a'))
    await t.fails(client, 0x82)
  },
)

v5('a client that sends Server Reference makes a protocol error [MQTT-4.13.1-1]', async (t) => {
  await t.fails(await t.sendConnected(hex('e006 00 04 1c 0001 61')), 0x82)
})

v4('a violation publishes the will [MQTT-4.8.0-1, MQTT-3.1.2-8]', async (t) => {
  const watching = await watcher(t)
  await t.breaks(await withWill(t))
  assert.equal(await inbox(watching), ['w=gone q0'])
})

v5('a server that shuts down says so by 0x8b [MQTT-4.13.2-1]', async (t) => {
  const client = await t.connect()
  const { close } = await t.broker()
  await close()
  assert.equal(await ending(client), ['disconnect 0x8b'])
})

both(
  'DISCONNECT of one client leaves the others alone [3.1.1 MQTT-4.8.0-1] [5.0 MQTT-4.13.1-1]',
  async (t) => {
    const [client, other] = [await t.connect(), await t.connect()]
    await t.breaks(client)
    assert.equal(await unread(other), [])
  },
)

spec.run()
