// What a broker tells who listens: the events of `broker.on`, typed. Listeners are called in the
// order in which things happened, when no packet is in hand; one that throws is reported and stops
// nothing.

import type { Loss, SubscriptionResult } from '../broker/hooks.ts'
import type { MessageView } from '../broker/view.ts'
import type { Will } from '../protocol/packets.ts'
import type { Client } from './client.ts'

/** Why a connection was ended by the broker. */
export class ConnectionError extends Error {
  override readonly name: string = 'ConnectionError'
  readonly code: string = 'WASMQTT_CONNECTION'
  /** Reason code, as MQTT 5 clients are told it. */
  readonly reason: number

  constructor(message: string, reason: number) {
    super(message)
    this.reason = reason
  }
}

/** An acknowledged delivery. */
export interface Acknowledgement {
  packetId: number
  qos: 1 | 2
  /** Of a persistent session and QoS 1; other messages are not kept until their ack. */
  message: MessageView | undefined
}

/** A message somebody should have had. */
export interface DroppedPublish {
  /** Client identifier. */
  clientId: string
  /** undefined of a message that was on disk only. */
  message: MessageView | undefined
  why: 'outbox full' | 'queue full' | 'expired' | 'too large'
}

export interface DroppedWill {
  clientId: string
  topic: string
  payload: Uint8Array
  /** Reason code. */
  reason: number
}

/** Arguments of the listeners, by event. */
export interface Events {
  /** Its session has begun; CONNACK is still to go. */
  client: [client: Client]
  /** It has had its CONNACK and what was ready to be sent with it. */
  clientReady: [client: Client]
  /** Its connection is over. */
  clientDisconnect: [client: Client]
  /** We ended its connection because of what it did, or a hook failed. */
  clientError: [client: Client, error: Error]
  /** As `clientError`, of a connection that never became a client. */
  connectionError: [client: Client, error: Error]
  keepaliveTimeout: [client: Client]
  /** A message was routed; `client` is undefined when this process has published it. */
  publish: [message: MessageView, client: Client | undefined]
  ack: [acknowledgement: Acknowledgement, client: Client]
  /** SUBACK is out. */
  subscribe: [subscriptions: readonly SubscriptionResult[], client: Client]
  unsubscribe: [filters: readonly string[], client: Client]
  /** CONNACK is out. */
  connackSent: [connack: { sessionPresent: boolean }, client: Client]
  ping: [client: Client]
  willDropped: [will: DroppedWill]
  publishDropped: [dropped: DroppedPublish]
  sessionExpired: [clientId: string]
  /** The broker is closed. */
  closed: []
  /** A listener or a hook has thrown. Nobody needs to listen. */
  error: [error: Error]
}

export type Listener<E extends keyof Events> = (...args: Events[E]) => unknown

export const REASONS: Record<Loss, DroppedPublish['why']> = {
  droppedOutbox: 'outbox full',
  droppedQueue: 'queue full',
  droppedExpired: 'expired',
  droppedTooLarge: 'too large',
}

export function droppedWill(
  clientId: string,
  { payload, topic }: Will,
  reason: number,
): DroppedWill {
  return { clientId, topic, payload, reason }
}
