// Golden packets: bytes on the wire and the fields they stand for, for every packet type in every
// version, every property in every packet that may carry it, and every reason code. Plain data once
// built, good as JSON for tests in other languages. Packets that must be refused: test/faults.ts.

import { field, hex, packet, properties, u8, u16, u32, varint } from './spec/bytes.ts'

export type Version = 3 | 4 | 5
export type Sender = 'client' | 'server'
/** Integers as they are, strings and binary data as hexadecimal digits, user properties as two. */
export type Entry = readonly [id: number, value: number | string | readonly [string, string]]

/** What is left out is 0 or empty; of `connect`, what is left out is not in the packet. */
export interface Fields {
  head: number
  packetId?: number
  reason?: number
  topic?: string
  entries?: readonly Entry[]
  /** Hexadecimal: of PUBLISH the payload, of others the items. */
  payload?: string
  count?: number
  alias?: number
  /** Seconds. */
  expiry?: number
  bits?: number
  connect?: ConnectFields
}

export interface ConnectFields {
  level: number
  flags: number
  keepAlive?: number
  clientId?: string
  willEntries?: readonly Entry[]
  willTopic?: string
  willPayload?: string
  userName?: string
  password?: string
}

export interface Vector {
  title: string
  version: Version
  sender: Sender
  /** Hexadecimal digits. */
  bytes: string
  /** What encode makes of the fields, where `bytes` says the same in a longer way. */
  canonical?: string
  fields: Fields
}

export type Kind = 'byte' | 'two' | 'four' | 'varint' | 'text' | 'binary' | 'pair'

export const TYPES: readonly string[] = [
  ...['will', 'CONNECT', 'CONNACK', 'PUBLISH', 'PUBACK', 'PUBREC', 'PUBREL', 'PUBCOMP'],
  ...['SUBSCRIBE', 'SUBACK', 'UNSUBSCRIBE', 'UNSUBACK', 'PINGREQ', 'PINGRESP', 'DISCONNECT'],
  'AUTH',
]
const VERSIONS: readonly Version[] = [3, 4, 5]
const FROM_SERVER: readonly string[] = ['CONNACK', 'SUBACK', 'UNSUBACK', 'PINGRESP']
const EXPLAINING = 'CONNACK PUBACK PUBREC PUBREL PUBCOMP SUBACK UNSUBACK DISCONNECT AUTH'
const MESSAGE = 'PUBLISH will'
const ANY = `CONNECT ${MESSAGE} SUBSCRIBE UNSUBSCRIBE ${EXPLAINING}`

/** MQTT 5.0 table 2-4: identifier, kind, the packets that carry it, and values to try. */
type Property = readonly [id: number, kind: Kind, places: string, ...values: Entry[1][]]
export const PROPERTIES: readonly Property[] = [
  [0x01, 'byte', MESSAGE, 1],
  [0x02, 'four', MESSAGE, 4294967295],
  [0x03, 'text', MESSAGE, text('text/plain')],
  [0x08, 'text', MESSAGE, text('reply/to')],
  [0x09, 'binary', MESSAGE, '00ff'],
  [0x0b, 'varint', 'PUBLISH SUBSCRIBE', 1, 127, 128, 16383, 16384, 2097151, 2097152, 268435455],
  [0x11, 'four', 'CONNECT CONNACK DISCONNECT', 4294967295],
  [0x12, 'text', 'CONNACK', text('auto-1')],
  [0x13, 'two', 'CONNACK', 65535],
  [0x15, 'text', 'CONNECT CONNACK AUTH', text('SCRAM-SHA-256')],
  [0x16, 'binary', 'CONNECT CONNACK AUTH', 'fe00'],
  [0x17, 'byte', 'CONNECT', 0],
  [0x18, 'four', 'will', 1],
  [0x19, 'byte', 'CONNECT', 1],
  [0x1a, 'text', 'CONNACK', text('answers/')],
  [0x1c, 'text', 'CONNACK DISCONNECT', text('[::1]:1883')],
  [0x1f, 'text', EXPLAINING, text('für dich')],
  [0x21, 'two', 'CONNECT CONNACK', 1],
  [0x22, 'two', 'CONNECT CONNACK', 0],
  [0x23, 'two', 'PUBLISH', 1],
  [0x24, 'byte', 'CONNACK', 0],
  [0x25, 'byte', 'CONNACK', 1],
  [0x26, 'pair', ANY, [text('name'), ''], ['', text('value')]],
  [0x27, 'four', 'CONNECT CONNACK', 1],
  [0x28, 'byte', 'CONNACK', 0],
  [0x29, 'byte', 'CONNACK', 0],
  [0x2a, 'byte', 'CONNACK', 1],
]
export const KINDS: ReadonlyMap<number, Kind> = new Map(PROPERTIES.map(([id, kind]) => [id, kind]))

// MQTT 5.0 table 2-6 and the tables of the packets: the reason codes each may carry.
const FAILURES: Record<string, string> = {
  CONNACK: '80 81 82 83 84 85 86 87 88 89 8a 8c 90 95 97 99 9a 9b 9c 9d 9f',
  PUBACK: '10 80 83 87 90 91 97 99',
  PUBREC: '10 80 83 87 90 91 97 99',
  PUBREL: '92',
  PUBCOMP: '92',
  SUBACK: '00 01 02 80 83 87 8f 91 97 9e a1 a2',
  UNSUBACK: '00 11 80 83 87 8f 91',
}
const CLOSINGS: Record<Sender, string> = {
  client: '04 80 81 82 83 90 93 94 95 96 97 98 99',
  server: '80 81 82 83 87 89 8b 8c 8d 8e 8f 90 93 94 95 96 97 98 99 9a 9b 9c 9d 9e 9f a0 a1 a2',
}

export function text(value: string): string {
  return Buffer.from(value).toString('hex')
}

export function codes(list: string | undefined): number[] {
  return (list ?? '').split(' ').map((code) => Number.parseInt(code, 16))
}

/** One property on the wire, identifier included. */
export function wireProperty([id, value]: Entry, kind: Kind | undefined = KINDS.get(id)): Buffer {
  const parts = [u8(id)]
  if (typeof value === 'object') parts.push(...value.map((half) => field(hex(half))))
  else if (typeof value === 'string') parts.push(field(hex(value)))
  else if (kind === 'byte') parts.push(u8(value))
  else if (kind === 'two') parts.push(u16(value))
  else parts.push(kind === 'four' ? u32(value) : varint(value))
  return Buffer.concat(parts)
}

/** Properties behind their length; nothing before MQTT 5. */
function block(version: Version, entries: readonly Entry[] = []): Buffer {
  if (version !== 5) return Buffer.alloc(0)
  return properties(...entries.map((entry) => wireProperty(entry)))
}

export const VECTORS: Vector[] = []

interface Options {
  sender?: Sender
  canonical?: string
}

function add(
  title: string,
  version: Version,
  bytes: string | Buffer,
  fields: Omit<Fields, 'head'> = {},
  { sender, canonical }: Options = {},
): void {
  const wire = typeof bytes === 'string' ? hex(bytes) : bytes
  const head = wire[0] ?? 0
  const server = FROM_SERVER.includes(TYPES[head >> 4] ?? '')
  VECTORS.push({
    title: `${version === 3 ? '3.1' : version === 4 ? '3.1.1' : '5.0'} ${title}`,
    version,
    sender: sender ?? (server ? 'server' : 'client'),
    bytes: wire.toString('hex'),
    ...(canonical === undefined ? {} : { canonical: canonical.replaceAll(' ', '') }),
    fields: { head, ...fields },
  })
}

// By hand, after the figures of the specifications.

const ONLY_ID = { flags: 2, keepAlive: 60, clientId: 'a' }
add('CONNECT', 3, '100f 0006 4d5149736470 03 02 003c 000161', { connect: { level: 3, ...ONLY_ID } })
add('CONNECT', 4, '100d 0004 4d515454 04 02 003c 000161', { connect: { level: 4, ...ONLY_ID } })
add('CONNECT', 5, '100e 0004 4d515454 05 02 003c 00 000161', { connect: { level: 5, ...ONLY_ID } })
add('CONNECT, no identifier, clean', 4, '100c 0004 4d515454 04 02 ffff 0000', {
  connect: { level: 4, flags: 2, keepAlive: 65535, clientId: '' },
})
add('CONNECT, no identifier, not clean', 5, '100d 0004 4d515454 05 00 0000 00 0000', {
  connect: { level: 5, flags: 0, clientId: '' },
})
add('CONNECT, password alone', 5, '1011 0004 4d515454 05 42 0000 00 000161 0001ff', {
  connect: { level: 5, flags: 0x42, clientId: 'a', password: 'ff' },
})
add('CONNECT, flags that 3.1 disregards', 3, '100f 0006 4d5149736470 03 2b 0000 000161', {
  connect: { level: 3, flags: 0x2b, clientId: 'a' },
})
add('CONNECT, user name flag only', 3, '100f 0006 4d5149736470 03 82 0000 000161', {
  connect: { level: 3, flags: 0x82, clientId: 'a' },
})
add('CONNECT, password flag only', 3, '1012 0006 4d5149736470 03 c2 0000 000161 000175', {
  connect: { level: 3, flags: 0xc2, clientId: 'a', userName: 'u' },
})
add(
  'CONNECT, 23 characters of two bytes',
  3,
  packet(0x10, field('MQIsdp'), u8(3, 0), u16(1), field('ä'.repeat(23))),
  { connect: { level: 3, flags: 0, keepAlive: 1, clientId: 'ä'.repeat(23) } },
)
add('CONNACK', 3, '2002 00 00')
add('CONNACK, reserved byte used', 3, '2002 05 00', { bits: 5 })
add('CONNACK', 4, '2002 00 00')
add('CONNACK, session present', 4, '2002 01 00', { bits: 1 })
add('CONNACK', 5, '2003 00 00 00')
add('CONNACK, session present', 5, '2003 01 00 00', { bits: 1 })
add('PUBLISH, nothing in it', 4, '3003 000161', { topic: 'a' })
add('PUBLISH, topic alias only', 5, '3007 0000 03 23ffff 78', {
  entries: [[0x23, 65535]],
  alias: 65535,
  payload: '78',
})
add('PUBLISH, text that expires', 5, '320e 000161 0007 07 0101 0200000e10 68', {
  packetId: 7,
  topic: 'a',
  entries: [
    [0x01, 1],
    [0x02, 3600],
  ],
  payload: '68',
  expiry: 3600,
  bits: 1,
})
add(
  'PUBLISH, three subscription identifiers',
  5,
  '300e 000161 09 0b01 0b8001 0bffff7f 21',
  {
    topic: 'a',
    entries: [
      [0x0b, 1],
      [0x0b, 128],
      [0x0b, 2097151],
    ],
    payload: '21',
  },
  { sender: 'server' },
)
add('SUBSCRIBE, three filters', 3, '8210 ffff 000123 00 00032b2f2b 01 00012f 02', {
  packetId: 65535,
  payload: '00012300 00032b2f2b01 00012f02',
  count: 3,
})
add('SUBSCRIBE, one filter', 4, '8208 000a 0003612f62 01', {
  packetId: 10,
  payload: '0003612f6201',
  count: 1,
})
add('SUBSCRIBE, one filter', 5, '8209 000a 00 0003612f62 01', {
  packetId: 10,
  payload: '0003612f6201',
  count: 1,
})
add('SUBSCRIBE, shared', 4, '820f 0001 000a 2473686172652f672f23 02', {
  packetId: 1,
  payload: '000a2473686172652f672f2302',
  count: 1,
})
add(
  'SUBSCRIBE, every option',
  5,
  '821a 0001 00 000a 2473686172652f672f23 2a 0003612f23 1d 00012b 06',
  { packetId: 1, payload: '000a2473686172652f672f232a 0003612f231d 00012b06', count: 3 },
)
add('SUBSCRIBE, sent again', 3, '8a06 0001 000161 00', {
  packetId: 1,
  payload: '00016100',
  count: 1,
})
add('UNSUBSCRIBE, sent again', 3, 'aa05 0001 000161', {
  packetId: 1,
  payload: '000161',
  count: 1,
})
add('PUBREL, sent again', 3, '6a02 0001', { packetId: 1 })
add('UNSUBSCRIBE, two filters', 4, 'a20a 0001 000161 0003622f23', {
  packetId: 1,
  payload: '000161 0003622f23',
  count: 2,
})
add('UNSUBSCRIBE, shared', 5, 'a20f 0001 00 000a 2473686172652f672f23', {
  packetId: 1,
  payload: '000a2473686172652f672f23',
  count: 1,
})
const GRANTED = { packetId: 258, payload: '00010280', count: 4 }
add('SUBACK, every result', 3, '9006 0102 00010280', GRANTED)
add('SUBACK, every result', 4, '9006 0102 00010280', GRANTED)
add('UNSUBACK', 3, 'b002 0102', { packetId: 258 })
add('UNSUBACK', 4, 'b002 0102', { packetId: 258 })
add('DISCONNECT', 3, 'e000')
add('DISCONNECT', 4, 'e000')
add('DISCONNECT', 5, 'e000')
add('DISCONNECT from the server', 5, 'e000', {}, { sender: 'server' })
add('AUTH, success by saying nothing', 5, 'f000', {}, { sender: 'server' })

// The same said in more bytes than need be.

add('PINGREQ, length of two bytes', 4, 'c08000', {}, { canonical: 'c000' })
add(
  'PUBLISH, length of four bytes',
  3,
  '3083808000 000161',
  { topic: 'a' },
  { canonical: '3003 000161' },
)
add('PUBACK, success spelled out', 5, '4003 0001 00', { packetId: 1 }, { canonical: '4002 0001' })
add(
  'PUBREC, no properties spelled out',
  5,
  '5004 0001 00 00',
  { packetId: 1 },
  { canonical: '5002 0001' },
)
add(
  'PUBREL, failure without properties spelled out',
  5,
  '6204 0001 92 00',
  { packetId: 1, reason: 0x92 },
  { canonical: '6203 0001 92' },
)
add('DISCONNECT, success spelled out', 5, 'e001 00', {}, { canonical: 'e000' })
add(
  'DISCONNECT, no properties spelled out',
  5,
  'e002 04 00',
  { reason: 4 },
  { canonical: 'e001 04' },
)

// CONNECT by its flags, with every field that they announce.

function connect(
  version: Version,
  flags: number,
  entries: readonly Entry[] = [],
  willEntries: readonly Entry[] = [],
): [Buffer, Omit<Fields, 'head'>] {
  const will = (flags & 0x04) !== 0
  const name = field(version === 3 ? 'MQIsdp' : 'MQTT')
  const parts = [name, u8(version, flags), u16(10), block(version, entries), field('client')]
  if (will) parts.push(block(version, willEntries), field('will/topic'), field(hex('00ff')))
  if (flags & 0x80) parts.push(field('üser'))
  if (flags & 0x40) parts.push(field(hex('00c0')))
  const fields: ConnectFields = {
    ...{ level: version, flags, keepAlive: 10, clientId: 'client' },
    ...(will ? { willTopic: 'will/topic', willPayload: '00ff', willEntries } : {}),
    ...(flags & 0x80 ? { userName: 'üser' } : {}),
    ...(flags & 0x40 ? { password: '00c0' } : {}),
  }
  return [packet(0x10, ...parts), { entries, connect: fields }]
}

for (const version of VERSIONS) {
  for (const flags of [0x00, 0x06, 0x0e, 0x16, 0x26, 0x36, 0x82, 0xc2, 0xf6]) {
    add(`CONNECT, flags ${flags.toString(16)}`, version, ...connect(version, flags))
  }
}

// PUBLISH by its flags, its topic and its size.

function publish(
  version: Version,
  head: number,
  topic: string,
  payload: Buffer,
  entries: readonly Entry[] = [],
): [Buffer, Omit<Fields, 'head'>] {
  const packetId = head & 0x06 ? 0x1234 : 0
  const id = packetId ? u16(packetId) : u8()
  const value = (id: number): number => Number(entries.find((entry) => entry[0] === id)?.[1] ?? 0)
  return [
    packet(head, field(topic), id, block(version, entries), payload),
    {
      ...{ packetId, topic, entries, payload: payload.toString('hex') },
      ...{ alias: value(0x23), expiry: value(0x02), bits: value(0x01) },
    },
  ]
}

for (const version of VERSIONS) {
  for (const flags of [0, 1, 2, 3, 4, 5, 10, 11, 12, 13]) {
    const made = publish(version, 0x30 | flags, 'sensors/1', hex('3231'))
    add(`PUBLISH, flags ${flags}`, version, ...made)
  }
}
for (const topic of [
  '/',
  '//',
  '$SYS/a',
  'a b',
  '1234567',
  '12345678',
  '123456789',
  'ж/主题/🚀',
  '\ufeff',
]) {
  add(`PUBLISH to ${topic}`, 4, ...publish(4, 0x30, topic, u8()))
}
for (const size of [124, 125, 252]) {
  add(`PUBLISH, payload of ${size} bytes`, 4, ...publish(4, 0x30, 'a', Buffer.alloc(size, 0xff)))
}
// Properties whose length takes two bytes.
add(
  'PUBLISH, long properties',
  5,
  ...publish(5, 0x30, 'a', u8(1), [
    [0x09, 'ab'.repeat(125)],
    [0x26, ['', '']],
  ]),
)

// Packets of an identifier alone, or of nothing.

for (const version of VERSIONS) {
  for (const head of [0x40, 0x50, 0x62, 0x70]) {
    add(`${TYPES[head >> 4]}`, version, packet(head, u16(0x8001)), { packetId: 0x8001 })
  }
  add('PINGREQ', version, 'c000')
  add('PINGRESP', version, 'd000')
}

// Reason codes.

for (const version of [3, 4] as const) {
  for (const reason of [1, 2, 3, 4, 5]) {
    add(`CONNACK ${reason}`, version, packet(0x20, u8(0, reason)), { reason })
  }
}
for (const reason of codes(FAILURES.CONNACK)) {
  add(`CONNACK ${reason.toString(16)}`, 5, packet(0x20, u8(0, reason, 0)), { reason })
}
for (const head of [0x40, 0x50, 0x62, 0x70]) {
  const type = TYPES[head >> 4] ?? ''
  for (const reason of codes(FAILURES[type])) {
    const bytes = packet(head, u16(1), u8(reason))
    add(`${type} ${reason.toString(16)}`, 5, bytes, { packetId: 1, reason })
  }
}
for (const head of [0x90, 0xb0]) {
  const type = TYPES[head >> 4] ?? ''
  const reasons = codes(FAILURES[type])
  for (const reason of reasons) {
    const payload = u8(reason).toString('hex')
    const bytes = packet(head, u16(1), u8(0, reason))
    add(`${type} ${payload}`, 5, bytes, { packetId: 1, payload, count: 1 })
  }
  const payload = u8(...reasons).toString('hex')
  const bytes = packet(head, u16(1), u8(0, ...reasons))
  add(`${type}, every result`, 5, bytes, { packetId: 1, payload, count: reasons.length })
}
for (const sender of ['client', 'server'] as const) {
  for (const reason of codes(CLOSINGS[sender])) {
    const title = `DISCONNECT ${reason.toString(16)} from the ${sender}`
    add(title, 5, packet(0xe0, u8(reason)), { reason }, { sender })
  }
}
const METHOD: Entry = [0x15, text('X')]
for (const [sender, reasons] of [
  ['client', '18 19'],
  ['server', '00 18'],
] as const) {
  for (const reason of codes(reasons)) {
    const bytes = packet(0xf0, u8(reason), block(5, [METHOD]))
    const title = `AUTH ${reason.toString(16)} from the ${sender}`
    add(title, 5, bytes, { reason, entries: [METHOD] }, { sender })
  }
}

// Properties: each in each packet that may carry it, and all together.

/** An MQTT 5 packet of the type, or with a will, that carries these properties. */
export function carry(place: string, entries: readonly Entry[]): [Buffer, Omit<Fields, 'head'>] {
  if (place === 'will') return connect(5, 0x06, [], entries)
  if (place === 'CONNECT') return connect(5, 0x02, entries)
  if (place === 'PUBLISH') return publish(5, 0x30, 'topic', hex('00'), entries)
  const head = TYPES.indexOf(place) << 4
  const all = block(5, entries)
  if (place === 'CONNACK') return [packet(head, u16(0), all), { entries }]
  if (place === 'DISCONNECT') return [packet(head, u8(0x80), all), { entries, reason: 0x80 }]
  if (place === 'AUTH') return [packet(head, u8(0x18), all), { entries, reason: 0x18 }]
  if (FAILURES[place] !== undefined && !place.startsWith('SUB') && !place.startsWith('UNSUB')) {
    const flags = place === 'PUBREL' ? 2 : 0
    const reason = codes(FAILURES[place])[0] ?? 0
    return [packet(head | flags, u16(1), u8(reason), all), { packetId: 1, entries, reason }]
  }
  const items: Record<string, string> = { SUBSCRIBE: '00016100', UNSUBSCRIBE: '000161' }
  const payload = items[place] ?? '00'
  const flags = items[place] === undefined ? 0 : 2
  const fields = { packetId: 1, entries, payload, count: 1 }
  return [packet(head | flags, u16(1), all, hex(payload)), fields]
}

/** Who may send this property in this packet. */
export function senderOf(id: number, place: string): Sender {
  const server = FROM_SERVER.includes(place) || (id === 0x0b && place === 'PUBLISH') || id === 0x1c
  return server ? 'server' : 'client'
}

/** The method that must stand beside authentication data, and in every AUTH. */
export function beside(id: number, place: string): Entry[] {
  return id === 0x16 || (place === 'AUTH' && id !== 0x15) ? [METHOD] : []
}

for (const [id, , places, ...values] of PROPERTIES) {
  for (const place of places.split(' ')) {
    const sender = senderOf(id, place)
    for (const [i, value] of values.entries()) {
      const made = carry(place, [...beside(id, place), [id, value]])
      add(`${place}, property ${id.toString(16)}, value ${i + 1}`, 5, ...made, { sender })
    }
  }
}
for (const place of TYPES) {
  const held = PROPERTIES.filter((property) => property[2].split(' ').includes(place))
  if (held.length === 0) continue
  const sender = place === 'DISCONNECT' ? 'client' : senderOf(0x0b, place)
  const fitting = held.filter(([id]) => place !== 'DISCONNECT' || id !== 0x1c)
  const entries = fitting.flatMap(([id, , , ...values]) =>
    (id === 0x26 || (id === 0x0b && place === 'PUBLISH') ? values : values.slice(0, 1)).map(
      (value): Entry => [id, value],
    ),
  )
  add(`${place}, every property`, 5, ...carry(place, entries), { sender })
}
