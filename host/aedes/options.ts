// aedes' options, and what becomes of them in this broker. Those that choose a part aedes is made
// of have no meaning here; whoever sets one is told so.

import { DEFAULTS } from '../config/options.ts'
import type { CreateOptions } from '../index.ts'
import type { Handlers } from './handlers.ts'

export interface AedesOptions extends Partial<Handlers> {
  /** Default: a UUID. */
  id?: string
  /** Milliseconds within which CONNECT must arrive. Default 30,000. */
  connectTimeout?: number
  /** Milliseconds between heartbeats under `$SYS/ID/heartbeat`. Default 60,000. */
  heartbeatInterval?: number
  /** Longest keep-alive, seconds; 0 = no limit, which is the default. */
  keepaliveLimit?: number
  /** QoS 2 messages a client may have begun; 0 = no limit. Default 1000; counts for MQTT 5 only. */
  maxInflightInbound?: number
  /** Levels of a topic that handlers are asked about, 1 to 100. Default 100. */
  maxTopicLevels?: number
  /** Options of this broker: limits, `data` for a store on disk, `log`; before the others. */
  wasmqtt?: Omit<CreateOptions, 'hooks'>
  /** Without meaning here, with a warning. */
  mq?: unknown
  persistence?: unknown
  decodeProtocol?: unknown
  trustProxy?: boolean
  trustedProxies?: string[]
  /** Without meaning here. */
  concurrency?: number
  drainTimeout?: number
  queueLimit?: number
  maxClientsIdLength?: number
}

const WITHOUT_MEANING = ['mq', 'persistence', 'decodeProtocol', 'trustProxy'] as const
const NEVER = 0xffffffff
const IDS_MAX = 65535

export const HEARTBEAT_MS = 60_000
const CONNECT_TIMEOUT_MS = 30_000
const RECEIVE_MAX = 1000
const LEVELS_MAX = 100

export function brokerOptions(options: AedesOptions): CreateOptions {
  const { connectTimeout = CONNECT_TIMEOUT_MS, keepaliveLimit = 0 } = options
  const { maxInflightInbound = RECEIVE_MAX } = options
  const isNumber = Number.isInteger(maxInflightInbound) && maxInflightInbound >= 0
  const receiveMax = isNumber ? maxInflightInbound : RECEIVE_MAX
  return {
    clientIdPrefix: 'aedes_',
    connectTimeoutMs: connectTimeout,
    keepAliveMax: keepaliveLimit,
    receiveMax: receiveMax === 0 ? IDS_MAX : Math.min(receiveMax, IDS_MAX),
    sessionExpiryMax: NEVER,
    sysInterval: 0, // the tree below `$SYS` is aedes' own
    log: DEFAULTS.log,
    ...options.wasmqtt,
  }
}

export function levelsOf({ maxTopicLevels = LEVELS_MAX }: AedesOptions): number {
  return Math.min(Math.max(maxTopicLevels, 1), LEVELS_MAX)
}

/** Says what will not be done. */
export function warnOf(options: AedesOptions): void {
  const given = WITHOUT_MEANING.filter((name) => options[name])
  if (given.length === 0) return
  const names = given.join(', ')
  process.emitWarning(`these options of aedes have no meaning here: ${names}`, {
    code: 'WASMQTT_AEDES_OPTION',
  })
}
