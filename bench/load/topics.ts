// Which topics a flow's publishers use and which filters its subscribers hold, by the flow's shape.
// Used by flow.ts. Every topic of a workload has the same length, so its frames have too, and
// everything is computed from the index: two runs send the same bytes.
import type { FlowWorkload } from '../workloads.ts'

export const FLEET_FILTERS = 100_000
const FLEET_TOPICS = 10_000
/** Prime to the number of filters, so that steps of it visit filters of every kind. */
const FLEET_STRIDE = 7919

/** The topics publisher `index` sends to, in turn. */
export function topicsOf(workload: FlowWorkload, index: number): readonly string[] {
  if (workload.shape !== 'fleet') return [topic(index)]
  const each = FLEET_TOPICS / workload.publishers
  return Array.from({ length: each }, (_, i) =>
    fleetTopic(((index * each + i) * FLEET_STRIDE) % FLEET_FILTERS),
  )
}

/** The filters subscriber `index` holds. */
export function filtersOf(workload: FlowWorkload, index: number): readonly string[] {
  const { shape, publishers, subscribers } = workload
  if (shape === 'pairs') return [topic(index)]
  if (shape === 'wildcard') return ['bench/+']
  if (shape === 'shared') return ['$share/bench/bench/+']
  if (shape === 'fanout') return Array.from({ length: publishers }, (_, i) => topic(i))
  const each = FLEET_FILTERS / subscribers
  return Array.from({ length: each }, (_, i) => fleetFilter(index * each + i))
}

/** A wildcard filter that matches nothing the fleet sends, for churn. */
export function churnFilter(index: number): string {
  return `fleet/+/churn${index % 1000}/#`
}

function topic(publisher: number): string {
  return `bench/${String(publisher).padStart(5, '0')}`
}

function fleetTopic(vehicle: number): string {
  const group = String(vehicle % 100).padStart(2, '0')
  return `fleet/${group}/v${String(vehicle).padStart(5, '0')}/state`
}

/** Matches fleetTopic(vehicle) and no other: 8 of 10 literally, one with +, one with #. */
function fleetFilter(vehicle: number): string {
  const literal = fleetTopic(vehicle)
  if (vehicle % 10 === 0) return literal.replace(/^fleet\/\d+/, 'fleet/+')
  return vehicle % 10 === 1 ? literal.replace('state', '#') : literal
}
