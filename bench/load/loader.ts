// The loader's process: runs one workload against one broker and sends the figures to its parent.
// Started by main.ts on its own core; reads the broker's CPU time and memory from /proc at the
// same instants at which it reads its own counters.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Workload } from '../workloads.ts'
import { Flow } from './flow.ts'
import type { Quantiles } from './histogram.ts'
import { cpuTime, memory } from './proc.ts'
import { traceSyscalls } from './strace.ts'

/** What main.ts hands over, as JSON in the first argument. */
export interface Order {
  readonly workload: Workload
  readonly port: number
  readonly brokerPid: number
  readonly warmupSeconds: number
  readonly seconds: number
  /** Only count system calls: the broker is slowed, so nothing else is measured. */
  readonly strace: boolean
}

export interface Figures {
  readonly messagesPerSecond: number
  readonly cpuUs: number
  readonly userUs: number
  readonly systemUs: number
  readonly latencyUs: Quantiles
  /** Lateness of the loader's own sends in an open loop. */
  readonly latenessP99Us: number
  readonly peakKiB: number
  readonly rssKiB: number
  /** Shares of one core. */
  readonly brokerBusy: number
  readonly loaderBusy: number
  readonly lost: number
  readonly syscallsPerMessage?: number
  readonly syscalls?: Readonly<Record<string, number>>
}

async function measureFlow(order: Order): Promise<Partial<Figures>> {
  const { workload, brokerPid } = order
  const flow = new Flow(workload, order.port)
  await flow.connect()
  flow.start()
  await sleep(order.warmupSeconds * 1000)
  try {
    if (order.strace) {
      const from = flow.deliveredCount
      const traced = await traceSyscalls(brokerPid, order.seconds, () => flow.deliveredCount)
      if (!traced) return {}
      if (flow.deliveredCount === from) throw new Error('nothing was delivered')
      return traced
    }
    return await measure(flow, order)
  } finally {
    flow.stop()
    flow.disconnect()
  }
}

async function measure(flow: Flow, order: Order): Promise<Figures> {
  const { brokerPid } = order
  flow.resetLatency()
  const before = { ...cpuTime(brokerPid), own: process.cpuUsage(), delivered: flow.deliveredCount }
  const startMs = performance.now()
  await sleep(order.seconds * 1000)
  const after = cpuTime(brokerPid)
  const elapsedUs = (performance.now() - startMs) * 1000
  const own = process.cpuUsage(before.own)
  const delivered = flow.deliveredCount - before.delivered
  const latencyUs = flow.latency.quantiles()
  if (flow.closedReason) throw new Error(`the broker closed a connection: ${flow.closedReason}`)
  if (delivered === 0) throw new Error('nothing was delivered')
  const userUs = after.userUs - before.userUs
  const systemUs = after.systemUs - before.systemUs
  return {
    messagesPerSecond: (delivered / elapsedUs) * 1e6,
    cpuUs: (userUs + systemUs) / delivered,
    userUs: userUs / delivered,
    systemUs: systemUs / delivered,
    latencyUs,
    latenessP99Us: flow.lateness.quantile(0.99),
    ...memory(brokerPid),
    brokerBusy: (userUs + systemUs) / elapsedUs,
    loaderBusy: (own.user + own.system) / elapsedUs,
    lost: flow.lostCount,
  }
}

const order = JSON.parse(process.argv[2] ?? '{}') as Order
try {
  const figures = await measureFlow(order)
  process.send?.({ figures })
} catch (error) {
  process.send?.({ error: (error as Error).message })
}
process.disconnect?.()
