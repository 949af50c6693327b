// Unmodified clients against the real binary: mosquitto_pub and mosquitto_sub from Debian, MQTT.js
// from npm, in every protocol version. Nothing here looks inside the broker. With
// WASMQTT_TEST_BROKER=mosquitto the same tests run against Mosquitto, which shows that they ask for
// what brokers do: all pass but 500 kB over WebSocket, where 2.0.11 stalls, and DISCONNECT at
// SIGTERM, which it does not send.

import { type EventEmitter, once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type IClientOptions, type MqttClient } from 'mqtt'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RawClient } from './client.ts'
import {
  type Broker,
  isMissing,
  type Program,
  run,
  startTested,
  stopAll,
  temporaryDirectory,
} from './process.ts'

const QOS = [0, 1, 2] as const
const VERSIONS = [
  { flag: 'mqttv31', name: '3.1', protocolVersion: 3, protocolId: 'MQIsdp' },
  { flag: 'mqttv311', name: '3.1.1', protocolVersion: 4, protocolId: 'MQTT' },
  { flag: 'mqttv5', name: '5.0', protocolVersion: 5, protocolId: 'MQTT' },
] as const

let broker: Broker
const jsClients: JsClient[] = []

async function start(): Promise<void> {
  broker = await startTested()
}

async function stop(): Promise<void> {
  await Promise.all(jsClients.splice(0).map(({ client }) => client.endAsync(true)))
  await stopAll()
}

/** A mosquitto_sub that has its SUBACK; -d makes it say so, and print a line for each packet. */
async function subscriber(...args: string[]): Promise<Program> {
  const program = run('mosquitto_sub', ['-p', `${broker.port}`, '-d', ...args])
  await program.untilLine(/^Subscribed \(mid: 1\)/)
  return program
}

async function publish(...args: string[]): Promise<void> {
  const program = run('mosquitto_pub', ['-p', `${broker.port}`, ...args])
  assert.is(await program.untilExit(), 0, program.stderr)
}

/** What mosquitto_sub has printed for `-F 'got …'`. */
function messages(program: Program): string[] {
  return program.lines.filter((line) => line.startsWith('got ')).map((line) => line.slice(4))
}

/** The arguments of the next such event, or a rejection that names it. */
async function event(client: MqttClient, name: string): Promise<unknown[]> {
  const signal = AbortSignal.timeout(10_000)
  return once(client as unknown as EventEmitter, name, { signal }).catch((error) => {
    throw signal.aborted ? new Error(`MQTT.js had no ${name} within 10 s`) : error
  })
}

interface Message {
  topic: string
  payload: string
  qos: number
  retain: boolean
}

/** An MQTT.js client, with what it has received since before it was connected. */
class JsClient {
  readonly client: MqttClient
  readonly received: Message[] = []

  constructor(kind: 'tcp' | 'ws', options: IClientOptions = {}) {
    const tcp = `mqtt://127.0.0.1:${broker.port}`
    const ws = `ws://127.0.0.1:${broker.wsPort}/mqtt`
    this.client = connect(kind === 'tcp' ? tcp : ws, { reconnectPeriod: 0, ...options })
    this.client.on('message', (topic, payload, { qos, retain }) => {
      this.received.push({ topic, payload: payload.toString('latin1'), qos, retain })
    })
    jsClients.push(this)
  }

  static async connect(kind: 'tcp' | 'ws', options: IClientOptions = {}): Promise<JsClient> {
    const js = new JsClient(kind, options)
    await event(js.client, 'connect')
    return js
  }

  /** Everything received, as soon as a message with this payload is the last of it. */
  async until(payload: string): Promise<Message[]> {
    while (this.received.at(-1)?.payload !== payload) await event(this.client, 'message')
    return this.received
  }
}

const commands = suite('mosquitto_pub and mosquitto_sub')
commands.before(start)
commands.after(stop)

for (const { flag, name } of VERSIONS) {
  for (const qos of QOS) {
    commands(`${name}: a message at QoS ${qos} arrives once, at QoS ${qos}`, async () => {
      // Two messages and it ends by itself: a signal that meets it printing prints a line twice.
      const format = ['-C', '2', '-F', 'got %q %r %t %p']
      const sub = await subscriber('-V', flag, '-t', 'a/#', '-q', '2', ...format)
      await publish('-V', flag, '-t', 'a/b', '-q', `${qos}`, '-m', 'hi')
      await publish('-V', flag, '-t', 'a/end', '-q', `${qos}`, '-m', 'end')
      assert.is(await sub.untilExit(), 0)
      assert.equal(messages(sub), [`${qos} 0 a/b hi`, `${qos} 0 a/end end`])
    })
  }
}

commands('a subscriber at QoS 0 gets a QoS 2 message at QoS 0', async () => {
  const sub = await subscriber('-t', 'low', '-q', '0', '-F', 'got %q %p')
  await publish('-t', 'low', '-q', '2', '-m', 'hi')
  assert.is((await sub.untilLine(/^got .*$/))[0], 'got 0 hi')
})

commands('clients of one version reach clients of the others', async () => {
  const format = ['-t', 'mixed', '-q', '1', '-F', 'got %p']
  const subs = await Promise.all(VERSIONS.map(({ flag }) => subscriber('-V', flag, ...format)))
  for (const { flag } of VERSIONS) await publish('-V', flag, '-t', 'mixed', '-q', '1', '-m', flag)
  await Promise.all(subs.map((sub) => sub.untilLine(/^got mqttv5$/)))
  for (const sub of subs) assert.equal(messages(sub), ['mqttv31', 'mqttv311', 'mqttv5'])
})

commands(
  'a retained message reaches a later subscriber, until an empty one clears it',
  async () => {
    const args = ['-t', 'kept/+', '-q', '1', '-F', 'got %r %t %p']
    await publish('-t', 'kept/a', '-r', '-q', '1', '-m', 'old')
    await publish('-t', 'kept/a', '-r', '-q', '1', '-m', 'new')
    const live = await subscriber(...args)
    await live.untilLine(/^got 1 kept\/a new$/)
    await publish('-t', 'kept/a', '-r', '-n', '-q', '1')
    await live.untilLine(/^got 0 kept\/a $/)
    const later = await subscriber(...args)
    await publish('-t', 'kept/b', '-q', '1', '-m', 'end')
    await Promise.all([live, later].map((sub) => sub.untilLine(/^got 0 kept\/b end$/)))
    assert.equal(messages(live), ['1 kept/a new', '0 kept/a ', '0 kept/b end'])
    assert.equal(messages(later), ['0 kept/b end'])
  },
)

for (const { flag, name } of VERSIONS) {
  commands(`${name}: kill -9 of a client sends its will, a normal end does not`, async () => {
    const watcher = await subscriber('-t', `will/${flag}/#`, '-q', '1', '-F', 'got %q %t %p')
    const will = (which: string): string[] => {
      const topic = ['--will-topic', `will/${flag}/${which}`, '--will-payload', 'gone']
      return ['-V', flag, '-t', 'unused', ...topic, '--will-qos', '1']
    }
    // On a signal mosquitto_sub asks an MQTT 5 broker to send the will; after its last message (-C)
    // it does not.
    const polite = await subscriber(...will('polite'), '-C', '1')
    const killed = await subscriber(...will('killed'))
    await publish('-t', 'unused', '-m', 'end')
    assert.is(await polite.untilExit(), 0)
    await killed.kill()
    await watcher.untilLine(/^got 1 will\/\w+\/killed gone$/)
    assert.equal(messages(watcher), [`1 will/${flag}/killed gone`])
  })
}

for (const { flag, name } of VERSIONS) {
  commands(`${name}: three members of a shared subscription get each message once`, async () => {
    const filters = ['-t', `$share/g/jobs/${flag}`, '-t', `end/${flag}`]
    const args = ['-V', flag, ...filters, '-q', '1', '-F', 'got %p']
    const members = await Promise.all([1, 2, 3].map(() => subscriber(...args)))
    const publisher = await JsClient.connect('tcp')
    const sent = Array.from({ length: 30 }, (_, i) => `${i + 10}`)
    for (const payload of sent) {
      await publisher.client.publishAsync(`jobs/${flag}`, payload, { qos: 1 })
    }
    await publisher.client.publishAsync(`end/${flag}`, 'end', { qos: 1 })
    await Promise.all(members.map((member) => member.untilLine(/^got end$/)))
    const shares = members.map((member) => messages(member).slice(0, -1))
    assert.equal(shares.flat().sort(), sent)
    assert.equal(
      shares.map((share) => share.length > 0),
      [true, true, true],
    )
  })
}

for (const { flag, name } of VERSIONS) {
  commands(`${name}: a session that is kept gets what was sent while it was away`, async () => {
    const expiry = flag === 'mqttv5' ? ['-x', '3600'] : []
    const args = [
      '-V',
      flag,
      '-c',
      '-i',
      `away-${flag}`,
      ...expiry,
      '-t',
      `away/${flag}`,
      '-q',
      '1',
    ]
    const first = run('mosquitto_sub', ['-p', `${broker.port}`, ...args, '-E'])
    assert.is(await first.untilExit(), 0, first.stderr)
    for (const payload of ['one', 'two', 'three']) {
      await publish('-t', `away/${flag}`, '-q', '1', '-m', payload)
    }
    await publish('-t', `away/${flag}`, '-q', '2', '-m', 'four')
    const format = ['-C', '4', '-F', 'got %q %r %p']
    const second = run('mosquitto_sub', ['-p', `${broker.port}`, ...args, ...format])
    assert.is(await second.untilExit(), 0, second.stderr)
    assert.equal(messages(second), ['1 0 one', '1 0 two', '1 0 three', '1 0 four'])
  })
}

commands('a payload of 500 kB arrives whole', async () => {
  const file = join(temporaryDirectory(), 'payload')
  const payload = digits(500_000)
  writeFileSync(file, payload)
  const sub = await subscriber('-t', 'large', '-q', '2', '-C', '1', '-F', 'got %l %p')
  await publish('-t', 'large', '-q', '2', '-f', file)
  assert.is(await sub.untilExit(), 0)
  assert.ok(messages(sub)[0] === `500000 ${payload}`)
})

const library = suite('MQTT.js')
library.before(start)
library.after(stop)

for (const { name, ...protocol } of VERSIONS) {
  for (const kind of ['tcp', 'ws'] as const) {
    library(`${name} over ${kind}: messages of every QoS arrive once and in order`, async () => {
      const options = { protocolVersion: protocol.protocolVersion, protocolId: protocol.protocolId }
      const sub = await JsClient.connect(kind, options)
      const pub = await JsClient.connect(kind, options)
      const filter = `${protocol.flag}/${kind}/#`
      const grants = await sub.client.subscribeAsync(filter, { qos: 2 })
      assert.equal(
        grants.map(({ topic, qos }) => ({ topic, qos })),
        [{ topic: filter, qos: 2 }],
      )
      const topic = `${protocol.flag}/${kind}/x`
      for (const qos of QOS) await pub.client.publishAsync(topic, `${qos}`, { qos })
      await pub.client.publishAsync(topic, 'end', { qos: 2 })
      const retain = false
      assert.equal(await sub.until('end'), [
        ...QOS.map((qos) => ({ topic, payload: `${qos}`, qos, retain })),
        { topic, payload: 'end', qos: 2, retain },
      ])
      await Promise.all([sub.client.endAsync(), pub.client.endAsync()])
    })

    library(`${name} over ${kind}: a binary payload of 500 kB arrives whole`, async () => {
      const { protocolVersion, protocolId, flag } = protocol
      const client = (await JsClient.connect(kind, { protocolVersion, protocolId })).client
      const topic = `large/${flag}/${kind}`
      await client.subscribeAsync(topic, { qos: 1 })
      const payload = Buffer.from(Array.from({ length: 500_000 }, (_, i) => (i * i) >> 3))
      const publishing = client.publishAsync(topic, payload, { qos: 1 })
      const [[, received]] = await Promise.all([event(client, 'message'), publishing])
      assert.ok(payload.equals(received as Buffer))
    })
  }
}

library('a retained message has its flag for a new subscriber only', async () => {
  const [pub, live, later] = [
    await JsClient.connect('tcp'),
    await JsClient.connect('ws'),
    await JsClient.connect('tcp'),
  ]
  await live.client.subscribeAsync('flag', { qos: 1 })
  await pub.client.publishAsync('flag', 'kept', { qos: 1, retain: true })
  await later.client.subscribeAsync('flag', { qos: 1 })
  const message = { topic: 'flag', payload: 'kept', qos: 1 }
  assert.equal(await live.until('kept'), [{ ...message, retain: false }])
  assert.equal(await later.until('kept'), [{ ...message, retain: true }])
})

library('a kept session gets what was sent while it was away, and says it is present', async () => {
  for (const { protocolVersion, protocolId, flag } of VERSIONS) {
    const session = { protocolVersion, protocolId, clientId: `kept-${flag}`, clean: false }
    const expiry = { properties: { sessionExpiryInterval: 3600 } }
    const options = protocolVersion === 5 ? { ...session, ...expiry } : session
    const topic = `kept/${flag}`
    const before = await JsClient.connect('tcp', options)
    await before.client.subscribeAsync(topic, { qos: 1 })
    await before.client.endAsync()
    const pub = await JsClient.connect('tcp')
    for (const payload of ['1', '2', '3']) await pub.client.publishAsync(topic, payload, { qos: 1 })
    const after = new JsClient('tcp', options)
    const [connack] = await event(after.client, 'connect')
    // MQTT 3.1 has no such flag.
    if (protocolVersion !== 3)
      assert.is((connack as { sessionPresent: boolean }).sessionPresent, true)
    assert.equal(
      await after.until('3'),
      ['1', '2', '3'].map((payload) => ({ topic, payload, qos: 1, retain: false })),
    )
  }
})

const shutdown = suite('SIGTERM')
shutdown.before.each(start)
shutdown.after.each(stop)

shutdown('MQTT 5 clients get DISCONNECT 0x8B, the others the end of the connection', async () => {
  const js = await JsClient.connect('tcp', { protocolVersion: 5 })
  const tcp = await RawClient.connect({ port: broker.port, version: 5 })
  const ws = await RawClient.connect({ port: broker.wsPort, path: '/mqtt', version: 5 })
  const old = await RawClient.connect({ port: broker.port, version: 4 })
  const [[disconnect], code] = await Promise.all([event(js.client, 'disconnect'), broker.stop()])
  assert.is((disconnect as { reasonCode: number }).reasonCode, 0x8b)
  assert.is(code, 0)
  assert.equal(await tcp.closed, [{ cmd: 'disconnect', reasonCode: 0x8b }])
  assert.equal(await ws.closed, [{ cmd: 'disconnect', reasonCode: 0x8b }])
  assert.equal(await old.closed, [])
})

/** Decimal digits in an order that a lost or moved block would change. */
function digits(length: number): string {
  let text = ''
  for (let i = 0; text.length < length; i++) text += i
  return text.slice(0, length)
}

if (!isMissing('mosquitto_sub', 'mosquitto_pub', 'stdbuf')) commands.run()
library.run()
shutdown.run()
