// The module's exports and its memory, wherever there is WebAssembly and nothing else: Node,
// browsers, other runtimes. Owns the views; knows no Node API. Strings go in and out as UTF-8.
// instance.ts adds what Node has on top of it.

import {
  ABI_VERSION,
  REGISTER_ALLOCATED,
  REGISTER_CLOCK,
  REGISTER_HELD,
  REGISTER_INPUT,
  REGISTER_INPUT_SIZE,
  REGISTER_WALKED,
} from '../../assembly/layout.ts'
import { readText } from './text.ts'

/** The exports as assembly/index.ts lists them; all integers are 32-bit. */
export interface Exports {
  memory: WebAssembly.Memory
  abi_version(): number
  initialize(seed: number): void
  allocate(bytes: number): number
  free(address: number): void
  reserve(bytes: number): number
  check_text(start: number, length: number): number
  decode(
    start: number,
    length: number,
    version: number,
    sender: number,
    packetSizeMax: number,
  ): number
  properties(start: number, length: number): number
  encode_properties(count: number, target: number, capacity: number): number
  encode(record: number, version: number, target: number, capacity: number): number
  check_topic(start: number, length: number): number
  check_filter(start: number, length: number): number
  trie_create(): number
  trie_count(root: number): number
  insert(
    root: number,
    start: number,
    length: number,
    subscriber: number,
    options: number,
    identifier: number,
  ): number
  remove(root: number, start: number, length: number, subscriber: number): number
  match(root: number, start: number, length: number, publisher: number): number
  search(root: number, start: number, length: number): number
  set_online(subscriber: number, online: number): number
  stage(record: number, version: number): number
  hold(message: number, row: number): number
  drop(message: number): void
  open_outbox(version: number, packetMax: number, aliasMax: number): number
  close_outbox(outbox: number): void
  add_pages(count: number): number
  append(outbox: number, start: number, length: number): number
  append_ack(outbox: number, head: number, packetId: number, reason: number): number
  deliver(outbox: number, message: number, flags: number, packetId: number, row: number): number
  drain(outbox: number): number
}

/** The module's memory cannot grow any more: whoever asked for it is refused. */
export class MemoryError extends Error {
  readonly code = 'WASMQTT_NO_MEMORY'
  override readonly name = 'MemoryError'
}

const encoder = new TextEncoder()
const ASCII_TRIED_MAX = 64

/** One instance of the module with its views. Not shared between threads. */
export class Memory {
  /** A copy of the exports with its own shape: calls through it stay monomorphic. */
  readonly call: Exports
  u8: Uint8Array
  i32: Int32Array

  constructor(exports: Exports) {
    const version = exports.abi_version()
    if (version !== ABI_VERSION) {
      throw new RangeError(
        `wasmqtt.wasm has ABI version ${version}, this host needs ${ABI_VERSION}`,
      )
    }
    this.call = { ...exports }
    const [seed] = globalThis.crypto.getRandomValues(new Int32Array(1))
    exports.initialize(seed as number)
    this.u8 = new Uint8Array(0)
    this.i32 = new Int32Array(0)
    this.renew()
  }

  /** To be called after everything that may grow memory: growth detaches the views. */
  renew(): void {
    if (this.u8.length !== 0) return
    const buffer = this.call.memory.buffer
    this.u8 = new Uint8Array(buffer)
    this.i32 = new Int32Array(buffer)
  }

  /** The word at `address`. */
  word(address: number): number {
    return this.i32[address >> 2] as number
  }

  setWord(address: number, value: number): void {
    this.i32[address >> 2] = value
  }

  /** Seconds since the epoch, by which messages expire. */
  setClock(seconds: number): void {
    this.setWord(REGISTER_CLOCK, seconds | 0)
  }

  /** Address of the input region. */
  input(): number {
    return this.word(REGISTER_INPUT)
  }

  /** Tells shared groups whether a subscriber can take messages now. */
  setOnline(subscriber: number, online: boolean): void {
    const error = this.call.set_online(subscriber, online ? 1 : 0)
    this.renew()
    if (error !== 0) throw new MemoryError('no memory for a subscriber')
  }

  /** Messages held now, for leak checks and statistics. */
  held(): number {
    return this.word(REGISTER_HELD)
  }

  /** Makes the input region hold `bytes`; what it held is gone. */
  reserve(bytes: number): void {
    if (bytes <= this.word(REGISTER_INPUT_SIZE)) return
    const input = this.call.reserve(bytes)
    this.renew()
    if (input === 0) throw new MemoryError(`no memory for ${bytes} bytes of input`)
  }

  /** Nodes of the tries visited since the last `resetWalked`: a measure of time spent. */
  walked(): number {
    return this.word(REGISTER_WALKED)
  }

  resetWalked(): void {
    this.setWord(REGISTER_WALKED, 0)
  }

  /** Bytes of the module's memory in use. */
  allocated(): number {
    return this.word(REGISTER_ALLOCATED)
  }

  /** A block of memory. @throws MemoryError when none is left */
  allocate(bytes: number): number {
    const address = this.call.allocate(bytes)
    if (address === 0) throw new MemoryError(`no memory for ${bytes} bytes`)
    this.renew()
    return address
  }

  text(start: number, length: number): string {
    return readText(this.u8, start, start + length)
  }

  /**
   * Puts a string into memory.
   * @returns its length in bytes, -1 when it does not fit `capacity`
   */
  write(text: string, address: number, capacity: number): number {
    const { u8 } = this
    const { length } = text
    let i = 0
    if (length <= ASCII_TRIED_MAX && length <= capacity) {
      for (; i < length; i++) {
        const code = text.charCodeAt(i)
        if (code >= 0x80) break
        u8[address + i] = code
      }
      if (i === length) return length
    }
    const { read, written } = encoder.encodeInto(text, u8.subarray(address, address + capacity))
    return read === length ? written : -1
  }

  /** A copy of a piece of memory. */
  copy(start: number, length: number): Uint8Array {
    return this.u8.slice(start, start + length)
  }
}
