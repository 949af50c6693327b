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
import { TlsGate } from './tls.ts'

export interface GateOptions {
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
}

export class Gates implements Refreshable {
  readonly #onPassed: (passed: Passed) => void
  readonly #unixName: string | undefined
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
    const { log, timeoutMs, tls } = options
    this.#onPassed = onPassed
    this.#unixName = more.unixName
    this.#claims = new WeakMap()
    this.#tls =
      tls === undefined
        ? undefined
        : new TlsGate({ tls, alpn: more.alpn, handshakeTimeoutMs: timeoutMs, log }, (...sockets) =>
            this.#onSecure(...sockets),
          )
  }

  take(accepted: Socket): void {
    this.#tls?.take(accepted)
  }

  refresh(): void {
    this.#tls?.refresh()
  }

  close(): void {
    this.#tls?.close()
  }

  #onSecure(socket: TLSSocket, accepted: Socket): void {
    this.#pass(socket, accepted, this.#tls?.identityOf(socket))
  }

  #pass(socket: Socket, accepted: Socket, pskIdentity: string | undefined): void {
    const claims = this.#claims.get(accepted)
    const remoteAddress = claims?.remoteAddress ?? addressOf(accepted, this.#unixName)
    if (remoteAddress === undefined) socket.on('error', ignore).destroy()
    else {
      const isSecure = socket !== accepted
      this.#onPassed({ socket, isSecure, remoteAddress, claims, pskIdentity })
    }
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
