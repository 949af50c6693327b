// `wasmqtt` without a subcommand: starts a broker and its listeners as the command line and the
// configuration file say, prints where it listens, and closes it gracefully on a signal. Called by
// main.ts; all that is MQTT is behind createBroker.

import { accessSync, constants, mkdirSync } from 'node:fs'
import { listenHealth } from '../admin/health.ts'
import type { Config, ListenerConfig } from '../config/config.ts'
import { type BrokerOptions, DEFAULTS, type Log } from '../config/options.ts'
import { type Broker, createBroker } from '../index.ts'
import { joinAddress } from '../net/addresses.ts'
import type { Listener } from '../net/transport.ts'
import { StoreError } from '../store/database.ts'
import type { Arguments } from './arguments.ts'
import { Failure } from './failure.ts'
import { loadConfig } from './load.ts'
import { createLog } from './log.ts'

const DEFAULT_HOSTS = ['127.0.0.1', '::1']
const MQTT_PORT = 1883
const WS_PORT = 8083
const ADMIN_PORT = 18083
const DATA = './wasmqtt-data'

/** Listens, prints the addresses and `ready`; resolves then. Throws a Failure when it cannot. */
export async function serve(words: Arguments): Promise<void> {
  const config = words.config === undefined ? {} : (await loadConfig(words.config)).config
  refuseUnsupported(words.config ?? '', config)
  const data = words.data ?? config.data ?? DATA
  const durability = words.durability ?? config.durability ?? 'disk'
  if (durability !== 'memory') prepareDirectory(data)
  const log = createLog({
    verbose: words.verbose === true,
    write: (text) => process.stderr.write(text),
  })
  const options = { ...brokerOptions(config), ...environmentOptions(), data, durability, log }
  const broker = await createBroker(options).catch(failOnStore)
  closeOnSignal(broker)
  const listeners: Listener[] = []
  for (const plan of planListeners(words, config)) {
    const listener = await listen(plan, broker, log)
    if (listener !== undefined) listeners.push(listener)
  }
  const lines = [...listeners.map(({ url }) => `listening ${url}`), 'ready']
  process.stdout.write(`${lines.join('\n')}\n`)
}

function brokerOptions(config: Config): Partial<BrokerOptions> {
  return Object.fromEntries(Object.entries(config).filter(([key]) => Object.hasOwn(DEFAULTS, key)))
}

const LISTENER_KEYS = ['type', 'host', 'port', 'path']

/** What would protect something must not be passed over in silence. */
function refuseUnsupported(file: string, { listeners = [], ...config }: Config): void {
  const keys = [
    ...Object.keys(config).filter((key) => key === 'log' || !Object.hasOwn(DEFAULTS, key)),
    ...listeners.flatMap((listener, i) =>
      Object.keys(listener)
        .filter((key) => !LISTENER_KEYS.includes(key))
        .map((key) => `listeners[${i}].${key}`),
    ),
  ]
  if (keys.length === 0) return
  throw new Failure(
    'WASMQTT_CONFIG',
    keys.map((key) => `${file}: ${key}: this version cannot do that yet`),
  )
}

/** A store that cannot be used is the operator's to mend. */
function failOnStore(error: unknown): never {
  if (error instanceof StoreError) throw new Failure(error.code, [`store: ${error.message}`])
  throw error
}

/** WASMQTT_WASM=debug loads the module with its assertions. */
function environmentOptions(): Partial<BrokerOptions> {
  const build = process.env.WASMQTT_WASM
  if (build === undefined || build === '') return {}
  if (build === 'release' || build === 'debug') return { wasm: build }
  const mistake = `WASMQTT_WASM: expected "release" or "debug", got ${JSON.stringify(build)}`
  throw new Failure('WASMQTT_CONFIG', [mistake])
}

function prepareDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    const { message } = error as Error
    throw new Failure('WASMQTT_DATA', [`--data ${path}: cannot be used: ${message}`])
  }
}

/** One socket to open. */
type ListenerPlan = { type: 'mqtt' | 'ws'; host: string; port: number; path: string }
type Plan = (ListenerPlan | { type: 'http'; host: string; port: number }) & {
  /** Left out where the machine has no such address: the IPv6 half of the default. */
  optional: boolean
}

/** Listeners of the file stand beside those asked for on the command line, in place of defaults. */
function planListeners(words: Arguments, { listeners }: Config): Plan[] {
  const hosts = words.host === undefined ? DEFAULT_HOSTS : [words.host]
  const isOptional = (host: string): boolean => words.host === undefined && host.includes(':')
  const plan: Plan[] = (listeners ?? []).map(planListener)
  const port = words.port ?? (listeners ? 'off' : MQTT_PORT)
  const wsPort = words.wsPort ?? (listeners ? 'off' : WS_PORT)
  const adminPort = words.adminPort ?? ADMIN_PORT
  const onEachHost = (make: (at: { host: string; optional: boolean }) => Plan): void => {
    for (const host of hosts) plan.push(make({ host, optional: isOptional(host) }))
  }
  if (port !== 'off') onEachHost((at) => ({ type: 'mqtt', port, path: '', ...at }))
  if (wsPort !== 'off') onEachHost((at) => ({ type: 'ws', port: wsPort, path: '/mqtt', ...at }))
  if (adminPort !== 'off') onEachHost((at) => ({ type: 'http', port: adminPort, ...at }))
  return plan
}

function planListener({ type, host = '*', port = 0, path = '/mqtt' }: ListenerConfig): Plan {
  return { type, host: host === '*' ? '::' : host, port, path, optional: false }
}

async function listen(plan: Plan, broker: Broker, log: Log): Promise<Listener | undefined> {
  try {
    if (plan.type === 'http')
      return await listenHealth({ ...plan, log }, () => healthOf(broker), broker.watched)
    return await broker.listen(plan)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const missing = code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT'
    if (missing && plan.optional) return undefined
    const url = `${plan.type}://${joinAddress(plan.host, plan.port)}`
    const reason = (code && REASONS[code]) ?? message
    throw new Failure('WASMQTT_LISTEN', [`cannot listen on ${url}: ${reason}`])
  }
}

/** `degraded` while the store cannot be written: what needs no disk is served all the same. */
function healthOf(broker: Broker): object {
  const facts = broker.stats()
  return facts.storeFailing === 1 ? { ...facts, status: 'degraded' } : facts
}

const REASONS: Record<string, string> = {
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'not permitted (ports below 1024 need a privilege)',
  ENOTFOUND: 'no such host name is known',
}

/** The first signal closes gracefully and exits 0, a second one exits at once. */
function closeOnSignal(broker: Broker): void {
  let closing = false
  const onSignal = (): void => {
    if (closing) process.exit(1)
    closing = true
    broker.close().then(() => process.exit(0))
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}
