// One build of the module, and a stream of bytes decoded by it as a connection does: whole, or as
// it comes in pieces. What was decoded is a trace of words without addresses, so that any two ways
// of decoding the same bytes can be compared word by word.

import {
  CONNECT,
  SENDER_ANY,
  SENDER_CLIENT,
  SENDER_SERVER,
  VERSION_UNKNOWN,
} from '../../assembly/codes.ts'
import {
  CONNECT_CLIENT_ID_START,
  CONNECT_LEVEL,
  CONNECT_SIZE,
  CONNECT_START,
  RECORD_ERROR,
  RECORD_EXPIRY,
  RECORD_HEAD,
  RECORD_LENGTH,
  RECORD_PAYLOAD_START,
  RECORD_PROPERTIES_START,
  RECORD_SIZE,
  RECORD_START,
  RECORD_TOPIC_START,
  RECORDS_MAX,
  RECORDS_START,
  REGISTER_CONSUMED,
  REGISTER_NEEDED,
} from '../../assembly/layout.ts'
import { loadModule, type Module } from '../../host/wasm/instance.ts'
import type { Build } from '../module.ts'

export const VERSIONS: readonly number[] = [VERSION_UNKNOWN, 3, 4, 5]
export const SENDERS: readonly number[] = [SENDER_ANY, SENDER_CLIENT, SENDER_SERVER]

/** What an invariant says when it does not hold. */
export class Broken extends Error {
  override name = 'Broken'
}

export function must(holds: boolean, what: () => string): void {
  if (!holds) throw new Broken(what())
}

/**
 * A record in a trace: 16 words of the record, then 16 of the CONNECT block (0 in other packets).
 */
export const ENTRY = 32
const RECORD_WORDS = RECORD_SIZE >> 2
const CONNECT_WORDS = CONNECT_SIZE >> 2
const ADDRESSES = [
  RECORD_START,
  RECORD_TOPIC_START,
  RECORD_PROPERTIES_START,
  RECORD_PAYLOAD_START,
  RECORD_EXPIRY,
].map((offset) => offset >> 2)

/** How a stream is decoded. */
export interface Way {
  version: number
  sender: number
  packetSizeMax: number
}

export class Trace {
  words: Int32Array = new Int32Array(1 << 12)
  count = 0
  /** Bytes of whole packets, and how long the next one is if that is known. */
  consumed = 0
  needed = 0
  /** Of the last record, 0 = none. */
  error = 0
  /** Protocol version at the end. */
  version = 0

  start(version: number): void {
    this.count = 0
    this.consumed = 0
    this.needed = 0
    this.error = 0
    this.version = version
  }

  /** Records without the error that ended them. */
  get good(): number {
    return this.error === 0 ? this.count : this.count - 1
  }

  /** A word of record number `i`, by its offset in the layout. */
  word(i: number, offset: number): number {
    return this.words[i * ENTRY + (offset >> 2)] as number
  }

  /** Protocol version in which record number `i` was read: that of the CONNECT before it. */
  versionOf(i: number, version: number): number {
    let at = version
    for (let j = 0; j < i; j++) if (this.word(j, RECORD_HEAD) >> 4 === CONNECT) at = this.level(j)
    return at
  }

  level(i: number): number {
    return this.word(i, RECORD_SIZE + CONNECT_LEVEL)
  }

  /** The first entry that differs, -1 if none of the first `count` does. */
  differs(other: Trace, count: number): number {
    for (let i = 0; i < count * ENTRY; i++) {
      if (this.words[i] !== other.words[i]) return Math.floor(i / ENTRY)
    }
    return -1
  }

  describe(i: number): string {
    if (i < 0) return `${this.consumed} bytes, ${this.needed} needed, error ${this.error}`
    return i < this.count ? this.words.slice(i * ENTRY, (i + 1) * ENTRY).join(' ') : 'nothing'
  }

  grow(): void {
    if ((this.count + RECORDS_MAX) * ENTRY <= this.words.length) return
    const larger = new Int32Array(this.words.length * 2 + RECORDS_MAX * ENTRY)
    larger.set(this.words)
    this.words = larger
  }
}

/**
 * A block of the module's memory that grows when more is asked of it; its contents are then gone.
 */
class Room {
  private readonly module: Module
  private address = 0
  private size = 0

  constructor(module: Module) {
    this.module = module
  }

  of(bytes: number): number {
    if (bytes <= this.size) return this.address
    if (this.address !== 0) this.module.call.free(this.address)
    this.size = bytes * 2
    this.address = this.module.allocate(this.size)
    return this.address
  }
}

/** One build of the module. */
export class Side {
  readonly build: Build
  readonly module: Module
  /**
   * What surrounds the bytes of a stream: never the same in both builds, so that it cannot matter.
   */
  readonly filler: number
  private readonly input: Room
  private readonly pieces: Room
  /** For what the module writes. */
  readonly output: Room

  constructor(build: Build, seed: number) {
    this.build = build
    this.filler = build === 'debug' ? 0xff : 0x00
    this.module = loadModule(build)
    this.module.call.initialize(seed)
    this.module.renew()
    this.input = new Room(this.module)
    this.pieces = new Room(this.module)
    this.output = new Room(this.module)
  }

  /** Puts bytes somewhere in the middle of other bytes; their address. `shift` is 0 to 7. */
  place(bytes: Uint8Array, shift: number): number {
    const start = this.input.of(bytes.length + 64) + 16 + shift
    this.module.u8.fill(this.filler, start - 16, start + bytes.length + 32)
    this.module.u8.set(bytes, start)
    return start
  }

  checkUnchanged(bytes: Buffer, start: number): void {
    const same = bytes.equals(this.module.u8.subarray(start, start + bytes.length))
    must(same, () => `decode changed its input (${this.build})`)
  }

  /** Decodes what stands at `start` as one piece. */
  decodeWhole(start: number, length: number, way: Way, trace: Trace): void {
    trace.start(way.version)
    this.decodeSome(start, length, way, trace)
    if (trace.error !== 0) return
    const at = start + trace.consumed
    const due = frameSize(this.module.u8, at, start + length)
    must(trace.needed === due, () => `${trace.needed} bytes are needed, not ${due}`)
  }

  /** Decodes bytes that arrive in pieces; `cuts` ascend, and nothing is there before it arrives. */
  decodeCut(bytes: Uint8Array, cuts: readonly number[], way: Way, trace: Trace): void {
    const start = this.pieces.of(bytes.length + 64) + 16
    const { u8 } = this.module
    u8.fill(this.filler ^ 0x5a, start, start + bytes.length + 32)
    trace.start(way.version)
    let from = 0
    for (let i = 0; i <= cuts.length && trace.error === 0; i++) {
      const to = i < cuts.length ? (cuts[i] as number) : bytes.length
      u8.set(bytes.subarray(from, to), start + from)
      from = to
      this.decodeSome(start, to, way, trace)
    }
  }

  /** Goes on where the trace ends, as far as the first `length` bytes go. */
  private decodeSome(start: number, length: number, way: Way, trace: Trace): void {
    const { module } = this
    for (;;) {
      const at = start + trace.consumed
      const left = length - trace.consumed
      const { sender, packetSizeMax } = way
      const count = module.call.decode(at, left, trace.version, sender, packetSizeMax)
      must(count >= 0 && count <= RECORDS_MAX, () => `decode answered ${count}`)
      const consumed = module.word(REGISTER_CONSUMED)
      trace.needed = module.word(REGISTER_NEEDED)
      must(consumed >= 0 && consumed <= left, () => `consumed ${consumed} of ${left}`)
      const from = trace.count
      for (let i = 0; i < count; i++)
        this.record(start, length, RECORDS_START + i * RECORD_SIZE, trace)
      if (trace.error !== 0) return
      const sum = trace.consumed - (at - start)
      must(sum === consumed, () => `consumed ${consumed}, records of ${sum} bytes`)
      must(consumed > 0 === trace.count > from, () => `${count} records of ${consumed} bytes`)
      if (consumed === 0 || consumed === left) return
    }
  }

  /**
   * Appends a record to the trace, addresses as offsets + 1 in the stream, 0 where there is none.
   */
  private record(start: number, length: number, record: number, trace: Trace): void {
    const { i32 } = this.module
    trace.grow()
    const { words } = trace
    const entry = trace.count * ENTRY
    for (let i = 0; i < RECORD_WORDS; i++) words[entry + i] = i32[(record >> 2) + i] as number
    for (const i of ADDRESSES) words[entry + i] = relative(words[entry + i] as number, start)
    words.fill(0, entry + RECORD_WORDS, entry + ENTRY)
    must(trace.error === 0, () => 'a record behind an error')
    trace.error = words[entry + (RECORD_ERROR >> 2)] as number
    const isConnect = (words[entry] as number) >> 4 === CONNECT
    if (isConnect && trace.error === 0) this.connect(start, entry, trace)
    must(words[entry + (RECORD_START >> 2)] === trace.consumed + 1, () => 'a record out of place')
    trace.count++
    if (trace.error === 0) this.inside(trace, length)
  }

  private connect(start: number, entry: number, trace: Trace): void {
    const { i32 } = this.module
    const block = CONNECT_START >> 2
    for (let i = 0; i < CONNECT_WORDS; i++) {
      const word = i32[block + i] as number
      const isAddress = i >= CONNECT_CLIENT_ID_START >> 2 && i % 2 === 0
      trace.words[entry + RECORD_WORDS + i] = isAddress ? relative(word, start) : word
    }
    trace.version = i32[block + (CONNECT_LEVEL >> 2)] as number
  }

  /** Every range of the last record lies in its packet, and the packet in what has arrived. */
  private inside(trace: Trace, length: number): void {
    const i = trace.count - 1
    const size = trace.word(i, RECORD_LENGTH)
    const first = trace.consumed + 1
    must(size >= 2 && trace.consumed + size <= length, () => `a packet of ${size} bytes`)
    const pairs = [RECORD_TOPIC_START, RECORD_PROPERTIES_START, RECORD_PAYLOAD_START]
    if (trace.word(i, RECORD_HEAD) >> 4 === CONNECT) {
      const block = RECORD_SIZE + CONNECT_CLIENT_ID_START
      for (let pair = block; pair < RECORD_SIZE + CONNECT_SIZE; pair += 8) pairs.push(pair)
    }
    for (const pair of pairs) {
      const [from, bytes] = [trace.word(i, pair), trace.word(i, pair + 4)]
      const holds = from === 0 ? bytes === 0 : from >= first + 2 && bytes >= 0
      must(holds && from + bytes <= first + size, () => `a range outside: ${trace.describe(i)}`)
    }
    trace.consumed += size
  }
}

function relative(address: number, start: number): number {
  return address === 0 ? 0 : address - start + 1
}

/**
 * Bytes of the packet at `at`, 0 when its remaining length is not all there. MQTT 5.0 section
 * 2.1.4.
 */
function frameSize(bytes: Uint8Array, at: number, end: number): number {
  let length = 0
  for (let i = 1; i <= 4 && at + i < end; i++) {
    const byte = bytes[at + i] as number
    length += (byte & 0x7f) * 128 ** (i - 1)
    if (byte < 0x80) return 1 + i + length
  }
  return 0
}
