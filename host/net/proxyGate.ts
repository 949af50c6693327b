// The gate of a listener behind a proxy: reads the PROXY protocol header of each accepted socket,
// and nothing behind it, and refuses what has none. Called by gates.ts.

import type { Socket } from 'node:net'
import type { Log } from '../config/options.ts'
import { Linger } from './linger.ts'
import type { Claims } from './origin.ts'
import { ProxyError, type ProxyHeader, type ProxyVersion, parseHeader } from './proxyProtocol.ts'

export interface ProxyOptions {
  version: ProxyVersion
  /** Whether clients that did not reach the proxy over TLS are refused. */
  requiresTls: boolean
}

/** A socket whose header was read; `rest` came behind it. The socket is paused. */
export type OnAnnounced = (socket: Socket, claims: Claims, rest: Buffer | undefined) => void

export class ProxyGate {
  readonly options: ProxyOptions
  readonly onAnnounced: OnAnnounced
  /** Closes those whose header takes too long. */
  readonly waiting: Linger
  readonly #log: Log | undefined

  constructor(
    options: ProxyOptions,
    more: { timeoutMs: number; log: Log | undefined },
    onAnnounced: OnAnnounced,
  ) {
    this.options = options
    this.onAnnounced = onAnnounced
    this.waiting = new Linger(more.timeoutMs)
    this.#log = more.log
  }

  take(socket: Socket): void {
    new HeaderReader(this, socket).start()
  }

  refuse(socket: Socket, reason: string): void {
    this.#log?.('info', 'refused at the PROXY protocol', { address: socket.remoteAddress, reason })
    socket.destroy()
  }
}

/** One connection, until its header is there. */
class HeaderReader {
  readonly #gate: ProxyGate
  readonly #socket: Socket
  #bytes: Buffer | undefined

  constructor(gate: ProxyGate, socket: Socket) {
    this.#gate = gate
    this.#socket = socket
    this.#bytes = undefined
  }

  start(): void {
    const socket = this.#socket
    this.#gate.waiting.add(this)
    socket.on('error', ignore)
    socket.on('close', this.#onGone)
    socket.on('end', this.#onEnd)
    socket.on('data', this.#onData)
    socket.resume()
  }

  /** The time is over. */
  destroy(): void {
    this.#gate.refuse(this.#socket, 'no header in time')
  }

  readonly #onGone = (): void => {
    this.#gate.waiting.remove(this)
  }

  readonly #onEnd = (): void => {
    this.#gate.refuse(this.#socket, 'closed before its header')
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#socket.destroyed) return
    const bytes = this.#bytes === undefined ? chunk : Buffer.concat([this.#bytes, chunk])
    try {
      const header = parseHeader(bytes, this.#gate.options.version)
      if (header === undefined) this.#bytes = bytes
      else this.#finish(header, bytes)
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error
      this.#gate.refuse(this.#socket, error.message)
    }
  }

  #finish({ claims, length }: ProxyHeader, bytes: Buffer): void {
    if (this.#gate.options.requiresTls && !claims.isSecure) {
      throw new ProxyError('did not come over TLS')
    }
    const socket = this.#socket
    this.#gate.waiting.remove(this)
    socket.off('close', this.#onGone)
    socket.off('end', this.#onEnd)
    socket.off('data', this.#onData)
    socket.pause()
    this.#gate.onAnnounced(
      socket,
      claims,
      bytes.length > length ? bytes.subarray(length) : undefined,
    )
  }
}

function ignore(): void {}
