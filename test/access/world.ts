// A broker made of a configuration, with the access controls it asks for and a clock of the test's
// own, as the access tests use it: clients knock, and all is ended with the world.

import { AccessManager, type ManagerOptions } from '../../host/access/manager.ts'
import { nameOf } from '../../host/broker/policy.ts'
import type { Config, ListenerConfig } from '../../host/config/config.ts'
import { type Broker, type BrokerOptions, createBroker } from '../../host/index.ts'
import { type Connect, RawClient } from '../client.ts'

export class World {
  readonly broker: Broker
  readonly manager: AccessManager
  readonly port: number
  readonly #clients: RawClient[] = []

  private constructor(broker: Broker, manager: AccessManager, port: number) {
    this.broker = broker
    this.manager = manager
    this.port = port
  }

  static async start(
    config: Config,
    { clock = Date.now, ...more }: ManagerOptions & Partial<Omit<BrokerOptions, 'clock'>> = {},
  ): Promise<World> {
    const listener: ListenerConfig = { type: 'mqtt', host: '127.0.0.1', port: 0 }
    if (config.limits?.rates !== undefined) listener.rates = config.limits.rates
    const broker = await createBroker({ ...more, clock: { now: clock } })
    const manager = new AccessManager({ ...more, clock })
    const access = manager.apply(config, [listener]).get(nameOf(listener))
    const { port } = await broker.listen(listener, { access, guard: manager.limits })
    return new World(broker, manager, port)
  }

  async open(version: 3 | 4 | 5 = 5): Promise<RawClient> {
    const client = await RawClient.open({ port: this.port, version })
    this.#clients.push(client)
    return client
  }

  /** A client that is let in. */
  async connect(connect: Connect = {}): Promise<RawClient> {
    const client = await this.open()
    const { reasonCode } = await client.handshake(connect)
    if (reasonCode !== 0) throw new Error(`refused: ${reasonCode}`)
    return client
  }

  /** Reason code of the CONNACK. */
  async knock(username?: string, password?: string, more: Connect = {}): Promise<number> {
    const client = await this.open()
    const credentials = {
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password: Buffer.from(password) }),
    }
    return (await client.handshake({ ...credentials, ...more })).reasonCode ?? 0
  }

  /** Resolves when the broker counts `count` connections. */
  async settled(count: number): Promise<void> {
    while (this.broker.stats().connectionsNow !== count) await new Promise(setImmediate)
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.drop()
    await this.broker.close()
    this.manager.close()
  }
}

export async function inWorld(
  config: Config,
  body: (world: World) => Promise<void>,
  options: Parameters<typeof World.start>[1] = {},
): Promise<void> {
  const world = await World.start(config, options)
  try {
    await body(world)
  } finally {
    await world.close()
  }
}
