// The options of a bridge, a block that begins with `connection NAME`. They are read and checked in
// full so that a mistake is found now; what would run them does not exist yet, so translate.ts
// refuses a file that has such a block.

import { type Place, type Report, ValueError } from './place.ts'
import { asText } from './syntax.ts'
import {
  COUNT,
  FLAG,
  integer,
  type Kind,
  oneOf,
  PATH,
  TEXT,
  unexpected,
  type Value,
  wordsOf,
} from './values.ts'

export interface BridgeOption {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly kind: Kind
  readonly repeats?: true
  /** Options of one group exclude those of the other: certificates and pre-shared keys. */
  readonly group?: 'certificate' | 'key'
  readonly since?: '2.1'
}

export interface Bridge {
  readonly name: string
  readonly at: Place
  readonly values: Map<string, Value[]>
}

const POSITIVE = integer(1)

const ADDRESSES: Kind = {
  expected: 'host[:port] …',
  read(rest) {
    const words = wordsOf(rest)
    const end = words.findIndex((word) => word.startsWith('#'))
    const addresses = end < 0 ? words : words.slice(0, end)
    if (addresses.length === 0) throw unexpected(this, undefined)
    for (const address of addresses) checkPort(address)
    return asText(addresses.join(' '))
  },
}

const TOPIC: Kind = {
  expected: 'pattern [out|in|both] [qos] [local prefix] [remote prefix]',
  read(rest) {
    const found = /^ *("[^"]+"|""|[^ "][^ ]*)(.*)$/.exec(rest)
    if (found === null) throw unexpected(this, rest.trim() === '' ? undefined : rest)
    const [pattern, words] = [found[1] as string, wordsOf(found[2] as string)]
    const [direction = 'out', qos = '0', local = '""', remote = '""'] = words
    if (!/^(out|in|both)$/i.test(direction)) {
      throw new ValueError(`expected out, in or both as direction, got '${asText(direction)}'`)
    }
    if (!/^[012]$/.test(qos) && !qos.startsWith('#')) {
      throw new ValueError(`expected a QoS of 0, 1 or 2, got '${asText(qos)}'`)
    }
    if (pattern === '""' && (local === '""' || remote === '""')) {
      throw new ValueError('an empty pattern needs a local and a remote prefix')
    }
    return asText(rest.trim())
  },
}

const RESTART: Kind = {
  expected: 'seconds [most seconds [stable seconds]]',
  read(rest) {
    const words = wordsOf(rest)
    const numbers = words.filter((word) => /^\d+$/.test(word)).map(Number)
    const [base, cap = base] = numbers
    if (base === undefined || numbers.length < Math.min(words.length, 3)) {
      throw unexpected(this, words.length === 0 ? undefined : rest)
    }
    if ((cap as number) < base) throw new ValueError('the most is less than the least')
    return rest.trim()
  },
}

const TCP_KEEPALIVE: Kind = {
  expected: 'idle, interval and count, each at least 1',
  read(rest) {
    const words = wordsOf(rest).slice(0, 3)
    if (words.length < 3) throw unexpected(this, words.length === 0 ? undefined : rest)
    for (const word of words) POSITIVE.read(word)
    return words.join(' ')
  },
}

export const BRIDGE_OPTIONS: readonly BridgeOption[] = [
  { name: 'address', aliases: ['addresses'], kind: ADDRESSES },
  { name: 'bridge_alpn', kind: TEXT },
  { name: 'bridge_attempt_unsubscribe', kind: FLAG },
  { name: 'bridge_bind_address', kind: TEXT },
  { name: 'bridge_cafile', kind: PATH, group: 'certificate' },
  { name: 'bridge_capath', kind: PATH, group: 'certificate' },
  { name: 'bridge_certfile', kind: PATH, group: 'certificate' },
  { name: 'bridge_ciphers', kind: TEXT, since: '2.1' },
  { name: 'bridge_ciphers_tls1.3', kind: TEXT, since: '2.1' },
  { name: 'bridge_identity', kind: TEXT, group: 'key' },
  { name: 'bridge_insecure', kind: FLAG },
  { name: 'bridge_keyfile', kind: PATH, group: 'certificate' },
  { name: 'bridge_max_packet_size', kind: COUNT },
  { name: 'bridge_max_topic_alias', kind: integer(0, 65_535), since: '2.1' },
  { name: 'bridge_outgoing_retain', kind: FLAG },
  { name: 'bridge_protocol_version', kind: oneOf('mqttv31', 'mqttv311', 'mqttv50') },
  { name: 'bridge_psk', kind: TEXT, group: 'key' },
  { name: 'bridge_receive_maximum', kind: integer(1, 65_535), since: '2.1' },
  { name: 'bridge_reload_type', kind: oneOf('lazy', 'immediate'), since: '2.1' },
  { name: 'bridge_require_ocsp', kind: FLAG },
  { name: 'bridge_session_expiry_interval', kind: integer(0), since: '2.1' },
  { name: 'bridge_tcp_keepalive', kind: TCP_KEEPALIVE, since: '2.1' },
  { name: 'bridge_tcp_user_timeout', kind: integer(0), since: '2.1' },
  { name: 'bridge_tls_use_os_certs', kind: FLAG, since: '2.1' },
  { name: 'bridge_tls_version', kind: TEXT },
  { name: 'cleansession', kind: FLAG },
  { name: 'idle_timeout', kind: COUNT },
  { name: 'keepalive_interval', kind: integer(-0x80000000, 65_535) },
  { name: 'local_cleansession', kind: FLAG },
  { name: 'local_clientid', kind: TEXT },
  { name: 'local_password', kind: TEXT },
  { name: 'local_username', kind: TEXT },
  { name: 'notification_topic', kind: TEXT },
  { name: 'notifications', kind: FLAG },
  { name: 'notifications_local_only', kind: FLAG },
  { name: 'remote_clientid', aliases: ['clientid'], kind: TEXT },
  { name: 'remote_password', aliases: ['password'], kind: TEXT },
  { name: 'remote_username', aliases: ['username'], kind: TEXT },
  { name: 'restart_timeout', kind: RESTART },
  { name: 'round_robin', kind: FLAG },
  { name: 'start_type', kind: oneOf('automatic', 'lazy', 'once') },
  { name: 'threshold', kind: COUNT },
  { name: 'topic', kind: TOPIC, repeats: true },
  { name: 'try_private', kind: FLAG },
]

/** What a whole block needs: at least one address and topic, both halves of a key. */
export function checkBridge({ name, at, values }: Bridge, report: Report): void {
  for (const needed of ['address', 'topic']) {
    if (!values.has(needed)) report.mistake(at, `connection ${name}: has no ${needed}`)
  }
  for (const [one, other] of [
    ['bridge_psk', 'bridge_identity'],
    ['bridge_identity', 'bridge_psk'],
  ] as const) {
    if (values.has(one) && !values.has(other)) {
      report.mistake(at, `connection ${name}: has a ${one}, but no ${other}`)
    }
  }
}

/** An option of the other group that stands in the block already. */
export function findRival(bridge: Bridge, { group }: BridgeOption): string | undefined {
  if (group === undefined) return undefined
  return BRIDGE_OPTIONS.find(
    (option) =>
      option.group !== undefined && option.group !== group && bridge.values.has(option.name),
  )?.name
}

function checkPort(address: string): void {
  const colon = address.lastIndexOf(':')
  const port = address.slice(colon + 1)
  if (colon >= 0 && !(/^\d+$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
    throw new ValueError(`expected a port from 1 to 65535 after the ':', got '${asText(address)}'`)
  }
}
