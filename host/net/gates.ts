// What an accepted socket passes before it carries MQTT or HTTP: the header of a proxy in front,
// then TLS; each only where the listener wants it. Made by tcp.ts and websocket.ts; a listener
// without gates does not come here.
//
//   accepted --PROXY header--> announced --TLS handshake--> passed
//        \---too late, not one-----\--------not one---------> destroyed, one line in the log

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { TlsConfig } from '../config/config.ts'
import type { Log } from '../config/options.ts'
import { joinAddress } from './addresses.ts'
import type { Refreshable } from './listen.ts'
import type { Claims } from './origin.ts'
import { ProxyGate, type ProxyOptions } from './proxyGate.ts'
import { TlsGate } from './tls.ts'

export interface GateOptions {
  proxy?: ProxyOptions | undefined
  tls?: TlsConfig | undefined
  /** Most milliseconds each gate may take. */
  timeoutMs: number
  log?: Log | undefined
}

/** A connection that has passed. */
export interface Passed {
  /** A TLSSocket when `isSecure`. */
  socket: Socket
  isSecure: boolean
  /** Of the client as far as it is known, else of the socket. */
  remoteAddress: string
  claims: Claims | undefined
  pskIdentity: string | undefined
  /** What came behind the proxy's header; the socket is paused then. */
  rest: Buffer | undefined
}

export class Gates implements Refreshable {
  readonly #onPassed: (passed: Passed) => void
  readonly #unixName: string | undefined
  readonly #proxy: ProxyGate | undefined
  readonly #tls: TlsGate | undefined
  readonly #claims: WeakMap<Socket, Claims>

  /**
   * @param alpn offered by TLS when the configuration does not say it
   * @param unixName what stands for the address of connections without one
   * Throws when TLS is asked for and its files cannot be used.
   */
  constructor(
    options: GateOptions,
    more: { alpn: string[]; unixName: string | undefined },
    onPassed: (passed: Passed) => void,
  ) {
    const { log, proxy, timeoutMs, tls } = options
    this.#onPassed = onPassed
    this.#unixName = more.unixName
    this.#claims = new WeakMap()
    this.#proxy =
      proxy && new ProxyGate(proxy, { timeoutMs, log }, (...facts) => this.#onAnnounced(...facts))
    this.#tls =
      tls === undefined
        ? undefined
        : new TlsGate({ tls, alpn: more.alpn, handshakeTimeoutMs: timeoutMs, log }, (...sockets) =>
            this.#onSecure(...sockets),
          )
  }

  take(accepted: Socket): void {
    if (this.#proxy) this.#proxy.take(accepted)
    else this.#tls?.take(accepted)
  }

  refresh(): void {
    this.#tls?.refresh()
  }

  close(): void {
    this.#tls?.close()
  }

  #onAnnounced(socket: Socket, claims: Claims, rest: Buffer | undefined): void {
    if (this.#tls === undefined) this.#pass(socket, { isSecure: false, claims, rest })
    else {
      this.#claims.set(socket, claims)
      if (rest) socket.unshift(rest)
      this.#tls.take(socket)
    }
  }

  #onSecure(socket: TLSSocket, accepted: Socket): void {
    const claims = this.#claims.get(accepted)
    // Without its claims a connection would count as the proxy's own.
    if (this.#proxy && claims === undefined) socket.on('error', ignore).destroy()
    else {
      const pskIdentity = this.#tls?.identityOf(socket)
      this.#pass(socket, { isSecure: true, claims, pskIdentity })
    }
  }

  #pass(socket: Socket, facts: Pick<Passed, 'isSecure' | 'claims'> & Partial<Passed>): void {
    const { claims, isSecure, pskIdentity, rest } = facts
    const remoteAddress = claims?.remoteAddress ?? addressOf(socket, this.#unixName)
    if (remoteAddress === undefined) socket.on('error', ignore).destroy()
    else this.#onPassed({ socket, isSecure, remoteAddress, claims, pskIdentity, rest })
  }
}

/** undefined = the peer has already reset the connection, it has no address any more. */
export function addressOf(socket: Socket, unixName: string | undefined): string | undefined {
  if (unixName !== undefined) return unixName
  const { remoteAddress, remotePort } = socket
  if (remoteAddress === undefined || remotePort === undefined) return undefined
  return joinAddress(remoteAddress, remotePort)
}

function ignore(): void {}
