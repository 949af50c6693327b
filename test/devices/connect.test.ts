// CONNECT by product key, device name and secret: the published vectors, what is refused, what a
// device may do with topics, and a firmware-shaped CONNECT in raw bytes.

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseClientId, parseUsername } from '../../host/access/devices/triple.ts'
import { hashPassword } from '../../host/access/hashes.ts'
import type { Connect } from '../client.ts'
import { temporaryDirectory } from '../process.ts'
import { connectOf, inWorld, REFUSED, type Triple } from './kit.ts'
import { VECTORS } from './triple.vectors.ts'

const test = suite('devices: CONNECT')

test('every vector comes in, in either case, and no other password does', () =>
  inWorld(async (world) => {
    for (const { productKey } of VECTORS) {
      if (world.registry.findProduct(productKey) === undefined) await world.addProduct(productKey)
    }
    for (const vector of VECTORS) {
      const { clientId, deviceName, method, password, productKey, secret, timestamp } = vector
      const name = { productKey, deviceName }
      if (world.registry.findDevice(name) === undefined) {
        await world.registry.createDevice({ ...name, deviceSecret: secret })
      }
      const end = timestamp === undefined ? '' : `,timestamp=${timestamp}`
      const fields = {
        clientId: `${clientId}|securemode=3,signmethod=${method}${end}|`,
        username: `${deviceName}&${productKey}`,
      }
      for (const text of [password, password.toUpperCase(), password.toLowerCase()]) {
        assert.is(await world.knock({ ...fields, password: text }), 0, text)
      }
      const last = password.endsWith('0') ? '1' : '0'
      const wrong = [`${password.slice(0, -1)}${last}`, password.slice(2), `${password}00`]
      for (const text of wrong) {
        assert.is(await world.knock({ ...fields, password: text }), REFUSED, text)
      }
    }
  }))

test('client identifiers: split at the first bar, the last one is needed', () => {
  const values = (text: string): object | undefined => {
    const said = parseClientId(text)
    return said && { id: said.id, ...Object.fromEntries(said.values) }
  }
  assert.equal(values('12345|securemode=3,signmethod=hmacsha1,timestamp=789|'), {
    ...{ id: '12345', securemode: '3', signmethod: 'hmacsha1', timestamp: '789' },
  })
  assert.equal(values('a|lan=JS|Ali,securemode=2|'), { id: 'a', lan: 'JS|Ali', securemode: '2' })
  assert.equal(values('||'), { id: '' })
  assert.equal(values('a|b|'), { id: 'a' })
  for (const text of ['', 'a', 'a|', 'a|securemode=3', '|'])
    assert.is(values(text), undefined, text)
})

test('user names: the product key is behind the last ampersand', () => {
  assert.equal(parseUsername('dn&pk'), { deviceName: 'dn', productKey: 'pk' })
  assert.equal(parseUsername('a&b&pk'), { deviceName: 'a&b', productKey: 'pk' })
  for (const text of [undefined, '', 'dn', '&pk', 'dn&']) {
    assert.is(parseUsername(text), undefined, text)
  }
})

test('what is refused: forms, methods, modes, others, disabled ones', () =>
  inWorld(async (world) => {
    const device = await world.addDevice()
    const good = connectOf(device)
    const withValues = (values: Record<string, string>): Connect => connectOf(device, values)
    const { password: _, ...bare } = good
    const sha512 = good.clientId.replace('sha1', 'sha512')
    const refused: [Connect, string][] = [
      [withValues({ securemode: '2' }), 'TLS that is not there'],
      [withValues({ securemode: '8' }), 'another mode'],
      [withValues({ securemode: '-2', authType: 'connwl' }), 'no token'],
      [bare, 'no password'],
      [{ ...good, username: 'other&pk' }, 'no such device'],
      [{ ...good, username: 'device&kp' }, 'no such product'],
      [{ ...good, clientId: '12345' }, 'no extension'],
      [{ ...good, clientId: sha512 }, 'no such method'],
    ]
    for (const [fields, why] of refused) {
      assert.is(await world.knock(fields), REFUSED, why)
      assert.is(await world.knock(good), 0, 'what is right comes in all the while')
    }
    assert.is(await world.knock(withValues({})), 0, 'nothing said: HMAC-MD5, any transport')
    const more = { securemode: '3', lan: 'JS|Ali', _v: '1' }
    assert.is(await world.knock(withValues(more)), 0, 'more is no harm')
    await world.registry.disableDevice(device)
    assert.is(await world.knock(good), REFUSED, 'disabled')
  }))

test('a disabled device is enabled again; a rotated secret is the only one', () =>
  inWorld(async (world) => {
    const device = await world.addDevice()
    await world.registry.disableDevice(device)
    await world.registry.enableDevice(device)
    assert.is(await world.knock(connectOf(device)), 0)
    const rotated = await world.registry.rotateSecret(device)
    assert.is(await world.knock(connectOf(device)), REFUSED)
    assert.is(await world.knock(connectOf(rotated)), 0)
  }))

for (const change of ['disableDevice', 'rotateSecret', 'deleteDevice'] as const) {
  test(`${change} disconnects the device and nobody else`, () =>
    inWorld(async (world) => {
      const [device, other] = [await world.addDevice(), await world.addDevice('other')]
      const client = await world.connect(device)
      const bystander = await world.connect(other)
      await world.registry[change](device)
      const [end] = await client.closed
      assert.equal([end?.cmd, (end as { reasonCode?: number }).reasonCode], ['disconnect', 0x98])
      await bystander.expectNothing()
    }))
}

test('with a clock skew, a timestamp is needed and must be near', async () => {
  const now = Date.now()
  const config = { authentication: [{ type: 'device' as const, clockSkewSeconds: 60 }] }
  await inWorld(
    async (world) => {
      const device = await world.addDevice()
      const at = (timestamp?: number): Promise<number> =>
        world.knock(
          connectOf(device, timestamp === undefined ? {} : { timestamp: String(timestamp) }),
        )
      assert.is(await at(now), 0)
      assert.is(await at(now - 60_000), 0)
      assert.is(await at(now + 60_001), REFUSED)
      assert.is(await at(), REFUSED)
    },
    { config, clock: () => now },
  )
})

test('the session is the device: another base identifier is the same one', () =>
  inWorld(async (world) => {
    const device = await world.addDevice()
    const other = await world.addDevice('other')
    const first = await world.connect(device)
    const neighbour = await world.connect(other)
    const second = await world.open()
    await second.handshake(connectOf(device, {}, 'another base'))
    const [end] = await first.closed
    assert.is((end as { reasonCode?: number }).reasonCode, 0x8e, 'taken over')
    await neighbour.expectNothing()
    const ids = [...world.broker.clients()].map(({ clientId }) => clientId).sort()
    assert.equal(ids, ['pk.device', 'pk.other'])
  }))

test('nobody else can have the identifier of a device', async () => {
  const config = { anonymous: true, authentication: [{ type: 'device' as const }] }
  await inWorld(
    async (world) => {
      await world.addDevice()
      assert.is(await world.knock({ clientId: 'pk.device' }), 0x85)
      assert.is(await world.knock({ clientId: 'pk.devices' }), 0)
    },
    { config },
  )
})

test('users with passwords work beside devices', async () => {
  const file = join(temporaryDirectory(), 'passwords')
  const lines = ['user', 'user&kp'].map(
    async (name) => `${name}:${await hashPassword(Buffer.from('p'), 'sha512')}\n`,
  )
  writeFileSync(file, (await Promise.all(lines)).join(''), { mode: 0o600 })
  const passwords = { type: 'password-file' as const, file }
  const config = { authentication: [{ type: 'device' as const }, passwords] }
  await inWorld(
    async (world) => {
      const device = await world.addDevice()
      assert.is(await world.knock(connectOf(device)), 0)
      for (const username of ['user', 'user&kp']) {
        assert.is(await world.knock({ username, password: 'p' }), 0, username)
        assert.is(await world.knock({ username, password: 'q' }), REFUSED, username)
      }
      const client = await world.open()
      await client.handshake({ username: 'user', password: 'p' })
      const [ack] = await client.publish({ topic: '/sys/pk/device/x', qos: 1 })
      assert.is(ack?.reasonCode, 0x10, 'no rules, no bounds')
    },
    { config },
  )
})

/** CONNECT of firmware with the library PubSubClient: 3.1.1, keep-alive 15, no will. */
function firmwareConnect(device: Triple): Buffer {
  const { clientId, password, username } = connectOf(device)
  const field = (text: string | Buffer): Buffer => {
    const bytes = Buffer.from(text)
    return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
  }
  const head = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0xc2, 0, 15])
  const body = Buffer.concat([head, field(clientId), field(username), field(password)])
  assert.ok(body.length < 128)
  return Buffer.concat([Buffer.from([0x10, body.length]), body])
}

test('a CONNECT as firmware sends it: in, allowed its own topics, refused others', () =>
  inWorld(async (world) => {
    const device = await world.addDevice()
    const received: string[] = []
    world.broker.subscribe('/pk/#', ({ topic, payload }) => received.push(`${topic} ${payload}`))
    const socket = createConnection({ host: '127.0.0.1', port: world.port })
    const next = async (): Promise<string> =>
      ((await once(socket, 'data'))[0] as Buffer).toString('hex')
    socket.write(firmwareConnect(device))
    assert.is(await next(), '20020000')
    const subscribe = (filter: string): Buffer =>
      Buffer.concat([
        Buffer.from([0x82, filter.length + 5, 0, 1, 0, filter.length]),
        Buffer.from(`${filter}\0`),
      ])
    socket.write(subscribe('/pk/device/user/get'))
    assert.is(await next(), '9003000100')
    socket.write(subscribe('/pk/other/user/get'))
    assert.is(await next(), '9003000180')
    const publish = (topic: string): Buffer =>
      Buffer.concat([
        Buffer.from([0x30, topic.length + 4, 0, topic.length]),
        Buffer.from(`${topic}hi`),
      ])
    socket.write(Buffer.concat([publish('/pk/other/user/a'), publish('/pk/device/user/a')]))
    socket.write(Buffer.from([0xc0, 0]))
    assert.is(await next(), 'd000')
    socket.destroy()
    assert.equal(received, ['/pk/device/user/a hi'])
  }))

test.run()
