// A client that subscribes to wildcard filters and gives them up again, so many a second, beside a
// flow: what a broker's topic cache costs when it is disturbed. Used by flow.ts.
import type { Client } from './client.ts'
import { encodeSubscribe, encodeUnsubscribe } from './packets.ts'
import { churnFilter } from './topics.ts'

const TICK_MS = 10

export class Churn {
  readonly #client: Client
  readonly #perTick: number
  #timer: NodeJS.Timeout | undefined
  #count = 0

  /** perSecond subscribes and as many unsubscribes. */
  constructor(client: Client, perSecond: number) {
    this.#client = client
    this.#perTick = (perSecond * TICK_MS) / 1000
  }

  async start(): Promise<void> {
    await this.#client.connect()
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#client.disconnect()
  }

  #tick(): void {
    const { version } = this.#client
    const packets: Buffer[] = []
    for (let i = 0; i < this.#perTick; i++) {
      const filters = [churnFilter(this.#count)]
      const id = (this.#count++ % 30_000) + 1
      packets.push(encodeSubscribe(id, filters, { qos: 0, version }))
      packets.push(encodeUnsubscribe(id + 30_000, filters, version))
    }
    this.#client.write(Buffer.concat(packets))
  }
}
