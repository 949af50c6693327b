// The runs: inputs by number until their count or the time is over, on the module or on a broker of
// each build; or one input again. A run ends early when it has found enough. Called by main.ts and
// by the short pass of the test suite.

import { BUILDS, type Build } from '../module.ts'
import { BrokerTarget } from './broker.ts'
import { describeFinding, type Finding, kindOf, minimise } from './finding.ts'
import { brokerInput, moduleInput } from './inputs.ts'
import { ModuleTarget } from './module.ts'

/** How far a run goes: whichever comes first. */
export interface Limits {
  seed: number
  inputs: number
  seconds: number
}

export interface Summary {
  /** One line, or one for each build. */
  lines: string[]
  findings: Finding[]
}

const FINDINGS_MAX = 5
const PROGRESS_MS = 30_000
const CLOCK_EVERY = 64
const MEBI = 1024 * 1024
const REPLAYS = 40

export type Say = (line: string) => void

export function runModule({ seed, inputs, seconds }: Limits, say: Say): Summary {
  const clock = new Clock(seconds, (n) => say(`  module: ${n} inputs`))
  const findings: Finding[] = []
  let target = new ModuleTarget(seed)
  let n = 0
  for (; n < inputs && findings.length < FINDINGS_MAX; n++) {
    if (n % CLOCK_EVERY === 0 && clock.isOver(n)) break
    const what = broken(target, moduleInput(seed, n))
    if (what === undefined) continue
    // A trap may have left anything behind.
    const { accepted, refused } = target
    target = new ModuleTarget(seed)
    Object.assign(target, { accepted, refused })
    if (findings.some((finding) => kindOf(finding.what) === kindOf(what))) continue
    const input = minimise(moduleInput(seed, n), (candidate) => {
      const found = broken(new ModuleTarget(seed), candidate)
      return found && kindOf(found)
    })
    findings.push({ target: 'module', n, what, input })
    say(describeFinding(findings.at(-1) as Finding, seed))
  }
  const { accepted, memoryBytes, refused } = target
  const memory = memoryBytes.map((bytes) => bytes / MEBI).join(' and ')
  const counts = `${n} inputs, ${accepted} records, ${refused} refusals`
  const found = `${findings.length} findings`
  const line = `module: seed ${seed}, ${counts}, ${clock.seconds} s, ${memory} MiB, ${found}`
  return { lines: [line], findings }
}

/** What breaks, undefined if nothing does. */
function broken(
  target: ModuleTarget,
  input: Buffer,
  versions?: readonly number[],
): string | undefined {
  try {
    target.check(input, versions)
    return undefined
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}

/** The debug build and then the release build, half of the inputs and of the time each. */
export async function runBrokers(limits: Limits, say: Say): Promise<Summary> {
  const summary: Summary = { lines: [], findings: [] }
  const inputs = Math.ceil(limits.inputs / BUILDS.length)
  for (const [i, build] of BUILDS.entries()) {
    const share = { ...limits, inputs, seconds: limits.seconds / BUILDS.length }
    const { lines, findings } = await runBroker(build, share, i * inputs, say)
    summary.lines.push(...lines)
    summary.findings.push(...findings)
  }
  return summary
}

async function runBroker(build: Build, limits: Limits, first: number, say: Say): Promise<Summary> {
  const { seed, inputs, seconds } = limits
  const clock = new Clock(seconds, (n) => say(`  broker (${build}): ${n} connections`))
  const findings: Finding[] = []
  const target = new BrokerTarget(build, seed)
  await target.start()
  let n = first
  while (n < first + inputs && target.faults.length < FINDINGS_MAX && !target.isBroken) {
    if (clock.isOver(n - first)) break
    await target.send(n++)
  }
  const stats = await target.finish()
  if (target.isDead) await target.findCulprit()
  for (const { n, what } of target.faults) {
    const input = n < 0 ? Buffer.alloc(0) : brokerInput(seed, n)
    findings.push({ target: 'broker', n, what, input })
    say(describeFinding(findings.at(-1) as Finding, seed))
  }
  const counts = `${stats.connections} connections, ${stats.messages} messages between witnesses`
  const slowest = `slowest round ${Math.round(stats.slowestMs)} ms`
  const memory = `${Math.round(stats.rssMaxKb / 1024)} MiB resident at most`
  const found = `${findings.length} findings`
  const facts = [counts, `${clock.seconds} s`, slowest, memory, found].join(', ')
  const line = `broker (${build}): seed ${seed}, ${facts}`
  return { lines: [line], findings }
}

/** One input on a module as new. @param version undefined = every one */
export function replayModule(input: Buffer, version: number | undefined): string | undefined {
  return broken(new ModuleTarget(1), input, version === undefined ? undefined : [version])
}

/** One input on brokers of both builds, by both transports, cut in many ways. */
export async function replayBroker(input: Buffer): Promise<string[]> {
  const faults: string[] = []
  for (const build of BUILDS) {
    const target = new BrokerTarget(build, 1)
    await target.start()
    for (let i = 0; i < REPLAYS && !target.isBroken; i++) await target.sendBytes(i, input)
    await target.finish()
    faults.push(...target.faults.map(({ what }) => `${build}: ${what}`))
  }
  return faults
}

class Clock {
  private readonly started: number = performance.now()
  private readonly end: number
  private readonly progress: (n: number) => void
  private next: number

  constructor(seconds: number, progress: (n: number) => void) {
    this.end = this.started + seconds * 1000
    this.progress = progress
    this.next = this.started + PROGRESS_MS
  }

  get seconds(): number {
    return Math.round((performance.now() - this.started) / 100) / 10
  }

  isOver(n: number): boolean {
    const now = performance.now()
    if (now >= this.next) {
      this.next = now + PROGRESS_MS
      this.progress(n)
    }
    return now >= this.end
  }
}
