// The crash suite itself: a real broker that is killed at random moments and started again on the
// same data, clients that go on as the specification says, and the books that must balance: every
// acknowledged message has arrived, QoS 2 once, in order, retained messages and wills as promised.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Broker, startBroker, temporaryDirectory } from '../process.ts'
import { Link } from './link.ts'
import { Publisher } from './publisher.ts'
import { Random } from './random.ts'
import { type Manner, Subscriber } from './subscriber.ts'

const PATIENCE_MS = 60_000
const MANNERS: Manner[] = ['steady', 'steady', 'slow', 'flapping', 'away', 'away']
const PUBLISHERS = 4

export interface Verdict {
  rounds: number
  /** Messages acknowledged to publishers, and arrivals at subscribers. */
  acknowledged: number
  arrivals: number
  wills: number
  faults: string[]
}

export class World {
  readonly #random: Random
  readonly #data: string = temporaryDirectory()
  readonly #args: string[]
  readonly #publishers: Publisher[]
  readonly #subscribers: Subscriber[]
  readonly #watcher: Subscriber
  readonly #faults: string[] = []
  #broker: Broker | undefined
  #port = 0
  #wills = 0

  constructor(seed: number, args: string[] = []) {
    this.#random = new Random(seed)
    const config = join(temporaryDirectory(), 'crash.json')
    writeFileSync(config, JSON.stringify({ queueMessagesMax: 1_000_000, queueBytesMax: 1e9 }))
    this.#args = ['-c', config, ...args]
    const version = (i: number): 4 | 5 => (i % 2 === 0 ? 5 : 4)
    this.#publishers = Array.from(
      { length: PUBLISHERS },
      (_, i) => new Publisher(`p${i}`, version(i), new Random(seed + i)),
    )
    this.#subscribers = MANNERS.map(
      (manner, i) =>
        new Subscriber(`${manner}${i}`, ['t/#'], manner, version(i), new Random(seed - i)),
    )
    this.#watcher = new Subscriber('watcher', ['wills/#'], 'steady', 5, this.#random)
  }

  /** Kills the broker `rounds` times, settling the books every `settleEvery` rounds. */
  async run(rounds: number, settleEvery: number, say: (line: string) => void): Promise<Verdict> {
    await this.#start()
    for (const subscriber of [...this.#subscribers, this.#watcher]) {
      await subscriber.subscribe(this.#port)
      if (subscriber.isAway) subscriber.stop()
    }
    for (const publisher of this.#publishers) publisher.start(this.#port)
    for (let round = 1; round <= rounds; round++) {
      await this.#round()
      if (round % settleEvery !== 0 && round !== rounds) continue
      await this.#settle()
      const { acknowledged, arrivals, faults, wills } = this.#verdict(round)
      const books = `${acknowledged} acknowledged, ${arrivals} arrivals, ${wills} wills`
      say(`round ${round}: ${books}, ${faults.length} faults`)
      if (faults.length > 0) break
    }
    const verdict = this.#verdict(rounds)
    await this.end()
    return verdict
  }

  async end(): Promise<void> {
    for (const client of [...this.#publishers, ...this.#subscribers, this.#watcher]) client.stop()
    await this.#broker?.kill()
    this.#broker = undefined
  }

  /** Traffic, a mortal with a will, the kill, the next start. */
  async #round(): Promise<void> {
    const mortal = await this.#meetMortal()
    await sleep(this.#random.between(0, 300))
    await this.#broker?.kill()
    this.#readLog()
    mortal.drop()
    if (this.#random.next() < 0.2) await this.#startAndKillAtOnce()
    await this.#start()
  }

  /** A persistent session whose client is connected when the broker dies: its will must come. */
  #meetMortal(): Promise<Link> {
    const name = `m${++this.#wills}`
    const will = {
      topic: `wills/${name}`,
      payload: Buffer.from(name),
      qos: 2 as const,
      retain: false,
    }
    return new Promise((resolve) => {
      const link: Link = new Link(
        { port: this.#port, clientId: name, version: 5, will },
        { onPacket: ({ cmd }) => cmd === 'connack' && resolve(link), onClosed: () => {} },
      )
    })
  }

  async #start(): Promise<void> {
    const args = this.#port === 0 ? this.#args : [...this.#args, '-p', `${this.#port}`]
    this.#broker = await startBroker({ data: this.#data, args })
    this.#port = this.#broker.port
  }

  /** A store in trouble is a fault here: nothing is wrong with this disk. */
  #readLog(): void {
    const lines = this.#broker?.program.stderr.split('\n') ?? []
    this.#faults.push(...lines.filter((line) => / error |internal error/.test(line)))
  }

  async #startAndKillAtOnce(): Promise<void> {
    await this.#start()
    await this.#broker?.kill()
  }

  /** Lets publishers finish and subscribers collect, then looks at the books. */
  async #settle(): Promise<void> {
    for (const publisher of this.#publishers) publisher.active = false
    for (const subscriber of this.#subscribers) {
      subscriber.collecting = true
      subscriber.start(this.#port)
    }
    const deadline = Date.now() + PATIENCE_MS
    while (!this.#isSettled()) {
      if (Date.now() > deadline) break
      await sleep(20)
    }
    await this.#checkRetained()
    this.#readLog()
    this.#checkBooks()
    for (const publisher of this.#publishers) {
      publisher.active = true
      publisher.start(this.#port)
    }
    for (const subscriber of this.#subscribers) {
      subscriber.collecting = false
      if (subscriber.isAway) subscriber.stop()
      else subscriber.start(this.#port)
    }
  }

  #isSettled(): boolean {
    if (!this.#publishers.every((publisher) => publisher.isDone)) return false
    if (this.#watcher.arrived.size < this.#wills) return false
    return this.#subscribers.every((subscriber) => this.#missing(subscriber).length === 0)
  }

  #missing(subscriber: Subscriber): string[] {
    const missing: string[] = []
    for (const { acknowledged, name } of this.#publishers) {
      for (const qos of [1, 2] as const) {
        for (const counter of acknowledged[qos]) {
          const payload = `${name} ${qos} ${counter}`
          if (!subscriber.arrived.has(payload)) missing.push(payload)
        }
      }
    }
    return missing
  }

  #checkBooks(): void {
    const faults = this.#faults
    for (const subscriber of this.#subscribers) {
      const missing = this.#missing(subscriber)
      if (missing.length > 0) {
        faults.push(`${subscriber.name}: ${missing.length} lost, the first ${missing[0]}`)
      }
    }
    for (const { arrived, name } of [...this.#subscribers, this.#watcher]) {
      for (const [payload, times] of arrived) {
        const isQos2 = name === 'watcher' || payload.split(' ')[1] === '2'
        if (isQos2 && times > 1) faults.push(`${name}: ${payload} arrived ${times} times`)
      }
    }
    for (let i = 1; i <= this.#wills; i++) {
      if (!this.#watcher.arrived.has(`m${i}`)) faults.push(`will of m${i} lost`)
    }
    for (const client of [...this.#publishers, ...this.#subscribers, this.#watcher]) {
      faults.push(...client.faults.splice(0))
    }
  }

  /** A retained message is the last acknowledged one, or a later one that was under way. */
  async #checkRetained(): Promise<void> {
    const values = new Map<string, number>()
    const wanted = this.#publishers.filter(({ retainedAcknowledged }) => retainedAcknowledged > 0)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PATIENCE_MS / 10)
      const link: Link = new Link(
        { port: this.#port, clientId: 'reader', version: 4, clean: true },
        {
          onPacket: (packet) => {
            if (packet.cmd === 'connack') {
              const subscriptions = [{ topic: 'state/+', qos: 0 as const }]
              link.send({ cmd: 'subscribe', messageId: 1, subscriptions })
            }
            if (packet.cmd !== 'publish') return
            values.set(packet.topic.slice('state/'.length), Number(packet.payload.toString()))
            if (values.size < wanted.length) return
            clearTimeout(timer)
            link.drop()
            resolve()
          },
          onClosed: () => {},
        },
      )
    })
    for (const { name, retainedAcknowledged, retainedBegun } of wanted) {
      const value = values.get(name) ?? 0
      if (value >= retainedAcknowledged && value <= retainedBegun) continue
      this.#faults.push(`state/${name} is ${value}, acknowledged ${retainedAcknowledged}`)
    }
  }

  #verdict(rounds: number): Verdict {
    let acknowledged = 0
    for (const publisher of this.#publishers) {
      acknowledged += publisher.acknowledged[1].size + publisher.acknowledged[2].size
    }
    let arrivals = 0
    for (const { arrived } of this.#subscribers) arrivals += arrived.size
    return { rounds, acknowledged, arrivals, wills: this.#wills, faults: this.#faults }
  }
}
