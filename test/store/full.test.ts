// A disk that is full: a limit on the size of files, set on the running broker, stands for it. What
// must be stored is refused and never acknowledged, the rest goes on, and when there is room again
// the broker recovers by itself, with everything it had acknowledged.

import { execFileSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RawClient } from '../client.ts'
import { type Broker, isMissing, startBroker, stopAll, temporaryDirectory } from '../process.ts'

const BLOCK = 'x'.repeat(20_000)
const PUBLISHES_MAX = 200
const tests = suite('full disk')
const KEPT = { clean: false, properties: { sessionExpiryInterval: 1000 } }

tests.after(stopAll)

function limitFiles(broker: Broker, bytes: number | 'unlimited'): void {
  execFileSync('prlimit', [`--pid=${broker.pid}`, `--fsize=${bytes}:unlimited`])
}

async function health(broker: Broker): Promise<Record<string, unknown>> {
  const response = await fetch(`http://127.0.0.1:${broker.adminPort}/healthz`)
  return (await response.json()) as Record<string, unknown>
}

async function makeAbsent(port: number): Promise<void> {
  const subscriber = await RawClient.connect({ port, clientId: 'absent', ...KEPT })
  await subscriber.subscribe('t', { qos: 1 })
  subscriber.drop()
}

/** Publishes until one is refused. @returns counters acknowledged, and the reason of the refusal */
async function publishUntilRefused(
  publisher: RawClient,
): Promise<{ acknowledged: number[]; reason: number }> {
  const acknowledged: number[] = []
  for (let messageId = 1; messageId <= PUBLISHES_MAX; messageId++) {
    const payload = `${messageId} ${BLOCK}`
    publisher.send({ cmd: 'publish', topic: 't', qos: 1, messageId, payload })
    const { reasonCode = 0 } = await publisher.take('puback', messageId)
    if (reasonCode >= 0x80) return { acknowledged, reason: reasonCode }
    acknowledged.push(messageId)
  }
  throw new Error('nothing was refused')
}

/** Publishes again and again until it is acknowledged. */
async function publishUntilAccepted(publisher: RawClient): Promise<void> {
  for (let messageId = 1; messageId <= 60; messageId++) {
    publisher.send({ cmd: 'publish', topic: 't', qos: 1, messageId, payload: 'after' })
    const { reasonCode = 0 } = await publisher.take('puback', messageId)
    if (reasonCode === 0) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the store did not recover')
}

tests('publishes are refused with 0x97, QoS 0 goes on, and the store recovers', async () => {
  if (isMissing('prlimit')) return
  const data = temporaryDirectory()
  const broker = await startBroker({ data })
  await makeAbsent(broker.port)
  limitFiles(broker, 1_000_000)
  const publisher = await RawClient.connect({ port: broker.port, clientId: 'publisher' })
  const { acknowledged, reason } = await publishUntilRefused(publisher)
  assert.is(reason, 0x97)

  const listener = await RawClient.connect({ port: broker.port, clientId: 'listener' })
  await listener.subscribe('live', { qos: 1 })
  publisher.send({ cmd: 'publish', topic: 'live', qos: 0, payload: 'zero' })
  assert.is((await listener.take('publish')).payload.toString(), 'zero')
  publisher.send({ cmd: 'publish', topic: 'live', qos: 1, messageId: 999, payload: 'one' })
  assert.is((await publisher.take('puback', 999)).reasonCode, 0)
  const sick = await health(broker)
  assert.is(sick.status, 'degraded')
  assert.is(sick.storeFailing, 1)
  assert.match(broker.program.stderr, /error the store cannot be written/)

  limitFiles(broker, 'unlimited')
  await publishUntilAccepted(publisher)
  assert.is((await health(broker)).status, 'ok')
  assert.match(broker.program.stderr, /warn the store can be written again/)

  await broker.kill()
  const next = await startBroker({ data })
  const absent = await RawClient.connect({ port: next.port, clientId: 'absent', ...KEPT })
  const arrived: string[] = []
  while (arrived.at(-1) !== 'after') {
    arrived.push((await absent.take('publish')).payload.toString().split(' ')[0] as string)
  }
  for (const counter of acknowledged) assert.ok(arrived.includes(`${counter}`), `${counter}`)
})

tests('a client of 3.1.1 is not acknowledged but cut off', async () => {
  if (isMissing('prlimit')) return
  const broker = await startBroker()
  await makeAbsent(broker.port)
  limitFiles(broker, 100_000)
  const publisher = await RawClient.connect({ port: broker.port, clientId: 'old', version: 4 })
  let acknowledged = 0
  for (let messageId = 1; messageId <= PUBLISHES_MAX; messageId++) {
    publisher.send({ cmd: 'publish', topic: 't', qos: 1, messageId, payload: BLOCK })
  }
  for (const packet of await publisher.closed) if (packet.cmd === 'puback') acknowledged++
  assert.ok(acknowledged < PUBLISHES_MAX)
})

tests.run()
