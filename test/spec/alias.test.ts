// Topic aliases (section 3.3.2.3.4), which 5.0 alone has: those of the client, which the server
// must resolve or refuse, and those of the server, which the client must be able to resolve.

import * as assert from 'uvu/assert'
import { hex, publish, u8, u16 } from './bytes.ts'
import { chapter, inbox, type Scene, unread } from './kit.ts'

const spec = chapter('alias')
const { v5 } = spec

const aliased = (topic: string, alias: number, payload: string): Buffer =>
  publish(5, topic, { properties: [u8(0x23), u16(alias)], payload })

async function watcher(t: Scene, properties = {}): ReturnType<Scene['connect']> {
  const client = await t.connect({ properties })
  await client.subscribe('#')
  return client
}

v5('an alias stands for the topic it came with [MQTT-3.3.2-12]', async (t) => {
  const watching = await watcher(t)
  const client = await t.sendConnected(aliased('a/b', 1, '1'), aliased('', 1, '2'))
  await client.barrier()
  assert.equal(await inbox(watching), ['a/b=1 q0', 'a/b=2 q0'])
})

v5('an alias given again stands for the newer topic [MQTT-3.3.2-12]', async (t) => {
  const watching = await watcher(t)
  const client = await t.sendConnected(
    aliased('a', 1, '1'),
    aliased('b', 1, '2'),
    aliased('', 1, '3'),
  )
  await client.barrier()
  assert.equal(await inbox(watching), ['a=1 q0', 'b=2 q0', 'b=3 q0'])
})

v5('every alias up to the maximum of the server is taken [MQTT-3.3.2-12]', async (t) => {
  const watching = await watcher(t)
  const client = await t.connect()
  const maximum = client.connack?.properties?.topicAliasMaximum as number
  assert.is(maximum, 16)
  const all = Array.from({ length: maximum }, (_, i) => i + 1)
  for (const n of all) client.sendBytes(aliased(`t${n}`, n, 'x'))
  for (const n of all) client.sendBytes(aliased('', n, 'y'))
  await client.barrier()
  const expected = ['x', 'y'].flatMap((payload) => all.map((n) => `t${n}=${payload} q0`))
  assert.equal(await inbox(watching), expected)
})

v5('an alias works for QoS 1 and 2 and retained messages too [MQTT-3.3.2-12]', async (t) => {
  const watching = await watcher(t)
  const properties = [u8(0x23), u16(2)]
  const client = await t.sendConnected(
    publish(5, 'a', { first: 0x32, id: 1, properties, payload: '1' }),
    publish(5, '', { first: 0x35, id: 2, properties, payload: '2' }),
  )
  assert.equal(await unread(client), ['puback 1', 'pubrec 2'])
  assert.equal(await inbox(watching), ['a=1 q0', 'a=2 q0'])
  assert.equal(await inbox(await watcher(t)), ['a=2 q0 retain'])
})

v5('alias 0 gets DISCONNECT 0x94 [MQTT-3.3.2-8]', async (t) => {
  await t.fails(await t.sendConnected(aliased('a', 0, 'x')), 0x94)
})

v5('an alias above the maximum gets DISCONNECT 0x94 [MQTT-3.3.2-9, MQTT-3.2.2-17]', async (t) => {
  await t.fails(await t.sendConnected(aliased('a', 17, 'x')), 0x94)
})

v5('any alias gets DISCONNECT 0x94 from a server that takes none [MQTT-3.2.2-17]', async (t) => {
  await t.broker({ topicAliasMaxIn: 0 })
  await t.fails(await t.sendConnected(aliased('a', 1, 'x')), 0x94)
})

v5('an alias that has no topic is a protocol error [MQTT-4.13.1-1]', async (t) => {
  await t.fails(await t.sendConnected(aliased('a', 1, 'x'), aliased('', 2, 'y')), 0x82)
})

v5('an alias twice in one PUBLISH is a protocol error [MQTT-4.13.1-1]', async (t) => {
  const properties = [hex('230001'), hex('230001')]
  await t.fails(await t.sendConnected(publish(5, 'a', { properties })), 0x82)
})

v5('an alias with a bad topic is not kept [MQTT-4.13.1-1]', async (t) => {
  await t.fails(await t.sendConnected(aliased('a/+', 1, 'x')), 0x90)
})

v5('aliases do not outlive the connection [MQTT-3.3.2-7]', async (t) => {
  const client = await t.persistent('s')
  client.sendBytes(aliased('a', 1, 'x'))
  await client.disconnect()
  const again = await t.persistent('s')
  again.sendBytes(aliased('', 1, 'y'))
  await t.fails(again, 0x82)
})

v5('aliases of two clients are their own [MQTT-3.3.2-7]', async (t) => {
  const watching = await watcher(t)
  const one = await t.sendConnected(aliased('a', 1, '1'))
  await one.barrier()
  const two = await t.sendConnected(aliased('b', 1, '2'))
  await two.barrier()
  one.sendBytes(aliased('', 1, '3'))
  await one.barrier()
  assert.equal(await inbox(watching), ['a=1 q0', 'b=2 q0', 'a=3 q0'])
})

v5('the alias of the publisher is not forwarded [MQTT-3.1.2-27, MQTT-3.3.2-7]', async (t) => {
  const watching = await watcher(t)
  await (await t.sendConnected(aliased('a', 3, 'x'))).barrier()
  const message = await watching.next('publish')
  assert.equal([message.topic, message.properties], ['a', undefined])
})

for (const properties of [{}, { topicAliasMaximum: 0 }]) {
  const how = 'topicAliasMaximum' in properties ? '0' : 'absent'
  v5(`with Topic Alias Maximum ${how} the server sends no alias [MQTT-3.1.2-27]`, async (t) => {
    const watching = await watcher(t, properties)
    await t.publish(...Array.from({ length: 20 }, () => 'a/long/topic/name=x q0'))
    for (const packet of await watching.barrier()) {
      if (packet.cmd === 'publish') assert.is(packet.properties, undefined)
    }
  })
}

for (const topicAliasMaximum of [1, 3, 100]) {
  v5(
    `the server sends no alias above ${topicAliasMaximum}, and each can be resolved ` +
      `[MQTT-3.1.2-26, MQTT-3.3.2-11, MQTT-3.3.2-8]`,
    async (t) => {
      const watching = await watcher(t, { topicAliasMaximum })
      const topics = Array.from({ length: 60 }, (_, i) => `some/long/topic/${i % 5}`)
      await t.publish(...topics.map((topic) => `${topic}=x q0`))
      const known = new Map<number, string>()
      const resolved: string[] = []
      for (const packet of await watching.barrier()) {
        if (packet.cmd !== 'publish') continue
        const alias = packet.properties?.topicAlias
        if (alias === undefined) {
          resolved.push(packet.topic)
          continue
        }
        assert.ok(alias >= 1 && alias <= topicAliasMaximum)
        if (packet.topic !== '') known.set(alias, packet.topic)
        resolved.push(known.get(alias) ?? 'unknown')
      }
      assert.equal(resolved, topics)
    },
  )
}

v5('aliases of the server begin anew on a new connection [MQTT-3.3.2-7]', async (t) => {
  const properties = { topicAliasMaximum: 5, sessionExpiryInterval: 100 }
  const topic = 'some/long/topic'
  const client = await t.persistent('s', { properties })
  await client.subscribe('#', { qos: 1 })
  await t.publish(`${topic}=1`, `${topic}=2`)
  await client.barrier()
  await client.disconnect()
  await t.publish(`${topic}=3`)
  const again = await t.persistent('s', { properties })
  assert.is((await again.next('publish')).topic, topic)
})

v5('an alias is learned though the message goes nowhere [MQTT-3.3.2-12]', async (t) => {
  const client = await t.sendConnected(aliased('a', 1, '1'))
  await client.barrier()
  const watching = await watcher(t)
  client.sendBytes(aliased('', 1, '2'))
  await client.barrier()
  assert.equal(await inbox(watching), ['a=2 q0'])
})

spec.run()
