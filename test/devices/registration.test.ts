// Dynamic registration over TLS: what is signed with the secret of the product, what is pushed
// without any SUBSCRIBE, and that only devices which have never come in are told.

import net from 'node:net'
import tls from 'node:tls'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Registration } from '../../host/access/devices/model.ts'
import type { ListenerConfig } from '../../host/config/config.ts'
import { RawClient } from '../client.ts'
import { Authority } from '../net/certificates.ts'
import { connectOf, hmac, inWorld, REFUSED, type World } from './kit.ts'
import { REGISTRATION } from './triple.vectors.ts'

const test = suite('devices: registration')

const TRIPLE = { productKey: 'pk', deviceName: 'dn' }
let listener: ListenerConfig
let authority: Authority

test.before(() => {
  authority = new Authority()
  listener = { type: 'mqtt', host: '127.0.0.1', port: 0, tls: authority.issue('server') }
})

/** Clients that speak TLS: bytes of a plain socket go through one. */
class Bridge {
  readonly #server: net.Server
  readonly #sockets: net.Socket[] = []

  private constructor(port: number) {
    this.#server = net.createServer((socket) => {
      const secure = tls.connect({ host: '127.0.0.1', port, ca: authority.pem() })
      this.#sockets.push(socket, secure)
      socket.on('error', () => secure.destroy())
      secure.on('error', () => socket.destroy())
      secure.on('close', () => socket.end())
      socket.on('close', () => secure.end())
      socket.pipe(secure).pipe(socket)
    })
  }

  static async open(port: number): Promise<Bridge> {
    const bridge = new Bridge(port)
    await new Promise<void>((resolve) => bridge.#server.listen(0, '127.0.0.1', resolve))
    return bridge
  }

  client(version: 4 | 5 = 5): Promise<RawClient> {
    const { port } = this.#server.address() as net.AddressInfo
    return RawClient.open({ port, version })
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}

async function overTls(
  dynamicRegistration: Registration,
  body: (world: World, bridge: Bridge) => Promise<void>,
): Promise<void> {
  await inWorld(
    async (world) => {
      await world.registry.createProduct({
        ...{ productKey: 'pk', productSecret: 'psecret', dynamicRegistration },
      })
      const bridge = await Bridge.open(world.port)
      try {
        await body(world, bridge)
      } finally {
        bridge.close()
      }
    },
    { listener },
  )
}

/** Fields of CONNECT to be registered. */
function asking(type: string, more: { secret?: string; mode?: string; name?: string } = {}) {
  const { mode = '2', name = 'dn', secret = 'psecret' } = more
  const values = { deviceName: name, productKey: 'pk', random: REGISTRATION.random }
  const extension = `securemode=${mode},authType=${type},random=567345,signmethod=hmacsha256`
  return {
    clientId: `id|${extension}|`,
    username: `${name}&pk`,
    password: hmac('sha256', secret, values),
  }
}

/** What is pushed to a client that registers. */
async function register(bridge: Bridge, type: string, version: 4 | 5, clean = true) {
  const client = await bridge.client(version)
  const { reasonCode, returnCode } = await client.handshake({ ...asking(type), clean })
  assert.is(reasonCode ?? returnCode, 0)
  const message = await client.next('publish')
  assert.is(message.topic, `/ext/${type}`)
  await client.disconnect()
  return JSON.parse(String(message.payload)) as Record<string, string>
}

async function knock(bridge: Bridge, fields: object): Promise<number> {
  const client = await bridge.client()
  const { reasonCode } = await client.handshake(fields)
  if (reasonCode === 0) await client.disconnect()
  return reasonCode ?? 0
}

test('the signature is that of the vector', () => {
  assert.is(asking('register', { name: 'device' }).password, REGISTRATION.password)
})

for (const version of [4, 5] as const) {
  test(`a listed device obtains its secret and comes in with it, version ${version}`, () =>
    overTls('listed', async (world, bridge) => {
      const { deviceSecret } = await world.registry.createDevice(TRIPLE)
      const told = await register(bridge, 'register', version)
      assert.equal(told, { ...TRIPLE, deviceSecret })
      assert.equal(await register(bridge, 'register', version, false), told, 'again, until it came')
      const triple = { ...TRIPLE, deviceSecret }
      assert.is(await knock(bridge, connectOf(triple, { securemode: '2' })), 0)
      assert.is(await knock(bridge, asking('register')), REFUSED, 'it has come')
      assert.is(world.broker.stats().sessions, 0, 'nothing is left of any of them')
    }))
}

test('any name obtains a token and comes in with it', () =>
  overTls('any', async (world, bridge) => {
    const told = await register(bridge, 'regnwl', 4)
    const { clientId, deviceToken } = told
    assert.equal(told, { clientId, ...TRIPLE, deviceToken })
    const fields = (id: string | undefined, password: string | undefined) => ({
      clientId: `${id}|securemode=-2,authType=connwl|`,
      ...{ username: 'dn&pk', password: `${password}` },
    })
    assert.is(await knock(bridge, fields('other', deviceToken)), REFUSED)
    assert.is(await knock(bridge, fields(clientId, `${deviceToken}x`)), REFUSED)
    const client = await bridge.client()
    assert.is((await client.handshake(fields(clientId, deviceToken))).reasonCode, 0)
    assert.equal((await client.subscribe('/pk/dn/user/get')).granted, [0])
    assert.is(await knock(bridge, asking('regnwl')), REFUSED, 'it has come')
    await world.registry.disableDevice(TRIPLE)
    await client.closed
    assert.is(await knock(bridge, fields(clientId, deviceToken)), REFUSED, 'disabled')
    await world.registry.enableDevice(TRIPLE)
    assert.is(await knock(bridge, fields(clientId, deviceToken)), 0)
    await world.registry.rotateSecret(TRIPLE)
    assert.is(await knock(bridge, fields(clientId, deviceToken)), REFUSED, 'rotated')
  }))

test('who may not be registered: switched off, not listed, wrong secret, plain, disabled', () =>
  overTls('off', async (world, bridge) => {
    await world.registry.createDevice(TRIPLE)
    assert.is(await knock(bridge, asking('register')), REFUSED, 'switched off')
    await world.registry.changeProduct('pk', { dynamicRegistration: 'listed' })
    assert.is(await knock(bridge, asking('register')), 0)
    assert.is(await knock(bridge, asking('register', { name: 'new' })), REFUSED, 'not listed')
    assert.is(await knock(bridge, asking('regnwl')), REFUSED, 'only listed ones')
    assert.is(await knock(bridge, asking('register', { secret: 'x' })), REFUSED, 'wrong secret')
    assert.is(await knock(bridge, asking('register', { mode: '3' })), REFUSED, 'no TLS, it says')
    assert.is(await knock(bridge, asking('register', { mode: '-2' })), 0)
    await world.registry.disableDevice(TRIPLE)
    assert.is(await knock(bridge, asking('register')), REFUSED, 'disabled')
  }))

test('without TLS nobody is registered, unless the configuration says so', async () => {
  const prepare = async ({ registry }: World): Promise<void> => {
    await registry.createProduct({
      ...{ productKey: 'pk', productSecret: 'psecret', dynamicRegistration: 'listed' },
    })
    await registry.createDevice(TRIPLE)
  }
  await inWorld(async (world) => {
    await prepare(world)
    assert.is(await world.knock(asking('register')), REFUSED)
  })
  const authentication = [{ type: 'device' as const, checkTransport: false }]
  await inWorld(
    async (world) => {
      await prepare(world)
      assert.is(await world.knock(asking('register')), 0)
    },
    { config: { authentication } },
  )
})

test('who registers may do nothing else', () =>
  overTls('listed', async (world, bridge) => {
    await world.registry.createDevice(TRIPLE)
    const client = await bridge.client()
    await client.handshake(asking('register'))
    await client.next('publish')
    assert.equal((await client.subscribe('/sys/pk/dn/#')).granted, [REFUSED])
    assert.is((await client.publish({ topic: '/sys/pk/dn/a', qos: 1 }))[0]?.reasonCode, REFUSED)
    assert.is(world.devices.isOnline(TRIPLE), false)
    client.drop()
  }))

test('a rotated secret may be obtained once more only when that is said', () =>
  overTls('listed', async (world, bridge) => {
    const device = await world.registry.createDevice(TRIPLE)
    assert.is(await knock(bridge, connectOf(device, { securemode: '2' })), 0)
    await world.registry.rotateSecret(TRIPLE)
    assert.is(await knock(bridge, asking('register')), REFUSED)
    const { deviceSecret } = await world.registry.rotateSecret(TRIPLE, { mayRegister: true })
    assert.equal(await register(bridge, 'register', 5), { ...TRIPLE, deviceSecret })
  }))

test.run()
