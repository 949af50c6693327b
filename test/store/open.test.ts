// Opening a data directory that is not as it should be: in use, somebody else's, of a newer
// version, damaged. Each is one clear line, or a repair, or the store set aside under a name that
// is told.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Broker, createBroker } from '../../host/index.ts'
import { databaseOf, StoreError, tryOpen } from '../../host/store/database.ts'
import { RawClient } from '../client.ts'
import { runMain, stopAll, temporaryDirectory } from '../process.ts'

const tests = suite('opening a store')
const KEPT = { clean: false, properties: { sessionExpiryInterval: 1000 } }

tests.after(stopAll)

/** Starts a broker on `data` and makes, or finds again, one session with a subscription. */
async function visit(data: string, log: string[] = []): Promise<boolean> {
  const broker = await createBroker({ data, log: (_, message) => log.push(message) })
  const present = await connectOnce(broker)
  await broker.close()
  return present
}

async function connectOnce(broker: Broker): Promise<boolean> {
  const { port } = await broker.listen({ type: 'mqtt', port: 0 })
  const client = await RawClient.connect({ port, clientId: 'kept', ...KEPT })
  await client.subscribe('a/b', { qos: 1 })
  await client.disconnect()
  return client.connack?.sessionPresent === true
}

async function refusal(data: string): Promise<StoreError> {
  try {
    await (await createBroker({ data })).close()
  } catch (error) {
    if (error instanceof StoreError) return error
    throw error
  }
  throw new Error('the store was opened')
}

function filesOf(data: string, pattern: RegExp): string[] {
  const folder = join(data, 'store')
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name))
}

tests('a session is there again after a stop', async () => {
  const data = temporaryDirectory()
  assert.is(await visit(data), false)
  assert.is(await visit(data), true)
})

tests('a store in use is refused', async () => {
  const data = temporaryDirectory()
  const broker = await createBroker({ data })
  const error = await refusal(data)
  assert.is(error.code, 'WASMQTT_STORE_LOCKED')
  assert.match(error.message, /is in use by another process$/)
  await broker.close()
})

tests('the binary says so in one line and exits 1', async () => {
  const data = temporaryDirectory()
  const broker = await createBroker({ data })
  const program = runMain(['-p', '0', '--ws-port', 'off', '--admin-port', 'off', '--data', data])
  assert.is(await program.untilExit(), 1)
  assert.match(program.stderr, /^wasmqtt: store: .* is in use by another process\n$/)
  await broker.close()
})

tests('a database of somebody else is refused', async () => {
  const data = temporaryDirectory()
  const foreign = new ClassicLevel(join(data, 'store'))
  await foreign.put('theirs', '1')
  await foreign.close()
  assert.is((await refusal(data)).code, 'WASMQTT_STORE_FOREIGN')
})

tests('a directory of other files is refused and left alone', async () => {
  const data = temporaryDirectory()
  mkdirSync(join(data, 'store'))
  writeFileSync(join(data, 'store', 'letter.txt'), 'dear')
  assert.is((await refusal(data)).code, 'WASMQTT_STORE_FOREIGN')
  assert.equal(readdirSync(join(data, 'store')), ['letter.txt'])
})

tests('a store of a newer version is refused', async () => {
  const data = temporaryDirectory()
  await visit(data)
  const database = databaseOf(join(data, 'store'))
  await database.put(Buffer.from('v'), Buffer.from('{"magic":"wasmqtt","version":99}'))
  await database.close()
  const error = await refusal(data)
  assert.is(error.code, 'WASMQTT_STORE_NEWER')
  assert.match(error.message, /version 99/)
})

tests('a missing CURRENT is repaired, and the session is there', async () => {
  const data = temporaryDirectory()
  await visit(data)
  rmSync(join(data, 'store', 'CURRENT'))
  const log: string[] = []
  assert.is(await visit(data, log), true)
  assert.ok(log.includes('the store is corrupt, repairing it'))
})

tests('a damaged manifest is repaired, and the session is there', async () => {
  const data = temporaryDirectory()
  await visit(data)
  for (const file of filesOf(data, /^MANIFEST/)) writeFileSync(file, 'not a manifest')
  const log: string[] = []
  assert.is(await visit(data, log), true)
  assert.ok(log.includes('the store is corrupt, repairing it'))
})

tests('a damaged table is repaired or set aside, and the broker starts', async () => {
  const data = temporaryDirectory()
  await visit(data)
  await visit(data) // what was in the log is in a table now
  const tables = filesOf(data, /\.ldb$/)
  assert.ok(tables.length > 0)
  for (const file of tables) {
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.fill(0xa5, 0, bytes.length - 60))
  }
  const log: string[] = []
  await visit(data, log)
  assert.ok(log.includes('the store is corrupt, repairing it'), log.join('\n'))
})

tests('a store beyond repair is set aside, never deleted', async () => {
  const data = temporaryDirectory()
  await visit(data)
  const directory = join(data, 'store')
  const database = databaseOf(directory)
  // Garbage that no repair of files can mend.
  await database.put(Buffer.from([0x73, 0, 0, 0, 9]), Buffer.from('{'))
  await database.close()
  const log: string[] = []
  assert.is(await visit(data, log), false)
  assert.ok(log.some((line) => line.includes('set aside')))
  const aside = readdirSync(data).filter((name) => name.startsWith('store.broken-'))
  assert.is(aside.length, 1)
  assert.ok(readdirSync(join(data, aside[0] as string)).includes('CURRENT'))
  const opened = await tryOpen(join(data, aside[0] as string), async () => 1, { create: false })
  await opened.database.close()
})

tests.run()
