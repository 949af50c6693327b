// Delivery (sections 4.3 to 4.6): retransmission after a reconnect, order, and expiry of messages.
// The exchange of acknowledgements on one connection is in acks.test.ts.

import * as assert from 'uvu/assert'
import { hex, publish } from './bytes.ts'
import { bytesOf, chapter, inbox, nextMessages, type Scene, unread } from './kit.ts'

const spec = chapter('delivery')
const { v4, v5, both } = spec

const MANUAL = { autoAck: false }

/** A session subscribed to everything at QoS 2, acknowledging nothing by itself. */
async function subscriber(t: Scene, fields = {}): ReturnType<Scene['connect']> {
  const client = await t.persistent('s', { ...MANUAL, ...fields })
  await client.subscribe('#', { qos: 2 })
  return client
}

both(
  'unacknowledged messages are sent again, same identifiers, DUP 1 [3.1.1 MQTT-4.4.0-1, ' +
    'MQTT-3.3.1-1, MQTT-4.3.2-1, MQTT-4.3.3-1] [5.0 MQTT-4.4.0-1, MQTT-3.3.1-1, ' +
    'MQTT-4.3.2-3, MQTT-4.3.3-3]',
  async (t) => {
    const client = await subscriber(t)
    await t.publish('a=1 q1', 'a=2 q2', 'b=3 q1')
    await client.barrier()
    await t.breaks(client)
    assert.equal(await unread(await t.persistent('s', MANUAL)), [
      'publish a=1 q1 id1 dup',
      'publish a=2 q2 id2 dup',
      'publish b=3 q1 id3 dup',
    ])
  },
)

both('what is sent again differs in DUP only [MQTT-3.3.1-1]', async (t) => {
  const client = await subscriber(t)
  await t.publish('a=1 q1', 'a=2 q2')
  await client.barrier()
  const first = bytesOf(client).filter((bytes) => bytes.startsWith('3'))
  await t.breaks(client)
  const again = await t.persistent('s', MANUAL)
  await again.barrier()
  const dup = first.map((bytes) => bytes.replace(/^32/, '3a').replace(/^34/, '3c'))
  assert.equal(bytesOf(again).slice(0, 2), dup)
})

both('they are sent again right after CONNACK, before anything new [MQTT-4.4.0-1]', async (t) => {
  const client = await subscriber(t)
  await t.publish('a=1 q1')
  await client.barrier()
  await t.breaks(client)
  await t.publish('a=2 q1')
  const again = await t.persistent('s', MANUAL)
  assert.equal(await unread(again), ['publish a=1 q1 id1 dup', 'publish a=2 q1 id2'])
})

both('they are sent again on every reconnect until acknowledged [MQTT-4.4.0-1]', async (t) => {
  const client = await subscriber(t)
  await t.publish('a=1 q1', 'a=2 q1')
  await client.barrier()
  client.sendBytes(hex('40020001'))
  await client.barrier()
  await t.breaks(client)
  for (const _ of [1, 2]) {
    const again = await t.persistent('s', MANUAL)
    assert.equal(await unread(again), ['publish a=2 q1 id2 dup'])
    await t.breaks(again)
  }
})

both(
  'after PUBREC it is PUBREL that is sent again, and no PUBLISH [3.1.1 MQTT-4.3.3-1, ' +
    'MQTT-4.4.0-1] [5.0 MQTT-4.3.3-5, MQTT-4.3.3-6, MQTT-4.4.0-1]',
  async (t) => {
    const client = await subscriber(t)
    await t.publish('a=1 q2', 'a=2 q2')
    await client.barrier()
    client.sendBytes(hex('50020001'))
    assert.equal(await unread(client), ['pubrel 1'])
    await t.breaks(client)
    const again = await t.persistent('s', MANUAL)
    const packets = await unread(again)
    assert.equal(packets.sort(), ['publish a=2 q2 id2 dup', 'pubrel 1'])
    again.sendBytes(hex('70020001'))
    await again.barrier()
    await t.breaks(again)
    assert.equal(await unread(await t.persistent('s', MANUAL)), ['publish a=2 q2 id2 dup'])
  },
)

both('after PUBCOMP nothing is sent again [3.1.1 MQTT-4.3.3-1] [5.0 MQTT-4.3.3-5]', async (t) => {
  const client = await subscriber(t)
  await t.publish('a=1 q2')
  await client.barrier()
  client.sendBytes(hex('50020001 70020001'))
  await client.barrier()
  await t.breaks(client)
  assert.equal(await unread(await t.persistent('s', MANUAL)), [])
})

both('QoS 0 is not sent again [3.1.1 MQTT-4.3.1-1] [5.0 MQTT-4.3.1-1]', async (t) => {
  const client = await subscriber(t)
  await t.publish('a=0 q0', 'a=1 q1')
  await client.barrier()
  await t.breaks(client)
  assert.equal(await inbox(await t.persistent('s', MANUAL)), ['a=1 q1 dup'])
})

both(
  'a queued message that was never sent has DUP 0 [3.1.1 MQTT-3.3.1-1, MQTT-3.3.1-3] ' +
    '[5.0 MQTT-3.3.1-1, MQTT-4.3.2-2, MQTT-4.3.3-2]',
  async (t) => {
    await (await subscriber(t)).disconnect()
    await t.publish('a=1 q1', 'a=2 q2')
    assert.equal(await unread(await t.persistent('s', MANUAL)), [
      'publish a=1 q1 id1',
      'publish a=2 q2 id2',
    ])
  },
)

both(
  'an identifier is not given to another message while it is in flight ' +
    '[3.1.1 MQTT-2.3.1-4] [5.0 MQTT-2.2.1-4]',
  async (t) => {
    const client = await subscriber(t)
    await t.publish('a=1 q1', 'a=2 q1')
    await client.barrier()
    client.sendBytes(hex('40020002'))
    await client.barrier()
    await t.breaks(client)
    const again = await t.persistent('s', MANUAL)
    await t.publish('a=3 q1')
    const [first, second = ''] = await unread(again)
    assert.is(first, 'publish a=1 q1 id1 dup')
    assert.match(second, /^publish a=3 q1 id(?!1$)\d+$/)
  },
)

both(
  'a QoS 2 message received before a reconnect is not passed on again after it ' +
    '[3.1.1 MQTT-4.3.3-2, MQTT-4.1.0-1] [5.0 MQTT-4.3.3-10, MQTT-4.1.0-1]',
  async (t) => {
    const watcher = await t.connect()
    await watcher.subscribe('a', { qos: 2 })
    const publisher = await t.persistent('p')
    publisher.sendBytes(publish(t.version, 'a', { first: 0x34, id: 5, payload: 'x' }))
    assert.equal(await unread(publisher), ['pubrec 5'])
    await t.breaks(publisher)
    const again = await t.persistent('p')
    again.sendBytes(publish(t.version, 'a', { first: 0x3c, id: 5, payload: 'x' }))
    again.sendBytes(hex('62020005'))
    assert.equal(await unread(again), ['pubrec 5', 'pubcomp 5'])
    assert.equal(await inbox(watcher), ['a=x q2'])
  },
)

both(
  'a QoS 1 message sent again after a reconnect is a new message [3.1.1 MQTT-4.3.2-2] ' +
    '[5.0 MQTT-4.3.2-5]',
  async (t) => {
    const watcher = await t.connect()
    await watcher.subscribe('a', { qos: 1 })
    for (const first of [0x32, 0x3a]) {
      const publisher = await t.persistent('p')
      publisher.sendBytes(publish(t.version, 'a', { first, id: 5, payload: 'x' }))
      assert.equal(await unread(publisher), ['puback 5'])
      await t.breaks(publisher)
    }
    assert.equal(await inbox(watcher), ['a=x q1', 'a=x q1'])
  },
)

// Order

for (const qos of [0, 1, 2]) {
  both(
    `200 messages of QoS ${qos} arrive in their order [3.1.1 MQTT-4.6.0-5, MQTT-4.6.0-6] ` +
      `[5.0 MQTT-4.6.0-5, MQTT-4.6.0-6]`,
    async (t) => {
      const client = await t.connect()
      await client.subscribe('a', { qos: 2 })
      const names = Array.from({ length: 200 }, (_, i) => `a=${i} q${qos}`)
      const publisher = await t.connect()
      names.forEach((_, i) => {
        const id = qos === 0 ? {} : { messageId: i + 1 }
        publisher.send({
          cmd: 'publish',
          topic: 'a',
          payload: `${i}`,
          qos: qos as 0 | 1 | 2,
          ...id,
        })
      })
      await publisher.barrier()
      assert.equal(await nextMessages(client, 200), names)
      assert.equal(await unread(client), [])
    },
  )
}

both(
  'two topics of one publisher both keep their order [3.1.1 MQTT-4.6.0-6] [5.0 MQTT-4.6.0-5]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('+', { qos: 1 })
    await t.publish('a=1', 'b=1', 'a=2', 'b=2', 'b=3', 'a=3')
    const messages = await inbox(client)
    const of = (topic: string): string[] => messages.filter((text) => text.startsWith(topic))
    assert.equal(of('a'), ['a=1 q1', 'a=2 q1', 'a=3 q1'])
    assert.equal(of('b'), ['b=1 q1', 'b=2 q1', 'b=3 q1'])
  },
)

for (const qos of [1, 2] as const) {
  both(
    `order of QoS ${qos} holds across a reconnect: in flight, queued while away, new ` +
      `[3.1.1 MQTT-4.6.0-6] [5.0 MQTT-4.6.0-5]`,
    async (t) => {
      await t.broker({ inflightMax: 2 })
      const client = await subscriber(t)
      await t.publish(...[1, 2, 3].map((n) => `a=${n} q${qos}`))
      assert.equal(await inbox(client), [`a=1 q${qos}`, `a=2 q${qos}`])
      await t.breaks(client)
      await t.publish(...[4, 5].map((n) => `a=${n} q${qos}`))
      const again = await t.persistent('s')
      await t.publish(`a=6 q${qos}`)
      const expected = [1, 2, 3, 4, 5, 6].map((n) => `a=${n} q${qos}${n < 3 ? ' dup' : ''}`)
      assert.equal(await nextMessages(again, 6), expected)
    },
  )
}

both(
  'what is sent again keeps the order of first sending when identifiers do not ' +
    '[3.1.1 MQTT-4.6.0-6] [5.0 MQTT-4.6.0-5]',
  async (t) => {
    await t.broker({ inflightMax: 3 })
    const client = await subscriber(t)
    await t.publish('a=1 q1', 'a=2 q1', 'a=3 q1', 'a=4 q1', 'a=5 q1')
    await client.barrier()
    client.sendBytes(hex('40020002 40020001'))
    assert.equal(await inbox(client), ['a=4 q1', 'a=5 q1'])
    await t.breaks(client)
    const again = await t.persistent('s', MANUAL)
    assert.equal(await inbox(again), ['a=3 q1 dup', 'a=4 q1 dup', 'a=5 q1 dup'])
  },
)

both(
  'a message taken over reaches every session that matches, near or away [MQTT-4.5.0-1]',
  async (t) => {
    const sessions = ['s1', 's2', 's3']
    for (const id of sessions) await (await t.persistent(id)).subscribe('a', { qos: 1 })
    for (const id of sessions.slice(1)) await (await t.persistent(id)).disconnect()
    const near = await t.persistent('s1')
    await t.publish('a=x')
    assert.equal(await inbox(near), ['a=x q1'])
    for (const id of sessions.slice(1))
      assert.equal(await inbox(await t.persistent(id)), ['a=x q1'])
  },
)

// Expiry

/** Publishes `a` with this expiry, QoS 1. */
async function fleeting(t: Scene, payload: string, messageExpiryInterval: number): Promise<void> {
  const publisher = await t.connect()
  await publisher.publish({ topic: 'a', qos: 1, payload, properties: { messageExpiryInterval } })
  publisher.drop()
}

v5('a message forwarded at once keeps its expiry [MQTT-3.3.2-6]', async (t) => {
  const client = await subscriber(t)
  await fleeting(t, 'x', 30)
  assert.is((await client.next('publish')).properties?.messageExpiryInterval, 30)
})

v5('the time a message waits is taken off its expiry [MQTT-3.3.2-6]', async (t) => {
  await (await subscriber(t)).disconnect()
  await fleeting(t, 'x', 30)
  await t.advance(10_000)
  const again = await t.persistent('s', MANUAL)
  assert.is((await again.next('publish')).properties?.messageExpiryInterval, 20)
})

v5('a message that expires while it waits is not sent [MQTT-3.3.2-5]', async (t) => {
  await (await subscriber(t)).disconnect()
  await fleeting(t, 'gone', 10)
  await fleeting(t, 'kept', 100)
  await t.advance(20_000)
  assert.equal(await inbox(await t.persistent('s', MANUAL)), ['a=kept q1'])
})

v5('a message that expires while it waits for quota is not sent [MQTT-3.3.2-5]', async (t) => {
  const client = await subscriber(t, { properties: { receiveMaximum: 1 } })
  await fleeting(t, 'first', 1000)
  await fleeting(t, 'gone', 10)
  await fleeting(t, 'kept', 1000)
  assert.equal(await inbox(client), ['a=first q1'])
  await t.advance(20_000)
  client.sendBytes(hex('40020001'))
  assert.equal(await inbox(client), ['a=kept q1'])
})

v5('a QoS 2 message in flight does not expire [MQTT-4.3.3-7]', async (t) => {
  const client = await subscriber(t)
  const publisher = await t.connect()
  const properties = { messageExpiryInterval: 10 }
  await publisher.publish({ topic: 'a', qos: 2, payload: 'x', properties })
  assert.equal(await inbox(client), ['a=x q2'])
  await t.breaks(client)
  await t.advance(60_000)
  const again = await t.persistent('s', MANUAL)
  assert.equal(await unread(again), ['publish a=x q2 id1 dup'])
  again.sendBytes(hex('50020001'))
  assert.equal(await unread(again), ['pubrel 1'])
})

v5('a message without expiry waits as long as the session [MQTT-3.3.2-5]', async (t) => {
  await (await subscriber(t)).disconnect()
  await t.publish('a=x')
  await t.advance(3_000_000)
  assert.equal(await inbox(await t.persistent('s', MANUAL)), ['a=x q1'])
})

v5('a message without expiry is forwarded without one [MQTT-3.3.2-6]', async (t) => {
  await (await subscriber(t)).disconnect()
  await t.publish('a=x')
  await t.advance(5000)
  const again = await t.persistent('s', MANUAL)
  assert.is((await again.next('publish')).properties, undefined)
})

v4('a message of 5.0 expires for a subscriber of 3.1.1 too [MQTT-3.1.2-5]', async (t) => {
  await (await subscriber(t)).disconnect()
  const publisher = await t.connect({ version: 5 })
  const properties = { messageExpiryInterval: 10 }
  await publisher.publish({ topic: 'a', qos: 1, payload: 'gone', properties })
  await publisher.publish({ topic: 'a', qos: 1, payload: 'kept' })
  await t.advance(20_000)
  assert.equal(await unread(await t.persistent('s', MANUAL)), ['publish a=kept q1 id1'])
})

spec.run()
