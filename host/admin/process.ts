// Metrics of the process the broker runs in: CPU, memory, the event loop. The delay of the event
// loop is only measured from the first time somebody asks, because its timer wakes the process.

import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { packageVersion } from '../config/version.ts'
import type { Family } from './families.ts'

// 20 times a second costs 0.05 % of a core, 100 times 0.4 %.
const RESOLUTION_MS = 50
const PERCENTILES = [50, 99, 100]

/** @param delay enabled, and read and reset by this family */
function delayFamily(delay: IntervalHistogram): Family {
  return {
    name: 'wasmqtt_event_loop_delay_seconds',
    type: 'gauge',
    help: 'How late timers were since the last scrape, by percentile',
    labels: ['percentile'],
    *read() {
      for (const percentile of PERCENTILES) {
        const late = delay.percentile(percentile) / 1e9 - RESOLUTION_MS / 1000
        yield [String(percentile), delay.count === 0 ? 0 : Math.max(late, 0)]
      }
      delay.reset()
    },
  }
}

/** Starts measuring what has to be measured. */
export function processFamilies(): Family[] {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  const startedAt = performance.timeOrigin / 1000
  return [
    delayFamily(delay),
    {
      name: 'wasmqtt_event_loop_seconds_total',
      type: 'counter',
      help: 'Time of the event loop, by whether it worked or waited',
      labels: ['state'],
      *read() {
        const { active, idle } = performance.eventLoopUtilization()
        yield ['active', active / 1000]
        yield ['idle', idle / 1000]
      },
    },
    {
      name: 'wasmqtt_info',
      type: 'gauge',
      help: 'Always 1; the labels say what runs',
      labels: ['version', 'node'],
      *read() {
        yield [packageVersion(), process.versions.node, 1]
      },
    },
    {
      name: 'process_cpu_seconds_total',
      type: 'counter',
      help: 'CPU time of the process, user and system',
      read: () => cpuSeconds(process.cpuUsage()),
    },
    {
      name: 'process_resident_memory_bytes',
      type: 'gauge',
      help: 'Resident memory of the process',
      read: () => process.memoryUsage.rss(),
    },
    {
      name: 'process_heap_bytes',
      type: 'gauge',
      help: 'JavaScript heap in use',
      read: () => process.memoryUsage().heapUsed,
    },
    {
      name: 'process_start_time_seconds',
      type: 'gauge',
      help: 'When the process started, seconds since the epoch',
      read: () => startedAt,
    },
  ]
}

function cpuSeconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6
}
