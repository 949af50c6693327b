// Records of the module as plain fields, and fields as records: how the tests of the codec look
// into its memory. Knows the layout; judges nothing.

import { CONNECT, SENDER_ANY, SENDER_CLIENT, SENDER_SERVER } from '../assembly/codes.ts'
import * as layout from '../assembly/layout.ts'
import type { TestModule } from './module.ts'
import { type ConnectFields, type Entry, type Fields, KINDS, type Sender } from './vectors.ts'

export type Complete = Required<Omit<Fields, 'connect'>> & { connect: ConnectFields | undefined }

export interface Packet {
  /** Offset of the packet in the chunk. */
  start: number
  length: number
  fields: Complete
}

export interface Fault {
  start: number
  length: number
  head: number
  error: number
  reason: number
  /** Offset of the byte at fault in the chunk. */
  position: number
}

export interface Decoded {
  packets: Packet[]
  fault: Fault | undefined
  consumed: number
  needed: number
}

export interface How {
  version: number
  sender?: Sender
  packetSizeMax?: number
}

const SENDERS = { client: SENDER_CLIENT, server: SENDER_SERVER } as const

/** Address of the bytes just put into the module's input region. */
export function input(module: TestModule, bytes: Uint8Array): number {
  const start = module.call('reserve', bytes.length)
  module.put(bytes, start)
  return start
}

export function decode(module: TestModule, bytes: Uint8Array, how: How): Decoded {
  const base = input(module, bytes)
  const sender = how.sender === undefined ? SENDER_ANY : SENDERS[how.sender]
  const max = how.packetSizeMax ?? 0
  const count = module.call('decode', base, bytes.length, how.version, sender, max)
  const consumed = module.word(layout.REGISTER_CONSUMED)
  const needed = module.word(layout.REGISTER_NEEDED)
  const decoded: Decoded = { packets: [], fault: undefined, consumed, needed }
  for (let i = 0; i < count; i++) {
    const record = layout.RECORDS_START + i * layout.RECORD_SIZE
    const word = (offset: number): number => module.word(record + offset)
    const start = word(layout.RECORD_START) - base
    const length = word(layout.RECORD_LENGTH)
    if (word(layout.RECORD_ERROR) === 0) {
      decoded.packets.push({ start, length, fields: readFields(module, record) })
    } else {
      const position = word(layout.RECORD_POSITION) - base
      const [error, reason] = [word(layout.RECORD_ERROR), word(layout.RECORD_REASON)]
      const head = word(layout.RECORD_HEAD)
      decoded.fault = { start, length, head, error, reason, position }
    }
  }
  return decoded
}

function readFields(module: TestModule, record: number): Complete {
  const word = (offset: number): number => module.word(record + offset)
  const bytes = (offset: number): Buffer => range(module, record + offset)
  const head = word(layout.RECORD_HEAD)
  const expiryAt = word(layout.RECORD_EXPIRY)
  return {
    head,
    packetId: word(layout.RECORD_PACKET_ID),
    reason: word(layout.RECORD_REASON),
    topic: bytes(layout.RECORD_TOPIC_START).toString(),
    entries: readEntries(module, record + layout.RECORD_PROPERTIES_START),
    payload: bytes(layout.RECORD_PAYLOAD_START).toString('hex'),
    count: word(layout.RECORD_COUNT),
    alias: word(layout.RECORD_ALIAS),
    expiry: expiryAt === 0 ? 0 : module.bytes.readUInt32BE(expiryAt),
    bits: word(layout.RECORD_BITS),
    connect: head >> 4 === CONNECT ? readConnect(module) : undefined,
  }
}

/** What the CONNECT block says; fields that are not in the packet have address 0 and stay away. */
function readConnect(module: TestModule): ConnectFields {
  const word = (offset: number): number => module.word(layout.CONNECT_START + offset)
  const bytes = (offset: number): Buffer => range(module, layout.CONNECT_START + offset)
  const fields: ConnectFields = {
    level: word(layout.CONNECT_LEVEL),
    flags: word(layout.CONNECT_FLAGS),
    keepAlive: word(layout.CONNECT_KEEP_ALIVE),
    clientId: bytes(layout.CONNECT_CLIENT_ID_START).toString(),
  }
  if (word(layout.CONNECT_WILL_TOPIC_START) !== 0) {
    const pair = layout.CONNECT_START + layout.CONNECT_WILL_PROPERTIES_START
    fields.willEntries = readEntries(module, pair)
    fields.willTopic = bytes(layout.CONNECT_WILL_TOPIC_START).toString()
    fields.willPayload = bytes(layout.CONNECT_WILL_PAYLOAD_START).toString('hex')
  }
  if (word(layout.CONNECT_USER_NAME_START) !== 0) {
    fields.userName = bytes(layout.CONNECT_USER_NAME_START).toString()
  }
  if (word(layout.CONNECT_PASSWORD_START) !== 0) {
    fields.password = bytes(layout.CONNECT_PASSWORD_START).toString('hex')
  }
  return fields
}

/** The bytes that the two words at `pair` point to. */
export function range(module: TestModule, pair: number): Buffer {
  const start = module.word(pair)
  return module.bytes.subarray(start, start + module.word(pair + 4))
}

/** Every property of the range at `pair`, as many calls as it takes. */
export function readEntries(module: TestModule, pair: number): Entry[] {
  const entries: Entry[] = []
  const end = module.word(pair) + module.word(pair + 4)
  for (let at = module.word(pair); at < end; ) {
    const count = module.call('properties', at, end - at)
    if (count <= 0) throw new Error(`properties answered ${count}`)
    for (let i = 0; i < count; i++) {
      entries.push(readEntry(module, layout.PROPERTIES_START + i * layout.PROPERTY_SIZE))
    }
    at = module.word(layout.REGISTER_PROPERTIES_NEXT)
  }
  return entries
}

function readEntry(module: TestModule, entry: number): Entry {
  const id = module.word(entry + layout.PROPERTY_ID)
  const kind = KINDS.get(id)
  const first = range(module, entry + layout.PROPERTY_VALUE)
  const second = range(module, entry + layout.PROPERTY_SECOND_START)
  if (kind === 'pair') return [id, [first.toString('hex'), second.toString('hex')]]
  if (kind === 'text' || kind === 'binary') return [id, first.toString('hex')]
  return [id, module.word(entry + layout.PROPERTY_VALUE) >>> 0]
}

/** The fields with nothing left out, to be compared with those of a packet. */
export function complete(fields: Fields): Complete {
  const { connect, payload = '', ...rest } = fields
  const none = { packetId: 0, reason: 0, topic: '', entries: [], count: 0, alias: 0, expiry: 0 }
  const whole = connect && { keepAlive: 0, clientId: '', ...connect }
  return { bits: 0, ...none, ...rest, payload: payload.replaceAll(' ', ''), connect: whole }
}

/** Writes bytes one behind the other; what it hands out stays where it is. */
export class Shelf {
  private readonly module: TestModule
  private at: number

  constructor(module: TestModule, start: number) {
    this.module = module
    this.at = start
  }

  /** Stores address and length of the bytes in the two words at `pair`. */
  put(pair: number, bytes: Uint8Array): void {
    this.module.put(bytes, this.at)
    this.module.setWord(pair, this.at)
    this.module.setWord(pair + 4, bytes.length)
    this.at += bytes.length
  }

  /** The same with the wire bytes that encode_properties makes of the entries. */
  putEntries(pair: number, entries: readonly Entry[]): void {
    writeEntries(this.module, this, entries)
    const room = 4096
    const size = this.module.call('encode_properties', entries.length, this.at, room)
    if (size < 0) throw new Error(`encode_properties answered ${size}`)
    this.module.setWord(pair, this.at)
    this.module.setWord(pair + 4, size)
    this.at += size
  }
}

/** Puts the entries at PROPERTIES_START and what they point to on the shelf. */
export function writeEntries(module: TestModule, shelf: Shelf, entries: readonly Entry[]): void {
  for (const [i, [id, value]] of entries.entries()) {
    const entry = layout.PROPERTIES_START + i * layout.PROPERTY_SIZE
    module.setWord(entry + layout.PROPERTY_ID, id)
    if (typeof value === 'number') {
      module.setWord(entry + layout.PROPERTY_VALUE, value)
      continue
    }
    const [first = '', second] = typeof value === 'string' ? [value] : value
    shelf.put(entry + layout.PROPERTY_VALUE, Buffer.from(first, 'hex'))
    if (second !== undefined) {
      shelf.put(entry + layout.PROPERTY_SECOND_START, Buffer.from(second, 'hex'))
    }
  }
}

/** Makes RECORD_OWN, and of a CONNECT the CONNECT block, say what the fields say. */
export function writeFields(module: TestModule, fields: Complete): number {
  const record = layout.RECORD_OWN
  const shelf = new Shelf(module, layout.SCRATCH_START)
  module.bytes.fill(0, record, record + layout.RECORD_SIZE)
  module.setWord(record + layout.RECORD_HEAD, fields.head)
  module.setWord(record + layout.RECORD_PACKET_ID, fields.packetId)
  module.setWord(record + layout.RECORD_REASON, fields.reason)
  module.setWord(record + layout.RECORD_BITS, fields.bits)
  shelf.put(record + layout.RECORD_TOPIC_START, Buffer.from(fields.topic))
  shelf.put(record + layout.RECORD_PAYLOAD_START, Buffer.from(fields.payload, 'hex'))
  shelf.putEntries(record + layout.RECORD_PROPERTIES_START, fields.entries)
  if (fields.connect !== undefined) writeConnect(module, shelf, fields.connect)
  return record
}

function writeConnect(module: TestModule, shelf: Shelf, fields: ConnectFields): void {
  const block = layout.CONNECT_START
  module.bytes.fill(0, block, block + layout.CONNECT_SIZE)
  module.setWord(block + layout.CONNECT_LEVEL, fields.level)
  module.setWord(block + layout.CONNECT_FLAGS, fields.flags)
  module.setWord(block + layout.CONNECT_KEEP_ALIVE, fields.keepAlive ?? 0)
  shelf.put(block + layout.CONNECT_CLIENT_ID_START, Buffer.from(fields.clientId ?? ''))
  const { willTopic, willPayload = '', willEntries = [], userName, password } = fields
  if (willTopic !== undefined) {
    shelf.putEntries(block + layout.CONNECT_WILL_PROPERTIES_START, willEntries)
    shelf.put(block + layout.CONNECT_WILL_TOPIC_START, Buffer.from(willTopic))
    shelf.put(block + layout.CONNECT_WILL_PAYLOAD_START, Buffer.from(willPayload, 'hex'))
  }
  const { CONNECT_USER_NAME_START, CONNECT_PASSWORD_START } = layout
  if (userName !== undefined) shelf.put(block + CONNECT_USER_NAME_START, Buffer.from(userName))
  if (password !== undefined) {
    shelf.put(block + CONNECT_PASSWORD_START, Buffer.from(password, 'hex'))
  }
}
