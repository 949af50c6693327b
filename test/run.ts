// The test runner behind `npm run unit`: every test/**/*.test.ts, or the files and folders given as
// arguments, each in a process of its own. It adds up the totals uvu prints and ends with the line
// `N passed, N failed`. A file that runs no test, does not end in time, or exits with an error
// though its tests passed, counts as one failure.

import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'

const PARALLEL = 2
const TIMEOUT_MS = 240_000
const ROOT: string = join(import.meta.dirname, '..')

interface Result {
  passed: number
  failed: number
  skipped: string[]
}

const children = new Set<ChildProcess>()

/** The long ones start program after program; they are a suite of their own (`--long`). */
function discover(paths: string[], long: boolean): string[] {
  const files = paths.flatMap((path) => {
    if (!statSync(path).isDirectory()) return [path]
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
    const isMeant = (name: string): boolean =>
      name.endsWith('.test.ts') && name.endsWith('.long.test.ts') === long
    return names.filter(isMeant).map((name) => join(path, name))
  })
  return files.map((file) => relative(ROOT, file)).sort()
}

/** Ends the file's process and whatever it started: each file leads its own process group. */
function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}

function runFile(file: string): Promise<Result> {
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    cwd: ROOT,
    env: { ...process.env, FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  children.add(child)
  const started = performance.now()
  let output = ''
  let late = false
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const timer = setTimeout(() => {
    late = true
    killGroup(child)
  }, TIMEOUT_MS)
  return new Promise((resolve) => {
    child.on('exit', () => killGroup(child))
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      children.delete(child)
      const how = late ? `killed after ${TIMEOUT_MS / 1000} s` : `exit ${code ?? signal}`
      resolve(report(file, output, how, Math.round(performance.now() - started)))
    })
  })
}

function report(file: string, output: string, how: string, durationMs: number): Result {
  const total = sum(output, /^ {2}Total: +(\d+)$/gm)
  const passed = sum(output, /^ {2}Passed: +(\d+)$/gm)
  // uvu prints its progress marks on one line: what a test prints may stand behind some of them.
  const skipped = [...output.matchAll(/^(?:.*[•✘] )?(skipped: .+)$/gm)].map(
    (found) => `${found[1]}`,
  )
  const missing = skipped.length > 0 && total === 0
  const clean = how === 'exit 0' && (total > 0 || missing)
  const failed = total - passed || (clean ? 0 : 1)
  const why = total === 0 && !missing ? `${how}, no test ran` : how
  if (failed === 0) console.log(`ok    ${file}  ${passed} tests, ${durationMs} ms`)
  else console.log(`FAIL  ${file}  (${why})\n${output.trimEnd()}\n`)
  return { passed, failed, skipped }
}

function sum(output: string, pattern: RegExp): number {
  return [...output.matchAll(pattern)].reduce((total, found) => total + Number(found[1]), 0)
}

async function main(): Promise<void> {
  const words = process.argv.slice(2)
  const given = words.filter((word) => word !== '--long')
  const paths = given.length > 0 ? given : [import.meta.dirname]
  const files = discover(paths, words.includes('--long'))
  const results: Result[] = []
  const worker = async (): Promise<void> => {
    for (let file = files.shift(); file !== undefined; file = files.shift()) {
      results.push(await runFile(file))
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  const passed = results.reduce((total, result) => total + result.passed, 0)
  let failed = results.reduce((total, result) => total + result.failed, 0)
  const skipped = results.flatMap((result) => result.skipped)
  for (const line of skipped) console.log(line)
  if (process.env.CI === 'true' && skipped.length > 0) {
    console.log('Nothing may be skipped when CI=true: every line above counts as a failure.')
    failed += skipped.length
  }
  if (results.length === 0) console.log('no test file was found')
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 || results.length === 0 ? 1 : 0
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    for (const child of children) killGroup(child)
    process.exit(1)
  })
}
await main()
