// The golden packets, the faulty ones and the tries as one document for wrappers in any language:
// plain JSON, every key always there, bytes as hexadecimal digits. README.md describes it. Run by
// itself it writes build/vectors.json.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as codes from '../../assembly/codes.ts'
import * as layout from '../../assembly/layout.ts'
import { FAULTS } from '../faults.ts'
import { field, packet } from '../spec/bytes.ts'
import {
  type Entry,
  type Fields,
  PROPERTIES,
  type Sender,
  text,
  VECTORS,
  type Vector,
  wireProperty,
} from '../vectors.ts'
import { NAMES, type NameVector, TRIES, type TrieVector } from './tries.ts'

export const VECTORS_PATH: string = join(import.meta.dirname, '../../build/vectors.json')

/** `value` of integers, `bytes` of strings and binary data, `bytes` and `second` of pairs. */
export interface PlainProperty {
  id: number
  value: number
  bytes: string
  second: string
}

export interface PlainConnect {
  level: number
  flags: number
  keepAlive: number
  clientId: string
  willProperties: string
  willTopic: string
  willPayload: string
  userName: string
  password: string
}

export interface PlainPacket {
  head: number
  packetId: number
  reason: number
  topic: string
  properties: string
  payload: string
  count: number
  alias: number
  expiry: number
  bits: number
  connect: PlainConnect | null
}

export interface PropertiesVector {
  title: string
  bytes: string
  properties: PlainProperty[]
}

interface PacketVector {
  title: string
  version: number
  packet: PlainPacket
}

export interface DecodeVector extends PacketVector {
  sender: number
  bytes: string
}

export interface EncodeVector extends PacketVector {
  bytes: string
}

export interface UnencodableVector extends PacketVector {
  error: number
}

export interface InvalidVector {
  title: string
  version: number
  sender: number
  packetSizeMax: number
  bytes: string
  error: number
  reason: number
  /** Offset of the byte at fault. */
  position: number
}

/** Many packets; `chunks` are the sizes to cut them into, used again and again. */
export interface StreamVector {
  title: string
  version: number
  sender: number
  bytes: string
  chunks: number[]
  heads: number[]
  payloadBytes: number
  error: number
}

/** A call with arguments that cannot be: an error code, never a trap. */
export interface CallVector {
  title: string
  name: string
  arguments: number[]
  result: number
}

export interface Document {
  abi: number
  decode: DecodeVector[]
  encode: EncodeVector[]
  invalid: InvalidVector[]
  unencodable: UnencodableVector[]
  properties: PropertiesVector[]
  streams: StreamVector[]
  names: readonly NameVector[]
  tries: readonly TrieVector[]
  calls: CallVector[]
  bench: { version: number; packet: string; count: number }
}

const SENDERS = { client: codes.SENDER_CLIENT, server: codes.SENDER_SERVER } as const
const { VERSION_3_1_1, VERSION_5_0, VERSION_UNKNOWN } = codes

function senderOf(sender: Sender | undefined): number {
  return sender === undefined ? codes.SENDER_ANY : SENDERS[sender]
}

const digits = (text: string): string => text.replaceAll(' ', '')

function plainProperty([id, value]: Entry): PlainProperty {
  if (typeof value === 'number') return { id, value, bytes: '', second: '' }
  const [bytes, second] = typeof value === 'string' ? [value, ''] : value
  return { id, value: 0, bytes, second }
}

function wire(entries: readonly Entry[] = []): string {
  return Buffer.concat(entries.map((entry) => wireProperty(entry))).toString('hex')
}

function plainConnect(fields: Fields['connect']): PlainConnect | null {
  if (fields === undefined) return null
  return {
    level: fields.level,
    flags: fields.flags,
    keepAlive: fields.keepAlive ?? 0,
    clientId: text(fields.clientId ?? ''),
    willProperties: wire(fields.willEntries),
    willTopic: text(fields.willTopic ?? ''),
    willPayload: fields.willPayload ?? '',
    userName: text(fields.userName ?? ''),
    password: fields.password ?? '',
  }
}

function plainPacket(fields: Fields): PlainPacket {
  return {
    head: fields.head,
    packetId: fields.packetId ?? 0,
    reason: fields.reason ?? 0,
    topic: text(fields.topic ?? ''),
    properties: wire(fields.entries),
    payload: digits(fields.payload ?? ''),
    count: fields.count ?? 0,
    alias: fields.alias ?? 0,
    expiry: fields.expiry ?? 0,
    bits: fields.bits ?? 0,
    connect: plainConnect(fields.connect),
  }
}

function propertiesVectors(): PropertiesVector[] {
  const vector = (title: string, entries: readonly Entry[]): PropertiesVector => {
    return { title, bytes: wire(entries), properties: entries.map(plainProperty) }
  }
  const each = PROPERTIES.flatMap(([id, , , ...values]) =>
    values.map((value): Entry => [id, value]),
  )
  const pair: Entry = [0x26, ['61', '62']]
  return [
    vector('no properties', []),
    vector('every property', each),
    ...each.map((entry) => vector(`property ${entry[0].toString(16)}`, [entry])),
    vector('more than one call lists', new Array<Entry>(2 * layout.PROPERTIES_MAX + 1).fill(pair)),
  ]
}

function decodeVectors(): DecodeVector[] {
  return VECTORS.flatMap(({ title, version, sender, bytes, fields }) => {
    const one = { title, version, sender: SENDERS[sender], bytes, packet: plainPacket(fields) }
    const anyone = { ...one, title: `${title}, any sender`, sender: codes.SENDER_ANY }
    const first = { ...one, title: `${title}, first packet`, version: VERSION_UNKNOWN }
    return fields.connect === undefined ? [one, anyone] : [one, anyone, first]
  })
}

function encodeVectors(): EncodeVector[] {
  return VECTORS.map(({ title, version, bytes, canonical, fields }) => {
    return { title, version, packet: plainPacket(fields), bytes: digits(canonical ?? bytes) }
  })
}

function errorCode(name: string): number {
  const error = (codes as Record<string, number>)[`ERROR_${name}`]
  if (error === undefined) throw new Error(`no ERROR_${name}`)
  return error
}

function invalidVectors(): InvalidVector[] {
  const faults = FAULTS.map(({ title, version, sender, bytes, error, reason, position }) => ({
    ...{ title, version, sender: senderOf(sender), packetSizeMax: 0, bytes },
    ...{ error: errorCode(error), reason, position },
  }))
  const large = packet(0x30, field('a'), Buffer.alloc(200)).toString('hex')
  const tooLarge = [4, 203, 205].map((packetSizeMax) => ({
    ...{ title: `PUBLISH of 206 bytes where ${packetSizeMax} are allowed`, version: VERSION_5_0 },
    ...{ sender: codes.SENDER_CLIENT, packetSizeMax, bytes: large, position: 1 },
    ...{ error: codes.ERROR_PACKET_TOO_LARGE, reason: codes.REASON_PACKET_TOO_LARGE },
  }))
  return [...faults, ...tooLarge]
}

function unencodableVectors(): UnencodableVector[] {
  const long = 'x'.repeat(layout.STRING_LENGTH_MAX + 1)
  const cases: [string, Fields][] = [
    ['a packet of type 0', { head: 0 }],
    ['a topic that is too long', { head: 0x30, topic: long }],
    ['a CONNECT of level 6', { head: 0x10, connect: { level: 6, flags: 0 } }],
    ['a CONNECT of level 0', { head: 0x10, connect: { level: 0, flags: 0 } }],
    ['a client identifier that is too long', longClientId(long)],
  ]
  return cases.map(([title, fields]) => ({
    ...{ title, version: VERSION_5_0, packet: plainPacket(fields), error: codes.ERROR_ARGUMENT },
  }))
}

function longClientId(clientId: string): Fields {
  return { head: 0x10, connect: { level: VERSION_5_0, flags: 0, clientId } }
}

/** What golden packets give when they follow one another. */
function stream(title: string, vectors: readonly Vector[], chunks: number[]): StreamVector {
  const payloads = vectors.map(({ fields }) => digits(fields.payload ?? '').length / 2)
  return {
    title,
    version:
      vectors[0]?.fields.connect === undefined ? (vectors[0]?.version ?? 0) : VERSION_UNKNOWN,
    sender: SENDERS[vectors[0]?.sender ?? 'client'],
    bytes: vectors.map(({ bytes }) => bytes).join(''),
    chunks,
    heads: vectors.map(({ fields }) => fields.head),
    payloadBytes: payloads.reduce((sum, size) => sum + size, 0),
    error: 0,
  }
}

function streamVectors(): StreamVector[] {
  const of = (version: number, sender: Sender): Vector[] => {
    const all = VECTORS.filter((one) => one.version === version && one.sender === sender)
    const connects = all.filter((one) => one.fields.connect !== undefined)
    return [...connects.slice(0, 1), ...all.filter((one) => one.fields.connect === undefined)]
  }
  const cuts = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89]
  const sessions = ([3, 4, 5] as const).flatMap((version) => [
    stream(`level ${version}: a client's packets, in pieces`, of(version, 'client'), cuts),
    stream(`level ${version}: a client's packets, at once`, of(version, 'client'), [1 << 20]),
    stream(`level ${version}: a server's packets, in pieces`, of(version, 'server'), cuts),
  ])
  const plain = { version: VERSION_3_1_1, sender: codes.SENDER_CLIENT, payloadBytes: 0, error: 0 }
  const large = packet(0x30, field('a'), Buffer.alloc(300_000, 0x5a)).toString('hex')
  return [
    ...sessions,
    {
      ...{ ...plain, title: 'more packets than one call gives records', chunks: [1 << 20] },
      ...{ bytes: 'c000'.repeat(2500), heads: new Array<number>(2500).fill(0xc0) },
    },
    ...[[1 << 20], [1460], [65536, 1]].map((chunks) => ({
      ...{ ...plain, title: `a PUBLISH of 300,000 bytes in chunks of ${chunks}`, chunks },
      ...{ bytes: `c000${large}c000`, heads: [0xc0, 0x30, 0xc0], payloadBytes: 300_000 },
    })),
    {
      ...{
        ...plain,
        title: 'packets before a fault',
        chunks: [3],
        bytes: 'c00030030001613600c000',
      },
      ...{ heads: [0xc0, 0x30], error: codes.ERROR_MALFORMED_QOS },
    },
  ]
}

function callVectors(): CallVector[] {
  const scratch = layout.SCRATCH_START
  const most = 0x7fffffff
  const outside = [
    [scratch, most],
    [scratch, -1],
    [most, 10],
    [-4, 10],
    [-1, 1],
    [0, 10],
  ] as const
  const calls: (readonly [name: string, ...values: number[]])[] = [
    ['decode', 0, 2, 4, 0, 0],
    ['decode', layout.REGISTERS_START - 1, 2, 4, 0, 0],
    ['decode', scratch, -1, 4, 0, 0],
    ['decode', scratch, -most - 1, 4, 0, 0],
    ['decode', scratch, most, 4, 0, 0],
    ['decode', most, most, 4, 0, 0],
    ['decode', -1, 1, 4, 0, 0],
    ['decode', -2, most, 4, 0, 0],
    ['encode', -1, 4, scratch, 100],
    ['encode', most, 4, scratch, 100],
    ['encode', layout.RECORD_OWN, 4, -4, 5],
    ['encode', layout.RECORD_OWN, 4, scratch, -1],
    ['encode', layout.RECORD_OWN, 4, scratch, most],
    ['encode_properties', -1, scratch, 100],
    ['encode_properties', layout.PROPERTIES_MAX + 1, scratch, 100],
    ['encode_properties', 1, -1, 2],
    ['encode_properties', 1, scratch, -1],
    ['encode_properties', 1, scratch, most],
    ['insert', 0, scratch, 1, 1, 0, 0],
    ['set_online', -1, 1],
    ...outside.map(([start, length]) => ['check_text', start, length] as const),
    ...outside.map(([start, length]) => ['check_topic', start, length] as const),
    ...outside.map(([start, length]) => ['check_filter', start, length] as const),
    ...outside.map(([start, length]) => ['properties', start, length] as const),
    ...outside.map(([start, length]) => ['insert', 0, start, length, 1, 0, 0] as const),
    ...outside.map(([start, length]) => ['remove', 0, start, length, 1] as const),
    ...outside.map(([start, length]) => ['match', 0, start, length, -1] as const),
    ...outside.map(([start, length]) => ['search', 0, start, length] as const),
  ]
  return calls.map(([name, ...values]) => ({
    title: `${name}(${values.join(', ')})`,
    ...{ name, arguments: values, result: codes.ERROR_ARGUMENT },
  }))
}

export function vectors(): Document {
  const publish = packet(0x30, field('sensors/1'), Buffer.alloc(16, 0x61))
  return {
    abi: layout.ABI_VERSION,
    decode: decodeVectors(),
    encode: encodeVectors(),
    invalid: invalidVectors(),
    unencodable: unencodableVectors(),
    properties: propertiesVectors(),
    streams: streamVectors(),
    names: NAMES,
    tries: TRIES,
    calls: callVectors(),
    bench: {
      version: VERSION_3_1_1,
      packet: publish.toString('hex'),
      count: layout.RECORDS_MAX,
    },
  }
}

/** Writes the document where the runners of all languages read it. */
export function writeVectors(): void {
  mkdirSync(dirname(VECTORS_PATH), { recursive: true })
  writeFileSync(VECTORS_PATH, `${JSON.stringify(vectors())}\n`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeVectors()
  for (const [name, group] of Object.entries(vectors())) {
    if (Array.isArray(group)) console.log(`${name}: ${group.length}`)
  }
}
