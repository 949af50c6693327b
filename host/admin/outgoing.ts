// The bytes sent to one traced client, cut into packets again: writes end anywhere. Keeps what is
// incomplete until the rest comes. Used by trace.ts.

import type { Traced } from '../broker/trace.ts'
import type { Codec } from '../wasm/codec.ts'
import { Records } from '../wasm/records.ts'

export class Outgoing {
  private pieces: Buffer[] = []
  private length = 0
  /** Bytes of the incomplete packet, as far as known. */
  private needed = 0
  /** Whether the bytes are not understood: until a write that ends with a packet. */
  private isLost = false

  /** @param onPacket called with the record of each whole packet */
  take(codec: Codec, bytes: Buffer, peer: Traced, onPacket: (record: number) => void): void {
    const isBoundary = (peer.outbox?.pending ?? 0) === 0
    if (this.isLost) {
      this.isLost = !isBoundary
      return
    }
    this.pieces.push(Buffer.from(bytes))
    this.length += bytes.length
    if (this.length < this.needed) return
    const whole = this.pieces.length === 1 ? (this.pieces[0] as Buffer) : Buffer.concat(this.pieces)
    const left = this.decode(codec, whole, peer.version, onPacket)
    if (this.isLost) this.isLost = !isBoundary
    this.pieces = left.length === 0 ? [] : [Buffer.from(left)]
    this.length = left.length
  }

  /** @returns what is incomplete */
  private decode(
    codec: Codec,
    bytes: Buffer,
    version: number,
    onPacket: (record: number) => void,
  ): Buffer {
    const { module } = codec
    this.needed = 0
    let at = 0
    while (at < bytes.length) {
      module.reserve(bytes.length - at)
      module.bytes.set(bytes.subarray(at), module.input())
      const count = codec.decodeServer(module.input(), bytes.length - at, version)
      const consumed = codec.consumed()
      this.needed = codec.needed()
      for (let i = 0; i < count; i++) {
        const record = Records.first + i * Records.size
        onPacket(record)
        if (Records.error(module, record) === 0) continue
        this.isLost = true // the trace began inside a packet
        return bytes.subarray(bytes.length)
      }
      if (consumed === 0) break
      at += consumed
    }
    return bytes.subarray(at)
  }
}
