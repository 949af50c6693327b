// Who the peer of a connection is, as far as its transport knows: the Origin of the broker's access
// contract, put together from the socket, the certificate it showed, and what a proxy in front
// said. Made when it is asked for and kept by nobody here.

import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { ClientCertificate, Origin } from '../broker/access.ts'
import { hostOf } from './addresses.ts'

const NOT_ASCII = /[^\p{ASCII}]+/gu

/** What a proxy in front, or the path through it, told about a connection. */
export interface Claims {
  /** Address and port of the client; undefined = those of the socket. */
  readonly remoteAddress: string | undefined
  /** Whether the client reached the proxy over TLS. */
  readonly isSecure: boolean
  readonly certificate: ClientCertificate | undefined
}

/** Origin of a connection without TLS of its own. */
export function plainOrigin(scheme: string, remoteAddress: string, claims?: Claims): Origin {
  return {
    scheme,
    address: hostOf(remoteAddress),
    isSecure: claims?.isSecure ?? false,
    certificate: claims?.certificate,
  }
}

/** Origin of a connection over TLS; the certificate of this side's TLS counts before the claims. */
export function secureOrigin(
  scheme: string,
  remoteAddress: string,
  socket: TLSSocket,
  pskIdentity: string | undefined,
  claims?: Claims,
): Origin {
  return {
    scheme,
    address: hostOf(remoteAddress),
    isSecure: true,
    certificate: certificateOf(socket) ?? claims?.certificate,
    pskIdentity,
  }
}

/** The certificate the client showed; the TLS gate lets nobody pass with a bad one. */
function certificateOf(socket: TLSSocket): ClientCertificate | undefined {
  const certificate = socket.getPeerX509Certificate()
  return certificate === undefined ? undefined : describeCertificate(certificate)
}

export function describeCertificate(certificate: X509Certificate): ClientCertificate {
  return {
    commonName: commonNameOf(certificate),
    subject: subjectOf(certificate.subject),
    alternativeNames: alternativeNamesOf(certificate.subjectAltName ?? ''),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  }
}

/** A certificate of which only the common name is known; it has no fingerprint. */
export function namedCertificate(name: string): ClientCertificate {
  const escaped = name.replace(/[,+"\\<>;]|^[# ]| $/g, '\\$&').replace(NOT_ASCII, escapeBytes)
  const subject = `CN=${escaped}`
  return { commonName: name, subject, alternativeNames: [], fingerprint: '' }
}

/** The first one, as Mosquitto takes it; one that holds U+0000 only pretends to be a name. */
function commonNameOf(certificate: X509Certificate): string | undefined {
  const { CN } = certificate.toLegacyObject().subject
  const name: string | undefined = Array.isArray(CN) ? CN[0] : CN
  return name?.includes('\0') ? undefined : name
}

/**
 * Node gives one escaped attribute a line, from the root down; RFC 2253 wants them the other way
 * round, and OpenSSL's form of it has bytes above ASCII escaped.
 */
function subjectOf(lines: string): string {
  const names = lines.split('\n').map((line) => line.split(' + ').reverse().join('+'))
  return names.reverse().join(',').replace(NOT_ASCII, escapeBytes)
}

function escapeBytes(text: string): string {
  let escaped = ''
  for (const byte of Buffer.from(text)) {
    escaped += `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return escaped
}

/** `DNS:a, URI:"a,b"`: Node quotes as JSON what would be mistaken for its separators. */
function alternativeNamesOf(text: string): string[] {
  const names: string[] = []
  for (const [, type, value] of text.matchAll(/([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g)) {
    if (type !== 'DNS' && type !== 'email' && type !== 'URI') continue
    names.push(value?.startsWith('"') ? (JSON.parse(value) as string) : (value as string))
  }
  return names
}
