// What a command line of `pub` or `sub` asks for, read and checked. Filled by the option table,
// read by the two commands; knows nothing of MQTT.js.

import { Mistake } from './mistake.ts'
import type { PropertyTable } from './properties.ts'

export type ClientKind = 'pub' | 'sub'
export type Qos = 0 | 1 | 2

/** Where the payload of `pub` comes from. */
export type Source =
  | { from: 'text'; text: string }
  | { from: 'file'; path: string }
  | { from: 'stdin' }
  | { from: 'lines' }
  | { from: 'nothing' }

export interface TlsSettings {
  /** Asked for by a URL, `--tls-use-os-certs`, a port or a certificate. */
  wanted: boolean
  /** `--no-tls`: not even on port 8883. */
  refused: boolean
  caFile?: string
  caPath?: string
  certFile?: string
  keyFile?: string
  insecure: boolean
  version?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
  ciphers?: string
  alpn?: string
  psk?: Buffer
  pskIdentity?: string
}

export interface ClientSettings {
  kind: ClientKind
  topics: string[]
  source?: Source
  qos: Qos
  retain: boolean
  repeat: number
  repeatDelayMs: number
  inflightMax: number
  host: string
  port?: number
  unixPath?: string
  webSocket: boolean
  webSocketPath: string
  bindAddress?: string
  proxy?: string
  noDelay: boolean
  tls: TlsSettings
  username?: string
  password?: string
  id?: string
  idPrefix?: string
  keepAliveSeconds: number
  protocolVersion: 3 | 4 | 5
  clean: boolean
  sessionExpirySeconds?: number
  will: { topic?: string; payload?: string; qos: Qos; retain: boolean }
  properties: PropertyTable
  debug: boolean
  quiet: boolean
  unsubscribe: string[]
  filterOut: string[]
  countMax: number
  timeoutSeconds: number
  verbose: boolean
  endOfLine: boolean
  format?: string
  pretty: boolean
  /** The share of messages to print, 0 to 1. */
  randomShare: number
  freshOnly: boolean
  retainedOnly: boolean
  removeRetained: boolean
  retainAsPublished: boolean
  retainHandling: 0 | 1 | 2
  endOnceSubscribed: boolean
}

/** No expiry: 0xFFFFFFFF. [MQTT 5.0, 3.1.2.11.2] */
export const EXPIRY_NEVER = 0xffff_ffff

export function defaultSettings(kind: ClientKind): ClientSettings {
  return {
    kind,
    topics: [],
    qos: 0,
    retain: false,
    repeat: 1,
    repeatDelayMs: 0,
    inflightMax: 20,
    host: 'localhost',
    webSocket: false,
    webSocketPath: '/mqtt',
    noDelay: false,
    tls: { wanted: false, refused: false, insecure: false },
    keepAliveSeconds: 60,
    protocolVersion: 4,
    clean: true,
    will: { qos: 0, retain: false },
    properties: {},
    debug: false,
    quiet: false,
    unsubscribe: [],
    filterOut: [],
    countMax: 0,
    timeoutSeconds: 0,
    verbose: false,
    endOfLine: true,
    pretty: false,
    randomShare: 1,
    freshOnly: false,
    retainedOnly: false,
    removeRetained: false,
    retainAsPublished: false,
    retainHandling: 0,
    endOnceSubscribed: false,
  }
}

/** What single options cannot know: which of them need, or exclude, another. */
export function checkSettings(settings: ClientSettings): void {
  const { will, tls, kind } = settings
  if (will.topic === undefined) {
    if (will.payload !== undefined) fail('Will payload given, but no will topic given.')
    if (will.retain) fail('Will retain given, but no will topic given.')
  }
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    fail('Both certfile and keyfile must be provided if one of them is set.')
  }
  if (tls.psk !== undefined) checkPsk(tls)
  checkSession(settings)
  if (settings.username === undefined && settings.password !== undefined) {
    if (settings.protocolVersion < 5) fail('Problem setting username and/or password.')
  }
  if (settings.freshOnly && settings.retainedOnly) {
    fail("Combining '-R' and '--retained-only' makes no sense.")
  }
  if (kind === 'sub' && settings.topics.length === 0) {
    fail('You must specify a topic to subscribe to.')
  }
  if (kind === 'pub' && (settings.topics.length === 0 || settings.source === undefined)) {
    fail('Both topic and message must be supplied.')
  }
}

function checkPsk(tls: TlsSettings): void {
  if (tls.caFile !== undefined || tls.caPath !== undefined) {
    fail('Only one of --psk or --cafile/--capath may be used at once.')
  }
  if (tls.pskIdentity === undefined) fail('--psk-identity required if --psk used.')
}

/** -c without -x means a session that never expires, and such a session needs a name. */
function checkSession(settings: ClientSettings): void {
  const named = settings.id !== undefined && settings.idPrefix === undefined
  if (settings.protocolVersion < 5) {
    if (!settings.clean && !named) {
      fail('You must provide a client id if you are using the -c option.')
    }
    return
  }
  if (!settings.clean) settings.sessionExpirySeconds ??= EXPIRY_NEVER
  if (settings.sessionExpirySeconds === EXPIRY_NEVER && !named) {
    fail('You must provide a client id if you are using an infinite session expiry interval.')
  }
}

function fail(text: string): never {
  throw new Mistake(`Error: ${text}`)
}
