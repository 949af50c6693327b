// Reads what the operating system knows of a process: CPU time, memory, threads (Linux /proc). CPU
// per message comes from here, not from the process itself, so any broker can be measured alike.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const US_PER_TICK = 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

export interface CpuTime {
  readonly userUs: number
  readonly systemUs: number
}

export interface Memory {
  readonly rssKiB: number
  /** The highest the resident set has been since the process began. */
  readonly peakKiB: number
}

/** CPU time of all threads of the process since it began, in steps of one clock tick (10 ms). */
export function cpuTime(pid: number): CpuTime {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field, the program's name, is in parentheses and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { userUs: Number(fields[11]) * US_PER_TICK, systemUs: Number(fields[12]) * US_PER_TICK }
}

export function memory(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kib = (name: string) =>
    Number(status.match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'))?.[1] ?? 0)
  return { rssKiB: kib('VmRSS'), peakKiB: kib('VmHWM') }
}

/** CPU time of everything that runs on this machine, interrupts aside. */
export function machineUs(): number {
  const [, user, nice, system, , , , , steal] = readFileSync('/proc/stat', 'utf8').split(/\s+/)
  return [user, nice, system, steal].reduce((sum, ticks) => sum + Number(ticks), 0) * US_PER_TICK
}

/** Load average of the last minute: foreign load makes figures worthless. */
export function loadAverage(): number {
  return Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0])
}
