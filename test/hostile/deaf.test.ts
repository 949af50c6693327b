// Clients that ask and never listen to the answers. The broker stops reading them when their
// answers have nowhere to go, so that they cost their limits; when they listen at last, every
// answer is there.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket } from 'ws'
import { stopAll } from '../process.ts'
import { Bystanders, summary } from './bystanders.ts'
import {
  connectPacket,
  type Drone,
  PINGRESP,
  PUBACK,
  packet,
  publishPacket,
  SUBACK,
  Swarm,
  subscribePacket,
  UNSUBACK,
} from './swarm.ts'
import { inMib, LONG, MIB, show, startWatched } from './watched.ts'

const ASKERS = 2
const BYTES = (LONG ? 64 : 16) * MIB
const CHUNK = 64 * 1024
const OUTBOX = 256 * 1024
const SLACK = 48 * MIB

const test = suite('hostile: deaf')
test.after(stopAll)

interface Question {
  bytes: Buffer
  /** Type of the answer. */
  answer: number
}

const QUESTIONS: Record<string, Question> = {
  PINGREQ: { bytes: packet({ cmd: 'pingreq' }), answer: PINGRESP },
  'QoS 1 PUBLISH': { bytes: publishPacket('n', '', { qos: 1 }), answer: PUBACK },
  SUBSCRIBE: { bytes: subscribePacket(1, ['a'], 1), answer: SUBACK },
  UNSUBSCRIBE: {
    bytes: packet({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: ['a'] }),
    answer: UNSUBACK,
  },
}

for (const [name, { bytes, answer }] of Object.entries(QUESTIONS)) {
  test(`${BYTES / MIB} MiB of ${name} whose answers are not read cost no memory, and all are answered`, async () => {
    const watched = await startWatched({ outboxBytesMax: OUTBOX })
    const others = await Bystanders.start(watched.port)
    const swarm = new Swarm()
    const drones = await swarm.connect('deaf', ASKERS, { port: watched.port })
    const before = watched.resident()
    watched.resetPeak()
    const chunk = Buffer.concat(Array(Math.floor(CHUNK / bytes.length)).fill(bytes) as Buffer[])
    const count = (chunk.length / bytes.length) * Math.floor(BYTES / ASKERS / chunk.length)
    for (const drone of drones) {
      drone.deafen()
      for (let i = 0; i < count; i += chunk.length / bytes.length) drone.send(chunk)
    }
    await watched.untilQuiet()
    await others.served()
    const peak = watched.peak()
    assert.ok(peak < before + SLACK)
    for (const drone of drones) drone.listen()
    await swarm.until('all answers', () => drones.every((drone) => drone.counts[answer] === count))
    show(
      `${count * ASKERS} times ${name}: peak + ${inMib(peak - before)}, ` +
        `others: ${summary(others.times)}`,
    )
    await others.stop()
    await swarm.end()
    await watched.stop()
  })
}

test('64 subscribers that stop reading keep one publisher busy: memory stays at their limits', async () => {
  const watched = await startWatched({ outboxBytesMax: OUTBOX, queueMessagesMax: 100 })
  const others = await Bystanders.start(watched.port)
  const swarm = new Swarm()
  const drones = await swarm.connect('deaf', 64, { port: watched.port })
  for (const drone of drones) drone.send(subscribePacket(1, ['a'], 1))
  await swarm.until('SUBACKs', () => drones.every((drone) => drone.counts[SUBACK] === 1))
  for (const drone of drones) drone.deafen()
  const [publisher] = (await swarm.connect('publisher', 1, { port: watched.port })) as [Drone]
  const before = watched.resident()
  watched.resetPeak()
  const payload = Buffer.alloc(8 * 1024)
  const count = 1000
  for (let i = 1; i <= count; i++) {
    publisher.send(
      publishPacket('a', payload, { qos: 1, messageId: i }),
      publishPacket('a', payload),
    )
  }
  await swarm.until('PUBACKs', () => publisher.counts[PUBACK] === count)
  await others.served()
  const peak = watched.peak()
  show(`64 deaf subscribers: peak + ${inMib(peak - before)}, others: ${summary(others.times)}`)
  // The queue's messages are shared; each socket may hold as much as an outbox again.
  assert.ok(peak < before + 64 * 2 * OUTBOX + SLACK)
  await swarm.end()
  await watched.until('the baseline', (now) => now.connectionsNow === 2 && now.messagesHeld === 0)
  await others.stop()
  await watched.stop()
})

test('WebSocket pings whose pongs are not read cost no memory', async () => {
  const watched = await startWatched()
  const others = await Bystanders.start(watched.port)
  const webSocket = new WebSocket(`ws://127.0.0.1:${watched.broker.wsPort}/mqtt`, 'mqtt')
  await new Promise((resolve) => webSocket.on('open', resolve))
  webSocket.send(connectPacket('pinger'))
  await watched.until('the client', (now) => now.sessions === 3)
  webSocket.pause()
  const before = watched.resident()
  watched.resetPeak()
  const ping = Buffer.alloc(125)
  const count = BYTES / 128
  for (let i = 0; i < count; i++) webSocket.ping(ping)
  await others.served(100)
  const peak = watched.peak()
  show(`${count} pings: peak + ${inMib(peak - before)}, others: ${summary(others.times)}`)
  assert.ok(peak < before + SLACK)
  webSocket.terminate()
  await watched.until('the end', (now) => now.connectionsNow === 2)
  await others.stop()
  await watched.stop()
})

test.run()
