// MQTT over TCP, unix sockets and TLS: a listener, and the Transport of each plain socket it
// accepts (tlsTransport.ts has the other one). Every socket reads into one static buffer
// (adopted.ts); where that is not possible, by 'data' events. Called by open.ts; knows nothing of
// MQTT.
//
//   open --end(), destroy(), the peer's FIN--> closing --both FINs, an error, the linger--> closed
//
// While closing, bytes that arrive are read and thrown away: closing a socket with unread bytes
// makes the kernel send a reset, and the reset can overtake our last packet.

import { createServer, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Origin } from '../broker/access.ts'
import { adopt } from './adopted.ts'
import { addressOf, type GateOptions, Gates, type Passed } from './gates.ts'
import { LINGER_MS, Linger } from './linger.ts'
import { type ListenOptions, listenOn } from './listen.ts'
import { type Claims, plainOrigin } from './origin.ts'
import { TlsTransport } from './tlsTransport.ts'
import type { Accept, Listener, Transport, TransportHandler } from './transport.ts'

export interface TcpOptions extends ListenOptions {
  /** What is to be passed before MQTT: TLS, a proxy's header. */
  gates?: GateOptions | undefined
  /** Default true. */
  noDelay?: boolean | undefined
  /** How sockets are read: into the static buffer where Node can (default), or by 'data' events. */
  reading?: 'adopted' | 'events'
  /** Most milliseconds `end` may take; default 2000. */
  lingerMs?: number
}

const READ_BYTES = 64 * 1024
/** Where every adopted socket reads: filled and used up before the next socket has its turn. */
const READ_BUFFER: Buffer = Buffer.allocUnsafeSlow(READ_BYTES)

/** Listens; each connection accepted is handed to `accept`. Rejects when it cannot listen. */
export async function listenTcp(options: TcpOptions, accept: Accept): Promise<Listener> {
  const { gates: gateOptions, noDelay = true, socket: path } = options
  const scheme = schemeOf(options)
  const linger = new Linger(options.lingerMs ?? LINGER_MS)
  const adopting = options.reading !== 'events'
  const unixName = path === undefined ? undefined : `unix:${path}`
  const shared: Shared = { scheme, linger, adopting }
  const gates =
    gateOptions &&
    new Gates(gateOptions, { alpn: ['mqtt'], unixName }, (passed) => {
      acceptPassed(passed, shared, accept)
    })
  const server = createServer(
    { pauseOnConnect: adopting && !gates, allowHalfOpen: true, noDelay },
    (socket) => {
      if (gates) gates.take(socket)
      else TcpTransport.accept(socket, addressOf(socket, unixName), undefined, shared, accept)
    },
  )
  return listenOn(server, options, scheme, '', gates)
}

function schemeOf({ gates, socket }: TcpOptions): string {
  if (gates?.tls !== undefined) return 'mqtts'
  return socket === undefined ? 'mqtt' : 'unix'
}

function acceptPassed(passed: Passed, shared: Shared, accept: Accept): void {
  const { scheme, linger } = shared
  const { isSecure, socket, remoteAddress } = passed
  if (isSecure) {
    TlsTransport.accept({ ...passed, socket: socket as TLSSocket }, scheme, linger, accept)
  } else TcpTransport.accept(socket, remoteAddress, passed, shared, accept)
}

interface Shared {
  scheme: string
  linger: Linger
  adopting: boolean
}

class TcpTransport implements Transport {
  readonly scheme: string
  readonly remoteAddress: string
  readonly #claims: Claims | undefined
  readonly #linger: Linger
  readonly #socket: Socket
  readonly #isAdopted: boolean
  #handler: TransportHandler | undefined
  #state: 'open' | 'closing' | 'closed'
  #paused: boolean
  /** Some `write` answered false and `onDrained` has not been called since. */
  #draining: boolean
  /** Writes begun and not finished, and their bytes. */
  #writes: number
  #unsent: number

  static accept(
    socket: Socket,
    remoteAddress: string | undefined,
    passed: Passed | undefined,
    shared: Shared,
    accept: Accept,
  ): void {
    // A peer that has already reset the connection has no address any more.
    if (remoteAddress === undefined) {
      socket.on('error', ignore).destroy()
      return
    }
    const transport = new TcpTransport(socket, remoteAddress, passed, shared)
    transport.#handler = accept(transport)
    if (transport.#handler === undefined) transport.destroy()
    else if (passed) transport.#begin(passed.rest)
  }

  private constructor(
    accepted: Socket,
    remoteAddress: string,
    passed: Passed | undefined,
    shared: Shared,
  ) {
    this.scheme = shared.scheme
    this.remoteAddress = remoteAddress
    this.#claims = passed?.claims
    this.#linger = shared.linger
    const adopted = shared.adopting
      ? adopt(accepted, READ_BUFFER, (length) => this.#onRead(READ_BUFFER, length))
      : undefined
    this.#socket = adopted ?? accepted
    this.#isAdopted = adopted !== undefined
    this.#handler = undefined
    this.#state = 'open'
    this.#paused = false
    this.#draining = false
    this.#writes = 0
    this.#unsent = 0
    this.#socket.on('end', () => this.end())
    this.#socket.on('error', ignore)
    this.#socket.on('close', () => this.#onClose())
    if (!this.#isAdopted && !passed) this.#readByEvents()
  }

  /** What had been read before comes first. */
  #begin(rest: Buffer | undefined): void {
    if (!this.#isAdopted) {
      if (rest) this.#socket.unshift(rest)
      this.#readByEvents()
      this.#socket.resume()
    } else if (rest && !this.#onRead(rest, rest.length)) this.#socket.pause()
  }

  get origin(): Origin {
    return plainOrigin(this.scheme, this.remoteAddress, this.#claims)
  }

  /**
   * By the stream's own `_write`, whose callback comes before it returns when the kernel took all
   * bytes at once: the bookkeeping of `write` would cost as much user time as all of MQTT.
   */
  write(bytes: Buffer): boolean {
    if (this.#state !== 'open') return true
    this.#writes++
    this.#unsent += bytes.length
    this.#socket._write(bytes, 'buffer' as BufferEncoding, this.#onWritten)
    this.#draining = this.#writes > 0
    return !this.#draining
  }

  /** An upper bound: a write taken in part counts in full. */
  pending(): number {
    return this.#unsent
  }

  pause(): void {
    this.#paused = true
    if (this.#state === 'open') this.#socket.pause()
  }

  resume(): void {
    this.#paused = false
    this.#startReading()
  }

  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#linger.add(this)
    this.#startReading()
    this.#socket.end()
  }

  destroy(): void {
    if (this.#state === 'open') this.#state = 'closing'
    this.#socket.destroy()
  }

  /** Adopted sockets are never `resume`d: that reads on in the next tick whatever came between. */
  #startReading(): void {
    if (this.#isAdopted) this.#socket.read(0)
    else this.#socket.resume()
  }

  #readByEvents(): void {
    this.#socket.on('data', (chunk) => {
      if (!this.#onRead(chunk as Buffer, chunk.length)) this.#socket.pause()
    })
    if (this.#socket.isPaused()) this.#socket.resume()
  }

  /** @returns false to stop reading */
  #onRead(buffer: Buffer, length: number): boolean {
    if (this.#state !== 'open' || this.#handler === undefined) return true
    if (!this.#handler.onBytes(buffer, length)) this.#paused = true
    if (this.#paused) return this.#state !== 'open'
    if (length < READ_BYTES) return true
    // libuv would read on up to 32 times as long as the buffer comes back full: the others, and the
    // flush of this turn, come first.
    setImmediate(TcpTransport.#readOn, this)
    return false
  }

  static #readOn(transport: TcpTransport): void {
    if (!transport.#paused && transport.#state === 'open') transport.#startReading()
  }

  readonly #onWritten = (error?: Error | null): void => {
    if (error) this.#socket.destroy()
    if (this.#socket.destroyed) return // then Node calls back without an error, too
    this.#writes--
    if (this.#writes > 0) return
    this.#unsent = 0
    if (!this.#draining) return
    this.#draining = false
    if (this.#state === 'open') this.#handler?.onDrained()
  }

  #onClose(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#linger.remove(this)
    this.#handler?.onClosed()
  }
}

/** An error is always followed by 'close', which is what is acted upon. */
function ignore(): void {}
