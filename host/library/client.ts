// A client as hooks and listeners see it: one object from the first packet to the end of the
// connection, the same in every call.

import type { Duplex } from 'node:stream'
import { REASON_ADMINISTRATIVE_ACTION } from '../../assembly/codes.ts'
import type { Origin } from '../broker/access.ts'
import type { Core } from '../broker/core.ts'
import type { Peer } from '../broker/peer.ts'
import type { Session } from '../broker/session.ts'
import type { Connect } from '../protocol/packets.ts'

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
    return [...((this.#peer.session as Session | undefined)?.subscriptions.keys() ?? [])]
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
