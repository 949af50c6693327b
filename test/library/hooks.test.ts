// The hooks of `createBroker`: what they see, what their answers do, and that nothing they do ends
// the process.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Client, MessageView } from '../../host/index.ts'
import { RawClient } from '../client.ts'
import { deferred, inWorld, type World } from './world.ts'

const test = suite('hooks')
const NOT_AUTHORIZED = 0x87
const QUOTA_EXCEEDED = 0x97

async function connack(world: World, version: 4 | 5, more = {}) {
  const client = await world.open(version)
  const { reasonCode, returnCode } = await client.handshake(more)
  return version === 5 ? reasonCode : returnCode
}

for (const kind of ['at once', 'by a promise'] as const) {
  const say = <T>(value: T): T | Promise<T> => (kind === 'at once' ? value : Promise.resolve(value))

  test(`preConnect refuses ${kind}`, () => {
    const seen: string[] = []
    const preConnect = (client: Client, { clientId }: { clientId: string }) => {
      seen.push(`${clientId} ${client.connected} ${client.origin.scheme}`)
      return say(clientId === 'good')
    }
    return inWorld({ hooks: { preConnect } }, async (world) => {
      assert.is(await connack(world, 5, { clientId: 'bad' }), NOT_AUTHORIZED)
      assert.is(await connack(world, 4, { clientId: 'bad' }), 5)
      assert.is(await connack(world, 5, { clientId: 'good' }), 0)
      assert.equal(seen, ['bad false mqtt', 'bad false mqtt', 'good false mqtt'])
    })
  })

  test(`authenticate decides by name and password ${kind}`, () => {
    const authenticate = (client: Client, username?: string, password?: Buffer) =>
      say(client.id === 'c' && username === 'u' && password?.toString() === 'p')
    return inWorld({ hooks: { authenticate } }, async (world) => {
      const known = { clientId: 'c', username: 'u', password: Buffer.from('p') }
      assert.is(await connack(world, 5, known), 0)
      assert.is(await connack(world, 5, { ...known, clientId: 'd' }), NOT_AUTHORIZED)
      assert.is(await connack(world, 4, { ...known, password: Buffer.from('q') }), 5)
    })
  })

  test(`authorizePublish refuses, changes and lets pass ${kind}`, () => {
    const authorizePublish = (client: Client, message: MessageView) => {
      if (message.topic === 'no') return say(false)
      if (message.topic === 'full') return say(QUOTA_EXCEEDED)
      if (message.topic === 'old') message.topic = `new/${client.id}`
      if (message.topic === 'loud') message.payload = Buffer.from('LOUD')
      return say(true)
    }
    return inWorld({ hooks: { authorizePublish } }, async (world) => {
      const reader = await world.connect()
      await reader.subscribe('#', { qos: 1 })
      const writer = await world.connect({ clientId: 'w' })
      const reasons: (number | undefined)[] = []
      for (const topic of ['no', 'full', 'old', 'loud', 'same']) {
        writer.send({ cmd: 'publish', topic, payload: 'x', qos: 1, messageId: 7 })
        reasons.push((await writer.next('puback')).reasonCode)
      }
      assert.equal(reasons, [NOT_AUTHORIZED, QUOTA_EXCEEDED, 0, 0, 0])
      const got = (await reader.barrier()).map((packet) =>
        packet.cmd === 'publish' ? `${packet.topic} ${packet.payload}` : packet.cmd,
      )
      assert.equal(got, ['new/w x', 'loud LOUD', 'same x'])
    })
  })

  test(`authorizeSubscribe refuses and changes filters ${kind}`, () => {
    const authorizeSubscribe = (_client: Client, request: { filter: string; qos: number }) => {
      if (request.filter === 'secret/#') return say(false)
      if (request.filter === 'mine') Object.assign(request, { filter: 'yours', qos: 0 })
      if (request.filter === 'broken') request.filter = 'a/#/b'
      return say(true)
    }
    return inWorld({ hooks: { authorizeSubscribe } }, async (world) => {
      const client = await world.connect()
      const subscriptions = ['a', 'secret/#', 'mine', 'broken'].map((topic) => ({
        topic,
        qos: 1 as const,
      }))
      client.send({ cmd: 'subscribe', messageId: 3, subscriptions })
      assert.equal((await client.next('suback')).granted, [1, NOT_AUTHORIZED, 0, 0x8f])
      world.broker.publish({ topic: 'mine', payload: 'no' })
      world.broker.publish({ topic: 'yours', payload: 'yes' })
      const packets = await client.barrier()
      assert.equal(
        packets.map((packet) => packet.cmd === 'publish' && packet.topic),
        ['yours'],
      )
    })
  })

  test(`a hook that fails ${kind} ends the connection, and the broker goes on`, () => {
    const authorizePublish = () => {
      const error = Object.assign(new Error('broken'), { reason: QUOTA_EXCEEDED })
      if (kind === 'at once') throw error
      return Promise.reject(error)
    }
    return inWorld({ hooks: { authorizePublish } }, async (world) => {
      const failed = deferred<string>()
      world.broker.on('clientError', (client, error) => failed.resolve(client.id + error.message))
      const client = await world.connect({ clientId: 'c' })
      client.send({ cmd: 'publish', topic: 't', payload: 'x', qos: 0 })
      assert.is((await client.next('disconnect')).reasonCode, QUOTA_EXCEEDED)
      assert.is(await failed.promise, 'cbroken')
      await world.connect()
    })
  })
}

test('authorizePublish sees each field once it reads it, and not after its call', () => {
  let kept: MessageView | undefined
  let lost: MessageView | undefined
  const authorizePublish = (_client: Client, message: MessageView) => {
    if (message.topic === 'kept') kept = message.keep()
    else lost = message
    return true
  }
  return inWorld({ hooks: { authorizePublish } }, async (world) => {
    const client = await world.connect()
    const properties = { contentType: 'text', userProperties: { a: 'b' } }
    const retain = true
    client.send({ cmd: 'publish', topic: 'kept', payload: 'x', qos: 0, retain, properties })
    client.send({ cmd: 'publish', topic: 'lost', payload: 'y', qos: 0 })
    await client.barrier()
    assert.is(kept?.payload.toString(), 'x')
    assert.is(kept?.retain, true)
    assert.equal(kept?.properties, { contentType: 'text', userProperties: [['a', 'b']] })
    assert.throws(() => lost?.payload, /keep\(\)/)
    assert.is(lost?.topic, 'lost')
  })
})

test('a PUBLISH whose decision takes time keeps its properties, and its alias', () => {
  const authorizePublish = async (): Promise<boolean> => true
  return inWorld({ hooks: { authorizePublish } }, async (world) => {
    const reader = await world.connect()
    await reader.subscribe('#', { qos: 1 })
    const writer = await world.connect()
    const userProperties = { k: 'v' }
    const properties = { messageExpiryInterval: 30, topicAlias: 2, userProperties }
    await writer.publish({ topic: 'a/b', payload: '1', qos: 1, properties })
    const first = await reader.take('publish')
    assert.equal({ ...first.properties }, { messageExpiryInterval: 30, userProperties })
    await writer.publish({ topic: '', payload: '2', qos: 1, properties: { topicAlias: 2 } })
    const second = await reader.take('publish')
    assert.equal([second.topic, String(second.payload)], ['a/b', '2'])
  })
})

test('what a hook makes of a topic that cannot be is refused', () => {
  const authorizePublish = (_client: Client, message: MessageView) => {
    message.topic = message.topic === 'a' ? 'a/#' : '$SYS/a'
    return true
  }
  return inWorld({ hooks: { authorizePublish } }, async (world) => {
    const client = await world.connect()
    const reasons: (number | undefined)[] = []
    for (const topic of ['a', 'b']) {
      client.send({ cmd: 'publish', topic, payload: 'x', qos: 2, messageId: 1 })
      reasons.push((await client.next('pubrec')).reasonCode)
    }
    assert.equal(reasons, [0x90, NOT_AUTHORIZED])
  })
})

test('authorizeForward keeps away and changes for one receiver, also what is retained', () => {
  const authorizeForward = (client: Client, message: MessageView) => {
    if (client.id === 'blind') return false
    if (client.id === 'other') message.payload = Buffer.from(`${message.payload} for other`)
    return true
  }
  return inWorld({ hooks: { authorizeForward } }, async (world) => {
    world.broker.publish({ topic: 't', payload: 'kept', retain: true })
    const clients = await Promise.all(
      ['blind', 'plain', 'other'].map((clientId) => world.connect({ clientId })),
    )
    for (const client of clients) await client.subscribe('t', { qos: 1 })
    world.broker.publish({ topic: 't', payload: 'new', qos: 1 })
    const got: string[][] = []
    for (const client of clients) {
      const packets = await client.barrier()
      got.push(packets.map((packet) => (packet.cmd === 'publish' ? `${packet.payload}` : '')))
    }
    assert.equal(got, [[], ['kept', 'new'], ['kept for other', 'new for other']])
  })
})

test('authorizeForward is asked about what waited while its client was away', () => {
  const authorizeForward = (_client: Client, message: MessageView) => message.topic !== 'no'
  return inWorld({ hooks: { authorizeForward } }, async (world) => {
    const session = { clientId: 'c', clean: false, version: 4 as const }
    const first = await world.connect(session)
    await first.subscribe('#', { qos: 1 })
    const gone = deferred()
    world.broker.on('clientDisconnect', () => gone.resolve())
    first.drop()
    await gone.promise
    for (const topic of ['yes', 'no', 'again']) world.broker.publish({ topic, qos: 1 })
    const second = await world.connect(session)
    const packets = await second.barrier()
    assert.equal(
      packets.map((packet) => packet.cmd === 'publish' && packet.topic),
      ['yes', 'again'],
    )
  })
})

test('an acknowledgement waits for published, and so do the next packets', () => {
  const begun = deferred()
  const done = deferred()
  const seen: string[] = []
  const published = (message: MessageView, client: Client | undefined) => {
    seen.push(`${client?.id} ${message.topic} ${message.payload}`)
    if (message.topic !== 'slow') return undefined
    begun.resolve()
    return done.promise
  }
  return inWorld({ hooks: { published } }, async (world) => {
    const client = await world.connect({ clientId: 'c' })
    client.send({ cmd: 'publish', topic: 'slow', payload: '1', qos: 1, messageId: 1 })
    client.send({ cmd: 'publish', topic: 'fast', payload: '2', qos: 1, messageId: 2 })
    await begun.promise
    world.broker.publish({ topic: 'local', payload: '3' })
    assert.equal(seen, ['c slow 1', 'undefined local 3'])
    assert.is(client.received.length, 1)
    done.resolve()
    assert.is((await client.next('puback')).messageId, 1)
    assert.is((await client.next('puback')).messageId, 2)
    assert.is(seen[2], 'c fast 2')
  })
})

test('a hook may publish, subscribe and close; all of it is done when the packet is', () => {
  const heard: string[] = []
  let world: World
  const authorizePublish = (client: Client, { topic }: MessageView) => {
    if (topic === 'bye') client.close()
    world.broker.subscribe('echo/#', (delivery) => heard.push(delivery.topic))
    world.broker.publish({ topic: `echo/${topic}` })
    return true
  }
  return inWorld({ hooks: { authorizePublish } }, async (started) => {
    world = started
    const other = await world.connect()
    await other.subscribe('echo/+')
    const client = await world.connect()
    client.send({ cmd: 'publish', topic: 'hi', payload: '', qos: 0 })
    client.send({ cmd: 'publish', topic: 'bye', payload: '', qos: 1, messageId: 1 })
    await client.next('puback')
    assert.is((await client.next('disconnect')).reasonCode, 0x98)
    const packets = await other.barrier()
    assert.equal(
      packets.map((packet) => packet.cmd === 'publish' && packet.topic),
      ['echo/hi', 'echo/bye'],
    )
    assert.equal(heard, ['echo/hi', 'echo/bye', 'echo/bye'])
  })
})

test('a will is authorized, changed, and told when it is dropped', () => {
  const authorizePublish = (client: Client, message: MessageView) => {
    if (message.topic === 'will/bad') return Promise.resolve(false)
    message.payload = Buffer.from(`of ${client.id}`)
    return true
  }
  return inWorld({ hooks: { authorizePublish } }, async (world) => {
    const dropped = deferred<string>()
    world.broker.on('willDropped', ({ clientId, topic, reason }) =>
      dropped.resolve(`${clientId} ${topic} ${reason}`),
    )
    const reader = await world.connect()
    await reader.subscribe('will/#')
    for (const clientId of ['good', 'bad']) {
      const will = { topic: `will/${clientId}`, payload: Buffer.from('x'), qos: 0 as const }
      const client = await world.connect({ clientId, will: { ...will, retain: false } })
      client.drop()
    }
    assert.is(await dropped.promise, `bad will/bad ${NOT_AUTHORIZED}`)
    const packet = await reader.next('publish')
    assert.is(packet.payload.toString(), 'of good')
  })
})

test('topics are shown to hooks without the mount point, and changed ones stay below it', () => {
  const seen: string[] = []
  const authorizePublish = (_client: Client, message: MessageView) => {
    seen.push(message.topic)
    message.topic = 'b'
    return true
  }
  return inWorld({ hooks: { authorizePublish } }, async ({ broker }) => {
    const listener = await broker.listen({ type: 'mqtt', port: 0, mountPoint: 'm/' })
    const heard: string[] = []
    broker.subscribe('#', ({ topic }) => heard.push(topic))
    const client = await RawClient.connect({ port: listener.port })
    client.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 1 })
    await client.next('puback')
    client.drop()
    assert.equal([seen, heard], [['a'], ['m/b']])
  })
})

test('with a store, QoS 2 waits for the hooks and the disk, and is routed once', async () => {
  const data = mkdtempSync(join(tmpdir(), 'wasmqtt-hooks-'))
  const authorizePublish = async (_client: Client, message: MessageView) => {
    message.payload = `${message.payload}!`
    return true
  }
  const published = () => Promise.resolve()
  try {
    await inWorld({ data, hooks: { authorizePublish, published } }, async (world) => {
      const session = { clientId: 'c', clean: false, version: 4 as const }
      const client = await world.connect(session)
      await client.subscribe('t', { qos: 2 })
      for (const messageId of [1, 1, 2]) {
        client.send({ cmd: 'publish', topic: 't', payload: `${messageId}`, qos: 2, messageId })
        await client.take('pubrec', messageId)
      }
      const got = [await client.take('publish'), await client.take('publish')]
      assert.equal(
        got.map(({ payload }) => `${payload}`),
        ['1!', '2!'],
      )
      assert.is(world.broker.stats().publishReceived, 3)
      const packets = await client.barrier()
      assert.equal(
        packets.filter(({ cmd }) => cmd === 'publish'),
        [],
      )
    })
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
})

test.run()
