// The shape of a whole configuration, as a file says it and as the command line and a reload carry
// it out. The schema (schema.ts) checks files against it, mosquitto.ts translates into it, cli/ and
// net/ read it. Every key may be left out; the defaults stand in options.ts and schema.ts.

import type { BrokerOptions } from './options.ts'

/** Options of the broker that a file may set. */
export type FileOptions = Omit<BrokerOptions, 'clock' | 'log'>

/** A configuration: options of the broker beside what surrounds it. */
export interface Config extends Partial<FileOptions> {
  /** Where clients connect; left out: loopback only, see cli/serve.ts. */
  listeners?: ListenerConfig[]
  /** HTTP listener of health, metrics and the console, or `false` for none. */
  admin?: AdminConfig | false
  log?: LogConfig
  /** File that holds the process id while the broker runs. */
  pidFile?: string
  /** System user the process becomes after it has bound its ports, when started as root. */
  user?: string
  /** Whether clients without user name are let in, for listeners that do not say it themselves. */
  anonymous?: boolean
  /** Tried in this order until one answers yes or no; for listeners without their own. */
  authentication?: AuthenticationStep[]
  /** What clients may do; left out: everything. */
  authorization?: AuthorizationConfig
  limits?: LimitsConfig
}

export interface ListenerConfig {
  /** In logs and metrics; default `type-port`. */
  name?: string
  type: 'mqtt' | 'ws'
  /** Address or host name to bind; default `*`, every address of the machine. */
  host?: string
  /** 0 = any free one. Left out only with `socket`. */
  port?: number
  /** Path of a unix socket, instead of host and port. */
  socket?: string
  /** Permissions of that socket, octal: `'0660'`. */
  socketMode?: string
  /** Network interface to bind, Linux: `eth0`. */
  interface?: string
  /** Which of the machine's addresses `*` means. */
  family?: 'ipv4' | 'ipv6'
  /** WebSocket only: path of the endpoint, default `/mqtt`; `*` = every path. */
  path?: string
  /** WebSocket only: origins let in (`https://example.org`); left out: any. */
  origins?: string[]
  /** WebSocket only: addresses or ranges whose X-Forwarded-For is believed. */
  trustedProxies?: string[]
  tls?: TlsConfig
  /** Expects a PROXY protocol header before everything else and refuses what has none. */
  proxyProtocol?: 'v1' | 'v2' | 'any'
  /** PROXY v2 only: refuses connections that did not come over TLS. */
  proxyRequiresTls?: boolean
  /** Put before every topic of its clients, and taken off what they are sent. */
  mountPoint?: string
  connectionsMax?: number
  qosMax?: 0 | 1 | 2
  /** Versions of the protocol spoken here. */
  versions?: ('3.1' | '3.1.1' | '5.0')[]
  topicAliasMaxIn?: number
  topicAliasMaxOut?: number
  noDelay?: boolean
  anonymous?: boolean
  emptyClientIds?: boolean
  clientIdPrefix?: string
  usernameAsClientId?: boolean
  authentication?: AuthenticationStep[]
  authorization?: AuthorizationConfig
  /** Per connection of this listener; over those of `limits`. */
  rates?: RatesConfig
}

export interface TlsConfig {
  /** PEM file of the certificate and its chain. */
  certificate?: string
  /** PEM file of its private key. */
  key?: string
  /** File that holds the key's passphrase. */
  keyPassphraseFile?: string
  /** Further certificates, chosen by the name the client asks for (SNI); `*.example.org` works. */
  names?: { name: string; certificate: string; key: string }[]
  /** PEM file, or directory of PEM files, of those who may issue client certificates. */
  ca?: string
  caDirectory?: string
  clientCertificate?: 'none' | 'optional' | 'required'
  /** What of a client certificate (or PSK identity) becomes the user name. */
  usernameFrom?: 'commonName' | 'subject' | 'san'
  /** What of a client certificate becomes the client identifier. */
  clientIdFrom?: 'commonName' | 'subject' | 'san'
  /** PEM file of revoked certificates. */
  crl?: string
  /** Accepts client certificates that are expired or not valid yet. */
  ignoreClientDates?: boolean
  minVersion?: '1.2' | '1.3'
  /** Cipher list up to TLS 1.2, in OpenSSL's words; and the suites of TLS 1.3. */
  ciphers?: string
  ciphers13?: string
  dhparam?: string
  /** Protocols offered by ALPN; default `['mqtt']`. */
  alpn?: string[]
  /** File of `identity:hexkey` lines: the listener speaks TLS-PSK instead of certificates. */
  pskFile?: string
  pskHint?: string
}

export interface AdminConfig {
  host?: string
  port?: number
}

export interface LogConfig {
  /** Least severe level written. */
  level?: 'error' | 'warn' | 'notice' | 'info' | 'debug'
  /** Exactly these kinds instead of a level, as Mosquitto's log_type says them. */
  types?: LogType[]
  format?: 'pretty' | 'json'
  destinations?: LogDestination[]
  timestamp?: boolean
  /** strftime's words, for `pretty`; left out: ISO 8601. */
  timestampFormat?: string
  /** Whether connects and disconnects are logged. */
  connections?: boolean
}

export type LogType =
  | 'error'
  | 'warning'
  | 'notice'
  | 'information'
  | 'debug'
  | 'subscribe'
  | 'unsubscribe'
  | 'websockets'

/** `topic` = published under `$SYS/broker/log/`. */
export type LogDestination = 'stdout' | 'stderr' | 'topic' | 'syslog' | { file: string }

export type AuthenticationStep =
  | { type: 'password-file'; file: string }
  | ({ type: 'jwt' } & JwtConfig)
  | ({ type: 'http' } & HttpHookConfig)
  /** A verified client certificate is enough; its user name by `tls.usernameFrom`. */
  | { type: 'certificate' }
  /** ProductKey, DeviceName and DeviceSecret of the device registry. */
  | {
      type: 'device'
      /** How far a device's timestamp may be off. */
      clockSkewSeconds?: number
      /** Whether `securemode` must fit the transport, and registration needs TLS; default true. */
      checkTransport?: boolean
    }
  /** MQTT 5 enhanced authentication, with the scrypt-free credentials of `file`. */
  | { type: 'scram'; file: string; iterations?: number }

export interface JwtConfig {
  /** Exactly one source of keys. */
  secret?: string
  secretFile?: string
  publicKeyFile?: string
  jwksFile?: string
  jwksUrl?: string
  algorithms?: string[]
  issuer?: string
  audience?: string
  /** Which field of CONNECT carries the token; default `password`. */
  from?: 'username' | 'password'
  /** Claims that must equal the user name or client identifier, when set. */
  usernameClaim?: string
  clientIdClaim?: string
  /** Claim that holds rules; default `acl`. */
  rulesClaim?: string
  clockToleranceSeconds?: number
}

export interface HttpHookConfig {
  url: string
  headers?: Record<string, string>
  timeoutMs?: number
  /** How long an answer is remembered, seconds; 0 = not. */
  cacheSeconds?: number
}

export interface AuthorizationConfig {
  /** A file as Mosquitto's acl_file. */
  aclFile?: string
  /** First match wins; no match = denied. */
  rules?: RuleConfig[]
  /** Asked for what no rule decides; see access/README.md. */
  http?: HttpHookConfig
}

export interface RuleConfig {
  effect: 'allow' | 'deny'
  action: 'publish' | 'subscribe' | 'both'
  /**
   * Filters; `${username}`, `${clientid}`, `${productkey}`, `${devicename}`, `${commonname}` stand
   * for whole levels.
   */
  topics: string[]
  /** Who it is about; each that is given must hold. `*` stands for any characters. */
  username?: string
  clientId?: string
  address?: string
  commonName?: string
  /** Only for clients without (true) or with (false) a user name. */
  anonymous?: boolean
}

export interface LimitsConfig {
  connectionsPerAddress?: number
  connectionsPerUser?: number
  /** CONNECTs per second: of all, and from one address. */
  connectRate?: number
  connectRatePerAddress?: number
  rates?: RatesConfig
  flapping?: { connects: number; withinSeconds: number; banSeconds: number }
}

export interface RatesConfig {
  messagesPerSecond?: number
  bytesPerSecond?: number
  /** Seconds of the rate that may be used at once; default 1. */
  burstSeconds?: number
  /** Reads no further until the rate allows it, or ends the connection with 0x96. */
  over?: 'throttle' | 'disconnect'
}
