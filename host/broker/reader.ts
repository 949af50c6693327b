// What a client may be sent, where somebody must be asked: its grant, whose answers are remembered
// by the topic of the match in hand, and the hook, which sees each message and may change it. Used
// by the session for each delivery; absent when everything may be sent. What the chosen member of
// a shared subscription may not be sent goes to no other member.

import type { Mount } from '../wasm/mount.ts'
import type { Grant } from './access.ts'
import type { Services } from './services.ts'
import type { Holder } from './subscriber.ts'
import { Verdicts } from './verdicts.ts'
import { MessageView } from './view.ts'

const YES = 0
const NO = 1

/** Whose messages they are: a session. */
interface Audience {
  readonly grant: Grant | undefined
  readonly mount: Mount | undefined
  readonly holder: Holder | undefined
}

export class Reader {
  private readonly services: Services
  private readonly audience: Audience
  /** undefined = need not be asked. */
  private readonly grant: Grant | undefined
  private readonly verdicts: Verdicts = new Verdicts()
  /** Messages of the queue that came before the grant: they are asked about again. */
  private before: number

  private constructor(services: Services, audience: Audience, before: number) {
    this.services = services
    this.audience = audience
    this.grant = audience.grant?.checksReceive ? audience.grant : undefined
    this.before = before
  }

  /** @param before messages in the session's queue @returns undefined when nobody must be asked */
  static of(services: Services, audience: Audience, before: number): Reader | undefined {
    const isAsked = audience.grant?.checksReceive || services.hooks.forward !== undefined
    return isAsked ? new Reader(services, audience, before) : undefined
  }

  /** What may be delivered of the message that has just matched; 0 = nothing. */
  take(message: number): number {
    const { grant, verdicts } = this
    if (grant === undefined) return this.forward(message, this.prefix)
    const serial = this.services.subscriptions.serial()
    const known = verdicts.find(serial, grant.revision)
    const may = known < 0 ? this.learn(message, serial) : known === YES
    if (!may) return 0
    return this.services.hooks.forward === undefined ? message : this.forward(message, this.prefix)
  }

  private learn(message: number, serial: number): boolean {
    const may = this.ask(message, this.prefix)
    this.verdicts.add(serial, may ? YES : NO)
    return may
  }

  /** As `take`, of a retained message. */
  takeRetained(message: number): number {
    return this.ask(message, this.prefix) ? this.forward(message, this.prefix) : 0
  }

  /** Of the oldest of the queue, whose mount point is taken off already: whether it may go out. */
  mayFollow(message: number): boolean {
    if (this.before === 0) return true
    this.before--
    if (!this.ask(message, '')) return false
    const own = this.forward(message, '')
    return own !== 0
  }

  private get prefix(): string {
    return this.audience.mount?.prefix ?? ''
  }

  private ask(message: number, prefix: string): boolean {
    if (this.grant === undefined) return true
    const topic = this.services.messages.topic(message)
    const may = this.grant.receive(topic.slice(prefix.length))
    if (!may) this.services.counters.deliveryRefused++
    return may
  }

  /**
   * Asks the hook while the client is connected.
   * @returns `message`, what the hook has made of it (let go of by itself), or 0
   */
  private forward(message: number, prefix: string): number {
    const { services } = this
    const { holder } = this.audience
    const hook = services.hooks.forward
    if (hook === undefined || holder === undefined) return message
    const view = new MessageView(services, message, prefix)
    const may = hook(holder, view)
    const own = may && view.isChanged ? view.compose() : message
    view.release()
    if (own !== message) {
      services.defer(() => services.messages.drop(own))
      services.settleSoon()
    }
    if (may) return own
    services.counters.deliveryRefused++
    return 0
  }
}
