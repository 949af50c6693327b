// Retained messages by the ten thousand: for a subscriber that takes its time, and for many that
// never read.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stopAll } from '../process.ts'
import { Bystanders, summary } from './bystanders.ts'
import {
  acknowledge,
  type Drone,
  type OnFrame,
  PUBACK,
  PUBLISH,
  publishPacket,
  SUBACK,
  Swarm,
  subscribePacket,
  topicOffset,
} from './swarm.ts'
import { inMib, MIB, show, startWatched, type Watched } from './watched.ts'

const COUNT = 50_000
const AT_A_TIME = 2000
const PAUSE_MS = 20
const LIVE = 50
const RETAIN = 1

const test = suite('hostile: retained messages')
let watched: Watched
let others: Bystanders

test.before(async () => {
  watched = await startWatched({ outboxBytesMax: 128 * 1024, queueMessagesMax: 100 })
  others = await Bystanders.start(watched.port)
})
test.after(async () => {
  await others.stop()
  await watched.stop()
  await stopAll()
})

test('50,000 retained messages are kept', async () => {
  const swarm = new Swarm()
  const [publisher] = (await swarm.connect('publisher', 1, { port: watched.port })) as [Drone]
  const before = watched.resident()
  for (let i = 0; i < COUNT; i++) {
    const options = { qos: 1, retain: true, messageId: 1 + (i % 60_000) } as const
    publisher.send(publishPacket(`kept/${i % 100}/${i}`, Buffer.alloc(100), options))
    if (i % 1000 === 0) await publisher.flushed()
  }
  await swarm.until('PUBACKs', () => publisher.counts[PUBACK] === COUNT)
  assert.is((await watched.stats()).retained, COUNT)
  show(`50,000 retained messages: + ${inMib(watched.resident() - before)}`)
  await swarm.end()
})

for (const qos of [0, 1] as const) {
  test(`a subscriber of # that reads slowly gets each of 50,000 once, QoS ${qos}`, async () => {
    const swarm = new Swarm()
    const seen = new Uint8Array(COUNT)
    let kept = 0
    let live = 0
    const onFrame: OnFrame = (self, bytes, start) => {
      const head = bytes[start] as number
      if (head >> 4 !== PUBLISH) return
      if ((head & 6) !== 0) acknowledge(self, bytes, start)
      if ((head & RETAIN) === 0) {
        live++
        return
      }
      const i = numberOf(bytes, start)
      seen[i] = (seen[i] as number) + 1
      if (++kept % AT_A_TIME !== 0) return
      self.deafen()
      setTimeout(() => self.listen(), PAUSE_MS)
    }
    const port = watched.port
    const [drone] = (await swarm.connect(`slow-${qos}-`, 1, { port, onFrame })) as [Drone]
    const [publisher] = (await swarm.connect('meanwhile', 1, { port })) as [Drone]
    const before = watched.resident()
    const { droppedOutbox: already = 0 } = await watched.stats()
    watched.resetPeak()
    drone.send(subscribePacket(1, ['kept/#'], qos))
    await swarm.until('a SUBACK', () => drone.counts[SUBACK] === 1)
    for (let i = 1; i <= LIVE; i++) {
      publisher.send(publishPacket('kept/live', 'x', { qos: 1, messageId: i }))
    }
    await swarm.until('PUBACKs', () => publisher.counts[PUBACK] === LIVE)
    const { droppedOutbox = 0 } = await watched.stats()
    // Live messages of QoS 0 may find the outbox full; what is retained may not get lost.
    const expected = LIVE - (droppedOutbox - already)
    await swarm.until('all', () => kept === COUNT && live === expected)
    if (qos === 1) assert.is(expected, LIVE)
    assert.ok(seen.every((times) => times === 1))
    const peak = watched.peak()
    show(`a slow #, QoS ${qos}: peak + ${inMib(peak - before)}, others: ${summary(others.times)}`)
    assert.ok(peak < before + 32 * MIB)
    await others.served()
    await swarm.end()
  })
}

/** The last level of the topic. */
function numberOf(bytes: Buffer, start: number): number {
  const topic = topicOffset(bytes, start)
  const name = bytes.toString('latin1', topic, topic + bytes.readUInt16BE(topic - 2))
  return Number(name.slice(name.lastIndexOf('/') + 1))
}

test('50 subscribers of # that never read cost their limits', async () => {
  const swarm = new Swarm()
  const before = watched.resident()
  watched.resetPeak()
  const drones = await swarm.connect('deaf', 50, { port: watched.port })
  for (const drone of drones) {
    drone.deafen()
    drone.send(subscribePacket(1, ['#'], 1))
  }
  await watched.until('subscriptions', (now) => now.subscriptions === 51)
  await others.served()
  const peak = watched.peak()
  show(`50 deaf #: peak + ${inMib(peak - before)}, others: ${summary(others.times)}`)
  assert.ok(peak < before + 100 * MIB)
  await swarm.end()
  await watched.until('the baseline', (now) => now.messagesHeld === COUNT)
})

test.run()
