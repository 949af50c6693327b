// Every metric of the broker: name, type, help, labels, and where its values are read. One table,
// from which metrics.ts makes the text and a test holds README.md and the dashboard to it.

import { reasonText } from '../protocol/reasons.ts'
import type { Watched } from './watched.ts'

/** A value with its labels, in the order of `labels`. */
export type Sample = [...labels: string[], value: number]

export interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly labels?: readonly string[]
  /** One number, or a sample for each set of labels. */
  read(watched: Watched): number | Iterable<Sample>
}

const QOS = ['qos'] as const

const CLIENTS: readonly Family[] = [
  {
    name: 'wasmqtt_connections',
    type: 'gauge',
    help: 'Sockets open now, by listener',
    labels: ['listener'],
    read: (watched) => watched.connections(),
  },
  {
    name: 'wasmqtt_connections_accepted_total',
    type: 'counter',
    help: 'Sockets accepted',
    read: ({ core }) => core.counters.connectionsAccepted,
  },
  {
    name: 'wasmqtt_connections_ended_total',
    type: 'counter',
    help: 'Connections refused or ended by the broker, by reason',
    labels: ['reason'],
    *read({ core }) {
      for (const [reason, count] of core.counters.refusals) yield [reasonText(reason), count]
    },
  },
  {
    name: 'wasmqtt_clients',
    type: 'gauge',
    help: 'Sessions, by whether their client is connected',
    labels: ['state'],
    *read({ core }) {
      yield ['connected', core.counters.clientsNow]
      yield ['offline', core.sessions.byId.size - core.counters.clientsNow]
    },
  },
  {
    name: 'wasmqtt_clients_accepted_total',
    type: 'counter',
    help: 'Clients that were let in',
    read: ({ core }) => core.counters.clientsAccepted,
  },
  {
    name: 'wasmqtt_sessions_expired_total',
    type: 'counter',
    help: 'Sessions that ended because their client stayed away',
    read: ({ core }) => core.counters.sessionsExpired,
  },
  {
    name: 'wasmqtt_subscriptions',
    type: 'gauge',
    help: 'Subscriptions, by whether they are shared',
    labels: ['kind'],
    *read({ core }) {
      const { shared, size } = core.subscriptions
      yield ['plain', size - shared]
      yield ['shared', shared]
    },
  },
]

const TRAFFIC: readonly Family[] = [
  {
    name: 'wasmqtt_publish_received_total',
    type: 'counter',
    help: 'PUBLISH packets of clients, by QoS',
    labels: QOS,
    read: ({ core }) => byQos(core.counters.received.messages),
  },
  {
    name: 'wasmqtt_publish_received_bytes_total',
    type: 'counter',
    help: 'Payload bytes of PUBLISH packets of clients, by QoS',
    labels: QOS,
    read: ({ core }) => byQos(core.counters.received.bytes),
  },
  {
    name: 'wasmqtt_publish_sent_total',
    type: 'counter',
    help: 'PUBLISH packets sent to clients, repetitions included, by QoS',
    labels: QOS,
    read: ({ core }) => byQos(core.counters.sent.messages),
  },
  {
    name: 'wasmqtt_publish_sent_bytes_total',
    type: 'counter',
    help: 'Payload bytes of PUBLISH packets sent to clients, by QoS',
    labels: QOS,
    read: ({ core }) => byQos(core.counters.sent.bytes),
  },
  {
    name: 'wasmqtt_publish_unmatched_total',
    type: 'counter',
    help: 'Publications of clients that nobody was subscribed to',
    read: ({ core }) => core.counters.publishUnmatched,
  },
  {
    name: 'wasmqtt_publish_refused_total',
    type: 'counter',
    help: 'Publications and wills refused: not permitted, reserved topic, bad payload',
    read: ({ core }) => core.counters.publishRefused,
  },
  {
    name: 'wasmqtt_dropped_total',
    type: 'counter',
    help: 'Messages that a subscriber did not get, by reason',
    labels: ['reason'],
    *read({ core: { counters } }) {
      yield ['outbox full', counters.droppedOutbox]
      yield ['queue full', counters.droppedQueue]
      yield ['expired', counters.droppedExpired]
      yield ['too large', counters.droppedTooLarge]
      yield ['not permitted', counters.deliveryRefused]
    },
  },
  {
    name: 'wasmqtt_wills_published_total',
    type: 'counter',
    help: 'Wills published',
    read: ({ core }) => core.counters.willsPublished,
  },
  {
    name: 'wasmqtt_packets_total',
    type: 'counter',
    help: 'Packets of every type, by direction',
    labels: ['direction'],
    *read({ core: { counters } }) {
      yield ['received', counters.packetsReceived]
      yield ['sent', counters.packetsSent]
    },
  },
  {
    name: 'wasmqtt_bytes_total',
    type: 'counter',
    help: 'Bytes of MQTT on sockets, by direction',
    labels: ['direction'],
    *read({ core: { counters } }) {
      yield ['received', counters.bytesReceived]
      yield ['sent', counters.bytesSent]
    },
  },
]

const STATE: readonly Family[] = [
  {
    name: 'wasmqtt_retained_messages',
    type: 'gauge',
    help: 'Retained messages, without those under $SYS',
    read: ({ core }) => core.retained.count - core.retained.reserved,
  },
  {
    name: 'wasmqtt_queued_messages',
    type: 'gauge',
    help: 'Messages waiting in the queues of all sessions',
    read: ({ core }) => core.queued.messages,
  },
  {
    name: 'wasmqtt_queued_bytes',
    type: 'gauge',
    help: 'Bytes waiting in the queues of all sessions: topic, properties, payload',
    read: ({ core }) => core.queued.bytes,
  },
  {
    name: 'wasmqtt_held_messages',
    type: 'gauge',
    help: 'Messages in memory: retained ($SYS too), queued, in flight',
    read: ({ core }) => core.module.held(),
  },
  {
    name: 'wasmqtt_held_payload_bytes',
    type: 'gauge',
    help: 'Payload bytes of the messages in memory',
    read: ({ core }) => core.messages.bytesHeld,
  },
  {
    name: 'wasmqtt_module_memory_bytes',
    type: 'gauge',
    help: 'Memory of the WebAssembly module: in use, and taken from the system',
    labels: ['kind'],
    *read({ core: { module } }) {
      yield ['used', module.allocated()]
      yield ['taken', module.u8.byteLength]
    },
  },
  {
    name: 'wasmqtt_store_commits_total',
    type: 'counter',
    help: 'Group commits of the store',
    read: ({ core }) => core.store.state.commits,
  },
  {
    name: 'wasmqtt_store_failures_total',
    type: 'counter',
    help: 'Commits that failed',
    read: ({ core }) => core.store.state.failures,
  },
  {
    name: 'wasmqtt_store_failing',
    type: 'gauge',
    help: '1 while the store cannot be written, else 0',
    read: ({ core }) => (core.store.state.failing ? 1 : 0),
  },
  {
    name: 'wasmqtt_store_messages',
    type: 'gauge',
    help: 'Messages stored for sessions',
    read: ({ core }) => core.store.state.messages,
  },
]

/** All but the histogram of commits, the event loop and the process, which metrics.ts adds. */
export const FAMILIES: readonly Family[] = [...CLIENTS, ...TRAFFIC, ...STATE]

function* byQos(counts: Float64Array): Generator<Sample> {
  for (const [qos, count] of counts.entries()) yield [String(qos), count]
}
