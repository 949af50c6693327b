// CONNACK (section 3.2): when it comes, its exact bytes, Session Present, and what the server says
// of itself in its properties. Refusals of malformed CONNECTs are in connect.test.ts.

import * as assert from 'uvu/assert'
import {
  CLEAN,
  connect,
  field,
  hex,
  properties,
  publish,
  subscribe,
  WILL,
  WILL_RETAIN,
} from './bytes.ts'
import { bytesOf, chapter, ending, unread } from './kit.ts'

const spec = chapter('CONNACK')
const { v4, v5, both } = spec

both(
  'CONNACK comes before the answers to packets sent along with CONNECT [MQTT-3.2.0-1]',
  async (t) => {
    const opening = connect({ level: t.version })
    const client = await t.send(opening, subscribe(t.version, [['a', 1]]), publish(t.version, 'a'))
    assert.equal(await unread(client), ['connack 0x00', 'suback 1 0x01', 'publish a= q0'])
  },
)

both(
  'a valid CONNECT is answered by success [3.1.1 MQTT-3.1.4-4] [5.0 MQTT-3.1.4-5]',
  async (t) => {
    const client = await t.send(connect({ level: t.version }))
    assert.equal(await unread(client), ['connack 0x00'])
  },
)

v4('CONNACK of a new clean session is 20 02 00 00 [MQTT-3.2.2-1, MQTT-3.2.2-3]', async (t) => {
  const client = await t.connect({ clientId: 'a' })
  assert.equal(bytesOf(client, 0), ['20020000'])
})

v4('CONNACK of a resumed session is 20 02 01 00 [MQTT-3.2.2-2]', async (t) => {
  const first = await t.persistent('a')
  assert.equal(bytesOf(first, 0), ['20020000'])
  await first.disconnect()
  assert.equal(bytesOf(await t.persistent('a'), 0), ['20020100'])
})

v5(
  'the acknowledge flags are 0 but for Session Present [MQTT-3.2.2-1, MQTT-3.2.2-3]',
  async (t) => {
    const first = await t.persistent('a')
    assert.is(first.received[0]?.[2], 0)
    await first.disconnect()
    assert.is((await t.persistent('a')).received[0]?.[2], 1)
  },
)

both('a clean start is never a resumption [3.1.1 MQTT-3.2.2-1] [5.0 MQTT-3.2.2-2]', async (t) => {
  await (await t.persistent('a')).disconnect()
  assert.is((await t.connect({ clientId: 'a' })).connack?.sessionPresent, false)
  assert.is((await t.persistent('a')).connack?.sessionPresent, false)
})

both('no session is present the first time [MQTT-3.2.2-3]', async (t) => {
  assert.is((await t.persistent('a')).connack?.sessionPresent, false)
})

both(
  'a refusal says that no session is present though there is one [3.1.1 MQTT-3.2.2-4] ' +
    '[5.0 MQTT-3.2.2-6]',
  async (t) => {
    await (await t.persistent('a')).disconnect()
    const level = t.version === 5 ? 6 : 2
    const client = await t.send(connect({ level, flags: 0, payload: [field('a')] }))
    await client.closed
    assert.equal(bytesOf(client, 0), [t.version === 5 ? '2003008400' : '20020001'])
  },
)

both(
  'the connection closes after a refusal [3.1.1 MQTT-3.2.2-5] [5.0 MQTT-3.2.2-7, MQTT-4.13.2-1]',
  async (t) => {
    const client = await t.send(connect({ level: t.version === 5 ? 6 : 2 }), hex('c000'))
    assert.equal(await ending(client), [t.version === 5 ? 'connack 0x84' : 'connack 0x01'])
  },
)

v4('where no return code fits there is no CONNACK [MQTT-3.2.2-6, MQTT-3.1.4-1]', async (t) => {
  assert.equal(await ending(await t.send(connect({ level: 4, flags: CLEAN | 1 }))), [])
})

v5('every refusal has a reason of the table [MQTT-3.2.2-8]', async (t) => {
  const refused = [
    connect({ level: 6 }),
    connect({ level: 5, flags: CLEAN | 1 }),
    connect({ level: 5, properties: [hex('210000')] }),
    connect({ level: 5, properties: [hex('15 0004'), Buffer.from('NONE')] }),
  ]
  const told = await Promise.all(refused.map(async (bytes) => ending(await t.send(bytes))))
  assert.equal(told, [['connack 0x84'], ['connack 0x81'], ['connack 0x82'], ['connack 0x8c']])
})

v5('a connection gets one CONNACK only [MQTT-3.2.0-2]', async (t) => {
  const twice = connect({ level: 5 })
  assert.equal(await ending(await t.send(twice, twice)), ['connack 0x00', 'disconnect 0x82'])
})

v5(
  'a refusing CONNACK keeps to the Maximum Packet Size of the client [MQTT-3.2.2-19]',
  async (t) => {
    const unknown = [hex('15 0004'), Buffer.from('NONE')]
    const client = await t.send(connect({ level: 5, properties: [hex('27 00000008'), ...unknown] }))
    await client.closed
    assert.equal(bytesOf(client, 0), ['2003008c00'])
  },
)

v5(
  'an accepting CONNACK keeps to the Maximum Packet Size of the client [MQTT-3.2.2-20]',
  async (t) => {
    const client = await t.connect({ properties: { maximumPacketSize: 64 } })
    assert.ok((client.received[0]?.length ?? 0) <= 64)
    assert.is(client.connack?.properties?.reasonString, undefined)
    assert.is(client.connack?.properties?.userProperties, undefined)
  },
)

for (const requestResponseInformation of [false, undefined]) {
  const asked = requestResponseInformation === false ? 'when 0' : 'unless asked for'
  v5(`no Response Information is sent ${asked} [MQTT-3.1.2-28]`, async (t) => {
    await t.broker({ responseInformation: 'replies/' })
    const client = await t.connect({
      properties: { ...(requestResponseInformation === false && { requestResponseInformation }) },
    })
    assert.is(client.connack?.properties?.responseInformation, undefined)
  })
}

v5('Response Information is sent when asked for and configured [MQTT-3.1.2-28]', async (t) => {
  await t.broker({ responseInformation: 'replies/' })
  const client = await t.connect({ properties: { requestResponseInformation: true } })
  assert.is(client.connack?.properties?.responseInformation, 'replies/')
})

v5(
  'the server tells its limits where they differ from the default of 5.0 [MQTT-3.2.2-22]',
  async (t) => {
    await t.broker({ receiveMax: 7, topicAliasMaxIn: 3, packetSizeMax: 2000 })
    const { properties } = (await t.connect({ keepalive: 60 })).connack ?? {}
    assert.equal(properties, { receiveMaximum: 7, topicAliasMaximum: 3, maximumPacketSize: 2000 })
  },
)

v5('a keep alive above the limit gets a Server Keep Alive [MQTT-3.2.2-22]', async (t) => {
  await t.broker({ keepAliveMax: 30 })
  const long = await t.connect({ keepalive: 31 })
  assert.is(long.connack?.properties?.serverKeepAlive, 30)
  const short = await t.connect({ keepalive: 30 })
  assert.is(short.connack?.properties?.serverKeepAlive, undefined)
})

v5('a session expiry above the limit is told as the limit [MQTT-3.1.2-23]', async (t) => {
  const cap = 7 * 24 * 3600
  const forever = await t.connect({ properties: { sessionExpiryInterval: 0xffffffff } })
  assert.is(forever.connack?.properties?.sessionExpiryInterval, cap)
  const day = await t.connect({ properties: { sessionExpiryInterval: 86_400 } })
  assert.is(day.connack?.properties?.sessionExpiryInterval, undefined)
})

v5(
  'a server of QoS 1 says Maximum QoS 1, and grants at most that [MQTT-3.2.2-9, MQTT-3.2.2-10]',
  async (t) => {
    await t.broker({ qosMax: 1 })
    const client = await t.connect()
    assert.is(client.connack?.properties?.maximumQoS, 1)
    const wishes = [0, 1, 2].map((qos) => ({ topic: `a${qos}`, qos: qos as 0 | 1 | 2 }))
    assert.equal((await client.subscribe(wishes)).granted, [0, 1, 1])
  },
)

v5('a server of every QoS does not send Maximum QoS [MQTT-3.2.2-9]', async (t) => {
  assert.is((await t.connect()).connack?.properties?.maximumQoS, undefined)
})

v5('a will QoS above Maximum QoS is refused by 0x9b [MQTT-3.2.2-12]', async (t) => {
  await t.broker({ qosMax: 1 })
  const payload = [field('id'), properties(), field('w'), field('x')]
  const client = await t.send(connect({ level: 5, flags: CLEAN | WILL | 0x10, payload }))
  assert.equal(await ending(client), ['connack 0x9b'])
})

v5('a PUBLISH above Maximum QoS gets DISCONNECT 0x9b [MQTT-3.2.2-9]', async (t) => {
  await t.broker({ qosMax: 1 })
  const client = await t.sendConnected(publish(5, 'a', { first: 0x34, id: 1 }))
  assert.equal(await ending(client), ['disconnect 0x9b'])
})

v5('a retained will is refused by 0x9a where nothing is retained [MQTT-3.2.2-13]', async (t) => {
  await t.broker({ retainAvailable: false })
  const payload = [field('id'), properties(), field('w'), field('x')]
  const client = await t.send(connect({ level: 5, flags: CLEAN | WILL | WILL_RETAIN, payload }))
  assert.equal(await ending(client), ['connack 0x9a'])
})

v5(
  'a retained PUBLISH gets DISCONNECT 0x9a where nothing is retained [MQTT-4.13.1-1]',
  async (t) => {
    await t.broker({ retainAvailable: false })
    const client = await t.sendConnected(publish(5, 'a', { first: 0x31 }))
    assert.equal(await ending(client), ['disconnect 0x9a'])
  },
)

v5('a server that retains nothing says so [MQTT-3.2.2-13]', async (t) => {
  await t.broker({ retainAvailable: false })
  assert.is((await t.connect()).connack?.properties?.retainAvailable, false)
})

spec.run()
