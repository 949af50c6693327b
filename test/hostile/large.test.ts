// Packets within every limit of the protocol and far beyond what anybody sends: whatever they hold,
// they end at most their own connection.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Connect, RawClient } from '../client.ts'
import { stopAll } from '../process.ts'
import { startWatched, type Watched } from './watched.ts'

const PACKET_MAX = 1024 * 1024
const QUOTA_EXCEEDED = 0x97

const test = suite('hostile: large packets')
let watched: Watched

test.before(async () => {
  watched = await startWatched()
})
test.after(async () => {
  await watched.stop()
  await stopAll()
})

const connect = (fields: Connect = {}): Promise<RawClient> =>
  RawClient.connect({ port: watched.port, version: 5, ...fields })

/** SUBSCRIBE or UNSUBSCRIBE of MQTT 5 with `count` times the filter `a`. */
function listPacket(type: 'subscribe' | 'unsubscribe', count: number): Buffer {
  const item = Buffer.from(type === 'subscribe' ? [0, 1, 0x61, 0] : [0, 1, 0x61])
  const body = Buffer.alloc(count * item.length, item)
  const size = 3 + body.length
  const length = [(size & 0x7f) | 0x80, ((size >> 7) & 0x7f) | 0x80, (size >> 14) & 0x7f]
  if (size >= 1 << 21) throw new RangeError('expected fewer filters')
  const first = type === 'subscribe' ? 0x82 : 0xa2
  return Buffer.concat([Buffer.from([first, ...length, 0, 9, 0]), body])
}

for (const type of ['subscribe', 'unsubscribe'] as const) {
  test(`16,384 filters in one ${type.toUpperCase()} are answered one by one`, async () => {
    const client = await connect()
    client.sendBytes(listPacket(type, 16_384))
    const ack = await client.next(type === 'subscribe' ? 'suback' : 'unsuback')
    assert.is((ack.granted as number[]).length, 16_384)
    await client.disconnect()
  })

  for (const count of [16_385, 70_000, 250_000]) {
    test(`${count} filters in one ${type.toUpperCase()} are refused as too many`, async () => {
      const client = await connect()
      client.sendBytes(listPacket(type, count))
      const [packet, ...rest] = await client.closed
      assert.equal(rest, [])
      assert.is(packet?.cmd, 'disconnect')
      assert.is((packet as { reasonCode?: number }).reasonCode, QUOTA_EXCEEDED)
    })
  }
}

/** `count` user properties with values of `length` bytes. */
function userProperties(count: number, length: number): Record<string, string> {
  const value = 'v'.repeat(length)
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, value]))
}

for (const [count, length] of [
  [600, 10],
  [20_000, 10],
  [3, 65_535],
  [14, 65_535],
] as const) {
  const what = `${count} user properties of ${length} bytes`

  test(`a will with ${what} is published as it is`, async () => {
    const subscriber = await connect()
    await subscriber.subscribe('will')
    const properties = { userProperties: userProperties(count, length), messageExpiryInterval: 60 }
    const will = { topic: 'will', payload: Buffer.from('x'), qos: 0, retain: false } as const
    const client = await connect({ will: { ...will, properties } })
    client.drop()
    const publish = await subscriber.next('publish')
    assert.equal(publish.properties, { ...properties })
    await subscriber.disconnect()
  })

  test(`CONNECT, SUBSCRIBE, PUBLISH and DISCONNECT may have ${what}`, async () => {
    const properties = { userProperties: userProperties(count, length) }
    const client = await connect({ properties })
    await client.subscribe('a', { qos: 1, properties })
    const [puback] = await client.publish({ topic: 'a', payload: 'x', qos: 1, properties })
    assert.is(puback?.reasonCode ?? 0, 0)
    assert.equal((await client.next('publish')).properties, properties)
    await client.disconnect(0, properties)
  })
}

test('a will may have the longest topic, payload and properties there are', async () => {
  const longest = 'w'.repeat(65_535)
  const subscriber = await connect()
  await subscriber.subscribe(longest, { qos: 1 })
  const properties = {
    payloadFormatIndicator: true,
    contentType: longest,
    responseTopic: longest,
    correlationData: Buffer.alloc(65_535, 1),
  }
  const client = await connect({
    clientId: '€'.repeat(21_845),
    will: { topic: longest, payload: Buffer.alloc(65_535), qos: 1, retain: false, properties },
  })
  client.drop()
  const publish = await subscriber.next('publish')
  assert.is(publish.topic, longest)
  assert.is(publish.payload.length, 65_535)
  assert.equal(publish.properties, properties)
  await subscriber.disconnect()
})

test('a packet of just the maximum size is taken, one of a byte more is not', async () => {
  const client = await connect()
  await client.subscribe('a')
  const head = 1 + 3 + 2 + 1 + 1 // fixed header, topic, no properties
  await client.publish({ topic: 'a', payload: Buffer.alloc(PACKET_MAX - head) })
  assert.is((await client.next('publish')).payload.length, PACKET_MAX - head)
  await client.publish({ topic: 'a', payload: Buffer.alloc(PACKET_MAX - head + 1) })
  const [packet] = await client.closed
  assert.is((packet as { reasonCode?: number }).reasonCode, 0x95)
})

test('2,000 packets of each kind in one write are all answered', async () => {
  const client = await connect({ properties: { receiveMaximum: 65_535 } })
  const count = 2000
  for (let i = 1; i <= count; i++) {
    client.send({ cmd: 'pingreq' })
    client.send({ cmd: 'subscribe', messageId: i, subscriptions: [{ topic: `b/${i}`, qos: 1 }] })
    client.send({ cmd: 'unsubscribe', messageId: i, unsubscriptions: [`b/${i}`] })
    client.send({ cmd: 'pubrel', messageId: i })
  }
  for (let i = 1; i <= count; i++) {
    await client.next('pingresp')
    assert.is((await client.next('suback')).messageId, i)
    assert.is((await client.next('unsuback')).messageId, i)
    assert.is((await client.next('pubcomp')).messageId, i)
  }
  await client.disconnect()
})

test.run()
