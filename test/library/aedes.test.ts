// `wasmqtt/aedes` beside aedes 1.2 itself: what its documentation describes, done by the same lines
// with both, must come to the same notes. Where the two differ, host/aedes/README.md says so.

import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { Aedes as Original } from 'aedes'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createWebSocketStream, WebSocketServer } from 'ws'
import { Aedes } from '../../host/aedes.ts'
import { type Connect, RawClient } from '../client.ts'

const test = suite('aedes')

/** A broker of either kind behind a server, with what a scenario notes. */
class Scene {
  readonly aedes: Aedes
  readonly notes: string[] = []
  readonly #server: Server
  readonly #clients: RawClient[] = []

  private constructor(aedes: Aedes, server: Server) {
    this.aedes = aedes
    this.#server = server
  }

  static async start(make: typeof Aedes, options: object): Promise<Scene> {
    const aedes = await make.createBroker({ id: 'broker', ...options })
    const server = createServer(aedes.handle)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Scene(aedes, server)
  }

  note(...words: unknown[]): void {
    this.notes.push(words.map(String).join(' '))
  }

  async open(version: 3 | 4 | 5 = 4): Promise<RawClient> {
    const { port } = this.#server.address() as AddressInfo
    const client = await RawClient.open({ port, version })
    this.#clients.push(client)
    return client
  }

  async connect(connect: Connect = {}): Promise<RawClient> {
    const client = await this.open()
    await client.handshake(connect)
    return client
  }

  /** The arguments of the next event. */
  // biome-ignore lint/suspicious/noExplicitAny: either broker's
  once(name: string): Promise<any[]> {
    return new Promise((resolve) => this.aedes.once(name, (...args) => resolve(args)))
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.drop()
    await new Promise<void>((resolve) => this.aedes.close(() => resolve()))
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

/** A scenario that must come to the same with both. */
function same(title: string, play: (scene: Scene) => Promise<void>, options: object = {}): void {
  test(title, async () => {
    const notes: string[][] = []
    for (const make of [Original as unknown as typeof Aedes, Aedes]) {
      const scene = await Scene.start(make, options)
      try {
        await play(scene)
      } finally {
        await scene.close()
      }
      notes.push(scene.notes)
    }
    assert.ok((notes[0] as string[]).length > 0)
    assert.equal(notes[1], notes[0])
  })
}

same('a client is told from its beginning to its end', async (scene) => {
  const { aedes } = scene
  for (const name of ['client', 'clientReady', 'clientDisconnect']) {
    aedes.on(name, (client) =>
      scene.note(name, client.id, client.clean, client.version, client.connected, client.closed),
    )
  }
  aedes.on('connackSent', (packet, client) =>
    scene.note('connackSent', JSON.stringify(packet), client.id),
  )
  aedes.on('ping', (packet, client) => scene.note('ping', packet.cmd, client.id))
  const ready = scene.once('clientReady')
  const raw = await scene.connect({ clientId: 'c' })
  await ready
  scene.note(aedes.connectedClients, aedes.closed, aedes.id)
  await raw.barrier()
  const gone = scene.once('clientDisconnect')
  raw.send({ cmd: 'disconnect' })
  await gone
  scene.note(aedes.connectedClients)
})

same('subscriptions and what is published are told', async (scene) => {
  const { aedes } = scene
  aedes.on('subscribe', (subscriptions, client) =>
    scene.note('subscribe', JSON.stringify(subscriptions), client.id),
  )
  aedes.on('unsubscribe', (filters, client) => scene.note('unsubscribe', filters, client.id))
  aedes.on('publish', (packet, client) => {
    if (packet.topic.startsWith('$SYS')) return
    scene.note('publish', packet.topic, packet.payload, packet.qos, !!packet.retain, client?.id)
  })
  const raw = await scene.connect({ clientId: 'c' })
  await raw.subscribe('a/#', { qos: 1 })
  raw.send({ cmd: 'publish', topic: 'a/b', payload: 'x', qos: 1, messageId: 5 })
  await raw.take('puback')
  await raw.take('publish')
  const told = scene.once('publish')
  aedes.publish({ cmd: 'publish', topic: 'a/c', payload: Buffer.from('y'), qos: 0 }, () => {})
  await told
  await raw.take('publish')
  const gone = scene.once('unsubscribe')
  raw.send({ cmd: 'unsubscribe', messageId: 6, unsubscriptions: ['a/#'] })
  await raw.take('unsuback')
  await gone
})

same('the end of a clean client ends its subscriptions', async (scene) => {
  const raw = await scene.connect({ clientId: 'c' })
  await raw.subscribe('a')
  const told = scene.once('unsubscribe')
  raw.drop()
  const [filters, client] = await told
  scene.note(filters, client.id, client.closed)
})

same('authenticate decides, and its error says with which return code', async (scene) => {
  const { aedes } = scene
  aedes.authenticate = (client, username, password, callback) => {
    scene.note('asked', client.id, username, password)
    if (username === 'matteo') return callback(null, true)
    if (username === 'nobody') return callback(null, false)
    return callback(Object.assign(new Error('Auth error'), { returnCode: 4 }), null)
  }
  for (const username of ['matteo', 'nobody', 'other']) {
    const error = username === 'matteo' ? undefined : scene.once('clientError')
    const sent = scene.once('connackSent')
    const raw = await scene.connect({ clientId: username, username, password: 'p' })
    scene.note(raw.connack?.returnCode, (await sent)[0].returnCode)
    if (error === undefined) continue
    const [client, { errorCode, message }] = await error
    scene.note(client.id, message, errorCode)
  }
})

same('preConnect can turn a connection away, and change its packet', async (scene) => {
  const { aedes } = scene
  aedes.preConnect = (client, packet, callback) => {
    scene.note(client.id, client.connecting, packet.cmd, packet.clientId, packet.keepalive)
    if (packet.clientId === 'bad') return callback(new Error('not today'), false)
    packet.clientId = 'changed'
    return callback(null, true)
  }
  const error = scene.once('connectionError')
  const bad = await scene.open()
  bad.send({ cmd: 'connect', clientId: 'bad', clean: true, keepalive: 3 })
  const [client, { message }] = await error
  scene.note('connectionError', client.id, message)
  await bad.closed
  scene.note('received', bad.received.length)
  const ready = scene.once('clientReady')
  await scene.connect({ clientId: 'good' })
  scene.note((await ready)[0].id)
})

same('authorizePublish refuses by an error and overwrites payloads', async (scene) => {
  const { aedes } = scene
  aedes.authorizePublish = (client, packet, callback) => {
    scene.note(client?.id, packet.topic, packet.payload, packet.qos, packet.retain)
    if (packet.topic === 'aaaa') return callback(new Error('wrong topic'))
    if (packet.topic === 'bbb') packet.payload = Buffer.from('overwrite packet payload')
    return callback(null)
  }
  const reader = await scene.connect({ clientId: 'r' })
  await reader.subscribe('#')
  const writer = await scene.connect({ clientId: 'w' })
  writer.send({ cmd: 'publish', topic: 'bbb', payload: 'x', qos: 0 })
  const { payload, topic } = await reader.next('publish')
  scene.note('got', topic, payload)
  const error = scene.once('clientError')
  writer.send({ cmd: 'publish', topic: 'aaaa', payload: 'x', qos: 1, messageId: 1 })
  const [client, { message }] = await error
  scene.note(client.id, message)
  await writer.closed
  scene.note('received', writer.received.length)
})

same('authorizeSubscribe changes and negates subscriptions', async (scene) => {
  const { aedes } = scene
  aedes.authorizeSubscribe = (client, sub, callback) => {
    scene.note(client.id, sub.topic, sub.qos)
    if (sub.topic === 'bbb') sub.topic = 'foo'
    callback(null, sub.topic === 'ccc' ? null : sub)
  }
  const raw = await scene.connect({ clientId: 'c' })
  const told = scene.once('subscribe')
  const subscriptions = ['bbb', 'ccc', 'd'].map((topic) => ({ topic, qos: 0 as const }))
  raw.send({ cmd: 'subscribe', messageId: 2, subscriptions })
  scene.note((await raw.take('suback')).granted.map((granted) => Number(granted)))
  await told
  aedes.publish({ topic: 'foo', payload: 'x', qos: 0, cmd: 'publish' }, () => {})
  scene.note((await raw.take('publish')).topic)
})

same('authorizeSubscribe ends a connection by an error', async (scene) => {
  scene.aedes.authorizeSubscribe = (_client, _sub, callback) => callback(new Error('wrong topic'))
  const raw = await scene.connect({ clientId: 'c' })
  const error = scene.once('clientError')
  raw.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: 'a', qos: 0 }] })
  const [client, { message }] = await error
  await raw.closed
  scene.note(client.id, message, raw.received.length)
})

same('authorizeForward keeps from one client and overwrites for others', async (scene) => {
  scene.aedes.authorizeForward = (client, packet) => {
    if (packet.topic === 'aaaa' && client.id === 'blind') return null
    if (packet.topic === 'bbb') packet.payload = Buffer.from('overwrite packet payload')
    return packet
  }
  for (const clientId of ['blind', 'seeing']) {
    const raw = await scene.connect({ clientId })
    await raw.subscribe('#')
    for (const topic of ['aaaa', 'bbb']) {
      const { promise, resolve } = deferred()
      scene.aedes.publish({ cmd: 'publish', topic, payload: 'x', qos: 0 }, () => resolve())
      await promise
    }
    const first = await raw.next('publish')
    scene.note(clientId, first.topic, first.payload)
    if (clientId === 'seeing') scene.note((await raw.next('publish')).payload)
  }
})

same('published is called with what was routed', async (scene) => {
  const { promise, resolve } = deferred()
  scene.aedes.published = (packet, client, callback) => {
    if (!packet.topic.startsWith('$SYS')) {
      scene.note(packet.topic, packet.payload, client?.id)
      resolve()
    }
    callback(null)
  }
  const raw = await scene.connect({ clientId: 'c' })
  raw.send({ cmd: 'publish', topic: 't', payload: 'x', qos: 2, messageId: 1 })
  await raw.next('pubrec')
  await promise
})

same('this process publishes and subscribes', async ({ aedes, note, notes }) => {
  void note
  const { promise, resolve } = deferred()
  const deliver = (packet: { cmd: string; topic: string; payload: unknown }, done: () => void) => {
    notes.push(`${packet.cmd} ${packet.topic} ${packet.payload}`)
    done()
    resolve()
  }
  const act = (work: (done: () => void) => void): Promise<void> => new Promise((ok) => work(ok))
  await act((done) => aedes.publish({ topic: 'a/1', payload: 'kept', retain: true }, done))
  await act((done) => aedes.subscribe('a/+', deliver, done))
  await act((done) => aedes.publish({ topic: 'a/1', payload: 'x' }, done))
  await promise
  await act((done) => aedes.unsubscribe('a/+', deliver, done))
  await act((done) => aedes.publish({ topic: 'a/1', payload: 'unheard' }, done))
})

same('what goes on is published below $SYS', async (scene) => {
  const { promise, resolve } = deferred()
  const deliver = (packet: { topic: string; payload: unknown }, done: () => void): void => {
    scene.note(packet.topic, packet.payload)
    done()
    if (packet.topic.endsWith('disconnect/clients')) resolve()
  }
  for (const topic of ['new/clients', 'new/subscribes', 'new/unsubscribes', 'disconnect/clients']) {
    scene.aedes.subscribe(`$SYS/broker/${topic}`, deliver, () => {})
  }
  const raw = await scene.connect({ clientId: 'c' })
  await raw.subscribe('a')
  raw.send({ cmd: 'unsubscribe', messageId: 6, unsubscriptions: ['a'] })
  await raw.take('unsuback')
  raw.drop()
  await promise
})

same('ack is told of a message that was kept for a session, and of PUBCOMP', async (scene) => {
  const raw = await scene.connect({ clientId: 'c', clean: false })
  await raw.subscribe('one', { qos: 1 })
  await raw.subscribe('two', { qos: 2 })
  for (const [topic, qos] of [
    ['one', 1],
    ['two', 2],
  ] as const) {
    const told = scene.once('ack')
    scene.aedes.publish({ cmd: 'publish', topic, payload: 'x', qos }, () => {})
    const [packet, client] = await told
    scene.note(packet.cmd, packet.topic, client.id)
  }
})

same('a client object publishes, subscribes and unsubscribes for its client', async (scene) => {
  const ready = scene.once('clientReady')
  const raw = await scene.connect({ clientId: 'c' })
  const [client] = await ready
  const act = (work: (done: (error?: Error) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => work((error) => (error ? reject(error) : resolve())))
  await act((done) => client.publish({ topic: 'only/you', payload: 'x', qos: 1 }, done))
  const { qos, topic } = await raw.take('publish')
  scene.note(topic, qos)
  await act((done) => client.subscribe({ topic: 'a', qos: 0 }, done))
  scene.note(Object.keys(client.subscriptions))
  scene.aedes.publish({ cmd: 'publish', topic: 'a', payload: 'y', qos: 0 }, () => {})
  scene.note((await raw.take('publish')).payload)
  await act((done) => client.unsubscribe({ unsubscriptions: ['a'] }, done))
  scene.note(Object.keys(client.subscriptions))
  await new Promise<void>((resolve) => client.close(() => resolve()))
  await raw.closed
  scene.note(client.closed, client.connected)
})

same('a will is published when its client is gone without a word', async (scene) => {
  const reader = await scene.connect({ clientId: 'r' })
  await reader.subscribe('will')
  const will = { topic: 'will', payload: Buffer.from('gone'), qos: 0 as const, retain: false }
  const ready = scene.once('clientReady')
  const raw = await scene.connect({ clientId: 'c', will })
  const [client] = await ready
  scene.note(client.will.topic, client.will.payload)
  raw.drop()
  scene.note((await reader.next('publish')).payload)
})

same('closed is told, and its callback called', async ({ aedes, notes }) => {
  aedes.on('closed', () => notes.push('closed'))
  await new Promise<void>((resolve) => aedes.close(() => resolve()))
  notes.push(`${aedes.closed}`)
})

same("a WebSocket's stream is a client, and its request is there", async (scene) => {
  const server = createHttpServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, request) => {
    const client = scene.aedes.handle(createWebSocketStream(socket), request)
    scene.note(client.req?.url, client.id, client.connecting, client.connected)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const ready = scene.once('clientReady')
  const raw = await RawClient.connect({ port, path: '/mqtt', version: 4, clientId: 'c' })
  const [client] = await ready
  scene.note(client.id, client.req.url)
  await raw.subscribe('t')
  scene.aedes.publish({ topic: 't', payload: 'x'.repeat(100_000) }, () => {})
  scene.note((await raw.take('publish')).payload.length)
  const gone = scene.once('clientDisconnect')
  raw.drop()
  await gone
  await new Promise<void>((resolve) => server.close(() => resolve()))
})

test('options that have no meaning are said, once and in one line', async () => {
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
  new Aedes({ mq: {}, persistence: {}, concurrency: 5 })
  const { message } = await warned
  assert.is(message, 'these options of aedes have no meaning here: mq, persistence')
})

test('clients of MQTT 5 are served', async () => {
  const scene = await Scene.start(Aedes, {})
  const raw = await scene.open(5)
  assert.is((await raw.handshake({ clientId: 'five' })).reasonCode, 0)
  await scene.close()
})

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

test.run()
