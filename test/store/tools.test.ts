// `wasmqtt store`: what is in a stopped broker's store is counted, checked, and carried to another
// directory as JSON lines without anything getting lost.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createBroker } from '../../host/index.ts'
import { databaseOf } from '../../host/store/database.ts'
import { messageKey } from '../../host/store/keys.ts'
import { RawClient } from '../client.ts'
import { temporaryDirectory } from '../process.ts'

const MAIN: string = join(import.meta.dirname, '../../dist/main.js')
const KEPT = { clean: false, properties: { sessionExpiryInterval: 1000 } }
const tests = suite('store tools')

function tool(name: string, data: string, input = ''): { code: number; out: string; err: string } {
  const words = [MAIN, 'store', name, '--data', data]
  const { status, stderr, stdout } = spawnSync(process.execPath, words, { input, encoding: 'utf8' })
  return { code: status ?? -1, out: stdout, err: stderr }
}

/** A store with one session, two waiting messages and a retained one. */
async function fill(data: string): Promise<void> {
  const broker = await createBroker({ data })
  const { port } = await broker.listen({ type: 'mqtt', port: 0 })
  const away = await RawClient.connect({ port, clientId: 'away', ...KEPT })
  await away.subscribe('t', { qos: 2 })
  await away.disconnect()
  const publisher = await RawClient.connect({ port, clientId: 'publisher' })
  await publisher.publish({ topic: 't', qos: 1, payload: 'one' })
  await publisher.publish({ topic: 't', qos: 2, payload: 'two', retain: true })
  await publisher.disconnect()
  await broker.close()
}

async function readWaiting(data: string): Promise<string[]> {
  const broker = await createBroker({ data })
  const { port } = await broker.listen({ type: 'mqtt', port: 0 })
  const away = await RawClient.connect({ port, clientId: 'away', ...KEPT })
  const texts = [await away.take('publish'), await away.take('publish')].map(({ payload }) =>
    payload.toString(),
  )
  away.drop()
  await broker.close()
  return texts
}

tests('stats counts, check finds nothing wrong', async () => {
  const data = temporaryDirectory()
  await fill(data)
  const { code, out } = tool('stats', data)
  assert.is(code, 0)
  const { messages, retained, sessions, subscriptions, waiting } = JSON.parse(out)
  assert.equal([sessions, subscriptions, waiting, messages, retained], [1, 1, 2, 2, 1])
  const checked = tool('check', data)
  assert.is(checked.code, 0, checked.out)
  assert.match(checked.out, /0 faults/)
})

tests('export and import carry everything', async () => {
  const [data, other] = [temporaryDirectory(), temporaryDirectory()]
  await fill(data)
  const exported = tool('export', data)
  assert.is(exported.code, 0)
  const kinds = exported.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).kind)
  assert.equal(kinds, ['session', 'subscription', 'queue', 'message', 'message', 'retained'])
  const imported = tool('import', other, exported.out)
  assert.is(imported.err, '6 records\n')
  assert.is(tool('export', other).out, exported.out)
  assert.equal((await readWaiting(other)).sort(), ['one', 'two'])
})

tests('import refuses a store that is not empty, and lines that are none', async () => {
  const data = temporaryDirectory()
  await fill(data)
  assert.match(tool('import', data, '{}').err, /is not empty/)
  const wrong = tool('import', temporaryDirectory(), '{"kind":"cow"}\n')
  assert.is(wrong.code, 1)
  assert.is(wrong.err, 'wasmqtt: record 1: unknown kind "cow"\n')
})

tests('check names a message that is missing and exits 1', async () => {
  const data = temporaryDirectory()
  await fill(data)
  const database = databaseOf(join(data, 'store'))
  await database.del(messageKey(1))
  await database.close()
  const { code, out } = tool('check', data)
  assert.is(code, 1)
  assert.match(out, /^message 1 of session 1 is missing$/m)
})

tests('a directory without a store is said to have none', () => {
  const { code, err } = tool('stats', temporaryDirectory())
  assert.is(code, 1)
  assert.match(err, /^wasmqtt: store: there is no store in /)
})

tests.run()
