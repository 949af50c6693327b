// One line for everything a client was refused: who, where from, what, by which rule. No more lines
// a second than a person can use: what is left out is counted and said.

import type { Log } from '../config/options.ts'
import { reasonText } from '../protocol/reasons.ts'
import type { Applicant, Grant } from './access.ts'

const LINES_PER_SECOND = 20

export type Action = 'publish' | 'subscribe' | 'will'

/** The connection's side, which is a Peer. */
interface Audited {
  readonly session: { readonly id: string } | undefined
  readonly applicant: Applicant | undefined
  readonly grant: Grant | undefined
  readonly remoteAddress: string
  readonly policy: { readonly name: string }
}

export class Audit {
  private readonly log: () => Log | undefined
  private second = 0
  private lines = 0
  private omitted = 0

  /** @param log looked up for each line, since a reload may change it */
  constructor(log: () => Log | undefined) {
    this.log = log
  }

  /** A PUBLISH, a will, or one filter of a SUBSCRIBE was refused. @param now milliseconds */
  refused(now: number, peer: Audited, action: Action, topic: string, reason: number): void {
    const log = this.log()
    if (log === undefined || !this.hasRoom(now, log)) return
    log('warn', `${action} refused: ${reasonText(reason)}`, {
      client: peer.session?.id ?? peer.applicant?.clientId,
      user: peer.grant?.username,
      address: peer.remoteAddress,
      listener: peer.policy.name,
      topic,
      reason,
      rule: peer.grant?.explain?.(action === 'subscribe' ? action : 'publish', topic),
    })
  }

  /** A connection is ended by us, or was never let in. */
  ended(now: number, peer: Audited, reason: number): void {
    const log = this.log()
    const { applicant, session } = peer
    if (log === undefined || (session === undefined && !this.hasRoom(now, log))) return
    log('warn', `closing connection: ${reasonText(reason)}`, {
      client: session?.id ?? applicant?.clientId,
      user: peer.grant?.username ?? applicant?.username,
      address: peer.remoteAddress,
      listener: peer.policy.name,
      reason,
    })
  }

  /** Whether one more line may be written in this second. */
  hasRoom(now: number, log: Log): boolean {
    const second = Math.floor(now / 1000)
    if (second !== this.second) {
      const { omitted } = this
      this.second = second
      this.lines = 0
      this.omitted = 0
      if (omitted > 0) log('warn', 'more refusals than are logged', { omitted })
    }
    if (this.lines >= LINES_PER_SECOND) {
      this.omitted++
      return false
    }
    this.lines++
    return true
  }
}
