// Retained messages (section 3.3.1.3): what is kept, what a subscription gets of it, and RETAIN
// on the way out.

import * as assert from 'uvu/assert'
import { hex, publish } from './bytes.ts'
import { chapter, inbox, type Scene, unread } from './kit.ts'

const spec = chapter('retained')
const { v4, v5, both } = spec

/** What a new subscriber gets, sorted: the order of retained messages of several topics is free. */
async function retained(t: Scene, filter = '#', options = {}): Promise<string[]> {
  const client = await t.connect()
  await client.subscribe(filter, { qos: 2, ...options })
  const messages = (await inbox(client)).sort()
  client.drop()
  return messages
}

both(
  'a retained message reaches later subscribers with RETAIN [3.1.1 MQTT-3.3.1-5, ' +
    'MQTT-3.3.1-6, MQTT-3.3.1-8] [5.0 MQTT-3.3.1-5, MQTT-3.3.1-9]',
  async (t) => {
    await t.publish('a=x retain')
    assert.equal(await retained(t), ['a=x q1 retain'])
  },
)

for (const qos of [0, 1, 2]) {
  both(
    `QoS ${qos} is retained with the message [3.1.1 MQTT-3.3.1-5] [5.0 MQTT-3.3.1-5]`,
    async (t) => {
      await t.publish(`a=x q${qos} retain`)
      for (const granted of [0, 1, 2] as const) {
        const expected = `a=x q${Math.min(qos, granted)} retain`
        assert.equal(await retained(t, 'a', { qos: granted }), [expected])
      }
    },
  )
}

both(
  'the last retained message of a topic replaces the one before [3.1.1 MQTT-3.3.1-5] ' +
    '[5.0 MQTT-3.3.1-5]',
  async (t) => {
    await t.publish('a=1 q1 retain', 'a=2 q2 retain', 'b=3 retain', 'a=4 q0 retain')
    assert.equal(await retained(t), ['a=4 q0 retain', 'b=3 q1 retain'])
  },
)

v4('a retained QoS 0 message discards the one before [MQTT-3.3.1-7]', async (t) => {
  await t.publish('a=old q1 retain', 'a=new q0 retain')
  assert.equal(await retained(t), ['a=new q0 retain'])
})

both(
  'an empty retained message removes the one before, and is forwarded ' +
    '[3.1.1 MQTT-3.3.1-10] [5.0 MQTT-3.3.1-6]',
  async (t) => {
    await t.publish('a=x retain', 'b=y retain')
    const client = await t.connect()
    await client.subscribe('a', { qos: 1 })
    assert.equal(await inbox(client), ['a=x q1 retain'])
    await t.publish('a= retain')
    assert.equal(await inbox(client), ['a= q1'])
    assert.equal(await retained(t), ['b=y q1 retain'])
  },
)

for (const qos of [0, 2]) {
  both(
    `an empty retained message of QoS ${qos} removes as well [3.1.1 MQTT-3.3.1-10] ` +
      `[5.0 MQTT-3.3.1-6]`,
    async (t) => {
      await t.publish('a=x retain', `a= q${qos} retain`)
      assert.equal(await retained(t), [])
    },
  )
}

both('an empty message is not retained [3.1.1 MQTT-3.3.1-11] [5.0 MQTT-3.3.1-7]', async (t) => {
  await t.publish('a= retain')
  assert.equal(await retained(t), [])
})

both(
  'a message without RETAIN leaves the retained one alone, empty or not ' +
    '[3.1.1 MQTT-3.3.1-12] [5.0 MQTT-3.3.1-8]',
  async (t) => {
    await t.publish('b=none', 'a=x retain', 'a=y', 'a=')
    assert.equal(await retained(t), ['a=x q1 retain'])
  },
)

both(
  'an established subscription gets RETAIN 0 [3.1.1 MQTT-3.3.1-9] [5.0 MQTT-3.3.1-12]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('a', { qos: 1 })
    await t.publish('a=1 retain', 'a=2')
    assert.equal(await inbox(client), ['a=1 q1', 'a=2 q1'])
  },
)

both(
  'a queued message of an established subscription gets RETAIN 0 [3.1.1 MQTT-3.3.1-9] ' +
    '[5.0 MQTT-3.3.1-12]',
  async (t) => {
    const client = await t.persistent('s')
    await client.subscribe('a', { qos: 1 })
    await client.disconnect()
    await t.publish('a=1 retain')
    assert.equal(await inbox(await t.persistent('s')), ['a=1 q1'])
  },
)

v5('Retain As Published keeps RETAIN as the publisher set it [MQTT-3.3.1-13]', async (t) => {
  const client = await t.connect()
  await client.subscribe('a', { qos: 1, rap: true })
  await t.publish('a=1 retain', 'a=2')
  assert.equal(await inbox(client), ['a=1 q1 retain', 'a=2 q1'])
})

v5('Retain As Published holds for queued messages too [MQTT-3.3.1-13]', async (t) => {
  const client = await t.persistent('s')
  await client.subscribe('a', { qos: 1, rap: true })
  await client.disconnect()
  await t.publish('a=1 retain', 'a=2')
  assert.equal(await inbox(await t.persistent('s')), ['a=1 q1 retain', 'a=2 q1'])
})

v5(
  'without Retain As Published a new subscription still gets RETAIN 1 [MQTT-3.3.1-9]',
  async (t) => {
    await t.publish('a=x retain')
    assert.equal(await retained(t, 'a', { rap: false }), ['a=x q1 retain'])
  },
)

both(
  'every matching retained message is sent, no other [3.1.1 MQTT-3.3.1-6] [5.0 MQTT-3.3.1-9]',
  async (t) => {
    const topics = ['a', 'a/b', 'a/b/c', 'a//c', '/a', 'b', '$x/a']
    await t.publish(...topics.map((topic) => `${topic}=x retain`))
    const cases: [string, string[]][] = [
      ['#', ['/a', 'a', 'a//c', 'a/b', 'a/b/c', 'b']],
      ['+', ['a', 'b']],
      ['a/#', ['a', 'a//c', 'a/b', 'a/b/c']],
      ['a/+/c', ['a//c', 'a/b/c']],
      ['+/b', ['a/b']],
      ['/+', ['/a']],
      ['+/+', ['/a', 'a/b']],
      ['$x/#', ['$x/a']],
      ['a/b', ['a/b']],
      ['none', []],
    ]
    for (const [filter, expected] of cases) {
      const messages = expected.map((topic) => `${topic}=x q1 retain`)
      assert.equal(await retained(t, filter), messages.sort(), filter)
    }
  },
)

both(
  'SUBACK comes before the retained messages it causes [3.1.1 MQTT-3.8.4-1] [5.0 MQTT-3.8.4-1]',
  async (t) => {
    await t.publish('a=x retain')
    const client = await t.connect()
    client.send({ cmd: 'subscribe', messageId: 9, subscriptions: [{ topic: 'a', qos: 0 }] })
    assert.equal(await unread(client), ['suback 9 0x00', 'publish a=x q0 retain'])
  },
)

both(
  'several filters of one SUBSCRIBE each get their retained messages ' +
    '[3.1.1 MQTT-3.8.4-4] [5.0 MQTT-3.8.4-5]',
  async (t) => {
    await t.publish('a=x retain', 'b=y retain')
    const client = await t.connect()
    await client.subscribe([
      { topic: 'b', qos: 0 },
      { topic: '+', qos: 1 },
    ])
    const messages = await inbox(client)
    assert.equal(messages.sort(), ['a=x q1 retain', 'b=y q0 retain', 'b=y q1 retain'])
  },
)

v4('subscribing again sends the retained messages again [MQTT-3.8.4-3]', async (t) => {
  await t.publish('a=x retain')
  const client = await t.connect()
  for (const _ of [1, 2]) await client.subscribe('a', { qos: 1 })
  assert.equal(await inbox(client), ['a=x q1 retain', 'a=x q1 retain'])
})

v5(
  'Retain Handling 0 sends retained messages each time [MQTT-3.8.4-4, MQTT-3.3.1-9]',
  async (t) => {
    await t.publish('a=x retain')
    const client = await t.connect()
    for (const _ of [1, 2]) await client.subscribe('a', { qos: 1, rh: 0 })
    assert.equal(await inbox(client), ['a=x q1 retain', 'a=x q1 retain'])
  },
)

v5('Retain Handling 1 sends them to a new subscription only [MQTT-3.3.1-10]', async (t) => {
  await t.publish('a=x retain')
  const client = await t.connect()
  await client.subscribe('a', { qos: 1, rh: 1 })
  assert.equal(await inbox(client), ['a=x q1 retain'])
  await client.subscribe('a', { qos: 2, rh: 1 })
  assert.equal(await inbox(client), [])
  await client.unsubscribe('a')
  await client.subscribe('a', { qos: 1, rh: 1 })
  assert.equal(await inbox(client), ['a=x q1 retain'])
})

v5('Retain Handling 1 knows the subscription of a resumed session [MQTT-3.3.1-10]', async (t) => {
  const client = await t.persistent('s')
  await client.subscribe('a', { qos: 1, rh: 1 })
  await client.disconnect()
  await t.publish('b=y retain')
  const again = await t.persistent('s')
  await again.subscribe('b', { qos: 1, rh: 1 })
  assert.equal(await inbox(again), ['b=y q1 retain'])
  await again.subscribe('b', { qos: 1, rh: 1 })
  assert.equal(await inbox(again), [])
})

v5('Retain Handling 2 sends none [MQTT-3.3.1-11]', async (t) => {
  await t.publish('a=x retain')
  assert.equal(await retained(t, 'a', { rh: 2 }), [])
})

v5(
  'a retained message carries the subscription identifier of the new subscription [MQTT-3.3.4-3]',
  async (t) => {
    await t.publish('a=x retain')
    const client = await t.connect()
    await client.subscribe('#', { properties: { subscriptionIdentifier: 3 } })
    await client.barrier()
    await client.subscribe('a', { properties: { subscriptionIdentifier: 4 } })
    assert.is((await client.next('publish')).properties?.subscriptionIdentifier, 4)
  },
)

both(
  'retained messages outlive the session of their publisher [3.1.1 MQTT-3.1.2-7] ' +
    '[5.0 MQTT-3.3.1-5]',
  async (t) => {
    const client = await t.connect({ clientId: 'p' })
    await client.publish({ topic: 'a', payload: 'x', qos: 1, retain: true })
    await client.disconnect()
    await (await t.connect({ clientId: 'p' })).disconnect()
    assert.equal(await retained(t), ['a=x q1 retain'])
  },
)

both(
  'a retained QoS 2 message is retained once PUBREC is sent [3.1.1 MQTT-3.3.1-5] ' +
    '[5.0 MQTT-3.3.1-5]',
  async (t) => {
    const publisher = await t.connect()
    publisher.sendBytes(publish(t.version, 'a', { first: 0x35, id: 1, payload: 'x' }))
    await publisher.next('pubrec')
    assert.equal(await retained(t), ['a=x q2 retain'])
    publisher.sendBytes(hex('62020001'))
    await publisher.barrier()
    assert.equal(await retained(t), ['a=x q2 retain'])
  },
)

v5('a retained message that has expired is not sent [MQTT-3.3.2-5]', async (t) => {
  const publisher = await t.connect()
  const properties = { messageExpiryInterval: 10 }
  await publisher.publish({ topic: 'a', payload: 'x', qos: 1, retain: true, properties })
  await t.advance(8000)
  assert.equal(await retained(t), ['a=x q1 retain'])
  await t.advance(4000)
  assert.equal(await retained(t), [])
})

v5('the expiry of a retained message is what is left of it [MQTT-3.3.2-6]', async (t) => {
  const publisher = await t.connect()
  const properties = { messageExpiryInterval: 100 }
  await publisher.publish({ topic: 'a', payload: 'x', qos: 1, retain: true, properties })
  await t.advance(30_000)
  const client = await t.connect()
  await client.subscribe('a')
  assert.is((await client.next('publish')).properties?.messageExpiryInterval, 70)
})

both(
  'a topic that begins with $ may be retained [3.1.1 MQTT-4.7.2-1] [5.0 MQTT-4.7.2-1]',
  async (t) => {
    await t.publish('$x/y=z retain')
    assert.equal(await retained(t, '#'), [])
    assert.equal(await retained(t, '+/y'), [])
    assert.equal(await retained(t, '$x/+'), ['$x/y=z q1 retain'])
  },
)

spec.run()
