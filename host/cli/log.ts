// What one log line looks like, as text and as JSON, and which lines are wanted. Facts may come
// from the network, so nothing in them can begin a new line or steer a terminal. Where lines go is
// the business of logger.ts.

import type { LogConfig, LogType } from '../config/config.ts'
import type { LogLevel } from '../config/options.ts'
import { formatTime } from './time.ts'

/** The least severe last. */
export const LEVELS: readonly LogLevel[] = ['error', 'warn', 'notice', 'info', 'debug']
const TYPES: Record<LogLevel, LogType> = {
  error: 'error',
  warn: 'warning',
  notice: 'notice',
  info: 'information',
  debug: 'debug',
}
/** Lines with a kind of their own in Mosquitto's log_type, by their sentence. */
const OWN_TYPES: Record<string, LogType> = {
  subscribed: 'subscribe',
  unsubscribed: 'unsubscribe',
}
const CONNECTIONS: ReadonlySet<string> = new Set(['client connected', 'connection closed'])
/** What stands unquoted. */
const PLAIN = /^[^\s"=\p{C}]+$/u
/** Control, format and unassigned characters, line and paragraph separators. */
const UNPRINTABLE = /[\p{C}\u2028\u2029]/gu

export type Facts = Record<string, unknown>

/** Mosquitto's kind of a line. */
export function typeOf(level: LogLevel, message: string): LogType {
  return (Object.hasOwn(OWN_TYPES, message) ? OWN_TYPES[message] : undefined) ?? TYPES[level]
}

/** Whether a line is to be written. */
export function createFilter(
  config: LogConfig,
): (level: LogLevel, message: string, type: LogType) => boolean {
  const { connections = true, level: least = 'warn' } = config
  const types = config.types === undefined ? undefined : new Set(config.types)
  const wanted = new Set(LEVELS.slice(0, LEVELS.indexOf(least) + 1))
  return (level, message, type) => {
    if (types === undefined ? !wanted.has(level) : !types.has(type)) return false
    return connections || !CONNECTIONS.has(message)
  }
}

/** What stands before each text line, with its space. */
export function createStamp({ timestamp, timestampFormat }: LogConfig): (time: Date) => string {
  if (timestamp === false) return () => ''
  if (timestampFormat === undefined) return (time) => `${time.toISOString()} `
  return (time) => `${escapeUnprintable(formatTime(time, timestampFormat))} `
}

/** `level message key=value …` */
export function formatLine(level: LogLevel, message: string, facts: Facts): string {
  const pairs = Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${formatValue(value)}`)
  return `${level} ${escapeUnprintable(message)}${pairs.join('')}`
}

/** Facts as JSON can hold them. */
export function plainFacts(facts: Facts): Facts {
  const plain: Facts = {}
  for (const [key, value] of Object.entries(facts)) {
    plain[key] = value instanceof Error ? value.message : value
  }
  return plain
}

/** As `\uXXXX`, which is itself again when what it stands in is read as JSON. */
export function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, escapeCharacter)
}

function formatValue(value: unknown): string {
  const text = asText(value)
  if (PLAIN.test(text)) return text
  return escapeUnprintable(JSON.stringify(text))
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
