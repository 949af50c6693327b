// One step of an authentication chain: says who an applicant is, that it must not come in, or that
// it is not its business. Implemented by the files named after what they check; put in order by
// control.ts.

import type { Applicant, Refusal } from '../broker/access.ts'
import type { Judge } from './judge.ts'

/** Who an applicant has been found to be. */
export interface Identity {
  /** Under which rules, logs and limits know it. */
  readonly username: string | undefined
  /** Identifier to use in place of the one sent. */
  readonly clientId?: string
  /** When the identity ends and the connection with it, milliseconds since the epoch. */
  readonly expiresAt?: number
  /** What it brings along to decide what it may do; asked before everything else. */
  readonly judges?: readonly Judge[]
  /** Whether its session ends with the connection, whatever the client asks for. */
  readonly isTemporary?: boolean
  /** Told when the client is connected, and when it is not any more. */
  readonly presence?: Presence
  /** Values for `${…}` in rules beyond those of every client, by lower-case name. */
  readonly attributes?: Readonly<Record<string, string>>
}

export interface Presence {
  entered(applicant: Applicant): void
  left(): void
}

export const NOT_MINE = 'not mine'

export type Verdict = Identity | Refusal | typeof NOT_MINE

/** One enhanced authentication, as far as finding out who it is. */
export interface IdentityExchange {
  /** @param data of CONNECT or AUTH */
  step(data: Buffer | undefined): IdentityStep | Promise<IdentityStep>
}

export type IdentityStep =
  | { readonly next: Buffer }
  | { readonly verdict: Identity | Refusal; readonly data?: Buffer }

export interface Authenticator {
  /** As in the configuration: `password-file`, `jwt`, … */
  readonly type: string
  /** Never rejects: what cannot be found out is a refusal. */
  judge(applicant: Applicant): Verdict | Promise<Verdict>
  /** @returns undefined when the method is not its own */
  exchange?(method: string, applicant: Applicant): IdentityExchange | undefined
  /**
   * Reads its files again. @returns what puts their new contents in place of the old
   * @throws Error that names the file and what is wrong
   */
  reread?(): () => void
  /** Lets go of watchers and timers. */
  close?(): void
}
