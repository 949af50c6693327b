// Small packets that ask for much work: the broker may take its time over them, but others come
// between, and they cost no memory that was not asked for honestly.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stopAll } from '../process.ts'
import { Bystanders, summary } from './bystanders.ts'
import { type Drone, PUBLISH, publishPacket, SUBACK, Swarm, subscribePacket } from './swarm.ts'
import { inMib, MIB, show, startWatched, type Watched } from './watched.ts'

const COUNT = 20_000
const WILDCARDS = 10_000
const LEVELS_MAX = 200
const LEVELS = 16
const FILTERS = 10_000

const test = suite('hostile: much work')
let watched: Watched
let others: Bystanders

test.before(async () => {
  watched = await startWatched()
  others = await Bystanders.start(watched.port)
  const swarm = new Swarm()
  const [publisher] = (await swarm.connect('publisher', 1, { port: watched.port })) as [Drone]
  const beginning = Array(LEVELS - 1)
    .fill('a')
    .join('/')
  for (let i = 0; i < COUNT; i++) {
    publisher.send(publishPacket(`${beginning}/${i}`, 'x', { retain: true }))
  }
  await watched.until('retained messages', (now) => now.retained === COUNT)
  await swarm.end()
})
test.after(async () => {
  await others.stop()
  await watched.stop()
  await stopAll()
})

/** No two alike, each of LEVELS levels; all match all topics, with the last level `none` none. */
function filterOf(i: number, last: string): string {
  const levels = Array.from({ length: LEVELS - 1 }, (_, level) => ((i >> level) & 1 ? '+' : 'a'))
  return [...levels, last].join('/')
}

for (const [what, last] of [
  ['all', '+'],
  ['none', 'none'],
] as const) {
  for (const inAPacket of [FILTERS, 1]) {
    test(`${FILTERS} filters, ${inAPacket} a SUBSCRIBE, that match ${what} of ${COUNT} retained ones`, async () => {
      const swarm = new Swarm()
      const [drone] = (await swarm.connect('much', 1, { port: watched.port })) as [Drone]
      const before = watched.resident()
      watched.resetPeak()
      others.times.length = 0
      const packets: Buffer[] = []
      for (let i = 0; i < FILTERS; i += inAPacket) {
        const filters = Array.from({ length: inAPacket }, (_, n) => filterOf(i + n, last))
        packets.push(subscribePacket(1, filters))
      }
      drone.deafen()
      drone.send(...packets)
      await others.served(20)
      const peak = watched.peak()
      show(`much work: peak + ${inMib(peak - before)}, others: ${summary(others.times)}`)
      assert.ok(peak < before + 64 * MIB)
      await swarm.end()
      await watched.until('the end', (now) => now.subscriptions === 1)
    })
  }
}

test('publishing what walks 10,000 filters of 200 levels with + does not keep others waiting', async () => {
  const swarm = new Swarm()
  const [drone] = (await swarm.connect('plus', 1, { port: watched.port })) as [Drone]
  const filters = Array.from({ length: WILDCARDS }, (_, i) => {
    const levels = Array.from({ length: LEVELS_MAX }, (_, n) => ((i >> (n % 16)) & 1 ? '+' : 'a'))
    levels[LEVELS_MAX - 1 - (i % 50)] = '+'
    return levels.join('/')
  })
  for (let i = 0; i < WILDCARDS; i += 500) {
    drone.send(subscribePacket(1, filters.slice(i, i + 500)))
    await swarm.until('SUBACKs', () => drone.counts[SUBACK] === i / 500 + 1)
  }
  others.times.length = 0
  const topic = Array(LEVELS_MAX).fill('a').join('/')
  for (let i = 0; i < 1000; i++) drone.send(publishPacket(topic, 'x'))
  await others.served(20)
  show(`${WILDCARDS} filters with +: others: ${summary(others.times)}`)
  assert.ok((drone.counts[PUBLISH] as number) < 1000, 'others were served in between')
  await swarm.end()
})

test.run()
