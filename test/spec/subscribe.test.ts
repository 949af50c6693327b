// SUBSCRIBE and SUBACK (sections 3.8 and 3.9): form, answer, replacement, granted QoS and the
// options of 5.0. Retained messages a subscription causes are in retained.test.ts, filters in
// topics.test.ts.

import * as assert from 'uvu/assert'
import { field, hex, packet, publish, subscribe, u8, u16 } from './bytes.ts'
import { bytesOf, chapter, inbox, unread } from './kit.ts'

const spec = chapter('SUBSCRIBE')
const { v4, v5, both } = spec

for (const first of [0x80, 0x81, 0x83, 0x8a, 0x86]) {
  both(`first byte ${first.toString(16)} closes [MQTT-3.8.1-1]`, async (t) => {
    const bytes = subscribe(t.version, [['a', 0]])
    bytes[0] = first
    await t.fails(await t.sendConnected(bytes), 0x81)
  })
}

both('a SUBSCRIBE without a filter closes [3.1.1 MQTT-3.8.3-3] [5.0 MQTT-3.8.3-2]', async (t) => {
  await t.fails(await t.sendConnected(subscribe(t.version, [])), 0x82)
})

both('a filter without its options closes [3.1.1 MQTT-3.8.3-3] [5.0 MQTT-3.8.3-2]', async (t) => {
  const none = t.version === 5 ? u8(0) : Buffer.alloc(0)
  const bytes = packet(0x82, u16(1), none, field('a'), u8(0), field('b'))
  await t.fails(await t.sendConnected(bytes), 0x81)
})

both('packet identifier 0 closes [3.1.1 MQTT-2.3.1-1] [5.0 MQTT-2.2.1-3]', async (t) => {
  const bytes = subscribe(t.version, [['a', 0]])
  bytes.writeUInt16BE(0, 2)
  await t.fails(await t.sendConnected(bytes), 0x82)
})

for (const options of [3, 4, 8, 0x10, 0x40, 0x80]) {
  const bits = options.toString(16)
  v4(`a requested QoS byte of ${bits} closes [MQTT-3.8.3-4]`, async (t) => {
    await t.fails(await t.sendConnected(subscribe(4, [['a', options]])), 0)
  })
}

for (const options of [0x40, 0x80, 0xc0, 0x41]) {
  const bits = options.toString(16)
  v5(`reserved option bits ${bits} are malformed [MQTT-3.8.3-5]`, async (t) => {
    await t.fails(await t.sendConnected(subscribe(5, [['a', options]])), 0x81)
  })
}

v5('requested QoS 3 is a protocol error [MQTT-4.13.1-1]', async (t) => {
  await t.fails(await t.sendConnected(subscribe(5, [['a', 3]])), 0x82)
})

v5('Retain Handling 3 is a protocol error [MQTT-4.13.1-1]', async (t) => {
  await t.fails(await t.sendConnected(subscribe(5, [['a', 0x30]])), 0x82)
})

both(
  'a bad filter leaves no subscription of the same packet behind [3.1.1 MQTT-4.8.0-1] ' +
    '[5.0 MQTT-4.13.1-1]',
  async (t) => {
    const client = await t.persistent('s')
    client.sendBytes(
      subscribe(t.version, [
        ['good', 1],
        ['a/#/b', 1],
      ]),
    )
    await client.closed
    await t.publish('good=x')
    assert.equal(await inbox(await t.persistent('s')), [])
  },
)

v4(
  'SUBACK is 90 03, the identifier and the granted QoS [MQTT-3.8.4-1, MQTT-3.8.4-2, MQTT-2.3.1-7]',
  async (t) => {
    const client = await t.connect()
    client.send({ cmd: 'subscribe', messageId: 0x1234, subscriptions: [{ topic: 'a', qos: 1 }] })
    await client.barrier()
    assert.is(bytesOf(client)[0], '9003123401')
  },
)

v5(
  'SUBACK is 90 04, the identifier, no properties and the granted QoS [MQTT-3.8.4-1, ' +
    'MQTT-3.8.4-2, MQTT-2.2.1-6, MQTT-2.2.2-1]',
  async (t) => {
    const client = await t.connect()
    client.send({ cmd: 'subscribe', messageId: 0x1234, subscriptions: [{ topic: 'a', qos: 1 }] })
    await client.barrier()
    assert.is(bytesOf(client)[0], '900412340001')
  },
)

both(
  'many filters get one SUBACK with a code for each, in order [3.1.1 MQTT-3.8.4-4, ' +
    'MQTT-3.8.4-5, MQTT-3.9.3-1] [5.0 MQTT-3.8.4-5, MQTT-3.8.4-6, MQTT-3.8.4-7, ' +
    'MQTT-3.9.3-1]',
  async (t) => {
    const client = await t.sendConnected(
      subscribe(t.version, [
        ['c', 2],
        ['a', 0],
        ['b/#', 1],
        ['a/+', 2],
        ['a', 1],
      ]),
    )
    assert.equal(await unread(client), ['suback 1 0x02 0x00 0x01 0x02 0x01'])
  },
)

both(
  'many filters work as many SUBSCRIBEs would [3.1.1 MQTT-3.8.4-4] [5.0 MQTT-3.8.4-5]',
  async (t) => {
    const client = await t.sendConnected(
      subscribe(t.version, [
        ['a', 2],
        ['b', 1],
        ['a', 0],
      ]),
    )
    await client.next('suback')
    await t.publish('a=1 q2', 'b=2 q2', 'c=3 q2')
    assert.equal(await inbox(client), ['a=1 q0', 'b=2 q1'])
  },
)

both('return codes are those of the table [3.1.1 MQTT-3.9.3-2] [5.0 MQTT-3.9.3-2]', async (t) => {
  const client = await t.connect()
  const filters = ['#', '+', '$SYS/#', '$share/g/a', '/', 'a//b']
  const wishes = filters.map((topic, i) => ({ topic, qos: (i % 3) as 0 | 1 | 2 }))
  assert.equal((await client.subscribe(wishes)).granted, [0, 1, 2, 0, 1, 2])
})

both(
  'SUBSCRIBE of 500 filters gets 500 codes [3.1.1 MQTT-3.8.4-5] [5.0 MQTT-3.8.4-6]',
  async (t) => {
    const client = await t.connect()
    const wishes = Array.from({ length: 500 }, (_, i) => ({ topic: `f/${i}`, qos: 1 as const }))
    assert.equal((await client.subscribe(wishes)).granted, Array(500).fill(1))
    await t.publish('f/0=a', 'f/499=b')
    assert.equal(await inbox(client), ['f/0=a q1', 'f/499=b q1'])
  },
)

for (const granted of [0, 1, 2] as const) {
  both(
    `granted QoS ${granted} caps the QoS of messages [3.1.1 MQTT-3.8.4-6] [5.0 MQTT-3.8.4-8]`,
    async (t) => {
      const client = await t.connect()
      await client.subscribe('a', { qos: granted })
      await t.publish('a=0 q0', 'a=1 q1', 'a=2 q2')
      const expected = [0, 1, 2].map((qos) => `a=${qos} q${Math.min(qos, granted)}`)
      assert.equal(await inbox(client), expected)
    },
  )
}

both('the same filter again replaces the subscription [MQTT-3.8.4-3]', async (t) => {
  const client = await t.connect()
  await client.subscribe('a', { qos: 2 })
  await client.subscribe('a', { qos: 0 })
  await t.publish('a=1 q2')
  assert.equal(await inbox(client), ['a=1 q0'])
  await client.subscribe('a', { qos: 1 })
  await t.publish('a=2 q2')
  assert.equal(await inbox(client), ['a=2 q1'])
})

v5('a replacement drops the old options and identifier [MQTT-3.8.4-3]', async (t) => {
  const client = await t.connect()
  await client.subscribe('a', { nl: true, rap: true, properties: { subscriptionIdentifier: 3 } })
  await client.subscribe('a')
  await client.publish({ topic: 'a', payload: 'x', retain: true })
  const message = await client.next('publish')
  assert.equal([message.retain, message.properties], [false, undefined])
})

v5('a replacement takes the new options and identifier [MQTT-3.8.4-3]', async (t) => {
  const client = await t.connect()
  await client.subscribe('a', { properties: { subscriptionIdentifier: 3 } })
  await client.subscribe('a', { properties: { subscriptionIdentifier: 4 } })
  await t.publish('a=x q0')
  assert.is((await client.next('publish')).properties?.subscriptionIdentifier, 4)
})

both(
  'a replacement loses no message in flight or queued [3.1.1 MQTT-3.8.4-3] [5.0 MQTT-3.8.4-4]',
  async (t) => {
    await t.broker()
    const client = await t.connect({ autoAck: false })
    await client.subscribe('a', { qos: 1 })
    const names = Array.from({ length: 50 }, (_, i) => `a=${i}`)
    await t.publish(...names)
    await client.subscribe('a', { qos: 1, rh: 2 })
    const messages: string[] = []
    while (messages.length < 50) {
      const message = await client.next('publish')
      messages.push(`a=${message.payload}`)
      client.send({ cmd: 'puback', messageId: message.messageId as number })
    }
    assert.equal(messages, names)
    assert.equal(await unread(client), [])
  },
)

v5('No Local keeps a message from its publisher only [MQTT-3.8.3-3]', async (t) => {
  const [client, other] = [await t.connect(), await t.connect()]
  for (const each of [client, other]) await each.subscribe('a', { nl: true, qos: 1 })
  await client.publish({ topic: 'a', qos: 1, payload: 'mine' })
  assert.equal(await inbox(client), [])
  assert.equal(await inbox(other), ['a=mine q1'])
  await other.publish({ topic: 'a', qos: 1, payload: 'yours' })
  assert.equal(await inbox(client), ['a=yours q1'])
})

v5(
  'No Local on one of two overlapping subscriptions stops that one only [MQTT-3.8.3-3]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('a/#', { nl: true, properties: { subscriptionIdentifier: 1 } })
    await client.subscribe('a/b', { properties: { subscriptionIdentifier: 2 } })
    await client.publish({ topic: 'a/b', payload: 'x' })
    assert.is((await client.next('publish')).properties?.subscriptionIdentifier, 2)
    await client.publish({ topic: 'a/c', payload: 'y' })
    assert.equal(await inbox(client), [])
  },
)

v5('No Local goes by client id, so a resumed session keeps it [MQTT-3.8.3-3]', async (t) => {
  const client = await t.persistent('s')
  await client.subscribe('a', { nl: true, qos: 1 })
  await client.disconnect()
  const again = await t.persistent('s')
  await again.publish({ topic: 'a', qos: 1, payload: 'mine' })
  assert.equal(await inbox(again), [])
})

v5('subscription identifier 0 is a protocol error [MQTT-4.13.1-1]', async (t) => {
  const bytes = packet(0x82, u16(1), hex('02 0b00'), field('a'), u8(0))
  await t.fails(await t.sendConnected(bytes), 0x82)
})

v5(
  'two subscription identifiers in one SUBSCRIBE are a protocol error [MQTT-4.13.1-1]',
  async (t) => {
    const bytes = packet(0x82, u16(1), hex('04 0b01 0b02'), field('a'), u8(0))
    await t.fails(await t.sendConnected(bytes), 0x82)
  },
)

v5('a property of PUBLISH in SUBSCRIBE is malformed [MQTT-4.13.1-1]', async (t) => {
  const bytes = packet(0x82, u16(1), hex('02 0101'), field('a'), u8(0))
  await t.fails(await t.sendConnected(bytes), 0x81)
})

v5('one identifier serves all filters of its SUBSCRIBE [MQTT-3.3.4-3]', async (t) => {
  const client = await t.connect()
  const wishes = [
    { topic: 'a', qos: 0 as const },
    { topic: 'b', qos: 0 as const },
  ]
  await client.subscribe(wishes, { properties: { subscriptionIdentifier: 77 } })
  await t.publish('a=x q0', 'b=y q0')
  const messages = [await client.next('publish'), await client.next('publish')]
  assert.equal(
    messages.map((message) => message.properties?.subscriptionIdentifier),
    [77, 77],
  )
})

v5('SUBACK fits Maximum Packet Size [MQTT-3.9.2-1, MQTT-3.9.2-2]', async (t) => {
  const client = await t.connect({ properties: { maximumPacketSize: 32 } })
  const suback = await client.subscribe('a', { qos: 1 })
  assert.equal([suback.granted, suback.properties], [[1], undefined])
  for (const bytes of client.received) assert.ok(bytes.length <= 32)
})

both(
  'a subscription is in force from its SUBACK on [3.1.1 MQTT-4.5.0-1] [5.0 MQTT-4.5.0-1]',
  async (t) => {
    const client = await t.sendConnected(
      subscribe(t.version, [['a', 1]]),
      publish(t.version, 'a', { first: 0x32, id: 9, payload: 'x' }),
    )
    const packets = await unread(client)
    assert.is(packets.shift(), 'suback 1 0x01')
    assert.equal(packets.sort(), ['puback 9', 'publish a=x q1 id1'])
  },
)

spec.run()
