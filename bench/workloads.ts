// The table of workloads: every load the bench can put on a broker, by name, as plain data.
// Read by load/main.ts (which runs them) and load/loader.ts (which makes them). Names are stable:
// results of different days are compared by them.

import type { Version } from './load/packets.ts'
import type { Transport } from './load/transport.ts'

/**
 * Who talks to whom. pairs: publisher i to subscriber i. fanout: every publisher to every
 * subscriber. wildcard: every publisher on its own topic, each subscriber on one wildcard.
 * shared: the same, the subscribers in one shared group.
 */
export type Shape = 'pairs' | 'fanout' | 'wildcard' | 'shared'

/** Messages between clients, at a fixed window (as fast as it goes) or at a fixed rate. */
export interface Flow {
  readonly kind: 'flow'
  readonly name: string
  readonly shape: Shape
  readonly publishers: number
  readonly subscribers: number
  readonly qos: 0 | 1 | 2
  /** Messages a publisher has published that have not reached every subscriber they go to. */
  readonly window: number
  readonly payloadBytes: number
  readonly version: Version
  readonly transport: Transport
  /** Open loop: messages per second over all publishers, whatever the broker does. */
  readonly rate?: number
}

export type Workload = Flow

const FLOW = {
  kind: 'flow',
  qos: 0,
  window: 100,
  payloadBytes: 16,
  version: 4,
  transport: 'tcp',
} as const

function pairs(count: number, qos: 0 | 1 | 2, window: number): Flow {
  const name = `p2p-${count}-q${qos}-w${window}`
  return { ...FLOW, name, shape: 'pairs', publishers: count, subscribers: count, qos, window }
}

function fanout(publishers: number, subscribers: number, window: number): Flow {
  const name = `fanout-${publishers}-${subscribers}`
  return { ...FLOW, name, shape: 'fanout', publishers, subscribers, window }
}

function fanin(publishers: number, window: number): Flow {
  const name = `fanin-${publishers}-1`
  return { ...FLOW, name, shape: 'wildcard', publishers, subscribers: 1, window }
}

const QOS = [0, 1, 2] as const

export const WORKLOADS: readonly Workload[] = [
  ...[1, 10, 1000].flatMap((count) =>
    QOS.flatMap((qos) => [1, 100].map((window) => pairs(count, qos, window))),
  ),
  fanout(1, 100, 100),
  fanout(1, 1000, 100),
  fanout(5, 1000, 20),
  fanin(100, 100),
  fanin(1000, 10),
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
