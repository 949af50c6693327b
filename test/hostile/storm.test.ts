// Two thousand lasting sessions that lost their connections all come back at once, each with
// messages waiting for it.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stopAll } from '../process.ts'
import { Bystanders, summary } from './bystanders.ts'
import {
  acknowledge,
  CONNACK,
  connectPacket,
  type Drone,
  PINGRESP,
  PUBACK,
  PUBLISH,
  packet,
  publishPacket,
  SUBACK,
  Swarm,
  subscribePacket,
} from './swarm.ts'
import { inMib, LONG, MIB, show, startWatched, type Watched } from './watched.ts'

const SESSIONS = 2000
const EACH = LONG ? 200 : 10
const STORMS = LONG ? 5 : 1
const DUP_AND_QOS = 0x0e
const QOS_1 = 0x02
const PINGREQ = packet({ cmd: 'pingreq' })

const test = suite('hostile: reconnect storm')
test.after(stopAll)

/** Makes the sessions, subscribes each to its own topic, and cuts the connections. */
async function makeSessions(swarm: Swarm, watched: Watched): Promise<void> {
  const drones = await swarm.connect('lasting', SESSIONS, { port: watched.port, clean: false })
  for (const [i, drone] of drones.entries())
    drone.send(subscribePacket(1, [`to/${i}`, 'to/all'], 1))
  await swarm.until('SUBACKs', () => drones.every((drone) => drone.counts[SUBACK] === 1))
  for (const { socket } of drones) socket.resetAndDestroy()
  await swarm.end()
  await watched.until('all to be gone', (now) => now.connectionsNow === 3)
}

/** Publishes messages 1 to EACH to each session, the last of them to all at once. */
async function publishAll(swarm: Swarm, publisher: Drone): Promise<void> {
  const acked = publisher.counts[PUBACK] as number
  const count = SESSIONS * (EACH - 1) + 1
  for (let n = 1; n < EACH; n++) {
    const payload = Buffer.from([n, n >> 8])
    for (let i = 0; i < SESSIONS; i++) {
      publisher.send(publishPacket(`to/${i}`, payload, { qos: 1, messageId: 1 + i }))
    }
    await publisher.flushed()
  }
  publisher.send(publishPacket('to/all', Buffer.from([EACH, EACH >> 8]), { qos: 1 }))
  await swarm.until('PUBACKs', () => publisher.counts[PUBACK] === acked + count)
}

/** Brings all back at once; `seen` of each is the number of the last message it got. */
async function comeBack(swarm: Swarm, watched: Watched): Promise<Drone[]> {
  const drones = await swarm.open(SESSIONS, {
    port: watched.port,
    onFrame: (drone, bytes, start, end) => {
      const head = bytes[start] as number
      if (head >> 4 === CONNACK) assert.is(bytes.readUInt16BE(start + 2), 0x0100, 'session present')
      if (head >> 4 !== PUBLISH) return
      assert.is(head & DUP_AND_QOS, QOS_1, 'QoS 1, for the first time')
      assert.is(bytes.readUInt16LE(end - 2), (drone.seen[0] as number) + 1, 'in order')
      drone.seen[0] = bytes.readUInt16LE(end - 2)
      acknowledge(drone, bytes, start)
    },
  })
  for (const [i, drone] of drones.entries())
    drone.send(connectPacket(`lasting${i}`, { clean: false }))
  return drones
}

test('2,000 sessions that reconnect at once each get their messages in order, once', async () => {
  const watched = await startWatched()
  const others = await Bystanders.start(watched.port)
  const publishing = new Swarm()
  const [publisher] = (await publishing.connect('publisher', 1, { port: watched.port })) as [Drone]
  const swarm = new Swarm()
  await makeSessions(swarm, watched)
  const before = watched.resident()
  watched.resetPeak()
  for (let storm = 0; storm < STORMS; storm++) {
    await publishAll(publishing, publisher)
    const waiting = watched.resident()
    others.times.length = 0
    const started = performance.now()
    const drones = await comeBack(swarm, watched)
    await swarm.until('all messages', () => drones.every((drone) => drone.seen[0] === EACH))
    const took = performance.now() - started
    for (const drone of drones) drone.send(PINGREQ)
    await swarm.until('PINGRESPs', () => drones.every((drone) => drone.counts[PINGRESP] === 1))
    assert.ok(drones.every((drone) => drone.counts[PUBLISH] === EACH))
    await others.served()
    const stats = await watched.until('all acknowledged', (now) => now.messagesHeld === 0)
    assert.is(stats.droppedQueue, 0)
    assert.is(stats.sessions, SESSIONS + 3)
    for (const { socket } of drones) socket.resetAndDestroy()
    await swarm.end()
    await watched.until('all to be gone', (now) => now.connectionsNow === 3)
    show(
      `storm: ${SESSIONS} sessions got ${SESSIONS * EACH} messages in ${took.toFixed(0)} ms; ` +
        `${inMib(before)} before, ${inMib(waiting)} with the messages; ` +
        `others: ${summary(others.times)}`,
    )
  }
  assert.ok(watched.peak() < before + (LONG ? 400 : 100) * MIB)

  // Nothing is left for any of them, and a clean start ends them.
  const again = await swarm.open(SESSIONS, { port: watched.port })
  for (const [i, drone] of again.entries()) drone.send(connectPacket(`lasting${i}`), PINGREQ)
  await swarm.until('PINGRESPs', () => again.every((drone) => drone.counts[PINGRESP] === 1))
  assert.ok(again.every((drone) => drone.counts[PUBLISH] === 0))
  await swarm.end()
  await publishing.end()
  await watched.until('the baseline', (now) => now.sessions === 2 && now.subscriptions === 1)
  await others.stop()
  await watched.stop()
})

test.run()
