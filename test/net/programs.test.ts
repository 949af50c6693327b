// The built broker behind TLS, client certificates, pre-shared keys and a unix socket, with
// Mosquitto's clients; and a certificate that is replaced under many live connections.

import { once } from 'node:events'
import { copyFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ListenerConfig } from '../../host/config/config.ts'
import { type Broker, createBroker } from '../../host/index.ts'
import type { Listener } from '../../host/net/transport.ts'
import { isMissing, run, runMain, stopAll, temporaryDirectory } from '../process.ts'
import { Authority, type Pair } from './certificates.ts'

const KEY = '00112233445566778899aabbccddeeff'
const LIVE = process.env.WASMQTT_LONG === '1' ? 1000 : 200

const test = suite('tls with programs')

let authority: Authority
let server: Pair
let client: Pair
let broker: Broker
let received: string[]

test.before(() => {
  authority = new Authority()
  server = authority.issue('server')
  client = authority.issue('client')
})
test.before.each(async () => {
  broker = await createBroker()
  received = []
  broker.subscribe('#', ({ payload }) => received.push(payload.toString()))
})
test.after.each(() => broker.close())
test.after(stopAll)

function listen(config: Partial<ListenerConfig>): Promise<Listener> {
  return broker.listen({ type: 'mqtt', port: 0, ...config } as ListenerConfig)
}

/** Publishes with acknowledgement; the exit code of mosquitto_pub. */
async function publish(payload: string, words: string[]): Promise<unknown> {
  const message = ['-t', 'a', '-m', payload, '-q', '1', '--quiet']
  return await run('mosquitto_pub', [...message, ...words]).untilExit()
}

function to({ port }: Listener): string[] {
  return ['-h', '127.0.0.1', '-p', String(port)]
}

test('--cafile against TLS, of both versions, with and without ALPN', async () => {
  const listener = await listen({ tls: server })
  const words = [...to(listener), '--cafile', authority.file]
  assert.is(await publish('1.2', [...words, '--tls-version', 'tlsv1.2']), 0)
  assert.is(await publish('1.3', [...words, '--tls-version', 'tlsv1.3']), 0)
  assert.is(await publish('alpn', [...words, '--tls-alpn', 'mqtt']), 0)
  assert.is.not(await publish('other', [...words, '--tls-alpn', 'other']), 0)
  assert.is.not(await publish('plain', to(listener)), 0)
  assert.equal(received, ['1.2', '1.3', 'alpn'])
})

test('--cert and --key against a listener that requires them', async () => {
  const tls = { ...server, ca: authority.file, clientCertificate: 'required' } as const
  const words = [...to(await listen({ tls })), '--cafile', authority.file]
  const stranger = new Authority().issue('stranger')
  const shown = ({ certificate, key }: Pair): string[] => ['--cert', certificate, '--key', key]
  assert.is(await publish('known', [...words, ...shown(client)]), 0)
  assert.is.not(await publish('nobody', words), 0)
  assert.is.not(await publish('stranger', [...words, ...shown(stranger)]), 0)
  assert.equal(received, ['known'])
})

test('--psk against a listener with a file of keys', async () => {
  const pskFile = join(temporaryDirectory(), 'keys')
  writeFileSync(pskFile, `sensor:${KEY}\n`, { mode: 0o600 })
  const words = to(await listen({ tls: { pskFile, pskHint: 'here' } }))
  const knowing = (key: string, identity: string): string[] => [
    ...['--psk', key, '--psk-identity', identity],
  ]
  assert.is(await publish('known', [...words, ...knowing(KEY, 'sensor')]), 0)
  assert.is.not(await publish('wrong', [...words, ...knowing('ff', 'sensor')]), 0)
  assert.is.not(await publish('nobody', [...words, ...knowing(KEY, 'other')]), 0)
  assert.equal(received, ['known'])
})

test('--unix against a unix socket', async () => {
  const socket = join(temporaryDirectory(), 'socket')
  await broker.listen({ type: 'mqtt', socket, socketMode: '0600' })
  assert.is(await publish('local', ['--unix', socket]), 0)
  assert.equal(received, ['local'])
})

test('the binary listens over TLS as its configuration says', async () => {
  const directory = temporaryDirectory()
  const file = join(directory, 'wasmqtt.json')
  const listeners = [{ type: 'mqtt', host: '127.0.0.1', port: await freePort(), tls: server }]
  writeFileSync(file, JSON.stringify({ anonymous: true, listeners }))
  const main = runMain(['-c', file, '--admin-port', 'off', '--data', join(directory, 'data')])
  const [, port] = (await main.untilLine(/^listening mqtts:\/\/127\.0\.0\.1:(\d+)$/)) as string[]
  await main.untilLine(/^ready$/)
  const words = ['-h', '127.0.0.1', '-p', String(port), '--cafile', authority.file]
  assert.is(await publish('hello', words), 0)
  await main.stop()
})

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  return port
}

test(`a certificate is replaced under ${LIVE} live connections and none is lost`, async () => {
  const directory = temporaryDirectory()
  const files = { certificate: join(directory, 'own.pem'), key: join(directory, 'own.key') }
  const use = (pair: Pair): void => {
    copyFileSync(pair.key, files.key)
    copyFileSync(pair.certificate, files.certificate)
  }
  use(server)
  const listener = await listen({ tls: files })
  const clients: Client[] = []
  while (clients.length < LIVE) {
    const more = Array.from({ length: 50 }, () => Client.open(listener.port, authority.pem()))
    clients.push(...(await Promise.all(more)))
  }
  await Promise.all(clients.map((one) => one.connected(clients.indexOf(one))))
  use(authority.issue('renewed'))
  await listener.refresh()
  await Promise.all(clients.map((one) => one.ping()))
  assert.is(clients.filter(({ lost }) => lost).length, 0)
  assert.is(broker.stats().connectionsNow, LIVE)
  assert.is(clients[0]?.name, 'server')
  const late = await Client.open(listener.port, authority.pem())
  assert.is(late.name, 'renewed')
  for (const { socket } of [late, ...clients]) socket.destroy()
})

/** An MQTT client that only connects and pings. */
class Client {
  readonly socket: TLSSocket
  /** Common name of the certificate it saw. */
  readonly name: string
  lost = false

  static async open(port: number, ca: string): Promise<Client> {
    const socket = connect({ port, host: '127.0.0.1', ca })
    await once(socket, 'secureConnect')
    return new Client(socket)
  }

  private constructor(socket: TLSSocket) {
    this.socket = socket
    this.name = String(socket.getPeerCertificate().subject.CN)
    const onLost = (): void => {
      this.lost = true
    }
    socket.on('error', onLost).on('end', onLost).on('close', onLost)
  }

  connected(index: number): Promise<void> {
    const id = `client-${index}`
    const body = Buffer.from(`\0\x04MQTT\x04\x02\0\0\0${String.fromCharCode(id.length)}${id}`)
    return this.#ask(Buffer.concat([Buffer.from([0x10, body.length]), body]), '20020000')
  }

  ping(): Promise<void> {
    return this.#ask(Buffer.from('c000', 'hex'), 'd000')
  }

  async #ask(packet: Buffer, answer: string): Promise<void> {
    this.socket.write(packet)
    const [chunk] = (await once(this.socket, 'data')) as [Buffer]
    assert.is(chunk.toString('hex'), answer)
  }
}

if (!isMissing('openssl', 'mosquitto_pub')) test.run()
