// How `wasmqtt sub` prints a message: payload, topic and payload, or a format of mosquitto_sub's
// (`-F`). Formats are taken apart once and yield bytes; payloads are never decoded.

import {
  JSON_NULL,
  type Json,
  jsonNumber,
  jsonString,
  parseJson,
  printJson,
  printPretty,
  viewOf,
} from './json.ts'
import { Mistake } from './mistake.ts'
import { listPairs, listProperties, type UserProperties } from './properties.ts'
import { isoTime, strftime } from './strftime.ts'

/** A message as MQTT.js hands it over. */
export interface Received {
  topic: string
  payload: Buffer
  qos: number
  retain: boolean
  /** 0 at QoS 0. */
  id: number
  time: Date
  properties?: { userProperties?: UserProperties; [name: string]: unknown }
}

export interface PrintOptions {
  format?: string
  verbose: boolean
  endOfLine: boolean
  pretty: boolean
  /** What cannot be printed as asked. */
  complain: (text: string) => void
}

type Part = (message: Received) => string | Buffer

/** Width, padding and cut of a `%` sequence. */
interface Field {
  left: boolean
  zero: boolean
  width: number
  cut?: number
}

const SEQUENCE = /%(-?)(0?)(\d*)(?:\.(\d*))?(.?)|@(.?)|\\(.?)/gs
const LETTERS = '%ACDEFIlmPpqRSrtjJUxX'
const ESCAPES: Record<string, string> = {
  ...{ '\\': '\\', '0': '\0', a: '\x07', e: '\x1b' },
  ...{ n: '\n', r: '\r', t: '\t', v: '\v' },
}

/** Throws a Mistake for what no message could be printed with. */
export function checkFormat(format: string): void {
  for (const [sequence, , , , , letter, time, escaped] of format.matchAll(SEQUENCE)) {
    if (letter === '' || time === '') throw new Mistake('Error: Incomplete format specifier.')
    if (escaped === '') throw new Mistake('Error: Incomplete escape specifier.')
    if (sequence.startsWith('%') && !LETTERS.includes(`${letter}`)) {
      throw new Mistake(`Error: Invalid format specifier '${letter}'.`)
    }
    if (escaped !== undefined && !Object.hasOwn(ESCAPES, escaped)) {
      throw new Mistake(`Error: Invalid escape specifier '${escaped}'.`)
    }
  }
}

/** What to write for each message; nothing for an empty payload without `-v` or `-F`. */
export function createPrinter(options: PrintOptions): (message: Received) => Buffer {
  const end = options.endOfLine ? '\n' : ''
  if (options.format !== undefined) {
    const parts = [...compile(options.format, options), (): string => end]
    return (message) => join(parts.map((part) => part(message)))
  }
  if (!options.verbose) {
    return ({ payload }) => (payload.length === 0 ? Buffer.alloc(0) : join([payload, end]))
  }
  return ({ topic, payload }) => {
    if (payload.length > 0) return join([`${topic} `, payload, end])
    return Buffer.from(options.endOfLine ? `${topic} (null)\n` : '')
  }
}

function join(parts: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
}

function compile(format: string, options: PrintOptions): Part[] {
  const parts: Part[] = []
  let at = 0
  for (const found of format.matchAll(SEQUENCE)) {
    const literal = format.slice(at, found.index)
    if (literal !== '') parts.push(() => literal)
    at = found.index + found[0].length
    parts.push(partOf(found, options))
  }
  const rest = format.slice(at)
  return rest === '' ? parts : [...parts, () => rest]
}

function partOf(found: RegExpMatchArray, options: PrintOptions): Part {
  const [, minus, zero, width, cut, letter, time, escaped] = found
  if (escaped !== undefined) {
    const character = ESCAPES[escaped] as string
    return () => character
  }
  if (time !== undefined) return timePart(time)
  const field: Field = { left: minus === '-', zero: zero === '0', width: Number(width) }
  if (cut !== undefined) field.cut = Number(cut)
  if (letter === 'j' || letter === 'J') return jsonPart(letter, options)
  return FIELDS[`${letter}`]?.(field) ?? ((): string => '')
}

function timePart(letter: string): Part {
  if (letter === '@') return () => '@'
  if (letter === 'N') return ({ time }) => nanoseconds(time)
  return ({ time }) => strftime(letter, time)
}

function nanoseconds(time: Date): string {
  return String(time.getMilliseconds()).padStart(3, '0').padEnd(9, '0')
}

const FIELDS: Record<string, (field: Field) => Part> = {
  '%': () => () => '%',
  A: (field) => (m) => number(field, m.properties?.topicAlias),
  C: (field) => (m) => text(field, m.properties?.contentType) ?? ' '.repeat(field.width),
  D: () => (m) => (m.properties?.correlationData as Buffer | undefined) ?? '',
  E: (field) => (m) => number(field, m.properties?.messageExpiryInterval),
  F: (field) => (m) => {
    const indicator = m.properties?.payloadFormatIndicator
    return number(field, indicator === undefined ? undefined : Number(indicator))
  },
  I: (field) => (m) => text(field, isoTime(m.time)) as Buffer,
  l: (field) => (m) => number(field, m.payload.length),
  m: (field) => (m) => number(field, m.id),
  P: () => (m) =>
    listPairs(m.properties?.userProperties)
      .map(([name, value]) => `${name}:${value}`)
      .join(' '),
  p: (field) => (m) => {
    const end = field.width > 0 ? field.width : m.payload.length
    return aligned(field, m.payload.subarray(0, end))
  },
  q: () => (m) => String(m.qos),
  R: (field) => (m) => text(field, m.properties?.responseTopic) ?? '',
  S: (field) => (m) => number(field, [m.properties?.subscriptionIdentifier].flat()[0]),
  r: () => (m) => (m.retain ? '1' : '0'),
  t: (field) => (m) => text(field, m.topic) as Buffer,
  U: () => (m) => `${strftime('s', m.time)}.${nanoseconds(m.time)}`,
  x: (field) => (m) => hexadecimal(field, m.payload),
  X: (field) => (m) => hexadecimal(field, m.payload).toUpperCase(),
}

/** As printf's %d; blanks, or zeros, for a property that is not there. */
function number({ left, zero, width }: Field, value: unknown): string {
  const digits = typeof value === 'number' ? String(value) : ''
  if (left) return digits.padEnd(width)
  return digits.padStart(width, zero ? '0' : ' ')
}

/** As printf's %s, in bytes. */
function text(field: Field, value: unknown): Buffer | undefined {
  if (typeof value !== 'string') return undefined
  const bytes = Buffer.from(value)
  return aligned({ ...field, zero: false }, bytes.subarray(0, field.cut ?? bytes.length))
}

/** With a width: as many whole bytes as find room in it. */
function hexadecimal(field: Field, payload: Buffer): string {
  const end = field.width > 0 ? Math.floor(field.width / 2) : payload.length
  return aligned(field, Buffer.from(payload.subarray(0, end).toString('hex'))).toString()
}

function aligned({ left, zero, width }: Field, bytes: Buffer): Buffer {
  const missing = width - bytes.length
  if (missing <= 0) return bytes
  if (left) return Buffer.concat([bytes, Buffer.alloc(missing, ' ')])
  return Buffer.concat([Buffer.alloc(missing, zero ? '0' : ' '), bytes])
}

function jsonPart(letter: 'j' | 'J', { pretty, complain }: PrintOptions): Part {
  return (message) => {
    const payload = payloadJson(letter, message.payload)
    if (payload === undefined) {
      complain(`Error: Message payload is not valid JSON on topic ${message.topic}.`)
      return ''
    }
    const json = messageJson(message, payload)
    return Buffer.from(pretty ? printPretty(json) : printJson(json), 'latin1')
  }
}

function payloadJson(letter: 'j' | 'J', payload: Buffer): Json | undefined {
  if (payload.length === 0) return JSON_NULL
  return letter === 'j' ? jsonString(viewOf(payload)) : parseJson(payload)
}

function messageJson(message: Received, payload: Json): Json {
  const { topic, qos, retain, id, time } = message
  const micros = nanoseconds(time).slice(0, 6)
  const stamp = `${strftime('F', time)}T${strftime('T', time)}.${micros}Z${strftime('z', time)}`
  const members: [string, Json][] = [
    ['tst', jsonString(stamp)],
    ['topic', jsonString(viewOf(topic))],
    ['qos', jsonNumber(qos)],
    ['retain', jsonNumber(retain ? 1 : 0)],
    ['payloadlen', jsonNumber(message.payload.length)],
  ]
  if (qos > 0) members.push(['mid', jsonNumber(id)])
  const properties = listProperties(message.properties).map(propertyJson)
  if (properties.length > 0) members.push(['properties', { members: properties }])
  return { members: [...members, ['payload', payload]] }
}

function propertyJson([name, value]: [string, unknown]): [string, Json] {
  if (name === 'user-properties') {
    const pairs = listPairs(value as UserProperties)
    const members = pairs.map(([key, one]): [string, Json] => [
      viewOf(key),
      jsonString(viewOf(one)),
    ])
    return [name, { members }]
  }
  if (typeof value === 'number' || typeof value === 'boolean') {
    return [name, jsonNumber(Number(value))]
  }
  return [name, jsonString(viewOf(value as string | Buffer))]
}
