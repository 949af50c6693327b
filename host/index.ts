// The library's face: a broker as an object, with listeners, connections and clock put together.
// What MQTT says lives in host/broker; here is only how the parts start, stop and are spoken to.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Core } from './broker/core.ts'
import { type Handler, LocalSubscriber } from './broker/local.ts'
import { defaultPolicy, type Policy } from './broker/policy.ts'
import { route } from './broker/publish.ts'
import { restore } from './broker/restore.ts'
import { type BrokerOptions, DEFAULTS } from './config/options.ts'
import { Connection } from './net/connection.ts'
import { listenTcp } from './net/tcp.ts'
import type { Accept, Listener } from './net/transport.ts'
import { listenWebSocket } from './net/websocket.ts'
import type { Properties } from './protocol/packets.ts'
import { readContents } from './store/contents.ts'
import { openDatabase } from './store/database.ts'
import { LevelStore } from './store/level.ts'
import { MemoryStore } from './store/memory.ts'
import { check } from './wasm/check.ts'

export type { Delivery, Handler } from './broker/local.ts'
export type { BrokerOptions, Clock, Log, LogLevel } from './config/options.ts'
export { DEFAULTS } from './config/options.ts'
export type { Listener, Transport, TransportHandler } from './net/transport.ts'
export type { Properties } from './protocol/packets.ts'

const TICK_MS = 1000
/** In the data directory. */
export const STORE_FOLDER = 'store'
// Subscription options of an in-process subscriber: highest QoS, retain flag as published.
const LOCAL_OPTIONS = 2 | 8

/** Where to listen. */
export interface ListenOptions {
  type: 'mqtt' | 'ws'
  /** Address to bind; default 127.0.0.1. */
  host?: string
  /** Port to bind; 0 = any free one. */
  port: number
  /** WebSocket only: path of the endpoint, default `/mqtt`. */
  path?: string
}

/** A message to publish from this process. */
export interface PublishOptions {
  topic: string
  payload?: Buffer | Uint8Array | string
  qos?: 0 | 1 | 2
  retain?: boolean
  properties?: Properties
}

/** Something to end a subscription of this process with. */
export interface Subscription {
  close(): void
}

/**
 * A broker that does not listen anywhere yet.
 * @param options what differs from `DEFAULTS`
 * Without `data` nothing is stored; with it, what an earlier process stored there is there again.
 * @throws Error when build/wasmqtt.wasm is missing, StoreError when the store cannot be used
 */
export async function createBroker(options: Partial<BrokerOptions> = {}): Promise<Broker> {
  const all: BrokerOptions = { ...DEFAULTS, ...options }
  const { data, durability, log } = all
  if (data === undefined || durability === 'memory') {
    return new Broker(new Core(all, () => new MemoryStore()))
  }
  await mkdir(data, { recursive: true })
  const directory = join(data, STORE_FOLDER)
  const { database, contents } = await openDatabase(directory, log, readContents)
  let store: LevelStore | undefined
  const core = new Core(all, (messages) => {
    store = new LevelStore(database, durability, messages, log)
    return store
  })
  restore(core, store as unknown as LevelStore, contents)
  return new Broker(core)
}

export class Broker {
  private readonly core: Core
  private readonly connections: Set<Connection> = new Set()
  private readonly listeners: Set<Listener> = new Set()
  private readonly ticker: NodeJS.Timeout
  private closing: Promise<void> | undefined = undefined
  private drained: (() => void) | undefined = undefined

  /** Use `createBroker`. */
  constructor(core: Core) {
    this.core = core
    this.ticker = setInterval(() => this.tick(), TICK_MS)
    this.ticker.unref()
  }

  /** Accepts clients; rejects with the system's error when the address cannot be bound. */
  async listen(
    { type, host = '127.0.0.1', port, path = '/mqtt' }: ListenOptions,
    policy: Partial<Policy> = {},
  ): Promise<Listener> {
    const { connectTimeoutMs, log, packetSizeMax } = this.core.options
    const settled = defaultPolicy(this.core.options, { name: `${type}-${port}`, ...policy })
    const accept: Accept = (transport) => {
      if (this.closing !== undefined) return undefined
      const connection = new Connection(this.core, transport, settled, this.onGone)
      this.connections.add(connection)
      return connection
    }
    const place = { host, port, log }
    const listener =
      type === 'ws'
        ? await listenWebSocket(
            {
              ...place,
              path,
              frameBytesMax: packetSizeMax * 2,
              requestTimeoutMs: connectTimeoutMs,
            },
            accept,
          )
        : await listenTcp(place, accept)
    this.listeners.add(listener)
    return listener
  }

  /**
   * Publishes from this process; no socket is involved.
   * @returns how many subscribers it matched
   * @throws RangeError when the topic is not a topic name
   */
  publish({
    topic,
    payload = '',
    qos = 0,
    retain = false,
    properties = {},
  }: PublishOptions): number {
    const { core } = this
    core.updateClock()
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload)
    const message = core.messages.compose({ topic, payload: bytes, qos, retain, properties })
    const matched = route(core, message, -1)
    core.messages.drop(message)
    core.settleSoon()
    return matched
  }

  /**
   * Calls `handler` for each message that matches, beginning with the retained ones.
   * @throws RangeError when the filter is not a topic filter
   */
  subscribe(filter: string, handler: Handler): Subscription {
    const { core } = this
    core.updateClock()
    check(core.module, filter, 'filter')
    const subscriber = new LocalSubscriber(core, handler)
    core.subscriptions.insertText(filter, subscriber.slot, LOCAL_OPTIONS)
    if (!filter.startsWith('$share/')) {
      for (const message of core.retained.takeText(filter)) {
        subscriber.deliver(message, core.messages.qos(message), true, LOCAL_OPTIONS, 0)
        core.messages.drop(message)
      }
    }
    core.settleSoon()
    return {
      close: () => {
        core.subscriptions.removeText(filter, subscriber.slot)
        subscriber.end()
      },
    }
  }

  /**
   * Wakes what is due by the clock: keep-alive, expiries, will delays. Runs by itself each second.
   */
  tick(): void {
    this.core.updateClock()
    this.core.timers.tick(this.core.now)
    this.core.pressure.release()
    this.core.store.tick()
    this.core.settle()
  }

  /** Changes options of a running broker, for what happens from now on. */
  reconfigure(options: Partial<BrokerOptions>): void {
    Object.assign(this.core.options, options)
  }

  /** Counters and sizes, for health and metrics. */
  stats(): Record<string, number> {
    const { counters, module, retained, sessions, store, subscriptions } = this.core
    const { failing, commits, failures, messages } = store.state
    const { refusals, ...numbers } = counters
    let refused = 0
    for (const count of refusals.values()) refused += count
    return {
      ...numbers,
      refused,
      sessions: sessions.byId.size,
      subscriptions: subscriptions.size,
      retained: retained.count,
      messagesHeld: module.held(),
      queuedMessages: this.core.queued.messages,
      queuedBytes: this.core.queued.bytes,
      moduleBytes: module.allocated(),
      messagesStored: messages,
      storeCommits: commits,
      storeFailures: failures,
      storeFailing: failing ? 1 : 0,
    }
  }

  /** Stops listening, tells MQTT 5 clients (0x8B), publishes wills, and waits for the sockets. */
  close(): Promise<void> {
    this.closing ??= this.shutdown()
    return this.closing
  }

  private async shutdown(): Promise<void> {
    clearInterval(this.ticker)
    await Promise.all([...this.listeners].map((listener) => listener.close()))
    this.core.updateClock()
    for (const connection of [...this.connections]) connection.shutdown()
    this.core.settle()
    this.core.flusher.flush()
    if (this.connections.size > 0) {
      await new Promise<void>((resolve) => {
        this.drained = resolve
      })
    }
    await this.core.store.close()
  }

  private readonly onGone = (connection: Connection): void => {
    this.connections.delete(connection)
    if (this.connections.size === 0) this.drained?.()
  }
}
