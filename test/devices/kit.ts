// What the tests of devices share: a broker with a registry made of a configuration, and clients
// that connect as the platform's SDKs do, signed by the test's own reading of the scheme.

import { createHmac } from 'node:crypto'
import { type DeviceHost, Devices } from '../../host/access/devices/devices.ts'
import type { Device, Product } from '../../host/access/devices/model.ts'
import { AccessManager } from '../../host/access/manager.ts'
import { nameOf } from '../../host/broker/policy.ts'
import type { Config, ListenerConfig } from '../../host/config/config.ts'
import { type Broker, createBroker } from '../../host/index.ts'
import { type Connect, RawClient } from '../client.ts'

export const REFUSED = 0x87
const PLAIN: ListenerConfig = { type: 'mqtt', host: '127.0.0.1', port: 0 }

/** What is signed: names and values by the order of the names. */
export function hmac(method: string, secret: string, values: Record<string, string>): string {
  const names = Object.keys(values).sort()
  const content = names.map((name) => `${name}${values[name]}`).join('')
  return createHmac(method, secret).update(content).digest('hex')
}

export interface Triple {
  productKey: string
  deviceName: string
  deviceSecret: string
}

/** Fields of CONNECT. @param values of the client identifier, in place of the usual ones */
export function connectOf(
  { deviceName, deviceSecret, productKey }: Triple,
  values: Record<string, string> = { securemode: '3', signmethod: 'hmacsha1', timestamp: '789' },
  id = '12345',
): { clientId: string; username: string; password: Buffer } {
  const { timestamp, signmethod = 'hmacmd5' } = values
  const signed = { clientId: id, deviceName, productKey, ...(timestamp && { timestamp }) }
  const pairs = Object.entries(values).map(([key, value]) => `${key}=${value}`)
  return {
    clientId: `${id}|${pairs.join(',')}|`,
    username: `${deviceName}&${productKey}`,
    password: Buffer.from(hmac(signmethod.replace('hmac', ''), deviceSecret, signed)),
  }
}

export class World {
  readonly broker: Broker
  readonly manager: AccessManager
  readonly devices: Devices
  readonly port: number
  readonly #clients: RawClient[] = []

  private constructor(broker: Broker, manager: AccessManager, devices: Devices, port: number) {
    this.broker = broker
    this.manager = manager
    this.devices = devices
    this.port = port
  }

  static async start(options: WorldOptions = {}): Promise<World> {
    const { config = { authentication: [{ type: 'device' }] }, listener = PLAIN } = options
    const { clock = Date.now, directory } = options
    const broker = await createBroker({ clock: { now: clock } })
    const devices = await Devices.open({ clock, directory })
    devices.attach(broker satisfies DeviceHost)
    const manager = new AccessManager({ clock, devices })
    const access = manager.apply(config, [listener]).get(nameOf(listener))
    const { port } = await broker.listen(listener, { access, guard: manager.limits })
    return new World(broker, manager, devices, port)
  }

  get registry(): Devices['registry'] {
    return this.devices.registry
  }

  async open(): Promise<RawClient> {
    const client = await RawClient.open({ port: this.port })
    this.#clients.push(client)
    return client
  }

  /** Product `pk` with a device `device` that has the secret `secret`. */
  async addDevice(name = 'device', productKey = 'pk'): Promise<Device> {
    if (this.registry.findProduct(productKey) === undefined) await this.addProduct(productKey)
    return this.registry.createDevice({ productKey, deviceName: name, deviceSecret: 'secret' })
  }

  addProduct(productKey: string): Promise<Product> {
    return this.registry.createProduct({ productKey, productSecret: 'psecret' })
  }

  /** A device that is in. */
  async connect(triple: Triple, more: Connect = {}): Promise<RawClient> {
    const client = await this.open()
    const { reasonCode } = await client.handshake({ ...connectOf(triple), ...more })
    if (reasonCode !== 0) throw new Error(`refused: ${reasonCode}`)
    return client
  }

  /** Reason code of the CONNACK. */
  async knock(fields: Connect): Promise<number> {
    const client = await this.open()
    return (await client.handshake(fields)).reasonCode ?? 0
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.drop()
    await this.broker.close()
    this.manager.close()
    await this.devices.close()
  }
}

export interface WorldOptions {
  config?: Config
  listener?: ListenerConfig
  /** Milliseconds since the epoch. */
  clock?: () => number
  /** Of the registry. */
  directory?: string
}

export async function inWorld(
  body: (world: World) => Promise<void>,
  options: WorldOptions = {},
): Promise<void> {
  const world = await World.start(options)
  try {
    await body(world)
  } finally {
    await world.close()
  }
}
