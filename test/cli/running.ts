// What the tests of the running command line share: configuration files, a broker that reads one,
// and the commands that talk to it.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { Config } from '../../host/config/config.ts'
import {
  type Broker,
  type BrokerOptions,
  type ExitCode,
  runMain,
  temporaryDirectory,
} from '../process.ts'

const LOCAL = ['--host', '127.0.0.1', '-p', '0', '--ws-port', '0', '--admin-port', '0']

/** Writes a configuration to a new file, or to the one it changes. */
export function writeConfig(
  config: Config | string,
  file: string = join(temporaryDirectory(), 'wasmqtt.json'),
): string {
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config))
  return file
}

/** Options of a broker that reads `file`; its data directory is `broker.data`. */
export function configured(file: string, ...args: string[]): BrokerOptions {
  return { args: ['-c', file, ...args], data: dataOf(file) }
}

function dataOf(file: string): string {
  return `${file}.data`
}

/** What a command did. */
export interface Outcome {
  code: ExitCode
  lines: string[]
  stderr: string
}

export async function runCommand(...words: string[]): Promise<Outcome> {
  const program = runMain(words)
  const code = await program.untilExit()
  return { code, lines: program.lines, stderr: program.stderr }
}

/** `wasmqtt reload` for a broker of `configured`. */
export function reload(broker: Broker): Promise<Outcome> {
  return control(broker, 'reload')
}

/** Any command about a running broker. */
export function control(broker: Broker, ...words: string[]): Promise<Outcome> {
  return runCommand(...words, '--data', broker.data)
}

/**
 * The binary is to refuse these arguments: exit code 1, nothing on standard output. @returns what
 * it says
 */
export async function refusal(...args: string[]): Promise<string> {
  const { code, lines, stderr } = await runCommand(
    ...LOCAL,
    '--data',
    temporaryDirectory(),
    ...args,
  )
  assert.equal([code, lines], [1, []], stderr)
  return stderr
}
