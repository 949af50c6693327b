// Packets that arrive a byte at a time, or never whole: they cost memory for the bytes that came,
// not for the length that was announced, and they keep no connection alive.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stopAll } from '../process.ts'
import { Bystanders, summary } from './bystanders.ts'
import { type Drone, packet, publishPacket, Swarm } from './swarm.ts'
import { inMib, LONG, MIB, show, startWatched } from './watched.ts'

const CLIENTS = 400
const ROUNDS = LONG ? 2000 : 120
const SLACK = 48 * MIB

const test = suite('hostile: trickle')
test.after(stopAll)

/** The beginning of a packet of 1,000,000 bytes that says so. */
function announce(firstByte: number): Buffer {
  return Buffer.from([firstByte, 0xbc, 0x84, 0x3d])
}

/** Sends `count` bytes to each, one at a time, each when the kernel has the one before. */
async function trickle(drones: Drone[], count: number): Promise<void> {
  const byte = Buffer.from('a')
  for (let i = 0; i < count; i++) {
    for (const drone of drones) drone.send(byte)
    await Promise.all(drones.map((drone) => drone.flushed()))
    await nextTurn()
  }
}

test('400 CONNECTs of which one byte at a time arrives cost what was sent, and end in time', async () => {
  const watched = await startWatched({ connectTimeoutMs: 2000 })
  const others = await Bystanders.start(watched.port)
  const swarm = new Swarm()
  const before = watched.resident()
  watched.resetPeak()
  const drones = await swarm.open(CLIENTS, { port: watched.port })
  const begin = Buffer.concat([
    announce(0x10),
    Buffer.from('\0\x04MQTT\x04\x02\0\0\xff\xff', 'latin1'),
  ])
  for (const drone of drones) drone.send(begin.subarray(0, 2))
  for (const drone of drones) drone.send(begin.subarray(2))
  await trickle(drones, ROUNDS)
  await others.served()
  // They go on and on: that must not keep them.
  while (drones.some((drone) => !drone.isClosed)) await trickle(drones, 10)
  await watched.until('the baseline', (now) => now.connectionsNow === 2)
  const peak = watched.peak()
  await others.stop()
  show(
    `slow CONNECTs: ${inMib(before)} before, peak ${inMib(peak)}, others: ${summary(others.times)}`,
  )
  assert.ok(peak < before + SLACK)
  await watched.stop()
})

test('400 PUBLISHes of which one byte at a time arrives cost what was sent', async () => {
  const watched = await startWatched()
  const others = await Bystanders.start(watched.port)
  const swarm = new Swarm()
  const drones = await swarm.connect('slow', CLIENTS, { port: watched.port })
  const before = watched.resident()
  watched.resetPeak()
  for (const drone of drones) drone.send(announce(0x30))
  await trickle(drones, ROUNDS)
  await others.served()
  const peak = watched.peak()
  show(
    `slow PUBLISHes: ${inMib(before)} before, peak ${inMib(peak)}, others: ${summary(others.times)}`,
  )
  assert.ok(peak < before + SLACK)
  await swarm.end()
  await others.stop()
  await watched.stop()
})

test('300 unfinished PUBLISHes of 256 KiB cost at most twice that, and are given back', async () => {
  const watched = await startWatched()
  const others = await Bystanders.start(watched.port)
  const piece = Buffer.alloc(32 * 1024, 'a')
  const before = watched.resident()
  const peaks: number[] = []
  for (let wave = 0; wave < 4; wave++) {
    watched.resetPeak()
    const swarm = new Swarm()
    const drones = await swarm.connect('large', 300, { port: watched.port })
    const { bytesReceived = 0 } = await watched.stats()
    for (const drone of drones) drone.send(announce(0x30))
    for (let i = 0; i < 8; i++) {
      for (const drone of drones) drone.send(piece)
      await Promise.all(drones.map((drone) => drone.flushed()))
    }
    const sent = drones.length * (4 + 8 * piece.length)
    await watched.until('all bytes', (now) => (now.bytesReceived ?? 0) >= bytesReceived + sent)
    await others.served()
    peaks.push(watched.peak())
    await swarm.end()
    await watched.until('the baseline', (now) => now.connectionsNow === 2)
  }
  await others.stop()
  show(
    `75 MiB of unfinished PUBLISHes: ${inMib(before)} before, peaks ${peaks.map(inMib).join(', ')}, ` +
      `others: ${summary(others.times)}`,
  )
  // Twice 75 MiB while buffers are doubled, and garbage; four waves that were kept would be more.
  assert.ok(Math.max(...peaks) < before + 150 * MIB + 2 * SLACK)
  await watched.stop()
})

test('bytes of a packet that is never whole do not keep a connection alive [MQTT-3.1.2-22]', async () => {
  const watched = await startWatched()
  const swarm = new Swarm()
  const drones = await swarm.open(20, { port: watched.port })
  drones.forEach((drone, i) => {
    drone.send(packet({ cmd: 'connect', clientId: `trickle-${i}`, clean: true, keepalive: 1 }))
    drone.send(announce(0x30))
  })
  const byte = Buffer.from('a')
  const timer = setInterval(() => {
    for (const drone of drones) drone.send(byte)
  }, 200)
  await swarm
    .until('the end of all', () => drones.every((drone) => drone.isClosed))
    .finally(() => clearInterval(timer))
  await watched.until('the baseline', (now) => now.connectionsNow === 0)
  await watched.stop()
})

test('a packet larger than the limit is refused by its header, before its bytes', async () => {
  const watched = await startWatched({ packetSizeMax: 1024 })
  const swarm = new Swarm()
  const drones = await swarm.connect('big', 100, { port: watched.port })
  for (const drone of drones) drone.send(publishPacket('a', Buffer.alloc(2048)).subarray(0, 3))
  await swarm.until('the end of all', () => drones.every((drone) => drone.isClosed))
  const connects = await swarm.open(100, { port: watched.port })
  for (const drone of connects) drone.send(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]))
  await swarm.until('the end of all', () => connects.every((drone) => drone.isClosed))
  await watched.until('the baseline', (now) => now.connectionsNow === 0)
  await watched.stop()
})

test.run()
