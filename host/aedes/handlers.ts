// aedes' handlers, with callbacks, as hooks of the broker, with promises. A handler nobody has set
// is no hook, and costs nothing.

import {
  REASON_BAD_USER_NAME_OR_PASSWORD,
  REASON_CLIENT_IDENTIFIER_NOT_VALID,
  REASON_NOT_AUTHORIZED,
  REASON_SERVER_UNAVAILABLE,
} from '../../assembly/codes.ts'
import type { SubscriptionRequest } from '../broker/hooks.ts'
import type { MessageView } from '../broker/view.ts'
import type { Client as BrokerClient } from '../library/client.ts'
import type { Hooks } from '../library/hooks.ts'
import type { Connect } from '../protocol/packets.ts'
import type { Client } from './client.ts'
import {
  type AedesPublishPacket,
  adoptConnect,
  type ConnectPacket,
  connectPacket,
  type PublishPacket,
  type Subscription,
  subscriptionOf,
  ViewPacket,
} from './packets.ts'

export type AuthenticateError = Error & { returnCode?: number }

/** As documented by aedes 1.x. */
export interface Handlers {
  preConnect(
    client: Client,
    packet: ConnectPacket,
    callback: (error: Error | null, success?: boolean) => void,
  ): void
  authenticate(
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
    callback: (error: AuthenticateError | null, success?: boolean | null) => void,
  ): void
  authorizePublish(
    client: Client | null,
    packet: PublishPacket,
    callback: (error?: Error | null) => void,
  ): void
  authorizeSubscribe(
    client: Client,
    subscription: Subscription,
    callback: (error: Error | null, subscription?: Subscription | null) => void,
  ): void
  authorizeForward(
    client: Client,
    packet: AedesPublishPacket,
  ): AedesPublishPacket | null | undefined
  published(
    packet: AedesPublishPacket,
    client: Client | null,
    callback: (error?: Error | null) => void,
  ): void
}

const REASONS: Record<number, number> = {
  2: REASON_CLIENT_IDENTIFIER_NOT_VALID,
  3: REASON_SERVER_UNAVAILABLE,
  4: REASON_BAD_USER_NAME_OR_PASSWORD,
  5: REASON_NOT_AUTHORIZED,
}

const TEXTS: Record<number, string> = {
  2: 'identifier rejected',
  3: 'Server unavailable',
  4: 'bad user name or password',
  5: 'not authorized',
}

/** An error as aedes tells it, and how the broker refuses for it. */
type Refusal = Error & { errorCode?: number; reason?: number }

type Known = (client: BrokerClient) => Client

/** @param levelsMax levels a topic may have @param owner `this` of the handlers */
export function hooksOf(
  set: Partial<Handlers>,
  known: Known,
  levelsMax: number,
  owner: object,
): Hooks {
  const limit = (topic: string): void => {
    if (topic.split('/', levelsMax + 1).length > levelsMax) {
      throw refusal(new Error('topic has too many levels'))
    }
  }
  const { authorizePublish, authorizeSubscribe: subscribe, published } = set
  const { authorizeForward: forward } = set
  return {
    preConnect: (client, connect) =>
      preConnect(set.preConnect?.bind(owner), known(client), connect),
    authenticate: (client, username, password) => {
      const aedesClient = known(client)
      aedesClient.id = client.id
      aedesClient.clean = client.cleanStart
      aedesClient.version = client.version
      if (set.authenticate === undefined) return true
      return authenticate(set.authenticate.bind(owner), aedesClient, username, password)
    },
    ...(authorizePublish && {
      authorizePublish: (client, message) => {
        limit(message.topic)
        const packet = new ViewPacket(message)
        return call((done) => authorizePublish.call(owner, known(client), packet, done), yes)
      },
    }),
    ...(subscribe && {
      authorizeSubscribe: (client, request) => {
        limit(request.filter)
        return authorizeSubscribe(subscribe.bind(owner), known(client), request)
      },
    }),
    ...(forward && {
      authorizeForward: (client, message) =>
        authorizeForward(forward.bind(owner), known(client), message),
    }),
    ...(published && {
      published: (message, client) => {
        const packet = new ViewPacket(message)
        const who = client === undefined ? null : known(client)
        return call((done) => published.call(owner, packet, who, done), yes)
      },
    }),
  }
}

function preConnect(
  handler: Handlers['preConnect'] | undefined,
  client: Client,
  connect: Connect,
): boolean | Promise<boolean> {
  const packet = connectPacket(connect)
  client.connecting = true
  client.will = packet.will ?? null
  if (handler === undefined) return true
  const next = (success: boolean): boolean => {
    if (success !== true) client.conn.destroy()
    adoptConnect(connect, packet)
    return success === true
  }
  return call<boolean>(
    (done) => handler(client, packet, done),
    next,
    (error) => {
      client.connecting = false
      client.conn.destroy() // nothing is said to it
      return error
    },
  )
}

function authenticate(
  handler: Handlers['authenticate'],
  client: Client,
  username: string | undefined,
  password: Buffer | undefined,
): boolean | Promise<boolean> {
  const next = (success: boolean | null): boolean => {
    if (success) return true
    throw refusal(new Error(TEXTS[5]))
  }
  return call<boolean | null>(
    (done) =>
      handler(client, username, password, (error, success) => done(error, success ?? false)),
    next,
    refusal,
  )
}

function authorizeSubscribe(
  handler: Handlers['authorizeSubscribe'],
  client: Client,
  request: SubscriptionRequest,
): boolean | Promise<boolean> {
  const next = (changed: Subscription | null): boolean => {
    if (changed === null || typeof changed !== 'object') return false
    request.filter = changed.topic
    request.qos = changed.qos
    return true
  }
  const subscription = subscriptionOf(request)
  return call<Subscription | null>((done) => handler(client, subscription, done), next)
}

function authorizeForward(
  handler: Handlers['authorizeForward'],
  client: Client,
  message: MessageView,
): boolean {
  const packet = new ViewPacket(message)
  const forwarded = handler(client, packet)
  if (!forwarded) return false
  if (forwarded === packet) return true
  message.topic = forwarded.topic
  message.payload = forwarded.payload
  return true
}

/** The error, with what the broker and listeners go by. */
function refusal(error: AuthenticateError): Refusal {
  const { returnCode = 5 } = error
  const code = REASONS[returnCode] === undefined ? 5 : returnCode
  if (error.message === '') error.message = TEXTS[code] as string
  return Object.assign(error, { errorCode: code, reason: REASONS[code] as number })
}

/**
 * Calls what answers by a callback, and goes on with the value; without one it is true.
 * @returns at once when the callback is called at once
 */
function call<T = boolean>(
  handler: (done: (error?: Error | null, value?: T) => void) => void,
  next: (value: T) => boolean,
  wrap: (error: Error) => Error = denied,
): boolean | Promise<boolean> {
  let answer: { error?: Error | null | undefined; value?: T | undefined } | undefined
  let late: ((value: boolean) => void) | undefined
  let failed: ((error: Error) => void) | undefined
  const finish = (): boolean => {
    if (answer?.error) throw wrap(answer.error)
    return next(answer?.value === undefined ? (true as T) : answer.value)
  }
  handler((error, value) => {
    if (answer !== undefined) return
    answer = { error, value }
    if (late === undefined) return
    try {
      late(finish())
    } catch (thrown) {
      failed?.(thrown as Error)
    }
  })
  if (answer !== undefined) return finish()
  return new Promise((resolve, reject) => {
    late = resolve
    failed = reject
  })
}

function denied(error: Error): Error {
  return Object.assign(error, { reason: REASON_NOT_AUTHORIZED })
}

function yes(): boolean {
  return true
}
