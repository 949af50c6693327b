// The `$SYS` tree: what stands in it, when it is published again, and that it is the broker's own.
// In-process with a clock the test moves; then beside Debian's Mosquitto, topic by topic.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Load } from '../../host/admin/load.ts'
import { type Broker, createBroker } from '../../host/index.ts'
import { RawClient } from '../client.ts'
import { isMissing, startMosquitto, stopAll, temporaryDirectory } from '../process.ts'

const ROOT = '$SYS/broker/'
const NUMBER = /^\d+$/
const AVERAGE = /^\d+\.\d\d$/
const LOADS = [
  ...['messages/received', 'messages/sent', 'publish/dropped', 'publish/received'],
  ...['publish/sent', 'bytes/received', 'bytes/sent', 'sockets', 'connections'],
]

/** Mosquitto's topics, below `$SYS/broker/`, and what stands in them. */
const TOPICS: Record<string, RegExp> = {
  version: /^(mosquitto|wasmqtt) version \d+\.\d+\.\d+/,
  uptime: /^\d+ seconds$/,
  ...Object.fromEntries(
    [
      ...['clients/total', 'clients/maximum', 'clients/connected', 'clients/active'],
      ...['clients/disconnected', 'clients/inactive', 'clients/expired'],
      ...['subscriptions/count', 'shared_subscriptions/count', 'retained messages/count'],
      ...['messages/stored', 'store/messages/count', 'store/messages/bytes'],
      ...['heap/current', 'heap/maximum', 'messages/received', 'messages/sent'],
      ...['bytes/received', 'bytes/sent', 'publish/messages/received', 'publish/messages/sent'],
      ...['publish/messages/dropped', 'publish/bytes/received', 'publish/bytes/sent'],
    ].map((name) => [name, NUMBER]),
  ),
  ...Object.fromEntries(
    LOADS.flatMap((name) =>
      ['1min', '5min', '15min'].map((span) => [`load/${name}/${span}`, AVERAGE]),
    ),
  ),
}

/** Ours, and not Debian's: of Mosquitto 2.1, and of our own. */
const MORE: Record<string, RegExp> = { 'connections/socket/count': NUMBER, 'store/failing': NUMBER }
/** Mosquitto 2.1's, which we do not have: no outbox knows how many packets wait in it. */
const LACKING = ['packet/out/count', 'packet/out/bytes']

interface Driven {
  broker: Broker
  advance(ms: number): void
  values: Map<string, string>
  /** Names published since the last call, in order. */
  published(): string[]
}

/** A broker with a moved clock, and a subscriber in its process that writes down what comes. */
async function drive(options: Parameters<typeof createBroker>[0] = {}): Promise<Driven> {
  let now = Date.UTC(2026, 0, 1)
  const broker = await createBroker({ clock: { now: () => now }, ...options })
  const values = new Map<string, string>()
  const names: string[] = []
  broker.tick()
  broker.subscribe('$SYS/#', ({ topic, payload }) => {
    names.push(topic.slice(ROOT.length))
    values.set(topic.slice(ROOT.length), payload.toString())
  })
  const advance = (ms: number): void => {
    now += ms
    broker.tick()
  }
  const published = (): string[] => names.splice(0)
  await Promise.resolve()
  return { broker, advance, values, published }
}

const tests = suite('admin: $SYS')
tests.after(stopAll)

tests('every topic stands there from the first tick on, in its format', async () => {
  const { broker, values } = await drive()
  const formats = { ...TOPICS, ...MORE }
  assert.equal([...values.keys()].sort(), Object.keys(formats).sort())
  for (const [name, text] of values) assert.match(text, formats[name] as RegExp, name)
  assert.is(values.get('uptime'), '0 seconds')
  await broker.close()
})

tests('values are published again each sysInterval, and only those that have changed', async () => {
  const { broker, advance, published } = await drive({ sysInterval: 3 })
  published()
  advance(1000)
  advance(1000)
  assert.equal(published(), [])
  advance(1000)
  const steady = (name: string): boolean => !/^heap|bytes$/.test(name)
  const stored = ['messages/stored', 'store/messages/count']
  const changed = [...stored, 'retained messages/count', 'subscriptions/count', 'uptime']
  assert.equal(published().filter(steady).sort(), changed.sort())
  advance(3000)
  assert.equal(published().filter(steady), ['uptime'])
  await broker.close()
})

tests('sysInterval can be changed while the broker runs, and 0 stops it', async () => {
  const options = { sysInterval: 0 }
  const { broker, advance, values, published } = await drive(options)
  advance(60_000)
  assert.equal(published(), [])
  broker.reconfigure({ sysInterval: 5 })
  advance(1000)
  assert.is(values.get('uptime'), '61 seconds')
  broker.reconfigure({ sysInterval: 0 })
  published()
  advance(60_000)
  assert.equal(published(), [])
  await broker.close()
})

tests('load averages are weighted exponentially over 1, 5 and 15 minutes', () => {
  const load = new Load(100)
  const texts = (): string[] => [...load.texts()].map(([, text]) => text)
  assert.equal(texts(), ['0.00', '0.00', '0.00'])
  load.update(160, 10) // 60 in 10 s are 360 a minute
  const after = [1, 5, 15].map((minutes) => 360 * (1 - Math.exp(-10 / (60 * minutes))))
  assert.equal(
    texts(),
    after.map((value) => value.toFixed(2)),
  )
  load.update(160, 60)
  const later = after.map((value, i) => value * Math.exp(-1 / ([1, 5, 15][i] as number)))
  assert.equal(
    texts(),
    later.map((value) => value.toFixed(2)),
  )
})

tests('a client may not publish to $SYS, and # does not match it', async () => {
  const { broker, advance, values } = await drive()
  const { port } = await broker.listen({ type: 'mqtt', port: 0 })
  const client = await RawClient.connect({ port })
  await client.subscribe('#')
  const [puback] = await client.publish({ topic: `${ROOT}uptime`, payload: 'mine', qos: 1 })
  assert.is(puback?.reasonCode, 0x87)
  advance(10_000)
  await client.expectNothing()
  assert.is(values.get('uptime'), '10 seconds')
  client.drop()
  await broker.close()
})

tests(
  "its messages are no client's: not stored, not in counts of publishes or of retained",
  async () => {
    const data = temporaryDirectory()
    const { broker, advance } = await drive({ data, durability: 'process' })
    broker.publish({ topic: 'kept', payload: 'x', retain: true })
    advance(10_000)
    const { messagesHeld, publishReceived, publishUnmatched, retained } = broker.stats()
    assert.equal(
      { messagesHeld, publishReceived, publishUnmatched, retained },
      { messagesHeld: 1, publishReceived: 0, publishUnmatched: 0, retained: 1 },
    )
    await broker.close()
    const again = await createBroker({ data, durability: 'process', sysInterval: 0 })
    assert.is(again.stats().retained, 1)
    const kept: string[] = []
    again.subscribe('$SYS/#', ({ topic }) => kept.push(topic))
    again.subscribe('#', ({ topic }) => kept.push(topic))
    await Promise.resolve()
    assert.equal(kept, ['kept'])
    await again.close()
  },
)

tests('a log line reaches who listens, and is not retained', async () => {
  const { broker, values } = await drive({ sysInterval: 0 })
  broker.publishLog('W', 'the disk is slow')
  await Promise.resolve()
  assert.equal([...values], [['log/W', 'the disk is slow']])
  const late: string[] = []
  broker.subscribe('$SYS/#', ({ topic }) => late.push(topic))
  await Promise.resolve()
  assert.equal(late, [])
  await broker.close()
})

/** The same clients and messages for either broker; the values once two updates have passed. */
async function scenario(port: number): Promise<Map<string, string>> {
  const target = { port, version: 4 as const }
  const first = await RawClient.connect({ ...target, clientId: 'first' })
  const second = await RawClient.connect({ ...target, clientId: 'second' })
  const absent = await RawClient.connect({ ...target, clientId: 'absent', clean: false })
  await first.subscribe('a/#', { qos: 1 })
  await second.subscribe('a/+', { qos: 2 })
  await second.subscribe('$share/group/a/b')
  await absent.subscribe('p/x', { qos: 1 })
  await absent.disconnect()
  await second.publish({ topic: 'a/0', payload: 'zero' })
  await second.publish({ topic: 'a/1', payload: 'one', qos: 1 })
  await second.publish({ topic: 'a/2', payload: 'two', qos: 2 })
  await second.publish({ topic: 'kept', payload: 'retained', qos: 1, retain: true })
  await second.publish({ topic: 'p/x', payload: 'waits', qos: 1 })
  await second.publish({ topic: 'nobody', payload: 'there', qos: 0 })
  await Promise.all([first.take('publish'), second.barrier()])
  const watcher = await RawClient.connect({ ...target, clientId: 'watcher' })
  await watcher.subscribe('$SYS/#')
  const values = new Map<string, string>()
  for (let updates = 0; updates < 3; ) {
    const { topic, payload, retain } = await watcher.take('publish')
    values.set(topic.slice(ROOT.length), payload.toString())
    if (topic === `${ROOT}uptime` && !retain) updates++
  }
  for (const client of [first, second, watcher]) client.drop()
  return values
}

/**
 * What is the same to the last digit; the rest depends on time, memory, or $SYS itself. Mosquitto
 * 2.0 leaves QoS 2 and retained ones out of publish/messages/received, so that is not here.
 */
const EXACT = [
  ...['clients/total', 'clients/maximum', 'clients/connected', 'clients/active'],
  ...['clients/disconnected', 'clients/inactive', 'clients/expired'],
  ...['subscriptions/count', 'shared_subscriptions/count'],
  ...['messages/received', 'bytes/received', 'publish/bytes/received', 'publish/messages/dropped'],
]

tests(
  'beside Mosquitto: the same topics and formats, and the same values of the same clients',
  async () => {
    if (isMissing('mosquitto')) return
    const mosquitto = await startMosquitto(['sys_interval 1'])
    const broker = await createBroker({ sysInterval: 1 })
    const { port } = await broker.listen({ type: 'mqtt', port: 0 })
    const [theirs, ours] = await Promise.all([scenario(mosquitto.port), scenario(port)])
    const names = (values: Map<string, string>, but: string[]): string[] =>
      [...values.keys()].filter((name) => !but.includes(name)).sort()
    const more = Object.keys(MORE)
    assert.equal(names(ours, more), names(theirs, [...more, ...LACKING]))
    for (const [name, format] of Object.entries(TOPICS)) {
      assert.match(theirs.get(name) as string, format, `Mosquitto's ${name}`)
      assert.match(ours.get(name) as string, format, `our ${name}`)
    }
    const exact = (values: Map<string, string>) =>
      EXACT.map((name) => `${name} ${values.get(name)}`)
    assert.equal(exact(ours), exact(theirs))
    assert.is(ours.get('publish/messages/received'), '6')
    for (const values of [ours, theirs]) {
      const count = (name: string): number => Number(values.get(name))
      assert.is(count('retained messages/count') - values.size, 1, 'one retained besides $SYS')
      assert.is(count('messages/stored') - count('retained messages/count'), 1, 'one that waits')
    }
    await broker.close()
    await mosquitto.stop()
  },
)

tests.run()
