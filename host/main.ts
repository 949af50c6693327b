#!/usr/bin/env node
// The binary's face: reads the command line, runs the command, and turns whatever goes wrong into
// lines on standard error and exit code 1.

import { readFileSync } from 'node:fs'
import { type Arguments, parseArguments } from './cli/arguments.ts'
import { detach, isDetached, report } from './cli/daemon.ts'
import { Failure } from './cli/failure.ts'

/** Loaded when asked for, so that none costs another anything. */
const COMMANDS: Record<string, (words: readonly string[]) => Promise<void>> = {
  ban: async (rest) => (await import('./cli/ban.ts')).runBan(rest),
  check: async (rest) => (await import('./cli/config.ts')).runCheck(rest),
  config: async (rest) => (await import('./cli/config.ts')).runConfig(rest),
  device: async (rest) => (await import('./cli/device.ts')).runDevice(rest),
  passwd: async (rest) => (await import('./cli/passwd.ts')).runPasswd(rest),
  pub: async (rest) => (await import('./cli/pub.ts')).runPub(rest),
  reload: async (rest) => (await import('./cli/control.ts')).runReload(rest),
  status: async (rest) => (await import('./cli/control.ts')).runStatus(rest),
  store: async (rest) => (await import('./cli/store.ts')).runStore(rest),
  sub: async (rest) => (await import('./cli/sub.ts')).runSub(rest),
  trace: async (rest) => (await import('./cli/control.ts')).runTrace(rest),
}

const given = process.argv.slice(2)
const command = Object.hasOwn(COMMANDS, `${given[0]}`) ? COMMANDS[`${given[0]}`] : undefined
const words: Arguments = command ? {} : parseArguments(given, packageVersion())
process.on('uncaughtException', (error) => fail(error))
// A reader that goes away (`wasmqtt | head -1`) must not take the broker with it.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})
if (command) await command(given.slice(1))
else await start()

/** The broker, here or in the background. */
async function start(): Promise<void> {
  if (words.testConfig) return (await import('./cli/config.ts')).testConfig(words.config)
  if (words.daemon && !isDetached()) return detach()
  await (await import('./cli/serve.ts')).serve(words)
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
