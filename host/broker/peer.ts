// What the handlers know of a live connection: its version, its outbox, its session, its aliases.
// Made by net/connection.ts for each socket, which also implements PeerOwner. Never sees the
// socket.

import type { Mount } from '../wasm/mount.ts'
import { type Applicant, type Grant, isStillAllowed, type Origin } from './access.ts'
import type { Gate } from './gate.ts'
import type { SubscriptionRequest } from './hooks.ts'
import type { Outbox } from './outbox.ts'
import type { Policy } from './policy.ts'
import type { Source } from './retained.ts'
import type { Session } from './session.ts'
import { Verdicts } from './verdicts.ts'
import type { MessageView } from './view.ts'

/** What a handler answers beside 0 and reason codes: an orderly end, of which nothing is said. */
export const CLOSE = -1
/** What a handler answers that has called `wait`. */
export const WAIT = -2

/** The connection, as far as the broker may ask something of it. */
export interface PeerOwner {
  /** Where it comes from. */
  readonly origin: Origin
  /** Ends the connection with a reason, as its version allows. */
  fail(reason: number): void
  /**
   * Stops reading until `answer` is there. Then `next` is run, whose result is like a handler's; or
   * without it, the packet in hand is taken again. The handler that calls it answers WAIT.
   */
  wait(answer: Promise<unknown>, next?: () => number): void
  /** The client has a new grant, whose end may be another. */
  granted(): void
  /** Opens the outbox once CONNECT has told version and limits. */
  openOutbox(version: number, packetMax: number, aliasMax: number): Outbox
}

/** An enhanced authentication that waits for the client's next AUTH. */
export interface Dialogue {
  /** @param data of AUTH @returns as a handler: 0, WAIT or a reason */
  take(data: Buffer | undefined): number
}

/** The filters of a SUBSCRIBE as a hook left them, and what it answered to each. */
export interface Requested {
  readonly requests: readonly SubscriptionRequest[]
  readonly reasons: readonly number[]
}

export class Peer {
  readonly owner: PeerOwner
  /** Address and port of the other end, for logs. */
  readonly remoteAddress: string
  readonly policy: Policy
  /** What the client asked to be let in with; without its password. Set when access is checked. */
  applicant: Applicant | undefined = undefined
  /** What the client may do; undefined = everything. */
  grant: Grant | undefined = undefined
  /** Authentication method of its CONNECT, if it had one. */
  method: string | undefined = undefined
  /** An enhanced authentication that is going on. */
  dialogue: Dialogue | undefined = undefined
  /** The grant it came in with. */
  firstGrant: Grant | undefined = undefined
  /** Said with a refusal, MQTT 5. */
  refusalText: string | undefined = undefined
  /** What its grant has answered about topics it publishes to. */
  verdicts: Verdicts | undefined = undefined
  /** Kept with the retained messages it publishes. */
  source: Source | undefined = undefined
  /** Under which its topics really are. */
  mount: Mount | undefined = undefined
  /** Answers that the packet in hand has been waited for. */
  decisions: readonly number[] | undefined = undefined
  /** What hooks have said of the packet in hand, that was waited for. */
  judged: { readonly view: MessageView; readonly reason: number } | undefined = undefined
  requested: Requested | undefined = undefined
  /** Protocol level, 0 until CONNECT. */
  version = 0
  outbox: Outbox | undefined = undefined
  /** Answers that wait for the store; made when the first one does. */
  gate: Gate | undefined = undefined
  /** Set from the successful CONNECT to the end of the connection. */
  session: Session | undefined = undefined
  /** Inbound topic aliases: handle of the topic's block, by alias; see wasm/aliases.ts. */
  aliases: Int32Array | undefined = undefined
  /** Whether reason strings and user properties may go into acks. [MQTT-3.1.2-29] */
  wantsProblems = true
  /** Milliseconds without a packet after which the client is gone; 0 = never. */
  keepAliveMs = 0
  /** When the last packet came, milliseconds since the epoch. */
  lastSeen = 0

  constructor(owner: PeerOwner, remoteAddress: string, policy: Policy) {
    this.owner = owner
    this.remoteAddress = remoteAddress
    this.policy = policy
  }

  /** The packet whose answers were waited for is done with; no other may find them. */
  forgetAnswers(): void {
    this.decisions = undefined
    this.judged?.view.release()
    this.judged = undefined
    this.requested = undefined
  }

  /** From now on the client may do what `grant` says. */
  setGrant(grant: Grant): void {
    this.firstGrant ??= grant
    this.grant = grant
    this.verdicts = grant.checksPublish ? new Verdicts() : undefined
    this.source = grant.checksPublish ? sourceOf(grant, this.policy.mountPoint.length) : undefined
  }
}

/** Retained messages know only this of who published them. */
function sourceOf(grant: Grant, prefix: number): Source {
  return (topic) => isStillAllowed(grant.publish(topic.slice(prefix)))
}
