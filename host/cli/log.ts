// Log lines as text on standard error: time, level, sentence, key=value. Facts may come from the
// network, so nothing in them can begin a new line or steer a terminal.

import type { Log, LogLevel } from '../config/options.ts'

const QUIET: ReadonlySet<LogLevel> = new Set(['error', 'warn'])
/** What stands unquoted. */
const PLAIN = /^[^\s"=\p{C}]+$/u
/** Control, format and unassigned characters, line and paragraph separators. */
const UNPRINTABLE = /[\p{C}\u2028\u2029]/gu

/** Writes every level when verbose, else warnings and errors only. */
export function createLog(options: { verbose: boolean; write: (text: string) => void }): Log {
  return (level, message, facts) => {
    if (!options.verbose && !QUIET.has(level)) return
    options.write(`${formatLine(new Date(), level, message, facts)}\n`)
  }
}

export function formatLine(
  time: Date,
  level: LogLevel,
  message: string,
  facts: Record<string, unknown>,
): string {
  const pairs = Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${formatValue(value)}`)
  return `${time.toISOString()} ${level} ${message}${pairs.join('')}`
}

function formatValue(value: unknown): string {
  const text = asText(value)
  if (PLAIN.test(text)) return text
  return JSON.stringify(text).replace(UNPRINTABLE, escapeCharacter)
}

function asText(value: unknown): string {
  if (value instanceof Error) return value.message
  if (typeof value === 'object' && value !== null) return JSON.stringify(value)
  return String(value)
}

function escapeCharacter(character: string): string {
  let escaped = ''
  for (let i = 0; i < character.length; i++) {
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  }
  return escaped
}
