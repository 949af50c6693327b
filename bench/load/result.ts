// What came of one workload on one broker, and what to call a broker that was given as a command
// line. Used by the table, the results file and the chart.
import type { Figures } from './figures.ts'

export interface Result {
  readonly workload: string
  readonly broker: string
  /** Medians over the runs; undefined when no run succeeded. */
  readonly figures: Figures | undefined
  readonly failure: string | undefined
  readonly runs: readonly Figures[]
}

/** The last path component of a command's first word that says something. */
export function shortName(broker: string): string {
  const words = broker.split(' ')
  const telling = words.find((word) => !/^(node|exec|taskset|-.*|\d+)$/.test(word)) ?? broker
  return (telling.split('/').at(-1) ?? telling).slice(0, 13)
}
