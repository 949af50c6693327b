// Packets in words, a line each, for traces: `PUBLISH q1 id 12 topic "a/b" 16 bytes`. Reads records
// of any module, those of clients and those of servers. Passwords and authentication data are never
// shown, payloads only when asked for; nothing in a line can end it or steer a terminal.

import * as codes from '../../assembly/codes.ts'
import type { Properties } from '../protocol/packets.ts'
import { reasonText } from '../protocol/reasons.ts'
import type { Codec } from '../wasm/codec.ts'
import { Records } from '../wasm/records.ts'

const NAMES = [
  ...['reserved', 'CONNECT', 'CONNACK', 'PUBLISH', 'PUBACK', 'PUBREC', 'PUBREL', 'PUBCOMP'],
  ...[
    'SUBSCRIBE',
    'SUBACK',
    'UNSUBSCRIBE',
    'UNSUBACK',
    'PINGREQ',
    'PINGRESP',
    'DISCONNECT',
    'AUTH',
  ],
]
const RETURN_CODES = [
  ...['accepted', 'unacceptable protocol version', 'identifier rejected', 'server unavailable'],
  ...['bad user name or password', 'not authorized'],
]
const SHOWN_MAX = 50
const PAYLOAD_BYTES_MAX = 1024
/** Control, format and unassigned characters, line and paragraph separators. */
const UNPRINTABLE = /[\p{C}\u2028\u2029]/gu
const PLAIN = /^[^\s"\p{C}]+$/u

/** What the packet itself does not tell. */
export interface Circumstances {
  /** Topic of a PUBLISH, its alias resolved; undefined = an alias nobody knows here. */
  topic: string | undefined
  /** Protocol level of the connection. */
  version: number
  /** Whether to show payloads. */
  payload: boolean
}

/** The packet of a record that has just been decoded. */
export function describe(codec: Codec, record: number, circumstances: Circumstances): string {
  const { module } = codec
  const type = Records.type(module, record)
  const name = NAMES[type] as string
  const error = Records.error(module, record)
  if (error !== 0) return `${name} malformed (error ${error})`
  const words = wordsOf(codec, record, type, circumstances)
  return [name, ...words, ...propertyWords(codec.readProperties(record))].join(' ')
}

/** A client identifier, quoted only where it has to be. */
export function nameText(name: string): string {
  return PLAIN.test(name) ? name : quote(name)
}

function wordsOf(codec: Codec, record: number, type: number, more: Circumstances): string[] {
  const { module } = codec
  const id = `id ${Records.packetId(module, record)}`
  switch (type) {
    case codes.CONNECT:
      return connectWords(codec, record)
    case codes.CONNACK: {
      const present = Records.bits(module, record) === 1 ? ['session present'] : []
      return [...present, connackText(Records.reason(module, record), more.version)]
    }
    case codes.PUBLISH:
      return publishWords(codec, record, more)
    case codes.SUBSCRIBE:
    case codes.UNSUBSCRIBE:
      return [id, itemsText(codec, record, type)]
    case codes.SUBACK:
    case codes.UNSUBACK:
      return [id, ...[...Records.payload(module, record)].slice(0, SHOWN_MAX).map(hex)]
    case codes.PINGREQ:
    case codes.PINGRESP:
      return []
    case codes.DISCONNECT:
    case codes.AUTH:
      if (more.version < codes.VERSION_5_0) return []
      return [codeText(Records.reason(module, record))]
    default: {
      const reason = Records.reason(module, record)
      return reason === 0 ? [id] : [id, codeText(reason)]
    }
  }
}

function connectWords(codec: Codec, record: number): string[] {
  const connect = codec.readConnect(record)
  const { cleanStart, clientId, keepAlive, userName, password, version, will } = connect
  const words = [`v${version}`, `client ${quote(clientId)}`, cleanStart ? 'clean' : 'resuming']
  words.push(`keepalive ${keepAlive}`)
  if (userName !== undefined) words.push(`user ${quote(userName)}`)
  if (password !== undefined) words.push('with a password')
  if (will !== undefined) {
    const retain = will.retain ? ' retain' : ''
    words.push(`will q${will.qos}${retain} topic ${quote(will.topic)}`)
    words.push(bytesText(will.payload.length))
    if (will.delaySeconds > 0) words.push(`delay ${will.delaySeconds}`)
  }
  return words
}

function publishWords({ module }: Codec, record: number, more: Circumstances): string[] {
  const flags = Records.flags(module, record)
  const qos = (flags & codes.FLAG_QOS_MASK) >> codes.FLAG_QOS_SHIFT
  const words = [`q${qos}`]
  if ((flags & codes.FLAG_DUP) !== 0) words.push('dup')
  if ((flags & codes.FLAG_RETAIN) !== 0) words.push('retain')
  if (qos > 0) words.push(`id ${Records.packetId(module, record)}`)
  words.push(more.topic === undefined ? 'topic unknown' : `topic ${quote(more.topic)}`)
  words.push(bytesText(Records.payloadLength(module, record)))
  if (more.payload) words.push(payloadText(Records.payload(module, record)))
  return words
}

function itemsText(codec: Codec, record: number, type: number): string {
  const { module } = codec
  const items = codec.readItems(record)
  const texts = items.slice(0, SHOWN_MAX).map(({ start, length, options }) => {
    const filter = quote(module.text(start, length))
    return type === codes.SUBSCRIBE ? `${filter} ${optionsText(options)}` : filter
  })
  if (items.length > SHOWN_MAX) texts.push(`and ${items.length - SHOWN_MAX} more`)
  return texts.join(', ')
}

function optionsText(options: number): string {
  const words = [`q${options & codes.OPTION_QOS_MASK}`]
  if ((options & codes.OPTION_NO_LOCAL) !== 0) words.push('no-local')
  if ((options & codes.OPTION_RETAIN_AS_PUBLISHED) !== 0) words.push('retain-as-published')
  const handling =
    (options & codes.OPTION_RETAIN_HANDLING_MASK) >> codes.OPTION_RETAIN_HANDLING_SHIFT
  if (handling !== 0) words.push(`retain-handling ${handling}`)
  return words.join(' ')
}

/** `{name value, …}`; nothing when there are none. */
function propertyWords(properties: Properties): string[] {
  const pairs = Object.entries(properties).map(([name, value]) => `${name} ${valueText(value)}`)
  return pairs.length === 0 ? [] : [`{${pairs.join(', ')}}`]
}

function valueText(value: unknown): string {
  if (Buffer.isBuffer(value)) return bytesText(value.length)
  if (typeof value === 'string') return quote(value)
  if (!Array.isArray(value)) return String(value)
  return value.map((one) => (Array.isArray(one) ? one.map(quote).join('=') : String(one))).join(' ')
}

function payloadText(payload: Buffer): string {
  const shown = payload.subarray(0, PAYLOAD_BYTES_MAX)
  const rest = payload.length > shown.length ? ' …' : ''
  try {
    return quote(new TextDecoder('utf-8', { fatal: true }).decode(shown)) + rest
  } catch {
    return `0x${shown.toString('hex')}${rest}`
  }
}

function connackText(code: number, version: number): string {
  if (version >= codes.VERSION_5_0) return codeText(code)
  return `${code} ${RETURN_CODES[code] ?? 'unknown'}`
}

function codeText(reason: number): string {
  return `${hex(reason)} ${reasonText(reason)}`
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`
}

function bytesText(length: number): string {
  return length === 1 ? '1 byte' : `${length} bytes`
}

function quote(text: string): string {
  return JSON.stringify(text).replace(UNPRINTABLE, escapeCharacter)
}

function escapeCharacter(character: string): string {
  let escaped = ''
  for (let i = 0; i < character.length; i++) {
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  }
  return escaped
}
