// PINGREQ, PINGRESP (sections 3.12 and 3.13) and the keep alive (section 3.1.2.10): what counts as
// a sign of life, and when silence is long enough.

import * as assert from 'uvu/assert'
import { connect, field, hex, publish } from './bytes.ts'
import { bytesOf, chapter, ending, inbox, unread } from './kit.ts'

const spec = chapter('PING')
const { v4, v5, both } = spec

both('PINGREQ is answered by d0 00 [MQTT-3.12.4-1]', async (t) => {
  const client = await t.sendConnected(hex('c000 c000'))
  await client.next('pingresp')
  await client.next('pingresp')
  assert.equal(bytesOf(client), ['d000', 'd000'])
})

for (const first of ['c100', 'c200', 'c800', 'd000']) {
  both(`${first} closes [3.1.1 MQTT-2.2.2-1, MQTT-2.2.2-2] [5.0 MQTT-2.1.3-1]`, async (t) => {
    const reason = first === 'd000' ? 0x82 : 0x81
    await t.fails(await t.sendConnected(hex(first)), reason)
  })
}

both('PINGREQ with a body closes [3.1.1 MQTT-4.8.0-1] [5.0 MQTT-4.13.1-1]', async (t) => {
  await t.fails(await t.sendConnected(hex('c00100')), 0x81)
})

v5('a remaining length in more bytes than needed is malformed [MQTT-1.5.5-1]', async (t) => {
  await t.fails(await t.sendConnected(hex('c08000')), 0x81)
})

both(
  'a remaining length of five bytes closes [3.1.1 MQTT-4.8.0-1] [5.0 MQTT-1.5.5-1]',
  async (t) => {
    await t.fails(await t.sendConnected(hex('c08080808000')), 0x81)
  },
)

v4('silence of 1.5 times the keep alive closes, not less [MQTT-3.1.2-24]', async (t) => {
  const client = await t.connect({ keepalive: 10 })
  await t.advance(14_000)
  assert.equal(await unread(client), [])
  await t.advance(14_000)
  assert.equal(await unread(client), [])
  await t.advance(17_000)
  await t.fails(client, 0x8d)
})

v5('silence of 1.5 times the keep alive closes, not less [MQTT-3.1.2-22]', async (t) => {
  const client = await t.connect({ keepalive: 10 })
  await t.advance(14_000)
  assert.equal(await unread(client), [])
  await t.advance(14_000)
  assert.equal(await unread(client), [])
  await t.advance(17_000)
  await t.fails(client, 0x8d)
})

both(
  'every packet counts as a sign of life [3.1.1 MQTT-3.1.2-24] [5.0 MQTT-3.1.2-22]',
  async (t) => {
    const client = await t.connect({ keepalive: 10 })
    await t.advance(14_000)
    await client.publish({ topic: 'a', qos: 1 })
    await t.advance(14_000)
    await client.subscribe('b')
    await t.advance(14_000)
    assert.equal(await unread(client), [])
  },
)

both('keep alive 0 never closes [3.1.1 MQTT-3.1.2-24] [5.0 MQTT-3.1.2-22]', async (t) => {
  const client = await t.connect({ keepalive: 0 })
  await t.advance(10 * 24 * 3_600_000)
  assert.equal(await unread(client), [])
})

both(
  'what the server sends is no sign of life [3.1.1 MQTT-3.1.2-24] [5.0 MQTT-3.1.2-22]',
  async (t) => {
    const client = await t.connect({ keepalive: 10 })
    await client.subscribe('a')
    await t.advance(8000)
    await t.publish('a=x q0')
    await client.next('publish')
    await t.advance(9000)
    await t.fails(client, 0x8d)
  },
)

both(
  'a keep alive timeout publishes the will, as a failure does [3.1.1 MQTT-3.1.2-24, ' +
    'MQTT-3.1.2-8] [5.0 MQTT-3.1.2-22, MQTT-3.1.2-8]',
  async (t) => {
    const watcher = await t.connect()
    await watcher.subscribe('w')
    const will = { topic: 'w', payload: 'gone' }
    const client = await t.connect({ keepalive: 10, will })
    await t.advance(17_000)
    await client.closed
    assert.equal(await inbox(watcher), ['w=gone q0'])
  },
)

v5('the Server Keep Alive is the one that counts [MQTT-3.2.2-22, MQTT-3.1.2-22]', async (t) => {
  await t.broker({ keepAliveMax: 10 })
  const client = await t.connect({ keepalive: 1000 })
  await t.advance(17_000)
  await t.fails(client, 0x8d)
})

v5('without a Server Keep Alive that of CONNECT counts [MQTT-3.2.2-22]', async (t) => {
  await t.broker({ keepAliveMax: 100 })
  const client = await t.connect({ keepalive: 50 })
  assert.is(client.connack?.properties?.serverKeepAlive, undefined)
  await t.advance(74_000)
  assert.equal(await unread(client), [])
  await t.advance(77_000)
  await t.fails(client, 0x8d)
})

both(
  'the keep alive of a closed connection touches no later one [3.1.1 MQTT-3.1.2-24] ' +
    '[5.0 MQTT-3.1.2-22]',
  async (t) => {
    await (await t.persistent('s', { keepalive: 10 })).disconnect()
    const again = await t.persistent('s', { keepalive: 0 })
    await t.advance(60_000)
    assert.equal(await unread(again), [])
  },
)

both(
  'a part of a packet is no packet: half a PUBLISH does not keep alive ' +
    '[3.1.1 MQTT-3.1.2-24] [5.0 MQTT-3.1.2-22]',
  async (t) => {
    const client = await t.connect({ keepalive: 10 })
    await t.advance(8000)
    client.sendBytes(publish(t.version, 'a', { payload: 'cut' }).subarray(0, 4))
    // A second client's round trip: the half has been read by then.
    await (await t.connect()).barrier()
    await t.advance(9000)
    await t.fails(client, 0x8d)
  },
)

both(
  'a connection that never sends CONNECT is closed in time [3.1.1 MQTT-3.1.0-1] [5.0 MQTT-3.1.0-1]',
  async (t) => {
    const whole = connect({ level: t.version, payload: [field('id')] })
    const [mute, slow] = [await t.open(), await t.send(whole.subarray(0, 9))]
    for (const version of [4, 5] as const) await (await t.connect({ version })).barrier()
    await t.advance(12_000)
    assert.equal([await ending(mute), await ending(slow)], [[], []])
  },
)

spec.run()
