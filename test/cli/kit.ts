// The command-line clients as tests see them: mosquitto_pub and mosquitto_sub of Debian beside
// `wasmqtt pub` and `wasmqtt sub`, with bytes in and out, and every pair of client and broker.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import {
  type Broker,
  isMissing,
  startBroker,
  startMosquitto,
  temporaryDirectory,
  which,
} from '../process.ts'

const MAIN: string = join(import.meta.dirname, '../../dist/main.js')
const PATIENCE_MS = 20_000

export type Client = 'mosquitto' | 'wasmqtt'

/** How a command ended. */
export interface Outcome {
  code: number | NodeJS.Signals
  /** Bytes as Latin-1, so that every one of them counts. */
  stdout: string
  stderr: string
}

const SILENT: Outcome = { code: 0, stdout: '', stderr: '' }

const running = new Set<Command>()

/** One run of a client. */
export class Command {
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  readonly #ended: Promise<Outcome>
  #look: () => void = () => {}

  constructor(file: string, args: readonly string[], environment: NodeJS.ProcessEnv) {
    const child = spawn(file, args, { env: environment, stdio: 'pipe' })
    this.#child = child
    running.add(this)
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      this.stdout += text
      this.#look()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    // A client that ends without reading its input closes it.
    child.stdin.on('error', () => {})
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
    this.#ended = once(child, 'close').then(([code, signal]) => {
      clearTimeout(timer)
      running.delete(this)
      this.#look()
      return { code: code ?? signal, stdout: this.stdout, stderr: this.stderr }
    })
  }

  write(input: string | Buffer): this {
    this.#child.stdin?.write(input)
    return this
  }

  /** Ends standard input, behind this. */
  feed(input: string | Buffer = ''): this {
    this.#child.stdin?.end(input)
    return this
  }

  end(signal: NodeJS.Signals): Promise<Outcome> {
    this.#child.kill(signal)
    return this.ended()
  }

  ended(): Promise<Outcome> {
    return this.#ended
  }

  /** Until standard output has this text. */
  async until(text: string): Promise<this> {
    let over = false
    this.#ended.then(() => {
      over = true
    })
    while (!this.stdout.includes(text)) {
      if (over) throw new Error(`ended before ${JSON.stringify(text)}: ${this.stderr}`)
      await new Promise<void>((resolve) => {
        this.#look = resolve
      })
    }
    return this
  }
}

/** A broker, and the clients to use with it. */
export class Bench {
  readonly client: Client
  readonly broker: Broker
  readonly name: string
  readonly #home: string

  constructor(client: Client, brokerName: string, broker: Broker) {
    this.client = client
    this.broker = broker
    this.name = `${client} to ${brokerName}`
    this.#home = temporaryDirectory()
  }

  /** Where the clients look for files of defaults. */
  get home(): string {
    return this.#home
  }

  /** The same words for either client, the broker's port in front. */
  start(kind: 'pub' | 'sub', ...args: string[]): Command {
    return startClient(this.client, kind, this.#words(args), this.#home)
  }

  /** `start`, to the end, with nothing on standard input. */
  async run(kind: 'pub' | 'sub', ...args: string[]): Promise<Outcome> {
    return this.start(kind, ...args)
      .feed()
      .ended()
  }

  /** What a script needs and does not test: always mosquitto_pub, which starts in no time. */
  async pub(...args: string[]): Promise<void> {
    const command = startClient('mosquitto', 'pub', this.#words(args), this.#home)
    const outcome = await command.feed().ended()
    assert.equal(outcome, SILENT, `${this.name}: pub ${args.join(' ')}`)
  }

  /** Likewise, mosquitto_sub: what `pub` has published. */
  watch(...args: string[]): Command {
    return startClient('mosquitto', 'sub', this.#words(args), this.#home)
  }

  /** The tested publisher, which must succeed. */
  async publish(...args: string[]): Promise<void> {
    assert.equal(await this.run('pub', ...args), SILENT, `${this.name}: pub ${args.join(' ')}`)
  }

  sub(...args: string[]): Promise<Outcome> {
    return this.run('sub', ...args)
  }

  #words(args: readonly string[]): string[] {
    return ['-p', `${this.broker.port}`, ...args]
  }
}

/** `wasmqtt` with these words. */
export function startMain(...args: string[]): Command {
  return new Command(process.execPath, [MAIN, ...args], { ...process.env, TZ: 'UTC' })
}

export function startClient(
  client: Client,
  kind: 'pub' | 'sub',
  args: readonly string[],
  home: string,
): Command {
  const environment = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, TZ: 'UTC' }
  if (client === 'wasmqtt') {
    return new Command(process.execPath, [MAIN, kind, ...args], environment)
  }
  // A program in C keeps its lines for a pipe back; stdbuf makes it print each.
  const file = which(`mosquitto_${kind}`) as string
  return new Command('stdbuf', ['-oL', file, ...args], environment)
}

/** False, and says so, when Debian's programs are not there to compare with. */
export function canCompare(): boolean {
  return !isMissing('mosquitto', 'mosquitto_pub', 'mosquitto_sub', 'stdbuf')
}

/** Each client with each broker, a broker of its own for each: four at most. */
export async function startBenches(): Promise<Bench[]> {
  const [ours, ourOther, theirs, theirOther] = await Promise.all([
    startBroker(),
    startBroker(),
    startMosquitto(),
    startMosquitto(),
  ])
  return [
    new Bench('mosquitto', 'Mosquitto', theirs),
    new Bench('mosquitto', 'wasmqtt', ours),
    new Bench('wasmqtt', 'Mosquitto', theirOther),
    new Bench('wasmqtt', 'wasmqtt', ourOther),
  ]
}

/** What a script did must be this, with every client and broker. */
export async function sameEverywhere<T>(
  benches: readonly Bench[],
  script: (bench: Bench) => Promise<T>,
  expected: T,
): Promise<void> {
  const results = await Promise.all(benches.map(script))
  for (const [i, result] of results.entries()) {
    assert.equal(result, expected, `${benches[i]?.name}: ${JSON.stringify(result)}`)
  }
}

/** Ends the clients that still run. */
export async function endClients(): Promise<void> {
  await Promise.all([...running].map((command) => command.end('SIGKILL')))
}
