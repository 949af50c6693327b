// The figures one run yields, and the meter that takes the broker's and the loader's own CPU time
// between two instants. Filled in by flow.ts and the scenarios; printed by report.ts.
import { performance } from 'node:perf_hooks'
import type { Quantiles } from './histogram.ts'
import { type CpuTime, cpuTime, machineUs, memory } from './proc.ts'

export interface Figures {
  readonly messagesPerSecond?: number
  /** Of the broker, per delivered message. */
  readonly cpuUs?: number
  readonly userUs?: number
  readonly systemUs?: number
  readonly latencyUs?: Quantiles
  /** How late the loader's own sends were, in an open loop. */
  readonly latenessP99Us?: number
  readonly syscallsPerMessage?: number
  readonly syscalls?: Readonly<Record<string, number>>
  readonly peakKiB: number
  readonly rssKiB: number
  /** Shares of one core. */
  readonly brokerBusy: number
  readonly loaderBusy: number
  /** What all other programs took. */
  readonly foreignBusy: number
  /** Messages that never arrived. */
  readonly lost: number
  /** What only this workload has, by a name that says its unit. */
  readonly more?: Readonly<Record<string, number>>
}

export class Meter {
  readonly #pid: number
  readonly #broker: CpuTime
  readonly #own: NodeJS.CpuUsage
  readonly #machineUs: number
  readonly #startMs: number

  /** Starts to measure the broker's process. */
  constructor(pid: number) {
    this.#pid = pid
    this.#own = process.cpuUsage()
    this.#startMs = performance.now()
    this.#machineUs = machineUs()
    this.#broker = cpuTime(pid)
  }

  get elapsedSeconds(): number {
    return (performance.now() - this.#startMs) / 1000
  }

  read(counts: { delivered: number; lost: number }): Figures {
    const now = cpuTime(this.#pid)
    const elapsedUs = this.elapsedSeconds * 1e6
    const own = process.cpuUsage(this.#own)
    const userUs = now.userUs - this.#broker.userUs
    const systemUs = now.systemUs - this.#broker.systemUs
    const ownUs = own.user + own.system
    const foreignUs = machineUs() - this.#machineUs - userUs - systemUs - ownUs
    const { delivered, lost } = counts
    return {
      ...(delivered > 0 && {
        messagesPerSecond: (delivered / elapsedUs) * 1e6,
        cpuUs: (userUs + systemUs) / delivered,
        userUs: userUs / delivered,
        systemUs: systemUs / delivered,
      }),
      ...memory(this.#pid),
      brokerBusy: (userUs + systemUs) / elapsedUs,
      loaderBusy: ownUs / elapsedUs,
      foreignBusy: Math.max(0, foreignUs / elapsedUs),
      lost,
    }
  }
}
