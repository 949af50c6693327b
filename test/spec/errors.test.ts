// Handling of errors (3.1.1 section 4.8, 5.0 section 4.13): whatever is no packet, or no packet a
// client may send, costs its sender the connection and nobody else anything.

import * as assert from 'uvu/assert'
import { connect, field, hex, packet, publish, subscribe, u8, u16 } from './bytes.ts'
import { chapter, ending, inbox, unread } from './kit.ts'

const spec = chapter('errors')
const { v4, v5, both } = spec

for (const first of [0x00, 0x0f]) {
  both(
    `packet type 0, first byte ${first.toString(16)}, closes [3.1.1 MQTT-4.8.0-1] ` +
      `[5.0 MQTT-4.13.1-1]`,
    async (t) => {
      await t.fails(await t.sendConnected(packet(first)), 0x81)
    },
  )
}

v4('packet type 15 closes [MQTT-4.8.0-1, MQTT-2.2.2-2]', async (t) => {
  await t.fails(await t.sendConnected(hex('f000')), 0)
})

const SERVER_ONLY: [string, string, string][] = [
  ['CONNACK', '20020000', '2003000000'],
  ['SUBACK', '9003000100', '900400010000'],
  ['UNSUBACK', 'b0020001', 'b00400010000'],
  ['PINGRESP', 'd000', 'd000'],
]
for (const [name, old, current] of SERVER_ONLY) {
  both(`${name} from a client closes [3.1.1 MQTT-4.8.0-1] [5.0 MQTT-4.13.1-1]`, async (t) => {
    await t.fails(await t.sendConnected(hex(t.version === 5 ? current : old)), 0x82)
  })
}

for (const first of [0xc1, 0xe1, 0x4f, 0x82 | 0x0d]) {
  both(
    `reserved flags, first byte ${first.toString(16)}, close [3.1.1 MQTT-2.2.2-1, ` +
      `MQTT-2.2.2-2] [5.0 MQTT-2.1.3-1]`,
    async (t) => {
      await t.fails(await t.sendConnected(packet(first, u16(1))), 0x81)
    },
  )
}

both(
  'the packets before the bad one are processed, those after it are not ' +
    '[3.1.1 MQTT-4.8.0-1] [5.0 MQTT-4.13.1-1]',
  async (t) => {
    const watcher = await t.connect()
    await watcher.subscribe('#')
    const client = await t.sendConnected(
      publish(t.version, 'a', { payload: 'before' }),
      hex('c100'),
      publish(t.version, 'a', { payload: 'after' }),
    )
    await t.fails(client, 0x81)
    assert.equal(await inbox(watcher), ['a=before q0'])
  },
)

both(
  'answers to the packets before the bad one still go out [3.1.1 MQTT-4.8.0-1] [5.0 MQTT-4.13.1-1]',
  async (t) => {
    const client = await t.sendConnected(subscribe(t.version, [['a', 1]]), hex('c100'))
    const told = t.version === 5 ? ['disconnect 0x81'] : []
    assert.equal(await ending(client), ['suback 1 0x01', ...told])
  },
)

both(
  'bytes that arrive one at a time are the same packets [3.1.1 MQTT-3.3.4-1] [5.0 MQTT-3.3.4-1]',
  async (t) => {
    const whole = Buffer.concat([
      connect({ level: t.version, payload: [field('slow')] }),
      subscribe(t.version, [['a', 1]]),
      publish(t.version, 'a', { first: 0x32, id: 9, payload: 'x' }),
    ])
    const client = await t.open()
    for (const byte of whole) {
      client.sendBytes(u8(byte))
      await new Promise(setImmediate)
    }
    const packets = await unread(client)
    assert.equal(packets.slice(0, 2), ['connack 0x00', 'suback 1 0x01'])
    assert.equal(packets.slice(2).sort(), ['puback 9', 'publish a=x q1 id1'])
  },
)

both(
  'a thousand packets in one write are all processed in order [3.1.1 MQTT-4.6.0-6] ' +
    '[5.0 MQTT-4.6.0-5]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('a')
    const many = Array.from({ length: 1000 }, (_, i) =>
      publish(t.version, 'a', { payload: `${i}` }),
    )
    client.sendBytes(Buffer.concat(many))
    const expected = Array.from({ length: 1000 }, (_, i) => `a=${i} q0`)
    assert.equal(await inbox(client), expected)
  },
)

both(
  'an error of one client ends no other connection and no other subscription ' +
    '[3.1.1 MQTT-4.8.0-1] [5.0 MQTT-4.13.1-1]',
  async (t) => {
    const other = await t.connect()
    await other.subscribe('a', { qos: 1 })
    for (const bytes of [hex('c100'), hex('30ffffffff7f'), publish(t.version, '#')]) {
      await (await t.sendConnected(bytes)).closed
    }
    await t.publish('a=x')
    assert.equal(await inbox(other), ['a=x q1'])
  },
)

both(
  'a remaining length of four bytes that all continue closes [3.1.1 MQTT-4.8.0-1] ' +
    '[5.0 MQTT-4.13.1-1]',
  async (t) => {
    await t.fails(await t.sendConnected(hex('30ffffffff')), 0x81)
  },
)

both('random bytes instead of CONNECT close without a CONNACK [MQTT-3.1.0-1]', async (t) => {
  for (const bytes of [
    '474554202f20485454502f312e310d0a0d0a',
    '16030100',
    'ffffffffffff',
    '0000',
  ]) {
    assert.equal(await ending(await t.send(hex(bytes))), [])
  }
})

v5(
  'the reason of a protocol error is told before the close [MQTT-4.13.2-1, MQTT-4.13.1-1]',
  async (t) => {
    const cases: [Buffer, number][] = [
      [hex('c100'), 0x81],
      [subscribe(5, []), 0x82],
      [subscribe(5, [['a/#/b', 0]]), 0x8f],
      [publish(5, 'a/+'), 0x90],
      [publish(5, 'a', { properties: [hex('230000')] }), 0x94],
      [hex('30ffffff7f'), 0x95],
    ]
    for (const [bytes, reason] of cases) await t.fails(await t.sendConnected(bytes), reason)
  },
)

const PROPERTIES_ELSEWHERE: [string, Buffer][] = [
  ['PUBACK', packet(0x40, u16(1), u8(0), hex('03 230001'))],
  ['PUBREC', packet(0x50, u16(1), u8(0), hex('02 0101'))],
  ['PUBREL', packet(0x62, u16(1), u8(0), hex('02 0101'))],
  ['PUBCOMP', packet(0x70, u16(1), u8(0), hex('02 0101'))],
  ['UNSUBSCRIBE', packet(0xa2, u16(1), hex('02 0b01'), field('a'))],
  ['DISCONNECT', packet(0xe0, u8(0), hex('02 0101'))],
]
for (const [name, bytes] of PROPERTIES_ELSEWHERE) {
  v5(`${name} with a property of another packet is malformed [MQTT-4.13.1-1]`, async (t) => {
    await t.fails(await t.sendConnected(bytes), 0x81)
  })
}

const REASON_TWICE: [string, Buffer][] = [
  ['PUBACK', packet(0x40, u16(1), u8(0), hex('08 1f000161 1f000161'))],
  ['PUBREC', packet(0x50, u16(1), u8(0), hex('08 1f000161 1f000161'))],
  ['PUBREL', packet(0x62, u16(1), u8(0), hex('08 1f000161 1f000161'))],
  ['PUBCOMP', packet(0x70, u16(1), u8(0), hex('08 1f000161 1f000161'))],
  ['DISCONNECT', packet(0xe0, u8(0), hex('08 1f000161 1f000161'))],
]
for (const [name, bytes] of REASON_TWICE) {
  v5(`${name} with two Reason Strings is a protocol error [MQTT-4.13.1-1]`, async (t) => {
    await t.fails(await t.sendConnected(bytes), 0x82)
  })
}

const WITH_PROPERTIES: [string, Buffer][] = [
  ['PUBACK', packet(0x40, u16(1), u8(0), hex('0b 1f000161 26000161000162'))],
  ['SUBSCRIBE', packet(0x82, u16(1), hex('07 26000161000162'), field('a'), u8(0))],
  ['UNSUBSCRIBE', packet(0xa2, u16(1), hex('07 26000161000162'), field('a'))],
]
for (const [name, bytes] of WITH_PROPERTIES) {
  v5(`${name} with the properties it may have is taken [MQTT-1.5.7-1]`, async (t) => {
    await (await t.sendConnected(bytes)).barrier()
  })
}

spec.run()
