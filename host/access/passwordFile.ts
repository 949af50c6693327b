// Mosquitto's password file: lines of `username:hash`. Read for authentication, edited by
// `wasmqtt passwd`; what the hashes mean is in hashes.ts.

import { readFileSync } from 'node:fs'
import { parseHash } from './hashes.ts'

/** One line of the file; `user` is absent where it is a comment or has no colon. */
export interface PasswordLine {
  readonly text: string
  readonly user?: { readonly name: string; readonly password: string }
}

/** Everything that is wrong with a file, as `FILE:LINE: what`. */
export class PasswordFileError extends Error {
  readonly code: string = 'WASMQTT_PASSWORD_FILE'
  readonly lines: readonly string[]

  constructor(lines: readonly string[]) {
    super(lines.join('; '))
    this.name = 'PasswordFileError'
    this.lines = lines
  }
}

/** Username to hash, every hash known to be decodable. Throws a PasswordFileError. */
export function readPasswordFile(file: string): Map<string, string> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new PasswordFileError([`${file}: cannot be read: ${(error as Error).message}`])
  }
  return parsePasswordFile(text, file)
}

/**
 * As Mosquitto 2.1 reads it: an empty username, one that was there before, or a hash nobody can
 * check is an error, not a line to skip.
 * @param file the name for the errors
 */
export function parsePasswordFile(text: string, file: string): Map<string, string> {
  const users = new Map<string, string>()
  const firstLines = new Map<string, number>()
  const mistakes: string[] = []
  for (const [i, { user }] of splitPasswordFile(text).entries()) {
    if (user === undefined) continue
    const first = firstLines.get(user.name)
    const mistake = mistakeIn(user.name, user.password, first)
    if (mistake !== undefined) mistakes.push(`${file}:${i + 1}: ${mistake}`)
    if (first === undefined) firstLines.set(user.name, i + 1)
    users.set(user.name, user.password)
  }
  if (mistakes.length > 0) throw new PasswordFileError(mistakes)
  return users
}

function mistakeIn(name: string, hash: string, first: number | undefined): string | undefined {
  if (name === '') return 'the username is empty'
  if (first !== undefined) return `user ${JSON.stringify(name)} is already on line ${first}`
  try {
    parseHash(hash)
    return undefined
  } catch (error) {
    return `user ${JSON.stringify(name)}: ${(error as Error).message}`
  }
}

/**
 * The file line by line, so that `\n` between their texts gives it back. Name and password are
 * trimmed, and what follows a second colon is no part of them.
 */
export function splitPasswordFile(text: string): PasswordLine[] {
  return text.split('\n').map((line) => {
    if (line.startsWith('#') || !line.includes(':')) return { text: line }
    const [name, password] = line.split(':') as [string, string]
    return { text: line, user: { name: name.trim(), password: password.trim() } }
  })
}
