// A broker with a listener for the tests of the library, the clients they open, and a promise that
// a test settles by hand.

import { type Broker, type CreateOptions, createBroker } from '../../host/index.ts'
import { type Connect, RawClient } from '../client.ts'

export class World {
  readonly broker: Broker
  readonly port: number
  readonly #clients: RawClient[] = []

  private constructor(broker: Broker, port: number) {
    this.broker = broker
    this.port = port
  }

  static async start(options: CreateOptions): Promise<World> {
    const broker = await createBroker({ sysInterval: 0, ...options })
    const { port } = await broker.listen({ type: 'mqtt', port: 0 })
    return new World(broker, port)
  }

  async open(version: 3 | 4 | 5 = 5): Promise<RawClient> {
    const client = await RawClient.open({ port: this.port, version })
    this.#clients.push(client)
    return client
  }

  async connect({
    version = 5,
    ...more
  }: Connect & { version?: 3 | 4 | 5 } = {}): Promise<RawClient> {
    const client = await this.open(version)
    const { reasonCode = 0, returnCode = 0 } = await client.handshake(more)
    if (reasonCode !== 0 || returnCode !== 0)
      throw new Error(`refused: ${reasonCode} ${returnCode}`)
    return client
  }

  close(): Promise<void> {
    for (const client of this.#clients) client.drop()
    return this.broker.close()
  }
}

export async function inWorld(
  options: CreateOptions,
  body: (world: World) => Promise<void>,
): Promise<void> {
  const world = await World.start(options)
  try {
    await body(world)
  } finally {
    await world.close()
  }
}

/** A promise and what settles it. */
export function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
