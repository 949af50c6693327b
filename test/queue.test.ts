// The queue of a session, with plain numbers for handles; the totals that all queues of a broker
// share; and the limit on them, on a broker.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Queue, QueueTotals } from '../host/broker/queue.ts'
import { createBroker } from '../host/index.ts'
import { RawClient } from './client.ts'

const test = suite('queue')

test('what goes in first comes out first, through growth and around the ring', () => {
  const queue = new Queue(new QueueTotals())
  const out: number[] = []
  let next = 1
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 23; i++) queue.push(next++, 0, 1)
    for (let i = 0; i < 17; i++) {
      out.push(queue.message())
      queue.shift(1)
    }
  }
  assert.equal(
    out,
    Array.from({ length: 850 }, (_, i) => i + 1),
  )
  assert.is(queue.length, 300)
})

test('totals are the sums over all queues', () => {
  const totals = new QueueTotals()
  const [a, b] = [new Queue(totals), new Queue(totals)]
  a.push(1, 0, 10)
  b.push(2, 0, 20)
  b.push(3, 0, 30)
  assert.equal([totals.messages, totals.bytes], [3, 60])
  b.shift(20)
  a.discount(4)
  assert.equal([totals.messages, totals.bytes, a.bytes, b.bytes], [2, 36, 6, 30])
})

test('no queue grows when all together have reached their limit, and each drop is counted', async () => {
  const broker = await createBroker({ queueTotalBytesMax: 1000 })
  const { port } = await broker.listen({ type: 'mqtt', port: 0 })
  for (const clientId of ['a', 'b']) {
    const properties = { sessionExpiryInterval: 1000 }
    const client = await RawClient.connect({ port, clientId, clean: false, properties })
    await client.subscribe(`to/${clientId}`, { qos: 1 })
    await client.disconnect()
  }
  const writer = await RawClient.connect({ port, clientId: 'writer' })
  // 104 bytes each, topic included: nine fit beside each other, whoever they are for.
  const payload = Buffer.alloc(100)
  for (let i = 0; i < 6; i++) await writer.publish({ topic: 'to/a', payload, qos: 1 })
  for (let i = 0; i < 6; i++) await writer.publish({ topic: 'to/b', payload, qos: 1 })
  const { droppedQueue, queuedBytes, queuedMessages } = broker.stats()
  assert.equal(
    { droppedQueue, queuedBytes, queuedMessages },
    {
      droppedQueue: 3,
      queuedBytes: 936,
      queuedMessages: 9,
    },
  )
  await broker.close()
})

test.run()
