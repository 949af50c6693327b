// The Transport of a connection over TLS, read by 'data' events or, where Node can, into a static
// buffer. OpenSSL has to hold what it encrypts until the kernel takes it, and Node says so only
// later: small writes are copied and let the caller go on, large ones keep the caller's memory.
// States and lingering are those of tcp.ts. Called by tcp.ts; knows nothing of MQTT.

import type { TLSSocket } from 'node:tls'
import type { Origin } from '../broker/access.ts'
import type { Linger } from './linger.ts'
import { type Claims, secureOrigin } from './origin.ts'
import type { Accept, Transport, TransportHandler } from './transport.ts'

/** Most bytes that may wait in copies before a write blocks. */
export const COPIED_BYTES_MAX: number = 16 * 1024

/** What a socket that has passed the gates brings with it; they destroy it when it fails. */
export interface Secured {
  socket: TLSSocket
  remoteAddress: string
  pskIdentity: string | undefined
  claims: Claims | undefined
}

export class TlsTransport implements Transport {
  readonly scheme: string
  readonly remoteAddress: string
  readonly #linger: Linger
  readonly #socket: TLSSocket
  readonly #pskIdentity: string | undefined
  readonly #claims: Claims | undefined
  #handler: TransportHandler | undefined
  #state: 'open' | 'closing' | 'closed'
  #paused: boolean
  /** Some `write` answered false and `onDrained` has not been called since. */
  #draining: boolean

  static accept(secured: Secured, scheme: string, linger: Linger, accept: Accept): void {
    const transport = new TlsTransport(secured, scheme, linger)
    transport.#handler = accept(transport)
    if (transport.#handler === undefined) transport.destroy()
    else transport.#read()
  }

  private constructor(secured: Secured, scheme: string, linger: Linger) {
    const { socket } = secured
    this.scheme = scheme
    this.remoteAddress = secured.remoteAddress
    this.#linger = linger
    this.#socket = socket
    this.#pskIdentity = secured.pskIdentity
    this.#claims = secured.claims
    this.#handler = undefined
    this.#state = 'open'
    this.#paused = false
    this.#draining = false
    socket.on('end', () => this.end())
    socket.on('close', () => this.#onClose())
  }

  get origin(): Origin {
    const { scheme, remoteAddress } = this
    return secureOrigin(scheme, remoteAddress, this.#socket, this.#pskIdentity, this.#claims)
  }

  write(bytes: Buffer): boolean {
    if (this.#state !== 'open') return true
    const socket = this.#socket
    if (!this.#draining && socket.writableLength + bytes.length <= COPIED_BYTES_MAX) {
      socket.write(Buffer.from(bytes))
      return true
    }
    this.#draining = true
    socket.write(bytes, this.#onWritten)
    return false
  }

  pending(): number {
    return this.#socket.writableLength
  }

  pause(): void {
    this.#paused = true
    if (this.#state === 'open') this.#socket.pause()
  }

  resume(): void {
    this.#paused = false
    this.#socket.resume()
  }

  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#linger.add(this)
    this.#socket.resume()
    this.#socket.end()
  }

  destroy(): void {
    if (this.#state === 'open') this.#state = 'closing'
    this.#socket.destroy()
  }

  #read(): void {
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    if (this.#paused) this.#socket.pause()
  }

  #onData(chunk: Buffer): void {
    if (this.#state !== 'open' || this.#handler === undefined) return
    if (!this.#handler.onBytes(chunk, chunk.length)) this.pause()
  }

  readonly #onWritten = (error?: Error | null): void => {
    if (error || this.#socket.destroyed) return // then Node calls back without an error, too
    // While more waits, the callback of that write is still to come.
    if (!this.#draining || this.#state !== 'open' || this.#socket.writableLength > 0) return
    this.#draining = false
    this.#handler?.onDrained()
  }

  #onClose(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#linger.remove(this)
    this.#handler?.onClosed()
  }
}
