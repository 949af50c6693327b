// AUTH and enhanced authentication (sections 3.15 and 4.12), as far as a server without a
// configured method goes, and the checks after CONNECT. Access control itself is tested beside
// host/access.

import * as assert from 'uvu/assert'
import { connect, field, hex, u8 } from './bytes.ts'
import { chapter, ending, unread } from './kit.ts'

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

spec.run()
