// PUBLISH (section 3.3): its flags, its topic, its properties on their way through the server, and
// overlapping subscriptions. The acknowledgements are in acks.test.ts, RETAIN in retained.test.ts.

import * as assert from 'uvu/assert'
import { field, hex, packet, publish, u8, u16 } from './bytes.ts'
import { bytesOf, chapter, inbox, unread } from './kit.ts'

const spec = chapter('PUBLISH')
const { v4, v5, both } = spec

for (const first of [0x36, 0x37, 0x3e, 0x3f]) {
  both(`a first byte of ${first.toString(16)} is QoS 3 and closes [MQTT-3.3.1-4]`, async (t) => {
    const client = await t.sendConnected(publish(t.version, 'a', { first, id: 1 }))
    await t.fails(client, 0x81)
  })
}

both('DUP with QoS 0 closes [MQTT-3.3.1-2]', async (t) => {
  await t.fails(await t.sendConnected(publish(t.version, 'a', { first: 0x38 })), 0x81)
})

v4(
  'a forwarded QoS 0 PUBLISH is flags, topic and payload [MQTT-3.3.1-2, MQTT-2.3.1-5, ' +
    'MQTT-4.3.1-1]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('a/b')
    await t.publish('a/b=hi q0')
    assert.equal(await inbox(client), ['a/b=hi q0'])
    assert.is(bytesOf(client)[1], '3007 0003 612f62 6869'.replaceAll(' ', ''))
  },
)

v5(
  'a forwarded QoS 0 PUBLISH has property length 0 [MQTT-3.3.1-2, MQTT-2.2.1-2, ' +
    'MQTT-2.2.2-1, MQTT-4.3.1-1]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('a/b')
    await t.publish('a/b=hi q0')
    assert.equal(await inbox(client), ['a/b=hi q0'])
    assert.is(bytesOf(client)[1], '3008 0003 612f62 00 6869'.replaceAll(' ', ''))
  },
)

both('an incoming DUP is not forwarded [MQTT-3.3.1-3]', async (t) => {
  const client = await t.connect()
  await client.subscribe('#', { qos: 2 })
  const publisher = await t.connect()
  await publisher.publish({ topic: 'a', qos: 1, dup: true, payload: '1' })
  await publisher.publish({ topic: 'a', qos: 2, dup: true, payload: '2' })
  assert.equal(await inbox(client), ['a=1 q1', 'a=2 q2'])
})

for (const topic of ['+', '#', 'a/+', 'a/#', 'a+', '#/a', 'a/+/b']) {
  both(
    `topic name ${topic} closes [3.1.1 MQTT-3.3.2-2, MQTT-4.7.1-1] [5.0 MQTT-3.3.2-2, ` +
      `MQTT-4.7.0-1]`,
    async (t) => {
      await t.fails(await t.sendConnected(publish(t.version, topic)), 0x90)
    },
  )
}

for (const id of [undefined, 1]) {
  const first = id === undefined ? 0x30 : 0x32
  v4(`an empty topic name closes, first byte ${first.toString(16)} [MQTT-4.7.3-1]`, async (t) => {
    const parts = id === undefined ? { first } : { first, id }
    await t.fails(await t.sendConnected(publish(4, '', parts)), 0)
  })
  v5(
    `an empty topic name without an alias is a protocol error, first byte ${first.toString(16)} ` +
      `[MQTT-4.7.3-1]`,
    async (t) => {
      const parts = id === undefined ? { first } : { first, id }
      await t.fails(await t.sendConnected(publish(5, '', parts)), 0x82)
    },
  )
}

both('a topic name cut short closes [MQTT-3.3.2-1]', async (t) => {
  await t.fails(await t.sendConnected(packet(0x30, hex('0005 6162'))), 0x81)
})

both('a PUBLISH without a topic name closes [MQTT-3.3.2-1]', async (t) => {
  await t.fails(await t.sendConnected(packet(0x30)), 0x81)
})

both(
  'a PUBLISH cut before its packet identifier closes [3.1.1 MQTT-2.3.1-1] [5.0 MQTT-2.2.1-3]',
  async (t) => {
    await t.fails(await t.sendConnected(packet(0x32, field('a'), u8(0))), 0x81)
  },
)

for (const first of [0x32, 0x34]) {
  both(
    `packet identifier 0 closes, first byte ${first.toString(16)} [3.1.1 MQTT-2.3.1-1] ` +
      `[5.0 MQTT-2.2.1-3]`,
    async (t) => {
      await t.fails(await t.sendConnected(publish(t.version, 'a', { first, id: 0 })), 0x82)
    },
  )
}

both(
  'what follows the topic of a QoS 0 PUBLISH is no packet identifier ' +
    '[3.1.1 MQTT-2.3.1-5] [5.0 MQTT-2.2.1-2]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('a')
    const properties = t.version === 5 ? u8(0) : Buffer.alloc(0)
    client.sendBytes(packet(0x30, field('a'), properties, u16(0x4142)))
    assert.equal(await inbox(client), ['a=AB q0'])
  },
)

both('a message goes only where its topic matches [MQTT-3.3.2-3]', async (t) => {
  const client = await t.connect()
  for (const filter of ['a/+', 'b/#', 'c']) await client.subscribe(filter, { qos: 1 })
  await t.publish('a/x=1', 'a=2', 'a/x/y=3', 'b=4', 'b/x/y=5', 'c=6', 'c/x=7', 'd=8')
  assert.equal(await inbox(client), ['a/x=1 q1', 'b=4 q1', 'b/x/y=5 q1', 'c=6 q1'])
})

both('a payload passes byte for byte, empty, binary and large [MQTT-3.3.2-3]', async (t) => {
  const client = await t.connect()
  await client.subscribe('a', { qos: 1 })
  const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
  const payloads = [Buffer.alloc(0), every, Buffer.alloc(300_000, every)]
  const publisher = await t.connect()
  for (const payload of payloads) await publisher.publish({ topic: 'a', qos: 1, payload })
  for (const payload of payloads) assert.equal((await client.next('publish')).payload, payload)
})

both('a PUBLISH is answered as its QoS asks [MQTT-3.3.4-1]', async (t) => {
  const client = await t.connect()
  await client.subscribe('a')
  client.send({ cmd: 'publish', topic: 'a', qos: 0, payload: '0' })
  client.send({ cmd: 'publish', topic: 'a', qos: 1, messageId: 7, payload: '1' })
  client.send({ cmd: 'publish', topic: 'a', qos: 2, messageId: 8, payload: '2' })
  const packets = (await unread(client)).filter((text) => !text.startsWith('publish'))
  assert.equal(packets, ['puback 7', 'pubrec 8'])
})

v4('overlapping subscriptions get the message at their highest QoS [MQTT-3.3.5-1]', async (t) => {
  const client = await t.connect()
  await client.subscribe('a/#', { qos: 1 })
  await client.subscribe('a/+', { qos: 2 })
  await client.subscribe('a/b', { qos: 0 })
  await t.publish('a/b=x q2')
  assert.equal(await inbox(client), ['a/b=x q2'])
})

v5(
  'overlapping subscriptions get one copy, highest QoS, all identifiers [MQTT-3.3.4-2, ' +
    'MQTT-3.3.4-3, MQTT-3.3.4-4]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('a/#', { qos: 1, properties: { subscriptionIdentifier: 5 } })
    await client.subscribe('a/+', { qos: 2, properties: { subscriptionIdentifier: 200 } })
    await client.subscribe('+/b', { qos: 0 })
    await client.subscribe('a/b', { qos: 0, properties: { subscriptionIdentifier: 268_435_455 } })
    await t.publish('a/b=x q2')
    const message = await client.next('publish')
    const identifiers = message.properties?.subscriptionIdentifier as number[]
    assert.equal(
      [...identifiers].sort((a, b) => a - b),
      [5, 200, 268_435_455],
    )
    assert.is(message.qos, 2)
    await client.expectNothing()
  },
)

v5('a single subscription identifier goes with the message [MQTT-3.3.4-3]', async (t) => {
  const client = await t.connect()
  await client.subscribe('a', { properties: { subscriptionIdentifier: 1 } })
  await client.subscribe('b')
  await t.publish('a=x q0', 'b=y q0')
  assert.is((await client.next('publish')).properties?.subscriptionIdentifier, 1)
  assert.is((await client.next('publish')).properties, undefined)
})

v5(
  'overlapping subscriptions with the same identifier tell it for each [MQTT-3.3.4-4]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('a/#', { properties: { subscriptionIdentifier: 9 } })
    await client.subscribe('a/+', { properties: { subscriptionIdentifier: 9 } })
    await t.publish('a/b=x q0')
    const identifiers = (await client.next('publish')).properties?.subscriptionIdentifier
    assert.equal([identifiers].flat(), [9, 9])
    await client.expectNothing()
  },
)

v5('a subscription identifier from a client is a protocol error [MQTT-3.3.4-6]', async (t) => {
  const bytes = publish(5, 'a', { properties: [hex('0b01')] })
  await t.fails(await t.sendConnected(bytes), 0x82)
})

// One property at a time, exactly as it came: PUBLISH bytes in, the same property bytes out.
const FORWARDED: [string, Buffer[]][] = [
  ['Payload Format Indicator 0 [MQTT-3.3.2-4]', [hex('0100')]],
  ['Payload Format Indicator 1 [MQTT-3.3.2-4]', [hex('0101')]],
  ['Content Type [MQTT-3.3.2-20]', [u8(0x03), field('text/plain; é')]],
  ['an empty Content Type [MQTT-3.3.2-20]', [u8(0x03), field('')]],
  ['Response Topic [MQTT-3.3.2-15]', [u8(0x08), field('réply/to')]],
  ['Correlation Data [MQTT-3.3.2-16]', [u8(0x09), field(hex('00ff8001'))]],
  [
    'User Properties in their order [MQTT-3.3.2-17, MQTT-3.3.2-18]',
    ['b', 'a', 'b', 'a', ''].flatMap((key, i) => [u8(0x26), field(key), field(`${i}`)]),
  ],
]
for (const [title, parts] of FORWARDED) {
  v5(`forwarded unaltered: ${title}`, async (t) => {
    const client = await t.connect()
    await client.subscribe('a')
    const bytes = publish(5, 'a', { properties: parts, payload: 'x' })
    await (await t.sendConnected(bytes)).barrier()
    await client.barrier()
    assert.is(bytesOf(client)[1], bytes.toString('hex'))
  })
}

v5('forwarded unaltered: all properties together [MQTT-3.3.2-4, MQTT-3.3.2-17]', async (t) => {
  const client = await t.connect()
  await client.subscribe('a')
  const properties = {
    payloadFormatIndicator: true,
    responseTopic: 'r',
    correlationData: Buffer.from([0, 1]),
    userProperties: { k: ['1', '2'] },
    contentType: 'c',
  }
  await (await t.connect()).publish({ topic: 'a', qos: 1, payload: 'x', properties })
  assert.equal((await client.next('publish')).properties, properties)
})

v5(
  'properties are kept with a retained and with a queued message [MQTT-3.3.2-15, MQTT-3.3.2-17]',
  async (t) => {
    await (await t.persistent('s')).subscribe('a', { qos: 1 })
    const away = await t.persistent('s')
    await away.disconnect()
    const properties = { responseTopic: 'r', userProperties: { k: ['2', '1'], a: 'b' } }
    const publisher = await t.connect()
    await publisher.publish({ topic: 'a', qos: 1, payload: 'x', retain: true, properties })
    const back = await t.persistent('s')
    assert.equal((await back.next('publish')).properties, properties)
    const late = await t.connect()
    await late.subscribe('a')
    assert.equal((await late.next('publish')).properties, properties)
  },
)

both(
  'properties of 5.0 do not reach a 3.1.1 subscriber [3.1.1 MQTT-3.3.2-3] [5.0 MQTT-3.3.2-3]',
  async (t) => {
    const client = await t.connect({ version: 4 })
    await client.subscribe('a')
    const publisher = await t.connect({ version: 5 })
    const properties = { contentType: 'c', userProperties: { a: 'b' } }
    await publisher.publish({ topic: 'a', qos: 1, payload: 'x', properties })
    assert.equal(await inbox(client), ['a=x q0'])
    assert.is(bytesOf(client)[1], '3004000161' + '78')
  },
)

const BAD_PROPERTIES: [string, number, Buffer[]][] = [
  ['a response topic with a wildcard [MQTT-3.3.2-14]', 0x82, [u8(0x08), field('a/#')]],
  ['an ill-formed response topic [MQTT-3.3.2-13]', 0x81, [u8(0x08), field(hex('c080'))]],
  ['an ill-formed content type [MQTT-3.3.2-19]', 0x81, [u8(0x03), field(hex('eda080'))]],
  ['an ill-formed user property [MQTT-1.5.7-1]', 0x81, [hex('26 0001ff 000161')]],
  ['Payload Format Indicator 2 [MQTT-4.13.1-1]', 0x82, [hex('0102')]],
  ['Payload Format Indicator twice [MQTT-4.13.1-1]', 0x82, [hex('0101'), hex('0101')]],
  ['Message Expiry Interval twice [MQTT-4.13.1-1]', 0x82, [hex('0200000001'), hex('0200000001')]],
  ['Content Type twice [MQTT-4.13.1-1]', 0x82, [hex('03000161'), hex('03000161')]],
  ['Correlation Data twice [MQTT-4.13.1-1]', 0x82, [hex('09000161'), hex('09000161')]],
  ['a property of CONNECT [MQTT-4.13.1-1]', 0x81, [hex('210001')]],
  ['a property that does not exist [MQTT-4.13.1-1]', 0x81, [hex('0400')]],
  ['a property cut short [MQTT-4.13.1-1]', 0x81, [hex('0200')]],
]
for (const [title, reason, parts] of BAD_PROPERTIES) {
  v5(`DISCONNECT ${reason.toString(16)} for ${title}`, async (t) => {
    await t.fails(await t.sendConnected(publish(5, 'a', { properties: parts })), reason)
  })
}

v5('a property length beyond the packet is malformed [MQTT-4.13.1-1]', async (t) => {
  await t.fails(await t.sendConnected(packet(0x30, field('a'), u8(9), hex('0101'))), 0x81)
})

v4('a PUBLISH to $SYS is acknowledged and goes nowhere [MQTT-3.3.5-2]', async (t) => {
  const client = await t.connect()
  await client.subscribe('$SYS/mine', { qos: 1 })
  const publisher = await t.connect()
  assert.is((await publisher.publish({ topic: '$SYS/mine', qos: 1 }))[0]?.cmd, 'puback')
  assert.is((await publisher.publish({ topic: '$SYS/mine', qos: 2 })).length, 2)
  await publisher.publish({ topic: '$SYS/mine', retain: true })
  await publisher.barrier()
  assert.equal(await inbox(client), [])
})

v5(
  'a PUBLISH to $SYS is refused by its acknowledgement [MQTT-3.4.2-1, MQTT-3.5.2-1]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('$SYS/mine', { qos: 1 })
    const publisher = await t.connect()
    const puback = (await publisher.publish({ topic: '$SYS/mine', qos: 1 }))[0]
    const pubrec = (await publisher.publish({ topic: '$SYS/mine', qos: 2 }))[0]
    assert.equal([puback?.reasonCode, pubrec?.reasonCode], [0x87, 0x87])
    assert.equal(await inbox(client), [])
  },
)

both(
  'other topics that begin with $ are ordinary for filters that name them [MQTT-3.3.2-3]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('$mine/+', { qos: 1 })
    await t.publish('$mine/a=x', '$other/a=y')
    assert.equal(await inbox(client), ['$mine/a=x q1'])
  },
)

both(
  'messages of several sizes keep their remaining length in the fewest bytes ' +
    '[3.1.1 MQTT-3.3.2-1] [5.0 MQTT-1.5.5-1]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('a')
    const publisher = await t.connect()
    const around = [127, 128, 16_383, 16_384]
    for (const size of around) {
      const payload = Buffer.alloc(size - (t.version === 5 ? 4 : 3))
      await publisher.publish({ topic: 'a', payload })
    }
    await publisher.barrier()
    await client.barrier()
    const heads = bytesOf(client).slice(1, 5)
    assert.equal(
      heads.map((bytes) => bytes.slice(0, 8)),
      ['307f0001', '30800100', '30ff7f00', '30808001'],
    )
  },
)

both(
  'a publisher gets its own message when it subscribes [3.1.1 MQTT-4.5.0-1] [5.0 MQTT-4.5.0-1]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('a', { qos: 1 })
    client.send({ cmd: 'publish', topic: 'a', qos: 1, messageId: 50, payload: 'x' })
    assert.equal((await unread(client)).sort(), ['puback 50', 'publish a=x q1 id1'])
  },
)

spec.run()
