// MQTT over WebSocket: a listener, and the Transport of each client that upgraded. Framing,
// masking, pings and the closing handshake are the `ws` package's; here are MQTT's rules about them
// (section 6) and the Transport contract. Called by open.ts; knows nothing of packets.
//
//   open --end(), destroy(), a text frame--> closing --both closed, an error, the linger--> closed
//        --the peer's close frame or FIN, a bad frame: what had arrived is handed out ---> closed
//
// One read of the socket may hold many frames, and ws hands them all out even when it is paused in
// between: those are held here until `resume`. While closing, what arrives is thrown away.

import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import type { Origin } from '../broker/access.ts'
import { whenDrained } from './drain.ts'
import { Entrance } from './entrance.ts'
import type { GateOptions, Passed } from './gates.ts'
import { LINGER_MS, Linger } from './linger.ts'
import { type ListenOptions, listenOn } from './listen.ts'
import { type Claims, plainOrigin, secureOrigin } from './origin.ts'
import { COPIED_BYTES_MAX } from './tlsTransport.ts'
import type { Accept, Listener, Transport, TransportHandler } from './transport.ts'
import { chooseSubprotocol, matchesPath, normalOrigin, refusal } from './upgrade.ts'

export interface WebSocketOptions extends ListenOptions {
  /** Where clients are accepted; default `/mqtt`, `*` = everywhere. */
  path?: string | undefined
  /** Origins of web pages that are let in; left out: any. */
  origins?: readonly string[] | undefined
  /** Addresses and ranges whose `X-Forwarded-For` is believed. */
  trustedProxies?: readonly string[] | undefined
  /** What is to be passed before HTTP: TLS, a proxy's header. */
  gates?: GateOptions | undefined
  /** Default true. */
  noDelay?: boolean | undefined
  /** Most bytes of one frame or fragmented message, at least those of a packet; default 2 MiB. */
  frameBytesMax?: number
  /** Most milliseconds from the TCP connection to the whole request; default 10,000. */
  requestTimeoutMs?: number
  /** Most milliseconds `end` may take; default 2000. */
  lingerMs?: number
}

const FRAME_BYTES_MAX = 2 * 1024 * 1024
const REQUEST_TIMEOUT_MS = 10_000
const CLOSE_NORMAL = 1000
const CLOSE_UNSUPPORTED_DATA = 1003
/** ws knows this option since 8.19, its types do not. */
type UpgradeOptions = ServerOptions & { closeTimeout: number }

/** Listens; each client that upgrades is handed to `accept`. Rejects when it cannot listen. */
export async function listenWebSocket(
  options: WebSocketOptions,
  accept: Accept,
): Promise<Listener> {
  const { gates: gateOptions, noDelay = true, path = '/mqtt' } = options
  const scheme = gateOptions?.tls === undefined ? 'ws' : 'wss'
  const rules = { path, origins: options.origins && new Set(options.origins.map(normalOrigin)) }
  const lingerMs = options.lingerMs ?? LINGER_MS
  const requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
  const linger = new Linger(lingerMs)
  const upgradeOptions: UpgradeOptions = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: options.frameBytesMax ?? FRAME_BYTES_MAX,
    closeTimeout: lingerMs,
    handleProtocols: chooseSubprotocol,
  }
  const upgrader = new WebSocketServer(upgradeOptions)
  const server = createServer(
    {
      noDelay,
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.ceil(requestTimeoutMs / 4),
    },
    (request, response) => answerPlainRequest(request, response, path),
  )
  const entrance = new Entrance(server, options)
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const status = refusal(request, rules)
    if (status !== 0) return refuse(socket, status)
    const passed = entrance.passed(request, socket)
    upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      // A peer that has already reset the connection has no address any more; what it sent may
      // still be read, and be no frame.
      if (passed === undefined) webSocket.on('error', ignore).terminate()
      else WebSocketTransport.accept(webSocket, passed, scheme, linger, accept)
    })
  })
  return listenOn(server, options, scheme, path === '*' ? '/' : path, entrance.gates)
}

function answerPlainRequest(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): void {
  const status = matchesPath(request, path) ? 426 : 404
  if (status === 426) response.setHeader('Upgrade', 'websocket')
  response.setHeader('Content-Type', 'text/plain')
  response.writeHead(status).end(`${STATUS_CODES[status]}\n`)
}

function refuse(socket: Socket, status: number): void {
  socket.on('error', ignore)
  socket.once('finish', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  )
}

class WebSocketTransport implements Transport {
  readonly scheme: string
  readonly remoteAddress: string
  readonly #linger: Linger
  readonly #webSocket: WebSocket
  readonly #socket: Socket
  readonly #isSecure: boolean
  readonly #claims: Claims | undefined
  readonly #pskIdentity: string | undefined
  #handler: TransportHandler | undefined
  #state: 'open' | 'closing' | 'closed'
  #paused: boolean
  /** Frames that arrived while paused. */
  #held: Buffer[]
  /** Some `write` answered false and `onDrained` has not been called since. */
  #draining: boolean

  static accept(
    webSocket: WebSocket,
    passed: Passed,
    scheme: string,
    linger: Linger,
    accept: Accept,
  ): void {
    const transport = new WebSocketTransport(webSocket, passed, scheme, linger)
    transport.#handler = accept(transport)
    if (transport.#handler === undefined) transport.destroy()
  }

  private constructor(webSocket: WebSocket, passed: Passed, scheme: string, linger: Linger) {
    const { socket } = passed
    this.scheme = scheme
    this.remoteAddress = passed.remoteAddress
    this.#linger = linger
    this.#webSocket = webSocket
    this.#socket = socket
    this.#isSecure = passed.isSecure
    this.#claims = passed.claims
    this.#pskIdentity = passed.pskIdentity
    this.#handler = undefined
    this.#state = 'open'
    this.#paused = false
    this.#held = []
    this.#draining = false
    webSocket.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary))
    webSocket.on('error', () => linger.add(this))
    webSocket.on('close', () => this.#onClose())
    // Left to itself ws gives a peer that sends only FIN for ever to read what is left.
    socket.on('end', () => linger.add(this))
  }

  get origin(): Origin {
    const { scheme, remoteAddress } = this
    if (!this.#isSecure) return plainOrigin(scheme, remoteAddress, this.#claims)
    const socket = this.#socket as TLSSocket
    return secureOrigin(scheme, remoteAddress, socket, this.#pskIdentity, this.#claims)
  }

  /** One frame. ws passes `bytes` on without a copy, as servers do not mask. */
  write(bytes: Buffer): boolean {
    if (this.#state !== 'open' || this.#webSocket.readyState !== WebSocket.OPEN) return true
    if (this.#isSecure && this.#mayCopy(bytes)) {
      this.#webSocket.send(Buffer.from(bytes))
      return true
    }
    this.#webSocket.send(bytes)
    if (this.#socket.writableLength === 0) return true
    if (!this.#draining) this.#awaitDrain()
    return false
  }

  /** As in tlsTransport.ts. */
  #mayCopy(bytes: Buffer): boolean {
    return !this.#draining && this.#socket.writableLength + bytes.length <= COPIED_BYTES_MAX
  }

  pending(): number {
    return this.#socket.writableLength
  }

  pause(): void {
    this.#paused = true
    if (this.#state === 'open') this.#webSocket.pause()
  }

  resume(): void {
    this.#paused = false
    if (this.#held.length === 0) this.#webSocket.resume()
    else setImmediate(WebSocketTransport.#handOut, this)
  }

  end(): void {
    if (this.#state === 'open') this.#close(CLOSE_NORMAL)
  }

  destroy(): void {
    if (this.#state === 'open') this.#state = 'closing'
    this.#webSocket.terminate()
  }

  /** Reads on, to see the peer's close frame. */
  #close(code: number): void {
    this.#state = 'closing'
    this.#linger.add(this)
    this.#webSocket.resume()
    this.#webSocket.close(code)
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (this.#state !== 'open') return
    if (!isBinary)
      this.#close(CLOSE_UNSUPPORTED_DATA) // [MQTT-6.0.0-1]
    else if (this.#paused) this.#held.push(data)
    else this.#deliver(data)
  }

  /** [MQTT-6.0.0-2] where frames begin and end means nothing: the handler sees a stream. */
  #deliver(data: Buffer): void {
    if (data.length === 0 || this.#handler === undefined) return
    if (!this.#handler.onBytes(data, data.length)) this.pause()
  }

  static #handOut(transport: WebSocketTransport): void {
    const held = transport.#held
    let i = 0
    while (i < held.length && !transport.#paused && transport.#state === 'open') {
      transport.#deliver(held[i++] as Buffer)
    }
    transport.#held = transport.#state === 'open' ? held.slice(i) : []
    if (!transport.#paused) transport.#webSocket.resume()
  }

  #awaitDrain(): void {
    this.#draining = true
    whenDrained(this.#socket, () => {
      this.#draining = false
      this.#handler?.onDrained()
    })
  }

  /** The peer may have closed behind frames that are still held: they count. */
  #onClose(): void {
    this.#linger.remove(this)
    this.#paused = false
    if (this.#state === 'open') for (const data of this.#held) this.#deliver(data)
    this.#state = 'closed'
    this.#held = []
    this.#handler?.onClosed()
  }
}

/** An error is always followed by 'close'. */
function ignore(): void {}
