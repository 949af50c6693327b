// Counts latencies in logarithmic buckets with a relative error below 1.6 % (64 steps for every
// doubling, from 1 microsecond up), the way HDR histograms do, but with a record() of a few
// nanoseconds: it runs once for every delivered message. Knows nothing of what is measured.

const STEPS_BITS = 6
const STEPS = 1 << STEPS_BITS
const DOUBLINGS = 26

/** What a run reports, in microseconds. */
export interface Quantiles {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  readonly count: number
}

export class Histogram {
  readonly #counts: Float64Array = new Float64Array(STEPS * DOUBLINGS)
  #count = 0
  #max = 0

  record(us: number): void {
    const value = us < 0 ? 0 : us | 0
    this.#count++
    if (value > this.#max) this.#max = value
    let index = value
    if (value >= STEPS) {
      const shift = 31 - Math.clz32(value) - STEPS_BITS
      index = (shift << STEPS_BITS) + (value >> shift)
    }
    this.#counts[index] = (this.#counts[index] as number) + 1
  }

  reset(): void {
    this.#counts.fill(0)
    this.#count = 0
    this.#max = 0
  }

  /** The upper edge of the bucket that holds the given share of all values. */
  quantile(share: number): number {
    let wanted = Math.ceil(this.#count * share)
    for (let index = 0; index < this.#counts.length; index++) {
      wanted -= this.#counts[index] as number
      if (wanted <= 0) return Math.min(this.#max, upperEdge(index))
    }
    return this.#max
  }

  quantiles(): Quantiles {
    return {
      p50: this.quantile(0.5),
      p90: this.quantile(0.9),
      p99: this.quantile(0.99),
      p999: this.quantile(0.999),
      max: this.#max,
      count: this.#count,
    }
  }
}

function upperEdge(index: number): number {
  if (index < 2 * STEPS) return index
  const shift = (index >> STEPS_BITS) - 1
  const step = index - (shift << STEPS_BITS)
  return ((step + 1) << shift) - 1
}
