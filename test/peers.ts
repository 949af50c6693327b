// Stand-ins for connections in the tests of transports: handlers that keep what they are told, and
// whose events can be awaited.

import * as assert from 'uvu/assert'
import type { Accept, Transport, TransportHandler } from '../host/net/transport.ts'

/** A handler that keeps what it is told; a test overrides what it needs. */
export class Peer implements TransportHandler {
  readonly transport: Transport
  readonly chunks: Buffer[] = []
  drained = 0
  closed = 0
  onChunk: (chunk: Buffer) => boolean = () => true
  readonly whenClosed: Promise<void>
  #resolveClosed!: () => void
  #wake: () => void = () => {}

  constructor(transport: Transport) {
    this.transport = transport
    this.whenClosed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  onBytes(buffer: Buffer, length: number): boolean {
    assert.is(this.closed, 0, 'bytes after the close')
    const chunk = Buffer.from(buffer.subarray(0, length))
    this.chunks.push(chunk)
    const answer = this.onChunk(chunk)
    this.#wake()
    return answer
  }

  onDrained(): void {
    assert.is(this.closed, 0, 'drained after the close')
    this.drained += 1
    this.#wake()
  }

  onClosed(): void {
    this.closed += 1
    this.#resolveClosed()
    this.#wake()
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

/** Accepts every connection, and hands the handlers out in the order of their arrival. */
export class Peers {
  readonly #accepted: Peer[] = []
  #wake: () => void = () => {}

  readonly accept: Accept = (transport) => {
    const peer = new Peer(transport)
    this.#accepted.push(peer)
    this.#wake()
    return peer
  }

  async next(): Promise<Peer> {
    while (this.#accepted.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#accepted.shift() as Peer
  }
}

/** Bytes that show a loss, a repetition or a change of order. */
export function pattern(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let i = 0; i + 4 <= length; i += 4) bytes.writeUInt32LE(i, i)
  return bytes
}

/** Stays blocked until the client reads: far above what both kernel buffers hold. */
export const MUCH: number = 32 * 1024 * 1024
