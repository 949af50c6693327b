// Bytes to packets, chunk by chunk, for one direction of one connection. Keeps the incomplete end
// of a chunk, and the version that CONNECT announced. All decoders share one instance of the
// module: nothing of a call is left in it when the call returns.

import { CONNECT, SENDER_ANY, SENDER_CLIENT, SENDER_SERVER } from '../../assembly/codes.ts'
import {
  CONNECT_LEVEL,
  CONNECT_START,
  RECORD_ERROR,
  RECORD_HEAD,
  RECORD_POSITION,
  RECORD_REASON,
  RECORD_SIZE,
  RECORDS_START,
  REGISTER_CONSUMED,
  REGISTER_NEEDED,
} from '../../assembly/layout.ts'
import type { Memory } from '../wasm/memory.ts'
import { shared } from '../wasm/shared.ts'
import { DecodeError } from './errors.ts'
import type { Packet, Version } from './packets.ts'
import { copyOf, readPacket } from './read.ts'

export interface DecoderOptions {
  /** Absent: not known yet, the first packet must be a CONNECT that tells it. */
  version?: Version
  /** Who sends these bytes; decides which packets and properties are allowed. Default: client. */
  sender?: 'client' | 'server' | 'any'
  /** Bytes; a larger packet is an error as soon as its length is known. Default: 268,435,460. */
  packetSizeMax?: number
  /** Packets point into the chunks given; true = into copies, for chunks that are reused. */
  copy?: boolean
}

const SENDERS = { client: SENDER_CLIENT, server: SENDER_SERVER, any: SENDER_ANY }
const PACKET_SIZE_MAX = 268_435_460

export class Decoder {
  private readonly sender: number
  private readonly packetSizeMax: number
  private readonly copies: boolean
  private level: number
  private error: DecodeError | undefined
  /** Bytes of the packet that is not complete yet, and how many there are. */
  private parts: Uint8Array[]
  private waiting: number
  /** Length of that packet, 0 = not known yet. */
  private needed: number
  /** Bytes of the stream before the first of `parts`. */
  private before: number

  constructor(options: DecoderOptions = {}) {
    const {
      version = 0,
      sender = 'client',
      packetSizeMax = PACKET_SIZE_MAX,
      copy = false,
    } = options
    if (version !== 0 && version !== 3 && version !== 4 && version !== 5) {
      throw new RangeError(`expected version 3, 4 or 5, got ${version}`)
    }
    if (!Object.hasOwn(SENDERS, sender)) {
      throw new RangeError(`expected sender client, server or any, got ${sender}`)
    }
    if (!(packetSizeMax >= 2)) {
      throw new RangeError(`expected packetSizeMax of at least 2, got ${packetSizeMax}`)
    }
    this.sender = SENDERS[sender]
    this.packetSizeMax = Math.min(packetSizeMax, PACKET_SIZE_MAX)
    this.copies = copy
    this.level = version
    this.error = undefined
    this.parts = []
    this.waiting = 0
    this.needed = 0
    this.before = 0
  }

  /** Protocol level in force; undefined before the first CONNECT. */
  get version(): Version | undefined {
    return this.level === 0 ? undefined : (this.level as Version)
  }

  /** Bytes of an incomplete packet that are waiting for the rest. */
  get pending(): number {
    return this.waiting
  }

  /**
   * The packets that are complete with this chunk, in order.
   * @throws DecodeError when the bytes are no MQTT, and then at every further call
   * @throws TypeError when the chunk is no Uint8Array
   */
  push(chunk: Uint8Array): Packet[] {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('expected a Uint8Array')
    if (this.error !== undefined) throw this.error
    const packets: Packet[] = []
    const total = this.waiting + chunk.length
    if (total < this.needed || total < 2) {
      this.keep(copyOf(chunk), total)
      return packets
    }
    const held = this.join(chunk, total)
    const consumed = this.decode(held, packets)
    this.before += consumed
    if (this.error !== undefined) throw this.error
    this.parts = []
    this.waiting = 0
    if (consumed < total) this.keep(copyOf(held.subarray(consumed)), total - consumed)
    return packets
  }

  private keep(bytes: Uint8Array, waiting: number): void {
    this.parts.push(bytes)
    this.waiting = waiting
  }

  /** All bytes that wait, and the chunk, in one piece. */
  private join(chunk: Uint8Array, total: number): Uint8Array {
    if (this.waiting === 0) return this.copies ? copyOf(chunk) : chunk
    const held = new Uint8Array(total)
    let at = 0
    for (const part of this.parts) {
      held.set(part, at)
      at += part.length
    }
    held.set(chunk, at)
    return held
  }

  /** Appends to `packets`. @returns bytes of whole packets */
  private decode(held: Uint8Array, packets: Packet[]): number {
    const memory = shared()
    memory.reserve(held.length)
    const input = memory.input()
    memory.u8.set(held, input)
    const { call } = memory
    let at = 0
    while (at < held.length) {
      const start = input + at
      const length = held.length - at
      const count = call.decode(start, length, this.level, this.sender, this.packetSizeMax)
      const end = RECORDS_START + count * RECORD_SIZE
      for (let record = RECORDS_START; record < end; record += RECORD_SIZE) {
        if (memory.word(record + RECORD_ERROR) < 0) this.fail(memory, record, input, packets)
        else packets.push(readPacket(memory, record, held, input))
      }
      at += memory.word(REGISTER_CONSUMED)
      if (count === 0 || this.error !== undefined) break
      // A CONNECT ends its batch, so it is the last record, and its block is still there.
      if (memory.word(end - RECORD_SIZE + RECORD_HEAD) >> 4 === CONNECT) {
        this.level = memory.word(CONNECT_START + CONNECT_LEVEL)
      }
    }
    this.needed = memory.word(REGISTER_NEEDED)
    return at
  }

  private fail(memory: Memory, record: number, input: number, packets: Packet[]): void {
    const position = this.before + memory.word(record + RECORD_POSITION) - input
    const head = memory.word(record + RECORD_HEAD)
    const reason = memory.word(record + RECORD_REASON)
    this.error = new DecodeError(
      memory.word(record + RECORD_ERROR),
      reason,
      head,
      position,
      packets,
    )
    this.parts = []
    this.waiting = 0
  }
}
