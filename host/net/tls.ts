// The TLS gate of a listener: takes accepted sockets, hands on those that have finished their
// handshake and may pass, and logs why the others may not. Certificates, keys and revocations are
// read again by `refresh`, which new connections see and old ones do not. Called by gates.ts.

import { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls'
import type { TlsConfig } from '../config/config.ts'
import type { Log } from '../config/options.ts'
import { underlying } from './adopted.ts'
import { contextFor, filesOfTls, readTls, type TlsMaterial } from './tlsContext.ts'
import { FileWatch } from './watch.ts'

export interface TlsGateOptions {
  tls: TlsConfig
  /** Offered by ALPN when the configuration does not say it. */
  alpn: string[]
  handshakeTimeoutMs: number
  log: Log | undefined
}

/** Extended key usage of certificates for clients. RFC 5280 section 4.2.1.12. */
const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2'

/** A socket after its handshake, and the accepted one below it. */
export type OnSecure = (socket: TLSSocket, accepted: Socket) => void

export class TlsGate {
  readonly #config: TlsConfig
  readonly #log: Log | undefined
  readonly #onSecure: OnSecure
  readonly #server: Server
  readonly #identities: WeakMap<TLSSocket, string>
  readonly #watch: FileWatch
  #material: TlsMaterial

  /** Throws when a file cannot be used, or the configuration contradicts itself. */
  constructor(options: TlsGateOptions, onSecure: OnSecure) {
    this.#config = options.tls
    this.#log = options.log
    this.#onSecure = onSecure
    this.#identities = new WeakMap()
    this.#material = readTls(options.tls, options.log)
    this.#server = createServer(this.#serverOptions(options))
    this.#server.on('secureConnection', (socket) => this.#onHandshake(socket))
    this.#server.on('tlsClientError', (error, socket) => this.#refuse(socket, error.message))
    this.#watch = new FileWatch(filesOfTls(options.tls), () => this.#refreshChanged())
  }

  /** Begins the handshake. What was read of the socket already has to be unshifted before. */
  take(accepted: Socket): void {
    accepted.on('error', ignore)
    this.#server.emit('connection', accepted)
  }

  /** Which pre-shared key a socket has proved to hold. */
  identityOf(socket: TLSSocket): string | undefined {
    return this.#identities.get(socket)
  }

  /** Reads all files again; throws when one cannot be used, and then changes nothing. */
  refresh(): void {
    this.#watch.mark()
    const material = readTls(this.#config, this.#log)
    // A new context has new ticket keys: no session outlives the revocation of its certificate.
    this.#server.setSecureContext(material.options)
    this.#material = material
  }

  close(): void {
    this.#watch.close()
  }

  #serverOptions(options: TlsGateOptions): TlsOptions {
    const { clientCertificate = 'none', alpn, pskHint, pskFile } = this.#config
    const server: TlsOptions = {
      ...this.#material.options,
      handshakeTimeout: options.handshakeTimeoutMs,
      ALPNProtocols: alpn ?? options.alpn,
      requestCert: clientCertificate !== 'none',
      // With dates ignored, OpenSSL's word is not the last one.
      rejectUnauthorized: clientCertificate === 'required' && !this.#config.ignoreClientDates,
      SNICallback: (name, done) => done(null, contextFor(this.#material, name)),
    }
    if (pskFile === undefined) return server
    server.pskCallback = (socket, identity) => this.#keyOf(socket, identity)
    if (pskHint !== undefined) server.pskIdentityHint = pskHint
    return server
  }

  #keyOf(socket: TLSSocket, identity: string): Buffer | null {
    const key = this.#material.keys?.get(identity)
    if (key === undefined) return null
    this.#identities.set(socket, identity)
    return key
  }

  #onHandshake(socket: TLSSocket): void {
    const reason = this.#objection(socket)
    if (reason !== undefined) {
      this.#refuse(socket, reason)
      return
    }
    socket.on('error', (error) => this.#onError(socket, error))
    this.#onSecure(socket, underlying(socket) ?? socket)
  }

  /** Bytes that are no TLS: unlike other sockets this one does not end by itself then. */
  #onError(socket: TLSSocket, { message: reason }: Error): void {
    const { remoteAddress: address } = underlying(socket) ?? socket
    this.#log?.('debug', 'TLS failed', { address, reason })
    socket.destroy()
  }

  /** Why a client may not pass although its handshake was one. */
  #objection(socket: TLSSocket): string | undefined {
    const { clientCertificate = 'none' } = this.#config
    if (clientCertificate === 'none' || socket.authorized) return undefined
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) {
      return clientCertificate === 'required' ? 'no client certificate' : undefined
    }
    if (this.#config.ignoreClientDates && this.#isTrusted(socket)) return undefined
    return reasonOf(socket) ?? 'the client certificate was not accepted'
  }

  /** Checks the chain of signatures without the dates. */
  #isTrusted(socket: TLSSocket): boolean {
    const error = reasonOf(socket)
    if (error !== 'CERT_HAS_EXPIRED' && error !== 'CERT_NOT_YET_VALID') return false
    const certificate = socket.getPeerX509Certificate()
    const purposes: string[] | undefined = certificate?.keyUsage
    if (purposes !== undefined && !purposes.includes(CLIENT_AUTHENTICATION)) return false
    const authorities = this.#material.authorities.map((pem) => new X509Certificate(pem))
    return isIssued(certificate, authorities)
  }

  #refuse(socket: TLSSocket, message: string): void {
    const accepted = underlying(socket) ?? socket
    const reason = reasonOf(socket) ?? message
    this.#log?.('info', 'TLS handshake failed', { address: accepted.remoteAddress, reason })
    socket.on('error', ignore).destroy()
  }

  #refreshChanged(): void {
    try {
      this.refresh()
      this.#log?.('info', 'certificates read again', {})
    } catch (error) {
      const reason = (error as Error).message
      this.#log?.('error', 'certificates could not be read again, the old ones stay', { reason })
    }
  }
}

/** OpenSSL's name of what is wrong with the client's certificate; Node types it as an Error. */
function reasonOf(socket: TLSSocket): string | undefined {
  const error: unknown = socket.authorizationError
  if (error === undefined || error === null) return undefined
  return error instanceof Error ? error.message : String(error)
}

/** Follows the certificates that came along up to an authority, at most ten steps. */
function isIssued(
  certificate: X509Certificate | undefined,
  authorities: readonly X509Certificate[],
): boolean {
  let current = certificate
  for (let depth = 0; depth < 10 && current !== undefined; depth++) {
    const below: X509Certificate = current
    const signs = (issuer: X509Certificate): boolean =>
      issuer.ca && below.checkIssued(issuer) && below.verify(issuer.publicKey)
    if (authorities.some(signs)) return true
    const { issuerCertificate } = below
    if (issuerCertificate === undefined || !signs(issuerCertificate)) return false
    current = issuerCertificate
  }
  return false
}

function ignore(): void {}
