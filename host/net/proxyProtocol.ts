// The header of the PROXY protocol, versions 1 and 2: bytes to facts. Source: "The PROXY protocol",
// haproxy.org, doc/proxy-protocol.txt. Strict, as whoever may connect can claim any address with
// it. Used by proxyGate.ts; knows nothing of sockets.

import { X509Certificate } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import type { ClientCertificate } from '../broker/access.ts'
import { canonicalAddress, joinAddress } from './addresses.ts'
import { type Claims, describeCertificate, namedCertificate } from './origin.ts'

export type ProxyVersion = 'v1' | 'v2' | 'any'

export interface ProxyHeader {
  /** Bytes of the header; what stands behind them is the client's. */
  readonly length: number
  readonly claims: Claims
}

/** The bytes are no header, or none that is accepted here. */
export class ProxyError extends Error {
  readonly code: string

  constructor(reason: string) {
    super(reason)
    this.name = 'ProxyError'
    this.code = 'WASMQTT_PROXY'
  }
}

const V1_START: Buffer = Buffer.from('PROXY ')
const V1_BYTES_MAX = 107
const V2_START: Buffer = Buffer.from('\r\n\r\n\0\r\nQUIT\n')
const V2_HEAD = 16
/** Enough for a client certificate among the facts. */
const V2_BYTES_MAX = 16 * 1024

const COMMAND_LOCAL = 0x20
const COMMAND_PROXY = 0x21
const FAMILY_UNSPECIFIED = 0x00
const FAMILY_TCP4 = 0x11
const FAMILY_TCP6 = 0x21
const FAMILY_UNIX = 0x31
/** Bytes of both addresses and ports, by family. */
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [FAMILY_UNSPECIFIED, 0],
  [FAMILY_TCP4, 12],
  [FAMILY_TCP6, 36],
  [FAMILY_UNIX, 216],
])

const TYPE_CRC32C = 0x03
const TYPE_SSL = 0x20
const SUBTYPE_CN = 0x22
const SUBTYPE_CLIENT_CERTIFICATE = 0x28
const CLIENT_SSL = 0x01
const CLIENT_CERTIFICATE = 0x02 | 0x04
const SSL_HEAD = 5
const CRC32C_POLYNOMIAL = 0x82f63b78

const NO_CLAIMS: Claims = { remoteAddress: undefined, isSecure: false, certificate: undefined }

/**
 * Reads the header at the beginning of what a connection has sent so far.
 * @returns undefined while it is not complete
 * Throws a ProxyError as soon as it cannot become one any more.
 */
export function parseHeader(bytes: Buffer, version: ProxyVersion): ProxyHeader | undefined {
  if (version !== 'v2' && beginsLike(bytes, V1_START)) return parseV1(bytes)
  if (version !== 'v1' && beginsLike(bytes, V2_START)) return parseV2(bytes)
  throw new ProxyError('no PROXY protocol header')
}

function beginsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

function parseV1(bytes: Buffer): ProxyHeader | undefined {
  const end = bytes.subarray(0, V1_BYTES_MAX).indexOf('\r\n')
  if (end < 0) {
    if (bytes.length >= V1_BYTES_MAX) throw new ProxyError('PROXY v1: the line is too long')
    return undefined
  }
  const words = bytes.toString('latin1', V1_START.length, end).split(' ')
  return { length: end + 2, claims: words[0] === 'UNKNOWN' ? NO_CLAIMS : claimsOf(words) }
}

function claimsOf([protocol, source = '', target = '', ...ports]: string[]): Claims {
  const isAddress = protocol === 'TCP4' ? isIPv4 : protocol === 'TCP6' ? isIPv6 : undefined
  if (!isAddress?.(source) || !isAddress(target) || source.includes('%')) {
    throw new ProxyError('PROXY v1: expected TCP4, TCP6 or UNKNOWN and two addresses')
  }
  if (ports.length !== 2 || !ports.every(isPort)) {
    throw new ProxyError('PROXY v1: expected two ports behind the addresses')
  }
  return { ...NO_CLAIMS, remoteAddress: joinAddress(canonicalAddress(source), Number(ports[0])) }
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 0xffff
}

function parseV2(bytes: Buffer): ProxyHeader | undefined {
  if (bytes.length < V2_HEAD) return undefined
  const command = bytes[12] as number
  const family = bytes[13] as number
  const length = V2_HEAD + bytes.readUInt16BE(14)
  if (command !== COMMAND_LOCAL && command !== COMMAND_PROXY) {
    throw new ProxyError('PROXY v2: unknown version or command')
  }
  if (length > V2_BYTES_MAX) throw new ProxyError('PROXY v2: the header is too long')
  if (bytes.length < length) return undefined
  const header = bytes.subarray(0, length)
  if (command === COMMAND_LOCAL) return { length, claims: NO_CLAIMS }
  const addressBytes = ADDRESS_BYTES.get(family)
  if (addressBytes === undefined) throw new ProxyError('PROXY v2: unknown family of addresses')
  if (V2_HEAD + addressBytes > length) throw new ProxyError('PROXY v2: too short for its addresses')
  const remoteAddress = addressOf(header, family)
  return { length, claims: { remoteAddress, ...factsOf(header, V2_HEAD + addressBytes) } }
}

function addressOf(header: Buffer, family: number): string | undefined {
  if (family === FAMILY_UNSPECIFIED) return undefined
  if (family === FAMILY_UNIX) return 'unix:'
  if (family === FAMILY_TCP4) {
    return joinAddress(header.subarray(16, 20).join('.'), header.readUInt16BE(24))
  }
  const groups: string[] = []
  for (let at = 16; at < 32; at += 2) groups.push(header.readUInt16BE(at).toString(16))
  return joinAddress(canonicalAddress(groups.join(':')), header.readUInt16BE(48))
}

function factsOf(header: Buffer, start: number): Pick<Claims, 'isSecure' | 'certificate'> {
  let facts: Pick<Claims, 'isSecure' | 'certificate'> = NO_CLAIMS
  for (const { type, start: at, value } of valuesOf(header.subarray(start))) {
    if (type === TYPE_CRC32C) verifyChecksum(header, start + at, value)
    else if (type === TYPE_SSL) facts = sslFacts(value)
  }
  return { isSecure: facts.isSecure, certificate: facts.certificate }
}

function sslFacts(value: Buffer): Pick<Claims, 'isSecure' | 'certificate'> {
  if (value.length < SSL_HEAD) throw new ProxyError('PROXY v2: too short for its facts of TLS')
  const client = value[0] as number
  const isVerified = value.readUInt32BE(1) === 0
  const hasShown = (client & CLIENT_CERTIFICATE) !== 0
  const subs = valuesOf(value.subarray(SSL_HEAD))
  const certificate = hasShown && isVerified ? certificateOf(subs) : undefined
  return { isSecure: (client & CLIENT_SSL) !== 0, certificate }
}

/** The certificate itself where the proxy passes it on, else as much as its common name tells. */
function certificateOf(subs: Value[]): ClientCertificate | undefined {
  const whole = subs.find(({ type }) => type === SUBTYPE_CLIENT_CERTIFICATE)
  if (whole !== undefined) {
    try {
      return describeCertificate(new X509Certificate(whole.value))
    } catch {
      throw new ProxyError('PROXY v2: its client certificate is none')
    }
  }
  const name = subs.find(({ type }) => type === SUBTYPE_CN)
  return name && namedCertificate(name.value.toString('utf8'))
}

interface Value {
  type: number
  /** Where the value begins. */
  start: number
  value: Buffer
}

function valuesOf(bytes: Buffer): Value[] {
  const values: Value[] = []
  let at = 0
  while (at < bytes.length) {
    const start = at + 3
    const end = start > bytes.length ? start : start + bytes.readUInt16BE(at + 1)
    if (end > bytes.length) throw new ProxyError('PROXY v2: a fact is longer than the header')
    values.push({ type: bytes[at] as number, start, value: bytes.subarray(start, end) })
    at = end
  }
  return values
}

/** The checksum is over the whole header with itself as zeros. */
function verifyChecksum(header: Buffer, at: number, value: Buffer): void {
  if (value.length !== 4) throw new ProxyError('PROXY v2: a checksum has four bytes')
  let crc = 0xffffffff
  for (let i = 0; i < header.length; i++) {
    crc ^= i >= at && i < at + 4 ? 0 : (header[i] as number)
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * CRC32C_POLYNOMIAL)
  }
  if ((crc ^ 0xffffffff) >>> 0 !== value.readUInt32BE(0)) {
    throw new ProxyError('PROXY v2: the checksum is wrong')
  }
}
