// PUBACK, PUBREC, PUBREL, PUBCOMP (sections 3.4 to 3.7) and the two-sided flows of section 4.3,
// both as the receiver of a client's messages and as the sender of its own. What a reconnect does
// to them is in delivery.test.ts; limits of how many are in flight are in flow.test.ts.

import * as assert from 'uvu/assert'
import { hex, packet, publish, u16 } from './bytes.ts'
import { bytesOf, chapter, inbox, type Scene, unread } from './kit.ts'

const spec = chapter('PUBACK PUBREC PUBREL PUBCOMP')
const { v4, v5, both } = spec

/** A subscriber to everything at QoS 2 that leaves all acknowledging to the test. */
async function watcher(t: Scene): ReturnType<Scene['connect']> {
  const client = await t.connect({ autoAck: false })
  await client.subscribe('#', { qos: 2 })
  return client
}

// As a receiver

v4(
  'PUBACK, PUBREC and PUBCOMP are two bytes and the identifier [MQTT-2.3.1-6, ' +
    'MQTT-4.3.2-2, MQTT-4.3.3-2]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('other')
    const first = publish(4, 'a', { first: 0x32, id: 0x1234 })
    const second = publish(4, 'a', { first: 0x34, id: 0xffff })
    client.sendBytes(Buffer.concat([first, second, hex('6202ffff')]))
    await client.barrier()
    assert.equal(bytesOf(client).slice(1, -1), ['40021234', '5002ffff', '7002ffff'])
  },
)

v5(
  'acks repeat the identifier of the PUBLISH [MQTT-2.2.1-5, MQTT-4.3.2-4, MQTT-4.3.3-8, ' +
    'MQTT-4.3.3-11]',
  async (t) => {
    await (await t.connect()).subscribe('a')
    const client = await t.connect()
    const first = publish(5, 'a', { first: 0x32, id: 0x1234 })
    const second = publish(5, 'a', { first: 0x34, id: 0xffff })
    client.sendBytes(Buffer.concat([first, second, hex('6202ffff')]))
    assert.equal(await unread(client), ['puback 4660', 'pubrec 65535', 'pubcomp 65535'])
  },
)

v5('PUBACK and PUBREC say 0x10 when nobody matches [MQTT-3.4.2-1, MQTT-3.5.2-1]', async (t) => {
  const client = await t.sendConnected(
    publish(5, 'a', { first: 0x32, id: 1 }),
    publish(5, 'a', { first: 0x34, id: 2 }),
  )
  assert.equal(await unread(client), ['puback 1 0x10', 'pubrec 2 0x10'])
})

both(
  'acknowledgements come in the order of the messages [3.1.1 MQTT-3.3.4-1] [5.0 MQTT-3.3.4-1]',
  async (t) => {
    await (await t.connect()).subscribe('a')
    const client = await t.sendConnected(
      ...[5, 3, 9, 1].map((id, i) => publish(t.version, 'a', { first: i % 2 ? 0x34 : 0x32, id })),
    )
    assert.equal(await unread(client), ['puback 5', 'pubrec 3', 'puback 9', 'pubrec 1'])
  },
)

both(
  'after PUBACK the same identifier is a new message, DUP or not [3.1.1 MQTT-4.3.2-2] ' +
    '[5.0 MQTT-4.3.2-5]',
  async (t) => {
    const client = await watcher(t)
    const publisher = await t.connect()
    for (const [payload, dup] of [
      ['1', false],
      ['2', true],
      ['3', false],
    ] as const) {
      await publisher.publish({ topic: 'a', qos: 1, messageId: 7, dup, payload })
    }
    assert.equal(await inbox(client), ['a=1 q1', 'a=2 q1', 'a=3 q1'])
  },
)

both(
  'a QoS 2 message goes on once, however often PUBLISH is repeated before PUBREL ' +
    '[3.1.1 MQTT-4.3.3-2] [5.0 MQTT-4.3.3-10]',
  async (t) => {
    const client = await watcher(t)
    const again = { first: 0x3c, id: 7, payload: 'x' }
    const publisher = await t.sendConnected(
      publish(t.version, 'a', { ...again, first: 0x34 }),
      publish(t.version, 'a', again),
      publish(t.version, 'a', again),
    )
    assert.equal(await unread(publisher), ['pubrec 7', 'pubrec 7', 'pubrec 7'])
    publisher.sendBytes(hex('62020007'))
    assert.equal(await unread(publisher), ['pubcomp 7'])
    assert.equal(await inbox(client), ['a=x q2'])
  },
)

both(
  'a repeat without DUP is a repeat as well [3.1.1 MQTT-4.3.3-2] [5.0 MQTT-4.3.3-10]',
  async (t) => {
    const client = await watcher(t)
    const bytes = publish(t.version, 'a', { first: 0x34, id: 7, payload: 'x' })
    const publisher = await t.sendConnected(bytes, bytes)
    assert.equal(await unread(publisher), ['pubrec 7', 'pubrec 7'])
    assert.equal(await inbox(client), ['a=x q2'])
  },
)

both(
  'after PUBCOMP the same identifier is a new message [3.1.1 MQTT-4.3.3-2] [5.0 MQTT-4.3.3-12]',
  async (t) => {
    const client = await watcher(t)
    const publisher = await t.connect()
    await publisher.publish({ topic: 'a', qos: 2, messageId: 7, payload: '1' })
    await publisher.publish({ topic: 'a', qos: 2, messageId: 7, dup: true, payload: '2' })
    assert.equal(await inbox(client), ['a=1 q2', 'a=2 q2'])
  },
)

both(
  'identifiers of QoS 1 and QoS 2 in flight do not mix [3.1.1 MQTT-4.3.3-2] [5.0 MQTT-4.3.3-10]',
  async (t) => {
    const client = await watcher(t)
    const publisher = await t.sendConnected(
      publish(t.version, 'a', { first: 0x34, id: 7, payload: '2' }),
      publish(t.version, 'a', { first: 0x32, id: 8, payload: '1' }),
      publish(t.version, 'a', { first: 0x3c, id: 7, payload: '2' }),
    )
    assert.equal(await unread(publisher), ['pubrec 7', 'puback 8', 'pubrec 7'])
    assert.equal(await inbox(client), ['a=2 q2', 'a=1 q1'])
  },
)

v4('PUBREL for an unknown identifier gets PUBCOMP [MQTT-4.3.3-2]', async (t) => {
  assert.equal(await unread(await t.sendConnected(hex('62020009'))), ['pubcomp 9'])
})

v5(
  'PUBREL for an unknown identifier gets PUBCOMP 0x92 [MQTT-4.3.3-11, MQTT-3.7.2-1]',
  async (t) => {
    assert.equal(await unread(await t.sendConnected(hex('62020009'))), ['pubcomp 9 0x92'])
  },
)

v4('a repeated PUBREL gets PUBCOMP again [MQTT-4.3.3-2]', async (t) => {
  const client = await t.connect()
  await client.publish({ topic: 'a', qos: 2, messageId: 9 })
  client.sendBytes(hex('62020009'))
  assert.equal(await unread(client), ['pubcomp 9'])
})

v5('PUBREL with a reason is a PUBREL [MQTT-4.3.3-11]', async (t) => {
  await (await t.connect()).subscribe('a')
  const client = await t.sendConnected(publish(5, 'a', { first: 0x34, id: 3 }), hex('6203000392'))
  assert.equal(await unread(client), ['pubrec 3', 'pubcomp 3'])
})

for (const first of [0x60, 0x61, 0x63, 0x66, 0x6a]) {
  both(`PUBREL with first byte ${first.toString(16)} closes [MQTT-3.6.1-1]`, async (t) => {
    await t.fails(await t.sendConnected(packet(first, u16(1))), 0x81)
  })
}

for (const first of [0x41, 0x42, 0x52, 0x54, 0x71, 0x72]) {
  both(
    `an acknowledgement with first byte ${first.toString(16)} closes [3.1.1 MQTT-2.2.2-1, ` +
      `MQTT-2.2.2-2] [5.0 MQTT-2.1.3-1]`,
    async (t) => {
      await t.fails(await t.sendConnected(packet(first, u16(1))), 0x81)
    },
  )
}

for (const first of [0x40, 0x50, 0x62, 0x70]) {
  const name = first.toString(16)
  both(
    `an acknowledgement of identifier 0 closes, first byte ${name} [3.1.1 MQTT-4.8.0-1] ` +
      `[5.0 MQTT-4.13.1-1]`,
    async (t) => {
      await t.fails(await t.sendConnected(packet(first, u16(0))), 0x82)
    },
  )
  both(
    `an acknowledgement without identifier closes, first byte ${name} [3.1.1 MQTT-4.8.0-1] ` +
      `[5.0 MQTT-4.13.1-1]`,
    async (t) => {
      await t.fails(await t.sendConnected(packet(first)), 0x81)
    },
  )
  v4(
    `an acknowledgement with bytes too many closes, first byte ${name} [MQTT-4.8.0-1]`,
    async (t) => {
      await t.fails(await t.sendConnected(packet(first, u16(1), hex('00'))), 0)
    },
  )
}

const REASONS: [string, string, string][] = [
  ['PUBACK', '40030001', 'MQTT-3.4.2-1'],
  ['PUBREC', '50030001', 'MQTT-3.5.2-1'],
  ['PUBREL', '62030001', 'MQTT-3.6.2-1'],
  ['PUBCOMP', '70030001', 'MQTT-3.7.2-1'],
]
for (const [name, head, tag] of REASONS) {
  v5(`${name} with a reason of no table is a protocol error [${tag}]`, async (t) => {
    await t.fails(await t.sendConnected(hex(`${head}7f`)), 0x82)
  })
}

// As a sender

v4(
  'a QoS 1 message goes out as 32, identifier 1, DUP 0 [MQTT-4.3.2-1, MQTT-2.3.1-4]',
  async (t) => {
    const client = await watcher(t)
    await t.publish('a=x')
    assert.equal(await unread(client), ['publish a=x q1 id1'])
    assert.is(bytesOf(client)[1], '3206 0001 61 0001 78'.replaceAll(' ', ''))
  },
)

v5(
  'a QoS 1 message goes out as 32, identifier 1, DUP 0 [MQTT-4.3.2-1, MQTT-4.3.2-2, MQTT-2.2.1-4]',
  async (t) => {
    const client = await watcher(t)
    await t.publish('a=x')
    assert.equal(await unread(client), ['publish a=x q1 id1'])
    assert.is(bytesOf(client)[1], '3207 0001 61 0001 00 78'.replaceAll(' ', ''))
  },
)

v4(
  'a QoS 2 message goes out as 34, identifier 1, DUP 0 [MQTT-4.3.3-1, MQTT-2.3.1-4]',
  async (t) => {
    const client = await watcher(t)
    await t.publish('a=x q2')
    assert.equal(await unread(client), ['publish a=x q2 id1'])
    assert.is(bytesOf(client)[1], '3406 0001 61 0001 78'.replaceAll(' ', ''))
  },
)

v5(
  'a QoS 2 message goes out as 34, identifier 1, DUP 0 [MQTT-4.3.3-1, MQTT-4.3.3-2, MQTT-2.2.1-4]',
  async (t) => {
    const client = await watcher(t)
    await t.publish('a=x q2')
    assert.equal(await unread(client), ['publish a=x q2 id1'])
    assert.is(bytesOf(client)[1], '3407 0001 61 0001 00 78'.replaceAll(' ', ''))
  },
)

both(
  'identifiers in flight are different [3.1.1 MQTT-2.3.1-4, MQTT-4.3.2-1, MQTT-4.3.3-1] ' +
    '[5.0 MQTT-2.2.1-4, MQTT-4.3.2-1, MQTT-4.3.3-1]',
  async (t) => {
    const client = await watcher(t)
    await t.publish('a=1 q1', 'a=2 q2', 'a=3 q1', 'a=4 q2')
    assert.equal(await unread(client), [
      'publish a=1 q1 id1',
      'publish a=2 q2 id2',
      'publish a=3 q1 id3',
      'publish a=4 q2 id4',
    ])
  },
)

both(
  'PUBREC is answered by PUBREL, byte for byte [3.1.1 MQTT-4.3.3-1, MQTT-2.3.1-6, ' +
    'MQTT-2.2.2-1] [5.0 MQTT-4.3.3-4, MQTT-2.2.1-5, MQTT-2.1.3-1, MQTT-3.6.2-1]',
  async (t) => {
    const client = await watcher(t)
    await t.publish('a=x q2')
    await client.next('publish')
    client.sendBytes(hex('50020001'))
    assert.equal(await unread(client), ['pubrel 1'])
    assert.is(bytesOf(client).at(-2), '62020001')
  },
)

both(
  'a repeated PUBREC is answered by PUBREL again [3.1.1 MQTT-4.3.3-1] [5.0 MQTT-4.3.3-4]',
  async (t) => {
    const client = await watcher(t)
    await t.publish('a=x q2')
    client.sendBytes(hex('50020001 50020001'))
    assert.equal(await unread(client), ['publish a=x q2 id1', 'pubrel 1', 'pubrel 1'])
  },
)

v4('PUBREC for an unknown identifier is answered by PUBREL [MQTT-4.3.3-1]', async (t) => {
  const client = await t.connect({ autoAck: false })
  client.sendBytes(hex('50020009'))
  assert.equal(await unread(client), ['pubrel 9'])
})

v5('PUBREC for an unknown identifier is answered by PUBREL 0x92 [MQTT-3.6.2-1]', async (t) => {
  const client = await t.connect({ autoAck: false })
  client.sendBytes(hex('50020009'))
  assert.equal(await unread(client), ['pubrel 9 0x92'])
})

both(
  'PUBACK and PUBCOMP for an unknown identifier change nothing [3.1.1 MQTT-4.3.2-1] ' +
    '[5.0 MQTT-4.3.2-3]',
  async (t) => {
    const client = await watcher(t)
    client.sendBytes(hex('40020009 70020009'))
    await t.publish('a=x')
    assert.equal(await unread(client), ['publish a=x q1 id1'])
  },
)

both(
  'an unacknowledged message is not sent again on the same connection ' +
    '[3.1.1 MQTT-4.4.0-1] [5.0 MQTT-4.4.0-1]',
  async (t) => {
    const client = await watcher(t)
    await t.publish('a=1 q1', 'a=2 q2')
    await client.barrier()
    await t.advance(3_600_000)
    assert.equal(await unread(client), [])
  },
)

v5(
  'a failing PUBREC ends the exchange and frees the identifier [MQTT-4.4.0-2, MQTT-4.3.3-4]',
  async (t) => {
    await t.broker({ inflightMax: 1 })
    const client = await watcher(t)
    await t.publish('a=1 q2', 'a=2 q2')
    assert.equal(await unread(client), ['publish a=1 q2 id1'])
    client.sendBytes(hex('50030001 80'))
    const [next, ...more] = await unread(client)
    assert.match(next as string, /^publish a=2 q2 id\d+$/)
    assert.equal(more, [])
  },
)

v5('a failing PUBACK acknowledges the message [MQTT-4.4.0-2, MQTT-4.3.2-3]', async (t) => {
  await t.broker({ inflightMax: 1 })
  const client = await watcher(t)
  await t.publish('a=1 q1', 'a=2 q1')
  assert.equal(await inbox(client), ['a=1 q1'])
  client.sendBytes(hex('40030001 97'))
  assert.equal(await inbox(client), ['a=2 q1'])
})

v5(
  'after a failing PUBREC of the server the identifier is a new message [MQTT-4.3.3-9]',
  async (t) => {
    const client = await watcher(t)
    const publisher = await t.sendConnected(
      publish(5, '$SYS/no', { first: 0x34, id: 7, payload: 'x' }),
      publish(5, 'yes', { first: 0x34, id: 7, payload: 'y' }),
    )
    assert.equal(await unread(publisher), ['pubrec 7 0x87', 'pubrec 7'])
    assert.equal(await inbox(client), ['yes=y q2'])
  },
)

both(
  'a QoS 2 message that nobody wants is acknowledged to the end [3.1.1 MQTT-4.3.3-2] ' +
    '[5.0 MQTT-4.3.3-13]',
  async (t) => {
    const [pubrec, pubcomp] = await (await t.connect()).publish({ topic: 'a', qos: 2 })
    assert.equal([pubrec?.cmd, pubcomp?.cmd, pubcomp?.reasonCode ?? 0], ['pubrec', 'pubcomp', 0])
  },
)

v5('a QoS 2 message that expires at once is acknowledged to the end [MQTT-4.3.3-13]', async (t) => {
  await (await t.persistent('s')).subscribe('a', { qos: 2 })
  await (await t.persistent('s')).disconnect()
  const client = await t.sendConnected(
    publish(5, 'a', { first: 0x34, id: 7, properties: [hex('02 00000001')] }),
  )
  assert.equal(await unread(client), ['pubrec 7'])
  await t.advance(5000)
  client.sendBytes(hex('3c0b 0001 61 0007 05 0200000001 62020007'))
  assert.equal(await unread(client), ['pubrec 7', 'pubcomp 7'])
})

// With room for nothing but the reason, no Reason String and no User Property may be added. 5.0
// only.
v5(
  'acks of refused messages fit Maximum Packet Size [MQTT-3.4.2-2, MQTT-3.4.2-3, ' +
    'MQTT-3.5.2-2, MQTT-3.5.2-3]',
  async (t) => {
    const client = await t.connect({ properties: { maximumPacketSize: 32 } })
    client.sendBytes(publish(5, '$SYS/no', { first: 0x32, id: 1 }))
    client.sendBytes(publish(5, '$SYS/no', { first: 0x34, id: 2 }))
    assert.equal(await unread(client), ['puback 1 0x87', 'pubrec 2 0x87'])
    for (const bytes of client.received) assert.ok(bytes.length <= 32)
  },
)

v5(
  'PUBREL and PUBCOMP with a reason fit Maximum Packet Size [MQTT-3.6.2-2, MQTT-3.6.2-3, ' +
    'MQTT-3.7.2-2, MQTT-3.7.2-3]',
  async (t) => {
    const client = await t.connect({ autoAck: false, properties: { maximumPacketSize: 32 } })
    client.sendBytes(hex('62020009 50020008'))
    assert.equal(await unread(client), ['pubcomp 9 0x92', 'pubrel 8 0x92'])
    for (const bytes of client.received) assert.ok(bytes.length <= 32)
  },
)

v5('with Request Problem Information 0 acks tell the reason only [MQTT-3.1.2-29]', async (t) => {
  const client = await t.connect({ properties: { requestProblemInformation: false } })
  client.sendBytes(publish(5, '$SYS/no', { first: 0x32, id: 1 }))
  client.sendBytes(hex('62020009'))
  const packets = await client.barrier()
  for (const packet of packets) {
    assert.is((packet as { properties?: unknown }).properties, undefined)
  }
  assert.is(packets.length, 2)
})

spec.run()
