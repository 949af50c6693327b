// Subscriptions in numbers: a hundred thousand of one session, a thousand in a packet, topics as
// deep and as long as they may be, and filters full of wildcards against them.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RawClient } from '../client.ts'
import { stopAll } from '../process.ts'
import { Bystanders, summary } from './bystanders.ts'
import {
  type Drone,
  type OnFrame,
  PINGRESP,
  PUBLISH,
  packet,
  publishPacket,
  SUBACK,
  Swarm,
  subscribePacket,
  UNSUBACK,
} from './swarm.ts'
import { inMib, LONG, MIB, show, startWatched, type Watched } from './watched.ts'

const FILTERS = 100_000
const IN_A_PACKET = 1000
const ROUNDS = LONG ? 20 : 4
const LEVELS_MAX = 200
const PUBLISH_RETAINED = 0x31
const LENGTH_MAX = 65_535
const TOPIC_NAME_INVALID = 0x90
const TOPIC_FILTER_INVALID = 0x8f
const WILDCARDS = LONG ? 5000 : 2000

const test = suite('hostile: filters')
let watched: Watched

test.before(async () => {
  watched = await startWatched()
})
test.after(async () => {
  await watched.stop()
  await stopAll()
})

/** Filters of the shapes that share nothing, share a beginning, or have a wildcard. */
function filterOf(i: number): string {
  if (i % 3 === 0) return `f/${i}`
  return i % 3 === 1 ? `site/${i % 100}/device/${i}/state` : `site/+/device/${i}/#`
}

/** SUBSCRIBEs for all filters, or UNSUBSCRIBEs. */
function lists(cmd: 'subscribe' | 'unsubscribe'): Buffer[] {
  return Array.from({ length: FILTERS / IN_A_PACKET }, (_, n) => {
    const filters = Array.from({ length: IN_A_PACKET }, (_, i) => filterOf(n * IN_A_PACKET + i))
    if (cmd === 'subscribe') return subscribePacket(n + 1, filters)
    return packet({ cmd: 'unsubscribe', messageId: n + 1, unsubscriptions: filters })
  })
}

test('100,000 filters of one session come and go again and again, and memory stays', async () => {
  const others = await Bystanders.start(watched.port)
  const swarm = new Swarm()
  const before = watched.resident()
  const resident: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const [drone] = (await swarm.connect('many', 1, { port: watched.port })) as [Drone]
    drone.send(...lists('subscribe'))
    await swarm.until('SUBACKs', () => drone.counts[SUBACK] === FILTERS / IN_A_PACKET)
    assert.is((await watched.stats()).subscriptions, 1 + FILTERS)
    resident.push(watched.resident())
    await others.served()
    if (round % 3 === 1) {
      drone.send(...lists('unsubscribe'))
      await swarm.until('UNSUBACKs', () => drone.counts[UNSUBACK] === FILTERS / IN_A_PACKET)
      assert.is((await watched.stats()).subscriptions, 1)
    }
    await swarm.end()
    await watched.until('the baseline', (now) => now.subscriptions === 1)
    await others.served()
  }
  await others.stop()
  const most = Math.max(...resident)
  show(
    `100,000 filters: ${inMib(before)} before, ${inMib(resident[0] as number)} with them, at most ` +
      `${inMib(most)} in ${ROUNDS} rounds, others: ${summary(others.times)}`,
  )
  // About 60 MiB with them, and as much garbage of the host before it is collected.
  assert.ok(most < before + 140 * MIB)
})

for (const version of [4, 5] as const) {
  test(`1,000 filters in one SUBSCRIBE are answered in order, version ${version}`, async () => {
    const client = await RawClient.connect({ port: watched.port, version })
    const subscriptions = Array.from({ length: 1000 }, (_, i) => ({
      topic: i % 7 === 0 ? `g/${i}/#` : `g/${i}`,
      qos: ((i * i) % 3) as 0 | 1 | 2,
    }))
    const { granted } = await client.subscribe(subscriptions)
    assert.equal(
      granted,
      subscriptions.map(({ qos }) => qos),
    )
    const filters = subscriptions.map(({ topic }) => topic)
    const odd = filters.map((topic, i) => (i % 2 === 0 ? topic : `none/${i}`))
    const unsuback = await client.unsubscribe(...odd)
    const reasons = version === 5 ? odd.map((_, i) => (i % 2 === 0 ? 0 : 0x11)) : undefined
    assert.equal(unsuback.granted, reasons)
    await client.disconnect()
  })
}

/** `1/2/3` to `count` levels. */
function deep(count: number): string {
  return Array.from({ length: count }, (_, i) => String(i % 10)).join('/')
}

test('topics and filters of 200 levels and of 65,535 bytes work', async () => {
  const client = await RawClient.connect({ port: watched.port })
  const plain = deep(LEVELS_MAX)
  const slashes = '/'.repeat(LEVELS_MAX - 1)
  const long = 'l'.repeat(LENGTH_MAX)
  const both = `${deep(LEVELS_MAX - 1)}/`.padEnd(LENGTH_MAX, 'b')
  for (const topic of [plain, slashes, long, both]) {
    const levels = topic.split('/')
    const filters = [
      topic,
      levels.map(() => '+').join('/'),
      topic === long ? '#' : `${levels[0]}/#`,
    ]
    for (const filter of filters) {
      assert.equal((await client.subscribe(filter, { qos: 1 })).granted, [1], filter.slice(0, 60))
      await client.publish({ topic, payload: 'x', qos: 1 })
      assert.is((await client.next('publish')).topic, topic)
      await client.unsubscribe(filter)
    }
    await client.publish({ topic, payload: 'kept', retain: true, qos: 1 })
    await client.subscribe(filters[1] as string)
    assert.is((await client.next('publish')).topic, topic)
    await client.unsubscribe(filters[1] as string)
    await client.publish({ topic, payload: '', retain: true, qos: 1 })
  }
  await client.disconnect()
})

test('topics and filters of 201 levels are refused', async () => {
  const topic = deep(LEVELS_MAX + 1)
  const publisher = await RawClient.connect({ port: watched.port })
  publisher.send({ cmd: 'publish', topic, payload: 'x', qos: 0 })
  const [ending] = await publisher.closed
  assert.equal(ending, { cmd: 'disconnect', reasonCode: TOPIC_NAME_INVALID })
  for (const filter of [topic, `${'+/'.repeat(LEVELS_MAX)}#`, '/'.repeat(LENGTH_MAX)]) {
    const subscriber = await RawClient.connect({ port: watched.port })
    subscriber.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: filter, qos: 0 }] })
    const [answer] = await subscriber.closed
    assert.equal(answer, { cmd: 'disconnect', reasonCode: TOPIC_FILTER_INVALID })
  }
})

/** Filters of 200 levels of `+` and `a`, no two alike: 200 times `a` matches them all. */
function wildcardFilter(i: number): string {
  const levels = Array.from({ length: LEVELS_MAX }, (_, level) =>
    (i >> (level % 16)) & 1 ? '+' : 'a',
  )
  levels[LEVELS_MAX - 1 - (i % 50)] = '+'
  return levels.join('/')
}

test(`${WILDCARDS} filters of 200 levels full of + against the topic that walks them all`, async () => {
  const others = await Bystanders.start(watched.port)
  const swarm = new Swarm()
  const [drone] = (await swarm.connect('plus', 1, { port: watched.port })) as [Drone]
  const filters = Array.from({ length: WILDCARDS }, (_, i) => wildcardFilter(i))
  for (let i = 0; i < WILDCARDS; i += 500) {
    drone.send(subscribePacket(1 + i / 500, filters.slice(i, i + 500)))
  }
  await swarm.until('SUBACKs', () => drone.counts[SUBACK] === WILDCARDS / 500)
  const size = inMib(watched.resident())
  others.times.length = 0
  const topic = Array(LEVELS_MAX).fill('a').join('/')
  const spent = watched.cpuMs()
  const publishes = 200
  for (let i = 0; i < publishes; i++) drone.send(publishPacket(topic, 'x'))
  await swarm.until('PUBLISHes', () => drone.counts[PUBLISH] === publishes)
  const each = (watched.cpuMs() - spent) / publishes
  await others.served()
  show(
    `${WILDCARDS} filters of 200 levels with +: ${size}, ${each.toFixed(2)} ms a PUBLISH that ` +
      `walks them all, others: ${summary(others.times)}`,
  )
  assert.is(drone.counts[PUBLISH], publishes, 'one delivery for all filters that match')
  await swarm.end()
  await others.stop()
})

test('a filter of + against 20,000 deep retained topics', async () => {
  const others = await Bystanders.start(watched.port)
  const swarm = new Swarm()
  const [publisher] = (await swarm.connect('deep', 1, { port: watched.port })) as [Drone]
  const topics = Array.from({ length: 20_000 }, (_, i) => `${deep(40)}/${i % 100}/x/${i}/y`)
  publisher.send(...topics.map((topic) => publishPacket(topic, 'x', { retain: true })))
  await watched.until('retained messages', (now) => now.retained === topics.length)
  const filters = ['+', deep(40), '+/#', `${'+/'.repeat(43)}+`, `${'+/'.repeat(43)}none`]
  const expected = [0, 0, topics.length, topics.length, 0]
  for (const [i, filter] of filters.entries()) {
    // Some of these match what the others publish, too.
    let kept = 0
    const onFrame: OnFrame = (_, bytes, start) => {
      if (bytes[start] === PUBLISH_RETAINED) kept++
    }
    const options = { port: watched.port, onFrame }
    const [drone] = (await swarm.connect(`search-${i}-`, 1, options)) as [Drone]
    drone.send(subscribePacket(1, [filter]), packet({ cmd: 'pingreq' }))
    await swarm.until('retained messages', () => {
      return drone.counts[PINGRESP] === 1 && kept === expected[i]
    })
  }
  publisher.send(...topics.map((topic) => publishPacket(topic, '', { retain: true })))
  await watched.until('no retained messages', (now) => now.retained === 0 && now.messagesHeld === 0)
  await swarm.end()
  await others.stop()
  show(`deep retained topics: others: ${summary(others.times)}`)
})

test.run()
