// Programs as tests see them: the real built broker, Debian's Mosquitto beside it, and clients such
// as mosquitto_sub. Everything started here is bound to the life of the test file: `stopAll` in a
// suite's `after` hook ends what is left. It knows command lines and printed lines, nothing of
// MQTT.

import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

const PATIENCE_MS = 10_000
const ROOT: string = join(import.meta.dirname, '..')
const MAIN: string = join(ROOT, 'dist/main.js')

const running = new Set<Program>()
const directories: string[] = []
process.on('exit', () => {
  for (const program of running) if (program.pid > 0) process.kill(program.pid, 'SIGKILL')
  for (const path of directories) rmSync(path, { recursive: true, force: true })
})

/** The exit code, or the name of the signal that ended the program. */
export type ExitCode = number | NodeJS.Signals

/** A child process and what it prints, by lines. */
export class Program {
  readonly name: string
  readonly pid: number
  /** Standard output so far (Mosquitto's log is on standard error). */
  readonly lines: string[] = []
  /** Standard error so far. */
  stderr = ''
  readonly #exit: Promise<ExitCode>
  readonly #child: ChildProcess
  readonly #listeners = new Set<() => void>()
  #next = 0
  #ended = false

  constructor(name: string, child: ChildProcess, input: Readable | null = child.stdout) {
    this.name = name
    this.pid = child.pid ?? 0
    this.#child = child
    running.add(this)
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    createInterface({ input: input as Readable }).on('line', (line) => {
      this.lines.push(line)
      this.#notify()
    })
    child.on('error', (error) => {
      this.stderr += error.message
    })
    this.#exit = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        this.#ended = true
        running.delete(this)
        this.#notify()
        resolve(code ?? signal ?? 'SIGKILL')
      })
    })
  }

  /**
   * The first line, past or future, that matches; each call looks only behind the line found by the
   * one before.
   */
  untilLine(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(timer)
        this.#listeners.delete(look)
        settle()
      }
      const look = (): void => {
        while (this.#next < this.lines.length) {
          const found = pattern.exec(this.lines[this.#next++] as string)
          if (found) {
            done(() => resolve(found))
            return
          }
        }
        if (this.#ended) done(() => reject(this.#without(`ended before a line like ${pattern}`)))
      }
      const late = (): void => reject(this.#without(`printed no line like ${pattern}`))
      const timer = setTimeout(() => done(late), PATIENCE_MS)
      this.#listeners.add(look)
      look()
    })
  }

  /**
   * Waits for the end and all output; a program that takes too long is killed and yields SIGKILL.
   */
  async untilExit(): Promise<ExitCode> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS)
    const code = await this.#exit
    clearTimeout(timer)
    return code
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<ExitCode> {
    this.#child.kill(signal)
    return this.untilExit()
  }

  /** kill -9. */
  kill(): Promise<ExitCode> {
    return this.stop('SIGKILL')
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  #without(what: string): Error {
    const output = [...new Set([...this.lines, ...this.stderr.split('\n')])].join('\n  ')
    return new Error(`${this.name} ${what}:\n  ${output}`)
  }
}

export interface Broker {
  port: number
  wsPort: number
  adminPort: number
  pid: number
  /** Its data directory. */
  data: string
  lines: string[]
  program: Program
  /** SIGTERM, then the exit code. */
  stop(): Promise<ExitCode>
  kill(): Promise<ExitCode>
}

export interface BrokerOptions {
  /** More command line, after the ports, so that it can replace them. */
  args?: string[]
  /**
   * Kept if given, so that a second start can find it; otherwise a fresh one that goes with the
   * process.
   */
  data?: string
  env?: NodeJS.ProcessEnv
}

/**
 * `run('mosquitto_sub', ['-t', 'a'])`: starts a program; the environment is this process's plus
 * `env`. Programs in C keep lines for a pipe back until they have a block of them: stdbuf, which
 * becomes the program, makes them print each.
 */
export function run(name: string, args: string[], env: NodeJS.ProcessEnv = {}): Program {
  if (which('stdbuf') === undefined) return new Program(name, spawnPiped(name, args, env))
  return new Program(name, spawnPiped('stdbuf', ['-oL', which(name) ?? name, ...args], env))
}

/** The built binary with any arguments; for what it does before or instead of listening. */
export function runMain(args: string[], env: NodeJS.ProcessEnv = {}): Program {
  if (!existsSync(MAIN)) throw new Error('dist/main.js is missing: npm run build makes it')
  return new Program('dist/main.js', spawnPiped(process.execPath, [MAIN, ...args], env))
}

/** The built binary listening on free ports of 127.0.0.1, once it has printed `ready`. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const data = options.data ?? temporaryDirectory()
  const ports = ['--host', '127.0.0.1', '-p', '0', '--ws-port', '0', '--admin-port', '0']
  const program = runMain([...ports, '--data', data, ...(options.args ?? [])], options.env)
  await program.untilLine(/^ready$/)
  const port = (scheme: string): number => {
    const line = program.lines.find((text) => text.startsWith(`listening ${scheme}://`))
    return Number(line === undefined ? 0 : new URL(line.slice('listening '.length)).port)
  }
  return brokerOf(program, data, port('mqtt'), port('ws'), port('http'))
}

/** Debian's Mosquitto with any arguments; its lines are those of its log on standard error. */
export function runMosquitto(args: string[]): Program {
  const child = spawnPiped('mosquitto', args)
  return new Program('mosquitto', child, child.stderr)
}

/**
 * Debian's Mosquitto with a TCP and a WebSocket listener, anonymous, nothing stored; for
 * comparison.
 */
export async function startMosquitto(config: string[] = []): Promise<Broker> {
  const [port, wsPort] = [await freePort(), await freePort()]
  const file = join(temporaryDirectory(), 'mosquitto.conf')
  const listeners = [`listener ${port} 127.0.0.1`, `listener ${wsPort} 127.0.0.1`]
  const lines = ['allow_anonymous true', 'log_dest stderr', ...config, ...listeners]
  writeFileSync(file, [...lines, 'protocol websockets', ''].join('\n'))
  const program = runMosquitto(['-c', file])
  await program.untilLine(/mosquitto version .* running$/)
  return brokerOf(program, '', port, wsPort, 0)
}

/**
 * The broker that tests of plain MQTT run against: ours, or Mosquitto with
 * WASMQTT_TEST_BROKER=mosquitto.
 */
export function startTested(): Promise<Broker> {
  return process.env.WASMQTT_TEST_BROKER === 'mosquitto' ? startMosquitto() : startBroker()
}

/** Ends whatever this file has started and not ended. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((program) => program.kill()))
}

/** The full path of a program, or undefined when it is not installed. */
export function which(name: string): string | undefined {
  if (name.includes('/')) return name
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

/**
 * True, and says so in the line test/run.ts looks for, when one of the programs is not installed.
 */
export function isMissing(...names: string[]): boolean {
  const name = names.find((candidate) => which(candidate) === undefined)
  if (name !== undefined) process.stdout.write(`\nskipped: ${name} is not installed\n`)
  return name !== undefined
}

/** An empty directory that is removed when the test file ends. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'wasmqtt-test-'))
  directories.push(path)
  return path
}

function spawnPiped(name: string, args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(which(name) ?? name, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function brokerOf(
  program: Program,
  data: string,
  ...[port, wsPort, adminPort]: [number, number, number]
): Broker {
  const { pid, lines } = program
  const stop = (): Promise<ExitCode> => program.stop()
  const kill = (): Promise<ExitCode> => program.kill()
  return { port, wsPort, adminPort, pid, data, lines, program, stop, kill }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A port nobody has at this moment, for programs that do not take 0. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })
}
