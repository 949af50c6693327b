// `handle`: MQTT over streams that somebody else has made, sockets of another server and pairs
// within the process.

import { type AddressInfo, createServer } from 'node:net'
import { Duplex } from 'node:stream'
import { type IClientOptions, MqttClient } from 'mqtt'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Broker, createBroker } from '../../host/index.ts'
import { RawClient } from '../client.ts'
import { deferred } from './world.ts'

const test = suite('streams')

/** Two streams; what is written to one is read from the other, by reference. */
function pair(highWaterMark?: number): [Duplex, Duplex] {
  const ends: Duplex[] = []
  const taken: ((() => void) | undefined)[] = [undefined, undefined]
  for (const i of [0, 1]) {
    const end = new Duplex({
      allowHalfOpen: false,
      ...(highWaterMark === undefined ? {} : { highWaterMark }),
      read: () => {
        const done = taken[i]
        taken[i] = undefined
        done?.()
      },
      write: (chunk, _encoding, callback) => {
        taken[1 - i] = callback
        ends[1 - i]?.push(chunk)
      },
      final: (callback) => {
        ends[1 - i]?.push(null)
        callback()
      },
    })
    ends.push(end)
  }
  return ends as [Duplex, Duplex]
}

test('a socket of any server is a client', async () => {
  const broker = await createBroker()
  const server = createServer((socket) => broker.handle(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const gone = deferred<string>()
  broker.on('clientDisconnect', ({ remoteAddress }) => gone.resolve(remoteAddress))
  const { port } = server.address() as AddressInfo
  const client = await RawClient.connect({ port, clientId: 'c' })
  const { value } = broker.clients().next()
  assert.equal(value, {
    ...{ clientId: 'c', username: undefined, address: '127.0.0.1', listener: 'stream', version: 5 },
  })
  client.drop()
  assert.ok((await gone.promise).startsWith('127.0.0.1:'))
  server.close()
  await broker.close()
})

/** MQTT.js over one end of a pair whose other end is the broker's. */
function dial(broker: Broker, options: IClientOptions = {}): MqttClient {
  const [ours, theirs] = pair(1024)
  broker.handle(ours)
  return new MqttClient(() => theirs as never, { reconnectPeriod: 0, ...options })
}

test('MQTT.js speaks to the broker over a pair of streams, in order and whole', async () => {
  const broker = await createBroker()
  const client = dial(broker, { protocolVersion: 5 })
  const payloads: string[] = []
  const all = deferred()
  client.on('message', (_topic, payload) => {
    payloads.push(payload.toString())
    if (payloads.length === 200) all.resolve()
  })
  await client.subscribeAsync('t', { qos: 1 })
  const sent = Array.from({ length: 200 }, (_, i) => `${i}`.padEnd(i * 20, '.'))
  await Promise.all(sent.map((payload) => client.publishAsync('t', payload, { qos: 1 })))
  await all.promise
  assert.equal(payloads, sent)
  const ended = new Promise<void>((resolve) => client.on('close', () => resolve()))
  await broker.close()
  await ended
})

test('what is handed over after the end is a connection that is over', async () => {
  const broker = await createBroker()
  const [ours] = pair()
  const gone = new Promise<void>((resolve) => ours.once('close', () => resolve()))
  ours.destroy()
  await gone
  assert.is(broker.handle(ours)?.connected, false)
  await broker.close() // waits for all connections
  const [late] = pair()
  assert.is(broker.handle(late), undefined)
  assert.is(late.destroyed, true)
})

test('a policy of its own holds for a stream', async () => {
  const broker = await createBroker()
  const [ours, theirs] = pair()
  broker.handle(ours, { mountPoint: 'm/', name: 'mine' })
  const client = new MqttClient(() => theirs as never, { reconnectPeriod: 0 })
  const heard = new Promise<string>((resolve) => broker.subscribe('#', (got) => resolve(got.topic)))
  await client.publishAsync('t', 'x')
  assert.is(await heard, 'm/t')
  assert.equal(
    [...broker.clients()].map(({ listener }) => listener),
    ['mine'],
  )
  await broker.close()
})

test.run()
