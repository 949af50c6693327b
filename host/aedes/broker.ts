// aedes' class over the broker: its methods, properties, handlers and events, by the same names and
// with the same arguments. What differs is listed in README.md beside this file.

import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  type Broker,
  type Client as BrokerClient,
  createBroker,
  type Subscription,
} from '../index.ts'
import { Client, type ClientBroker } from './client.ts'
import { relay } from './events.ts'
import { type Handlers, hooksOf } from './handlers.ts'
import { type AedesOptions, brokerOptions, HEARTBEAT_MS, levelsOf, warnOf } from './options.ts'
import type { AedesPublishPacket, PublishPacket, Subscription as Wanted } from './packets.ts'

export type DeliverFunction = (packet: AedesPublishPacket, callback: () => void) => void
type Done = ((error?: Error | null) => void) | undefined

const NAMES = [
  ...(['preConnect', 'authenticate', 'authorizePublish', 'authorizeSubscribe'] as const),
  ...(['authorizeForward', 'published'] as const),
]

/** A broker with aedes' interface. */
export class Aedes extends EventEmitter implements ClientBroker {
  readonly id: string
  readonly opts: AedesOptions
  /** false once `listen` is done. */
  closed = true
  /** Clients that are connected, by identifier. */
  readonly clients: Record<string, Client> = Object.create(null)
  /** Speaks MQTT over a stream. It may be passed on as a listener. */
  readonly handle: (stream: Duplex, request?: IncomingMessage) => Client
  preConnect!: Handlers['preConnect']
  authenticate!: Handlers['authenticate']
  authorizePublish!: Handlers['authorizePublish']
  authorizeSubscribe!: Handlers['authorizeSubscribe']
  authorizeForward!: Handlers['authorizeForward']
  published!: Handlers['published']
  readonly #set: Partial<Handlers> = {}
  readonly #known: WeakMap<BrokerClient, Client> = new WeakMap()
  readonly #local: { topic: string; deliver: DeliverFunction; subscription: Subscription }[] = []
  #broker: Broker | undefined = undefined
  #heartbeat: NodeJS.Timeout | undefined = undefined
  #counter = 0

  constructor(options: AedesOptions = {}) {
    super()
    warnOf(options)
    this.opts = options
    this.id = options.id ?? randomUUID()
    this.handle = (stream, request) => this.#accept(stream, request)
    for (const name of NAMES) this.#define(name, options[name])
  }

  static async createBroker(options?: AedesOptions): Promise<Aedes> {
    const aedes = new Aedes(options)
    await aedes.listen()
    return aedes
  }

  get connectedClients(): number {
    return Object.keys(this.clients).length
  }

  /** Makes the broker; nothing is listened on but the streams given to `handle`. */
  async listen(): Promise<void> {
    this.#broker = await createBroker({ ...brokerOptions(this.opts), hooks: this.#hooks() })
    relay(this.#broker, this, (client) => this.#clientOf(client))
    this.closed = false
    this.#say('birth')
    const beat = (): void => this.#say('heartbeat')
    this.#heartbeat = setInterval(beat, this.opts.heartbeatInterval ?? HEARTBEAT_MS)
  }

  publish(packet: PublishPacket, callback?: Done): void
  publish(packet: PublishPacket, client: Client | null, callback?: Done): void
  publish(packet: PublishPacket, second?: Client | Done | null, third?: Done): void {
    const done = typeof second === 'function' ? second : third
    const { payload = '', properties, qos = 0, retain = false, topic } = packet
    let error: Error | null = null
    try {
      const broker = this.#running()
      broker.publish({ topic, payload, qos, retain, ...(properties && { properties }) })
    } catch (thrown) {
      error = thrown as Error
    }
    setImmediate(() => done?.(error))
  }

  /** @param deliver is given each message that is published from now on */
  subscribe(topic: string, deliver: DeliverFunction, callback?: Done): void {
    let error: Error | null = null
    try {
      const handler = (packet: Omit<AedesPublishPacket, 'cmd' | 'dup'>): void =>
        deliver(this.stamp({ ...packet, cmd: 'publish', dup: false }), noop)
      const subscription = this.#running().subscribe(
        topic,
        ({ qos, ...delivery }) => handler({ ...delivery, qos: qos as 0 | 1 | 2 }),
        { retained: false },
      )
      this.#local.push({ topic, deliver, subscription })
    } catch (thrown) {
      error = thrown as Error
    }
    setImmediate(() => callback?.(error))
  }

  unsubscribe(topic: string, deliver: DeliverFunction, callback?: Done): void {
    const at = this.#local.findIndex((one) => one.topic === topic && one.deliver === deliver)
    if (at >= 0) this.#local.splice(at, 1)[0]?.subscription.close()
    setImmediate(() => callback?.(null))
  }

  close(callback: () => void = noop): void {
    if (this.closed || this.#broker === undefined) {
      callback()
      return
    }
    this.closed = true
    clearInterval(this.#heartbeat)
    void this.#broker.close().then(() => {
      this.emit('closed')
      callback()
    })
  }

  /** Gives a packet what aedes gives every packet. */
  stamp(packet: AedesPublishPacket): AedesPublishPacket {
    packet.brokerId = this.id
    packet.brokerCounter = ++this.#counter
    return packet
  }

  /** A client is subscribed, by itself or on its behalf. */
  subscribed(client: Client, subscriptions: Wanted[]): void {
    for (const { qos, topic } of subscriptions) {
      if (qos < 128) client.subscriptions[topic] = { qos }
    }
    this.emit('subscribe', subscriptions, client)
    this.announce('new/subscribes', JSON.stringify({ clientId: client.id, subs: subscriptions }))
  }

  unsubscribed(client: Client, filters: readonly string[]): void {
    for (const filter of filters) delete client.subscriptions[filter]
    if (filters.length === 0) return
    this.emit('unsubscribe', filters, client)
    this.announce('new/unsubscribes', JSON.stringify({ clientId: client.id, subs: filters }))
  }

  /** Publishes below `$SYS/ID/`. */
  announce(topic: string, payload: string): void {
    if (!this.closed) this.#broker?.publish({ topic: `$SYS/${this.id}/${topic}`, payload })
  }

  #say(topic: 'birth' | 'heartbeat'): void {
    this.announce(topic, this.id)
  }

  #accept(stream: Duplex, request: IncomingMessage | undefined): Client {
    const brokerClient = this.#running().handle(stream)
    if (brokerClient === undefined) throw new Error('the broker is closed')
    const client = new Client(this, stream, brokerClient, request)
    this.#known.set(brokerClient, client)
    Object.assign(stream, { client })
    return client
  }

  #clientOf(client: BrokerClient): Client {
    return this.#known.get(client) as Client
  }

  #running(): Broker {
    if (this.#broker === undefined) throw new Error('listen() has not been called')
    return this.#broker
  }

  #hooks(): ReturnType<typeof hooksOf> {
    return hooksOf(this.#set, (client) => this.#clientOf(client), levelsOf(this.opts), this)
  }

  /** A handler as a property: reading gives what was set or what aedes does, setting is a hook. */
  #define<N extends keyof Handlers>(name: N, initial: Handlers[N] | undefined): void {
    const set: Partial<Handlers> = this.#set
    if (initial !== undefined) set[name] = initial
    Object.defineProperty(this, name, {
      enumerable: true,
      get: () => set[name] ?? DEFAULTS[name],
      set: (handler: Handlers[N] | undefined) => {
        if (handler === undefined || handler === DEFAULTS[name]) delete set[name]
        else set[name] = handler
        this.#broker?.setHooks(this.#hooks())
      },
    })
  }
}

/** What aedes does when nothing is set; what is published to `$SYS` is refused by the broker. */
const DEFAULTS: Handlers = {
  preConnect: (_client, _packet, callback) => callback(null, true),
  authenticate: (_client, _username, _password, callback) => callback(null, true),
  authorizePublish: (_client, { topic }, callback) =>
    callback(topic.startsWith('$SYS/') ? new Error('$SYS/ topic is reserved') : null),
  authorizeSubscribe: (_client, subscription, callback) => callback(null, subscription),
  authorizeForward: (_client, packet) => packet,
  published: (_packet, _client, callback) => callback(null),
}

function noop(): void {}
