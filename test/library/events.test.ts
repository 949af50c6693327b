// The events of a broker: what is told, in which order, with what; and that no listener can harm
// it.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Broker, Clock, Events } from '../../host/index.ts'
import { deferred, inWorld } from './world.ts'

const test = suite('events')

const NAMES: (keyof Events)[] = [
  ...(['client', 'clientReady', 'clientDisconnect', 'clientError', 'connectionError'] as const),
  ...(['keepaliveTimeout', 'publish', 'ack', 'subscribe', 'unsubscribe', 'closed'] as const),
  ...(['connackSent', 'ping', 'willDropped', 'publishDropped', 'sessionExpired'] as const),
]

/** Names of all events told, and who waits for the next one of a name. */
function record(broker: Broker): { names: string[]; next(name: keyof Events): Promise<void> } {
  const names: string[] = []
  const waiting = new Map<string, () => void>()
  for (const name of NAMES) {
    broker.on(name, () => {
      names.push(name)
      waiting.get(name)?.()
    })
  }
  return {
    names,
    next: (name) => {
      const { promise, resolve } = deferred()
      waiting.set(name, () => resolve())
      return promise
    },
  }
}

/** The arguments of the next event of a name. */
function once<E extends keyof Events>(broker: Broker, name: E): Promise<Events[E]> {
  return new Promise((resolve) => broker.once(name, (...args) => resolve(args)))
}

class ManualClock implements Clock {
  time = 1_000_000_000_000

  now(): number {
    return this.time
  }
}

test('a client is told from its CONNECT to its end', () =>
  inWorld({}, async (world) => {
    const told = record(world.broker)
    const client = await world.connect({ clientId: 'c' })
    await client.subscribe('a', { qos: 1 })
    client.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 0 })
    await client.barrier()
    client.send({ cmd: 'unsubscribe', messageId: 9, unsubscriptions: ['a'] })
    await client.next('unsuback')
    const gone = told.next('clientDisconnect')
    client.send({ cmd: 'disconnect' })
    await gone
    assert.equal(told.names, [
      ...['client', 'connackSent', 'clientReady', 'subscribe', 'publish', 'ping'],
      ...['unsubscribe', 'clientDisconnect'],
    ])
  }))

test('the same object stands for a client in every event', () =>
  inWorld({}, async (world) => {
    const { broker } = world
    const begun = once(broker, 'client')
    const published = once(broker, 'publish')
    const gone = once(broker, 'clientDisconnect')
    const raw = await world.connect({ clientId: 'c', username: 'u', keepalive: 7, clean: false })
    const [client] = await begun
    assert.equal(
      [client.id, client.username, client.keepAlive, client.cleanStart, client.version],
      ['c', 'u', 7, false, 5],
    )
    assert.is(client.connected, true)
    assert.is(client.listener.startsWith('mqtt-'), true)
    raw.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 0 })
    assert.is((await published)[1], client)
    raw.drop()
    assert.is((await gone)[0], client)
    assert.equal([client.connected, client.closed], [false, true])
  }))

test('publish is told of clients, wills and this process, with what was routed', () =>
  inWorld({}, async (world) => {
    const { broker } = world
    const seen: string[] = []
    const all = deferred()
    broker.on('publish', (message, client) => {
      seen.push(`${client?.id} ${message.topic} ${message.payload} ${message.qos}`)
      if (seen.length === 3) all.resolve()
    })
    broker.publish({ topic: 'local', payload: '1', qos: 1 })
    const will = { topic: 'will', payload: Buffer.from('3'), qos: 0 as const, retain: false }
    const raw = await world.connect({ clientId: 'c', will })
    raw.send({ cmd: 'publish', topic: 'client', payload: '2', qos: 2, messageId: 1 })
    await raw.next('pubrec')
    raw.drop()
    await all.promise
    assert.equal(seen, ['undefined local 1 1', 'c client 2 2', 'c will 3 0'])
  }))

test('a message told of is over with its call, unless it is kept', () =>
  inWorld({}, async (world) => {
    const { broker } = world
    const told = once(broker, 'publish')
    broker.publish({ topic: 't', payload: 'x' })
    const [message] = await told
    assert.throws(() => message.payload, /keep\(\)/)
    const kept = new Promise<string>((resolve) =>
      broker.once('publish', (told) => {
        told.keep()
        setImmediate(() => resolve(told.payload.toString()))
      }),
    )
    broker.publish({ topic: 't', payload: 'x' })
    assert.is(await kept, 'x')
    assert.is(world.broker.stats().messagesHeld, 0)
  }))

test('ack tells what was delivered, with the message while a session keeps it', () =>
  inWorld({}, async (world) => {
    const acks: string[] = []
    const all = deferred()
    world.broker.on('ack', ({ packetId, qos, message }, client) => {
      acks.push(`${client.id} ${packetId} ${qos} ${message?.topic}`)
      if (acks.length === 3) all.resolve()
    })
    for (const [clientId, qos] of [
      ['one', 1],
      ['two', 2],
    ] as const) {
      const raw = await world.connect({ clientId, clean: false, version: 4 })
      await raw.subscribe(`t/${clientId}`, { qos })
      world.broker.publish({ topic: `t/${clientId}`, payload: 'x', qos })
      await raw.take('publish')
    }
    const clean = await world.connect({ clientId: 'clean', version: 4 })
    await clean.subscribe('t/clean', { qos: 1 })
    world.broker.publish({ topic: 't/clean', payload: 'x', qos: 1 })
    await all.promise
    assert.equal(acks.sort(), ['clean 1 1 undefined', 'one 1 1 t/one', 'two 1 2 undefined'])
  }))

test('subscribe tells what each filter came to', () =>
  inWorld({ qosMax: 1 }, async (world) => {
    const told = once(world.broker, 'subscribe')
    const raw = await world.connect()
    const subscriptions = [
      { topic: 'a', qos: 2 as const },
      { topic: '$share/g/b', qos: 0 as const },
    ]
    raw.send({ cmd: 'subscribe', messageId: 1, subscriptions })
    assert.equal((await told)[0], [
      { filter: 'a', reason: 1 },
      { filter: '$share/g/b', reason: 0 },
    ])
  }))

test('clientError says what a client did, connectionError what never became one', () =>
  inWorld({}, async (world) => {
    const early = once(world.broker, 'connectionError')
    const stranger = await world.open()
    stranger.sendBytes(Buffer.from([0xc0, 0]))
    const [unknown, first] = await early
    assert.is(unknown.id, '')
    assert.is((first as { reason?: number }).reason, 0x82)
    const late = once(world.broker, 'clientError')
    const raw = await world.connect({ clientId: 'c' })
    raw.sendBytes(Buffer.from([0x36, 3, 0, 1, 0x61]))
    const [client, error] = await late
    assert.is(client.id, 'c')
    assert.is((error as { code?: string }).code, 'WASMQTT_CONNECTION')
  }))

test('a takeover is no error, and the old client is over before the new one begins', () =>
  inWorld({}, async (world) => {
    await world.connect({ clientId: 'c' })
    const told = record(world.broker)
    const ready = told.next('clientReady')
    await world.connect({ clientId: 'c' })
    await ready
    assert.equal(told.names, ['clientDisconnect', 'client', 'connackSent', 'clientReady'])
  }))

test('keepaliveTimeout and sessionExpired are told when their time is over', () => {
  const clock = new ManualClock()
  return inWorld({ clock }, async (world) => {
    const { broker } = world
    const quiet = once(broker, 'keepaliveTimeout')
    const failed = once(broker, 'clientError')
    const gone = once(broker, 'clientDisconnect')
    const properties = { sessionExpiryInterval: 60 }
    await world.connect({ clientId: 'c', keepalive: 10, properties })
    clock.time += 16_000
    broker.tick()
    assert.is((await quiet)[0].id, 'c')
    assert.is((await failed)[1].message, 'keep alive timeout')
    await gone
    const expired = once(broker, 'sessionExpired')
    clock.time += 61_000
    broker.tick()
    assert.equal(await expired, ['c'])
  })
})

test('publishDropped says which message was lost, to whom, and why', () =>
  inWorld({ queueMessagesMax: 1 }, async (world) => {
    const { broker } = world
    const gone = once(broker, 'clientDisconnect')
    const session = { clientId: 'c', clean: false, version: 4 as const }
    const raw = await world.connect(session)
    await raw.subscribe('t', { qos: 1 })
    raw.drop()
    await gone
    const lost = new Promise<string>((resolve) =>
      broker.once('publishDropped', ({ clientId, message, why }) =>
        resolve(`${clientId} ${message?.payload} ${why}`),
      ),
    )
    broker.publish({ topic: 't', payload: 'first', qos: 1 })
    broker.publish({ topic: 't', payload: 'second', qos: 1 })
    assert.is(await lost, 'c first queue full')
  }))

test('a listener that throws or rejects is told by error, and the next ones are called', () =>
  inWorld({}, async (world) => {
    const errors: string[] = []
    const both = deferred()
    world.broker.on('error', ({ message }) => {
      errors.push(message)
      if (errors.length === 2) both.resolve()
      throw new Error('of error')
    })
    world.broker.on('client', () => {
      throw new Error('thrown')
    })
    world.broker.on('client', () => Promise.reject(new Error('rejected')))
    const heard = once(world.broker, 'client')
    await world.connect()
    await heard
    await both.promise
    assert.equal(errors, ['thrown', 'rejected'])
    await world.connect()
  }))

test('a listener may publish, close clients, and stop listening', () =>
  inWorld({}, async (world) => {
    const { broker } = world
    let count = 0
    const listener = (): void => {
      count++
      broker.off('subscribe', listener)
    }
    broker.on('subscribe', listener)
    broker.on('subscribe', (_subscriptions, client) => {
      broker.publish({ topic: 'hello', payload: client.id })
      broker.once('publish', () => client.close())
      broker.publish({ topic: 'bye' })
    })
    for (const clientId of ['a', 'b']) {
      const raw = await world.connect({ clientId })
      await raw.subscribe('#')
      assert.is((await raw.next('publish')).payload.toString(), clientId)
      assert.is((await raw.next('publish')).topic, 'bye')
      assert.is((await raw.next('disconnect')).reasonCode, 0x98)
    }
    assert.is(count, 1)
  }))

test('closed is told when everything is', async () => {
  const told: string[] = []
  await inWorld({}, async ({ broker }) => {
    broker.on('closed', () => told.push('closed'))
  })
  assert.equal(told, ['closed'])
})

test.run()
