// The order of syncs and acknowledgements, seen from outside: with durability disk no PUBACK leaves
// before a sync has ended that began after its PUBLISH came; with durability process it does, which
// shows that the watching works.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RawClient } from '../client.ts'
import { isMissing, run, startBroker, stopAll, temporaryDirectory } from '../process.ts'
import { judgeSyncs, type SyncReport } from './syscalls.ts'

const PUBLISHES = 50
const tests = suite('sync')

tests.after(stopAll)

async function watch(durability: string): Promise<SyncReport> {
  const broker = await startBroker({ args: ['--durability', durability] })
  const keep = { clean: false, properties: { sessionExpiryInterval: 1000 } }
  const subscriber = await RawClient.connect({ port: broker.port, clientId: 'away', ...keep })
  await subscriber.subscribe('t', { qos: 1 })
  subscriber.drop()
  const publisher = await RawClient.connect({ port: broker.port, clientId: 'publisher' })
  const file = join(temporaryDirectory(), 'strace')
  const calls = 'trace=write,writev,fdatasync,fsync'
  const words = ['-f', '-s', '8', '-e', calls, '-o', file, '-p', `${broker.pid}`]
  const strace = run('sh', ['-c', `exec strace ${words.join(' ')} 2>&1`])
  await strace.untilLine(/attached/)
  for (let messageId = 1; messageId <= PUBLISHES; messageId++) {
    publisher.send({ cmd: 'publish', topic: 't', qos: 1, messageId, payload: 'x' })
    await publisher.take('puback', messageId)
  }
  await strace.stop('SIGINT')
  await broker.kill()
  return judgeSyncs(readFileSync(file, 'utf8').split('\n'))
}

tests('no PUBACK leaves before the sync that covers it', async () => {
  if (isMissing('strace')) return
  const { acknowledgements, early, syncs } = await watch('disk')
  assert.is(acknowledgements, PUBLISHES)
  assert.is(early, 0)
  assert.ok(syncs >= PUBLISHES)
})

tests('durability process does not sync, and the watching sees it', async () => {
  if (isMissing('strace')) return
  const { acknowledgements, early } = await watch('process')
  assert.is(acknowledgements, PUBLISHES)
  assert.ok(early > PUBLISHES / 2)
})

tests.run()
