// Runs one flow: connects its clients, keeps every publisher's window full (closed loop) or sends on
// a fixed schedule (open loop), and counts what arrives. Run by loader.ts, in the loader's process.
// A publisher writes at most once in a turn of the event loop, all it may send in one piece.
import { performance } from 'node:perf_hooks'
import type { Flow as Workload } from '../workloads.ts'
import { Client, type Sink } from './client.ts'
import { Histogram } from './histogram.ts'
import { encodePublish } from './packets.ts'
import { Publisher } from './publisher.ts'

const CONNECTS_AT_ONCE = 100

export class Flow implements Sink {
  readonly latency: Histogram = new Histogram()
  /** How late the loader itself sent, against the schedule; open loop only. */
  readonly lateness: Histogram = new Histogram()
  deliveredCount = 0
  publishedCount = 0
  /** Messages given up: nothing at all arrived for a second while they were on their way. */
  lostCount = 0
  closedReason: string | undefined
  readonly #workload: Workload
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

  constructor(workload: Workload, port: number) {
    this.#workload = workload
    this.#port = port
  }

  async connect(): Promise<void> {
    const { subscribers, publishers, qos } = this.#workload
    await inBatches(subscribers, async (index) => {
      const client = this.#client(`sub-${index}`)
      this.#subscribers[index] = client
      await client.connect()
      await client.subscribe(filtersOf(this.#workload, index), qos)
    })
    await inBatches(publishers, async (index) => {
      const client = this.#client(`pub-${index}`)
      client.index = index
      this.#publishers[index] = this.#publisher(client, index)
      await client.connect()
    })
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
  }

  disconnect(): void {
    for (const { client } of this.#publishers) client.disconnect()
    for (const client of this.#subscribers) client.disconnect()
  }

  /** Forgets what has been measured so far; the flow goes on. */
  resetLatency(): void {
    this.latency.reset()
    this.lateness.reset()
  }

  delivered(index: number, sequence: number, intendedMs: number): void {
    this.deliveredCount++
    if (this.#turnMs === 0) {
      this.#turnMs = performance.now()
      this.#arm()
    }
    this.latency.record((this.#turnMs - intendedMs) * 1000)
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
    const { shape, subscribers, window, qos, version, payloadBytes } = this.#workload
    const frame = encodePublish({ topic: topicOf(index), payloadBytes, qos, version })
    const copies = shape === 'fanout' || shape === 'wildcard' ? subscribers : 1
    return new Publisher(client, index, frame, { window, copies })
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

function topicOf(publisher: number): string {
  return `bench/${String(publisher).padStart(5, '0')}`
}

function filtersOf(workload: Workload, subscriber: number): readonly string[] {
  if (workload.shape === 'pairs') return [topicOf(subscriber)]
  if (workload.shape === 'wildcard') return ['bench/+']
  if (workload.shape === 'shared') return ['$share/bench/bench/+']
  return Array.from({ length: workload.publishers }, (_, index) => topicOf(index))
}

async function inBatches(count: number, one: (index: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < count; from += CONNECTS_AT_ONCE) {
    const size = Math.min(CONNECTS_AT_ONCE, count - from)
    await Promise.all(Array.from({ length: size }, (_, offset) => one(from + offset)))
  }
}
