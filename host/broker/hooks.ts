// What the broker asks of a library's user (Hooks) and tells it (Watcher). The contract only:
// host/library implements both. What is not wanted is undefined, and a check for that is its cost.
//
//   hook      called with the packet in hand, answers: 0 = yes, a reason = no, ENDS | reason = no,
//             and the connection ends; a promise stops the client's packets until it is there
//   watcher   only notes what happened; its listeners are called when no packet is in hand

import type { Connect, Will } from '../protocol/packets.ts'
import type { Answer } from './access.ts'
import type { MessageView } from './view.ts'

/** Set in an answer: the connection ends with the reason. */
export const ENDS = 0x100

/** A connection, which is a Peer. */
export interface Party {
  readonly remoteAddress: string
}

/** A session, which is a Session. */
export interface Owner {
  readonly id: string
}

/** One filter of a SUBSCRIBE. What a hook sets is what is subscribed to. */
export interface SubscriptionRequest {
  /** With `$share/name/` if it has it. */
  filter: string
  qos: number
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  /** 0 = retained messages are sent, 1 = if it is new, 2 = not. */
  readonly retainHandling: number
}

/** What a SUBSCRIBE came to: a granted QoS, or the reason it was refused for. */
export interface SubscriptionResult {
  readonly filter: string
  readonly reason: number
}

export class Hooks {
  /** Before anything is judged; it may change what CONNECT says. */
  preConnect: ((peer: Party, connect: Connect) => Answer) | undefined = undefined
  /** After everybody else who decides has agreed. */
  authenticate: ((peer: Party, connect: Connect) => Answer) | undefined = undefined
  /** Set while publications are looked at at all, by a hook or a listener. */
  publish: PublishHook | undefined = undefined
  subscribe: ((peer: Party, request: SubscriptionRequest) => Answer) | undefined = undefined
  /** Whether a message goes to that receiver; `peer` is its connection. */
  forward: ((peer: object, message: MessageView) => boolean) | undefined = undefined
}

export interface PublishHook {
  /** @param peer undefined = the will of a client that is gone */
  authorize(peer: Party | undefined, session: Owner, view: MessageView): Answer
  /**
   * A message has been routed.
   * @param message staged or held
   * @param session of its publisher, undefined = this process
   * @returns a promise to wait for before it is acknowledged
   */
  published(
    message: number,
    session: Owner | undefined,
    prefix: string,
  ): Promise<unknown> | undefined
}

/** Names of the counters that count messages lost. */
export type Loss = 'droppedOutbox' | 'droppedQueue' | 'droppedExpired' | 'droppedTooLarge'

export interface Watcher {
  /** The session has begun; CONNACK is still to go. */
  entered(peer: Party, session: Owner, connect: Connect): void
  /** CONNACK is out, and what had waited for the client. */
  ready(session: Owner, present: boolean): void
  /** The connection of a client is over. */
  left(session: Owner, peer: Party): void
  /** We end a connection. */
  failed(peer: Party, reason: number): void
  /** A client has not been heard of for too long. */
  quiet(session: Owner): void
  pinged(session: Owner): void
  /** PUBACK or PUBCOMP. @param message held, 0 = nothing of it is kept any more */
  acked(session: Owner, packetId: number, qos: 1 | 2, message: number): void
  subscribed(session: Owner, results: readonly SubscriptionResult[]): void
  unsubscribed(session: Owner, filters: readonly string[]): void
  willDropped(session: Owner, will: Will, reason: number): void
  /** @param message held or staged, 0 and below = not in memory */
  dropped(session: Owner, message: number, why: Loss): void
  expired(session: Owner): void
}
