#!/usr/bin/env node
// The binary's face: reads the command line, runs the command, and turns whatever goes wrong into
// lines on standard error and exit code 1.

import { readFileSync } from 'node:fs'
import { type Arguments, parseArguments } from './cli/arguments.ts'
import { runCheck, runConfig, testConfig } from './cli/config.ts'
import { detach, isDetached, report } from './cli/daemon.ts'
import { Failure } from './cli/failure.ts'
import { serve } from './cli/serve.ts'
import { runStore } from './cli/store.ts'

const given = process.argv.slice(2)
const run = { store: runStore, check: runCheck, config: runConfig }[given[0] ?? '']
const words: Arguments = run ? {} : parseArguments(given, packageVersion())
process.on('uncaughtException', (error) => fail(error))
// A reader that goes away (`wasmqtt | head -1`) must not take the broker with it.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})
if (run) await run(given.slice(1))
else await start()

/** The broker, here or in the background. */
async function start(): Promise<void> {
  if (words.testConfig) return testConfig(words.config)
  if (words.daemon && !isDetached()) return detach()
  await serve(words)
  await report({ ready: true })
}

function fail(error: unknown): void {
  const lines = describe(error)
  for (const line of lines) process.stderr.write(`wasmqtt: ${line}\n`)
  if (!isDetached()) process.exit(1)
  report({ lines }).then(() => process.exit(1))
}

/** What the user did wrong as it is; what we did wrong with the place, or with -v the stack. */
function describe(error: unknown): readonly string[] {
  if (error instanceof Failure) return error.lines
  if (!(error instanceof Error)) return [`internal error: ${String(error)}`]
  const [first, ...frames] = (error.stack ?? error.message).split('\n')
  if (words.verbose) return [`internal error: ${[first, ...frames].join('\n')}`]
  return [`internal error: ${first}${frames[0] === undefined ? '' : ` (${frames[0].trim()})`}`]
}

/** Sources and bundle are both one folder below package.json. */
function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
