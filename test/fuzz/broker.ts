// The running broker under fuzz: the real binary on one build of the module, hostile connections by
// the hundred, and witnesses among them. A broker that dies is started again, and the input that
// killed it is looked for among the last ones.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Build } from '../module.ts'
import { type Broker, startBroker, temporaryDirectory } from '../process.ts'
import { Attack, type Outcome, type Plan, planAttack } from './attack.ts'
import { brokerInput } from './inputs.ts'
import { Random } from './random.ts'
import { Judge } from './verdict.ts'
import { Witnesses } from './witnesses.ts'

/** Sessions and idle connections end soon, so that what is left behind can be counted. */
const OPTIONS = { sessionExpiryMax: 1, connectTimeoutMs: 2000 }
const OPEN_MAX = 100
const LINGERING_MAX = 20
const RECENT_MAX = 300
const ROUND_EVERY = 25
const LOOK_EVERY = 500
const RSS_MAX_KB = 600 * 1024
const SETTLE_MS = 60_000
/** How much of its standard error is shown of a broker that ended. */
const SAID = 1000
const PLANS = 0x5bd1e995
const LOG_LINE = /^\d{4}-\d\d-\d\dT[\d:.]+Z (warn|info) /

export interface Stats {
  build: Build
  connections: number
  rounds: number
  messages: number
  slowestMs: number
  rssMaxKb: number
  rssEndKb: number
}

/** One build of the broker from its start to its end. */
export class BrokerTarget {
  readonly faults: { n: number; what: string }[] = []
  connections = 0
  /** Whether the broker has ended before it was told to. */
  isDead = false
  rssMaxKb = 0
  private readonly build: Build
  private readonly seed: number
  private readonly judge = new Judge()
  private readonly open = new Set<Attack>()
  private readonly lingering: Attack[] = []
  private readonly recent: number[] = []
  private wake: () => void = () => {}
  private broker!: Broker
  private witnesses!: Witnesses

  constructor(build: Build, seed: number) {
    this.build = build
    this.seed = seed
  }

  async start(): Promise<void> {
    const data = temporaryDirectory()
    const file = join(data, 'fuzz.json')
    writeFileSync(file, JSON.stringify(OPTIONS))
    const env = { WASMQTT_WASM: this.build }
    this.broker = await startBroker({ args: ['-c', file], data, env })
    this.witnesses = await Witnesses.open(this.broker)
  }

  private get exited(): boolean {
    try {
      return !process.kill(this.broker.pid, 0)
    } catch {
      return true
    }
  }

  /** Whether the broker or a witness is beyond help. */
  get isBroken(): boolean {
    return this.exited || this.witnesses.failure !== undefined
  }

  /** Sends input number `n`; resolves when there is room for the next. */
  send(n: number): Promise<void> {
    this.recent.push(n)
    if (this.recent.length > RECENT_MAX) this.recent.shift()
    return this.sendBytes(n, brokerInput(this.seed, n))
  }

  /** The same with any bytes; how they are sent depends on `n`. */
  async sendBytes(n: number, input: Buffer): Promise<void> {
    const random = new Random(this.seed ^ PLANS, n)
    this.attack(n, input, planAttack(input, this.judge.isDoomed(input), random))
    this.connections++
    if (this.connections % ROUND_EVERY === 0) this.witnesses.poke()
    if (this.connections % LOOK_EVERY === 0) this.look(n)
    while (this.open.size - this.lingering.length >= OPEN_MAX && !this.isBroken) {
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
  }

  private async attack(n: number, input: Buffer, plan: Plan): Promise<void> {
    const attack = new Attack(plan, this.broker)
    this.open.add(attack)
    if (attack.isLingering) this.lingering.push(attack)
    if (this.lingering.length > LINGERING_MAX) this.lingering.shift()?.release()
    const outcome = await attack.done
    this.onDone(n, input, plan, attack, outcome)
  }

  private onDone(n: number, input: Buffer, plan: Plan, attack: Attack, outcome: Outcome): void {
    this.open.delete(attack)
    this.wake()
    const at = this.lingering.indexOf(attack)
    if (at >= 0) this.lingering.splice(at, 1)
    if (this.exited) return
    const fault = this.judge.faultOf(input, plan, outcome)
    if (fault !== undefined) this.fault(n, `${fault} (${plan.transport}, ${plan.ending})`)
  }

  /** Ends everything in order; what must hold at the end is checked. */
  async finish(): Promise<Stats> {
    for (const attack of this.lingering.splice(0)) attack.release()
    await Promise.all([...this.open].map((attack) => attack.done))
    if (!this.isBroken) {
      await this.witnesses.settle()
      this.witnesses.poke()
      await this.witnesses.settle()
    }
    const { failure } = this.witnesses
    this.isDead = this.exited
    if (this.isDead) this.fault(-1, `the broker ended: ${this.broker.program.stderr.slice(-SAID)}`)
    else {
      if (failure !== undefined) this.fault(-1, failure)
      await this.settleDown()
    }
    const rssEndKb = this.isDead ? 0 : this.look(-1)
    this.witnesses.close()
    const code = await this.broker.stop()
    if (!this.isDead && code !== 0) this.fault(-1, `the broker ended with ${code}`)
    const { messages, rounds, slowestMs } = this.witnesses
    const { build, connections, rssMaxKb } = this
    return { build, connections, rounds, messages, slowestMs, rssMaxKb, rssEndKb }
  }

  /** Only the witnesses are left, and nothing is kept for anybody else. */
  private async settleDown(): Promise<void> {
    const { count } = this.witnesses
    const deadline = performance.now() + SETTLE_MS
    let last = ''
    while (performance.now() < deadline) {
      const response = await fetch(`http://127.0.0.1:${this.broker.adminPort}/healthz`)
      const facts = (await response.json()) as Record<string, number>
      const { connectionsNow, messagesHeld, retained, sessions, subscriptions } = facts
      last = JSON.stringify({ connectionsNow, messagesHeld, retained, sessions, subscriptions })
      if (response.status !== 200) break
      const quiet = connectionsNow === count && sessions === count && subscriptions === count
      if (quiet && messagesHeld === retained) return
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    this.fault(-1, `with ${count} witnesses left /healthz says ${last}`)
  }

  /** The broker from outside: memory, and what it has written. @returns kilobytes resident */
  private look(n: number): number {
    const { pid, program } = this.broker
    const lines = program.stderr.split('\n')
    program.stderr = lines.pop() ?? ''
    const odd = lines.find((line) => line !== '' && !LOG_LINE.test(line))
    if (odd !== undefined) this.fault(n, `standard error: ${odd}`)
    const rssKb = readRssKb(pid)
    this.rssMaxKb = Math.max(this.rssMaxKb, rssKb)
    if (rssKb > RSS_MAX_KB) this.fault(n, `${rssKb} KiB resident`)
    return rssKb
  }

  private fault(n: number, what: string): void {
    this.faults.push({ n, what })
  }

  /** Sends the last inputs one by one to a new broker, and names the one that ends it. */
  async findCulprit(): Promise<void> {
    const suspects = [...this.recent].reverse()
    await this.start()
    for (const n of suspects) {
      const input = brokerInput(this.seed, n)
      await this.attack(n, input, {
        transport: 'tcp',
        ending: 'end',
        pieces: [input],
        faithful: true,
      })
      if (!this.exited) continue
      this.fault(n, `this input alone ends the broker: ${this.broker.program.stderr.slice(-SAID)}`)
      return
    }
    this.witnesses.close()
    await this.broker.stop()
  }
}

function readRssKb(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
