// The way from an accepted socket to an HTTP request of a listener for WebSockets: through the
// gates, where there are some, and past what trusted proxies in front add. Used by websocket.ts.

import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { AddressRanges, hostOf } from './addresses.ts'
import { addressOf, type GateOptions, Gates, type Passed } from './gates.ts'
import { forwardedClaims } from './upgrade.ts'

export interface EntranceOptions {
  gates?: GateOptions | undefined
  /** Path of the unix socket, on one. */
  socket?: string | undefined
  trustedProxies?: readonly string[] | undefined
}

/** How sockets come to the HTTP server, and what is known of them when their request is there. */
export class Entrance {
  readonly gates: Gates | undefined
  readonly #unixName: string | undefined
  readonly #trusted: AddressRanges | undefined
  readonly #known: WeakMap<Socket, Passed>

  constructor(server: Server, { gates, socket: path, trustedProxies }: EntranceOptions) {
    this.#unixName = path === undefined ? undefined : `unix:${path}`
    this.#trusted = trustedProxies && new AddressRanges(trustedProxies)
    this.#known = new WeakMap()
    if (gates === undefined) return
    const [serve] = server.listeners('connection')
    server.removeAllListeners('connection')
    const alpn = ['http/1.1']
    this.gates = new Gates(gates, { alpn, unixName: this.#unixName }, (passed) => {
      this.#known.set(passed.socket, passed)
      if (passed.rest) passed.socket.unshift(passed.rest)
      serve?.call(server, passed.socket)
      passed.socket.resume()
    })
    server.on('connection', (socket) => this.gates?.take(socket))
  }

  passed(request: IncomingMessage, socket: Socket): Passed | undefined {
    const remoteAddress = addressOf(socket, this.#unixName)
    const passed: Passed | undefined =
      this.#known.get(socket) ??
      (remoteAddress === undefined ? undefined : plainPassage(socket, remoteAddress))
    if (passed === undefined || this.#trusted === undefined) return passed
    const address = hostOf(passed.remoteAddress)
    // Who may open a unix socket is a proxy on this machine.
    if (address !== '' && !this.#trusted.has(address)) return passed
    const claims = forwardedClaims(request, this.#trusted, passed.claims)
    return { ...passed, claims, remoteAddress: claims.remoteAddress ?? passed.remoteAddress }
  }
}

function plainPassage(socket: Socket, remoteAddress: string): Passed {
  const nothing = { claims: undefined, pskIdentity: undefined, rest: undefined }
  return { socket, isSecure: false, remoteAddress, ...nothing }
}
