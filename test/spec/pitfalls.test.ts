// Cases other brokers got wrong, each a test of its own, where no other chapter has it already.
// Identifiers, retained messages, sessions, wills, topics, in this order.

import * as assert from 'uvu/assert'
import { CLEAN, connect, field, hex, properties, publish, WILL } from './bytes.ts'
import { chapter, ending, inbox, nextMessages, type Scene, unread } from './kit.ts'

const spec = chapter('pitfalls')
const { v4, v5, both } = spec
type Client = Awaited<ReturnType<Scene['connect']>>

// Identifiers

both(
  'with 65,535 messages in flight every identifier but 0 is in use, and no more goes out ' +
    '[3.1.1 MQTT-2.3.1-4] [5.0 MQTT-2.2.1-4]',
  async (t) => {
    await t.broker({ inflightMax: 65_535, queueMessagesMax: 100_000 })
    const client = await t.connect({ autoAck: false })
    await client.subscribe('a', { qos: 1 })
    const publisher = await t.connect()
    const message = publish(t.version, 'a', { first: 0x32, id: 1 })
    publisher.sendBytes(Buffer.concat(Array.from({ length: 65_540 }, () => message)))
    await publisher.barrier()
    const ids = (await client.barrier()).map((packet) => packet.messageId as number)
    assert.is(ids.length, 65_535)
    assert.is(new Set(ids).size, 65_535)
    assert.is(Math.min(...ids), 1)
    client.send({ cmd: 'puback', messageId: 40_000 })
    assert.equal(await unread(client), ['publish a= q1 id40000'])
  },
)

both(
  'identifiers come round after 65,535, past the one that is still in flight ' +
    '[3.1.1 MQTT-2.3.1-4, MQTT-4.3.2-1] [5.0 MQTT-2.2.1-4, MQTT-4.3.2-1]',
  async (t) => {
    await t.broker({ queueMessagesMax: 100_000 })
    const client = await t.connect({ autoAck: false })
    await client.subscribe('a', { qos: 1 })
    const publisher = await t.connect()
    const message = publish(t.version, 'a', { first: 0x32, id: 1 })
    publisher.sendBytes(Buffer.concat(Array.from({ length: 66_000 }, () => message)))
    assert.is((await client.next('publish')).messageId, 1)
    let highest = 0
    for (let i = 1; i < 66_000; i++) {
      const messageId = (await client.next('publish')).messageId as number
      if (messageId < 2 || messageId > 65_535) assert.unreachable(`identifier ${messageId}`)
      highest = Math.max(highest, messageId)
      client.send({ cmd: 'puback', messageId })
    }
    assert.ok(highest > 60_000)
  },
)

both(
  'a client may use one identifier for SUBSCRIBE, PUBLISH and UNSUBSCRIBE in turn ' +
    '[3.1.1 MQTT-2.3.1-7] [5.0 MQTT-2.2.1-6]',
  async (t) => {
    const client = await t.connect()
    const messageId = 5
    client.send({ cmd: 'subscribe', messageId, subscriptions: [{ topic: 'x', qos: 0 }] })
    client.send({ cmd: 'publish', messageId, topic: 'x', qos: 1, payload: '' })
    client.send({ cmd: 'unsubscribe', messageId, unsubscriptions: ['x'] })
    const packets = (await unread(client)).filter((text) => !text.startsWith('publish'))
    const unsuback = t.version === 5 ? 'unsuback 5 0x00' : 'unsuback 5'
    assert.equal(packets, ['suback 5 0x00', 'puback 5', unsuback])
  },
)

both(
  'identifiers of client and server do not mix, even when they are the same ' +
    '[3.1.1 MQTT-4.3.3-1] [5.0 MQTT-4.3.3-4]',
  async (t) => {
    const client = await t.connect({ autoAck: false })
    await client.subscribe('a', { qos: 2 })
    client.send({ cmd: 'publish', messageId: 1, topic: 'a', qos: 2, payload: 'x' })
    assert.equal((await unread(client)).sort(), ['publish a=x q2 id1', 'pubrec 1'])
    client.sendBytes(hex('62020001'))
    assert.equal(await unread(client), ['pubcomp 1'])
    client.sendBytes(hex('50020001'))
    assert.equal(await unread(client), ['pubrel 1'])
    client.sendBytes(hex('70020001'))
    assert.equal(await unread(client), [])
  },
)

both(
  'PUBACK for a QoS 2 message does not acknowledge it [3.1.1 MQTT-4.3.3-1] [5.0 MQTT-4.3.3-3]',
  async (t) => {
    const client = await t.persistent('s', { autoAck: false })
    await client.subscribe('a', { qos: 2 })
    await t.publish('a=x q2')
    client.sendBytes(hex('40020001'))
    await client.barrier()
    await t.breaks(client)
    assert.equal(await unread(await t.persistent('s')), ['publish a=x q2 id1 dup'])
  },
)

both(
  'PUBCOMP before PUBREC does not complete a QoS 2 message [3.1.1 MQTT-4.3.3-1] [5.0 MQTT-4.3.3-3]',
  async (t) => {
    const client = await t.persistent('s', { autoAck: false })
    await client.subscribe('a', { qos: 2 })
    await t.publish('a=x q2')
    client.sendBytes(hex('70020001'))
    await client.barrier()
    await t.breaks(client)
    assert.equal(await unread(await t.persistent('s')), ['publish a=x q2 id1 dup'])
  },
)

both(
  'QoS 1 with the identifier of a QoS 2 message that waits for PUBREL: both are acknowledged ' +
    '[3.1.1 MQTT-4.3.2-2] [5.0 MQTT-4.3.2-4]',
  async (t) => {
    await (await t.connect()).subscribe('a')
    const client = await t.sendConnected(
      publish(t.version, 'a', { first: 0x34, id: 3 }),
      publish(t.version, 'a', { first: 0x32, id: 3 }),
      hex('62020003'),
    )
    assert.equal(await unread(client), ['pubrec 3', 'puback 3', 'pubcomp 3'])
  },
)

// Retained messages

both(
  'more retained messages match than the queue may hold: none is lost ' +
    '[3.1.1 MQTT-3.3.1-6] [5.0 MQTT-3.3.1-9]',
  async (t) => {
    await t.broker({ queueMessagesMax: 10, inflightMax: 5 })
    const names = Array.from({ length: 300 }, (_, i) => `r/${i}=x`)
    await t.publish(...names.map((name) => `${name} retain`))
    const client = await t.connect()
    await client.subscribe('r/#', { qos: 1 })
    const messages = await nextMessages(client, 300)
    assert.equal(messages.sort(), names.map((name) => `${name} q1 retain`).sort())
    assert.equal(await unread(client), [])
  },
)

both(
  'retained messages beyond the queue leave the messages queued before alone ' +
    '[3.1.1 MQTT-3.1.2-5] [5.0 MQTT-4.5.0-1]',
  async (t) => {
    await t.broker({ queueMessagesMax: 10, inflightMax: 1 })
    await t.publish(...Array.from({ length: 50 }, (_, i) => `r/${i}=x retain`))
    const client = await t.connect({ autoAck: false })
    await client.subscribe('a', { qos: 1 })
    await t.publish('a=1', 'a=2', 'a=3')
    await client.subscribe('r/#', { qos: 1 })
    const messages: string[] = []
    while (messages.length < 53) {
      const { topic, payload, messageId } = await client.next('publish')
      messages.push(`${topic}=${payload}`)
      client.send({ cmd: 'puback', messageId: messageId as number })
    }
    assert.equal(
      messages.filter((text) => text.startsWith('a=')),
      ['a=1', 'a=2', 'a=3'],
    )
    assert.is(new Set(messages).size, 53)
  },
)

both(
  'a retained message published while its topic is subscribed is sent once ' +
    '[3.1.1 MQTT-3.3.1-9] [5.0 MQTT-3.3.1-12]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('a', { qos: 1 })
    await client.publish({ topic: 'a', qos: 1, payload: 'x', retain: true })
    assert.equal(await inbox(client), ['a=x q1'])
  },
)

v5(
  'a retained message with an expiry and an empty payload removes and stays gone ' +
    '[MQTT-3.3.1-6, MQTT-3.3.1-7]',
  async (t) => {
    await t.publish('a=x retain')
    const publisher = await t.connect()
    const properties = { messageExpiryInterval: 100 }
    await publisher.publish({ topic: 'a', qos: 1, payload: '', retain: true, properties })
    const client = await t.connect()
    await client.subscribe('a')
    assert.equal(await inbox(client), [])
  },
)

v5(
  'a retained message replaced by one without expiry does not expire with the first [MQTT-3.3.2-5]',
  async (t) => {
    const publisher = await t.connect()
    const properties = { messageExpiryInterval: 10 }
    await publisher.publish({ topic: 'a', qos: 1, payload: 'old', retain: true, properties })
    await publisher.publish({ topic: 'a', qos: 1, payload: 'new', retain: true })
    await t.advance(60_000)
    const client = await t.connect()
    await client.subscribe('a')
    assert.equal(await inbox(client), ['a=new q0 retain'])
  },
)

// Sessions

both(
  'two clients that fight for one id: each takeover closes one connection, the session lives on ' +
    '[3.1.1 MQTT-3.1.4-2] [5.0 MQTT-3.1.4-3]',
  async (t) => {
    let current = await t.persistent('same')
    await current.subscribe('a', { qos: 1 })
    for (let round = 0; round < 20; round++) {
      const next = await t.persistent('same')
      assert.is(next.connack?.sessionPresent, true)
      assert.equal(await ending(current), t.version === 5 ? ['disconnect 0x8e'] : [])
      current = next
    }
    await t.publish('a=x')
    assert.equal(await inbox(current), ['a=x q1'])
  },
)

both(
  'ten CONNECTs of one id at once leave one connection [3.1.1 MQTT-3.1.4-2] [5.0 MQTT-3.1.4-3]',
  async (t) => {
    await t.broker()
    const bytes = connect({ level: t.version, flags: 0, payload: [field('same')] })
    const clients = await Promise.all(Array.from({ length: 10 }, () => t.send(bytes)))
    const answers = await Promise.all(clients.map((client) => client.next('connack')))
    assert.is(answers.filter((answer) => !answer.sessionPresent).length >= 1, true)
    const alive = await Promise.allSettled(clients.map((client) => client.expectNothing()))
    assert.is(alive.filter(({ status }) => status === 'fulfilled').length, 1)
  },
)

both(
  'DISCONNECT of a taken-over connection does not end the new one [3.1.1 MQTT-3.1.4-2] ' +
    '[5.0 MQTT-3.1.4-3]',
  async (t) => {
    const old = await t.connect({ clientId: 'same' })
    const next = await t.connect({ clientId: 'same' })
    await next.subscribe('a', { qos: 1 })
    await old.disconnect().catch(() => [])
    await t.publish('a=x')
    assert.equal(await inbox(next), ['a=x q1'])
  },
)

v5(
  'a delayed will that DISCONNECT 4 left behind is cancelled by the next connection ' +
    '[MQTT-3.1.3-9]',
  async (t) => {
    const watcher = await t.connect()
    await watcher.subscribe('w')
    const will = { topic: 'w', payload: 'gone', properties: { willDelayInterval: 30 } }
    const client = await t.persistent('s', { will })
    await client.disconnect(4)
    await t.advance(10_000)
    const again = await t.persistent('s')
    await t.advance(60_000)
    assert.equal(await unread(watcher), [])
    await again.disconnect()
  },
)

v5('the delay of a second will does not inherit from the first [MQTT-3.1.2-8]', async (t) => {
  const watcher = await t.connect()
  await watcher.subscribe('w')
  const willOf = (willDelayInterval: number) => ({
    will: { topic: 'w', payload: `${willDelayInterval}`, properties: { willDelayInterval } },
  })
  await t.breaks(await t.persistent('s', willOf(30)))
  await t.advance(10_000)
  await t.breaks(await t.persistent('s', willOf(60)))
  await t.advance(40_000)
  assert.equal(await inbox(watcher), [])
  await t.advance(30_000)
  assert.equal(await inbox(watcher), ['w=60 q0'])
})

both(
  'subscribing in a resumed session does not lose what is queued [3.1.1 MQTT-3.8.4-3] ' +
    '[5.0 MQTT-3.8.4-4]',
  async (t) => {
    const client = await t.persistent('s')
    await client.subscribe('a', { qos: 1 })
    await client.disconnect()
    await t.publish('a=1', 'a=2')
    const again = await t.persistent('s')
    await again.subscribe('a', { qos: 1 })
    assert.equal(await inbox(again), ['a=1 q1', 'a=2 q1'])
  },
)

both(
  'the queue of a session is delivered after CONNACK, and CONNACK comes once [MQTT-3.2.0-1]',
  async (t) => {
    const client = await t.persistent('s')
    await client.subscribe('a', { qos: 1 })
    await client.disconnect()
    await t.publish('a=1', 'a=2')
    const bytes = connect({
      level: t.version,
      flags: 0,
      payload: [field('s')],
      properties: [hex('1100000010')],
    })
    const again = await t.send(bytes)
    assert.equal(await unread(again), [
      'connack 0x00 present',
      'publish a=1 q1 id1',
      'publish a=2 q1 id2',
    ])
  },
)

// Wills

both(
  'a will larger than the server takes is refused with its CONNECT [3.1.1 MQTT-3.1.4-1] ' +
    '[5.0 MQTT-3.1.4-1]',
  async (t) => {
    await t.broker({ packetSizeMax: 200 })
    const none = t.version === 5 ? [properties()] : []
    const payload = [field('id'), ...none, field('w'), field('x'.repeat(300))]
    const client = await t.send(connect({ level: t.version, flags: CLEAN | WILL, payload }))
    const told = await ending(client)
    assert.ok(told.length === 0 || `${told}` === 'connack 0x95', `${told}`)
  },
)

both(
  'a will that says 65,535 bytes and has fewer is malformed [3.1.1 MQTT-3.1.4-1] ' +
    '[5.0 MQTT-3.1.4-1]',
  async (t) => {
    const none = t.version === 5 ? [properties()] : []
    const payload = [field('id'), ...none, field('w'), hex('ffff 78')]
    const bytes = connect({ level: t.version, flags: CLEAN | WILL, payload })
    await t.refuses(await t.send(bytes), 'silently', 0x81)
  },
)

both('a will to $SYS is not published [3.1.1 MQTT-3.3.5-2] [5.0 MQTT-3.3.2-3]', async (t) => {
  const watcher = await t.connect()
  await watcher.subscribe('$SYS/mine', { qos: 1 })
  const client = await t.open()
  const connack = await client.handshake({ will: { topic: '$SYS/mine', payload: 'x' } })
  if ((connack.returnCode ?? connack.reasonCode) === 0) await t.breaks(client)
  assert.equal(await inbox(watcher), [])
})

// Topics and delivery

both(
  'a publish from inside its own subscription reaches it, and the connection lives ' +
    '[3.1.1 MQTT-4.5.0-1] [5.0 MQTT-4.5.0-1]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('loop', { qos: 2 })
    await client.publish({ topic: 'loop', qos: 2, payload: '0' })
    for (let i = 0; i < 50; i++) {
      const message = await client.next('publish')
      assert.is(message.payload.toString(), `${i}`)
      await client.publish({ topic: 'loop', qos: (i % 3) as 0 | 1 | 2, payload: `${i + 1}` })
    }
    assert.is((await client.next('publish')).payload.toString(), '50')
  },
)

both(
  'a client that unsubscribes and subscribes between two messages gets both ' +
    '[3.1.1 MQTT-3.10.4-2] [5.0 MQTT-3.10.4-2]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('a', { qos: 1 })
    await t.publish('a=1')
    await client.unsubscribe('a')
    await client.subscribe('a', { qos: 1 })
    await t.publish('a=2')
    assert.equal(await inbox(client), ['a=1 q1', 'a=2 q1'])
  },
)

both(
  'thousands of subscriptions of one client are one copy of a message ' +
    '[3.1.1 MQTT-3.3.5-1] [5.0 MQTT-3.3.4-2]',
  async (t) => {
    const client = await t.connect()
    const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    const filters: string[] = []
    for (let bits = 0; bits < 256; bits++) {
      filters.push(letters.map((letter, i) => ((bits >> i) & 1 ? '+' : letter)).join('/'))
    }
    await client.subscribe(filters.map((topic) => ({ topic, qos: 1 as const })))
    await t.publish(`${letters.join('/')}=x`)
    assert.equal(await inbox(client), [`${letters.join('/')}=x q1`])
  },
)

both(
  'one message reaches 3.1, 3.1.1 and 5.0 subscribers alike [3.1.1 MQTT-4.5.0-1] ' +
    '[5.0 MQTT-4.5.0-1]',
  async (t) => {
    const clients: Client[] = []
    for (const version of [3, 4, 5] as const) clients.push(await t.connect({ version }))
    for (const client of clients) await client.subscribe('a', { qos: 1 })
    await t.publish('a=x')
    for (const client of clients) assert.equal(await inbox(client), ['a=x q1'])
  },
)

v4('a 3.1 client is accepted under its own name and level [MQTT-3.1.2-1]', async (t) => {
  const client = await t.send(connect({ name: 'MQIsdp', level: 3, payload: [field('old')] }))
  await client.next('connack')
  assert.equal(client.received, [hex('20020000')])
})

v4('level 3 under the name MQTT, or 4 under MQIsdp, is no version [MQTT-3.1.2-2]', async (t) => {
  for (const parts of [{ level: 3 }, { name: 'MQIsdp', level: 4 }]) {
    const client = await t.send(connect(parts))
    await client.closed
    assert.equal(client.received, [hex('20020001')])
  }
})

v5(
  'a PUBLISH with an alias and an empty topic keeps its other properties [MQTT-3.3.2-17]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('a')
    const user = hex('26 0001 6b 0001 76')
    const publisher = await t.sendConnected(
      publish(5, 'a', { properties: [hex('230001')] }),
      publish(5, '', { properties: [user, hex('230001'), hex('03000163')], payload: 'x' }),
    )
    await publisher.barrier()
    await client.next('publish')
    const message = await client.next('publish')
    assert.equal(message.properties, { userProperties: { k: 'v' }, contentType: 'c' })
  },
)

v5('an expiry of 0 is no delivery later, and no trap [MQTT-3.3.2-5]', async (t) => {
  const client = await t.persistent('s')
  await client.subscribe('a', { qos: 1 })
  await client.disconnect()
  const publisher = await t.connect()
  const properties = { messageExpiryInterval: 0 }
  await publisher.publish({ topic: 'a', qos: 1, payload: 'x', retain: true, properties })
  await t.advance(1000)
  assert.equal(await inbox(await t.persistent('s')), [])
  const late = await t.connect()
  await late.subscribe('a')
  assert.equal(await inbox(late), [])
})

v5('the largest expiry, 2^32 - 1 seconds, is kept and counted down [MQTT-3.3.2-6]', async (t) => {
  const client = await t.persistent('s')
  await client.subscribe('a', { qos: 1 })
  await client.disconnect()
  const publisher = await t.connect()
  const properties = { messageExpiryInterval: 0xffffffff }
  await publisher.publish({ topic: 'a', qos: 1, payload: 'x', properties })
  await t.advance(100_000)
  const message = await (await t.persistent('s')).next('publish')
  assert.is(message.properties?.messageExpiryInterval, 0xffffffff - 100)
})

spec.run()
