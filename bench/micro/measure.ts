// One comparison: the same work done by us and by others, each call over a batch of items, timed by
// benny, and its CPU time taken in short rounds in turn; and the agreement that comes first. Used
// by every suite of this folder. Lines go to standard output, and to the parent process if there is
// one.
import { performance } from 'node:perf_hooks'
import { isDeepStrictEqual } from 'node:util'
import { add, configure, suite } from 'benny'

export interface Line {
  readonly title: string
  readonly name: string
  /** CPU time, median over the rounds: the figure to trust on a shared machine. */
  readonly cpuNs: number
  /** By the clock, median over benny's samples. */
  readonly nsPerItem: number
  readonly nsMin: number
  readonly nsMax: number
  /** This one's CPU time ÷ the first one's. */
  readonly ratio: number
}

/** Does `items` pieces of work and returns something that depends on all of them. */
export type Work = () => number

const ROUNDS = 5
const ROUND_MS = 100

let sink = 0

/** Times every work; the first is ours. */
export async function measure(
  title: string,
  items: number,
  works: Readonly<Record<string, Work>>,
): Promise<void> {
  const cases = Object.entries(works).map(([name, work]) =>
    add(name, () => {
      sink += work()
    }),
  )
  const { results } = await quietly(() =>
    suite(title, configure({ cases: { minSamples: 10, maxTime: 1 } }), ...cases),
  )
  const cpuNs = cpuRounds(Object.values(works)).map((ns) => ns / items)
  const lines = results.map(({ name, details }, index) => ({
    title,
    name,
    cpuNs: cpuNs[index] as number,
    nsPerItem: (details.median * 1e9) / items,
    nsMin: (details.min * 1e9) / items,
    nsMax: (details.max * 1e9) / items,
    ratio: (cpuNs[index] as number) / (cpuNs[0] as number),
  }))
  for (const line of lines) report(line)
}

/** CPU nanoseconds of one call of each work: the median of rounds taken in turn. */
function cpuRounds(works: readonly Work[]): number[] {
  const rounds = Array.from({ length: ROUNDS }, () => works.map(cpuOfOneRound))
  return works.map((_, index) => {
    const sorted = rounds.map((round) => round[index] as number).sort((a, b) => a - b)
    return sorted[ROUNDS >> 1] as number
  })
}

function cpuOfOneRound(work: Work): number {
  const before = process.cpuUsage()
  const endMs = performance.now() + ROUND_MS
  let calls = 0
  do {
    sink += work()
    calls++
  } while (performance.now() < endMs)
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / calls
}

/** A single number that no comparison goes with, like bytes per subscription. */
export function note(title: string, value: number, unit: string): void {
  console.log(`${title.padEnd(44)} ${''.padEnd(14)} ${value.toFixed(1).padStart(10)} ${unit}`)
  process.send?.({ title, value, unit })
}

/** Throws unless all give the same answer: what is fast and wrong is not compared. */
export function agree(what: string, answers: Readonly<Record<string, unknown>>): void {
  const [[firstName, first] = ['', undefined], ...others] = Object.entries(answers)
  for (const [name, answer] of others) {
    if (isDeepStrictEqual(answer, first)) continue
    throw new Error(`${what}: ${name} does not give the answer of ${firstName}`)
  }
}

/** Keeps what was computed alive. */
export function sum(): number {
  return sink
}

function report(line: Line): void {
  const { title, name, cpuNs, nsPerItem, nsMin, nsMax, ratio } = line
  const numbers = [cpuNs, nsPerItem, nsMin, nsMax].map((ns) => ns.toFixed(1).padStart(10))
  console.log(`${title.padEnd(44)} ${name.padEnd(14)} ${numbers.join(' ')} ${times(ratio)}`)
  process.send?.(line)
}

function times(ratio: number): string {
  return ratio === 1 ? '' : `${ratio.toFixed(1).padStart(8)} x`
}

/** benny announces every suite on standard output; the table says it already. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { log } = console
  console.log = () => {}
  try {
    return await work()
  } finally {
    console.log = log
  }
}
