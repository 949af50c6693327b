// UNSUBSCRIBE and UNSUBACK (sections 3.10 and 3.11): form, answer, what is deleted, and what goes
// on for the messages already on their way.

import * as assert from 'uvu/assert'
import { hex, packet, u8, u16, unsubscribe } from './bytes.ts'
import { bytesOf, chapter, inbox, unread } from './kit.ts'

const spec = chapter('UNSUBSCRIBE')
const { v4, v5, both } = spec

for (const first of [0xa0, 0xa1, 0xa3, 0xaa, 0xa6]) {
  both(`first byte ${first.toString(16)} closes [MQTT-3.10.1-1]`, async (t) => {
    const bytes = unsubscribe(t.version, ['a'])
    bytes[0] = first
    await t.fails(await t.sendConnected(bytes), 0x81)
  })
}

both('an UNSUBSCRIBE without a filter closes [MQTT-3.10.3-2]', async (t) => {
  await t.fails(await t.sendConnected(unsubscribe(t.version, [])), 0x82)
})

both('packet identifier 0 closes [3.1.1 MQTT-2.3.1-1] [5.0 MQTT-2.2.1-3]', async (t) => {
  const bytes = unsubscribe(t.version, ['a'])
  bytes.writeUInt16BE(0, 2)
  await t.fails(await t.sendConnected(bytes), 0x82)
})

both('a filter cut short closes [MQTT-3.10.3-1]', async (t) => {
  const none = t.version === 5 ? u8(0) : Buffer.alloc(0)
  await t.fails(await t.sendConnected(packet(0xa2, u16(1), none, hex('000561'))), 0x81)
})

for (const filter of ['a/#/b', 'a+', '']) {
  both(
    `filter '${filter}' is no filter here either [3.1.1 MQTT-4.8.0-1] [5.0 MQTT-4.13.1-1]`,
    async (t) => {
      await t.fails(await t.sendConnected(unsubscribe(t.version, [filter])), 0x8f)
    },
  )
}

v4(
  'UNSUBACK is b0 02 and the identifier, deleted or not [MQTT-3.10.4-4, MQTT-3.10.4-5, ' +
    'MQTT-2.3.1-7]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('a')
    const packetOf = (messageId: number) => ({ cmd: 'unsubscribe', messageId }) as const
    client.send({ ...packetOf(0x1234), unsubscriptions: ['a'] })
    client.send({ ...packetOf(0xffff), unsubscriptions: ['a'] })
    await client.barrier()
    assert.equal(bytesOf(client).slice(1, 3), ['b0021234', 'b002ffff'])
  },
)

v5(
  'UNSUBACK says for each filter whether it was there [MQTT-3.10.4-4, MQTT-3.10.4-5, ' +
    'MQTT-2.2.1-6, MQTT-3.11.3-1, MQTT-3.11.3-2]',
  async (t) => {
    const client = await t.connect()
    for (const filter of ['a', 'b/+']) await client.subscribe(filter)
    const unsubscriptions = ['none', 'b/+', 'a', 'a']
    client.send({ cmd: 'unsubscribe', messageId: 0x1234, unsubscriptions })
    await client.barrier()
    assert.is(bytesOf(client)[2], 'b007 1234 00 11 00 00 11'.replaceAll(' ', ''))
  },
)

both('UNSUBSCRIBE ends the delivery of new messages [MQTT-3.10.4-2]', async (t) => {
  const client = await t.connect()
  for (const filter of ['a', 'b']) await client.subscribe(filter, { qos: 1 })
  await t.publish('a=1')
  await client.unsubscribe('a')
  await t.publish('a=2', 'b=3')
  assert.equal(await inbox(client), ['a=1 q1', 'b=3 q1'])
})

both('UNSUBSCRIBE of a session lasts beyond its connection [MQTT-3.10.4-2]', async (t) => {
  const client = await t.persistent('s')
  await client.subscribe('a', { qos: 1 })
  await client.unsubscribe('a')
  await client.disconnect()
  await t.publish('a=x')
  const again = await t.persistent('s')
  assert.is(again.connack?.sessionPresent, true)
  assert.equal(await inbox(again), [])
})

both('only the filter that is the same byte for byte is deleted [MQTT-3.10.4-1]', async (t) => {
  const client = await t.connect()
  await client.subscribe('a/+', { qos: 1 })
  await client.unsubscribe('a/b', 'a/#', '#', 'A/+', 'a/+/', '/a/+', '+/+')
  await t.publish('a/b=1')
  assert.equal(await inbox(client), ['a/b=1 q1'])
  await client.unsubscribe('a/+')
  await t.publish('a/b=2')
  assert.equal(await inbox(client), [])
})

both('of overlapping subscriptions the others go on [MQTT-3.10.4-1]', async (t) => {
  const client = await t.connect()
  await client.subscribe('a/#', { qos: 2 })
  await client.subscribe('a/b', { qos: 1 })
  await client.unsubscribe('a/#')
  await t.publish('a/b=x q2')
  assert.equal(await inbox(client), ['a/b=x q1'])
})

both('the subscriptions of others stay [MQTT-3.10.4-1]', async (t) => {
  const [client, other] = [await t.connect(), await t.connect()]
  for (const each of [client, other]) await each.subscribe('a', { qos: 1 })
  await client.unsubscribe('a')
  await t.publish('a=x')
  assert.equal(await inbox(client), [])
  assert.equal(await inbox(other), ['a=x q1'])
})

both('many filters get one UNSUBACK and are all deleted [MQTT-3.10.4-6]', async (t) => {
  const client = await t.connect()
  for (const filter of ['a', 'b', 'c']) await client.subscribe(filter, { qos: 1 })
  client.sendBytes(unsubscribe(t.version, ['a', 'c']))
  const expected = t.version === 5 ? 'unsuback 1 0x00 0x00' : 'unsuback 1'
  assert.equal(await unread(client), [expected])
  await t.publish('a=1', 'b=2', 'c=3')
  assert.equal(await inbox(client), ['b=2 q1'])
})

both('what is in flight is delivered to the end [MQTT-3.10.4-3]', async (t) => {
  const client = await t.connect({ autoAck: false })
  await client.subscribe('a', { qos: 2 })
  await t.publish('a=1 q1', 'a=2 q2')
  assert.equal(await unread(client), ['publish a=1 q1 id1', 'publish a=2 q2 id2'])
  await client.unsubscribe('a')
  client.sendBytes(hex('40020001 50020002'))
  assert.equal(await unread(client), ['pubrel 2'])
})

both(
  'what is in flight is delivered to the end after a reconnect too [MQTT-3.10.4-3]',
  async (t) => {
    const client = await t.persistent('s', { autoAck: false })
    await client.subscribe('a', { qos: 2 })
    await t.publish('a=1 q1', 'a=2 q2')
    assert.equal(await unread(client), ['publish a=1 q1 id1', 'publish a=2 q2 id2'])
    await client.unsubscribe('a')
    await client.disconnect()
    const again = await t.persistent('s', { autoAck: false })
    assert.equal(await unread(again), ['publish a=1 q1 id1 dup', 'publish a=2 q2 id2 dup'])
  },
)

v5('UNSUBACK fits Maximum Packet Size [MQTT-3.11.2-1, MQTT-3.11.2-2]', async (t) => {
  const client = await t.connect({ properties: { maximumPacketSize: 32 } })
  const unsuback = await client.unsubscribe('a')
  assert.equal([unsuback.granted, unsuback.properties], [[0x11], undefined])
  for (const bytes of client.received) assert.ok(bytes.length <= 32)
})

spec.run()
