// `npm run test:embed`: the vectors in every runtime whose toolchain is on the machine, or in those
// named as arguments; a table, and the line `N passed, N failed`, which counts vectors. Under
// CI=true the runtimes that need nothing but Node's own package manager may not be skipped.

import { writeVectors } from './export.ts'
import { type Outcome, type Runtime, runRuntime } from './runtime.ts'
import { OTHERS, REQUIRED } from './runtimes.ts'

const COLUMNS = [10, 24, 13] as const

function line(...cells: string[]): string {
  const padded = cells.map((cell, i) => cell.padEnd(COLUMNS[i] ?? 0))
  return padded.join(' ').trimEnd()
}

/** Whether a CI must have it: it needs nothing but Node, npm and the installed browser. */
function isRequired(runtime: Runtime): boolean {
  return process.env.CI === 'true' && REQUIRED.includes(runtime)
}

function show(runtime: Runtime, outcome: Outcome): void {
  const { name } = outcome
  if ('skipped' in outcome) {
    const may = isRequired(runtime) ? ', which it may not be when CI=true' : ''
    console.log(line(name, `skipped${may}: ${outcome.skipped}`))
  }
  if ('failed' in outcome) console.log(line(name, `FAILED: ${outcome.failed}`))
  if (!('report' in outcome)) return
  const { version, passed, total, nanoseconds, failures } = outcome.report
  console.log(line(name, version, `${passed}/${total}`, nanoseconds.toFixed(1)))
  for (const failure of failures) console.log(`  FAIL ${failure}`)
}

/** Vectors that passed and failed; a runtime that broke, or may not be skipped, is one failure. */
function count(runtime: Runtime, outcome: Outcome): [passed: number, failed: number] {
  if ('report' in outcome) {
    const { passed, total } = outcome.report
    return [passed, total > 0 ? total - passed : 1]
  }
  return [0, 'skipped' in outcome && !isRequired(runtime) ? 0 : 1]
}

async function main(): Promise<void> {
  const names = process.argv.slice(2)
  const all = [...REQUIRED, ...OTHERS]
  const unknown = names.find((name) => !all.some((runtime) => runtime.name === name))
  if (unknown !== undefined) throw new RangeError(`no runtime is named ${unknown}`)
  writeVectors()
  console.log(line('runtime', 'version', 'vectors', 'ns per decoded PUBLISH'))
  let [passed, failed] = [0, 0]
  for (const runtime of all) {
    if (names.length > 0 && !names.includes(runtime.name)) continue
    const outcome = await runRuntime(runtime)
    const [right, wrong] = count(runtime, outcome)
    show(runtime, outcome)
    passed += right
    failed += wrong
  }
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
await main()
