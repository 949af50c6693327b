// One runtime that runs the vectors: what must be installed, what is fetched and built, and the
// program that prints a report. Commands end in a time limit; downloads go through each language's
// own client, into build/embed/. Which runtimes there are: runtimes.ts.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { which } from '../process.ts'
import { VECTORS_PATH } from './export.ts'
import type { Report } from './javascript/check.ts'

export const ROOT: string = join(import.meta.dirname, '../..')
const WASM: string = join(ROOT, 'build/wasmqtt.wasm')
const PREPARE_MS = 600_000
const RUN_MS = 110_000

export interface Command {
  program: string
  arguments: readonly string[]
  directory?: string
  environment?: NodeJS.ProcessEnv
}

export interface Runtime {
  name: string
  /** Programs or files without which it is skipped. */
  needs: readonly string[]
  /** Downloads: when one fails, the runtime is skipped. */
  fetch?: readonly Command[]
  /** Compilations: when one fails, so does the runtime, unless its compiler is too old for it. */
  build?: readonly Command[]
  /** Prints the report when given the paths of the module and of the vectors. */
  run: Command
}

/** A report, or why there is none. */
export type Outcome =
  | { name: string; report: Report }
  | { name: string; skipped: string }
  | { name: string; failed: string }

interface Ended {
  ok: boolean
  output: string
  /** The line of the output that says most: the first about an error, else the last. */
  line: string
}

const TOO_OLD = /rustc \S+ is not supported|requires rustc|release version \d+ not supported/

/** The folder under build/ that a runtime keeps its downloads and products in. */
export function cache(name: string): string {
  return join(ROOT, 'build/embed', name)
}

/** Where the folder of a runtime's sources is. */
export function sources(name: string): string {
  return join(import.meta.dirname, name)
}

function isThere(need: string): boolean {
  return need.includes('/') ? existsSync(need) : which(need) !== undefined
}

export async function runRuntime(runtime: Runtime): Promise<Outcome> {
  const { name } = runtime
  const missing = runtime.needs.find((need) => !isThere(need))
  if (missing !== undefined) return { name, skipped: `${missing} is not installed` }
  mkdirSync(cache(name), { recursive: true })
  for (const command of runtime.fetch ?? []) {
    const ended = await execute(command, PREPARE_MS)
    if (ended.ok) continue
    return { name, skipped: `${basename(command.program)} cannot fetch: ${ended.line}` }
  }
  for (const command of runtime.build ?? []) {
    const ended = await execute(command, PREPARE_MS)
    if (TOO_OLD.test(ended.output)) return { name, skipped: `${command.program} is too old` }
    if (!ended.ok) return { name, failed: `${command.program}: ${ended.output}` }
  }
  const { run } = runtime
  const command = { ...run, arguments: [...run.arguments, WASM, VECTORS_PATH] }
  const ended = await execute(command, RUN_MS)
  const line = ended.output.split('\n').findLast((text) => text.startsWith('{"'))
  if (!ended.ok || line === undefined) return { name, failed: ended.output }
  return { name, report: JSON.parse(line) as Report }
}

function execute(command: Command, limitMs: number): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(which(command.program) ?? command.program, command.arguments, {
      cwd: command.directory ?? ROOT,
      env: { ...process.env, ...command.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // Gone already.
      }
    }
    const timer = setTimeout(() => {
      output += `\nkilled after ${limitMs / 1000} s`
      kill()
    }, limitMs)
    child.on('error', (error) => {
      output += error.message
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      process.off('exit', kill)
      const lines = output.trim().split('\n')
      const line = lines.find((text) => /\berror\b/i.test(text)) ?? lines.at(-1) ?? ''
      resolve({ ok: code === 0, output: output.trim(), line })
    })
    process.on('exit', kill)
  })
}
