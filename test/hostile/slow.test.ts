// A subscriber that stops reading while 200 others receive the same stream. It costs memory up to
// its limits and loses by the rule; they get everything, and their latency is printed.
//
// Rounds are in lockstep: the next one is published when all the others have the one before, so
// that nothing of theirs is ever dropped and what they measure is the broker, not a queue.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stopAll } from '../process.ts'
import { summary } from './bystanders.ts'
import {
  acknowledge,
  type Drone,
  PUBLISH,
  packet,
  publishPacket,
  SUBACK,
  Swarm,
  subscribePacket,
} from './swarm.ts'
import { inMib, LONG, MIB, show, startWatched, type Watched } from './watched.ts'

const OTHERS = 200
const QUEUE = 1000
const WINDOW = 32
const OUTBOX = 512 * 1024
const BEFORE_MS = LONG ? 10_000 : 0
const DURING_MS = LONG ? 30_000 : 0
const ROUNDS_BEFORE = 40
const ROUNDS_DURING = 160
const QOS_1 = 8 // a round
const QOS_0 = 4
const BULK = 2
const BULK_BYTES = 64 * 1024
const SLACK = 64 * MIB

const test = suite('hostile: slow subscriber')
test.after(stopAll)

/** One scene: the others, a publisher, the stuck one, and what each of them got. */
class Stream {
  readonly swarm: Swarm = new Swarm()
  readonly watched: Watched
  /** QoS 1 and QoS 0 messages of the stream published so far. */
  sent1 = 0
  sent0 = 0
  bulk = 0
  /** Latencies of one in ten receivers, milliseconds. */
  times: number[] = []
  others: Drone[] = []
  #publisher!: Drone
  #reader!: Drone

  constructor(watched: Watched) {
    this.watched = watched
  }

  async open(): Promise<void> {
    const { swarm, watched } = this
    const port = watched.port
    this.others = await swarm.connect('other', OTHERS, { port, onFrame: this.#onFrame })
    for (const drone of this.others) drone.send(subscribePacket(1, ['stream/#'], 1))
    ;[this.#publisher] = (await swarm.connect('publisher', 1, { port })) as [Drone]
    ;[this.#reader] = (await swarm.connect('reader', 1, { port })) as [Drone]
    this.#reader.send(subscribePacket(1, ['bulk']))
    await this.subscribed([...this.others, this.#reader])
  }

  subscribed(drones: Drone[]): Promise<void> {
    return this.swarm.until('SUBACKs', () => drones.every((drone) => drone.counts[SUBACK] === 1))
  }

  /** Publishes one round, and waits until the others have it. */
  async round(): Promise<void> {
    const payload = Buffer.alloc(512)
    payload.writeDoubleLE(performance.now(), 8)
    const packets: Buffer[] = []
    for (let i = 0; i < QOS_1; i++) {
      payload.writeUInt32LE(++this.sent1)
      const messageId = (this.sent1 % 65_535) + 1
      packets.push(publishPacket('stream/1', payload, { qos: 1, messageId }))
    }
    for (let i = 0; i < QOS_0; i++) {
      payload.writeUInt32LE(++this.sent0)
      packets.push(publishPacket('stream/0', payload))
    }
    this.#publisher.send(...packets)
    for (let i = 0; i < BULK; i++) this.#publisher.send(publishPacket('bulk', BULK_MESSAGE))
    this.bulk += BULK
    const each = this.sent0 + this.sent1
    await this.swarm.until(`round of message ${this.sent1}`, () => {
      if (this.#reader.counts[PUBLISH] !== this.bulk) return false
      return this.others.every((drone) => drone.counts[PUBLISH] === each)
    })
  }

  /** Acknowledges, checks that QoS 1 comes in order, and keeps the latency. */
  readonly #onFrame = (drone: Drone, bytes: Buffer, start: number, end: number): void => {
    if ((bytes[start] as number) >> 4 !== PUBLISH) return
    const isQos1 = ((bytes[start] as number) & 6) !== 0
    if (isQos1) acknowledge(drone, bytes, start)
    if (drone.tag % 10 === 0) {
      this.times.push(performance.now() - bytes.readDoubleLE(end - 512 + 8))
    }
    const expected = 1 + (drone.seen[isQos1 ? 1 : 0] as number)
    if (bytes.readUInt32LE(end - 512) !== expected) throw new Error('a message is out of order')
    drone.seen[isQos1 ? 1 : 0] = expected
  }
}

const BULK_MESSAGE = Buffer.alloc(BULK_BYTES)

async function rounds(stream: Stream, count: number, ms: number): Promise<string> {
  stream.times = []
  const end = performance.now() + ms
  for (let i = 0; i < count || performance.now() < end; i++) await stream.round()
  return summary(stream.times)
}

test('a subscriber that stops reading costs its limits, and 200 others get everything', async () => {
  const watched = await startWatched({
    outboxBytesMax: OUTBOX,
    queueMessagesMax: QUEUE,
    inflightMax: WINDOW,
  })
  const stream = new Stream(watched)
  await stream.open()
  await rounds(stream, ROUNDS_BEFORE, 0) // until everything is compiled
  const quiet = watched.resident()
  const before = await rounds(stream, ROUNDS_BEFORE, BEFORE_MS)
  const live: number[] = []
  const [stuck] = (await stream.swarm.connect('stuck', 1, { port: watched.port })) as [Drone]
  stuck.send(subscribePacket(1, ['stream/1', 'stream/0', 'bulk'], 1))
  await stream.subscribed([stuck])
  stuck.deafen()
  const { sent1, sent0, bulk } = stream
  watched.resetPeak()
  const during = await rounds(stream, ROUNDS_DURING, DURING_MS)
  const peak = watched.peak()
  const stats = await watched.stats()
  show(
    `slow subscriber: others before: ${before}\nslow subscriber: others during: ${during}\n` +
      `slow subscriber: ${inMib(quiet)} before, peak ${inMib(peak)}; dropped for it ` +
      `${stats.droppedOutbox} of QoS 0, ${stats.droppedQueue} of QoS 1`,
  )
  assert.ok(peak < quiet + OUTBOX + SLACK)

  // What it gets now is the first 32 of QoS 1, the last 1000, and of QoS 0 what was not dropped.
  const missed1 = stream.sent1 - sent1
  const missed0 = stream.sent0 - sent0 + stream.bulk - bulk
  assert.is(stats.droppedQueue, missed1 - WINDOW - QUEUE)
  assert.ok((stats.droppedOutbox as number) > 0)
  let got0 = 0
  stuck.onFrame = (drone, bytes, start, end) => {
    if ((bytes[start] as number) >> 4 !== PUBLISH) return
    if (((bytes[start] as number) & 6) === 0) got0++
    else {
      acknowledge(drone, bytes, start)
      live.push(bytes.readUInt32LE(end - 512) - sent1)
    }
  }
  stuck.listen()
  await stream.swarm.until('the rest', () => live.length === WINDOW + QUEUE)
  const first = Array.from({ length: WINDOW }, (_, i) => i + 1)
  const last = Array.from({ length: QUEUE }, (_, i) => missed1 - QUEUE + i + 1)
  assert.equal(live, [...first, ...last])
  stuck.send(packet({ cmd: 'pingreq' }))
  await stream.swarm.until('a PINGRESP', () => stuck.counts[13] === 1)
  assert.is(got0 + (stats.droppedOutbox as number), missed0)
  await stream.round()
  await stream.swarm.until('the stream', () => live.length === WINDOW + QUEUE + QOS_1)
  await stream.swarm.end()
  await watched.until('the baseline', (now) => now.connectionsNow === 0 && now.messagesHeld === 0)
  await watched.stop()
})

test.run()
