// What a configuration and the command line together ask for: options of the broker, sockets to
// open, the log, what the process is. Made at the start and again by each reload; opens nothing.

import { nameOf } from '../broker/policy.ts'
import type { AdminConfig, Config, ListenerConfig, LogConfig } from '../config/config.ts'
import { type BrokerOptions, DEFAULTS } from '../config/options.ts'
import { joinAddress } from '../net/addresses.ts'
import type { Arguments } from './arguments.ts'
import { Failure } from './failure.ts'
import { likeMosquitto } from './mosquitto.ts'

const DEFAULT_HOSTS = ['127.0.0.1', '::1']
const MQTT_PORT = 1883
const WS_PORT = 8083
const ADMIN_PORT = 18083
const DATA = './wasmqtt-data'

/** Settings of a socket: for clients, or for health and metrics. */
export type PlaceSettings = ListenerConfig | ({ type: 'http' } & AdminConfig)

/** One socket to open. */
export interface Place {
  /** The same in two plans = the same socket. */
  key: string
  /** As messages call it: `mqtt://127.0.0.1:1883`. */
  url: string
  settings: PlaceSettings
  /** Left out where the machine has no such address: the IPv6 half of the default. */
  optional: boolean
}

export type Options = Omit<BrokerOptions, 'clock' | 'log'>

export interface Plan {
  config: Config
  options: Options
  /** Whether somebody has named the data directory. */
  hasData: boolean
  places: Place[]
  log: LogConfig
  pidFile: string | undefined
  user: string | undefined
}

/** @throws Failure when words or environment make no sense */
export function makePlan(given: Arguments, config: Config): Plan {
  const words = likeMosquitto(given, config)
  const { clock: _clock, log: _none, ...defaults } = DEFAULTS
  return {
    config,
    options: {
      ...defaults,
      ...optionsOf(config),
      ...environmentOptions(),
      data: words.data ?? config.data ?? DATA,
      durability: words.durability ?? config.durability ?? 'disk',
    },
    hasData: (words.data ?? config.data) !== undefined,
    places: numbered([...clientPlaces(words, config), ...adminPlaces(words, config)]),
    log: logOf(words, config),
    pidFile: config.pidFile,
    user: config.user,
  }
}

/** What of a configuration the broker itself reads. */
function optionsOf(config: Config): Partial<Options> {
  const options: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(config)) {
    if (Object.hasOwn(DEFAULTS, key) && value !== undefined) options[key] = value
  }
  const { log: _log, ...rest } = options
  return rest
}

/** With a file, what is done to the broker is logged, too: reloads, for example. */
function logOf(words: Arguments, { log }: Config): LogConfig {
  const level = words.config === undefined ? 'warn' : 'notice'
  const { types, ...rest } = { level, ...log } as LogConfig
  if (words.quiet) return { ...rest, destinations: [] }
  if (words.verbose) return { ...rest, level: 'debug' }
  return types === undefined ? rest : { ...rest, types }
}

/** WASMQTT_WASM=debug loads the module with its assertions. */
function environmentOptions(): Partial<Options> {
  const build = process.env.WASMQTT_WASM
  if (build === undefined || build === '') return {}
  if (build === 'release' || build === 'debug') return { wasm: build }
  const mistake = `WASMQTT_WASM: expected "release" or "debug", got ${JSON.stringify(build)}`
  throw new Failure('WASMQTT_CONFIG', [mistake])
}

type Unkeyed = Omit<Place, 'key' | 'url'>

/** Listeners of the file stand beside those asked for on the command line, in place of defaults. */
function clientPlaces(words: Arguments, config: Config): Unkeyed[] {
  const { listeners } = config
  const inherited = inheritedOf(config)
  const port = words.port ?? (listeners ? 'off' : MQTT_PORT)
  const wsPort = words.wsPort ?? (listeners ? 'off' : WS_PORT)
  const places: Unkeyed[] = (listeners ?? []).map((listener) => ({
    settings: { ...inherited, ...listener, ...ratesOf(inherited, listener) },
    optional: false,
  }))
  if (port !== 'off') {
    places.push(...onEachHost(words, (host) => ({ ...inherited, type: 'mqtt', host, port })))
  }
  if (wsPort !== 'off') {
    places.push(
      ...onEachHost(words, (host) => ({
        ...inherited,
        type: 'ws',
        host,
        port: wsPort,
        path: '/mqtt',
      })),
    )
  }
  return places
}

/** What holds for listeners that do not say it themselves. */
function inheritedOf(config: Config): Partial<ListenerConfig> {
  const { authentication, authorization, limits, listeners } = config
  return {
    anonymous: config.anonymous ?? listeners === undefined,
    ...(authentication !== undefined && { authentication }),
    ...(authorization !== undefined && { authorization }),
    ...(limits?.rates !== undefined && { rates: limits.rates }),
  }
}

/** A listener's rates go before the general ones, each by itself. */
function ratesOf(general: Partial<ListenerConfig>, own: ListenerConfig): Partial<ListenerConfig> {
  const rates = { ...general.rates, ...own.rates }
  return Object.keys(rates).length === 0 ? {} : { rates }
}

function adminPlaces(words: Arguments, { admin }: Config): Unkeyed[] {
  const configured = admin === false ? 'off' : (admin?.port ?? ADMIN_PORT)
  const port = words.adminPort ?? configured
  if (port === 'off') return []
  const host = admin === false ? undefined : admin?.host
  return onEachHost({ ...words, host: words.host ?? host }, (at) => ({
    type: 'http',
    host: at,
    port,
  }))
}

function onEachHost(
  { host }: { host?: string | undefined },
  make: (host: string) => PlaceSettings,
): Unkeyed[] {
  if (host !== undefined) return [{ settings: make(host), optional: false }]
  return DEFAULT_HOSTS.map((each) => ({ settings: make(each), optional: each.includes(':') }))
}

/** Two that ask for any free port are two, by their order; no two have one name. */
function numbered(places: Unkeyed[]): Place[] {
  const keys = new Map<string, number>()
  const names = new Map<string, number>()
  return places.map(({ settings, optional }) => {
    const address = addressOf(settings)
    const key = unique(address, keys)
    const url = `${settings.type}://${address}`
    if (settings.type === 'http') return { settings, optional, url, key }
    const own = nameOf(settings)
    const name = unique(own, names)
    return { settings: name === own ? settings : { ...settings, name }, optional, url, key }
  })
}

function unique(text: string, seen: Map<string, number>): string {
  const count = (seen.get(text) ?? 0) + 1
  seen.set(text, count)
  return count === 1 ? text : `${text}#${count}`
}

function addressOf(settings: PlaceSettings): string {
  const { host = '*', port = 0 } = settings
  if ('socket' in settings && settings.socket !== undefined) return settings.socket
  const address = joinAddress(host, port)
  return 'interface' in settings ? `${address}%${settings.interface}` : address
}
