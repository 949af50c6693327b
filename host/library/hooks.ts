// The hooks of `createBroker`, as its user writes them, and how they become what the broker asks
// (broker/hooks.ts): answers as reason codes, promises or not, and errors that end a connection but
// never the process.

import {
  REASON_NOT_AUTHORIZED,
  REASON_UNSPECIFIED_ERROR,
  SUBACK_FAILURE,
} from '../../assembly/codes.ts'
import type { Answer } from '../broker/access.ts'
import type { Core } from '../broker/core.ts'
import { ENDS, type Owner, type Party, type SubscriptionRequest } from '../broker/hooks.ts'
import type { MessageView } from '../broker/view.ts'
import type { Connect } from '../protocol/packets.ts'
import type { Client } from './client.ts'

/**
 * `true` or 0 = yes; `false` = no, not authorized; a reason code from 0x80 on = no, for that.
 * Anything else is a no.
 */
export type Decision = boolean | number

/**
 * What a broker asks. Each may throw or reject: the connection ends, with the error's `reason` if
 * it has one (a reason code), and the error is told by `clientError` or `connectionError`.
 */
export interface Hooks {
  /** CONNECT has come and nothing is judged yet. `connect` may be changed. */
  preConnect?(client: Client, connect: Connect): Decision | Promise<Decision>
  /** Asked last, after the listener's own access control has let the client in. */
  authenticate?(
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
  ): Decision | Promise<Decision>
  /**
   * A client publishes, or its will is due. Topic, payload, qos and retain of `message` may be set:
   * that is routed then. A refused PUBLISH is acknowledged with the reason in MQTT 5.
   */
  authorizePublish?(client: Client, message: MessageView): Decision | Promise<Decision>
  /** One filter of a SUBSCRIBE. Its `filter` and `qos` may be set. */
  authorizeSubscribe?(
    client: Client,
    subscription: SubscriptionRequest,
  ): Decision | Promise<Decision>
  /**
   * A message is about to go to `client`; `false` keeps it away. Topic and payload may be set, for
   * this receiver only; of a message that has waited in a queue neither has an effect.
   */
  authorizeForward?(client: Client, message: MessageView): boolean
  /**
   * A message has been routed. Its publisher's PUBACK or PUBREC, and its next packets, wait for the
   * promise. `client` is undefined when this process has published.
   */
  published?(message: MessageView, client: Client | undefined): unknown
}

/** Who knows the clients, and is told what hooks throw: a Library. */
interface Clients {
  clientOf(peer: Party): Client
  clientOfSession(session: Owner): Client
  /** The connection ends for it. */
  blame(peer: Party, error: unknown): void
  /** Nothing ends for it. */
  report(error: unknown, client: Client | undefined): void
}

/** Puts what is set of `hooks` where the broker looks. Publishing is looked at in library.ts. */
export function install(core: Core, library: Clients, hooks: Hooks): void {
  const { authenticate, authorizeForward, authorizeSubscribe, preConnect } = hooks
  const ask = new Asking(core, library)
  core.hooks.preConnect = undefined
  core.hooks.authenticate = undefined
  core.hooks.subscribe = undefined
  core.hooks.forward = undefined
  if (preConnect !== undefined) {
    core.hooks.preConnect = (peer, connect) => {
      const client = library.clientOf(peer)
      client.meet(connect)
      return ask.decide(peer, () => preConnect.call(hooks, client, connect))
    }
  }
  if (authenticate !== undefined) {
    core.hooks.authenticate = (peer, connect) => {
      const client = library.clientOf(peer)
      client.meet(connect)
      const { password, userName } = connect
      return ask.decide(peer, () => authenticate.call(hooks, client, userName, password))
    }
  }
  if (authorizeSubscribe !== undefined) {
    core.hooks.subscribe = (peer: Party, request: SubscriptionRequest) =>
      ask.decide(peer, () => authorizeSubscribe.call(hooks, library.clientOf(peer), request))
  }
  if (authorizeForward !== undefined) {
    core.hooks.forward = (peer, message) =>
      ask.at(
        () => authorizeForward.call(hooks, library.clientOf(peer as Party), message) === true,
        (error) => {
          library.report(error, library.clientOf(peer as Party))
          return false
        },
      )
  }
}

/** Calls hooks: what they do to the broker waits, and what they throw becomes an answer. */
export class Asking {
  private readonly core: Core
  private readonly library: Clients

  constructor(core: Core, library: Clients) {
    this.core = core
    this.library = library
  }

  /** Calls `hook`, with all that it asks of the broker put off. */
  at<T>(hook: () => T, onError: (error: unknown) => T): T {
    const { core } = this
    const was = core.isHooking
    core.isHooking = true
    try {
      return hook()
    } catch (error) {
      return onError(error)
    } finally {
      core.isHooking = was
    }
  }

  /** @param peer undefined = a client that is gone */
  decide(peer: Party | undefined, hook: () => Decision | Promise<Decision>): Answer {
    const failed = (error: unknown): number => {
      if (peer === undefined) this.library.report(error, undefined)
      else this.library.blame(peer, error)
      return ENDS | reasonOf(error)
    }
    return this.at<Answer>(() => {
      const decision = hook()
      if (typeof decision === 'boolean' || typeof decision === 'number') return answerOf(decision)
      return isPromise(decision) ? decision.then(answerOf, failed) : REASON_NOT_AUTHORIZED
    }, failed)
  }

  authorize(hooks: Hooks, peer: Party | undefined, session: Owner, message: MessageView): Answer {
    const client = this.library.clientOfSession(session)
    return this.decide(peer, () => hooks.authorizePublish?.(client, message) ?? true)
  }

  /** @returns a promise to wait for, if the hook gave one */
  published(
    hooks: Hooks,
    message: MessageView,
    session: Owner | undefined,
  ): Promise<unknown> | undefined {
    const client = session && this.library.clientOfSession(session)
    const failed = (error: unknown): undefined => {
      this.library.report(error, client)
    }
    return this.at<Promise<unknown> | undefined>(() => {
      const result = hooks.published?.(message, client)
      if (!isPromise(result)) return undefined
      message.keep()
      return result.then(undefined, failed)
    }, failed)
  }
}

function answerOf(decision: Decision): number {
  if (decision === true || decision === 0) return 0
  const isReason = typeof decision === 'number' && decision >= SUBACK_FAILURE && decision <= 0xff
  return isReason ? decision : REASON_NOT_AUTHORIZED
}

/** What the error says that the client is told. */
function reasonOf(error: unknown): number {
  const reason = (error as { reason?: unknown } | undefined)?.reason
  const isReason = typeof reason === 'number' && reason >= SUBACK_FAILURE && reason <= 0xff
  return isReason ? reason : REASON_UNSPECIFIED_ERROR
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function'
}
