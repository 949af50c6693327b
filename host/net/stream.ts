// The Transport of a connection over any duplex stream that is handed to the library: a socket of
// somebody else's server, a WebSocket's stream, one end of a pair within the process. Such a stream
// may pass on what is written by reference, so that is copied; and it may tell things in the middle
// of a call to the broker, so everything it tells waits for the next tick.

import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { Origin } from '../broker/access.ts'
import { joinAddress } from './addresses.ts'
import { LINGER_MS, Linger } from './linger.ts'
import { plainOrigin, secureOrigin } from './origin.ts'
import type { Accept, Transport, TransportHandler } from './transport.ts'

const linger = new Linger(LINGER_MS)

export class StreamTransport implements Transport {
  readonly scheme: string = 'stream'
  readonly remoteAddress: string
  readonly #stream: Duplex
  #handler: TransportHandler | undefined
  #state: 'open' | 'closing' | 'closed'
  #paused: boolean
  /** Read and not handed on yet. */
  readonly #chunks: Buffer[] = []
  /** Some `write` answered false and `onDrained` has not been called since. */
  #draining: boolean

  /** @returns false when `accept` does not want it; then it is destroyed */
  static accept(stream: Duplex, accept: Accept): boolean {
    const transport = new StreamTransport(stream)
    transport.#handler = accept(transport)
    if (transport.#handler === undefined) transport.destroy()
    else transport.#read()
    return transport.#handler !== undefined
  }

  private constructor(stream: Duplex) {
    this.remoteAddress = addressOf(stream)
    this.#stream = stream
    this.#handler = undefined
    this.#state = 'open'
    this.#paused = false
    this.#draining = false
    stream.on('end', () => process.nextTick(() => this.end()))
    stream.on('error', ignore)
    stream.on('drain', () => process.nextTick(() => this.#onDrain()))
    stream.on('close', () => process.nextTick(() => this.#onClose()))
  }

  get origin(): Origin {
    const { remoteAddress, scheme } = this
    const stream = this.#stream
    return stream instanceof TLSSocket
      ? secureOrigin(scheme, remoteAddress, stream, undefined)
      : plainOrigin(scheme, remoteAddress)
  }

  write(bytes: Buffer): boolean {
    if (this.#state !== 'open') return true
    if (this.#stream.write(Buffer.from(bytes))) return true
    this.#draining = true
    return false
  }

  pending(): number {
    return this.#stream.writableLength
  }

  pause(): void {
    this.#paused = true
    if (this.#state === 'open') this.#stream.pause()
  }

  resume(): void {
    this.#paused = false
    if (this.#chunks.length > 0) process.nextTick(this.#onData)
    this.#stream.resume()
  }

  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    linger.add(this)
    const stream = this.#stream
    stream.resume()
    // A socket closes when the peer has heard all and ends too, or when it has lingered; the other
    // end of anything else may never say that it does.
    if ('remoteAddress' in stream) stream.end()
    else stream.end(() => stream.destroy())
  }

  destroy(): void {
    if (this.#state === 'open') this.#state = 'closing'
    this.#stream.destroy()
  }

  #read(): void {
    const stream = this.#stream
    stream.on('data', (chunk: Buffer | string) => this.#queue(chunk))
    if (this.#paused) stream.pause()
    // It was over before it was handed to us, and will not say so again.
    if (stream.destroyed) setImmediate(() => this.#onClose())
    else if (stream.readableEnded) this.end()
  }

  #queue(chunk: Buffer | string): void {
    this.#chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
    if (this.#chunks.length === 1) process.nextTick(this.#onData)
  }

  readonly #onData = (): void => {
    while (this.#chunks.length > 0 && !this.#paused) {
      const chunk = this.#chunks.shift() as Buffer
      if (this.#state !== 'open' || this.#handler === undefined) continue
      if (!this.#handler.onBytes(chunk, chunk.length)) this.pause()
    }
  }

  #onDrain(): void {
    if (!this.#draining || this.#state !== 'open') return
    this.#draining = false
    this.#handler?.onDrained()
  }

  #onClose(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    linger.remove(this)
    this.#handler?.onClosed()
  }
}

function addressOf(stream: Duplex): string {
  const { remoteAddress, remotePort } = stream as { remoteAddress?: string; remotePort?: number }
  return remoteAddress === undefined ? '' : joinAddress(remoteAddress, remotePort ?? 0)
}

/** An error is always followed by 'close', which is what is acted upon. */
function ignore(): void {}
