// What outlives a connection, and whose it is: sessions belong to a user and a mount point, wills
// and retained messages to who was allowed to publish them; through real sockets and over restarts.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Access, Answer, Applicant, Grant } from '../../host/broker/access.ts'
import type { Policy } from '../../host/broker/policy.ts'
import { type Broker, createBroker } from '../../host/index.ts'
import { type Connect, RawClient } from '../client.ts'
import { temporaryDirectory } from '../process.ts'

const test = suite('ownership')
const NOT_AUTHORIZED = 0x87
const STAYS = { clean: false, properties: { sessionExpiryInterval: 100 } }

/** Everybody is who they say; everything is allowed that `parts` does not forbid. */
function open(parts: Partial<Grant> = {}): Access {
  const admit = ({ username }: Applicant): Grant => ({
    username,
    checksPublish: true,
    checksReceive: false,
    revision: 1,
    publish: () => 0,
    subscribe: () => 0,
    receive: () => true,
    ...parts,
  })
  const step = (applicant: Applicant, data: Buffer | undefined) => ({
    admission: admit({ ...applicant, username: String(data) }),
  })
  return { admit, exchange: (_, applicant) => ({ step: (data) => step(applicant, data) }) }
}

interface Started {
  broker: Broker
  ports: number[]
}

/** A broker with a listener for each policy. */
async function start(policies: Partial<Policy>[], data?: string): Promise<Started> {
  const broker = await createBroker(data === undefined ? {} : { data, durability: 'disk' })
  const ports: number[] = []
  for (const policy of policies) {
    ports.push((await broker.listen({ type: 'mqtt', port: 0 }, policy)).port)
  }
  return { broker, ports }
}

function connect(port: number | undefined, more: Connect = {}): Promise<RawClient> {
  return RawClient.connect({ port: port as number, ...more })
}

function isPresent({ connack }: RawClient): boolean {
  return connack?.sessionPresent ?? false
}

function willOf(topic: string, delay = 0): Connect {
  const properties = delay > 0 ? { properties: { willDelayInterval: delay } } : {}
  return { will: { topic, payload: Buffer.from('w'), qos: 1, retain: false, ...properties } }
}

test('another user under the same client identifier gets a new session', async () => {
  const { broker, ports } = await start([{ access: open() }])
  const [port] = ports
  const one = await connect(port, { clientId: 'c', username: 'one', ...STAYS })
  await one.subscribe('a', { qos: 1 })
  await one.disconnect()
  const writer = await connect(port)
  await writer.publish({ topic: 'a', payload: 'for one', qos: 1 })
  assert.is(isPresent(await connect(port, { clientId: 'c', username: 'two', ...STAYS })), false)
  const three = await connect(port, { clientId: 'c', username: 'two', ...STAYS })
  assert.is(isPresent(three), true)
  await writer.publish({ topic: 'a', payload: 'nobody subscribes', qos: 1 })
  await three.expectNothing()
  await broker.close()
})

test('whose a session is, is known after a restart', async () => {
  const data = temporaryDirectory()
  for (const [username, present] of [
    ['one', false],
    ['one', true],
    ['two', false],
    [undefined, false],
    [undefined, true],
  ] as const) {
    const { broker, ports } = await start([{ access: open() }], data)
    const who = username === undefined ? {} : { username }
    const client = await connect(ports[0], { clientId: 'c', ...who, ...STAYS })
    assert.is(isPresent(client), present, `${username}`)
    await broker.close()
  }
})

test('a session is resumed under its own mount point only', async () => {
  const { broker, ports } = await start([{ mountPoint: 'a/' }, { mountPoint: 'another-one/' }, {}])
  const [inA, inOther, beside] = ports
  const one = await connect(inA, { clientId: 'c', ...STAYS })
  await one.subscribe('x', { qos: 1 })
  const writer = await connect(beside)
  for (const port of [inOther, beside]) {
    const two = await connect(port, { clientId: 'c', ...STAYS })
    assert.is(isPresent(two), false)
    await writer.publish({ topic: 'a/x', qos: 1 })
    await two.expectNothing()
  }
  await broker.close()
})

test('a will whose topic is too long below the mount point is refused', async () => {
  const { broker, ports } = await start([{ mountPoint: 'tenant/' }])
  const client = await RawClient.open({ port: ports[0] as number, version: 5 })
  const { reasonCode } = await client.handshake(willOf('w'.repeat(65_535)))
  assert.is(reasonCode, 0x90)
  const fits = await connect(ports[0], willOf('w'.repeat(65_528)))
  fits.drop()
  await broker.close()
})

test('a will that takes time to decide upon is published if it was allowed', async () => {
  const publish = (topic: string): Answer => Promise.resolve(topic === 'no' ? NOT_AUTHORIZED : 0)
  const { broker, ports } = await start([{ access: open({ publish }) }, {}])
  const reader = await connect(ports[1])
  await reader.subscribe('#', { qos: 1 })
  for (const topic of ['no', 'yes']) {
    const mortal = await connect(ports[0], willOf(topic))
    mortal.drop()
  }
  assert.is((await reader.take('publish')).topic, 'yes')
  await reader.expectNothing()
  assert.is(broker.stats().publishRefused, 1)
  await broker.close()
})

test('a will that may not be published is not after a restart either', async () => {
  const data = temporaryDirectory()
  let now = Date.now()
  const clock = { now: () => now }
  const publish = (topic: string): Answer => (topic === 'no' ? NOT_AUTHORIZED : 0)
  const before = await createBroker({ data, durability: 'disk', clock })
  const { port } = await before.listen({ type: 'mqtt', port: 0 }, { access: open({ publish }) })
  for (const topic of ['no', 'yes']) {
    await connect(port, { clientId: topic, ...STAYS, ...willOf(topic, 10) })
  }
  await before.close()
  const after = await createBroker({ data, durability: 'disk', clock })
  const topics: string[] = []
  after.subscribe('#', ({ topic }) => topics.push(topic))
  now += 60_000
  after.tick()
  assert.equal(topics, ['yes'])
  await after.close()
})

test('a re-authentication as another user ends the connection', async () => {
  const { broker, ports } = await start([{ access: open() }])
  const properties = (user: string) => ({
    authenticationMethod: 'X',
    authenticationData: Buffer.from(user),
  })
  const client = await connect(ports[0], { properties: properties('one') } as Connect)
  client.send({ cmd: 'auth', reasonCode: 0x19, properties: properties('one') } as never)
  assert.is((await client.next('auth')).reasonCode, 0)
  client.send({ cmd: 'auth', reasonCode: 0x19, properties: properties('two') } as never)
  assert.is((await client.next('disconnect')).reasonCode, NOT_AUTHORIZED)
  await broker.close()
})

test('a retained message whose publisher takes time to judge stays', async () => {
  const publish = (): Answer => Promise.resolve(0)
  const { broker, ports } = await start([{ access: open({ publish }) }])
  broker.reconfigure({ retainSourceCheck: true })
  const writer = await connect(ports[0])
  await writer.publish({ topic: 'r', payload: 'x', qos: 1, retain: true })
  const reader = await connect(ports[0])
  await reader.subscribe('r')
  assert.is((await reader.take('publish')).topic, 'r')
  await broker.close()
})

test.run()
