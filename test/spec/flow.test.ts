// Flow control (section 4.9), Receive Maximum and Maximum Packet Size, both ways, and the limits of
// the server's own queues.

import * as assert from 'uvu/assert'
import { field, hex, packet, publish, u8 } from './bytes.ts'
import { bytesOf, chapter, inbox, type Scene, publish as send, unread } from './kit.ts'

const spec = chapter('flow')
const { v4, v5, both } = spec

async function subscriber(t: Scene, receiveMaximum: number): ReturnType<Scene['connect']> {
  const client = await t.connect({ autoAck: false, properties: { receiveMaximum } })
  await client.subscribe('a', { qos: 2 })
  return client
}

for (const receiveMaximum of [1, 2, 5]) {
  v5(
    `no more than ${receiveMaximum} messages are in flight when the client says so ` +
      `[MQTT-3.3.4-9, MQTT-4.9.0-1, MQTT-4.9.0-2]`,
    async (t) => {
      const client = await subscriber(t, receiveMaximum)
      const names = [1, 2, 3, 4, 5, 6, 7].map((n) => `a=${n} q${n % 2 ? 1 : 2}`)
      await t.publish(...names)
      assert.equal(await inbox(client), names.slice(0, receiveMaximum))
      assert.equal(await inbox(client), [])
    },
  )
}

v5(
  'PUBACK and PUBCOMP give quota back, PUBREC does not [MQTT-4.9.0-2, MQTT-3.3.4-9]',
  async (t) => {
    const client = await subscriber(t, 2)
    await t.publish('a=1 q1', 'a=2 q2', 'a=3 q2', 'a=4 q1')
    assert.equal(await unread(client), ['publish a=1 q1 id1', 'publish a=2 q2 id2'])
    client.sendBytes(hex('50020002'))
    assert.equal(await unread(client), ['pubrel 2'])
    client.sendBytes(hex('40020001'))
    assert.equal(await inbox(client), ['a=3 q2'])
    client.sendBytes(hex('70020002'))
    assert.equal(await inbox(client), ['a=4 q1'])
  },
)

v5('a PUBREC of 0x80 or above gives quota back [MQTT-3.3.4-9]', async (t) => {
  const client = await subscriber(t, 1)
  await t.publish('a=1 q2', 'a=2 q2')
  assert.equal(await inbox(client), ['a=1 q2'])
  client.sendBytes(hex('5003000180'))
  assert.equal(await inbox(client), ['a=2 q2'])
})

v5('a repeated PUBACK gives no more quota than one [MQTT-4.9.0-1, MQTT-4.9.0-2]', async (t) => {
  const client = await subscriber(t, 1)
  await t.publish('a=1 q1', 'a=2 q1', 'a=3 q1')
  assert.equal(await inbox(client), ['a=1 q1'])
  client.sendBytes(hex('40020001 40020001 40020001'))
  assert.equal(await inbox(client), ['a=2 q1'])
})

v5('QoS 0 goes out though no quota is left [MQTT-4.9.0-2]', async (t) => {
  const client = await subscriber(t, 1)
  await client.subscribe('b')
  await t.publish('a=1 q1', 'a=2 q1', 'b=3 q0')
  assert.equal(await inbox(client), ['a=1 q1', 'b=3 q0'])
})

v5('with no quota left everything else is answered [MQTT-3.3.4-10, MQTT-4.9.0-3]', async (t) => {
  const client = await subscriber(t, 1)
  await t.publish('a=1 q2', 'a=2 q1')
  assert.equal(await inbox(client), ['a=1 q2'])
  await client.subscribe('b')
  await client.unsubscribe('b')
  assert.equal((await client.publish({ topic: 'x', qos: 1 }))[0]?.cmd, 'puback')
  assert.equal((await client.publish({ topic: 'x', qos: 2 }))[1]?.cmd, 'pubcomp')
  client.sendBytes(hex('50020001'))
  assert.equal(await unread(client), ['pubrel 1'])
})

v5(
  'the quota is new on a new connection and counts what is sent again [MQTT-4.9.0-1]',
  async (t) => {
    const small = { autoAck: false, properties: { receiveMaximum: 2 } }
    const client = await t.persistent('s', small)
    await client.subscribe('a', { qos: 1 })
    await t.publish('a=1', 'a=2', 'a=3')
    assert.equal(await inbox(client), ['a=1 q1', 'a=2 q1'])
    await t.breaks(client)
    const again = await t.persistent('s', small)
    assert.equal(await inbox(again), ['a=1 q1 dup', 'a=2 q1 dup'])
  },
)

v5('a smaller quota on a new connection holds for what is sent again [MQTT-3.3.4-9]', async (t) => {
  const client = await t.persistent('s', { autoAck: false })
  await client.subscribe('a', { qos: 1 })
  await t.publish('a=1', 'a=2', 'a=3')
  await client.barrier()
  await t.breaks(client)
  const again = await t.persistent('s', { autoAck: false, properties: { receiveMaximum: 1 } })
  assert.equal(await inbox(again), ['a=1 q1 dup'])
  again.sendBytes(hex('40020001'))
  assert.equal(await inbox(again), ['a=2 q1 dup'])
})

v5(
  'PUBREL is sent again after a reconnect though no quota is left ' +
    '[MQTT-3.3.4-10, MQTT-4.9.0-3, MQTT-4.4.0-1]',
  async (t) => {
    const client = await t.persistent('s', { autoAck: false })
    await client.subscribe('a', { qos: 2 })
    await t.publish('a=1 q1', 'a=2 q2', 'a=3 q2')
    await client.barrier()
    client.sendBytes(hex('50020002 50020003'))
    assert.equal(await unread(client), ['pubrel 2', 'pubrel 3'])
    await t.breaks(client)
    const again = await t.persistent('s', { autoAck: false, properties: { receiveMaximum: 1 } })
    assert.equal((await unread(again)).sort(), ['publish a=1 q1 id1 dup', 'pubrel 2', 'pubrel 3'])
  },
)

both(
  'the server keeps to its own limit of messages in flight [3.1.1 MQTT-4.3.2-1] [5.0 MQTT-4.9.0-1]',
  async (t) => {
    await t.broker({ inflightMax: 3 })
    const client = await t.connect({ autoAck: false })
    await client.subscribe('a', { qos: 1 })
    await t.publish('a=1', 'a=2', 'a=3', 'a=4')
    assert.equal(await inbox(client), ['a=1 q1', 'a=2 q1', 'a=3 q1'])
    client.sendBytes(hex('40020002'))
    assert.equal(await inbox(client), ['a=4 q1'])
  },
)

v5(
  'more QoS 2 messages than the Receive Maximum of the server get 0x93 [MQTT-3.3.4-7]',
  async (t) => {
    await t.broker({ receiveMax: 2 })
    const messages = [1, 2, 3].map((id) => publish(5, 'a', { first: 0x34, id }))
    const client = await t.sendConnected(...messages)
    const told = (await client.closed).filter(({ cmd }) => cmd !== 'pubrec')
    assert.equal(
      told.map(({ cmd }) => cmd),
      ['disconnect'],
    )
    assert.is((told[0] as { reasonCode?: number }).reasonCode, 0x93)
  },
)

v5(
  'as many QoS 2 messages as the Receive Maximum are welcome, over and over ' +
    '[MQTT-3.3.4-7, MQTT-4.9.0-3]',
  async (t) => {
    await t.broker({ receiveMax: 2 })
    const client = await t.connect()
    for (const _ of [1, 2, 3]) {
      for (const id of [1, 2]) client.sendBytes(publish(5, 'a', { first: 0x34, id }))
      assert.equal(await unread(client), ['pubrec 1 0x10', 'pubrec 2 0x10'])
      client.sendBytes(hex('62020001 62020002'))
      assert.equal(await unread(client), ['pubcomp 1', 'pubcomp 2'])
    }
  },
)

v5('a repeated QoS 2 message counts once against the Receive Maximum [MQTT-3.3.4-7]', async (t) => {
  await t.broker({ receiveMax: 1 })
  const client = await t.connect()
  client.sendBytes(publish(5, 'a', { first: 0x34, id: 1 }))
  client.sendBytes(publish(5, 'a', { first: 0x3c, id: 1 }))
  assert.equal((await unread(client)).length, 2)
})

v4(
  '3.1.1 knows no Receive Maximum: QoS 2 messages beyond it are answered [MQTT-4.3.3-2]',
  async (t) => {
    await t.broker({ receiveMax: 2 })
    const messages = [1, 2, 3].map((id) => publish(4, 'a', { first: 0x34, id }))
    assert.equal(await unread(await t.sendConnected(...messages)), [
      'pubrec 1',
      'pubrec 2',
      'pubrec 3',
    ])
  },
)

// Packet size

both(
  'a packet of the largest size is taken, one byte more closes [3.1.1 MQTT-4.8.0-1] ' +
    '[5.0 MQTT-3.2.2-15]',
  async (t) => {
    await t.broker({ packetSizeMax: 200 })
    const head = packet(0x30, field('a'), t.version === 5 ? u8(0) : Buffer.alloc(0)).length
    const client = await t.connect()
    await client.subscribe('a')
    // The remaining length takes a second byte from 128 on.
    const exact = 'x'.repeat(200 - head - 1)
    client.sendBytes(publish(t.version, 'a', { payload: exact }))
    assert.equal(await inbox(client), [`a=${exact} q0`])
    client.sendBytes(publish(t.version, 'a', { payload: `${exact}x` }))
    await t.fails(client, 0x95)
  },
)

both(
  'a packet that announces too much closes before it has arrived [3.1.1 MQTT-4.8.0-1] ' +
    '[5.0 MQTT-3.2.2-15]',
  async (t) => {
    await t.broker({ packetSizeMax: 200 })
    await t.fails(await t.sendConnected(hex('30 ffff7f')), 0x95)
  },
)

both(
  'without a setting the largest packet is 1 MiB [3.1.1 MQTT-4.8.0-1] [5.0 MQTT-3.2.2-15]',
  async (t) => {
    const client = await t.connect()
    if (t.version === 5) assert.is(client.connack?.properties?.maximumPacketSize, 1024 * 1024)
    await client.subscribe('a')
    const payload = Buffer.alloc(1024 * 1024 - 8)
    client.sendBytes(publish(t.version, 'a', { payload: payload.toString('latin1') }))
    assert.is((await client.next('publish')).payload.length, payload.length)
    await t.fails(await t.sendConnected(hex('30 808040')), 0x95)
  },
)

v5(
  'a message larger than the client takes is not sent; the next one is [MQTT-3.1.2-24, ' +
    'MQTT-3.1.2-25]',
  async (t) => {
    const client = await t.connect({ properties: { maximumPacketSize: 40 } })
    await client.subscribe('a', { qos: 1 })
    const long = 'x'.repeat(40)
    await t.publish('a=1', `a=${long} q1`, `a=${long} q0`, `a=${long} q2`, 'a=2')
    assert.equal(await inbox(client), ['a=1 q1', 'a=2 q1'])
  },
)

v5('a message of exactly the size the client takes is sent [MQTT-3.1.2-24]', async (t) => {
  const client = await t.connect({ properties: { maximumPacketSize: 40 } })
  await client.subscribe('a', { qos: 1 })
  // 2 bytes of fixed header, 3 of topic, 2 of identifier, 1 of properties.
  await t.publish(`a=${'x'.repeat(32)}`, `a=${'y'.repeat(33)}`)
  assert.equal(await inbox(client), [`a=${'x'.repeat(32)} q1`])
  assert.is(Buffer.from(bytesOf(client)[1] ?? '', 'hex').length, 40)
})

v5('a message too large holds no quota and no identifier [MQTT-3.1.2-25]', async (t) => {
  const properties = { maximumPacketSize: 40, receiveMaximum: 1 }
  const client = await t.connect({ properties })
  await client.subscribe('a', { qos: 1 })
  await t.publish(...Array.from({ length: 5 }, () => `a=${'x'.repeat(50)}`), 'a=1', 'a=2')
  assert.equal(await inbox(client), ['a=1 q1', 'a=2 q1'])
})

v5(
  'a queued message too large for the new connection is dropped as if sent [MQTT-3.1.2-25]',
  async (t) => {
    const client = await t.persistent('s')
    await client.subscribe('a', { qos: 1 })
    await client.disconnect()
    await t.publish('a=1', `a=${'x'.repeat(50)}`, 'a=2')
    const again = await t.persistent('s', { properties: { maximumPacketSize: 40 } })
    assert.equal(await inbox(again), ['a=1 q1', 'a=2 q1'])
    await again.disconnect()
    assert.equal(await inbox(await t.persistent('s')), [])
  },
)

v5(
  'a message in flight that is too large for the new connection is given up [MQTT-3.1.2-24]',
  async (t) => {
    const client = await t.persistent('s', { autoAck: false })
    await client.subscribe('a', { qos: 1 })
    await t.publish(`a=${'x'.repeat(50)}`, 'a=2')
    await client.barrier()
    await t.breaks(client)
    const again = await t.persistent('s', { properties: { maximumPacketSize: 40 } })
    assert.equal(await inbox(again), ['a=2 q1 dup'])
  },
)

v5('a retained message too large for the client is not sent [MQTT-3.1.2-24]', async (t) => {
  await t.publish(`a=${'x'.repeat(50)} retain`, 'b=1 retain')
  const client = await t.connect({ properties: { maximumPacketSize: 40 } })
  await client.subscribe('#', { qos: 1 })
  assert.equal(await inbox(client), ['b=1 q1 retain'])
})

v5(
  'what others take whole does not depend on the one with the small limit [MQTT-3.1.2-24]',
  async (t) => {
    const small = await t.connect({ properties: { maximumPacketSize: 40 } })
    const large = await t.connect()
    for (const client of [small, large]) await client.subscribe('a')
    const long = 'x'.repeat(50)
    await t.publish(`a=${long} q0`)
    assert.equal([await inbox(small), await inbox(large)], [[], [`a=${long} q0`]])
  },
)

// Queue limits

both('a full queue drops the oldest message [3.1.1 MQTT-3.1.2-5] [5.0 MQTT-4.5.0-1]', async (t) => {
  await t.broker({ queueMessagesMax: 3 })
  const client = await t.persistent('s')
  await client.subscribe('a', { qos: 1 })
  await client.disconnect()
  await t.publish('a=1', 'a=2', 'a=3', 'a=4', 'a=5')
  assert.equal(await inbox(await t.persistent('s')), ['a=3 q1', 'a=4 q1', 'a=5 q1'])
})

both(
  'set to drop the newest, a full queue keeps the oldest [3.1.1 MQTT-3.1.2-5] [5.0 MQTT-4.5.0-1]',
  async (t) => {
    await t.broker({ queueMessagesMax: 3, queueDrop: 'newest' })
    const client = await t.persistent('s')
    await client.subscribe('a', { qos: 1 })
    await client.disconnect()
    const publisher = await t.connect()
    await send(publisher, 'a=1', 'a=2', 'a=3', 'a=4', 'a=5')
    assert.equal(await inbox(await t.persistent('s')), ['a=1 q1', 'a=2 q1', 'a=3 q1'])
  },
)

spec.run()
