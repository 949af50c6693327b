// AUTH and enhanced authentication (sections 3.15 and 4.12): a server without a method, and one
// with a method of the test's own, which asks for two words. Access control itself is tested in
// test/access.

import * as assert from 'uvu/assert'
import type { Access, Grant, Step } from '../../host/broker/access.ts'
import type { RawClient } from '../client.ts'
import { connect, field, hex, packet, properties, u8, u32 } from './bytes.ts'
import { chapter, ending, type Scene, unread } from './kit.ts'

const spec = chapter('AUTH')
const { v5 } = spec

const method = (name: string): Buffer[] => [u8(0x15), field(name)]

for (const name of ['SCRAM-SHA-256', 'UNKNOWN', '']) {
  v5(
    `method '${name}' that is not configured gets 0x8c and a close [MQTT-4.12.0-1, ` +
      `MQTT-4.12.0-4, MQTT-3.1.4-2]`,
    async (t) => {
      const client = await t.send(connect({ level: 5, properties: method(name) }))
      assert.equal(await ending(client), ['connack 0x8c'])
    },
  )
}

v5('method and data that are not configured get 0x8c [MQTT-4.12.0-1]', async (t) => {
  const properties = [...method('X'), u8(0x16), field(hex('00ff'))]
  const client = await t.send(connect({ level: 5, properties }))
  assert.equal(await ending(client), ['connack 0x8c'])
})

v5('a client without a method gets none back, and no AUTH [MQTT-4.12.0-6]', async (t) => {
  const client = await t.connect()
  assert.is(client.connack?.properties?.authenticationMethod, undefined)
  assert.equal(await unread(client), [])
})

for (const bytes of ['f000', 'f00118', 'f00218 00', 'f006 18 04 15 0001 58']) {
  v5(`AUTH ${bytes} without a method in CONNECT is a protocol error [MQTT-4.12.0-7]`, async (t) => {
    await t.fails(await t.sendConnected(hex(bytes)), 0x82)
  })
}

v5(
  're-authentication without a method in CONNECT is a protocol error [MQTT-4.12.1-1]',
  async (t) => {
    await t.fails(await t.sendConnected(hex('f006 19 04 15 0001 58')), 0x82)
  },
)

for (const first of [0xf1, 0xf2, 0xf8, 0xff]) {
  v5(`first byte ${first.toString(16)} closes [MQTT-3.15.1-1]`, async (t) => {
    await t.fails(await t.sendConnected(Buffer.from([first, 0])), 0x81)
  })
}

v5('AUTH with a reason of no table is a protocol error [MQTT-3.15.2-1]', async (t) => {
  await t.fails(await t.sendConnected(hex('f006 42 04 15 0001 58')), 0x82)
})

v5(
  'data that follow a refused method are not processed [MQTT-3.1.4-6, MQTT-3.1.2-30]',
  async (t) => {
    const opening = connect({ level: 5, properties: method('X') })
    const client = await t.send(opening, hex('31 05 0001 61 00 78'))
    assert.equal(await ending(client), ['connack 0x8c'])
    const late = await t.connect()
    await late.subscribe('a')
    assert.equal(await unread(late), [])
  },
)

const REFUSED = 0x87
const GRANT: Grant = {
  username: 'u',
  checksPublish: false,
  checksReceive: false,
  revision: 1,
  publish: () => 0,
  subscribe: () => 0,
  receive: () => true,
}

/** The method `WORDS`: says `more` to `one` and `welcome` to `two`, and refuses everything else. */
const WORDS: Access = {
  admit: () => GRANT,
  exchange: (name) => {
    if (name !== 'WORDS') return undefined
    const expected = ['one', 'two']
    const step = (data: Buffer | undefined): Step => {
      if (String(data) !== expected.shift()) return { admission: { refused: REFUSED } }
      if (expected.length > 0) return { next: Buffer.from('more') }
      return { admission: GRANT, data: Buffer.from('welcome') }
    }
    return { step }
  },
}

const words = (word: string, name = 'WORDS'): Buffer[] => [...method(name), u8(0x16), field(word)]

/** AUTH as a client sends it. */
function auth(reason: number, word: string, name = 'WORDS'): Buffer {
  return packet(0xf0, u8(reason), properties(...words(word, name)))
}

/** A client that has begun: its CONNECT has the first word. */
async function begin(t: Scene, ...more: Buffer[]): Promise<RawClient> {
  await t.broker({}, { access: WORDS })
  return t.send(connect({ level: 5, properties: [...words('one'), ...more] }))
}

/** A client that has come in by both words. */
async function enter(t: Scene): Promise<RawClient> {
  const client = await begin(t)
  await client.next('auth')
  client.sendBytes(auth(0x18, 'two'))
  await client.next('connack')
  return client
}

v5(
  'AUTH that asks for more has reason 0x18 and the method of CONNECT, and so has CONNACK the ' +
    'method [MQTT-4.12.0-2, MQTT-4.12.0-5]',
  async (t) => {
    const client = await begin(t)
    const asked = await client.next('auth')
    assert.is(asked.reasonCode, 0x18)
    assert.equal(asked.properties, {
      authenticationMethod: 'WORDS',
      authenticationData: Buffer.from('more'),
    })
    client.sendBytes(auth(0x18, 'two'))
    const { properties: told, reasonCode } = await client.next('connack')
    assert.is(reasonCode, 0)
    assert.is(told?.authenticationMethod, 'WORDS')
    assert.is(String(told?.authenticationData), 'welcome')
  },
)

v5('a wrong word gets CONNACK 0x87 and a close [MQTT-4.12.0-4]', async (t) => {
  const client = await begin(t)
  await client.next('auth')
  client.sendBytes(auth(0x18, 'three'))
  assert.equal(await ending(client), ['connack 0x87'])
})

v5('AUTH of another method than CONNECT is a protocol error [MQTT-4.12.0-5]', async (t) => {
  const client = await begin(t)
  await client.next('auth')
  client.sendBytes(auth(0x18, 'two', 'OTHER'))
  assert.equal(await ending(client), ['connack 0x82'])
})

for (const [what, bytes] of [
  ['PINGREQ', hex('c000')],
  ['PUBLISH', hex('30 05 0001 61 00 78')],
  ['CONNECT', connect({ level: 5, properties: words('one') })],
  ['AUTH that begins again', auth(0x19, 'one')],
] as const) {
  v5(`${what} before the CONNACK is a protocol error [MQTT-3.1.4-6]`, async (t) => {
    const client = await begin(t)
    await client.next('auth')
    client.sendBytes(bytes)
    assert.equal(await ending(client), ['connack 0x82'])
  })
}

v5('AUTH larger than the client takes is not sent [MQTT-3.15.2-2, MQTT-3.15.2-3]', async (t) => {
  const client = await begin(t, u8(0x27), u32(18))
  const [only, ...rest] = await ending(client)
  assert.is(only, 'connack 0x95')
  assert.equal(rest, [])
})

v5(
  'AUTH has neither reason string nor user property that could make it larger ' +
    '[MQTT-3.15.2-2, MQTT-3.15.2-3]',
  async (t) => {
    const client = await begin(t, u8(0x27), u32(19))
    const asked = await client.next('auth')
    assert.equal(Object.keys(asked.properties ?? {}).sort(), [
      'authenticationData',
      'authenticationMethod',
    ])
    assert.is(client.received[0]?.length, 19)
  },
)

v5(
  're-authentication is answered by AUTH 0x18 and AUTH 0x00 of the same method ' +
    '[MQTT-4.12.0-2, MQTT-4.12.0-5, MQTT-4.12.1-1]',
  async (t) => {
    const client = await enter(t)
    client.sendBytes(auth(0x19, 'one'))
    assert.is((await client.next('auth')).reasonCode, 0x18)
    client.sendBytes(hex('c000'))
    await client.next('pingresp')
    client.sendBytes(auth(0x18, 'two'))
    const done = await client.next('auth')
    assert.is(done.reasonCode, 0)
    assert.is(done.properties?.authenticationMethod, 'WORDS')
    assert.is(String(done.properties?.authenticationData), 'welcome')
    assert.equal(await unread(client), [])
  },
)

v5('re-authentication by another method is a protocol error [MQTT-4.12.1-1]', async (t) => {
  const client = await enter(t)
  client.sendBytes(auth(0x19, 'one', 'OTHER'))
  assert.equal(await ending(client), ['disconnect 0x82'])
})

v5('a re-authentication that fails is a DISCONNECT and a close [MQTT-4.12.1-2]', async (t) => {
  const client = await enter(t)
  client.sendBytes(auth(0x19, 'wrong'))
  assert.equal(await ending(client), ['disconnect 0x87'])
})

spec.run()
