// wasmqtt.wasm for any JavaScript runtime: bytes to packets, packets to bytes, topics to
// subscribers. It needs packet.ts, codes.ts, layout.ts, WebAssembly, TextEncoder and
// crypto. One instance a thread. What it returns are copies, strings as UTF-8 bytes.

import { CONNECT, ERROR_ARGUMENT, ERROR_NO_MEMORY } from '../../../assembly/codes.ts'
import * as at from '../../../assembly/layout.ts'
import { BLOCK, type Connect, type Packet, type Property, RECORD, type Table } from './packet.ts'

// Properties that are strings, binary data or pairs.
const TEXTS: readonly number[] = [0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1a, 0x1c, 0x1f, 0x26]

type Part = readonly [pair: number, bytes: Uint8Array]

/** `code` is an ERROR_ code; `reason` and `position` (in the packet) are those of a bad packet. */
export class WasmqttError extends Error {
  readonly code: number
  readonly reason: number
  readonly position: number

  constructor(code: number, reason: number = 0, position: number = 0) {
    super(`wasmqtt: error ${code}`)
    this.code = code
    this.reason = reason
    this.position = position
  }
}

export class Wasmqtt {
  readonly call: Record<string, (...values: number[]) => number>
  private readonly memory: WebAssembly.Memory
  private octets: Uint8Array = new Uint8Array(0)
  private view: DataView = new DataView(new ArrayBuffer(0))

  constructor(module: WebAssembly.Module) {
    const { exports } = new WebAssembly.Instance(module)
    this.memory = exports.memory as WebAssembly.Memory
    this.call = exports as typeof this.call
    const version = this.call.abi_version()
    if (version !== at.ABI_VERSION) throw new RangeError(`ABI version ${version}`)
    this.call.initialize(crypto.getRandomValues(new Int32Array(1))[0])
  }

  /** The memory; growth leaves the old view empty. */
  get bytes(): Uint8Array {
    if (this.octets.length === 0) {
      this.octets = new Uint8Array(this.memory.buffer)
      this.view = new DataView(this.memory.buffer)
    }
    return this.octets
  }

  word(address: number): number {
    return this.bytes && this.view.getInt32(address, true)
  }

  setWord(address: number, value: number): void {
    if (this.bytes) this.view.setInt32(address, value, true)
  }

  /** A copy of the bytes that the two words at `pair` point to. */
  range(pair: number): Uint8Array {
    const start = this.word(pair)
    return this.bytes.slice(start, start + this.word(pair + 4))
  }

  /** Puts a text where the exports find it; returns its length. */
  put(text: string | Uint8Array): number {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
    if (bytes.length > at.SCRATCH_SIZE) throw new WasmqttError(ERROR_ARGUMENT)
    this.bytes.set(bytes, at.SCRATCH_START)
    return bytes.length
  }

  /** A record as a packet. */
  read(record: number): Packet {
    const expiryAt = this.word(record + at.RECORD_EXPIRY)
    const expiry = expiryAt === 0 ? 0 : this.view.getUint32(expiryAt)
    const isConnect = this.word(record + at.RECORD_HEAD) >> 4 === CONNECT
    const connect = isConnect ? (this.readFields(at.CONNECT_START, BLOCK) as Connect) : null
    return { ...this.readFields(record, RECORD), expiry, connect } as Packet
  }

  private readFields(start: number, { words, bytes }: Table): object {
    const fields: Record<string, number | Uint8Array> = {}
    for (const name in words) fields[name] = this.word(start + words[name])
    for (const name in bytes) fields[name] = this.range(start + bytes[name])
    return fields
  }

  /** The properties of a packet, one by one: integers as `value`, pairs as `bytes` and `second`. */
  properties(bytes: Uint8Array): Property[] {
    const list: Property[] = []
    const end = at.SCRATCH_START + this.put(bytes)
    for (let next = at.SCRATCH_START; next < end; next = this.word(at.REGISTER_PROPERTIES_NEXT)) {
      const count = this.call.properties(next, end - next)
      if (count < 0) throw new WasmqttError(count)
      for (let i = 0; i < count; i++) {
        const entry = at.PROPERTIES_START + i * at.PROPERTY_SIZE
        const id = this.word(entry)
        const isText = TEXTS.includes(id)
        const value = isText ? 0 : this.word(entry + at.PROPERTY_VALUE) >>> 0
        const text = isText ? this.range(entry + at.PROPERTY_VALUE) : new Uint8Array(0)
        list.push({ id, value, bytes: text, second: this.range(entry + at.PROPERTY_SECOND_START) })
      }
    }
    return list
  }

  /** The bytes of a packet; `count`, `alias` and `expiry` are what its other fields say. */
  encode(packet: Packet, version: number): Uint8Array {
    const parts = this.setFields(at.RECORD_OWN, RECORD, packet)
    if (packet.connect) parts.push(...this.setFields(at.CONNECT_START, BLOCK, packet.connect))
    const room = parts.reduce((sum, [, bytes]) => sum + bytes.length, 64) // 64: all other fields
    const block = this.call.allocate(room * 2)
    if (block === 0) throw new WasmqttError(ERROR_NO_MEMORY)
    let target = block
    for (const [pair, bytes] of parts) {
      this.bytes.set(bytes, target)
      this.setWord(pair, bytes.length === 0 ? 0 : target)
      this.setWord(pair + 4, bytes.length)
      target += bytes.length
    }
    const length = this.call.encode(at.RECORD_OWN, version, target, room)
    const encoded = this.bytes.slice(target, target + length)
    this.call.free(block)
    if (length < 0) throw new WasmqttError(length)
    return encoded
  }

  /** Writes the integers; returns where addresses and lengths of the bytes go. */
  private setFields<T extends object>(start: number, { words, bytes }: Table, fields: T): Part[] {
    const value = fields as Record<string, unknown>
    for (const name in words) this.setWord(start + words[name], value[name] as number)
    return Object.entries(bytes).map(([name, pair]) => [start + pair, value[name] as Uint8Array])
  }
}

/** The bytes of one connection to packets: push what arrives, in whatever pieces. */
export class Decoder {
  /** Why the connection must be closed; after that `push` gives nothing. */
  error: WasmqttError | null = null
  private readonly module: Wasmqtt
  private readonly limits: readonly [sender: number, packetSizeMax: number]
  private version: number
  private tail: Uint8Array = new Uint8Array(0)

  /** `version` is 0 until CONNECT tells it; `packetSizeMax` 0 is none. */
  constructor(module: Wasmqtt, version: number, sender: number, packetSizeMax: number = 0) {
    this.module = module
    this.version = version
    this.limits = [sender, packetSizeMax]
  }

  push(chunk: Uint8Array): Packet[] {
    const { module, tail } = this
    const packets: Packet[] = []
    const input = module.call.reserve(tail.length + chunk.length)
    if (input === 0) throw new WasmqttError(ERROR_NO_MEMORY)
    module.bytes.set(tail, input)
    module.bytes.set(chunk, input + tail.length)
    const end = input + tail.length + chunk.length
    let start = input
    for (let consumed = 1; !this.error && consumed > 0; start += consumed) {
      const count = module.call.decode(start, end - start, this.version, ...this.limits)
      consumed = module.word(at.REGISTER_CONSUMED)
      for (let i = 0; i < count; i++) this.take(at.RECORDS_START + i * at.RECORD_SIZE, packets)
    }
    this.tail = module.bytes.slice(start, end)
    return packets
  }

  private take(record: number, packets: Packet[]): void {
    const word = (offset: number) => this.module.word(record + offset)
    const code = word(at.RECORD_ERROR)
    if (code !== 0) {
      const position = word(at.RECORD_POSITION) - word(at.RECORD_START)
      this.error = new WasmqttError(code, word(at.RECORD_REASON), position)
      return
    }
    const packet = this.module.read(record)
    if (packet.connect) this.version = packet.connect.level
    packets.push(packet)
  }
}
