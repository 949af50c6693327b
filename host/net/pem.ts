// The files of TLS: read, split into their PEM blocks, and complained about by name. Used by
// tlsContext.ts and psk.ts; what is read stays in their hands.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../config/options.ts'

/** A file of TLS that cannot be used: which one, and why. */
export class TlsFileError extends Error {
  readonly code: string
  readonly file: string

  constructor(file: string, reason: string) {
    super(`${file}: ${reason}`)
    this.name = 'TlsFileError'
    this.code = 'WASMQTT_TLS'
    this.file = file
  }
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new TlsFileError(file, code === 'ENOENT' ? 'there is no such file' : message)
  }
}

/** Reads what others should not see, and warns when everybody may. */
export function readSecret(file: string, what: string, log: Log | undefined): string {
  const text = readText(file)
  const mode = statSync(file).mode & 0o777
  if (process.platform !== 'win32' && (mode & 0o004) !== 0) {
    const facts = { file, mode: `0${mode.toString(8)}` }
    log?.('warn', `everybody on this machine may read the ${what}`, facts)
  }
  return text
}

/** Every block of a kind, PEM each: `CERTIFICATE`, `X509 CRL`. */
export function blocksOf(text: string, kind: string): string[] {
  return text.match(new RegExp(`-----BEGIN ${kind}-----[^-]+-----END ${kind}-----`, 'g')) ?? []
}

/** The blocks of a file that must have some. */
export function readBlocks(file: string, kind: string): string[] {
  const blocks = blocksOf(readText(file), kind)
  if (blocks.length === 0) throw new TlsFileError(file, `expected PEM blocks of ${kind}, got none`)
  return blocks
}

/** The files of a directory, or the file itself. */
export function filesOf(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    const paths = readdirSync(path).map((name) => join(path, name))
    return paths.filter((name) => statSync(name).isFile()).sort()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new TlsFileError(path, code === 'ENOENT' ? 'there is no such file' : message)
  }
}
