// What a listener's part of a configuration means to the broker: where to bind, and what holds for
// the clients that connect there. Called when a listener is opened, and by each reload.

import {
  REASON_NOT_AUTHORIZED,
  VERSION_3_1,
  VERSION_3_1_1,
  VERSION_5_0,
} from '../../assembly/codes.ts'
import type { Access } from '../broker/access.ts'
import type { Policy } from '../broker/policy.ts'
import type { Config, ListenerConfig } from '../config/config.ts'
import type { ListenOptions } from '../index.ts'
import { Failure } from './failure.ts'

const VERSIONS = { '3.1': VERSION_3_1, '3.1.1': VERSION_3_1_1, '5.0': VERSION_5_0 }
/** Settings of a listener that are settings of a policy by the same name. */
const SAME_KEYS = [
  ...(['name', 'mountPoint', 'connectionsMax', 'qosMax', 'topicAliasMaxIn'] as const),
  ...(['topicAliasMaxOut', 'emptyClientIds', 'clientIdPrefix', 'usernameAsClientId'] as const),
]

/** Anonymous clients are refused, and nobody else can be told apart. */
const NOBODY: Access = {
  admit: () => ({ refused: REASON_NOT_AUTHORIZED }),
  exchange: () => undefined,
}

export function policyOf(config: ListenerConfig): Partial<Policy> {
  const { anonymous, rates, versions } = config
  const policy: Record<string, unknown> = {}
  if (anonymous === false) policy.access = NOBODY
  for (const key of SAME_KEYS) if (config[key] !== undefined) policy[key] = config[key]
  if (versions !== undefined) policy.versions = versions.map((version) => VERSIONS[version])
  if (rates !== undefined) {
    policy.messagesPerSecond = rates.messagesPerSecond ?? 0
    policy.bytesPerSecond = rates.bytesPerSecond ?? 0
    policy.burstSeconds = rates.burstSeconds ?? 1
    policy.disconnectsOverRate = rates.over === 'disconnect'
  }
  return policy
}

export function addressOf({ type, host = '*', port = 0, path }: ListenerConfig): ListenOptions {
  const address = { type, host: host === '*' ? '::' : host, port }
  return path === undefined ? address : { ...address, path }
}

const UNSUPPORTED = ['authentication', 'authorization', 'limits']
const UNSUPPORTED_HERE = [
  ...['socket', 'socketMode', 'interface', 'family', 'origins', 'trustedProxies', 'tls'],
  ...['proxyProtocol', 'proxyRequiresTls', 'noDelay', 'authentication', 'authorization', 'rates'],
]

/** What would protect something must not be passed over in silence. */
export function refuseUnsupported(file: string, config: Config): void {
  const keys = [
    ...UNSUPPORTED.filter((key) => Object.hasOwn(config, key)),
    ...(config.listeners ?? []).flatMap((listener, i) =>
      UNSUPPORTED_HERE.filter((key) => Object.hasOwn(listener, key)).map(
        (key) => `listeners[${i}].${key}`,
      ),
    ),
  ]
  if (keys.length === 0) return
  throw new Failure(
    'WASMQTT_CONFIG',
    keys.map((key) => `${file}: ${key}: this version cannot do that yet`),
  )
}
