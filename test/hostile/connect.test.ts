// Connections that never become clients, clients that come and go too fast, and what all those cost
// that just stay.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stopAll } from '../process.ts'
import { Bystanders, summary } from './bystanders.ts'
import { CONNACK, connectPacket, type Drone, packet, Swarm } from './swarm.ts'
import { inMib, LONG, MIB, show, startWatched } from './watched.ts'

const CONNECTIONS = 5000
const FLOOD = LONG ? 20_000 : 2000
const AT_ONCE = 100
const OPEN_FILES_SLACK = 10
const DISCONNECT = packet({ cmd: 'disconnect' })

const test = suite('hostile: CONNECT')
test.after(stopAll)

test('5,000 connections that never send CONNECT are closed in time, while others are served', async () => {
  const watched = await startWatched({ connectTimeoutMs: 2000 })
  const others = await Bystanders.start(watched.port)
  const files = watched.openFiles()
  const swarm = new Swarm()
  const peaks: number[] = []
  let accepted = 2
  const before = watched.resident()
  for (const count of [CONNECTIONS, CONNECTIONS / 2]) {
    watched.resetPeak()
    // Every second one does not close its side either: the broker must not wait for it for ever.
    await swarm.open(count / 2, { port: watched.port })
    const halfOpen = await swarm.open(count / 2, { port: watched.port, ignoresFin: true })
    await others.served()
    await swarm.until('all to be closed', () => swarm.drones.every(hasEnded))
    const stats = await watched.until('the count of connections', (now) => now.connectionsNow === 2)
    accepted += count
    assert.is(stats.connectionsAccepted, accepted)
    for (const { socket } of halfOpen) socket.destroy()
    await swarm.end()
    peaks.push(watched.peak())
  }
  assert.ok(watched.openFiles() <= files + OPEN_FILES_SLACK)
  const [first, second] = peaks as [number, number]
  await others.stop()
  show(
    `5,000 silent connections: ${inMib(before)} before, peaks ${inMib(first)} and ${inMib(second)}, ` +
      `others: ${summary(others.times)}`,
  )
  assert.ok(first < before + 100 * MIB)
  assert.ok(second < first + 32 * MIB, 'the second wave uses the memory of the first')
  await watched.stop()
})

test('500 connections to the WebSocket port that send half a request, or none, are closed in time', async () => {
  const watched = await startWatched({ connectTimeoutMs: 1000 })
  const others = await Bystanders.start(watched.port)
  const files = watched.openFiles()
  const swarm = new Swarm()
  await swarm.open(250, { port: watched.broker.wsPort })
  const begun = await swarm.open(250, { port: watched.broker.wsPort, ignoresFin: true })
  for (const drone of begun) drone.send(Buffer.from('GET /mqtt HTTP/1.1\r\nUpgrade: webso'))
  await others.served()
  await swarm.until('all to be closed', () => swarm.drones.every(hasEnded))
  await swarm.end()
  await others.served()
  assert.ok(watched.openFiles() <= files + OPEN_FILES_SLACK)
  await others.stop()
  await watched.stop()
})

test('a CONNECT flood leaves no connection and no session behind', async () => {
  const watched = await startWatched()
  const others = await Bystanders.start(watched.port)
  const swarm = new Swarm()
  const started = performance.now()
  await inParallel(FLOOD, async (i) => {
    const [drone] = (await swarm.open(1, { port: watched.port })) as [Drone]
    drone.send(connectPacket(`flood-${i}`), ...(i % 4 === 0 ? [DISCONNECT] : []))
    // Some wait for the answer, some close at once, some reset the connection.
    if (i % 4 < 2)
      await swarm.until('the answer', () => drone.counts[CONNACK] === 1 || drone.isClosed)
    if (i % 4 === 2) drone.socket.end()
    if (i % 4 === 3) drone.socket.resetAndDestroy()
    drone.socket.destroySoon()
    await swarm.until('the end', () => drone.isClosed)
    swarm.drones.splice(swarm.drones.indexOf(drone), 1)
  })
  const rate = (FLOOD * 1000) / (performance.now() - started)
  await others.served()
  await watched.until('the baseline', (now) => now.connectionsNow === 2 && now.sessions === 2)
  await others.stop()
  show(`CONNECT flood: ${rate.toFixed(0)} connections/s, others: ${summary(others.times)}`)
  await watched.stop()
})

for (const clean of [true, false]) {
  test(`a storm of takeovers of one ${clean ? 'clean' : 'lasting'} session leaves one session and its last connection`, async () => {
    const watched = await startWatched()
    const others = await Bystanders.start(watched.port)
    const swarm = new Swarm()
    const connect = connectPacket('the-same', { clean })
    for (let round = 0; round < FLOOD / 2; round += AT_ONCE) {
      const drones = await swarm.open(AT_ONCE, { port: watched.port })
      for (const drone of drones) drone.send(connect)
      await swarm.until(
        'one to be left',
        () => drones.filter((drone) => !drone.isClosed).length <= 1,
      )
      await swarm.until('all answers', () => drones.every((drone) => drone.counts[CONNACK] === 1))
      const stats = await watched.until('one connection', (now) => now.connectionsNow === 3)
      assert.is(stats.sessions, 3)
    }
    await others.served()
    await swarm.end()
    const left = clean ? 2 : 3
    await watched.until('the end', (now) => now.connectionsNow === 2 && now.sessions === left)
    await others.stop()
    show(`takeovers: others: ${summary(others.times)}`)
    await watched.stop()
  })
}

test('a broker with 1,000 stuck connections is idle', async () => {
  const watched = await startWatched({ connectTimeoutMs: 600_000 })
  const swarm = new Swarm()
  await swarm.open(300, { port: watched.port })
  const begun = await swarm.open(300, { port: watched.port })
  for (const drone of begun) drone.send(Buffer.from([0x10, 0xff, 0x7f, 0]))
  const deaf = await swarm.connect('deaf', 200, { port: watched.port })
  for (const drone of deaf) drone.deafen()
  const idle = await swarm.connect('idle', 200, { port: watched.port })
  for (const drone of idle) drone.send(Buffer.from([0x32, 0xff, 0x7f, 0, 1]))
  await watched.until('all bytes', (now) => now.connectionsNow === 1000)
  let spent = Number.POSITIVE_INFINITY
  // What was begun (garbage collection, compilation) may end first.
  for (let window = 0; window < 10 && spent > 20; window++) spent = await spentInASecond(watched)
  show(`1,000 stuck connections: ${spent} ms of CPU time in a second`)
  assert.ok(spent <= 20, `${spent} ms of CPU time in a second`)
  await swarm.end()
  await watched.stop()
})

/** Closed, or for the ones that ignore a FIN, gone for the broker. */
function hasEnded(drone: Drone): boolean {
  return drone.isClosed || drone.socket.readableEnded
}

async function spentInASecond(watched: { cpuMs(): number }): Promise<number> {
  const before = watched.cpuMs()
  await new Promise((resolve) => setTimeout(resolve, 1000))
  return watched.cpuMs() - before
}

async function inParallel(count: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) await work(i)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

test.run()
