// What passes between main.ts and the loader's process it starts: what to do, and what came of it.
// Both ways as JSON, so nothing here but plain data.
import type { Workload } from '../workloads.ts'
import type { Figures } from './figures.ts'

/** What main.ts hands over, as JSON in the first argument. */
export interface Order<W extends Workload = Workload> {
  readonly workload: W
  readonly port: number
  readonly brokerPid: number
  readonly warmupSeconds: number
  readonly seconds: number
  /** Only count system calls: the broker is slowed, so nothing else is measured. */
  readonly strace: boolean
}

/** What comes back. */
export type Outcome = { readonly figures: Partial<Figures> } | { readonly error: string }
