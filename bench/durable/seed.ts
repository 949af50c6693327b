// A store as a broker with many sessions leaves it behind, written straight through the store's own
// codecs: half of the queue entries in checkpoints, half in the journal, as a kill would leave
// them.

import { join } from 'node:path'
import { tryOpen } from '../../host/store/database.ts'
import {
  filterKey,
  journalKey,
  messageKey,
  packSubscription,
  queueKey,
  sessionKey,
} from '../../host/store/keys.ts'
import { OP_QUEUED, Ops } from '../../host/store/ops.ts'
import { encodeSession } from '../../host/store/records.ts'
import { assemble } from '../../host/wasm/frozen.ts'

const FLAGS_QOS_1 = 2
const JOURNAL_OPS = 1000

/** Sessions `session0`… each with `messages / sessions` QoS 1 messages of 100 bytes waiting. */
export async function seedStore(data: string, sessions: number, messages: number): Promise<void> {
  const { database } = await tryOpen(join(data, 'store'), async () => {}, { create: true })
  const each = messages / sessions
  const half = Math.floor(each / 2)
  const offlineSince = Math.floor(Date.now() / 1000)
  let batch = database.batch()
  let sequence = 0
  let commit = 1
  const late = new Ops()
  for (let number = 1; number <= sessions; number++) {
    const clientId = `session${number - 1}`
    const topic = `devices/${clientId}/commands`
    const record = { clientId, expirySeconds: 600_000, offlineSince, will: undefined, willDue: 0 }
    batch.put(sessionKey(number), encodeSession(record))
    batch.put(filterKey(number, topic), packSubscription(1, 0))
    const early = new Ops()
    for (let i = 0; i < each; i++) {
      const message = { qos: 1, retain: false, since: 0, expiry: 0, topic }
      const properties = Buffer.alloc(0)
      const body = assemble({ ...message, properties, payload: Buffer.alloc(100, `${i}`) })
      batch.put(messageKey(++sequence), body)
      const ops = i < half ? early : late
      ops.add(OP_QUEUED, FLAGS_QOS_1, 0, number, sequence, topic.length + 100)
    }
    const checkpoint = early.toBuffer(8)
    checkpoint.writeDoubleLE(1, 0)
    batch.put(queueKey(number), checkpoint)
    if (late.count < JOURNAL_OPS) continue
    batch.put(journalKey(++commit), late.toBuffer())
    late.clear()
    await batch.write()
    batch = database.batch()
  }
  batch.put(journalKey(++commit), late.toBuffer())
  await batch.write()
  await database.close()
}
