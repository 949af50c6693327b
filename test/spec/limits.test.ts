// Where sizes and counts meet their ends: packets the client is too small for, thousands of
// properties or packets at once, the longest times, and a session that changes its version.

import * as assert from 'uvu/assert'
import { connect, field, hex, publish, subscribe, u8, u32 } from './bytes.ts'
import { bytesOf, chapter, inbox, publish as send, unread } from './kit.ts'

const spec = chapter('limits')
const { v4, v5, both } = spec

const YEAR_MS = 365 * 24 * 3_600_000

for (const maximum of [5, 10, 20]) {
  v5(`a client that takes ${maximum} bytes gets no packet above [MQTT-3.1.2-24]`, async (t) => {
    const opening = connect({ level: 5, properties: [u8(0x27), u32(maximum)] })
    const many = Array.from({ length: 30 }, (_, i): [string, number] => [`${i}`, 0])
    const client = await t.send(opening, subscribe(5, many), publish(5, '0'), hex('c1'))
    client.sendBytes(hex('00'))
    await client.closed
    for (const bytes of client.received) assert.ok(bytes.length <= maximum, bytes.toString('hex'))
  })
}

v5('2,000 user properties are forwarded byte for byte [MQTT-3.3.2-17]', async (t) => {
  const client = await t.connect()
  await client.subscribe('a')
  const user = Array.from({ length: 2000 }, (_, i) => [u8(0x26), field(`k${i % 7}`), field(`${i}`)])
  const bytes = publish(5, 'a', { properties: user.flat(), payload: 'x' })
  await (await t.sendConnected(bytes)).barrier()
  await client.barrier()
  assert.is(bytesOf(client)[1], bytes.toString('hex'))
})

v5(
  '2,000 user properties are kept with a retained and a queued message [MQTT-3.3.2-18]',
  async (t) => {
    await (await t.persistent('s')).subscribe('a', { qos: 1 })
    await (await t.persistent('s')).disconnect()
    const user = Array.from({ length: 2000 }, (_, i) => [u8(0x26), field('k'), field(`${i}`)])
    const bytes = publish(5, 'a', { first: 0x33, id: 1, properties: user.flat(), payload: 'x' })
    await (await t.sendConnected(bytes)).barrier()
    const expected = Buffer.concat(user.flat()).toString('hex')
    const again = await t.persistent('s')
    await again.barrier()
    assert.ok(bytesOf(again)[0]?.includes(expected))
    const late = await t.connect()
    await late.subscribe('a')
    await late.barrier()
    assert.ok(bytesOf(late)[1]?.includes(expected))
  },
)

v5('a CONNECT of 2,000 user properties is taken [MQTT-3.1.4-5]', async (t) => {
  const user = Array.from({ length: 2000 }, () => [u8(0x26), field('k'), field('v')])
  const client = await t.send(connect({ level: 5, properties: user.flat() }))
  assert.equal(await unread(client), ['connack 0x00'])
})

both('5,000 PINGREQs in one write get 5,000 PINGRESPs [MQTT-3.12.4-1]', async (t) => {
  const client = await t.sendConnected(Buffer.concat(Array(5000).fill(hex('c000'))))
  for (let i = 0; i < 5000; i++) await client.next('pingresp')
  await client.expectNothing()
})

both(
  '2,000 filters in one SUBSCRIBE all work [3.1.1 MQTT-3.8.4-5, MQTT-3.9.3-1] ' +
    '[5.0 MQTT-3.8.4-6, MQTT-3.9.3-1]',
  async (t) => {
    const filters = Array.from({ length: 2000 }, (_, i): [string, number] => [`f/${i}/+`, i % 3])
    const client = await t.sendConnected(subscribe(t.version, filters))
    const granted = filters.map(([, qos]) => `0x0${qos}`).join(' ')
    assert.equal(await unread(client), [`suback 1 ${granted}`])
    await t.publish('f/0/a=x q2', 'f/1001/a=y q2', 'f/1999/a=z q2')
    assert.equal(await inbox(client), ['f/0/a=x q0', 'f/1001/a=y q2', 'f/1999/a=z q1'])
  },
)

both(
  'one PUBLISH reaches 300 subscribers of every version and QoS exactly once ' +
    '[3.1.1 MQTT-4.5.0-1] [5.0 MQTT-4.5.0-1]',
  async (t) => {
    const clients = await Promise.all(
      Array.from({ length: 300 }, (_, i) => t.connect({ version: i % 2 ? 4 : 5 })),
    )
    await Promise.all(
      clients.map((client, i) => client.subscribe('a', { qos: (i % 3) as 0 | 1 | 2 })),
    )
    await t.publish('a=x q2')
    const received = await Promise.all(clients.map(inbox))
    assert.equal(
      received,
      clients.map((_, i) => [`a=x q${i % 3}`]),
    )
  },
)

// The longest times

v5('a session that never expires is there after 200 years [MQTT-4.1.0-2]', async (t) => {
  await t.broker({ sessionExpiryMax: 0xffffffff })
  const properties = { sessionExpiryInterval: 0xffffffff }
  await (await t.persistent('s', { properties })).disconnect()
  for (let century = 0; century < 2; century++) await t.advance(100 * YEAR_MS)
  assert.is((await t.persistent('s', { properties })).connack?.sessionPresent, true)
})

v5('a session expiry of 2^32 - 2 seconds does not overflow [MQTT-4.1.0-2]', async (t) => {
  await t.broker({ sessionExpiryMax: 0xffffffff })
  const properties = { sessionExpiryInterval: 0xfffffffe }
  await (await t.persistent('s', { properties })).disconnect()
  await t.advance(0xfffffff0 * 1000)
  assert.is((await t.persistent('s', { properties })).connack?.sessionPresent, true)
  await (await t.persistent('s', { properties })).disconnect()
  await t.advance((0xfffffffe + 5) * 1000)
  assert.is((await t.persistent('s', { properties })).connack?.sessionPresent, false)
})

v5(
  'a will delay of 2^32 - 1 seconds waits for the end of the session [MQTT-3.1.2-8]',
  async (t) => {
    const watcher = await t.connect()
    await watcher.subscribe('w')
    const properties = { willDelayInterval: 0xffffffff }
    const will = { topic: 'w', payload: 'gone', properties }
    await t.breaks(await t.persistent('s', { will }))
    await t.advance(3_598_000)
    assert.equal(await unread(watcher), [])
    await t.advance(4000)
    assert.equal(await inbox(watcher), ['w=gone q0'])
  },
)

both(
  'the longest keep alive, 65,535 s, is kept too [3.1.1 MQTT-3.1.2-24] ' + '[5.0 MQTT-3.1.2-22]',
  async (t) => {
    const client = await t.connect({ keepalive: 65_535 })
    await t.advance(98_000_000)
    assert.equal(await unread(client), [])
    await t.advance(98_305_000)
    await t.fails(client, 0x8d)
  },
)

both(
  'the shortest keep alive, 1 s, is kept too [3.1.1 MQTT-3.1.2-24] [5.0 MQTT-3.1.2-22]',
  async (t) => {
    const client = await t.connect({ keepalive: 1 })
    await t.advance(1000)
    assert.equal(await unread(client), [])
    await t.advance(3000)
    await t.fails(client, 0x8d)
  },
)

v5('DISCONNECT may make the expiry longer [MQTT-4.1.0-2]', async (t) => {
  const client = await t.persistent('s', { properties: { sessionExpiryInterval: 10 } })
  await client.disconnect(0, { sessionExpiryInterval: 1000 })
  await t.advance(900_000)
  assert.is((await t.persistent('s')).connack?.sessionPresent, true)
})

// What must survive a change of connection

v5('queued and resent messages carry their subscription identifiers [MQTT-3.3.4-3]', async (t) => {
  const client = await t.persistent('s', { autoAck: false })
  await client.subscribe('a', { qos: 1, properties: { subscriptionIdentifier: 7 } })
  await client.subscribe('#', { qos: 1, properties: { subscriptionIdentifier: 300 } })
  await t.publish('a=1')
  await client.barrier()
  await t.breaks(client)
  await t.publish('a=2')
  const again = await t.persistent('s')
  for (const payload of ['1', '2']) {
    const message = await again.next('publish')
    assert.is(`${message.payload}`, payload)
    const identifiers = message.properties?.subscriptionIdentifier as number[]
    assert.equal([...identifiers].sort(), [300, 7])
  }
})

v5(
  'the options of a subscription are kept with the session [MQTT-3.1.2-5, MQTT-3.3.1-13]',
  async (t) => {
    const client = await t.persistent('s')
    const properties = { subscriptionIdentifier: 9 }
    await client.subscribe('a', { qos: 1, rap: true, nl: true, properties })
    await client.disconnect()
    const again = await t.persistent('s')
    await again.publish({ topic: 'a', qos: 1, payload: 'mine' })
    await t.publish('a=yours retain')
    const message = await again.next('publish')
    assert.equal([`${message.payload}`, message.retain], ['yours', true])
    assert.is(message.properties?.subscriptionIdentifier, 9)
  },
)

for (const next of [4, 5] as const) {
  const before = next === 4 ? 5 : 4
  const register = next === 4 ? v4 : v5
  register(
    `a session of level ${before} goes on at level ${next}, encoded anew [MQTT-4.4.0-1]`,
    async (t) => {
      const fields = (version: 4 | 5) => ({
        ...{ clientId: 's', clean: false, version, autoAck: false },
        ...(version === 5 && { properties: { sessionExpiryInterval: 1000 } }),
      })
      const client = await t.connect(fields(before))
      await client.subscribe('a', { qos: 1 })
      const publisher = await t.connect({ version: 5 })
      const properties = { contentType: 'c' }
      await publisher.publish({ topic: 'a', qos: 1, payload: '1', properties })
      await client.barrier()
      await t.breaks(client)
      await publisher.publish({ topic: 'a', qos: 1, payload: '2', properties })
      const again = await t.connect(fields(next))
      assert.is(again.connack?.sessionPresent, true)
      await again.barrier()
      const own = next === 5 ? '0403000163' : ''
      const length = next === 5 ? '0b' : '06'
      assert.equal(bytesOf(again).slice(0, 2), [
        `3a${length}0001610001${own}31`,
        `32${length}0001610002${own}32`,
      ])
    },
  )
}

// Aliases of the server where a message does not arrive

v5(
  'a message sent again after a reconnect has its topic, not an old alias [MQTT-3.3.2-7]',
  async (t) => {
    const properties = { topicAliasMaximum: 5, sessionExpiryInterval: 100 }
    const client = await t.persistent('s', { autoAck: false, properties })
    await client.subscribe('#', { qos: 1 })
    const topic = 'some/long/topic'
    await t.publish(`${topic}=1`, `${topic}=2`, `${topic}=3`)
    await client.barrier()
    await t.breaks(client)
    const again = await t.persistent('s', { autoAck: false, properties })
    const known = new Map<number, string>()
    for (const payload of ['1', '2', '3']) {
      const message = await again.next('publish')
      const alias = message.properties?.topicAlias
      if (alias !== undefined && message.topic !== '') known.set(alias, message.topic)
      assert.equal([`${message.payload}`, message.dup], [payload, true])
      assert.is(message.topic || known.get(alias ?? 0), topic)
    }
  },
)

v5('a message that was too large has taught no alias [MQTT-3.1.2-25, MQTT-3.3.2-7]', async (t) => {
  const properties = { topicAliasMaximum: 5, maximumPacketSize: 60 }
  const client = await t.connect({ properties })
  await client.subscribe('#')
  const topic = 'some/long/topic'
  await t.publish(`${topic}=${'x'.repeat(60)} q0`, `${topic}=1 q0`)
  assert.is((await client.next('publish')).topic, topic)
})

// Retained and live messages of one topic

both(
  'a retained message never comes after a newer message of its topic ' +
    '[3.1.1 MQTT-4.6.0-6] [5.0 MQTT-4.6.0-5]',
  async (t) => {
    await t.broker({ inflightMax: 1 })
    const topics = [0, 1, 2, 3, 4].map((n) => `r/${n}`)
    const publisher = await t.connect()
    await send(publisher, ...topics.map((topic) => `${topic}=old retain`))
    const client = await t.connect({ autoAck: false })
    await client.subscribe('r/#', { qos: 1 })
    await send(publisher, ...topics.map((topic) => `${topic}=new`))
    const last = new Map<string, string>()
    for (let i = 0; i < 10; i++) {
      const { topic, payload, messageId } = await client.next('publish')
      last.set(topic, `${payload}`)
      client.send({ cmd: 'puback', messageId: messageId as number })
    }
    assert.equal(
      topics.map((topic) => last.get(topic)),
      topics.map(() => 'new'),
    )
  },
)

v5('a payload that is not the UTF-8 it claims to be may be refused [MQTT-3.4.2-1]', async (t) => {
  await t.broker({ payloadFormatCheck: true })
  await (await t.connect()).subscribe('a')
  const bytes = Buffer.concat([
    publish(5, 'a', { first: 0x32, id: 1, properties: [hex('0101')], payload: 'good é' }),
    hex('32 0a 0001 61 0002 02 0101 c080'),
  ])
  assert.equal(await unread(await t.sendConnected(bytes)), ['puback 1', 'puback 2 0x99'])
})

v4('a message of 300 KiB passes a connection in pieces [MQTT-3.3.2-3]', async (t) => {
  const client = await t.connect()
  await client.subscribe('a', { qos: 1 })
  const bytes = publish(4, 'a', { first: 0x32, id: 1, payload: 'x'.repeat(300 * 1024) })
  const publisher = await t.connect()
  const cuts = [1, 2, 3, 65_536, 131_072, 131_073, bytes.length]
  let from = 0
  for (const to of cuts) {
    publisher.sendBytes(bytes.subarray(from, to))
    await new Promise(setImmediate)
    from = to
  }
  assert.is((await client.next('publish')).payload.length, 300 * 1024)
  assert.is((await publisher.next('puback')).messageId, 1)
})

spec.run()
