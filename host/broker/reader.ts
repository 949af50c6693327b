// What a client may be sent, where its grant must be asked: answers are remembered by the topic of
// the match in hand. Used by the session for each delivery; absent when everything may be sent.

import type { Mount } from '../wasm/mount.ts'
import type { Grant } from './access.ts'
import type { Services } from './services.ts'
import { Verdicts } from './verdicts.ts'

const YES = 0
const NO = 1

export class Reader {
  private readonly services: Services
  private readonly grant: Grant
  private readonly mount: Mount | undefined
  private readonly verdicts: Verdicts = new Verdicts()
  /** Messages of the queue that came before the grant: they are asked about again. */
  private before: number

  /** @param before messages in the session's queue */
  constructor(services: Services, grant: Grant, mount: Mount | undefined, before: number) {
    this.services = services
    this.grant = grant
    this.mount = mount
    this.before = before
  }

  /** Whether the message that has just matched may be delivered. */
  mayTake(message: number): boolean {
    const { grant, verdicts } = this
    const serial = this.services.subscriptions.serial()
    const known = verdicts.find(serial, grant.revision)
    if (known >= 0) return known === YES
    const answer = this.mayHave(message)
    verdicts.add(serial, answer ? YES : NO)
    return answer
  }

  /** As `mayTake`, of a retained message. */
  mayHave(message: number): boolean {
    return this.ask(message, this.mount?.prefix.length ?? 0)
  }

  /** As `mayTake`, of the oldest of the queue, whose mount point is taken off already. */
  mayFollow(message: number): boolean {
    if (this.before === 0) return true
    this.before--
    return this.ask(message, 0)
  }

  private ask(message: number, prefix: number): boolean {
    const topic = this.services.messages.topic(message)
    const may = this.grant.receive(topic.slice(prefix))
    if (!may) this.services.counters.deliveryRefused++
    return may
  }
}
