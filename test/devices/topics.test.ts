// What a device may do with topics, as a table, and that through a broker nothing of another's is
// reached: neither by wildcards nor by rules that say more than they should.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ProductTopic } from '../../host/access/devices/model.ts'
import { checkTopics, DeviceJudge } from '../../host/access/devices/topics.ts'
import type { Subject } from '../../host/access/judge.ts'
import type { Config } from '../../host/config/config.ts'
import { inWorld, REFUSED } from './kit.ts'

const test = suite('devices: topics')

const OWN = '$' + '{productkey}/$' + '{devicename}'
const TOPICS: readonly ProductTopic[] = [
  { filter: `/${OWN}/user/get`, permission: 'subscribe' },
  { filter: `/${OWN}/user/update/#`, permission: 'publish' },
  { filter: `site/+/${OWN}`, permission: 'both' },
]
const SUBJECT: Subject = {
  ...{ clientId: 'pk.dn', username: 'dn&pk', listener: 'l', attributes: {} },
  origin: { scheme: 'mqtt', address: '127.0.0.1', isSecure: false },
}

/** Topic or filter, may publish, may subscribe: yes, no, or no opinion. */
const CASES: readonly [string, 'y' | 'n' | '-', 'y' | 'n' | '-'][] = [
  ['/pk/dn/user/get', 'n', 'y'],
  ['/pk/dn/user/update', 'y', 'n'],
  ['/pk/dn/user/update/error', 'y', 'n'],
  ['/pk/dn/user/other', 'n', 'n'],
  ['/pk/dn', 'n', 'n'],
  ['/pk/other/user/get', 'n', 'n'],
  ['/pk/other/user/update', 'n', 'n'],
  ['/other/dn/user/update', 'n', 'n'],
  ['site/a/pk/dn', 'y', 'y'],
  ['site/a/pk/other', '-', '-'],
  ['/sys/pk/dn/thing/event/property/post', 'y', 'y'],
  ['/sys/pk/dn/rrpc/response/1', 'y', 'y'],
  ['/sys/pk/dn/#', 'y', 'y'],
  ['/sys/pk/dn/rrpc/request/+', 'y', 'y'],
  ['/sys/pk/+/rrpc/request/+', 'n', 'n'],
  ['/sys/pk/other/thing/event/property/post', 'n', 'n'],
  ['/sys/pk/#', 'n', 'n'],
  ['/sys/#', 'n', 'n'],
  ['/ext/session/pk/dn/combine/login', 'y', 'y'],
  ['/ext/session/pk/other/combine/login', 'n', 'n'],
  ['/ext/ntp/pk/dn/request', 'y', 'y'],
  ['/ext/ntp/pk/other/request', 'n', 'n'],
  ['/ext/rrpc/1/pk/dn/user/get', 'y', 'y'],
  ['/ext/rrpc/1/sys/pk/dn/x', 'y', 'y'],
  ['/ext/rrpc/pk/dn/other', 'n', 'n'],
  ['/ext/register', 'n', 'n'],
  ['/ext/#', 'n', 'n'],
  ['/shadow/update/pk/dn', 'y', 'y'],
  ['/shadow/get/pk/dn', 'y', 'y'],
  ['/shadow/get/pk/other', 'n', 'n'],
  ['/shadow/+/pk/dn', 'n', 'n'],
  ['/ota/device/inform/pk/dn', 'y', 'y'],
  ['/ota/device/+/pk/dn', 'y', 'y'],
  ['/ota/device/upgrade/pk/other', 'n', 'n'],
  ['/broadcast/pk/all', 'n', 'y'],
  ['/broadcast/pk/+', 'n', 'y'],
  ['/broadcast/other/all', 'n', 'n'],
  ['$events/device/pk/dn/status', 'n', 'n'],
  ['$events/#', 'n', 'n'],
  ['#', 'n', 'n'],
  ['+/pk/dn/user/get', 'n', 'n'],
  ['a/b', '-', '-'],
  ['$SYS/broker/uptime', '-', '-'],
]

test('the table', () => {
  const product = {
    ...{ productKey: 'pk', productSecret: 's', dynamicRegistration: 'off' as const },
    ...{ topics: TOPICS, createdAt: 0 },
  }
  const judge = new DeviceJudge({ productKey: 'pk', deviceName: 'dn' }, () => product)
  const short = { allow: 'y', deny: 'n' } as const
  for (const [topic, publish, subscribe] of CASES) {
    if (!/[+#]/.test(topic)) {
      const said = judge.publish(SUBJECT, topic)
      assert.is(said === undefined ? '-' : short[said], publish, `publish ${topic}`)
      const received = judge.receive(SUBJECT, topic)
      assert.is(received === undefined ? '-' : short[received], subscribe, `receive ${topic}`)
    }
    const said = judge.subscribe(SUBJECT, topic)
    assert.is(said === undefined ? '-' : short[said], subscribe, `subscribe ${topic}`)
  }
})

test('custom topics that would reach beyond their device are refused', () => {
  const check = (filter: string): void => checkTopics([{ filter, permission: 'both' }])
  for (const filter of [`/${OWN}/a`, `a/${OWN}`, `${OWN}/+/b/#`]) check(filter)
  const [key, name] = OWN.split('/') as [string, string]
  const wrong = ['#', '/a/b', `/${key}/x`, `/${name}/x`, `/${name}/${key}`, `/${key}/x/${name}`]
  for (const filter of [...wrong, `/${OWN}/#/a`, `/${OWN}/a+`, '']) {
    assert.throws(() => check(filter), RangeError, filter)
  }
  const permission = 'all' as 'both'
  assert.throws(() => checkTopics([{ filter: `/${OWN}/a`, permission }]), 'publish, subscribe')
})

test('rules add plain topics, never the platform topics of another', async () => {
  const rules = [
    { effect: 'allow' as const, action: 'both' as const, topics: [`plain/${OWN}/#`, '#', '/#'] },
  ]
  const config: Config = { authentication: [{ type: 'device' }], authorization: { rules } }
  await inWorld(
    async (world) => {
      const client = await world.connect(await world.addDevice())
      const publish = async (topic: string): Promise<number | undefined> =>
        (await client.publish({ topic, qos: 1 }))[0]?.reasonCode
      assert.is(await publish('plain/pk/device/a'), 0x10)
      assert.is(await publish('anything'), 0x10)
      assert.is(await publish('/pk/other/user/a'), REFUSED)
      assert.is(await publish('$events/device/pk/device/status'), REFUSED)
      const filters = ['plain/#', '#', '/#', '/+/+/user/#'].map((topic) => ({
        ...{ topic, qos: 0 as const },
      }))
      const { granted } = await client.subscribe(filters)
      assert.equal(granted, [0, REFUSED, REFUSED, REFUSED])
    },
    { config },
  )
})

test('nobody publishes to the tree of events, not even who may do everything', async () => {
  await inWorld(
    async (world) => {
      const client = await world.open()
      await client.handshake()
      const [ack] = await client.publish({ topic: '$events/device/pk/dn/status', qos: 1 })
      assert.is(ack?.reasonCode, REFUSED)
    },
    { config: { anonymous: true } },
  )
})

test('other topics of a product hold at once, for what is subscribed to as well', () =>
  inWorld(async (world) => {
    const device = await world.addDevice()
    const client = await world.connect(device)
    assert.equal((await client.subscribe('/pk/device/user/a')).granted, [0])
    world.broker.publish({ topic: '/pk/device/user/a', payload: '1' })
    assert.is(String((await client.next('publish')).payload), '1')
    const topics = [{ filter: `/${OWN}/user/b`, permission: 'both' as const }]
    await world.registry.changeProduct('pk', { topics })
    world.broker.publish({ topic: '/pk/device/user/a', payload: '2' })
    assert.equal((await client.subscribe('/pk/device/user/a')).granted, [REFUSED])
    assert.equal((await client.subscribe('/pk/device/user/b')).granted, [0])
    await client.expectNothing()
  }))

test.run()
