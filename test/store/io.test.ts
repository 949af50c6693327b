// Writes that fail for other reasons than a full disk: a database double that answers EIO for a
// while. Refusals say 0x83, what was held is not lost, and the store mends itself at a tick.

import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Core } from '../../host/broker/core.ts'
import { restore } from '../../host/broker/restore.ts'
import { Broker, createBroker, DEFAULTS } from '../../host/index.ts'
import { readContents } from '../../host/store/contents.ts'
import { type Database, openDatabase } from '../../host/store/database.ts'
import { LevelStore } from '../../host/store/level.ts'
import { RawClient } from '../client.ts'
import { temporaryDirectory } from '../process.ts'

const tests = suite('input/output errors')
const KEPT = { clean: false, properties: { sessionExpiryInterval: 1000 } }

interface Faulty {
  broker: Broker
  /** Whether writes fail. */
  fault: { on: boolean }
}

/** A broker whose database can be made to fail. */
async function startFaulty(data: string): Promise<Faulty> {
  const fault = { on: false }
  const { database, contents } = await openDatabase(join(data, 'store'), undefined, readContents)
  const faulty = new Proxy(database, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown
      if (name !== 'batch') return typeof value === 'function' ? value.bind(target) : value
      return () => {
        const batch = target.batch()
        const write = batch.write.bind(batch)
        batch.write = (options: { sync?: boolean | undefined } = {}) => {
          if (fault.on) return Promise.reject(new Error('IO error: Input/output error'))
          return write(options)
        }
        return batch
      }
    },
  }) as Database
  let store: LevelStore | undefined
  const core = new Core({ ...DEFAULTS }, (messages) => {
    store = new LevelStore(faulty, 'disk', messages, undefined)
    return store
  })
  restore(core, store as unknown as LevelStore, contents)
  return { broker: new Broker(core), fault }
}

tests(
  'QoS 1 and 2 are refused with 0x83 while it lasts, and nothing acknowledged is lost',
  async () => {
    const data = temporaryDirectory()
    const { broker, fault } = await startFaulty(data)
    const { port } = await broker.listen({ type: 'mqtt', port: 0 })
    const away = await RawClient.connect({ port, clientId: 'away', ...KEPT })
    await away.subscribe('t', { qos: 2 })
    await away.disconnect()
    const publisher = await RawClient.connect({ port, clientId: 'publisher', ...KEPT })
    await publisher.publish({ topic: 't', qos: 1, payload: 'before' })

    fault.on = true
    const [puback] = await publisher.publish({ topic: 't', qos: 1, payload: 'during' })
    assert.is(puback?.reasonCode, 0x83)
    const [pubrec] = await publisher.publish({
      topic: 't',
      qos: 2,
      messageId: 77,
      payload: 'during',
    })
    assert.is(pubrec?.reasonCode, 0x83)
    assert.is(broker.stats().storeFailing, 1)
    broker.tick()
    const stranger = await RawClient.open({ port })
    assert.is((await stranger.handshake({ clientId: 'new', ...KEPT })).reasonCode, 0x83)
    const clean = await RawClient.connect({ port, clientId: 'clean' })
    await clean.subscribe('t', { qos: 0 })

    fault.on = false
    while (broker.stats().storeFailing === 1) {
      broker.tick()
      await new Promise((resolve) => setImmediate(resolve))
    }
    // The identifier of a refused PUBLISH is free: this is a new message, not a repetition.
    await publisher.publish({ topic: 't', qos: 2, messageId: 77, payload: 'after' })
    await publisher.disconnect()
    await broker.close()

    const next = await createBroker({ data })
    const listener = await next.listen({ type: 'mqtt', port: 0 })
    const back = await RawClient.connect({ port: listener.port, clientId: 'away', ...KEPT })
    const arrived = new Set<string>()
    while (!arrived.has('before') || !arrived.has('after')) {
      arrived.add((await back.take('publish')).payload.toString())
    }
    back.drop()
    await next.close()
  },
)

tests.run()
