// What one client may do, put together from those who decide: the first with an opinion wins, and
// when there is somebody to ask, no opinion is a no. Made by control.ts for each client let in.

import { REASON_NOT_AUTHORIZED } from '../../assembly/codes.ts'
import type { Answer, Grant } from '../broker/access.ts'
import type { Presence } from './authenticator.ts'
import type { Judge, Opinion, Subject } from './judge.ts'

const SHARE = /^\$share\/[^/]*\//
const NO = REASON_NOT_AUTHORIZED

/** What may change under all clients at once. */
export interface Common {
  readonly revision: number
  /** Asked after the client's own. */
  readonly judges: readonly Judge[]
}

/** What a grant says beside what may be done. */
export interface Terms {
  readonly clientId?: string | undefined
  readonly expiresAt?: number | undefined
  readonly isTemporary?: boolean | undefined
  readonly presence?: Presence | undefined
}

export class JudgedGrant implements Grant {
  readonly clientId: string | undefined
  readonly expiresAt: number | undefined
  readonly isTemporary: boolean
  readonly presence: Presence | undefined
  readonly subject: Subject
  private readonly own: readonly Judge[]
  private readonly common: Common

  constructor(
    subject: Subject,
    own: readonly Judge[],
    common: Common,
    { clientId, expiresAt, isTemporary = false, presence }: Terms,
  ) {
    this.subject = subject
    this.own = own
    this.common = common
    this.clientId = clientId
    this.expiresAt = expiresAt
    this.isTemporary = isTemporary
    this.presence = presence
  }

  get username(): string | undefined {
    return this.subject.username
  }

  get revision(): number {
    return this.common.revision
  }

  get checksPublish(): boolean {
    return this.own.length + this.common.judges.length > 0
  }

  get checksReceive(): boolean {
    return this.judges().some((judge) => judge.receive !== undefined)
  }

  publish(topic: string): Answer {
    return this.ask((judge) => judge.publish(this.subject, topic))
  }

  subscribe(filter: string): Answer {
    const plain = filter.replace(SHARE, '')
    return this.ask((judge) => judge.subscribe(this.subject, plain))
  }

  receive(topic: string): boolean {
    const judges = this.judges()
    const readers = judges.filter((judge) => judge.receive !== undefined)
    for (const judge of readers) {
      const opinion = judge.receive?.(this.subject, topic)
      if (opinion !== undefined) return opinion === 'allow'
    }
    // Those who judge subscriptions only have done so.
    return readers.length === 0 || readers.length < judges.length
  }

  explain(action: 'publish' | 'subscribe', topic: string): string | undefined {
    const plain = topic.replace(SHARE, '')
    for (const judge of this.judges()) {
      const text = judge.explain?.(this.subject, action, plain)
      if (text !== undefined) return text
    }
    return 'no rule allows it'
  }

  private judges(): readonly Judge[] {
    return [...this.own, ...this.common.judges]
  }

  private ask(question: (judge: Judge) => Opinion | Promise<Opinion>): Answer {
    const judges = this.judges()
    return judges.length === 0 ? 0 : askFrom(judges, 0, question)
  }
}

function askFrom(
  judges: readonly Judge[],
  first: number,
  question: (judge: Judge) => Opinion | Promise<Opinion>,
): Answer {
  for (let i = first; i < judges.length; i++) {
    const opinion = question(judges[i] as Judge)
    if (opinion instanceof Promise) {
      return opinion.then((later) =>
        later === undefined ? askFrom(judges, i + 1, question) : answerOf(later),
      )
    }
    if (opinion !== undefined) return answerOf(opinion)
  }
  return NO
}

function answerOf(opinion: 'allow' | 'deny'): number {
  return opinion === 'allow' ? 0 : NO
}
