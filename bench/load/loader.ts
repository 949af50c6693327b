// The loader's process: runs one workload against one broker and sends the figures to its parent.
// Started by main.ts on its own core; the broker's CPU time and memory are read from /proc at the
// same instants as the loader's own counters.
import type { Workload } from '../workloads.ts'
import type { Figures } from './figures.ts'
import { measureFlow } from './flow.ts'
import { measureIdle, measureRetained, measureStorm } from './scenarios.ts'

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

function run(order: Order): Promise<Partial<Figures>> {
  const { workload } = order
  if (workload.kind === 'flow') return measureFlow({ ...order, workload })
  if (workload.kind === 'idle') return measureIdle({ ...order, workload })
  if (workload.kind === 'retained') return measureRetained({ ...order, workload })
  return measureStorm({ ...order, workload })
}

async function outcome(): Promise<Outcome> {
  try {
    return { figures: await run(JSON.parse(process.argv[2] ?? '{}') as Order) }
  } catch (error) {
    return { error: (error as Error).message }
  }
}

const message = await outcome()
process.send?.(message, () => process.exit(0))
