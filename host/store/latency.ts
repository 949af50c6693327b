// How long commits take, as a histogram of fixed buckets that only grows: what Prometheus wants.
// Filled by level.ts, read by the metrics.

/** Upper bounds, seconds; the last bucket has none. */
export const LATENCY_BOUNDS: readonly number[] = [
  ...[0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
]

export class Latency {
  /** Observations of each bucket by itself, not added up. */
  readonly counts: Float64Array = new Float64Array(LATENCY_BOUNDS.length + 1)
  /** Of all observations, seconds. */
  sum = 0

  observe(seconds: number): void {
    let bucket = 0
    while (bucket < LATENCY_BOUNDS.length && seconds > (LATENCY_BOUNDS[bucket] as number)) bucket++
    this.counts[bucket] = (this.counts[bucket] as number) + 1
    this.sum += seconds
  }
}
