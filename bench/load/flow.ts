// Runs one flow: connects its clients, keeps every publisher's window full (closed loop) or sends
// on a fixed schedule (open loop), and counts what arrives. Run by loader.ts, in the loader's
// process. A publisher writes at most once in a turn of the event loop, all it may send in one
// piece.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FlowWorkload } from '../workloads.ts'
import { Churn } from './churn.ts'
import { Client, type Sink } from './client.ts'
import { type Figures, Meter } from './figures.ts'
import { Histogram } from './histogram.ts'
import type { Order } from './order.ts'
import { encodePublish, type Frame } from './packets.ts'
import { eachOf } from './pool.ts'
import { Publisher } from './publisher.ts'
import { traceSyscalls } from './strace.ts'
import { filtersOf, topicsOf } from './topics.ts'

const USER_PROPERTIES = [
  ['unit', 'celsius'],
  ['source', 'sensor-17'],
] as const

/** Warms the broker up, measures it (or only counts its system calls), and hangs up. */
export async function measureFlow(order: Order<FlowWorkload>): Promise<Partial<Figures>> {
  const flow = new Flow(order.workload, order.port)
  await flow.connect()
  flow.start()
  await sleep(order.warmupSeconds * 1000)
  try {
    return order.strace ? await countSyscalls(flow, order) : await measure(flow, order)
  } finally {
    flow.stop()
  }
}

async function countSyscalls(flow: Flow, order: Order): Promise<Partial<Figures>> {
  return (await traceSyscalls(order.brokerPid, order.seconds, () => flow.deliveredCount)) ?? {}
}

async function measure(flow: Flow, order: Order<FlowWorkload>): Promise<Figures> {
  const { rate, payloadBytes } = order.workload
  flow.latency.reset()
  flow.lateness.reset()
  const before = flow.deliveredCount
  const meter = new Meter(order.brokerPid)
  await sleep(order.seconds * 1000)
  const delivered = flow.deliveredCount - before
  const figures = meter.read({ delivered, lost: flow.lostCount })
  if (flow.closedReason) throw new Error(`the broker closed a connection: ${flow.closedReason}`)
  if (delivered === 0) throw new Error('nothing was delivered')
  const mibPerSecond = ((figures.messagesPerSecond ?? 0) * payloadBytes) / 2 ** 20
  return {
    ...figures,
    latencyUs: flow.latency.quantiles(),
    ...(rate && { latenessP99Us: flow.lateness.quantile(0.99) }),
    ...(payloadBytes > 16 && { more: { 'payload MiB/s': mibPerSecond } }),
  }
}

class Flow implements Sink {
  readonly latency: Histogram = new Histogram()
  /** How late the loader itself sent, against the schedule; open loop only. */
  readonly lateness: Histogram = new Histogram()
  deliveredCount = 0
  publishedCount = 0
  /** Messages given up: nothing at all arrived for a second while they were on their way. */
  lostCount = 0
  closedReason: string | undefined
  readonly #workload: FlowWorkload
  readonly #port: number
  readonly #publishers: Publisher[] = []
  readonly #subscribers: Client[] = []
  /** Publishers with room in their window, to be served at the end of this turn. */
  #ready: Publisher[] = []
  #spare: Publisher[] = []
  #armed = false
  #running = false
  #turnMs = 0
  #stalledAt = -1
  #watch: NodeJS.Timeout | undefined
  #churn: Churn | undefined

  constructor(workload: FlowWorkload, port: number) {
    this.#workload = workload
    this.#port = port
  }

  async connect(): Promise<void> {
    const { subscribers, publishers, qos, features, stuck = 0, churnPerSecond } = this.#workload
    await eachOf(subscribers, async (index) => {
      const client = this.#client(`sub-${index}`)
      this.#subscribers[index] = client
      await client.connect()
      await client.subscribe(filtersOf(this.#workload, index), qos, features ? index + 1 : 0)
      if (index < stuck) client.socket?.pause()
    })
    await eachOf(publishers, async (index) => {
      const client = this.#client(`pub-${index}`)
      client.index = index
      await client.connect()
      this.#publishers[index] = this.#publisher(client, index)
    })
    if (churnPerSecond) {
      this.#churn = new Churn(this.#client('churn'), churnPerSecond)
      await this.#churn.start()
    }
  }

  start(): void {
    this.#running = true
    this.#watch = setInterval(() => this.#watchStall(), 1000)
    if (this.#workload.rate) this.#pace(this.#workload.rate)
    else for (const publisher of this.#publishers) this.#mark(publisher)
  }

  stop(): void {
    this.#running = false
    clearInterval(this.#watch)
    this.#churn?.stop()
    for (const { client } of this.#publishers) client.disconnect()
    for (const client of this.#subscribers) client.disconnect()
  }

  delivered(index: number, sequence: number, intendedMs: number): void {
    // A workload's own first message has no stamp.
    if (index >= this.#publishers.length) return
    this.deliveredCount++
    if (this.#turnMs === 0) {
      this.#turnMs = performance.now()
      this.#arm()
    }
    this.latency.record((this.#turnMs - intendedMs) * 1000)
    if (this.#workload.rate) return
    const publisher = this.#publishers[index] as Publisher
    if (publisher.arrived(sequence)) this.#mark(publisher)
  }

  acknowledged(client: Client): void {
    const publisher = this.#publishers[client.index] as Publisher
    publisher.acknowledged++
    this.#mark(publisher)
  }

  drained(client: Client): void {
    const publisher = this.#publishers[client.index]
    if (publisher) this.#mark(publisher)
  }

  closed(client: Client, reason: string): void {
    const who = client.index < 0 ? 'a subscriber' : `publisher ${client.index}`
    this.closedReason ??= `${who}: ${reason}`
  }

  #client(name: string): Client {
    const { version, transport } = this.#workload
    const options = { port: this.#port, clientId: `bench-${name}`, version, transport }
    return new Client(options, this)
  }

  #publisher(client: Client, index: number): Publisher {
    const { shape, subscribers, window, burst = false } = this.#workload
    const topics = topicsOf(this.#workload, index)
    const copies = shape === 'fanout' || shape === 'wildcard' ? subscribers : 1
    const frames = topics.map((topic) => this.#frame(topic))
    const limits = { window, copies, burst }
    if (this.#workload.features) {
      // The first message names the topic and its alias, the others only the alias.
      const [aliased] = frames
      client.write((aliased as Frame).bytes)
      return new Publisher(client, index, [this.#frame('')], limits)
    }
    return new Publisher(client, index, frames, limits)
  }

  #frame(topic: string): Frame {
    const { qos, version, payloadBytes, features } = this.#workload
    const properties = { alias: 1, expirySeconds: 3600, userProperties: USER_PROPERTIES }
    return encodePublish({ topic, payloadBytes, qos, version, ...(features && properties) })
  }

  #mark(publisher: Publisher): void {
    if (publisher.marked || this.#workload.rate) return
    publisher.marked = true
    this.#ready.push(publisher)
    this.#arm()
  }

  #arm(): void {
    if (this.#armed) return
    this.#armed = true
    setImmediate(this.#endTurn)
  }

  readonly #endTurn = (): void => {
    this.#armed = false
    this.#turnMs = 0
    const ready = this.#ready
    this.#ready = this.#spare
    this.#spare = ready
    const nowMs = performance.now()
    for (const publisher of ready) {
      publisher.marked = false
      if (this.#running) this.publishedCount += publisher.fill(nowMs)
    }
    ready.length = 0
  }

  /** Sends on schedule, publishers in turn; spins, for a timer is late by up to a millisecond. */
  #pace(rate: number): void {
    const publishers = this.#publishers
    const gapMs = 1000 / rate
    const startMs = performance.now()
    let sent = 0
    const turn = (): void => {
      if (!this.#running) return
      this.#turnMs = 0
      const nowMs = performance.now()
      for (let dueMs = startMs + sent * gapMs; dueMs <= nowMs; dueMs += gapMs) {
        const publisher = publishers[sent++ % publishers.length] as Publisher
        publisher.sendOne(dueMs)
        this.lateness.record((nowMs - dueMs) * 1000)
        this.publishedCount++
      }
      setImmediate(turn)
    }
    turn()
  }

  /** A closed loop whose messages were dropped would wait for ever: give them up and go on. */
  #watchStall(): void {
    if (this.deliveredCount === this.#stalledAt && !this.#workload.rate) {
      for (const publisher of this.#publishers) {
        this.lostCount += publisher.giveUp()
        this.#mark(publisher)
      }
    }
    this.#stalledAt = this.deliveredCount
  }
}
