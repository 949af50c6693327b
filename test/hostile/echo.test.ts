// Clients that feed themselves and each other: publishing to their own subscription, with and
// without reading it, and a thousand subscribed to everything.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stopAll } from '../process.ts'
import { Bystanders, summary } from './bystanders.ts'
import {
  acknowledge,
  type Drone,
  PUBACK,
  PUBLISH,
  publishPacket,
  SUBACK,
  Swarm,
  subscribePacket,
} from './swarm.ts'
import { inMib, LONG, MIB, show, startWatched } from './watched.ts'

const ROUNDS = LONG ? 500_000 : 30_000
const IN_CIRCULATION = 100
const EVERYBODY = 1000
const EACH = LONG ? 10 : 1
const OUTBOX = 256 * 1024

const test = suite('hostile: echo')
test.after(stopAll)

for (const qos of [0, 1] as const) {
  test(`a client that publishes again whatever it receives, QoS ${qos}, starves nobody`, async () => {
    const watched = await startWatched()
    const others = await Bystanders.start(watched.port)
    const swarm = new Swarm()
    let left = ROUNDS - IN_CIRCULATION
    const [drone] = (await swarm.connect('echo', 1, {
      port: watched.port,
      onFrame: (self, bytes, start) => {
        if ((bytes[start] as number) >> 4 !== PUBLISH) return
        if (qos === 1) acknowledge(self, bytes, start)
        if (left-- > 0) self.send(message)
      },
    })) as [Drone]
    const message = publishPacket('loop', 'again', { qos })
    drone.send(subscribePacket(1, ['loop'], qos))
    await swarm.until('a SUBACK', () => drone.counts[SUBACK] === 1)
    watched.resetPeak()
    const before = watched.resident()
    for (let i = 0; i < IN_CIRCULATION; i++) drone.send(message)
    await swarm.until('all rounds', () => drone.counts[PUBLISH] === ROUNDS)
    await others.served()
    assert.is(drone.counts[PUBACK], qos === 0 ? 0 : ROUNDS)
    const peak = watched.peak()
    show(`echo, QoS ${qos}: peak + ${inMib(peak - before)}, others: ${summary(others.times)}`)
    assert.ok(peak < before + 48 * MIB)
    await swarm.end()
    await watched.until('the baseline', (now) => now.messagesHeld === 0)
    await others.stop()
    await watched.stop()
  })
}

test('20 clients that publish to their own subscription and never read cost their limits', async () => {
  const watched = await startWatched({ outboxBytesMax: OUTBOX, queueMessagesMax: 100 })
  const others = await Bystanders.start(watched.port)
  const swarm = new Swarm()
  const drones = await swarm.connect('self', 20, { port: watched.port })
  for (const [i, drone] of drones.entries()) drone.send(subscribePacket(1, [`self/${i}`], 1))
  await swarm.until('SUBACKs', () => drones.every((drone) => drone.counts[SUBACK] === 1))
  const before = watched.resident()
  watched.resetPeak()
  const payload = Buffer.alloc(4096)
  drones.forEach((drone, i) => {
    drone.deafen()
    const pair = [0, 1].map((qos) => publishPacket(`self/${i}`, payload, { qos: qos as 0 | 1 }))
    const batch = Buffer.concat(Array(50).fill(pair).flat() as Buffer[])
    for (let n = 0; n < 40; n++) drone.send(batch)
  })
  await watched.untilQuiet()
  await others.served()
  const peak = watched.peak()
  show(`20 deaf echoes: peak + ${inMib(peak - before)}, others: ${summary(others.times)}`)
  assert.ok(peak < before + 20 * 2 * (OUTBOX + 100 * payload.length) + 48 * MIB)
  await swarm.end()
  await watched.until('the baseline', (now) => now.connectionsNow === 2 && now.messagesHeld === 0)
  await others.stop()
  await watched.stop()
})

test('1,000 clients subscribed to everything all publish: each gets what all have sent', async () => {
  const watched = await startWatched()
  const others = await Bystanders.start(watched.port)
  const swarm = new Swarm()
  const drones = await swarm.connect('every', EVERYBODY, { port: watched.port })
  for (const drone of drones) drone.send(subscribePacket(1, ['every/#']))
  await swarm.until('SUBACKs', () => drones.every((drone) => drone.counts[SUBACK] === 1))
  const before = watched.resident()
  watched.resetPeak()
  const started = performance.now()
  for (let round = 1; round <= EACH; round++) {
    for (const [i, drone] of drones.entries())
      drone.send(publishPacket(`every/${i}`, 'hello, all of you'))
    const expected = round * EVERYBODY
    await swarm.until('a million deliveries', () =>
      drones.every((drone) => drone.counts[PUBLISH] === expected),
    )
  }
  const rate = (EACH * EVERYBODY * EVERYBODY) / (performance.now() - started)
  await others.served()
  const peak = watched.peak()
  show(
    `1,000 to 1,000: ${rate.toFixed(0)} deliveries/ms, peak + ${inMib(peak - before)}, ` +
      `others: ${summary(others.times)}`,
  )
  assert.is((await watched.stats()).droppedOutbox, 0)
  assert.ok(peak < before + 150 * MIB)
  await swarm.end()
  await others.stop()
  await watched.stop()
})

test.run()
