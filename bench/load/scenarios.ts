// The workloads that are a story with an end and not a steady flow: idle connections, retained
// messages, persistent sessions that come back. Run by loader.ts, in the loader's process.
import { setTimeout as sleep } from 'node:timers/promises'
import type { IdleWorkload, RetainedWorkload, StormWorkload } from '../workloads.ts'
import { Client, type ClientOptions, type Sink } from './client.ts'
import { type Figures, Meter } from './figures.ts'
import { Histogram } from './histogram.ts'
import type { Order } from './order.ts'
import { encodePublish } from './packets.ts'
import { eachOf } from './pool.ts'
import { memory } from './proc.ts'

const SETTLE_MS = 3000
const WAIT_MS_MAX = 60_000
const PUBLISH_AT_ONCE = 50

/** Counts deliveries and acknowledgements, and wakes who waits for a number of them. */
class Counter implements Sink {
  readonly latency: Histogram = new Histogram()
  deliveredCount = 0
  acknowledgedCount = 0
  #check: (() => void) | undefined
  #startMs = performance.now()

  /** Latencies are counted from here. */
  restart(): void {
    this.deliveredCount = 0
    this.#startMs = performance.now()
  }

  delivered(): void {
    this.deliveredCount++
    this.latency.record((performance.now() - this.#startMs) * 1000)
    this.#check?.()
  }

  acknowledged(): void {
    this.acknowledgedCount++
    this.#check?.()
  }

  drained(): void {}

  closed(_client: Client, reason: string): void {
    console.error(`a connection closed: ${reason}`)
  }

  /** Resolves true when the condition holds, false when it has not for a minute. */
  until(condition: () => boolean): Promise<boolean> {
    if (condition()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const end = (holds: boolean) => {
        clearTimeout(timer)
        this.#check = undefined
        resolve(holds)
      }
      const timer = setTimeout(() => end(false), WAIT_MS_MAX)
      this.#check = () => {
        if (condition()) end(true)
      }
    })
  }
}

/** Connects everybody at once, then lets them be silent. */
export async function measureIdle(order: Order<IdleWorkload>): Promise<Figures> {
  const { connections, transport } = order.workload
  const empty = memory(order.brokerPid)
  const counter = new Counter()
  const clients: Client[] = []
  const connecting = new Meter(order.brokerPid)
  await eachOf(connections, async (index) => {
    const client = clientOf(counter, order, { clientId: `idle-${index}`, transport })
    clients.push(client)
    await client.connect()
  })
  const perSecond = connections / connecting.elapsedSeconds
  const { brokerBusy } = connecting.read({ delivered: 0, lost: 0 })
  await sleep(SETTLE_MS)
  const meter = new Meter(order.brokerPid)
  await sleep(order.seconds * 1000)
  const figures = meter.read({ delivered: 0, lost: 0 })
  for (const client of clients) client.disconnect()
  return {
    ...figures,
    more: {
      'connects/s': perSecond,
      'CPU µs per connect': (brokerBusy / perSecond) * 1e6,
      'KiB per connection': (figures.rssKiB - empty.rssKiB) / connections,
      'idle CPU %': figures.brokerBusy * 100,
    },
  }
}

/** Fills the broker with retained messages, then has every subscriber ask for all of them. */
export async function measureRetained(order: Order<RetainedWorkload>): Promise<Figures> {
  const { messages, subscribers, transport } = order.workload
  const counter = new Counter()
  const publisher = clientOf(counter, order, { clientId: 'retainer', transport })
  await publisher.connect()
  const empty = memory(order.brokerPid)
  const storing = new Meter(order.brokerPid)
  const topics = Array.from({ length: messages }, (_, i) => `retained/${String(i % 100)}/${i}`)
  await publishAll(counter, publisher, topics, { retain: true })
  const storedPerSecond = messages / storing.elapsedSeconds
  const filled = memory(order.brokerPid)
  const clients = Array.from({ length: subscribers }, (_, index) =>
    clientOf(counter, order, { clientId: `retained-${index}`, transport }),
  )
  await Promise.all(clients.map((client) => client.connect()))
  counter.restart()
  const wanted = messages * subscribers
  const meter = new Meter(order.brokerPid)
  await Promise.all(clients.map((client) => client.subscribe(['retained/#'], 0)))
  await counter.until(() => counter.deliveredCount >= wanted)
  const figures = finish(meter, counter, wanted)
  for (const client of [publisher, ...clients]) client.disconnect()
  return {
    ...figures,
    more: {
      'stored/s': storedPerSecond,
      'bytes per retained': ((filled.rssKiB - empty.rssKiB) * 1024) / messages,
    },
  }
}

/** Leaves messages waiting for every session, then brings all sessions back at once. */
export async function measureStorm(order: Order<StormWorkload>): Promise<Figures> {
  const { sessions, queued, transport } = order.workload
  const counter = new Counter()
  const session = (index: number) =>
    clientOf(counter, order, { clientId: `storm-${index}`, transport, clean: false })
  await eachOf(sessions, async (index) => {
    const client = session(index)
    await client.connect()
    await client.subscribe([`storm/${index}`], 1)
    client.disconnect()
  })
  const publisher = clientOf(counter, order, { clientId: 'storm-publisher', transport })
  await publisher.connect()
  const wanted = sessions * queued
  const topics = Array.from({ length: wanted }, (_, i) => `storm/${i % sessions}`)
  const queueing = new Meter(order.brokerPid)
  await publishAll(counter, publisher, topics, {})
  const queuedPerSecond = wanted / queueing.elapsedSeconds
  counter.restart()
  const meter = new Meter(order.brokerPid)
  const clients = Array.from({ length: sessions }, (_, index) => session(index))
  await eachOf(sessions, (index) => (clients[index] as Client).connect(), sessions)
  const resumedPerSecond = sessions / meter.elapsedSeconds
  await counter.until(() => counter.deliveredCount >= wanted)
  const figures = finish(meter, counter, wanted)
  for (const client of [publisher, ...clients]) client.disconnect()
  return { ...figures, more: { 'queued/s': queuedPerSecond, 'resumed/s': resumedPerSecond } }
}

function clientOf(
  sink: Sink,
  { port }: Order,
  options: Omit<ClientOptions, 'port' | 'version'>,
): Client {
  return new Client({ ...options, port, version: 4 }, sink)
}

function finish(meter: Meter, counter: Counter, wanted: number): Figures {
  const delivered = counter.deliveredCount
  const figures = meter.read({ delivered, lost: Math.max(0, wanted - delivered) })
  return { ...figures, latencyUs: counter.latency.quantiles() }
}

/** Publishes one 16-byte QoS 1 message to each topic, up to a hundred unacknowledged. */
async function publishAll(
  counter: Counter,
  publisher: Client,
  topics: readonly string[],
  options: { retain?: boolean },
): Promise<void> {
  const settings = { payloadBytes: 16, qos: 1, version: 4, ...options } as const
  counter.acknowledgedCount = 0
  for (let from = 0; from < topics.length; from += PUBLISH_AT_ONCE) {
    const frames = topics.slice(from, from + PUBLISH_AT_ONCE).map((topic, index) => {
      const { bytes, idAt } = encodePublish({ topic, ...settings })
      bytes.writeUInt16BE(((from + index) % 65535) + 1, idAt)
      return bytes
    })
    publisher.write(Buffer.concat(frames))
    if (!(await counter.until(() => counter.acknowledgedCount >= from))) {
      throw new Error('the broker does not acknowledge what was published')
    }
  }
}
