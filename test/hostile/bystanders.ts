// The others: a publisher and a subscriber that mind their own business while a broker is attacked.
// Each message is QoS 1, must arrive and be acknowledged within the raw client's patience, and its
// time is kept. They share this process with the attackers, whose work is part of the times.

import { setTimeout as pause } from 'node:timers/promises'
import { RawClient } from '../client.ts'

const TOPIC = 'bystanders/topic'
const PACE_MS = 5
const PATIENCE_MS = 30_000

export class Bystanders {
  /** Round trips since the start, milliseconds. */
  readonly times: number[] = []
  readonly #publisher: RawClient
  readonly #subscriber: RawClient
  #running = true
  readonly #loop: Promise<void>

  /** Connects both and lets them go on until `stop`. */
  static async start(port: number): Promise<Bystanders> {
    const options = { port, version: 4, patienceMs: PATIENCE_MS } as const
    const publisher = await RawClient.connect({ ...options, clientId: 'bystander-1' })
    const subscriber = await RawClient.connect({ ...options, clientId: 'bystander-2' })
    await subscriber.subscribe(TOPIC, { qos: 1 })
    return new Bystanders(publisher, subscriber)
  }

  private constructor(publisher: RawClient, subscriber: RawClient) {
    this.#publisher = publisher
    this.#subscriber = subscriber
    this.#loop = this.#run()
    this.#loop.catch(() => {}) // told by `stop` and `served`
  }

  /** Resolves after `count` more round trips; rejects if one fails. */
  async served(count = 3): Promise<void> {
    const enough = this.times.length + count
    while (this.times.length < enough) {
      await Promise.race([this.#loop, pause(PACE_MS)])
      if (!this.#running) throw new Error('the bystanders have been stopped')
    }
  }

  /** Ends both clients; rejects if any message did not come through. */
  async stop(): Promise<void> {
    this.#running = false
    await this.#loop
    await this.#publisher.disconnect()
    await this.#subscriber.disconnect()
  }

  async #run(): Promise<void> {
    while (this.#running) {
      const sent = performance.now()
      const payload = String(this.times.length)
      const [, received] = await Promise.all([
        this.#publisher.publish({ topic: TOPIC, payload, qos: 1 }),
        this.#subscriber.next('publish'),
      ])
      if (String(received.payload) !== payload) {
        throw new Error(`bystanders: expected message ${payload}, got ${received.payload}`)
      }
      this.times.push(performance.now() - sent)
      await pause(PACE_MS)
    }
  }
}

/** `n 120, p50 0.4, p99 3.1, max 9.0 ms`. */
export function summary(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number): string => {
    const index = Math.min(sorted.length - 1, Math.floor(sorted.length * share))
    return (sorted[index] ?? 0).toFixed(1)
  }
  return `n ${sorted.length}, p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms`
}
