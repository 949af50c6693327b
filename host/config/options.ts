// Every limit and behaviour of the broker: default, unit, meaning. The only place where a default
// stands. The command line and the configuration files fill it; the broker reads it.

/** Options of a broker. All are optional in `createBroker`; the defaults are `DEFAULTS`. */
export interface BrokerOptions {
  /** Most bytes of one packet, both directions, 64 to 268,435,460. */
  packetSizeMax: number
  /** Milliseconds within which CONNECT must arrive after the socket is accepted. */
  connectTimeoutMs: number
  /** A client is gone after this multiple of its keep-alive. [MQTT-3.1.2-24] */
  keepAliveFactor: number
  /** Longest keep-alive granted, seconds; 0 = no limit. Longer ones get Server Keep Alive. */
  keepAliveMax: number
  /** Longest session expiry, seconds; 0xffffffff = never expires. Also for 3.x clean_session=0. */
  sessionExpiryMax: number
  /** QoS 1 and 2 messages in flight to one session, 1 to 65,535. */
  inflightMax: number
  /** QoS 1 and 2 publications a client may have unacknowledged: our Receive Maximum. */
  receiveMax: number
  /** Messages waiting for one session, beyond those in flight. */
  queueMessagesMax: number
  /** Bytes waiting for one session. */
  queueBytesMax: number
  /** Bytes waiting for all sessions together. */
  queueTotalBytesMax: number
  /** What a full queue drops. */
  queueDrop: 'oldest' | 'newest'
  /** Retained messages waiting for one session before it may not ask for more. */
  retainedWaitingMax: number
  /** Bytes waiting in one connection's outbox before QoS 0 is dropped and QoS 1, 2 are queued. */
  outboxBytesMax: number
  /** Topic aliases a client may use towards us, 0 to 65,535. */
  topicAliasMaxIn: number
  /** Topic aliases we use towards a client that allows them. */
  topicAliasMaxOut: number
  /** Highest QoS accepted and granted, 0 to 2. */
  qosMax: 0 | 1 | 2
  /** Whether retained messages are kept. */
  retainAvailable: boolean
  /** Checks that a payload whose indicator says UTF-8 is UTF-8. [MQTT-3.3.2-4] */
  payloadFormatCheck: boolean
  /** Answer to Request Response Information, `''` = none. MQTT 5.0 section 3.2.2.3.15. */
  responseInformation: string
  /** Connections at once; 0 = no limit. */
  connectionsMax: number
  /** Most bytes of a payload; larger publications are acknowledged and dropped; 0 = no limit. */
  payloadSizeMax: number
  /** Whether QoS 0 messages wait for a persistent session that is offline, too. */
  queueQos0: boolean
  /** Whether a message goes out at the subscription's QoS even when it was published with less. */
  upgradeOutgoingQos: boolean
  /** Whether a client may leave its identifier empty and be given one. */
  emptyClientIds: boolean
  /** What an identifier given by the broker begins with. */
  clientIdPrefix: string
  /** Whether a retained message is sent only while its publisher may still publish there. */
  retainSourceCheck: boolean
  /** Seconds a retained message is kept when its publisher sets no expiry; 0 = for ever. */
  retainExpiryMax: number
  /** Seconds between updates of the `$SYS` topics; 0 = no `$SYS`. */
  sysInterval: number
  /** Directory of the store, `undefined` = nothing is stored and `durability` means nothing. */
  data: string | undefined
  /**
   * What an acknowledgement promises: `disk` = written and synced, survives a power cut;
   * `process` = given to the operating system, survives the end of the process; `memory` = nothing.
   */
  durability: 'disk' | 'process' | 'memory'
  /** Module to load: the release build, or the debug build with its assertions. */
  wasm: 'release' | 'debug'
  /** Source of time, milliseconds since the epoch; tests give their own. */
  clock: Clock
  /** Where log lines go; `undefined` = nowhere. */
  log: Log | undefined
}

export interface Clock {
  now(): number
}

export type LogLevel = 'error' | 'warn' | 'notice' | 'info' | 'debug'

/** One structured line: a level, a sentence, and its facts. */
export type Log = (level: LogLevel, message: string, facts: Record<string, unknown>) => void

export const DEFAULTS: BrokerOptions = {
  packetSizeMax: 1024 * 1024,
  connectTimeoutMs: 10_000,
  keepAliveFactor: 1.5,
  keepAliveMax: 0,
  sessionExpiryMax: 7 * 24 * 3600,
  inflightMax: 32,
  receiveMax: 1024,
  queueMessagesMax: 1000,
  queueBytesMax: 16 * 1024 * 1024,
  queueTotalBytesMax: 1024 * 1024 * 1024,
  queueDrop: 'oldest',
  retainedWaitingMax: 1_000_000,
  outboxBytesMax: 1024 * 1024,
  topicAliasMaxIn: 16,
  topicAliasMaxOut: 16,
  qosMax: 2,
  retainAvailable: true,
  payloadFormatCheck: false,
  responseInformation: '',
  connectionsMax: 0,
  payloadSizeMax: 0,
  queueQos0: false,
  upgradeOutgoingQos: false,
  emptyClientIds: true,
  clientIdPrefix: 'auto-',
  retainSourceCheck: true,
  retainExpiryMax: 0,
  sysInterval: 10,
  data: undefined,
  durability: 'disk',
  wasm: 'release',
  clock: Date,
  log: undefined,
}
