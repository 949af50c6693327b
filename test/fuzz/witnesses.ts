// Well-behaved clients beside the hostile ones: 3.1.1 and 5.0, over TCP and WebSocket, in a ring.
// Each publishes to the next at every QoS, and everything must arrive, once, in order, without a
// disconnection. A round is begun by whoever drives the fuzzing, so that rounds and attacks mix.

import { randomBytes } from 'node:crypto'
import { type PacketOf, RawClient, type Target } from '../client.ts'
import type { Ports } from './attack.ts'

const PATIENCE_MS = 30_000
const BURST = 3
const QOS = [0, 1, 2] as const

export class Witnesses {
  rounds = 0
  /** The longest that a round has taken. */
  slowestMs = 0
  /** What went wrong first. */
  failure: string | undefined = undefined
  private readonly clients: readonly RawClient[]
  private readonly prefix: string
  private busy: Promise<void> | undefined = undefined

  private constructor(clients: readonly RawClient[], prefix: string) {
    this.clients = clients
    this.prefix = prefix
  }

  static async open({ port, wsPort }: Ports): Promise<Witnesses> {
    const targets: Target[] = [
      { port, version: 4 },
      { port, version: 5 },
      { port: wsPort, path: '/mqtt', version: 4 },
      { port: wsPort, path: '/mqtt', version: 5 },
    ]
    const prefix = `witness/${randomBytes(8).toString('hex')}`
    const clients: RawClient[] = []
    for (const [i, target] of targets.entries()) {
      const clientId = `${prefix}-${i}`
      const client = await RawClient.connect({ ...target, clientId, patienceMs: PATIENCE_MS })
      await client.subscribe(`${prefix}/${i}/+`, { qos: 2 })
      clients.push(client)
    }
    return new Witnesses(clients, prefix)
  }

  get count(): number {
    return this.clients.length
  }

  /** Messages that have arrived. */
  get messages(): number {
    return this.rounds * BURST * QOS.length * this.clients.length
  }

  /** Begins a round unless one is under way or something has failed. */
  poke(): void {
    if (this.busy !== undefined || this.failure !== undefined) return
    this.busy = this.round().then(
      () => {
        this.busy = undefined
      },
      (error: Error) => {
        this.failure ??= `a witness: ${error.message}`
        this.busy = undefined
      },
    )
  }

  /** Waits for the round under way. */
  async settle(): Promise<void> {
    await this.busy
  }

  close(): void {
    for (const client of this.clients) client.drop()
  }

  private async round(): Promise<void> {
    const started = performance.now()
    const first = this.rounds * BURST
    const exchanges = this.clients.map((client, i) => this.exchange(client, i, first))
    await Promise.all(exchanges)
    for (const client of this.clients) client.received.length = 0
    this.rounds++
    this.slowestMs = Math.max(this.slowestMs, performance.now() - started)
  }

  /** Publishes to the next one, and reads what the one before publishes. */
  private async exchange(client: RawClient, i: number, first: number): Promise<void> {
    const to = (i + 1) % this.clients.length
    const acks: Promise<unknown>[] = []
    for (let n = first; n < first + BURST; n++) {
      for (const qos of QOS) {
        const topic = `${this.prefix}/${to}/${qos}`
        acks.push(client.publish({ topic, qos, payload: `${n}` }))
      }
    }
    await Promise.all([this.read(client, i, first), ...acks])
  }

  private async read(client: RawClient, i: number, first: number): Promise<void> {
    const expected = QOS.map(() => first)
    for (let left = BURST * QOS.length; left > 0; left--) {
      this.compare(await client.take('publish'), i, expected)
    }
  }

  private compare(packet: PacketOf<'publish'>, i: number, expected: number[]): void {
    const { dup, payload, qos, retain, topic } = packet
    const due = expected[qos] as number
    expected[qos] = due + 1
    const said = `${topic} ${payload} ${retain} ${dup}`
    const wanted = `${this.prefix}/${i}/${qos} ${due} false false`
    if (said !== wanted) throw new Error(`received ${said}, not ${wanted}`)
  }
}
