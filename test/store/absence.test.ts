// What falls due while the broker is not there: messages and sessions expire, delayed wills are
// published at the start. The clock is the test's own.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Broker, createBroker } from '../../host/index.ts'
import { type Connect, RawClient } from '../client.ts'
import { temporaryDirectory } from '../process.ts'

const test = suite('absence')
const HOUR = 3600

class World {
  readonly data: string = temporaryDirectory()
  private nowMs = 1_800_000_000_000
  private broker: Broker | undefined
  private port = 0

  async start(): Promise<void> {
    const clock = { now: () => this.nowMs }
    this.broker = await createBroker({ data: this.data, clock })
    this.port = (await this.broker.listen({ type: 'mqtt', port: 0 })).port
  }

  /** Stops the broker, lets `seconds` pass, and starts it again. */
  async sleep(seconds: number): Promise<void> {
    await this.stop()
    this.nowMs += seconds * 1000
    await this.start()
    this.broker?.tick()
  }

  async stop(): Promise<void> {
    await this.broker?.close()
  }

  connect(clientId: string, expiry: number, more: Connect = {}): Promise<RawClient> {
    const properties = { sessionExpiryInterval: expiry }
    return RawClient.connect({ port: this.port, clientId, clean: false, properties, ...more })
  }
}

async function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  const world = new World()
  await world.start()
  try {
    await body(world)
  } finally {
    await world.stop()
  }
}

/** Leaves without DISCONNECT a client whose will is published after `delay` seconds. */
async function die(world: World, payload: string, delay: number): Promise<void> {
  const properties = { willDelayInterval: delay }
  const will = { topic: 'wills', payload: Buffer.from(payload), retain: false, properties }
  const mortal = await world.connect('mortal', HOUR, { will: { ...will, qos: 1 } })
  mortal.drop()
  await mortal.closed
}

/**
 * The client is sent one message, and no other. What a restarted broker reads from the disk may
 * come after a PINGRESP: the message is waited for, and another one would be in order before the
 * probe that follows.
 */
async function receivesOnly(world: World, client: RawClient, payload: string): Promise<void> {
  assert.is(String((await client.take('publish')).payload), payload)
  await receivesNothing(world, client)
}

/** What is published now is the next that the client is sent; it stays subscribed to `probe`. */
async function receivesNothing(world: World, client: RawClient): Promise<void> {
  await client.subscribe('probe', { qos: 1 })
  const writer = await world.connect('prober', 0)
  await writer.publish({ topic: 'probe', payload: 'probe', qos: 1 })
  assert.is((await client.take('publish')).topic, 'probe')
}

test('a queued message that expired meanwhile is not delivered, another is', () =>
  inWorld(async (world) => {
    const reader = await world.connect('reader', HOUR)
    await reader.subscribe('a', { qos: 1 })
    await reader.disconnect()
    const writer = await world.connect('writer', 0)
    const expiring = { messageExpiryInterval: 5 }
    await writer.publish({ topic: 'a', payload: 'short', qos: 1, properties: expiring })
    await writer.publish({ topic: 'a', payload: 'long', qos: 1 })
    await world.sleep(20)
    const again = await world.connect('reader', HOUR)
    assert.is(again.connack?.sessionPresent, true)
    await receivesOnly(world, again, 'long')
  }))

test('what is left of an expiry interval counts on over the stop', () =>
  inWorld(async (world) => {
    const writer = await world.connect('writer', 0)
    const expiring = { messageExpiryInterval: 100 }
    await writer.publish({ topic: 'r', payload: 'x', qos: 1, retain: true, properties: expiring })
    await world.sleep(40)
    const reader = await world.connect('reader', 0)
    await reader.subscribe('r', { qos: 1 })
    const { properties } = await reader.take('publish')
    assert.is(properties?.messageExpiryInterval, 60)
  }))

test('a session that expired meanwhile is gone', () =>
  inWorld(async (world) => {
    const reader = await world.connect('reader', 10)
    await reader.subscribe('a', { qos: 1 })
    await reader.disconnect()
    await world.sleep(20)
    const again = await world.connect('reader', 10)
    assert.is(again.connack?.sessionPresent, false)
  }))

test('a will whose delay ran out meanwhile is published at the start', () =>
  inWorld(async (world) => {
    const reader = await world.connect('reader', HOUR)
    await reader.subscribe('wills', { qos: 1 })
    await reader.disconnect()
    await die(world, 'gone', 10)
    await world.sleep(20)
    const again = await world.connect('reader', HOUR)
    await receivesOnly(world, again, 'gone')
  }))

test('a will whose delay has not run out waits for the rest of it', () =>
  inWorld(async (world) => {
    const reader = await world.connect('reader', HOUR)
    await reader.subscribe('wills', { qos: 1 })
    await die(world, 'back', 100)
    await world.sleep(20)
    const returned = await world.connect('mortal', HOUR)
    assert.is(returned.connack?.sessionPresent, true)
    const again = await world.connect('reader', HOUR)
    await receivesNothing(world, again)
  }))

test.run()
