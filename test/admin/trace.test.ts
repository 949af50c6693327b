// Packet traces: a whole conversation in each version, word for word; what a client, a topic and an
// address select; limits; what is never shown.

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Broker, createBroker } from '../../host/index.ts'
import { RawClient } from '../client.ts'
import { temporaryDirectory } from '../process.ts'

const tests = suite('admin: trace')
const NOW = Date.UTC(2026, 10, 23, 10)
let broker: Broker
let port: number
let file: string

tests.before.each(async () => {
  broker = await createBroker({ clock: { now: () => NOW }, outboxBytesMax: 64 * 1024 * 1024 })
  port = (await broker.listen({ type: 'mqtt', port: 0 })).port
  file = join(temporaryDirectory(), 'trace.txt')
})
tests.after.each(() => broker.close())

/** The lines without their time, which must be the broker's; ports of clients become `PORT`. */
function lines(): string[] {
  const time = `${new Date(NOW).toISOString()} `
  const text = readFileSync(file, 'utf8')
  assert.ok(text === '' || text.endsWith('\n'))
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      assert.ok(line.startsWith(time), line)
      return line.slice(time.length).replace(/127\.0\.0\.1:\d+/, '127.0.0.1:PORT')
    })
}

/** One client that does most of what clients do. */
async function converse(version: 3 | 4 | 5): Promise<void> {
  const client = await RawClient.connect({
    port,
    version,
    clientId: 'client-7',
    keepalive: 60,
    username: 'bob',
    password: 'hunter2',
    will: { topic: 'gone', payload: Buffer.from('so'), qos: 1, retain: true },
  })
  await client.subscribe([
    { topic: 'a/+', qos: 2 },
    { topic: 'b', qos: 0 },
  ])
  await client.publish({ topic: 'a/0', payload: 'zero' })
  await client.take('publish')
  await client.publish({ topic: 'a/1', payload: 'secret one', qos: 1 })
  await client.take('publish')
  await client.publish({ topic: 'a/2', payload: 'x', qos: 2, retain: true })
  await client.take('publish')
  await client.barrier() // the PUBCOMP for what came is behind
  await client.unsubscribe('b')
  await client.disconnect()
}

/** What a trace shows of it; `v5` stands for words that only MQTT 5 has. */
function conversation(version: 3 | 4 | 5): string[] {
  const is5 = version === 5
  const only5 = (text: string): string => (is5 ? text : '')
  const limits = ' {receiveMaximum 1024, topicAliasMaximum 16, maximumPacketSize 1048576}'
  return [
    `> CONNECT v${version} client "client-7" clean keepalive 60 user "bob" with a password ` +
      'will q1 retain topic "gone" 2 bytes from 127.0.0.1:PORT',
    is5 ? `< CONNACK 0x00 success${limits}` : '< CONNACK 0 accepted',
    '> SUBSCRIBE id 1 "a/+" q2, "b" q0',
    '< SUBACK id 1 0x02 0x00',
    '> PUBLISH q0 topic "a/0" 4 bytes',
    '< PUBLISH q0 topic "a/0" 4 bytes',
    '> PUBLISH q1 id 2 topic "a/1" 10 bytes',
    '< PUBLISH q1 id 1 topic "a/1" 10 bytes',
    '< PUBACK id 2',
    '> PUBACK id 1',
    '> PUBLISH q2 retain id 3 topic "a/2" 1 byte',
    '< PUBLISH q2 id 2 topic "a/2" 1 byte',
    '< PUBREC id 3',
    '> PUBREC id 2',
    '> PUBREL id 3',
    '< PUBREL id 2',
    '< PUBCOMP id 3',
    '> PUBCOMP id 2',
    '> PINGREQ',
    '< PINGRESP',
    '> UNSUBSCRIBE id 4 "b"',
    `< UNSUBACK id 4${only5(' 0x00')}`,
    `> DISCONNECT${only5(' 0x00 success')}`,
    '- connection closed',
  ].map((line) => `client-7 ${line}`)
}

for (const version of [3, 4, 5] as const) {
  tests(`a conversation of version ${version} in words`, async () => {
    const trace = broker.trace({ file })
    await converse(version)
    await trace.close()
    // Acks of the two directions may cross; each direction is in order.
    const direction = (all: string[], sign: string): string[] =>
      all.filter((line) => line.startsWith(`client-7 ${sign}`))
    for (const sign of ['>', '<', '-']) {
      assert.equal(direction(lines(), sign), direction(conversation(version), sign))
    }
    assert.is(trace.packets, lines().length)
    assert.is(statSync(file).mode & 0o777, 0o600)
  })
}

tests('client and address select connections, and nothing of others is shown', async () => {
  const traces = [
    broker.trace({ file, client: 'wanted' }),
    broker.trace({ file: `${file}.address`, address: '127.0.0.1' }),
    broker.trace({ file: `${file}.other`, address: '10.0.0.1' }),
  ]
  for (const clientId of ['wanted', 'other']) {
    const client = await RawClient.connect({ port, clientId })
    await client.disconnect()
  }
  await Promise.all(traces.map((trace) => trace.close()))
  assert.equal(new Set(lines().map((line) => line.split(' ')[0])), new Set(['wanted']))
  assert.is(lines().length, 4)
  assert.is(traces[1]?.packets, 8)
  assert.is(readFileSync(`${file}.other`, 'utf8'), '')
})

tests('a topic selects PUBLISHes, their acks, and SUBSCRIBEs to just that filter', async () => {
  const trace = broker.trace({ file, topic: 'a/+' })
  await converse(4)
  await trace.close()
  const about = conversation(4).filter((line) =>
    /a\/|[<>] (SUBACK|PUBACK|PUBREC|PUBREL|PUBCOMP) id/.test(line),
  )
  assert.equal(lines().sort(), [...about, 'client-7 - connection closed'].sort())
})

tests('payloads are shown when asked for, as text or hexadecimal; passwords never', async () => {
  const trace = broker.trace({ file, payload: true })
  await converse(5)
  const client = await RawClient.connect({ port, clientId: 'a "b"\n' })
  await client.publish({ topic: 't', payload: Buffer.from([0xff, 1]) })
  await client.publish({ topic: 't', payload: 'line\u2028\u001b[1m' })
  await client.barrier()
  await trace.close()
  const text = lines().join('\n')
  assert.ok(text.includes('PUBLISH q1 id 2 topic "a/1" 10 bytes "secret one"'))
  assert.ok(text.includes('"a \\"b\\"\\n" > PUBLISH q0 topic "t" 2 bytes 0xff01'))
  assert.ok(text.includes('> PUBLISH q0 topic "t" 11 bytes "line\\u2028\\u001b[1m"'))
  assert.not.ok(text.includes('hunter2'))
  client.drop()
})

tests('a packet larger than a write is one line, and so are those after it', async () => {
  const receiver = await RawClient.connect({ port, clientId: 'receiver' })
  await receiver.subscribe('big')
  const sender = await RawClient.connect({ port })
  const trace = broker.trace({ file, client: 'receiver' })
  for (const size of [200_000, 3, 65_536 * 3]) {
    await sender.publish({ topic: 'big', payload: Buffer.alloc(size, 'x') })
  }
  for (let i = 0; i < 3; i++) await receiver.take('publish')
  await trace.close()
  assert.equal(
    lines(),
    [200_000, 3, 65_536 * 3].map((size) => `receiver < PUBLISH q0 topic "big" ${size} bytes`),
  )
  receiver.drop()
  sender.drop()
})

tests('topic aliases are resolved in both directions', async () => {
  const properties = { topicAliasMaximum: 4 }
  const client = await RawClient.connect({ port, clientId: 'alias', properties })
  await client.subscribe('long/topic')
  const trace = broker.trace({ file })
  client.send({ cmd: 'publish', topic: 'long/topic', payload: '1', properties: { topicAlias: 2 } })
  client.send({ cmd: 'publish', topic: '', payload: '2', properties: { topicAlias: 2 } })
  await client.take('publish')
  await client.take('publish')
  await trace.close()
  const topics = lines().map((line) => line.replace(/ \{.*/, ''))
  assert.equal(topics.sort(), [
    ...[
      'alias < PUBLISH q0 topic "long/topic" 1 byte',
      'alias < PUBLISH q0 topic "long/topic" 1 byte',
    ],
    ...[
      'alias > PUBLISH q0 topic "long/topic" 1 byte',
      'alias > PUBLISH q0 topic "long/topic" 1 byte',
    ],
  ])
  client.drop()
})

tests('a refused connection and a malformed packet are in the trace', async () => {
  const trace = broker.trace({ file })
  const early = await RawClient.open({ port })
  early.send({ cmd: 'pingreq' })
  await early.closed
  const client = await RawClient.connect({ port, clientId: 'wrong' })
  client.sendBytes(Buffer.from([0x36, 0x00]))
  await client.closed
  await trace.close()
  const text = lines()
  assert.match(text[0] as string, /^127\.0\.0\.1:PORT > PINGREQ malformed \(error -\d+\)$/)
  assert.is(text[1], '127.0.0.1:PORT - connection closed')
  assert.match(text.at(-3) as string, /^wrong > PUBLISH malformed \(error -\d+\)$/)
  assert.match(text.at(-2) as string, /^wrong < DISCONNECT 0x8[12] /)
  assert.is(text.at(-1), 'wrong - connection closed')
})

tests('a trace ends by its number of packets, and costs nothing then', async () => {
  const trace = broker.trace({ file, packetsMax: 2 })
  const client = await RawClient.connect({ port, clientId: 'short' })
  await client.barrier()
  await trace.ended
  assert.is(lines().length, 2)
  assert.is(broker.watched.core.tracer, undefined)
  client.drop()
})

tests('a file that cannot be opened and a filter that is none are refused at once', () => {
  assert.throws(() => broker.trace({ file: '/nowhere/trace' }), /ENOENT/)
  assert.throws(() => broker.trace({ file, topic: 'a/#/b' }), /filter/)
  assert.is(broker.watched.core.tracer, undefined)
})

tests.run()
