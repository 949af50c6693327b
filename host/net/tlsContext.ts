// What a TlsConfig's files say, read and checked all together: every mistake is an error that names
// file and reason before anything that is in use is replaced. Used by tls.ts, at the start and at
// each refresh.

import { constants, createPrivateKey, X509Certificate } from 'node:crypto'
import {
  createSecureContext,
  DEFAULT_CIPHERS,
  type SecureContext,
  type SecureContextOptions,
} from 'node:tls'
import type { TlsConfig } from '../config/config.ts'
import type { Log } from '../config/options.ts'
import { filesOf, readBlocks, readSecret, readText, TlsFileError } from './pem.ts'
import { readPskFile } from './psk.ts'

/** All that new connections are made from; replaced as a whole. */
export interface TlsMaterial {
  /** For clients that ask for no name, or for one that is not here. */
  readonly options: SecureContextOptions
  readonly names: readonly NamedContext[]
  /** Who may issue client certificates, PEM each. */
  readonly authorities: readonly string[]
  /** Pre-shared keys by identity, on a listener that speaks TLS-PSK. */
  readonly keys: ReadonlyMap<string, Buffer> | undefined
}

interface NamedContext {
  /** Lower case; `*.example.org` stands for one more label. */
  readonly name: string
  readonly context: SecureContext
}

const SUITES_1_3: string = DEFAULT_CIPHERS.split(':')
  .filter((name) => name.startsWith('TLS_'))
  .join(':')
const CIPHERS_1_2: string = DEFAULT_CIPHERS.split(':')
  .filter((name) => !name.startsWith('TLS_'))
  .join(':')
/** Forward secrecy first; no certificates. */
const CIPHERS_PSK = 'kECDHEPSK+HIGH:kDHEPSK+HIGH:kPSK+HIGH'

/** Reads everything. Throws a TlsFileError, or a TypeError when the configuration contradicts. */
export function readTls(config: TlsConfig, log: Log | undefined): TlsMaterial {
  const problem = contradiction(config)
  if (problem !== undefined) throw new TypeError(`tls: ${problem}`)
  const common = commonOptions(config)
  const names: NamedContext[] = []
  for (const { name, certificate, key } of config.names ?? []) {
    const options = { ...common, ...readPair(certificate, key, undefined, log) }
    names.push({ name: name.toLowerCase(), context: makeContext(options, certificate) })
  }
  const { pskFile } = config
  const keys = pskFile === undefined ? undefined : readPskFile(pskFile, log)
  const own = readOwn(config, log)
  const options = { ...common, ...own }
  makeContext(options, config.certificate ?? pskFile ?? '')
  return { options, names, authorities: (common.ca as string[] | undefined) ?? [], keys }
}

/** The files whose change is worth a refresh. */
export function filesOfTls(config: TlsConfig): string[] {
  const { certificate, key, keyPassphraseFile, ca, caDirectory, crl, dhparam, pskFile } = config
  const all = [certificate, key, keyPassphraseFile, ca, caDirectory, crl, dhparam, pskFile]
  for (const named of config.names ?? []) all.push(named.certificate, named.key)
  return all.filter((file) => file !== undefined)
}

/** @returns undefined when the default is to be used */
export function contextFor(material: TlsMaterial, name: string): SecureContext | undefined {
  const wanted = name.toLowerCase()
  const wildcard = wanted.replace(/^[^.]+/, '*')
  const exact = material.names.find((named) => named.name === wanted)
  return (exact ?? material.names.find((named) => named.name === wildcard))?.context
}

function contradiction(config: TlsConfig): string | undefined {
  const { certificate, key, pskFile, clientCertificate = 'none' } = config
  if ((certificate === undefined) !== (key === undefined)) {
    return `${certificate === undefined ? 'key' : 'certificate'} is given without the other half`
  }
  if ((certificate === undefined) === (pskFile === undefined)) {
    return 'expected either certificate and key or pskFile'
  }
  if (pskFile !== undefined && (clientCertificate !== 'none' || config.names !== undefined)) {
    return 'a listener with pskFile has no certificates: names and clientCertificate are in vain'
  }
  if (clientCertificate === 'none') return undefined
  if (config.ca === undefined && config.caDirectory === undefined) {
    return `clientCertificate ${clientCertificate} needs ca or caDirectory`
  }
  if (config.ignoreClientDates && config.crl !== undefined) {
    return 'ignoreClientDates cannot be combined with crl'
  }
  return undefined
}

/** What the certificates of all names share. */
function commonOptions(config: TlsConfig): SecureContextOptions {
  const options: SecureContextOptions = {
    minVersion: config.minVersion === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    ciphers: ciphersOf(config),
    honorCipherOrder: true,
  }
  const authorities = readAuthorities(config)
  if (authorities.length > 0) options.ca = authorities
  if (config.crl !== undefined) options.crl = readRevocations(config.crl)
  if (config.dhparam !== undefined) options.dhparam = readText(config.dhparam)
  return options
}

function ciphersOf({ ciphers, ciphers13, pskFile }: TlsConfig): string {
  const older = ciphers ?? (pskFile === undefined ? CIPHERS_1_2 : CIPHERS_PSK)
  return `${ciphers13 ?? SUITES_1_3}:${older}`
}

function readAuthorities({ ca, caDirectory }: TlsConfig): string[] {
  const files = [ca, caDirectory].flatMap((path) => (path === undefined ? [] : filesOf(path)))
  return files.flatMap((file) => {
    const blocks = readBlocks(file, 'CERTIFICATE')
    for (const block of blocks) parseCertificate(block, file)
    return blocks
  })
}

/** Node takes one list per PEM text, a file may hold those of several authorities. */
function readRevocations(file: string): string[] {
  const lists = readBlocks(file, 'X509 CRL')
  try {
    createSecureContext({ crl: lists })
  } catch (error) {
    throw new TlsFileError(file, (error as Error).message)
  }
  return lists
}

function readOwn(config: TlsConfig, log: Log | undefined): SecureContextOptions {
  const { certificate, key, keyPassphraseFile } = config
  if (certificate !== undefined && key !== undefined) {
    return readPair(certificate, key, keyPassphraseFile, log)
  }
  // A resumed session would not tell its identity, and there is no certificate to save.
  return { secureOptions: constants.SSL_OP_NO_TICKET }
}

function readPair(
  certificateFile: string,
  keyFile: string,
  passphraseFile: string | undefined,
  log: Log | undefined,
): SecureContextOptions {
  const chain = readBlocks(certificateFile, 'CERTIFICATE')
  const certificate = parseCertificate(chain[0] as string, certificateFile)
  const key = parseKey(keyFile, passphraseFile, log)
  if (!certificate.checkPrivateKey(key)) {
    throw new TlsFileError(keyFile, `does not belong to the certificate in ${certificateFile}`)
  }
  if (Date.parse(certificate.validTo) < Date.now()) {
    log?.('warn', 'a certificate has expired', { file: certificateFile, at: certificate.validTo })
  }
  return {
    cert: chain.join('\n'),
    key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

function parseCertificate(block: string, file: string): X509Certificate {
  try {
    return new X509Certificate(block)
  } catch (error) {
    throw new TlsFileError(file, `is not a certificate: ${(error as Error).message}`)
  }
}

function parseKey(
  file: string,
  passphraseFile: string | undefined,
  log: Log | undefined,
): ReturnType<typeof createPrivateKey> {
  const key = readSecret(file, 'private key', log)
  const passphrase =
    passphraseFile === undefined
      ? undefined
      : readSecret(passphraseFile, 'passphrase of the private key', log).replace(/\r?\n$/, '')
  try {
    return createPrivateKey(passphrase === undefined ? { key } : { key, passphrase })
  } catch (error) {
    throw new TlsFileError(file, `is not a private key: ${(error as Error).message}`)
  }
}

function makeContext(options: SecureContextOptions, file: string): SecureContext {
  try {
    return createSecureContext(options)
  } catch (error) {
    throw new TlsFileError(file, (error as Error).message)
  }
}
