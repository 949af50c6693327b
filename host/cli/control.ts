// `wasmqtt reload`, `status` and `trace`: what is asked of a running broker over the control socket
// in its data directory. Called by main.ts; a refusal is the broker's own lines and exit code 1.

import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { CONTROL_SOCKET, ControlError, type Request, request } from '../admin/control.ts'
import { Failure } from './failure.ts'
import { escapeUnprintable } from './log.ts'

const DATA = './wasmqtt-data'

/** Where the broker is. */
interface Place {
  data: string
  control?: string
}

interface TraceWords extends Place {
  client?: string
  topic?: string
  address?: string
  payload?: boolean
  file?: string
  packets?: number
  seconds?: number
}

/** Prints what the reload changed, or exits 1 with what is wrong with the configuration. */
export async function runReload(words: readonly string[]): Promise<void> {
  const command = commandOf('reload', 'Has a running broker read its configuration again.')
  const place = command.parse(words, { from: 'user' }).opts<Place>()
  const { lines } = (await ask(place, { verb: 'reload' })) as { lines: string[] }
  for (const line of lines) print(line)
}

export async function runStatus(words: readonly string[]): Promise<void> {
  const command = commandOf('status', 'Shows how a running broker is.').option(
    '--json',
    'as one line of JSON',
  )
  const place = command.parse(words, { from: 'user' }).opts<Place & { json?: boolean }>()
  const status = (await ask(place, { verb: 'status' })) as Record<string, unknown>
  if (place.json) return print(JSON.stringify(status))
  for (const [key, value] of Object.entries(status)) {
    for (const item of Array.isArray(value) ? value : [value]) print(`${key} ${item}`)
  }
}

/** Until interrupted, or for `--seconds` or `--packets`. */
export async function runTrace(words: readonly string[]): Promise<void> {
  const command = commandOf('trace', 'Shows the packets of a running broker in words.')
    .option('--client <id>', 'only those of this client')
    .option('--topic <filter>', 'only messages whose topic matches, with their acknowledgements')
    .option('--address <ip[:port]>', 'only those of clients from there')
    .option('--payload', 'show payloads, of each at most 1 KiB')
    .option('--file <file>', 'append to a file instead of printing')
    .option('--packets <n>', 'stop after so many', parseCount)
    .option('--seconds <n>', 'stop after so long (default: when interrupted)', parseSeconds)
  const given = command.parse(words, { from: 'user' }).opts<TraceWords>()
  const { address, client, packets: packetsMax, payload, seconds: secondsMax, topic } = given
  const output = openOutput(given.file)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
  const onLine = (value: unknown): void => output.write(escapeUnprintable(String(value)))
  const args = { client, topic, address, payload, packetsMax, secondsMax }
  try {
    await ask(given, { verb: 'trace', args, onLine, signal: stop.signal })
  } finally {
    output.close()
  }
}

function commandOf(name: string, description: string): Command {
  return new Command(`wasmqtt ${name}`)
    .description(description)
    .option('--data <directory>', 'data directory of the broker', DATA)
    .option('--control <path>', "its control socket (default: control.sock in --data's directory)")
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'wasmqtt: ')),
    })
}

async function ask({ data, control }: Place, what: Request): Promise<unknown> {
  try {
    return await request(control ?? join(data, CONTROL_SOCKET), what)
  } catch (error) {
    if (error instanceof ControlError) throw new Failure(error.code, error.lines)
    throw error
  }
}

function openOutput(file: string | undefined): { write(line: string): void; close(): void } {
  if (file === undefined) return { write: print, close: () => {} }
  try {
    const descriptor = openSync(file, 'a', 0o600)
    const write = (line: string): void => void writeSync(descriptor, `${line}\n`)
    return { write, close: () => closeSync(descriptor) }
  } catch (error) {
    throw new Failure('WASMQTT_TRACE', [`--file ${file}: ${(error as Error).message}`])
  }
}

function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (seconds > 0 && seconds <= 86_400) return seconds
  throw new InvalidArgumentError('Expected a number of seconds, at most 86400.')
}

function parseCount(text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count > 0 && count <= Number.MAX_SAFE_INTEGER) return count
  throw new InvalidArgumentError('Expected a number from 1.')
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
