// The loader's process: runs one workload against one broker and sends the figures to its parent.
// Started by main.ts on its own core; the broker's CPU time and memory are read from /proc at the
// same instants as the loader's own counters.
import type { Figures } from './figures.ts'
import { measureFlow } from './flow.ts'
import type { Order, Outcome } from './order.ts'
import { measureIdle, measureRetained, measureStorm } from './scenarios.ts'

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
