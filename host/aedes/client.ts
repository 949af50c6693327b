// aedes' client object over the broker's: the same properties and methods, kept true by the events
// of the broker. Made for each stream given to `handle`.

import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Client as BrokerClient } from '../library/client.ts'
import type {
  PublishPacket,
  SubscribePacket,
  Subscription,
  UnsubscribePacket,
  WillPacket,
} from './packets.ts'

type Done = ((error?: Error) => void) | undefined

/** What a client may be subscribed to by. */
export type Subscriptions = Subscription | Subscription[] | SubscribePacket
export type Unsubscriptions =
  | Subscription
  | string
  | (Subscription | string)[]
  | UnsubscribePacket
  | { subscriptions: Subscription[] }

/** What a client tells of what is done on its behalf: an `Aedes`. */
export interface ClientBroker {
  subscribed(client: Client, subscriptions: Subscription[]): void
  unsubscribed(client: Client, filters: readonly string[]): void
}

/** A client of an `Aedes`. Read its properties, do not set them. */
export class Client extends EventEmitter {
  /** null until its CONNECT has passed `preConnect`. */
  id: string | null = null
  clean = true
  version: number | null = null
  connecting = false
  connected = false
  closed = false
  will: WillPacket | null = null
  /** QoS by topic filter. */
  subscriptions: Record<string, { qos: number }> = Object.create(null)
  readonly broker: ClientBroker
  readonly conn: Duplex
  readonly req: IncomingMessage | undefined
  readonly #client: BrokerClient

  /** Made by `handle`. */
  constructor(broker: ClientBroker, conn: Duplex, client: BrokerClient, req?: IncomingMessage) {
    super()
    this.broker = broker
    this.conn = conn
    this.req = req
    this.#client = client
    this.on('error', ignore) // as of aedes, where the client itself listens
    conn.once('close', () => {
      this.closed = true
      this.connecting = false
      this.connected = false
    })
  }

  /** Sends a message to this client only. */
  publish({ payload = '', properties, qos = 0, topic }: PublishPacket, done?: Done): void {
    const message = { topic, payload, qos, ...(properties && { properties }) }
    this.#run(() => this.#client.publish(message), done)
  }

  subscribe(subscriptions: Subscriptions, done?: Done): void {
    const asked = 'subscriptions' in subscriptions ? subscriptions.subscriptions : subscriptions
    const list = Array.isArray(asked) ? asked : [asked]
    const results = list.map(({ qos, topic }) => {
      const granted = this.#client.subscribe(topic, qos as 0 | 1 | 2)
      return { topic, qos: granted >= 0x80 ? 128 : granted }
    })
    this.broker.subscribed(this, results)
    const failed = results.find(({ qos }) => qos === 128)
    const error = failed && new Error(`cannot subscribe to ${failed.topic}`)
    setImmediate(() => done?.(error))
  }

  unsubscribe(unsubscriptions: Unsubscriptions, done?: Done): void {
    const filters = filtersOf(unsubscriptions)
    for (const filter of filters) this.#client.unsubscribe(filter)
    this.broker.unsubscribed(this, filters)
    setImmediate(() => done?.())
  }

  /** Ends the connection. @param done called when it is over */
  close(done?: () => void): void {
    if (this.conn.closed || this.conn.destroyed) {
      done?.()
      return
    }
    if (done !== undefined) this.conn.once('close', () => done())
    this.#client.close()
  }

  /** Not there: a queue has its limits, and its session may be ended by a clean connection. */
  emptyOutgoingQueue(done?: Done): void {
    setImmediate(() => done?.(new Error('emptyOutgoingQueue is not supported')))
  }

  #run(work: () => void, done: Done): void {
    let error: Error | undefined
    try {
      work()
    } catch (thrown) {
      error = thrown as Error
    }
    setImmediate(() => done?.(error))
  }
}

function filtersOf(unsubscriptions: Unsubscriptions): string[] {
  if (typeof unsubscriptions === 'string') return [unsubscriptions]
  if (!Array.isArray(unsubscriptions)) {
    if ('unsubscriptions' in unsubscriptions) return unsubscriptions.unsubscriptions
    if ('subscriptions' in unsubscriptions) return filtersOf(unsubscriptions.subscriptions)
    return [unsubscriptions.topic]
  }
  return unsubscriptions.map((one) => (typeof one === 'string' ? one : one.topic))
}

function ignore(): void {}
