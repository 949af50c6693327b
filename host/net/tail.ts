// The incomplete packet at the end of what a socket has sent so far. Kept outside the module, in
// one buffer that grows with the bytes that really came, never with the length a peer announces;
// put in front of the next bytes only when the packet can be whole.

import type { Module } from '../wasm/instance.ts'

const MIN_SIZE = 256

export class Tail {
  private buffer: Buffer | undefined = undefined
  private length = 0
  /** Length of the whole packet, 0 = its fixed header is not complete. */
  private needed = 0

  /**
   * Puts kept and new bytes into the input region.
   * @returns how many bytes stand there to be decoded; 0 while the packet cannot be whole yet
   */
  place(module: Module, chunk: Buffer, length: number): number {
    if (this.length === 0) {
      module.reserve(length)
      chunk.copy(module.bytes, module.input(), 0, length)
      return length
    }
    const total = this.length + length
    if (total < this.needed) {
      this.append(chunk, length)
      return 0
    }
    module.reserve(total)
    const input = module.input()
    const kept = this.buffer as Buffer
    kept.copy(module.bytes, input, 0, this.length)
    chunk.copy(module.bytes, input + this.length, 0, length)
    this.clear()
    return total
  }

  /** Keeps `length` bytes of the module's memory, the beginning of a packet of `needed` bytes. */
  keep(module: Module, start: number, length: number, needed: number): void {
    this.needed = needed
    if (length > 0) this.append(module.bytes.subarray(start, start + length), length)
  }

  clear(): void {
    this.buffer = undefined
    this.length = 0
    this.needed = 0
  }

  private append(bytes: Buffer, length: number): void {
    const total = this.length + length
    if (this.buffer === undefined || this.buffer.length < total) {
      const larger = Buffer.allocUnsafe(Math.max(total, Math.min(total * 2, this.needed), MIN_SIZE))
      this.buffer?.copy(larger, 0, 0, this.length)
      this.buffer = larger
    }
    bytes.copy(this.buffer, this.length, 0, length)
    this.length = total
  }
}
