// What holds for the clients of one listener, put together from its configuration and the broker's
// options. Connections keep the policy they were accepted with; a reload gives new ones a new one.

import { VERSION_3_1, VERSION_3_1_1, VERSION_5_0 } from '../../assembly/codes.ts'
import type { ListenerConfig } from '../config/config.ts'
import type { BrokerOptions } from '../config/options.ts'
import type { Access, Guard } from './access.ts'

export interface Load {
  connections: number
}

export interface Policy {
  /** Name of the listener. */
  readonly name: string
  /** Put before every topic and filter; `''` = none. */
  readonly mountPoint: string
  /** Connections at once; 0 = no limit. */
  readonly connectionsMax: number
  readonly qosMax: number
  /** Protocol levels spoken: 3, 4, 5. */
  readonly versions: readonly number[]
  readonly topicAliasMaxIn: number
  readonly topicAliasMaxOut: number
  readonly emptyClientIds: boolean
  readonly clientIdPrefix: string
  readonly usernameAsClientId: boolean
  /** Per second and connection; 0 = no limit. */
  readonly messagesPerSecond: number
  readonly bytesPerSecond: number
  /** Seconds of a rate that may be used at once. */
  readonly burstSeconds: number
  /** Whether a client over its rate is disconnected (0x96) instead of not read. */
  readonly disconnectsOverRate: boolean
  /** What all its connections add up to; outlives a reload. */
  readonly load: Load
  /** Who decides whether a connection is accepted at all. */
  readonly guard: Guard | undefined
  /** Who decides; undefined = everybody may do everything. */
  readonly access: Access | undefined
}

/** The policy of a listener that says nothing of its own. */
export function defaultPolicy(options: BrokerOptions, given: Partial<Policy> = {}): Policy {
  return {
    name: 'default',
    mountPoint: '',
    connectionsMax: 0,
    qosMax: options.qosMax,
    versions: [VERSION_3_1, VERSION_3_1_1, VERSION_5_0],
    topicAliasMaxIn: options.topicAliasMaxIn,
    topicAliasMaxOut: options.topicAliasMaxOut,
    emptyClientIds: options.emptyClientIds,
    clientIdPrefix: options.clientIdPrefix,
    usernameAsClientId: false,
    messagesPerSecond: 0,
    bytesPerSecond: 0,
    burstSeconds: 1,
    disconnectsOverRate: false,
    load: { connections: 0 },
    guard: undefined,
    access: undefined,
    ...given,
  }
}

const LEVELS = { '3.1': VERSION_3_1, '3.1.1': VERSION_3_1_1, '5.0': VERSION_5_0 }

/** The policy that a listener's configuration asks for. */
export function policyOf(listener: ListenerConfig, options: BrokerOptions): Policy {
  const { rates = {} } = listener
  return defaultPolicy(options, {
    name: nameOf(listener),
    mountPoint: listener.mountPoint ?? '',
    connectionsMax: listener.connectionsMax ?? 0,
    qosMax: Math.min(listener.qosMax ?? 2, options.qosMax),
    usernameAsClientId: listener.usernameAsClientId ?? false,
    messagesPerSecond: rates.messagesPerSecond ?? 0,
    bytesPerSecond: rates.bytesPerSecond ?? 0,
    burstSeconds: rates.burstSeconds ?? 1,
    disconnectsOverRate: rates.over === 'disconnect',
    ...(listener.versions && { versions: listener.versions.map((version) => LEVELS[version]) }),
    topicAliasMaxIn: listener.topicAliasMaxIn ?? options.topicAliasMaxIn,
    topicAliasMaxOut: listener.topicAliasMaxOut ?? options.topicAliasMaxOut,
    emptyClientIds: listener.emptyClientIds ?? options.emptyClientIds,
    clientIdPrefix: listener.clientIdPrefix ?? options.clientIdPrefix,
  })
}

/** Under which a listener is known in logs and metrics. */
export function nameOf({ name, port, socket, type }: ListenerConfig): string {
  return name ?? `${type}-${socket ?? port}`
}
