// Turns figures into what people read: medians over runs, rows of a table, and the JSON file in
// bench/results/ with every run, the machine and the settings, a chart beside it. Used by main.ts.
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { chart } from '../chart.ts'
import type { Figures } from './figures.ts'
import { loadAverage } from './proc.ts'
import { type Result, shortName } from './result.ts'

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url))

const COLUMNS = [
  ['workload', -24],
  ['broker', -13],
  ['messages/s', 11],
  ['CPU µs', 8],
  ['user', 7],
  ['system', 7],
  ['calls', 6],
  ['p50 µs', 8],
  ['p99', 8],
  ['p99.9', 8],
  ['max', 8],
  ['peak MiB', 9],
  ['busy b/l/f', 10],
  ['lost', 7],
  ['ratio', 6],
] as const

export function printHeader(): void {
  printCells(COLUMNS.map(([title]) => title))
}

/** The ratio is this broker's CPU per message ÷ that of the first broker of the comparison. */
export function printRow(result: Result, first: Result | undefined): void {
  const { workload, figures, failure } = result
  const broker = shortName(result.broker)
  if (!figures) {
    console.log(`${workload.padEnd(24)} ${broker.padEnd(13)} ${failure}`)
    return
  }
  const { latencyUs: latency } = figures
  const base = first && first !== result ? first.figures?.cpuUs : undefined
  const share = (value: number) => `${Math.round(value * 100)}`
  const fixed = (value: number | undefined) => value?.toFixed(2) ?? ''
  printCells([
    workload,
    broker,
    figures.messagesPerSecond ? Math.round(figures.messagesPerSecond).toLocaleString('en') : '',
    fixed(figures.cpuUs),
    fixed(figures.userUs),
    fixed(figures.systemUs),
    fixed(figures.syscallsPerMessage),
    ...[latency?.p50, latency?.p99, latency?.p999, latency?.max].map((us) => String(us ?? '')),
    (figures.peakKiB / 1024).toFixed(1),
    [figures.brokerBusy, figures.loaderBusy, figures.foreignBusy].map(share).join('/'),
    String(figures.lost),
    base && figures.cpuUs ? fixed(figures.cpuUs / base) : '',
  ])
  const more = Object.entries(figures.more ?? {})
  if (more.length > 0) {
    console.log(
      `  ^ ${more.map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`).join(' · ')}`,
    )
  }
  warn(figures)
}

/** What makes a row's throughput, though not its CPU per message, say more of the loader. */
function warn({ brokerBusy, loaderBusy, foreignBusy, latenessP99Us }: Figures): void {
  if (foreignBusy > 0.1) {
    console.log(`  ^ other programs took ${Math.round(foreignBusy * 100)} % of a core meanwhile`)
  }
  if (latenessP99Us === undefined && loaderBusy > 0.95 && brokerBusy < 0.9) {
    console.log('  ^ the loader was saturated and the broker was not: messages/s is a lower bound')
  }
  if ((latenessP99Us ?? 0) > 500) {
    console.log(`  ^ the loader sent late (p99 ${latenessP99Us} µs): latency includes its delay`)
  }
}

function printCells(cells: readonly string[]): void {
  const padded = cells.map((cell, index) => {
    const width = COLUMNS[index]?.[1] ?? 8
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width)
  })
  console.log(padded.join(' '))
}

/** The median of every number, taken by itself; nested objects likewise. */
export function median(runs: readonly Figures[]): Figures {
  return medianOf(runs as unknown as readonly Tree[]) as unknown as Figures
}

type Tree = { readonly [name: string]: number | Tree }

function medianOf(trees: readonly Tree[]): Tree {
  const [first = {}] = trees
  const entries = Object.keys(first).map((name) => {
    const values = trees.map((tree) => tree[name])
    if (typeof values[0] === 'object') return [name, medianOf(values as Tree[])]
    const sorted = (values as number[]).sort((a, b) => a - b)
    return [name, sorted[Math.floor((sorted.length - 1) / 2)]]
  })
  return Object.fromEntries(entries) as Tree
}

export function saveResults(name: string, results: readonly Result[], options: object): void {
  saveJson(name, { options, results })
  const svg = chart(results)
  if (svg) writeFileSync(`${RESULTS}${name}.svg`, svg)
}

/** Writes bench/results/NAME.json: the machine, then what was measured. */
export function saveJson(name: string, measured: object): void {
  const machine = {
    processor: cpus()[0]?.model,
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    node: process.version,
    loadAverage: loadAverage(),
  }
  mkdirSync(RESULTS, { recursive: true })
  const body = JSON.stringify({ machine, ...measured }, undefined, 1)
  writeFileSync(`${RESULTS}${name}.json`, `${body}\n`)
}
