// Files of pre-shared keys, as Mosquitto reads them: `identity:hexkey` lines, `#` begins a comment.
// Used by tlsContext.ts. Keys never appear in an error.

import type { Log } from '../config/options.ts'
import { readSecret, TlsFileError } from './pem.ts'

/** Identity to key. Throws a TlsFileError that names file and line. */
export function readPskFile(file: string, log: Log | undefined): Map<string, Buffer> {
  const keys = new Map<string, Buffer>()
  const lines = readSecret(file, 'pre-shared keys', log).split(/\r?\n/)
  for (const [i, line] of lines.entries()) {
    const text = line.trim()
    if (text === '' || text.startsWith('#')) continue
    const [identity, key] = splitLine(text, `${file}:${i + 1}`)
    if (keys.has(identity)) {
      throw new TlsFileError(`${file}:${i + 1}`, `the identity ${identity} is there already`)
    }
    keys.set(identity, key)
  }
  if (keys.size === 0) throw new TlsFileError(file, 'expected identity:hexkey lines, got none')
  return keys
}

/** At the last colon: an identity may hold some. */
function splitLine(text: string, place: string): [string, Buffer] {
  const colon = text.lastIndexOf(':')
  const identity = text.slice(0, Math.max(colon, 0)).trim()
  const digits = text.slice(colon + 1).trim()
  if (identity === '') throw new TlsFileError(place, 'expected identity:hexkey')
  if (!/^(?:[0-9a-f]{2})+$/i.test(digits)) {
    throw new TlsFileError(place, `expected the key of ${identity} as pairs of hexadecimal digits`)
  }
  return [identity, Buffer.from(digits, 'hex')]
}
