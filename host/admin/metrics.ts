// The text of GET /metrics, by prom-client: each metric reads its values at the moment of the
// scrape, so that nothing is spent on metrics otherwise. Loaded at the first scrape.

import { Counter, Gauge, type Histogram, Registry } from 'prom-client'
import { LATENCY_BOUNDS, type Latency } from '../store/latency.ts'
import { FAMILIES, type Family } from './families.ts'
import { processFamilies } from './process.ts'
import type { Watched } from './watched.ts'

const COMMIT = 'wasmqtt_store_commit_seconds'
const COMMIT_HELP = 'How long commits of the store take'

/** A registry of its own for one broker. */
export function createRegistry(watched: Watched): Registry {
  const registry = new Registry()
  for (const family of [...FAMILIES, ...processFamilies()]) register(registry, family, watched)
  registerCommits(registry, watched)
  return registry
}

function register(registry: Registry, family: Family, watched: Watched): void {
  const { name, help, labels = [] } = family
  const settings = { name, help, labelNames: [...labels], registers: [registry] }
  if (family.type === 'counter') {
    const counter: Counter = new Counter({
      ...settings,
      collect: () => {
        counter.reset()
        for (const [values, value] of read(family, watched)) counter.inc(values, value)
      },
    })
    return
  }
  const gauge: Gauge = new Gauge({
    ...settings,
    collect: () => {
      gauge.reset()
      for (const [values, value] of read(family, watched)) gauge.set(values, value)
    },
  })
}

/** Values with their labels by name. */
function* read(
  family: Family,
  watched: Watched,
): Generator<[labels: Record<string, string>, value: number]> {
  const values = family.read(watched)
  if (typeof values === 'number') {
    yield [{}, values]
    return
  }
  const { labels = [] } = family
  for (const sample of values) {
    const names = labels.map((label, i) => [label, sample[i] as string])
    yield [Object.fromEntries(names), sample[labels.length] as number]
  }
}

type Values = Awaited<ReturnType<Histogram['get']>>['values']

/** Prom-client's histograms want each observation; this one has been filled elsewhere. */
function registerCommits(registry: Registry, { core }: Watched): void {
  const histogram = {
    name: COMMIT,
    help: COMMIT_HELP,
    type: 'histogram',
    get: async () => ({ ...histogram, values: bucketValues(core.store.state.latency) }),
  }
  registry.registerMetric(histogram as unknown as Histogram)
}

function bucketValues({ counts, sum }: Latency): Values {
  let total = 0
  const values: Values = []
  counts.forEach((count, bucket) => {
    total += count
    const le = LATENCY_BOUNDS[bucket] ?? '+Inf'
    values.push({ metricName: `${COMMIT}_bucket`, labels: { le }, value: total })
  })
  values.push({ metricName: `${COMMIT}_sum`, labels: {}, value: sum })
  values.push({ metricName: `${COMMIT}_count`, labels: {}, value: total })
  return values
}
