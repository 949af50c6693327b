// The table of workloads: every load the bench can put on a broker, by name, as plain data.
// Read by load/main.ts (which runs them) and load/loader.ts (which makes them). Names are stable:
// results of different days are compared by them.
import type { Version } from './load/packets.ts'
import type { Transport } from './load/transport.ts'

/**
 * Who talks to whom. pairs: publisher i to subscriber i. fanout: every publisher to every
 * subscriber. wildcard: every publisher on its own topic, each subscriber on one wildcard.
 * shared: the same, the subscribers in one shared group. fleet: publishers over 10,000 topics,
 * each matching one of 100,000 filters that the subscribers hold.
 */
export type Shape = 'pairs' | 'fanout' | 'wildcard' | 'shared' | 'fleet'

export type Qos = 0 | 1 | 2

/** Messages between clients, at a fixed window (as fast as it goes) or at a fixed rate. */
export interface FlowWorkload {
  readonly kind: 'flow'
  readonly name: string
  readonly shape: Shape
  readonly publishers: number
  readonly subscribers: number
  readonly qos: Qos
  /** Messages a publisher has published that have not reached every subscriber they go to. */
  readonly window: number
  /** A publisher sends its whole window in one piece, and waits until all of it has arrived. */
  readonly burst?: boolean
  readonly payloadBytes: number
  readonly version: Version
  readonly transport: Transport
  /** Open loop: messages per second over all publishers, whatever the broker does. */
  readonly rate?: number
  /** MQTT 5: topic alias, two user properties, expiry, a subscription identifier. */
  readonly features?: boolean
  /** Wildcard filters subscribed to and given up again, each second. */
  readonly churnPerSecond?: number
  /** How many of the subscribers stop reading after they have subscribed. */
  readonly stuck?: number
  /** Have brokers that run in Node report their garbage collections. */
  readonly traceGc?: boolean
  /** Messages that may wait for one subscriber, where a broker's default may be too few. */
  readonly queueMessages?: number
  /** Measured time, where the usual one is too short. */
  readonly seconds?: number
}

/** Clients that connect as fast as they are accepted, and then say nothing. */
export interface IdleWorkload {
  readonly kind: 'idle'
  readonly name: string
  readonly connections: number
  readonly transport: Transport
}

/** Retained messages, then subscribers to all of them at once. */
export interface RetainedWorkload {
  readonly kind: 'retained'
  readonly name: string
  readonly messages: number
  readonly subscribers: number
  readonly transport: Transport
}

/** Persistent sessions with messages waiting for them, all coming back at once. */
export interface StormWorkload {
  readonly kind: 'storm'
  readonly name: string
  readonly sessions: number
  readonly queued: number
  readonly transport: Transport
}

export type Workload = FlowWorkload | IdleWorkload | RetainedWorkload | StormWorkload

const FLOW = {
  kind: 'flow',
  qos: 0,
  window: 100,
  payloadBytes: 16,
  version: 4,
  transport: 'tcp',
} as const

const QOS = [0, 1, 2] as const

function pairs(count: number, qos: Qos, window: number): FlowWorkload {
  const name = `p2p-${count}-q${qos}-w${window}`
  return { ...FLOW, name, shape: 'pairs', publishers: count, subscribers: count, qos, window }
}

function fanout(publishers: number, subscribers: number, window: number): FlowWorkload {
  const name = `fanout-${publishers}-${subscribers}`
  return { ...FLOW, name, shape: 'fanout', publishers, subscribers, window }
}

function fanin(publishers: number, window: number): FlowWorkload {
  const name = `fanin-${publishers}-1`
  return { ...FLOW, name, shape: 'wildcard', publishers, subscribers: 1, window }
}

function shared(publishers: number, window: number): FlowWorkload {
  const name = `shared-${publishers}-5-q1-w${window}`
  const clients = { publishers, subscribers: 5, qos: 1, window, version: 5 } as const
  return { ...FLOW, name, shape: 'shared', ...clients }
}

/** At most 1 MiB on its way; the largest packet, head and all, fits a limit of 1 MiB. */
function payload(name: string, bytes: number): FlowWorkload {
  const window = Math.max(2, Math.min(100, Math.floor(2 ** 20 / bytes)))
  const payloadBytes = Math.min(bytes, 2 ** 20 - 64)
  return { ...pairs(1, 0, window), name: `payload-${name}`, payloadBytes }
}

function fleet(name: string, churnPerSecond: number): FlowWorkload {
  const clients = { publishers: 10, subscribers: 1000, churnPerSecond }
  return { ...FLOW, name, shape: 'fleet', ...clients }
}

function quiet(qos: Qos): FlowWorkload {
  return { ...pairs(1000, qos, 1), name: `quiet-1000-q${qos}`, rate: 1000, seconds: 10 }
}

function over(transport: Transport, flow: FlowWorkload): FlowWorkload {
  return { ...flow, transport, name: `${flow.name}-${transport}` }
}

const TWINS = [pairs(10, 0, 1), pairs(10, 0, 100), pairs(10, 1, 100), fanout(1, 100, 100)]

export const WORKLOADS: readonly Workload[] = [
  ...[1, 10, 1000].flatMap((count) =>
    QOS.flatMap((qos) => [1, 100].map((window) => pairs(count, qos, window))),
  ),
  fanout(1, 100, 100),
  fanout(1, 1000, 100),
  fanout(5, 1000, 20),
  fanin(100, 100),
  fanin(1000, 10),
  shared(1000, 1),
  shared(1000, 4),
  { ...shared(1000, 20), queueMessages: 20_000 },
  { ...shared(1000, 20), name: 'shared-1000-5-q1-burst20', queueMessages: 20_000, burst: true },
  fleet('filters-100k', 0),
  fleet('filters-100k-churn', 1000),
  payload('16', 16),
  payload('128', 128),
  payload('1k', 1024),
  payload('8k', 8192),
  payload('64k', 65536),
  payload('1m', 2 ** 20),
  { ...pairs(10, 0, 100), name: 'v5-plain', version: 5 },
  { ...pairs(10, 0, 100), name: 'v5-features', version: 5, features: true },
  quiet(0),
  quiet(1),
  { ...pairs(1000, 1, 1), name: 'steady-1000-q1-10k', rate: 10_000, seconds: 10 },
  ...TWINS.map((flow) => over('tls', flow)),
  ...TWINS.map((flow) => over('ws', flow)),
  {
    ...fanout(5, 100, 1),
    name: 'slow-10-of-100',
    payloadBytes: 256,
    rate: 500,
    stuck: 10,
    seconds: 10,
  },
  { ...pairs(10, 1, 100), name: 'gc-10-q1', traceGc: true, seconds: 60 },
  { kind: 'idle', name: 'idle-10k', connections: 10_000, transport: 'tcp' },
  { kind: 'idle', name: 'idle-1k-tls', connections: 1000, transport: 'tls' },
  { kind: 'idle', name: 'idle-1k-ws', connections: 1000, transport: 'ws' },
  { kind: 'retained', name: 'retained-100k', messages: 100_000, subscribers: 10, transport: 'tcp' },
  { kind: 'storm', name: 'storm-2000', sessions: 2000, queued: 100, transport: 'tcp' },
]

/** The workloads a name asks for: one name, a list with commas, a prefix ending in *, or all. */
export function selectWorkloads(wanted: string): readonly Workload[] {
  const selected = wanted.split(',').flatMap((name) => {
    const prefix = name === 'all' ? '' : name.endsWith('*') ? name.slice(0, -1) : undefined
    const found = WORKLOADS.filter((one) =>
      prefix === undefined ? one.name === name : one.name.startsWith(prefix),
    )
    if (found.length === 0) throw new RangeError(`no workload is named ${name}; see --list`)
    return found
  })
  return [...new Set(selected)]
}
