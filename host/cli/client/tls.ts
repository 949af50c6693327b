// TLS as `pub` and `sub` ask for it: when it is on, and the options of node:tls that say the same.
// Reads the files; a file that cannot be read is a Mistake.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Mistake } from './mistake.ts'
import type { ClientSettings, TlsSettings } from './settings.ts'

const TLS_PORT = 8883

/** Where operating systems keep the authorities they trust, as one file. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/** The part of node:tls's options that is used here. */
export interface TlsOptions {
  ca?: string[]
  cert?: string
  key?: string
  ciphers?: string
  minVersion?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
  maxVersion?: 'TLSv1.2'
  ALPNProtocols?: string[]
  checkServerIdentity?: () => undefined
  pskCallback?: () => { psk: Buffer; identity: string }
}

/** A certificate is never offered, and a key never needed, without TLS. */
export function usesTls({ tls, port, webSocket }: ClientSettings): boolean {
  if (tls.refused) return false
  if (tls.wanted || tls.psk !== undefined || tls.certFile !== undefined) return true
  if (tls.caFile !== undefined || tls.caPath !== undefined) return true
  return port === TLS_PORT && !webSocket
}

export function tlsOptions(tls: TlsSettings): TlsOptions {
  const options: TlsOptions = {}
  if (tls.version !== undefined) options.minVersion = tls.version
  if (tls.ciphers !== undefined) options.ciphers = tls.ciphers
  if (tls.alpn !== undefined) options.ALPNProtocols = [tls.alpn]
  if (tls.psk !== undefined) return { ...options, ...pskOptions(tls.psk, tls) }
  const ca = authorities(tls)
  if (ca !== undefined) options.ca = ca
  if (tls.certFile !== undefined) options.cert = read(tls.certFile)
  if (tls.keyFile !== undefined) options.key = read(tls.keyFile)
  if (tls.insecure) options.checkServerIdentity = () => undefined
  return options
}

/** No certificates are exchanged: who knows the key is who was meant. */
function pskOptions(psk: Buffer, tls: TlsSettings): TlsOptions {
  const identity = `${tls.pskIdentity}`
  const options: TlsOptions = {
    ciphers: tls.ciphers ?? 'PSK',
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk, identity }),
  }
  return tls.version === 'TLSv1.3' ? options : { ...options, maxVersion: 'TLSv1.2' }
}

/** Undefined: those that Node brings along. */
function authorities({ caFile, caPath }: TlsSettings): string[] | undefined {
  if (caFile !== undefined || caPath !== undefined) {
    return [...(caFile === undefined ? [] : [read(caFile)]), ...readFolder(caPath)]
  }
  const bundles = [process.env.SSL_CERT_FILE ?? '', ...SYSTEM_BUNDLES]
  for (const path of bundles) {
    try {
      return [readFileSync(path, 'utf8')]
    } catch {
      // The next system's place, then.
    }
  }
  return undefined
}

function readFolder(folder: string | undefined): string[] {
  if (folder === undefined) return []
  let names: string[]
  try {
    names = readdirSync(folder).filter((name) => /\.(crt|pem|cer|\d+)$/.test(name))
  } catch (error) {
    throw unreadable(folder, error)
  }
  return names.map((name) => read(join(folder, name)))
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): Mistake {
  const { code, message } = error as NodeJS.ErrnoException
  const reason = code === 'ENOENT' ? 'File not found' : message
  return new Mistake(`Error: Problem setting TLS options: ${path}: ${reason}.`)
}
