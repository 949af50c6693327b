// Sessions (section 4.1): resuming, discarding, expiring, and being taken over by another
// connection.

import * as assert from 'uvu/assert'
import { chapter, ending, inbox, unread } from './kit.ts'

const spec = chapter('session')
const { v4, v5, both } = spec

both(
  'a session resumes with its subscriptions [3.1.1 MQTT-3.1.2-4, MQTT-4.1.0-1] ' +
    '[5.0 MQTT-3.1.2-5, MQTT-3.1.2-23]',
  async (t) => {
    const client = await t.persistent('s')
    await client.subscribe('a/+', { qos: 1 })
    await client.disconnect()
    const again = await t.persistent('s')
    assert.is(again.connack?.sessionPresent, true)
    await t.publish('a/b=x')
    assert.equal(await inbox(again), ['a/b=x q1'])
  },
)

both(
  'without a session one is created [3.1.1 MQTT-3.1.2-4, MQTT-3.1.4-3] ' +
    '[5.0 MQTT-3.1.2-6, MQTT-3.1.4-4]',
  async (t) => {
    const client = await t.persistent('s')
    assert.is(client.connack?.sessionPresent, false)
    await client.disconnect()
    assert.is((await t.persistent('s')).connack?.sessionPresent, true)
  },
)

both(
  'QoS 1 and 2 messages are kept for a session without connection [3.1.1 MQTT-3.1.2-5, ' +
    'MQTT-4.5.0-1] [5.0 MQTT-3.1.2-23, MQTT-4.5.0-1]',
  async (t) => {
    const client = await t.persistent('s')
    await client.subscribe('a', { qos: 2 })
    await client.disconnect()
    await t.publish('a=1 q1', 'b=2 q1', 'a=3 q2')
    assert.equal(await inbox(await t.persistent('s')), ['a=1 q1', 'a=3 q2'])
  },
)

both(
  'a message above QoS 0 for a QoS 0 subscription is not kept as more than QoS 0 ' +
    '[3.1.1 MQTT-3.8.4-6] [5.0 MQTT-3.8.4-8]',
  async (t) => {
    const client = await t.persistent('s')
    await client.subscribe('a', { qos: 0 })
    await client.subscribe('b', { qos: 1 })
    await client.disconnect()
    await t.publish('a=1 q1', 'b=2 q1')
    assert.equal(
      (await inbox(await t.persistent('s'))).filter((text) => !text.includes('q0')),
      ['b=2 q1'],
    )
  },
)

both(
  'a lost connection keeps the session as DISCONNECT does [3.1.1 MQTT-3.1.2-5] [5.0 MQTT-3.1.2-23]',
  async (t) => {
    const client = await t.persistent('s')
    await client.subscribe('a', { qos: 1 })
    await t.breaks(client)
    await t.publish('a=x')
    assert.equal(await inbox(await t.persistent('s')), ['a=x q1'])
  },
)

both(
  'a clean start discards the session: its subscriptions [3.1.1 MQTT-3.1.2-6, ' +
    'MQTT-3.1.4-3] [5.0 MQTT-3.1.2-4, MQTT-3.1.4-4]',
  async (t) => {
    const client = await t.persistent('s')
    await client.subscribe('a', { qos: 1 })
    await client.disconnect()
    const clean = await t.connect({ clientId: 's' })
    assert.is(clean.connack?.sessionPresent, false)
    await t.publish('a=x')
    assert.equal(await inbox(clean), [])
  },
)

both(
  'a clean start discards the session: its queue and what was in flight ' +
    '[3.1.1 MQTT-3.1.2-6] [5.0 MQTT-3.1.2-4]',
  async (t) => {
    const client = await t.persistent('s', { autoAck: false })
    await client.subscribe('a', { qos: 2 })
    await t.publish('a=1 q1', 'a=2 q2')
    await client.barrier()
    await client.disconnect()
    await t.publish('a=3 q1')
    assert.equal(await unread(await t.connect({ clientId: 's' })), [])
    assert.equal(await unread(await t.persistent('s')), [])
  },
)

both(
  'a clean start discards the session: QoS 2 identifiers received [3.1.1 MQTT-3.1.2-6] ' +
    '[5.0 MQTT-3.1.2-4]',
  async (t) => {
    const watcher = await t.connect()
    await watcher.subscribe('a')
    for (const payload of ['1', '2']) {
      const client = await t.connect({ clientId: 's' })
      client.send({ cmd: 'publish', topic: 'a', qos: 2, messageId: 5, payload })
      await client.next('pubrec')
      await t.breaks(client)
    }
    assert.equal(await inbox(watcher), ['a=1 q0', 'a=2 q0'])
  },
)

v4('a clean session ends with its connection [MQTT-3.1.2-6]', async (t) => {
  const client = await t.connect({ clientId: 's' })
  await client.subscribe('a', { qos: 1 })
  await client.disconnect()
  await t.publish('a=x')
  const again = await t.persistent('s')
  assert.is(again.connack?.sessionPresent, false)
  assert.equal(await inbox(again), [])
})

v5('a session without expiry ends with its connection [MQTT-4.1.0-2]', async (t) => {
  const client = await t.connect({ clientId: 's', clean: false })
  await client.subscribe('a', { qos: 1 })
  await client.disconnect()
  await t.publish('a=x')
  const again = await t.persistent('s')
  assert.is(again.connack?.sessionPresent, false)
  assert.equal(await inbox(again), [])
})

v5('a clean start with expiry makes a session that lasts [MQTT-3.1.2-23]', async (t) => {
  const properties = { sessionExpiryInterval: 100 }
  const client = await t.connect({ clientId: 's', clean: true, properties })
  await client.subscribe('a', { qos: 1 })
  await client.disconnect()
  await t.publish('a=x')
  assert.equal(await inbox(await t.persistent('s')), ['a=x q1'])
})

v5('a session ends when its expiry has passed, not before [MQTT-4.1.0-2]', async (t) => {
  const lasting = { properties: { sessionExpiryInterval: 60 } }
  await (await t.persistent('s', lasting)).disconnect()
  await t.advance(58_000)
  const again = await t.persistent('s', lasting)
  assert.is(again.connack?.sessionPresent, true)
  await again.disconnect()
  await t.advance(62_000)
  assert.is((await t.persistent('s', lasting)).connack?.sessionPresent, false)
})

v5(
  'expiry is counted from the end of the last connection [MQTT-4.1.0-1, MQTT-4.1.0-2]',
  async (t) => {
    const lasting = { properties: { sessionExpiryInterval: 60 } }
    const client = await t.persistent('s', lasting)
    await t.advance(3_600_000)
    await client.subscribe('a', { qos: 1 })
    await client.disconnect()
    await t.advance(58_000)
    assert.is((await t.persistent('s', lasting)).connack?.sessionPresent, true)
  },
)

v5('a session that has expired matches no more [MQTT-4.1.0-2]', async (t) => {
  const client = await t.persistent('s', { properties: { sessionExpiryInterval: 10 } })
  await client.subscribe('a', { qos: 1 })
  await client.disconnect()
  const publisher = await t.connect()
  assert.is((await publisher.publish({ topic: 'a', qos: 1 }))[0]?.reasonCode, 0)
  await t.advance(12_000)
  assert.is((await publisher.publish({ topic: 'a', qos: 1 }))[0]?.reasonCode, 0x10)
})

v5('the expiry of a later CONNECT replaces that of the one before [MQTT-4.1.0-2]', async (t) => {
  await (await t.persistent('s', { properties: { sessionExpiryInterval: 1000 } })).disconnect()
  await (await t.persistent('s', { properties: { sessionExpiryInterval: 0 } })).disconnect()
  assert.is((await t.persistent('s')).connack?.sessionPresent, false)
})

both(
  'no session lasts beyond the cap of the server [3.1.1 MQTT-4.1.0-1] [5.0 MQTT-4.1.0-2]',
  async (t) => {
    await t.broker({ sessionExpiryMax: 100 })
    await (await t.persistent('s')).disconnect()
    await t.advance(98_000)
    const again = await t.persistent('s')
    assert.is(again.connack?.sessionPresent, true)
    await again.disconnect()
    await t.advance(102_000)
    assert.is((await t.persistent('s')).connack?.sessionPresent, false)
  },
)

both('a session lasts as long as its connection [MQTT-4.1.0-1]', async (t) => {
  const client = await t.connect()
  await client.subscribe('a', { qos: 1 })
  await t.advance(365 * 24 * 3_600_000)
  await t.publish('a=x')
  assert.equal(await inbox(client), ['a=x q1'])
})

v4(
  'a session lasts at least as long as its connection, whatever the cap [MQTT-4.1.0-2]',
  async (t) => {
    await t.broker({ sessionExpiryMax: 10 })
    const client = await t.persistent('s')
    await client.subscribe('a', { qos: 1 })
    await t.advance(1_000_000)
    await t.publish('a=x')
    assert.equal(await inbox(client), ['a=x q1'])
  },
)

v4('the same client id again closes the older connection [MQTT-3.1.4-2]', async (t) => {
  const old = await t.connect({ clientId: 'same' })
  const next = await t.connect({ clientId: 'same' })
  assert.equal(await ending(old), [])
  assert.equal(await unread(next), [])
})

v5(
  'the same client id again: the older connection gets DISCONNECT 0x8e [MQTT-3.1.4-3]',
  async (t) => {
    const old = await t.connect({ clientId: 'same' })
    const next = await t.connect({ clientId: 'same' })
    assert.equal(await ending(old), ['disconnect 0x8e'])
    assert.equal(await unread(next), [])
  },
)

both(
  'a takeover goes from one version to the other [3.1.1 MQTT-3.1.4-2] [5.0 MQTT-3.1.4-3]',
  async (t) => {
    const old = await t.persistent('same')
    await old.subscribe('a', { qos: 1 })
    const next = await t.connect({
      clientId: 'same',
      clean: false,
      version: t.version === 5 ? 4 : 5,
    })
    assert.equal(await ending(old), t.version === 5 ? ['disconnect 0x8e'] : [])
    assert.is(next.connack?.sessionPresent, true)
    await t.publish('a=x')
    assert.equal(await inbox(next), ['a=x q1'])
  },
)

both(
  'a taken-over session goes on without loss [3.1.1 MQTT-3.1.4-2, MQTT-3.1.2-4] ' +
    '[5.0 MQTT-3.1.4-3, MQTT-3.1.2-5]',
  async (t) => {
    const old = await t.persistent('s', { autoAck: false })
    await old.subscribe('a', { qos: 1 })
    await t.publish('a=1')
    assert.equal(await inbox(old), ['a=1 q1'])
    const next = await t.persistent('s')
    assert.is(next.connack?.sessionPresent, true)
    await t.publish('a=2')
    assert.equal(await inbox(next), ['a=1 q1 dup', 'a=2 q1'])
  },
)

both('a clean takeover starts anew [3.1.1 MQTT-3.1.2-6] [5.0 MQTT-3.1.2-4]', async (t) => {
  const old = await t.persistent('s')
  await old.subscribe('a', { qos: 1 })
  const next = await t.connect({ clientId: 's' })
  assert.is(next.connack?.sessionPresent, false)
  await old.closed
  await t.publish('a=x')
  assert.equal(await inbox(next), [])
})

both(
  'retained messages are no part of a session [3.1.1 MQTT-3.1.2-7] [5.0 MQTT-3.1.2-4]',
  async (t) => {
    const client = await t.persistent('s')
    await client.publish({ topic: 'a', qos: 1, payload: 'x', retain: true })
    await client.disconnect()
    await (await t.connect({ clientId: 's' })).disconnect()
    const late = await t.connect()
    await late.subscribe('a')
    assert.equal(await inbox(late), ['a=x q0 retain'])
  },
)

both(
  'a session counts as a match though its client is away [3.1.1 MQTT-4.5.0-1] [5.0 MQTT-4.5.0-1]',
  async (t) => {
    const client = await t.persistent('s')
    await client.subscribe('a', { qos: 1 })
    await client.disconnect()
    const [puback] = await (await t.connect()).publish({ topic: 'a', qos: 1 })
    assert.is(puback?.reasonCode ?? 0, 0)
  },
)

spec.run()
