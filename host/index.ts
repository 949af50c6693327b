// The library's face: a broker as an object, with listeners, connections and clock put together.
// What MQTT says lives in host/broker; here is only how the parts start, stop and are spoken to.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { REASON_ADMINISTRATIVE_ACTION } from '../assembly/codes.ts'
import { type SysLogLevel, SysTree } from './admin/sys.ts'
import { type Trace, type TraceOptions, Traces } from './admin/trace.ts'
import type { Watched } from './admin/watched.ts'
import { Core } from './broker/core.ts'
import { type Handler, LocalSubscriber } from './broker/local.ts'
import { defaultPolicy, type Policy, policyOf } from './broker/policy.ts'
import { restore } from './broker/restore.ts'
import { route } from './broker/route.ts'
import { subscriptionTree } from './broker/tree.ts'
import type { ListenerConfig } from './config/config.ts'
import { type BrokerOptions, DEFAULTS } from './config/options.ts'
import type { Client } from './library/client.ts'
import type { Listener as EventListener, Events } from './library/events.ts'
import type { Hooks } from './library/hooks.ts'
import { Library } from './library/library.ts'
import { type ClientInfo, Connection } from './net/connection.ts'
import { openListener } from './net/open.ts'
import { StreamTransport } from './net/stream.ts'
import type { Accept, Listener, Transport } from './net/transport.ts'
import type { Properties } from './protocol/packets.ts'
import { readContents } from './store/contents.ts'
import { openDatabase } from './store/database.ts'
import { LevelStore } from './store/level.ts'
import { MemoryStore } from './store/memory.ts'
import { check } from './wasm/check.ts'

export { type DeviceStatus, Devices } from './access/devices/devices.ts'
export type { Device, Product } from './access/devices/model.ts'
export { DeviceRegistry } from './access/devices/registry.ts'
export { AccessManager, type ManagerOptions } from './access/manager.ts'
export type { Trace, TraceOptions } from './admin/trace.ts'
export type { Access, Admission, Applicant, Exchange, Grant } from './broker/access.ts'
export type { SubscriptionRequest, SubscriptionResult } from './broker/hooks.ts'
export type { Delivery, Handler } from './broker/local.ts'
export type { Policy } from './broker/policy.ts'
export type { MessageView } from './broker/view.ts'
export type { Config, ListenerConfig } from './config/config.ts'
export type { BrokerOptions, Clock, Log, LogLevel } from './config/options.ts'
export { DEFAULTS } from './config/options.ts'
export type { Client } from './library/client.ts'
export type {
  Acknowledgement,
  DroppedPublish,
  DroppedWill,
  Events,
  Listener as EventListener,
} from './library/events.ts'
export { ConnectionError } from './library/events.ts'
export type { Decision, Hooks } from './library/hooks.ts'
export type { ClientInfo } from './net/connection.ts'
export type { Listener, Transport, TransportHandler } from './net/transport.ts'
export type { Connect, Properties } from './protocol/packets.ts'

const TICK_MS = 1000
/** In the data directory. */
export const STORE_FOLDER = 'store'
// Subscription options of an in-process subscriber: highest QoS, retain flag as published.
const LOCAL_OPTIONS = 2 | 8

/** Where to listen; without host and socket: 127.0.0.1, unlike in a configuration file. */
export type ListenOptions = ListenerConfig

/** What a broker is made with. */
export interface CreateOptions extends Partial<BrokerOptions> {
  /** Who decides what clients may do; what is not set costs nothing. */
  hooks?: Hooks
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
 * @param given what differs from `DEFAULTS`, and hooks
 * Without `data` nothing is stored; with it, what an earlier process stored there is there again.
 * @throws Error when build/wasmqtt.wasm is missing, StoreError when the store cannot be used
 */
export async function createBroker(given: CreateOptions = {}): Promise<Broker> {
  const { hooks = {}, ...options } = given
  const all: BrokerOptions = { ...DEFAULTS, ...options }
  const { data, durability, log } = all
  if (data === undefined || durability === 'memory') {
    const core = new Core(all, () => new MemoryStore())
    return new Broker(core, new Library(core, hooks))
  }
  await mkdir(data, { recursive: true })
  const directory = join(data, STORE_FOLDER)
  const { database, contents } = await openDatabase(directory, log, readContents)
  let store: LevelStore | undefined
  const core = new Core(all, (messages) => {
    store = new LevelStore(database, durability, messages, log)
    return store
  })
  const library = new Library(core, hooks)
  restore(core, store as unknown as LevelStore, contents)
  return new Broker(core, library)
}

export class Broker {
  private readonly core: Core
  private readonly library: Library
  private readonly sys: SysTree
  private readonly connections: Set<Connection> = new Set()
  /** Each with what holds for the clients it accepts now. */
  private readonly listeners: Map<Listener, { policy: Policy }> = new Map()
  private readonly ticker: NodeJS.Timeout
  private traces: Traces | undefined = undefined
  /** Of the streams given to `handle`. */
  private streamPolicy: Policy | undefined = undefined
  private closing: Promise<void> | undefined = undefined
  private drained: (() => void) | undefined = undefined

  /** Use `createBroker`. */
  constructor(core: Core, library: Library = new Library(core, {})) {
    this.core = core
    this.library = library
    this.sys = new SysTree(core)
    this.ticker = setInterval(() => this.tick(), TICK_MS)
    this.ticker.unref()
  }

  /**
   * Accepts clients; rejects with the system's error when the address cannot be bound.
   * @param given what differs from the policy that `config` asks for: who decides, for one
   */
  async listen(config: ListenOptions, given: Partial<Policy> = {}): Promise<Listener> {
    const { connectTimeoutMs, log, packetSizeMax } = this.core.options
    const door = { policy: { ...policyOf(config, this.core.options), ...given } }
    const accept: Accept = (transport) => {
      if (this.closing !== undefined) return undefined
      const { policy } = door
      const { guard } = policy
      const address = guard === undefined ? '' : transport.origin.address
      if (guard?.accepts(address) === false) {
        this.core.updateClock()
        this.core.audit.turnedAway(this.core.now, transport.remoteAddress, policy.name)
        return undefined
      }
      const onGone = (gone: Connection): void => {
        guard?.gone(address)
        this.onGone(gone)
      }
      return this.connect(transport, policy, guard === undefined ? this.onGone : onGone)
    }
    const shared = { log, frameBytesMax: packetSizeMax * 2, requestTimeoutMs: connectTimeoutMs }
    const listener = await openListener({ host: '127.0.0.1', ...config }, shared, accept)
    if (this.listeners.size === 0) this.tick()
    this.listeners.set(listener, door)
    return listener
  }

  /**
   * Speaks MQTT over a stream: a socket of your own server, a WebSocket's stream, one of a pair.
   * @param given what differs from the policy that the broker's options ask for
   * @returns undefined when the broker is closed; the stream is destroyed then
   */
  handle(stream: Duplex, given: Partial<Policy> = {}): Client | undefined {
    const { core, library } = this
    this.streamPolicy ??= defaultPolicy(core.options, { name: 'stream' })
    const policy = { ...this.streamPolicy, ...given }
    let client: Client | undefined
    StreamTransport.accept(stream, (transport) => {
      if (this.closing !== undefined) return undefined
      const connection = this.connect(transport, policy, this.onGone)
      library.introduce(connection, stream)
      client = library.clientOf(connection.peer)
      return connection
    })
    return client
  }

  private connect(
    transport: Transport,
    policy: Policy,
    onGone: (gone: Connection) => void,
  ): Connection {
    const connection = new Connection(this.core, transport, policy, onGone)
    this.connections.add(connection)
    return connection
  }

  /** Calls `listener` for each `event` from now on, after the packet that caused it. */
  on<E extends keyof Events>(event: E, listener: EventListener<E>): this {
    this.library.on(event, listener)
    return this
  }

  /** Reverse of `on`. */
  off<E extends keyof Events>(event: E, listener: EventListener<E>): this {
    this.library.off(event, listener)
    return this
  }

  /** As `on`, for the next one only. */
  once<E extends keyof Events>(event: E, listener: EventListener<E>): this {
    const first: EventListener<E> = (...args) => {
      this.library.off(event, first)
      return listener(...args)
    }
    return this.on(event, first)
  }

  /**
   * Publishes from this process; no socket is involved. Asked for in a hook, it is done when that
   * is over, and 0 is returned.
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
    let matched = 0
    core.whenFree(() => {
      matched = route(core, message, -1)
      void core.hooks.publish?.published(message, undefined, '')
      core.messages.drop(message)
      core.settleSoon()
    })
    return matched
  }

  /**
   * Sends a message to one client, subscribed or not; what its access control says still holds.
   * @returns whether there is a session of that identifier
   */
  send(
    clientId: string,
    { topic, payload = '', qos = 0, properties = {} }: PublishOptions,
  ): boolean {
    const { core } = this
    const session = core.sessions.byId.get(clientId)
    if (session === undefined) return false
    core.updateClock()
    const message = core.messages.compose({
      ...{ topic, payload: Buffer.from(payload as string), qos, retain: false, properties },
    })
    // For what is remembered of topics: a match is where they are told apart.
    const { messages, subscriptions } = core
    subscriptions.match(messages.topicStart(message), messages.topicLength(message), -1)
    session.deliver(message, qos, false, qos, 0)
    messages.drop(message)
    core.settleSoon()
    return true
  }

  /**
   * Calls `handler` for each message that matches, beginning with the retained ones if `retained`.
   * @throws RangeError when the filter is not a topic filter
   */
  subscribe(
    filter: string,
    handler: Handler,
    { retained = true }: { retained?: boolean } = {},
  ): Subscription {
    const { core } = this
    core.updateClock()
    check(core.module, filter, 'filter')
    const subscriber = new LocalSubscriber(core, handler)
    core.whenFree(() => {
      core.subscriptions.insertText(filter, subscriber.slot, LOCAL_OPTIONS)
      if (!retained || filter.startsWith('$share/')) return
      for (const message of core.retained.takeText(filter)) {
        subscriber.deliver(message, core.messages.qos(message), true, LOCAL_OPTIONS, 0)
        core.messages.drop(message)
      }
    })
    core.settleSoon()
    const close = (): void => {
      core.subscriptions.removeText(filter, subscriber.slot)
      subscriber.end()
    }
    return { close: () => core.whenFree(close) }
  }

  /**
   * Wakes what is due by the clock: keep-alive, expiries, will delays. Runs by itself each second.
   */
  tick(): void {
    this.core.updateClock()
    this.core.timers.tick(this.core.now)
    this.core.pressure.release()
    this.core.store.tick()
    this.sys.tick()
    this.core.settle()
  }

  /** Treats the clients that `listener` accepts from now on as `config` says; see `listen`. */
  adjust(listener: Listener, config: ListenOptions, given: Partial<Policy> = {}): void {
    const door = this.listeners.get(listener)
    if (door === undefined) return
    const { load } = door.policy
    door.policy = { ...policyOf(config, this.core.options), ...given, load }
  }

  /** Forgets a listener and ends the connections it has accepted, MQTT 5 clients with 0x98. */
  async dismiss(listener: Listener): Promise<void> {
    await listener.close()
    const load = this.listeners.get(listener)?.policy.load
    this.listeners.delete(listener)
    this.core.updateClock()
    for (const connection of [...this.connections]) {
      if (connection.load === load) connection.fail(REASON_ADMINISTRATIVE_ACTION)
    }
    this.core.settle()
  }

  /** Brings everything to the disk, whatever the durability; rejects when that fails. */
  save(): Promise<void> {
    return this.core.store.flush()
  }

  /** All subscriptions of clients, a level of their filters a line. */
  subscriptionTree(): Iterable<string> {
    return subscriptionTree(this.core.sessions.byId.values())
  }

  /** Publishes a log line under `$SYS/broker/log/`, for the log's destination `topic`. */
  publishLog(level: SysLogLevel, text: string): void {
    this.sys.log(level, text)
    this.core.settleSoon()
  }

  /** Changes options of a running broker, for what happens from now on. */
  reconfigure(options: Partial<BrokerOptions>): void {
    Object.assign(this.core.options, options)
  }

  /** The clients that are connected now. */
  *clients(): Generator<ClientInfo> {
    for (const connection of this.connections) {
      const info = connection.describe()
      if (info !== undefined) yield info
    }
  }

  /**
   * Ends the connections of the clients that `isMeant` picks, their sessions stay.
   * @param reason said to MQTT 5 clients; default 0x98 Administrative action
   * @returns how many
   */
  disconnect(isMeant: (client: ClientInfo) => boolean, reason = 0x98): number {
    this.core.updateClock()
    let count = 0
    for (const connection of [...this.connections]) {
      const info = connection.describe()
      if (info === undefined || !isMeant(info)) continue
      connection.fail(reason)
      count++
    }
    this.core.settle()
    return count
  }

  /** Asks these hooks from now on, and no others. */
  setHooks(hooks: Hooks): void {
    this.library.setHooks(hooks)
    this.regrant()
  }

  /** Clients may now have to be asked about where nobody had to, or the other way round. */
  regrant(): void {
    for (const connection of this.connections) connection.regrant()
    for (const session of this.core.sessions.byId.values()) session.setGrant(session.grant)
  }

  /**
   * Writes packets in words to a file until it is closed or a limit is reached.
   * @throws RangeError when topic is no filter, the system's error when the file cannot be opened
   */
  trace(options: TraceOptions): Trace {
    this.traces ??= new Traces(this.core)
    return this.traces.start(options)
  }

  /** For the admin listener. */
  get watched(): Watched {
    return {
      core: this.core,
      connections: () => this.countConnections(),
      state: () => {
        if (this.closing !== undefined) return 'closing'
        return this.listeners.size > 0 ? 'ready' : 'starting'
      },
    }
  }

  private countConnections(): Map<string, number> {
    const counts = new Map<string, number>()
    for (const { policy } of this.listeners.values()) {
      const { load, name } = policy
      counts.set(name, (counts.get(name) ?? 0) + load.connections)
    }
    return counts
  }

  /** Counters and sizes, for health and metrics. */
  stats(): Record<string, number> {
    const { counters, module, retained, sessions, store, subscriptions } = this.core
    const { failing, commits, failures, messages } = store.state
    const { refusals, received, sent, ...numbers } = counters
    let refused = 0
    for (const count of refusals.values()) refused += count
    return {
      ...numbers,
      packetsSent: counters.packetsSent,
      publishReceived: received.messagesTotal,
      publishSent: sent.messagesTotal,
      publishBytesReceived: received.bytesTotal,
      publishBytesSent: sent.bytesTotal,
      dropped: counters.dropped,
      refused,
      sessions: sessions.byId.size,
      subscriptions: subscriptions.size,
      sharedSubscriptions: subscriptions.shared,
      retained: retained.count - retained.reserved,
      messagesHeld: module.held() - retained.reserved,
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
    await Promise.all([...this.listeners.keys()].map((listener) => listener.close()))
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
    await this.traces?.close()
    this.library.emit('closed', [])
  }

  private readonly onGone = (connection: Connection): void => {
    this.connections.delete(connection)
    if (this.connections.size === 0) this.drained?.()
  }
}
