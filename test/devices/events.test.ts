// What is heard of devices that come and go, of changes of the registry, and calls that wait for a
// device's answer.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { DeviceStatus } from '../../host/access/devices/devices.ts'
import { connectOf, inWorld } from './kit.ts'

const test = suite('devices: events and calls')

const NAME = { productKey: 'pk', deviceName: 'device' }
const CLIENT_IP = '127.0.0.1'

/** The code of the error that a call fails with. */
async function codeOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => new Error('it did not fail'),
    (failure: Error) => failure,
  )
  return (error as { code?: string }).code ?? error.message
}

test('a device that comes, is taken over and goes: as messages and as typed events', async () => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5)
  await inWorld(
    async (world) => {
      const device = await world.addDevice()
      const typed: DeviceStatus[] = []
      const stop = world.devices.onStatus((status) => typed.push(status))
      const watcher = await world.open()
      await watcher.handshake()
      await watcher.subscribe('$events/device/+/+/status')
      const next = async (): Promise<string> => {
        const { payload, retain, topic } = await watcher.next('publish')
        assert.is(topic, '$events/device/pk/device/status')
        assert.is(retain, false)
        const { status, ...rest } = JSON.parse(String(payload))
        assert.equal(rest, { ...NAME, time: '2026-01-02T03:04:05.000Z', clientIp: CLIENT_IP })
        return status
      }
      const first = await world.connect(device)
      assert.is(await next(), 'online')
      assert.ok(world.devices.isOnline(NAME))
      const second = await world.connect(device)
      await first.closed
      assert.equal([await next(), await next()], ['offline', 'online'])
      assert.ok(world.devices.isOnline(NAME))
      await second.disconnect()
      assert.is(await next(), 'offline')
      assert.not(world.devices.isOnline(NAME))
      const common = { ...NAME, time: now, clientIp: CLIENT_IP }
      const expected = ['online', 'offline', 'online', 'offline'].map((status) => ({
        ...common,
        status,
      }))
      assert.equal(typed, expected)
      const { activatedAt, lastSeen } = world.registry.getDevice(NAME)
      assert.equal([activatedAt, lastSeen], [now, now])
      stop()
      await world.connect(device)
      await next()
      assert.is(typed.length, 4, 'who has stopped hears no more')
    },
    { config: { anonymous: true, authentication: [{ type: 'device' }] }, clock: () => now },
  )
})

test('a refused device is no event', () =>
  inWorld(async (world) => {
    const device = await world.addDevice()
    const typed: DeviceStatus[] = []
    world.devices.onStatus((status) => typed.push(status))
    await world.knock({ ...connectOf(device), password: 'x' })
    await world.knock({ ...connectOf(device), username: 'other&pk' })
    assert.equal(typed, [])
  }))

test('changes of the registry are events, with nothing secret in them', () =>
  inWorld(async (world) => {
    const events: object[] = []
    const { registry } = world
    registry.onEvent((event) => events.push(event))
    await world.addDevice()
    await registry.changeProduct('pk', { name: 'lamps' })
    await registry.disableDevice(NAME)
    await registry.enableDevice(NAME)
    await registry.rotateSecret(NAME)
    await registry.deleteDevice(NAME)
    await world.addDevice()
    await registry.deleteProduct('pk')
    const product = (type: string): object => ({ type, productKey: 'pk' })
    const device = (type: string): object => ({ type, ...NAME })
    assert.equal(events, [
      ...[product('product-created'), device('device-created'), product('product-changed')],
      ...[device('device-disabled'), device('device-enabled'), device('device-rotated')],
      ...[device('device-deleted'), device('device-created')],
      ...[device('device-deleted'), product('product-deleted')],
    ])
  }))

test('a call is answered by the device it is for, each call by its own answer', () =>
  inWorld(async (world) => {
    const client = await world.connect(await world.addDevice())
    await client.subscribe('/sys/pk/device/rrpc/request/+')
    const calls = ['one', 'two'].map((text) => world.devices.rrpc('pk', 'device', text))
    const requests = [await client.next('publish'), await client.next('publish')]
    // In the other order.
    for (const { payload, topic } of requests.reverse()) {
      assert.match(topic, /^\/sys\/pk\/device\/rrpc\/request\/\d+$/)
      await client.publish({ topic: topic.replace('request', 'response'), payload: `${payload}!` })
    }
    assert.equal((await Promise.all(calls)).map(String), ['one!', 'two!'])
    assert.is(world.broker.stats().subscriptions, 1, 'nothing is left of the calls')
  }))

test('calls that fail: nobody of that name, offline, deaf, silent, interrupted', async () => {
  await inWorld(async (world) => {
    const call = (timeoutMs?: number): Promise<string> =>
      codeOf(world.devices.rrpc('pk', 'device', '', timeoutMs === undefined ? {} : { timeoutMs }))
    assert.is(await call(), 'WASMQTT_DEVICE_UNKNOWN')
    const device = await world.addDevice()
    assert.is(await call(), 'WASMQTT_RRPC_OFFLINE')
    const client = await world.connect(device)
    assert.is(await call(), 'WASMQTT_RRPC_DEAF')
    await client.subscribe('/sys/pk/device/rrpc/request/+')
    assert.is(await call(1), 'WASMQTT_RRPC_TIMEOUT')
    assert.is(world.broker.stats().subscriptions, 1)
    const interrupted = call(600_000)
    await client.next('publish')
    await world.devices.close()
    assert.is(await interrupted, 'WASMQTT_RRPC_CLOSED')
  })
})

test('another device cannot answer in its place', () =>
  inWorld(async (world) => {
    const client = await world.connect(await world.addDevice())
    const other = await world.connect(await world.addDevice('other'))
    await client.subscribe('/sys/pk/device/rrpc/request/+')
    const call = world.devices.rrpc('pk', 'device', 'who?')
    const { topic } = await client.next('publish')
    const answer = topic.replace('request', 'response')
    const [refused] = await other.publish({ topic: answer, payload: 'me', qos: 1 })
    assert.is(refused?.reasonCode, 0x87)
    await client.publish({ topic: answer, payload: 'I' })
    assert.is(String(await call), 'I')
  }))

test.run()
