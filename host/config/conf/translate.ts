// From what a mosquitto.conf says to a Config that means the same, Mosquitto's defaults included
// where they differ from ours. Reports what contradicts itself and what cannot be honoured.

import type { Config, LogConfig, LogDestination, LogType } from '../config.ts'
import { accessOf, type PluginFiles, sortPlugins } from './access.ts'
import { translateListener } from './listener.ts'
import { defined } from './object.ts'
import type { Report } from './place.ts'
import type { Contents, Setting, Settings } from './settings.ts'

const INFLIGHT_MAX = 20
const QUEUE_MESSAGES_MAX = 1000
const PACKET_SIZE_MAX = 2_000_000
const PACKET_SIZES = { least: 64, most: 268_435_460 }
const TOPIC_ALIASES = 10
const HIGH = 65_535
const NO_QUEUE_LIMIT = 0x7fffffff
const NEVER_EXPIRES = 0xffffffff
/** Seconds since the epoch, for strftime. */
const SECONDS = '%s'
const STORE_FILE = 'mosquitto.db'

/** All kinds, as `log_type all` means them. */
const LOG_TYPES: readonly LogType[] = [
  ...(['error', 'warning', 'notice', 'information'] as const),
  ...(['debug', 'subscribe', 'unsubscribe', 'websockets'] as const),
]
const LOG_TYPES_DEFAULT = LOG_TYPES.slice(0, 4)

export function translateConf(contents: Contents, report: Report): Config {
  const { broker, bridges } = contents
  const files = sortPlugins(contents.plugins, report)
  const config: Config = {
    ...limitsOf(broker, report),
    ...behaviourOf(broker),
    ...storeOf(broker),
    ...defined('pidFile', broker.text('pid_file')),
    ...defined('user', broker.text('user')),
    log: logOf(broker, report),
    admin: false,
    ...(contents.isPerListener ? {} : brokerAccess(contents, files, report)),
    ...listenersOf(contents, files, report),
  }
  const [bridge] = bridges
  if (bridge !== undefined) {
    const others = bridges.length > 1 ? ` and ${bridges.length - 1} more` : ''
    report.mistake(
      bridge.at,
      `connection ${bridge.name}${others}: wasmqtt has no bridges yet; ` +
        'without the blocks that begin with connection the file can be used',
    )
  }
  return config
}

function limitsOf(broker: Settings, report: Report): Config {
  const inflight = broker.number('max_inflight_messages') ?? INFLIGHT_MAX
  const inflightMax = inflight <= 0 ? HIGH : inflight
  const memory = broker.number('memory_limit') ?? 0
  return {
    inflightMax,
    receiveMax: inflightMax,
    queueMessagesMax:
      positive(broker.number('max_queued_messages') ?? QUEUE_MESSAGES_MAX) ?? NO_QUEUE_LIMIT,
    queueBytesMax: positive(broker.number('max_queued_bytes')) ?? Number.MAX_SAFE_INTEGER,
    ...defined('queueTotalBytesMax', positive(memory)),
    queueDrop: 'newest',
    packetSizeMax: packetSizeOf(broker, report),
    payloadSizeMax: broker.number('message_size_limit') ?? 0,
    keepAliveMax: broker.number('max_keepalive') ?? 0,
    connectionsMax: positive(broker.number('global_max_connections')) ?? 0,
    topicAliasMaxIn: TOPIC_ALIASES,
    topicAliasMaxOut: TOPIC_ALIASES,
    sessionExpiryMax: Math.min(
      broker.number('persistent_client_expiration') ?? NEVER_EXPIRES,
      NEVER_EXPIRES,
    ),
    retainExpiryMax: Math.min((broker.number('retain_expiry_interval') ?? 0) * 60, NEVER_EXPIRES),
  }
}

function packetSizeOf(broker: Settings, report: Report): number {
  const size = broker.number('max_packet_size') ?? PACKET_SIZE_MAX
  if (size < PACKET_SIZES.least) {
    const words = `max_packet_size ${size} is raised to ${PACKET_SIZES.least}, the least possible`
    report.warn(broker.at('max_packet_size'), words)
  }
  return Math.min(Math.max(size, PACKET_SIZES.least), PACKET_SIZES.most)
}

function behaviourOf(broker: Settings): Config {
  return {
    retainAvailable: broker.flag('retain_available') ?? true,
    retainSourceCheck: broker.flag('check_retain_source') ?? true,
    queueQos0: broker.flag('queue_qos0_messages') ?? false,
    upgradeOutgoingQos: broker.flag('upgrade_outgoing_qos') ?? false,
    sysInterval: broker.number('sys_interval') ?? 10,
  }
}

/** Two brokers may share a location when their files have different names. */
function storeOf(broker: Settings): Config {
  if (broker.flag('persistence') !== true) return { durability: 'memory' }
  const file = broker.text('persistence_file') ?? STORE_FILE
  const location = broker.text('persistence_location')
  if (file === STORE_FILE) return { durability: 'disk', ...defined('data', location) }
  const directory = (location ?? '.').replace(/\/+$/, '')
  return { durability: 'disk', data: `${directory}/${file}` }
}

function logOf(broker: Settings, report: Report): LogConfig {
  const timestamp = broker.flag('log_timestamp') ?? true
  const format = timestamp ? (broker.text('log_timestamp_format') ?? SECONDS) : undefined
  return {
    types: logTypesOf(broker.all('log_type')),
    destinations: destinationsOf(broker.all('log_dest'), report),
    timestamp,
    ...defined('timestampFormat', format),
    connections: broker.flag('connection_messages') ?? true,
  }
}

function logTypesOf(settings: readonly Setting[]): LogType[] {
  if (settings.length === 0) return [...LOG_TYPES_DEFAULT]
  let types = new Set<unknown>()
  for (const { value } of settings) {
    if (value === 'none') types = new Set()
    else if (value === 'all') types = new Set(LOG_TYPES)
    else types.add(value)
  }
  return LOG_TYPES.filter((type) => types.has(type))
}

function destinationsOf(settings: readonly Setting[], report: Report): LogDestination[] {
  if (settings.length === 0) return ['stderr']
  let destinations: LogDestination[] = []
  let file: string | undefined
  for (const { value, at } of settings) {
    const [, word = '', path = ''] = /^ *([^ ]+)[ \t]*(.*)$/s.exec(String(value)) ?? []
    if (word === 'none') destinations = []
    else if (word === 'dlt') report.warn(at, 'log_dest dlt has no effect here')
    else if (isNamedDestination(word)) {
      if (!destinations.includes(word)) destinations.push(word)
    } else if (word !== 'file') {
      const expected = 'expected stdout, stderr, syslog, topic, file PATH, dlt or none'
      report.mistake(at, `log_dest: ${expected}, got '${word}'`)
    } else if (path === '') report.mistake(at, 'log_dest: expected a path after file, got nothing')
    else if (file !== undefined) report.mistake(at, 'log_dest: file stands here a second time')
    else {
      file = path
      destinations.push({ file })
    }
  }
  return destinations
}

function isNamedDestination(word: string): word is 'stdout' | 'stderr' | 'syslog' | 'topic' {
  return ['stdout', 'stderr', 'syslog', 'topic'].includes(word)
}

/** Without listener and port anonymous clients are let in unless the file says no. */
function brokerAccess(
  { broker, isLocalOnly }: Contents,
  files: PluginFiles,
  report: Report,
): Config {
  return {
    anonymous: broker.flag('allow_anonymous') ?? isLocalOnly,
    ...accessOf([broker], files, report),
  }
}

function listenersOf(contents: Contents, files: PluginFiles, report: Report): Config {
  const { listeners, isLocalOnly, isPerListener, broker } = contents
  if (!isLocalOnly) {
    const translated = listeners.flatMap((listener) =>
      translateListener(listener, { broker, isPerListener, files }, report),
    )
    warnOfIdlePsk(contents, report)
    return { listeners: translated }
  }
  for (const { settings } of listeners) {
    for (const name of settings.names) {
      const words = `${name} has no effect: without listener or port only loopback is listened on`
      if (SECURING.includes(name)) report.mistake(settings.at(name), words)
      else report.warn(settings.at(name), words)
    }
  }
  return isPerListener ? { anonymous: true } : {}
}

/** With per_listener_settings these would be lost together with the listener. */
const SECURING = ['acl_file', 'allow_anonymous', 'password_file', 'psk_file']

function warnOfIdlePsk({ broker, listeners }: Contents, report: Report): void {
  const isUsed = listeners.some(({ settings }) => settings.has('psk_hint'))
  if (broker.has('psk_file') && !isUsed) {
    report.warn(broker.at('psk_file'), 'psk_file has no effect: no listener has a psk_hint')
  }
}

/** The number when it is a limit, undefined when it means none. */
function positive(value: number | undefined): number | undefined {
  return value === undefined || value <= 0 ? undefined : value
}
