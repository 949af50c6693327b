// Who comes in and what they may do, for one listener or for several: a chain of authenticators
// tried in order, and the judges that every client is subject to. Implements the broker's Access;
// made of a configuration by build.ts, which also replaces its parts on a reload.

import { REASON_CLIENT_IDENTIFIER_NOT_VALID, REASON_NOT_AUTHORIZED } from '../../assembly/codes.ts'
import type {
  Access,
  Admission,
  Applicant,
  Exchange,
  Grant,
  Refusal,
  Step,
} from '../broker/access.ts'
import {
  type Authenticator,
  type Identity,
  type IdentityStep,
  NOT_MINE,
  type Verdict,
} from './authenticator.ts'
import { type NameSource, renamed } from './certificates.ts'
import { type Common, JudgedGrant } from './grant.ts'
import type { Judge, Subject } from './judge.ts'
import type { Limits } from './limits.ts'

/** The parts of an access control. */
export interface Parts {
  readonly chain: readonly Authenticator[]
  /** Asked in turn after what an identity brings along; none = everything is allowed. */
  readonly judges: readonly Judge[]
  /** Whether a client without user name is let in when nobody in the chain knows it. */
  readonly anonymous: boolean
  /** Shared by all listeners. */
  readonly limits?: Limits | undefined
  /** Whether a client identifier is given to somebody by who it is: nobody else may have it. */
  readonly isGiven?: ((clientId: string) => boolean) | undefined
  /** What of a client certificate or PSK identity replaces the names in CONNECT. */
  readonly usernameFrom?: NameSource | undefined
  readonly clientIdFrom?: NameSource | undefined
}

const NOBODY: Refusal = { refused: REASON_NOT_AUTHORIZED }
/** An exchange with somebody who may not even try. */
const BARRED: Exchange = { step: () => ({ admission: NOBODY }) }

export class AccessControl implements Access, Common {
  private parts: Parts
  /** Grows with each change of what clients may do. */
  revision = 1

  constructor(parts: Parts) {
    this.parts = parts
  }

  get judges(): readonly Judge[] {
    return this.parts.judges
  }

  /** From now on; clients that are connected stay and are judged anew. */
  replace(parts: Parts): void {
    for (const authenticator of this.parts.chain) {
      if (!parts.chain.includes(authenticator)) authenticator.close?.()
    }
    this.parts = parts
    this.revision++
  }

  /** What judges know has changed: nothing remembered of their answers is right any more. */
  revise(): void {
    this.revision++
  }

  admit(applicant: Applicant): Admission | Promise<Admission> {
    const { clientIdFrom, limits, usernameFrom } = this.parts
    const refused = limits?.check(applicant) ?? 0
    if (refused !== 0) return { refused }
    const known = renamed(applicant, usernameFrom, clientIdFrom)
    return known === undefined ? this.admission(applicant, NOBODY) : this.admitFrom(known, 0)
  }

  entered(applicant: Applicant, grant: Grant): void {
    const { clientId = applicant.clientId, username } = grant
    this.parts.limits?.entered(username, clientId)
    if (grant instanceof JudgedGrant) grant.presence?.entered(applicant)
  }

  left(applicant: Applicant, grant: Grant): void {
    const { clientId = applicant.clientId, username } = grant
    this.parts.limits?.left(username, clientId)
    if (grant instanceof JudgedGrant) grant.presence?.left()
  }

  exchange(method: string, said: Applicant): Exchange | undefined {
    const { clientIdFrom, limits } = this.parts
    if ((limits?.check(said) ?? 0) !== 0) return BARRED
    const applicant = renamed(said, undefined, clientIdFrom)
    if (applicant === undefined) return BARRED
    for (const authenticator of this.parts.chain) {
      const exchange = authenticator.exchange?.(method, applicant)
      if (exchange === undefined) continue
      const conclude = (step: IdentityStep): Step => {
        if ('next' in step) return step
        const admission = this.admission(applicant, step.verdict)
        return step.data === undefined ? { admission } : { admission, data: step.data }
      }
      return {
        step: (data) => {
          const step = exchange.step(data)
          return step instanceof Promise ? step.then(conclude) : conclude(step)
        },
      }
    }
    return undefined
  }

  /** The grant of an applicant that is `identity`. */
  grant(applicant: Applicant, identity: Identity): JudgedGrant {
    const { judges = [], username, attributes = {}, ...terms } = identity
    const { listener, origin } = applicant
    const clientId = identity.clientId ?? applicant.clientId
    const subject: Subject = { clientId, username, origin, listener, attributes }
    return new JudgedGrant(subject, judges, this, { ...terms, clientId })
  }

  private admitFrom(applicant: Applicant, first: number): Admission | Promise<Admission> {
    const { chain } = this.parts
    for (let i = first; i < chain.length; i++) {
      const verdict = (chain[i] as Authenticator).judge(applicant)
      if (verdict instanceof Promise) {
        return verdict.then((later) => this.settle(applicant, later, i))
      }
      if (verdict !== NOT_MINE) return this.admission(applicant, verdict)
    }
    // With nobody to check it, a user name is as good as none.
    const isOpen = applicant.username === undefined || chain.length === 0
    if (!this.parts.anonymous || !isOpen) return this.admission(applicant, NOBODY)
    return this.admission(applicant, { username: applicant.username })
  }

  private settle(
    applicant: Applicant,
    verdict: Verdict,
    at: number,
  ): Admission | Promise<Admission> {
    if (verdict === NOT_MINE) return this.admitFrom(applicant, at + 1)
    return this.admission(applicant, verdict)
  }

  private admission(applicant: Applicant, verdict: Identity | Refusal): Admission {
    const { isGiven, limits } = this.parts
    if ('refused' in verdict) {
      limits?.failed(applicant)
      return verdict
    }
    if (verdict.clientId === undefined && isGiven?.(applicant.clientId)) {
      return { refused: REASON_CLIENT_IDENTIFIER_NOT_VALID }
    }
    const { clientId = applicant.clientId, username } = verdict
    const refused = limits?.admit(applicant, { clientId, username }) ?? 0
    return refused === 0 ? this.grant(applicant, verdict) : { refused }
  }
}
