// Who is let in and what that lets them do, through a real socket: the broker's side of the Access
// contract, with a decider of the test's own that can be slow, and with AUTH packets.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Access, Admission, Answer, Applicant, Grant, Step } from '../../host/broker/access.ts'
import type { Policy } from '../../host/broker/policy.ts'
import { type Broker, type BrokerOptions, createBroker } from '../../host/index.ts'
import { type Connect, RawClient } from '../client.ts'

const test = suite('admission')
const NOT_AUTHORIZED = 0x87

/** Everything is allowed that is not overridden. */
function grantOf(parts: Partial<Grant> = {}): Grant {
  return {
    username: 'u',
    checksPublish: true,
    checksReceive: true,
    revision: 1,
    publish: () => 0,
    subscribe: () => 0,
    receive: () => true,
    ...parts,
  }
}

function accessOf(admit: (applicant: Applicant) => Admission | Promise<Admission>): Access {
  return { admit, exchange: () => undefined }
}

class World {
  readonly broker: Broker
  readonly port: number
  readonly #clients: RawClient[] = []

  private constructor(broker: Broker, port: number) {
    this.broker = broker
    this.port = port
  }

  static async start(
    policy: Partial<Policy>,
    options: Partial<BrokerOptions> = {},
  ): Promise<World> {
    const broker = await createBroker(options)
    const { port } = await broker.listen({ type: 'mqtt', port: 0 }, policy)
    return new World(broker, port)
  }

  async open(version: 3 | 4 | 5 = 5): Promise<RawClient> {
    const client = await RawClient.open({ port: this.port, version })
    this.#clients.push(client)
    return client
  }

  async connect({ version = 5, ...more }: Connect & { version?: 3 | 4 | 5 } = {}) {
    const client = await this.open(version)
    const { reasonCode = 0, returnCode = 0 } = await client.handshake(more)
    assert.equal([reasonCode, returnCode], [0, 0])
    return client
  }

  close(): Promise<void> {
    for (const client of this.#clients) client.drop()
    return this.broker.close()
  }
}

async function inWorld(
  policy: Partial<Policy>,
  body: (world: World) => Promise<void>,
  options: Partial<BrokerOptions> = {},
): Promise<void> {
  const world = await World.start(policy, options)
  try {
    await body(world)
  } finally {
    await world.close()
  }
}

/** CONNACK of a CONNECT that may be refused. */
async function connack(world: World, more: Connect & { version?: 3 | 4 | 5 } = {}) {
  const { version = 5, ...connect } = more
  const client = await world.open(version)
  const packet = await client.handshake(connect)
  client.drop()
  return packet
}

/** A promise and what settles it. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

test('a refusal is a CONNACK with its reason and its text', () =>
  inWorld(
    { access: accessOf(() => ({ refused: NOT_AUTHORIZED, reasonString: 'no' })) },
    async (world) => {
      const five = await connack(world)
      assert.is(five.reasonCode, NOT_AUTHORIZED)
      assert.is(five.properties?.reasonString, 'no')
      assert.is((await connack(world, { version: 4 })).returnCode, 5)
    },
  ))

test('an applicant is described with all it said and where it came from', async () => {
  const seen: Applicant[] = []
  const access = accessOf((applicant) => {
    seen.push(applicant)
    return grantOf()
  })
  await inWorld({ access, name: 'door' }, async (world) => {
    const will = { topic: 'w', payload: Buffer.from('x'), qos: 0 as const, retain: false }
    await world.connect({ clientId: 'c', username: 'u', password: Buffer.from('p'), will })
    const [applicant] = seen
    assert.is(applicant?.clientId, 'c')
    assert.is(applicant?.username, 'u')
    assert.is(String(applicant?.password), 'p')
    assert.is(applicant?.willTopic, 'w')
    assert.is(applicant?.listener, 'door')
    assert.is(applicant?.origin.address, '127.0.0.1')
    assert.is(applicant?.version, 5)
  })
})

test('while a decision is awaited what follows CONNECT waits, and is then answered in order', async () => {
  const decision = deferred<Admission>()
  await inWorld({ access: accessOf(() => decision.promise) }, async (world) => {
    const client = await world.open()
    const greeting = client.handshake()
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a', qos: 0 }] })
    client.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 2 } as never)
    const other = await world.open()
    decision.resolve(grantOf())
    assert.is((await greeting).reasonCode, 0)
    assert.is((await client.next()).cmd, 'suback')
    const both = [(await client.next()).cmd, (await client.next()).cmd].sort()
    assert.equal(both, ['puback', 'publish'])
    other.drop()
  })
})

test('a client that leaves while it is decided upon leaves no session behind', async () => {
  const decision = deferred<Admission>()
  const asked = deferred<void>()
  const access = accessOf(() => {
    asked.resolve()
    return decision.promise
  })
  await inWorld({ access }, async (world) => {
    const client = await world.open()
    client.handshake({ clientId: 'gone' }).catch(() => undefined)
    await asked.promise
    client.drop()
    decision.resolve(grantOf())
    while (world.broker.stats().connectionsNow !== 0) await new Promise(setImmediate)
    assert.is(world.broker.stats().sessions, 0)
  })
})

test('a decision that fails refuses', () =>
  inWorld({ access: accessOf(() => Promise.reject(new Error('broken'))) }, async (world) => {
    assert.is((await connack(world)).reasonCode, 0x80)
  }))

test('a grant may give another client identifier', () =>
  inWorld({ access: accessOf(() => grantOf({ clientId: 'given' })) }, async (world) => {
    const one = await world.connect({ clientId: 'a' })
    await world.connect({ clientId: 'b' })
    const [end] = await one.closed
    assert.is((end as { reasonCode?: number }).reasonCode, 0x8e)
  }))

test('a client goes when its grant ends', async () => {
  let now = 1_800_000_000_000
  const access = accessOf(() => grantOf({ expiresAt: now + 5000 }))
  await inWorld(
    { access },
    async (world) => {
      const client = await world.connect({ keepalive: 60 })
      now += 4000
      world.broker.tick()
      await client.expectNothing()
      now += 2000
      world.broker.tick()
      const [end] = await client.closed
      assert.is((end as { reasonCode?: number }).reasonCode, NOT_AUTHORIZED)
    },
    { clock: { now: () => now } },
  )
})

test('a denied PUBLISH is dropped; its ack says so in MQTT 5 and is plain in 3.1.1', async () => {
  const publish = (topic: string): Answer => (topic === 'no' ? NOT_AUTHORIZED : 0)
  await inWorld({ access: accessOf(() => grantOf({ publish })) }, async (world) => {
    const reader = await world.connect()
    await reader.subscribe('#', { qos: 2 })
    for (const version of [4, 5] as const) {
      const writer = await world.connect({ version })
      for (const round of [1, 2]) {
        await writer.publish({ topic: 'no', payload: `${round}` })
        const [one] = await writer.publish({ topic: 'no', payload: 'x', qos: 1 })
        const [two] = await writer.publish({ topic: 'no', payload: 'x', qos: 2 })
        const expected = version === 5 ? NOT_AUTHORIZED : 0
        assert.is(one?.reasonCode ?? 0, expected)
        assert.is(two?.reasonCode ?? 0, expected)
      }
      await writer.publish({ topic: 'yes', payload: 'x', qos: 1 })
      assert.is((await reader.take('publish')).topic, 'yes')
    }
    await reader.expectNothing()
  })
})

test('a denied filter has its reason in the SUBACK, the others are subscribed', async () => {
  const subscribe = (filter: string): Answer =>
    filter === 'no' ? NOT_AUTHORIZED : Promise.resolve(0)
  await inWorld({ access: accessOf(() => grantOf({ subscribe })) }, async (world) => {
    const subscriptions = [
      { topic: 'a', qos: 1 as const },
      { topic: 'no', qos: 1 as const },
    ]
    const five = await world.connect()
    assert.equal((await five.subscribe(subscriptions)).granted, [1, NOT_AUTHORIZED])
    const four = await world.connect({ version: 4 })
    assert.equal((await four.subscribe(subscriptions)).granted, [1, 0x80])
    await four.publish({ topic: 'no', qos: 1 })
    await four.publish({ topic: 'a', qos: 1 })
    assert.is((await five.take('publish')).topic, 'a')
    await five.expectNothing()
  })
})

test('PUBLISHes whose decision takes time keep their order', async () => {
  const publish = (topic: string): Answer => (topic === 'slow' ? Promise.resolve(0) : 0)
  await inWorld({ access: accessOf(() => grantOf({ publish })) }, async (world) => {
    const reader = await world.connect()
    await reader.subscribe('#', { qos: 1 })
    const writer = await world.connect()
    const topics = ['fast', 'slow', 'fast', 'slow', 'slow', 'fast']
    topics.forEach((topic, i) => {
      const properties = i === 3 ? { messageExpiryInterval: 9, topicAlias: 3 } : {}
      writer.send({
        cmd: 'publish',
        topic,
        payload: `${i}`,
        qos: 1,
        messageId: i + 1,
        properties,
      } as never)
    })
    for (const [i, topic] of topics.entries()) {
      const packet = await reader.take('publish')
      assert.is(packet.topic, topic)
      assert.is(String(packet.payload), `${i}`)
    }
  })
})

test('a decision is for the packet that waited for it and for no other', async () => {
  const decision = deferred<number>()
  const asked = deferred<void>()
  const publish = (topic: string): Answer => {
    if (topic !== 'yes') return Promise.resolve(NOT_AUTHORIZED)
    asked.resolve()
    return decision.promise
  }
  await inWorld({ access: accessOf(() => grantOf({ publish })) }, async (world) => {
    const writer = await world.connect()
    const first = writer.publish({ topic: 'yes', payload: 'too large by then', qos: 1 })
    await asked.promise
    world.broker.reconfigure({ payloadSizeMax: 3 })
    decision.resolve(0)
    assert.is((await first)[0]?.reasonCode, 0x97)
    const [second] = await writer.publish({ topic: 'no', payload: 'x', qos: 1 })
    assert.is(second?.reasonCode, NOT_AUTHORIZED)
  })
})

test('what may not be received is not delivered: live, retained, or from the queue', async () => {
  let open = true
  const receive = (topic: string): boolean => open || topic !== 'secret'
  let revision = 1
  const grant = {
    ...grantOf({ receive }),
    get revision() {
      return revision
    },
  }
  await inWorld({ access: accessOf(() => grant) }, async (world) => {
    const stays = { clean: false, properties: { sessionExpiryInterval: 100 } }
    const reader = await world.connect({ clientId: 'r', ...stays })
    await reader.subscribe('+', { qos: 1 })
    const writer = await world.connect()
    const send = async (topic: string, retain = false) =>
      writer.publish({ topic, payload: 'x', qos: 1, retain })
    await send('secret')
    assert.is((await reader.take('publish')).topic, 'secret')
    open = false
    revision++
    await send('secret', true)
    await send('open')
    assert.is((await reader.take('publish')).topic, 'open')
    await reader.subscribe('+', { qos: 1 })
    await send('open')
    assert.is((await reader.take('publish')).topic, 'open')
    await reader.disconnect()
    open = true
    revision++
    await send('secret')
    await send('open')
    open = false
    revision++
    const again = await world.connect({ clientId: 'r', ...stays })
    assert.is((await again.take('publish')).topic, 'open')
    assert.is(world.broker.stats().deliveryRefused, 3)
  })
})

test('a will its client may not publish is not published', async () => {
  const publish = (topic: string): Answer => (topic === 'no' ? NOT_AUTHORIZED : 0)
  await inWorld({ access: accessOf(() => grantOf({ publish })) }, async (world) => {
    const reader = await world.connect()
    await reader.subscribe('#', { qos: 1 })
    for (const topic of ['no', 'yes']) {
      const will = { topic, payload: Buffer.from('x'), qos: 1 as const, retain: false }
      const mortal = await world.connect({ will })
      mortal.drop()
    }
    assert.is((await reader.take('publish')).topic, 'yes')
    await reader.expectNothing()
  })
})

/** Asks for the words in turn. */
function exchangeOf(words: string[]): Access {
  return {
    admit: () => ({ refused: NOT_AUTHORIZED }),
    exchange: (method) => {
      if (method !== 'WORDS') return undefined
      let at = 0
      const step = (data: Buffer | undefined): Step => {
        if (String(data ?? '') !== words[at]) return { admission: { refused: NOT_AUTHORIZED } }
        at++
        if (at < words.length) return { next: Buffer.from(`${words[at]}?`) }
        return { admission: grantOf(), data: Buffer.from('welcome') }
      }
      return { step: (data) => Promise.resolve(step(data)) }
    },
  }
}

const METHOD = { authenticationMethod: 'WORDS' }

function auth(reasonCode: number, word: string) {
  const properties = { ...METHOD, authenticationData: Buffer.from(word) }
  return { cmd: 'auth', reasonCode, properties } as never
}

test('an authentication by AUTH packets, and again on the living connection', () =>
  inWorld({ access: exchangeOf(['one', 'two']) }, async (world) => {
    const client = await world.open()
    const properties = { ...METHOD, authenticationData: Buffer.from('one') }
    client.send({ cmd: 'connect', clientId: 'c', clean: true, keepalive: 0, properties } as never)
    const asked = await client.next('auth')
    assert.is(asked.reasonCode, 0x18)
    assert.is(String(asked.properties?.authenticationData), 'two?')
    client.send(auth(0x18, 'two'))
    const welcome = await client.next('connack')
    assert.is(welcome.reasonCode, 0)
    assert.is(welcome.properties?.authenticationMethod, 'WORDS')
    assert.is(String(welcome.properties?.authenticationData), 'welcome')
    client.send(auth(0x19, 'one'))
    assert.is((await client.next('auth')).reasonCode, 0x18)
    client.send(auth(0x18, 'two'))
    assert.is((await client.next('auth')).reasonCode, 0)
    client.send(auth(0x19, 'wrong'))
    assert.is((await client.next('disconnect')).reasonCode, NOT_AUTHORIZED)
  }))

test('an unknown method is refused, and what is not AUTH in the middle ends the connection', () =>
  inWorld({ access: exchangeOf(['one', 'two']) }, async (world) => {
    const unknown = { authenticationMethod: 'OTHER' }
    assert.is((await connack(world, { properties: unknown } as Connect)).reasonCode, 0x8c)
    const client = await world.open()
    const properties = { ...METHOD, authenticationData: Buffer.from('one') }
    client.send({ cmd: 'connect', clientId: 'c', clean: true, keepalive: 0, properties } as never)
    await client.next('auth')
    client.send({ cmd: 'pingreq' })
    assert.is((await client.next('connack')).reasonCode, 0x82)
  }))

test('a mount point is before every topic of a listener, unseen by its clients', async () => {
  const broker = await createBroker()
  try {
    const inner = await broker.listen({ type: 'mqtt', port: 0 }, { mountPoint: 'tenant/' })
    const outer = await broker.listen({ type: 'mqtt', port: 0 })
    const below = await RawClient.connect({ port: inner.port })
    const beside = await RawClient.connect({ port: outer.port })
    await below.subscribe('a/#', { qos: 1 })
    await beside.subscribe('tenant/#', { qos: 1 })
    await below.publish({ topic: 'a/b', payload: '1', qos: 1, retain: true })
    const inside = await below.take('publish')
    assert.is(inside.topic, 'a/b')
    assert.is((await beside.take('publish')).topic, 'tenant/a/b')
    await beside.publish({ topic: 'a/b', payload: '2', qos: 1 })
    await beside.publish({ topic: 'tenant/a/c', payload: '3', qos: 2 })
    assert.is((await below.take('publish')).topic, 'a/c')
    const shared = await RawClient.connect({ port: inner.port })
    await shared.subscribe('$share/g/a/+', { qos: 1 })
    await beside.publish({ topic: 'tenant/a/d', qos: 1 })
    assert.is((await shared.take('publish')).topic, 'a/d')
    const late = await RawClient.connect({ port: inner.port })
    await late.subscribe('#')
    const retained = await late.take('publish')
    assert.is(retained.topic, 'a/b')
    assert.is(retained.retain, true)
    await below.unsubscribe('a/#')
    await below.publish({ topic: 'a/b', payload: '4', qos: 1 })
    assert.equal(
      (await below.barrier()).filter(
        (packet) => String((packet as { payload?: Buffer }).payload) === '4',
      ),
      [],
    )
  } finally {
    await broker.close()
  }
})

test('a listener may have its own versions, QoS, number of connections and identifiers', async () => {
  const policy = { versions: [4], connectionsMax: 2, emptyClientIds: false }
  await inWorld(policy, async (world) => {
    assert.is((await connack(world, { version: 5 })).reasonCode, 0x84)
    assert.is((await connack(world, { version: 4, clientId: '' })).returnCode, 2)
    while (world.broker.stats().connectionsNow !== 0) await new Promise(setImmediate)
    await world.connect({ version: 4 })
    await world.connect({ version: 4 })
    assert.is((await connack(world, { version: 4 })).returnCode, 3)
  })
  await inWorld({ qosMax: 1, usernameAsClientId: true }, async (world) => {
    const one = await world.connect({ clientId: 'x', username: 'same' })
    assert.is(one.connack?.properties?.maximumQoS, 1)
    assert.equal((await one.subscribe('a', { qos: 2 })).granted, [1])
    await world.connect({ clientId: 'y', username: 'same' })
    assert.is(((await one.closed)[0] as { reasonCode?: number }).reasonCode, 0x8e)
  })
})

test.run()
