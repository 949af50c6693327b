// A broker under attack: the real binary with settings from a file, and what the operating system
// and its own health page say of it. Memory, CPU time and open files are read from Linux's /proc.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { BrokerOptions } from '../../host/config/options.ts'
import { type Broker, startBroker, temporaryDirectory } from '../process.ts'

export const MIB: number = 1024 * 1024
/** The long variants: `npm run test:load`. */
export const LONG: boolean = process.env.WASMQTT_LONG === '1'

const PATIENCE_MS = 60_000
const POLL_MS = 20
const QUIET_BYTES = 2048
const TICK_MS = 10 // the kernel counts CPU time in hundredths of a second

export type Stats = Record<string, number>

export class Watched {
  readonly broker: Broker
  readonly port: number

  constructor(broker: Broker) {
    this.broker = broker
    this.port = broker.port
  }

  /** What GET /healthz counts. */
  async stats(): Promise<Stats> {
    const response = await fetch(`http://127.0.0.1:${this.broker.adminPort}/healthz`)
    return (await response.json()) as Stats
  }

  /** Asks for the stats until they are as wanted, and returns them. */
  async until(what: string, holds: (stats: Stats) => boolean): Promise<Stats> {
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      const stats = await this.stats()
      if (holds(stats)) return stats
      if (performance.now() > deadline) {
        throw new Error(`waited in vain for ${what}: ${JSON.stringify(stats)}`)
      }
      await pause(POLL_MS)
    }
  }

  /** Until the broker reads nobody, or next to nothing (there may be bystanders), for a while. */
  async untilQuiet(): Promise<Stats> {
    let last = 0
    let quiet = 0
    return await this.until('the broker to stop reading', ({ bytesReceived = 0 }) => {
      quiet = bytesReceived - last < QUIET_BYTES ? quiet + 1 : 0
      last = bytesReceived
      return quiet === 15
    })
  }

  /** Resident memory now, bytes. */
  resident(): number {
    return this.#status('VmRSS')
  }

  /** Most memory that was resident since the start, or since `resetPeak`, bytes. */
  peak(): number {
    return this.#status('VmHWM')
  }

  resetPeak(): void {
    writeFileSync(`/proc/${this.broker.pid}/clear_refs`, '5')
  }

  /** CPU time spent so far, user and system, milliseconds. */
  cpuMs(): number {
    const text = readFileSync(`/proc/${this.broker.pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  }

  openFiles(): number {
    return readdirSync(`/proc/${this.broker.pid}/fd`).length
  }

  /** SIGTERM; throws what the broker said if it does not end as it should. */
  async stop(): Promise<void> {
    const code = await this.broker.stop()
    if (code !== 0) throw new Error(`the broker ended with ${code}: ${this.broker.program.stderr}`)
  }

  #status(name: string): number {
    const text = readFileSync(`/proc/${this.broker.pid}/status`, 'utf8')
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)
    if (found === null) throw new Error(`the kernel does not tell ${name}`)
    return Number(found[1]) * 1024
  }
}

/** Starts the binary with these options in its configuration file. */
export async function startWatched(options: Partial<BrokerOptions> = {}): Promise<Watched> {
  const file = join(temporaryDirectory(), 'wasmqtt.json')
  writeFileSync(file, JSON.stringify(options))
  return new Watched(await startBroker({ args: ['-c', file] }))
}

/** A line for whoever reads the output of the tests. */
export function show(text: string): void {
  process.stdout.write(`\n${text}\n`)
}

export function inMib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`
}
