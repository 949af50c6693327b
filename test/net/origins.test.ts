// WebSocket listeners: paths, origins of web pages, addresses passed on by proxies, and the whole
// over TLS, with the `ws` client and MQTT.js.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connectAsync } from 'mqtt'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type ClientOptions, WebSocket } from 'ws'
import type { Origin } from '../../host/broker/access.ts'
import type { ListenerConfig } from '../../host/config/config.ts'
import { createBroker } from '../../host/index.ts'
import { AddressRanges } from '../../host/net/addresses.ts'
import { isMissing } from '../process.ts'
import { Bench, readAll } from './bench.ts'
import { Authority, type Pair } from './certificates.ts'

const test = suite('websocket listeners')

let bench: Bench

async function open(config: Partial<ListenerConfig> = {}): Promise<void> {
  bench = await Bench.open({ type: 'ws', port: 0, ...config })
}

/** 101, or the status of the refusal. */
function knock(path: string, options: ClientOptions = {}): Promise<number> {
  const client = new WebSocket(`ws://127.0.0.1:${bench.listener.port}${path}`, 'mqtt', options)
  return new Promise((resolve, reject) => {
    client.once('open', () => {
      client.terminate()
      resolve(101)
    })
    client.once('unexpected-response', (request, response) => {
      request.destroy()
      resolve(response.statusCode ?? 0)
    })
    client.on('error', reject)
  })
}

async function originFor(headers: Record<string, string>): Promise<Origin> {
  assert.is(await knock('/mqtt', { headers }), 101)
  return (await bench.accepted()).transport.origin
}

test.after.each(() => bench.close())

test('one path, or with * every one', async () => {
  await open()
  assert.is(await knock('/mqtt'), 101)
  assert.is(await knock('/mqtt?x=1'), 101)
  assert.is(await knock('/'), 404)
  assert.is(await knock('/mqtt/deeper'), 404)
  await bench.close()
  await open({ path: '*' })
  for (const path of ['/', '/mqtt', '/any/thing?x']) assert.is(await knock(path), 101)
  assert.is(bench.listener.url, `ws://127.0.0.1:${bench.listener.port}/`)
})

test('web pages of other origins are refused; who is no page has none', async () => {
  await open({ origins: ['https://example.org', 'http://Localhost:8080/'] })
  for (const [origin, status] of [
    ['https://example.org', 101],
    ['https://EXAMPLE.org', 101],
    ['http://localhost:8080', 101],
    ['http://example.org', 403],
    ['https://example.org.evil.test', 403],
    ['https://sub.example.org', 403],
    ['null', 403],
  ] as const) {
    assert.is(await knock('/mqtt', { origin }), status, origin)
  }
  assert.is(await knock('/mqtt'), 101)
  await bench.close()
  await open()
  assert.is(await knock('/mqtt', { origin: 'https://anywhere.test' }), 101)
})

test('X-Forwarded-For of a trusted proxy is believed, from the right', async () => {
  await open({ trustedProxies: ['127.0.0.0/8', '10.0.0.0/8', '2001:db8:1::/48'] })
  for (const [header, address] of [
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7, 10.1.2.3', '203.0.113.7'],
    ['1.1.1.1, 203.0.113.7, 10.1.2.3,2001:db8:1::5', '203.0.113.7'],
    ['2001:DB8:2:0:0:0:0:9', '2001:db8:2::9'],
    ['[2001:db8:2::9]:4711', '2001:db8:2::9'],
    ['203.0.113.7:4711', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['10.0.0.9, 10.0.0.8', '10.0.0.9'],
    ['1.1.1.1, nonsense', '127.0.0.1'],
    ['nonsense, 10.0.0.1', '10.0.0.1'],
    ['', '127.0.0.1'],
  ] as const) {
    assert.is((await originFor({ 'X-Forwarded-For': header })).address, address, header)
  }
})

test('X-Forwarded-Proto of a trusted proxy tells of TLS', async () => {
  await open({ trustedProxies: ['127.0.0.1'] })
  for (const [proto, isSecure] of [
    ['https', true],
    ['wss', true],
    ['http', false],
    ['https, http', false],
  ] as const) {
    assert.is((await originFor({ 'X-Forwarded-Proto': proto })).isSecure, isSecure, proto)
  }
})

test('headers of anybody else mean nothing', async () => {
  const headers = { 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'https' }
  for (const trustedProxies of [undefined, [], ['10.0.0.0/8']]) {
    await open(trustedProxies && { trustedProxies })
    const { address, isSecure } = await originFor(headers)
    assert.equal([address, isSecure], ['127.0.0.1', false])
    await bench.close()
  }
  await open()
})

test('a proxy that is no address stops the start', async () => {
  await open()
  for (const range of ['localhost', '10.0.0.0/33', '::/129', '10.0.0.0/', '1.2.3.4/8/9', '']) {
    assert.throws(() => new AddressRanges([range]), /expected an address or a range/)
  }
})

test.run()

const secure = suite('wss')

let authority: Authority
let server: Pair

secure.before(() => {
  authority = new Authority()
  server = authority.issue('server')
})
secure.after.each(() => bench.close())

function connect(options: ClientOptions = {}): WebSocket {
  const url = `wss://127.0.0.1:${bench.listener.port}/mqtt`
  return new WebSocket(url, 'mqtt', { ca: authority.pem(), ...options })
}

secure('bytes go both ways, small and large', async () => {
  await open({ tls: server })
  assert.is(bench.listener.url, `wss://127.0.0.1:${bench.listener.port}/mqtt`)
  const client = connect()
  await once(client, 'open')
  const peer = await bench.accepted()
  const { scheme, address, isSecure } = peer.transport.origin
  assert.equal([scheme, address, isSecure], ['wss', '127.0.0.1', true])
  const sent = Buffer.alloc(512 * 1024, 'abc')
  client.send(sent)
  await peer.until(() => peer.bytes.length === sent.length)
  assert.is(peer.bytes.equals(sent), true)
  const chunks: Buffer[] = []
  client.on('message', (data: Buffer) => chunks.push(data))
  const small = Buffer.from('small')
  assert.is(peer.transport.write(small), true)
  small.fill('x')
  assert.is(peer.transport.write(sent), false)
  peer.transport.end()
  await once(client, 'close')
  assert.is(Buffer.concat(chunks).equals(Buffer.concat([Buffer.from('small'), sent])), true)
  await peer.until(() => peer.closed === 1)
})

secure('onDrained comes when a large write has been taken', async () => {
  await open({ tls: server })
  const client = connect()
  await once(client, 'open')
  const peer = await bench.accepted()
  assert.is(peer.transport.write(Buffer.alloc(8 * 1024 * 1024)), false)
  await peer.until(() => peer.drained === 1)
  assert.is(peer.transport.pending(), 0)
  client.terminate()
})

secure('a client certificate is known behind the upgrade', async () => {
  await open({ tls: { ...server, ca: authority.file, clientCertificate: 'required' } })
  const { certificate, key } = authority.issue('browser')
  const client = connect({ cert: readFileSync(certificate), key: readFileSync(key) })
  await once(client, 'open')
  const { transport } = await bench.accepted()
  assert.is(transport.origin.certificate?.commonName, 'browser')
  client.terminate()
})

secure('plain HTTP is not answered', async () => {
  await open({ tls: server })
  const plain = await bench.connect()
  plain.write('GET /mqtt HTTP/1.1\r\nHost: x\r\n\r\n')
  assert.not.match((await readAll(plain)).toString('latin1'), /^HTTP/)
  await bench.line('TLS handshake failed')
})

secure('MQTT.js publishes to itself over wss', async () => {
  await open({ tls: server })
  const broker = await createBroker()
  const { port } = await broker.listen({ type: 'ws', port: 0, tls: server })
  const client = await connectAsync(`wss://127.0.0.1:${port}/mqtt`, { ca: authority.pem() })
  await client.subscribeAsync('a', { qos: 1 })
  const arrived = new Promise<Buffer>((resolve) => {
    client.once('message', (_, payload) => resolve(payload))
  })
  await client.publishAsync('a', 'hello', { qos: 1 })
  assert.is(String(await arrived), 'hello')
  await client.endAsync()
  await broker.close()
})

if (!isMissing('openssl')) secure.run()
