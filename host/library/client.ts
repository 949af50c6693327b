// A client as hooks and listeners see it: one object from the first packet to the end of the
// connection, the same in every call.

import type { Duplex } from 'node:stream'
import { REASON_ADMINISTRATIVE_ACTION, SUBACK_FAILURE } from '../../assembly/codes.ts'
import type { Origin } from '../broker/access.ts'
import type { Core } from '../broker/core.ts'
import type { Peer } from '../broker/peer.ts'
import type { Session } from '../broker/session.ts'
import { subscribeFor, unsubscribeFor } from '../broker/subscribe.ts'
import type { Connect, Properties } from '../protocol/packets.ts'

/** A message for one client. */
export interface ClientMessage {
  topic: string
  payload?: Buffer | Uint8Array | string
  qos?: 0 | 1 | 2
  properties?: Properties
}

/** A client of a broker in this process. */
export class Client {
  /** Client identifier; `''` until CONNECT is accepted, if it asked to be given one. */
  id = ''
  username: string | undefined = undefined
  /** Whether it asked for a new session. */
  cleanStart = true
  /** Seconds, 0 = none. */
  keepAlive = 0
  /** Protocol level: 3, 4 or 5; 0 until CONNECT. */
  version = 0
  /** Whether its session has begun and the connection has not ended. */
  connected = false
  /** Whether the connection has ended. */
  closed = false
  /** What was given to `handle`. */
  readonly stream: Duplex | undefined
  readonly #core: Core
  readonly #peer: Peer

  /** Made by the broker. */
  constructor(core: Core, peer: Peer, stream: Duplex | undefined) {
    this.#core = core
    this.#peer = peer
    this.stream = stream
  }

  /** What it says of itself; called by the broker. */
  meet({ cleanStart, clientId, keepAlive, userName, version }: Connect): void {
    this.id = clientId
    this.username = userName
    this.cleanStart = cleanStart
    this.keepAlive = keepAlive
    this.version = version
  }

  /** Where it comes from: scheme, address, certificate. */
  get origin(): Origin {
    return this.#peer.owner.origin
  }

  /** Address and port, `''` of a stream that has none. */
  get remoteAddress(): string {
    return this.#peer.remoteAddress
  }

  /** Name of the listener. */
  get listener(): string {
    return this.#peer.policy.name
  }

  /** Filters it is subscribed to. */
  get subscriptions(): string[] {
    return [...(this.#session?.subscriptions.keys() ?? [])]
  }

  /**
   * Sends a message to this client only, whatever it is subscribed to.
   * @throws RangeError when the topic is not a topic name
   */
  publish({ topic, payload = '', qos = 0, properties = {} }: ClientMessage): void {
    const core = this.#core
    core.updateClock()
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload)
    const message = core.messages.compose({ topic, payload: bytes, qos, retain: false, properties })
    core.whenFree(() => {
      const { messages, subscriptions } = core
      // For what is remembered of the topic's match.
      subscriptions.match(messages.topicStart(message), messages.topicLength(message), -1)
      this.#session?.deliver(message, qos, false, 2, 0)
      messages.drop(message)
      core.dropTwin()
    })
  }

  /**
   * Subscribes on behalf of the client, which is not told. Asked for in a hook, it is done later.
   * @returns granted QoS, or a reason code from 0x80 on
   */
  subscribe(filter: string, qos: 0 | 1 | 2 = 0): number {
    let granted: number = qos
    this.#core.whenFree(() => {
      const session = this.#session
      granted =
        session === undefined ? SUBACK_FAILURE : subscribeFor(this.#core, session, filter, qos)
    })
    return granted
  }

  /** Reverse of `subscribe`. */
  unsubscribe(filter: string): void {
    this.#core.whenFree(() => {
      if (this.#session !== undefined) unsubscribeFor(this.#core, this.#session, filter)
    })
  }

  get #session(): Session | undefined {
    return this.#peer.session
  }

  /**
   * Ends the connection; asked for in a hook, when that is over.
   * @param reason said to MQTT 5 clients
   */
  close(reason: number = REASON_ADMINISTRATIVE_ACTION): void {
    this.#core.whenFree(() => {
      this.#core.updateClock()
      this.#peer.owner?.fail(reason)
      this.#core.settleSoon()
    })
  }
}
