// Subscribers of the library's own: a handler in this process instead of a client. It is called
// after the packets in hand are done, so it may publish.

import { OPTION_QOS_MASK } from '../../assembly/codes.ts'
import type { Properties } from '../protocol/packets.ts'
import { readProperties } from '../wasm/properties.ts'
import { Rows } from '../wasm/topics.ts'
import type { Core } from './core.ts'
import type { Subscriber } from './subscriber.ts'

/** A message as a handler gets it. */
export interface Delivery {
  topic: string
  payload: Buffer
  /** Lower of the publisher's and the subscription's. */
  qos: number
  /** Whether it was published with RETAIN, or is a retained message sent on subscribing. */
  retain: boolean
  /** Seconds until it expires are in `messageExpiryInterval`. */
  properties: Properties
}

export type Handler = (delivery: Delivery) => void

export class LocalSubscriber implements Subscriber {
  readonly slot: number
  private readonly core: Core
  private readonly handler: Handler
  private active = true

  constructor(core: Core, handler: Handler) {
    this.core = core
    this.handler = handler
    this.slot = core.sessions.takeSlot()
    core.sessions.set(this)
    core.module.setOnline(this.slot, true)
  }

  deliver(message: number, qos: number, retain: boolean, options: number, row: number): void {
    const { core } = this
    const { start, length } = core.messages.properties(message)
    const properties = readProperties(core.module, start, length)
    const identifiers = Rows.identifiers(core.module, row)
    if (identifiers.length > 0) properties.subscriptionIdentifier = identifiers
    const expiry = core.messages.expiry(message)
    if (expiry !== undefined) properties.messageExpiryInterval = expiry
    const delivery = {
      topic: core.messages.topic(message),
      payload: core.messages.payload(message),
      qos: Math.min(qos, options & OPTION_QOS_MASK),
      retain,
      properties,
    }
    core.defer(() => {
      if (this.active) this.handler(delivery)
    })
  }

  end(): void {
    this.active = false
    this.core.module.setOnline(this.slot, false)
    this.core.sessions.release(this.slot)
  }
}
