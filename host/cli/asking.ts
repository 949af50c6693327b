// Commands that change what a broker keeps, whether it runs or not: a running one is asked over its
// control socket, otherwise the same verbs work on what is in the data directory.

import { join } from 'node:path'
import { Command } from 'commander'
import { CONTROL_SOCKET, ControlError, makeRoom, request, type Verbs } from '../admin/control.ts'
import { StoreError } from '../store/database.ts'
import { Failure } from './failure.ts'

const DATA = './wasmqtt-data'

/** Where the broker is. */
export interface Place {
  data: string
  control?: string
}

/** Asks for one thing after the other. */
export type Ask = (verb: string, args: Record<string, unknown>) => Promise<unknown>

/** The same verbs without a broker. */
export interface Offline {
  verbs: Verbs
  close(): Promise<void>
}

/** A subcommand that knows where the broker is. */
export function subcommand(parent: Command, words: string, description: string): Command {
  return parent
    .command(words)
    .description(description)
    .option('--data <directory>', 'data directory of the broker', DATA)
    .option('--control <path>', "its control socket (default: control.sock in --data's directory)")
}

export function parentOf(name: string, description: string): Command {
  return new Command(`wasmqtt ${name}`).description(description).configureOutput({
    outputError: (text, write) => write(text.replace(/^error: /, 'wasmqtt: ')),
  })
}

/** @throws Failure with the words of whoever was asked */
export async function asking<T>(
  { control, data }: Place,
  offline: (data: string) => Promise<Offline>,
  use: (ask: Ask) => Promise<T>,
): Promise<T> {
  const path = control ?? join(data, CONTROL_SOCKET)
  try {
    if (control !== undefined || (await isRunning(path))) {
      return await use((verb, args) => request(path, { verb, args }))
    }
    const { close, verbs } = await offline(data)
    try {
      const call = { signal: new AbortController().signal, line: () => {} }
      return await use(async (verb, args) => verbs.get(verb)?.(args, call))
    } finally {
      await close()
    }
  } catch (error) {
    throw explain(error)
  }
}

async function isRunning(path: string): Promise<boolean> {
  try {
    await makeRoom(path)
    return false
  } catch (error) {
    if (error instanceof ControlError && error.code === 'WASMQTT_RUNNING') return true
    throw error
  }
}

/** What the user can mend, in a line or some; anything else is ours. */
function explain(error: unknown): unknown {
  if (error instanceof StoreError) return new Failure(error.code, [error.message])
  const { code, lines, message } = error as Error & { code?: string; lines?: readonly string[] }
  if (code?.startsWith('WASMQTT_')) return new Failure(code, lines ?? [message])
  if (error instanceof RangeError) return new Failure('WASMQTT_ARGUMENT', [message])
  return error
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
