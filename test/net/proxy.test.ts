// Listeners behind a proxy, over real sockets: plain, TLS and WebSocket on a port that begins with
// a PROXY protocol header, however it is cut; and what happens to connections without one.

import { once } from 'node:events'
import type { connect, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket } from 'ws'
import type { ListenerConfig } from '../../host/config/config.ts'
import type { Peer } from '../peers.ts'
import { isMissing } from '../process.ts'
import { Bench } from './bench.ts'
import { Authority, type Pair } from './certificates.ts'
import { crc32c, fact, proxyV2, tcp4, tlsFact } from './proxyHeaders.ts'

const V1 = Buffer.from('PROXY TCP4 203.0.113.7 10.0.0.1 56324 1883\r\n')
const V2 = proxyV2(0x21, 0x11, tcp4('203.0.113.7', 56324))
const LOCAL = proxyV2(0x20, 0x00, Buffer.alloc(0))
const PORT: ListenerConfig = { type: 'mqtt', port: 0, proxyProtocol: 'any' }

const test = suite('behind a proxy')

let authority: Authority
let server: Pair
const CA = (): string => authority.pem()
let bench: Bench

async function open(config: Partial<ListenerConfig> = {}, timeoutMs = 10_000): Promise<void> {
  bench = await Bench.open({ ...PORT, ...config }, timeoutMs)
}

test.before(() => {
  authority = new Authority()
  server = authority.issue('server')
})
test.after.each(() => bench.close())

/** Writes `bytes` in two segments, the second after the first was taken. */
async function writeCut(socket: Socket, bytes: Buffer, at: number): Promise<void> {
  socket.setNoDelay(true)
  socket.write(bytes.subarray(0, at))
  await new Promise((resolve) => setImmediate(resolve))
  socket.write(bytes.subarray(at))
}

async function accepted(text: string): Promise<Peer> {
  const peer = await bench.accepted()
  await peer.until(() => peer.bytes.length >= text.length)
  assert.is(peer.bytes.toString(), text)
  return peer
}

for (const [name, header] of [
  ['v1', V1],
  ['v2', V2],
] as const) {
  test(`${name}: the address is the client's, the rest is MQTT, however it is cut`, async () => {
    await open()
    const bytes = Buffer.concat([header, Buffer.from('hello')])
    for (let at = 0; at <= bytes.length; at++) {
      const socket = await bench.connect()
      await writeCut(socket, bytes, at)
      const peer = await accepted('hello')
      assert.is(peer.transport.remoteAddress, '203.0.113.7:56324')
      assert.is(peer.transport.write(Buffer.from('answer')), true)
      assert.is(String((await once(socket, 'data'))[0]), 'answer')
      socket.end()
      await peer.whenClosed
    }
  })
}

test('the origin has the address, TLS and certificate that the proxy tells', async () => {
  await open({ proxyProtocol: 'v2' })
  const facts = tlsFact(7, 0, fact(0x22, 'sensor'))
  ;(await bench.connect()).write(proxyV2(0x21, 0x11, tcp4('203.0.113.7', 1), facts))
  const { transport } = await bench.accepted()
  const { certificate, ...origin } = transport.origin
  assert.equal(origin, { scheme: 'mqtt', address: '203.0.113.7', isSecure: true })
  assert.is(certificate?.subject, 'CN=sensor')
})

test('LOCAL and UNKNOWN are the proxy itself', async () => {
  await open()
  for (const header of [LOCAL, Buffer.from('PROXY UNKNOWN\r\n')]) {
    const socket = await bench.connect()
    socket.write(header)
    const { transport } = await bench.accepted()
    assert.is(transport.remoteAddress, `127.0.0.1:${socket.localPort}`)
    assert.is(transport.origin.isSecure, false)
  }
})

test('pause and resume hold behind a header', async () => {
  await open()
  const socket = await bench.connect()
  socket.write(V2)
  const peer = await bench.accepted()
  peer.onChunk = () => false
  socket.write('one')
  await peer.until(() => peer.chunks.length === 1)
  socket.write('two')
  peer.onChunk = () => true
  peer.transport.resume()
  await peer.until(() => peer.bytes.length === 6)
})

test('a handler that stops at the bytes behind the header gets no more until resume', async () => {
  await open()
  const socket = await bench.connect()
  const big = Buffer.alloc(4 * 1024 * 1024)
  const accepting = bench.accepted().then((peer) => {
    peer.onChunk = () => false
    return peer
  })
  socket.write(Buffer.concat([V2, big]))
  const peer = await accepting
  await peer.until(() => peer.chunks.length > 0)
  peer.onChunk = () => true
  peer.transport.resume()
  await peer.until(() => peer.bytes.length === big.length)
})

test('TLS behind a header, cut anywhere around its end', async () => {
  await open({ tls: server })
  for (const at of [0, 1, V2.length - 1, V2.length, V2.length + 1, V2.length + 60]) {
    const raw = await bench.connect()
    const client = await handshakeBehind(raw, V2, at)
    client.write('hello')
    const { transport } = await accepted('hello')
    const { address, isSecure, scheme } = transport.origin
    assert.equal([scheme, address, isSecure], ['mqtts', '203.0.113.7', true])
    client.destroy()
  }
})

/** A TLS handshake whose first bytes come behind `header`, cut at `at`. */
async function handshakeBehind(raw: Socket, header: Buffer, at: number): Promise<TLSSocket> {
  const client = bench.track(connectTls({ socket: new Behind(raw, header, at), ca: CA() }))
  await once(client, 'secureConnect')
  return client
}

/** A socket with something before the first bytes that are written to it. */
class Behind extends Duplex {
  readonly #raw: Socket
  #header: Buffer | undefined
  readonly #at: number

  constructor(raw: Socket, header: Buffer, at: number) {
    super()
    this.#raw = raw
    this.#header = header
    this.#at = at
    raw.on('data', (chunk: Buffer) => this.push(chunk))
    raw.on('close', () => this.destroy())
  }

  override _read(): void {}

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    const header = this.#header
    this.#header = undefined
    if (header === undefined) this.#raw.write(bytes, done)
    else writeCut(this.#raw, Buffer.concat([header, bytes]), this.#at).then(done)
  }
}

for (const secure of [false, true]) {
  test(`${secure ? 'wss' : 'ws'} behind a header, cut anywhere around its end`, async () => {
    await open({ type: 'ws', ...(secure ? { tls: server } : {}) })
    for (const at of [0, 1, V1.length - 1, V1.length, V1.length + 1, V1.length + 60]) {
      const raw = await bench.connect()
      const createConnection = (): Duplex => {
        const below = new Behind(raw, V1, at)
        return secure ? connectTls({ socket: below, ca: CA() }) : below
      }
      const client = new WebSocket('ws://127.0.0.1/mqtt', 'mqtt', {
        createConnection: createConnection as unknown as typeof connect,
      })
      await once(client, 'open')
      client.send('hello', { binary: true })
      const { transport } = await accepted('hello')
      const { address, isSecure, scheme } = transport.origin
      assert.equal([scheme, address, isSecure], [secure ? 'wss' : 'ws', '203.0.113.7', secure])
      transport.write(Buffer.from('answer'))
      assert.is(String((await once(client, 'message'))[0]), 'answer')
      client.terminate()
    }
  })
}

test('a connection without header is refused with one line in the log', async () => {
  await open({ proxyProtocol: 'v2' })
  for (const bytes of ['\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0', String(V1)]) {
    bench.lines.length = 0
    const socket = await bench.connect()
    socket.write(bytes)
    await once(socket, 'close')
    assert.equal(bench.lines, [
      {
        level: 'info',
        message: 'refused at the PROXY protocol',
        facts: { address: '127.0.0.1', reason: 'no PROXY protocol header' },
      },
    ])
  }
})

test('a connection that sends no header in time, or half of one, is closed', async () => {
  await open({}, 30)
  const silent = await bench.connect()
  const ends = [once(silent, 'close')]
  const half = await bench.connect()
  ends.push(once(half, 'close'))
  half.write(V2.subarray(0, 20))
  await Promise.all(ends)
  assert.equal(
    bench.lines.map(({ facts }) => facts.reason),
    ['no header in time', 'no header in time'],
  )
})

test('where TLS in front is required, what came without is refused', async () => {
  await open({ proxyProtocol: 'v2', proxyRequiresTls: true })
  for (const header of [V2, LOCAL]) {
    const socket = await bench.connect()
    socket.write(header)
    await once(socket, 'close')
  }
  assert.is(bench.lines[0]?.facts.reason, 'did not come over TLS')
  ;(await bench.connect()).write(proxyV2(0x21, 0x11, tcp4('1.2.3.4', 1), tlsFact(1, 0)))
  assert.is((await bench.accepted()).transport.origin.isSecure, true)
})

test('the checksum of the tests is CRC32C', async () => {
  await open()
  assert.is(crc32c(Buffer.from('123456789')), 0xe3069283)
})

if (!isMissing('openssl')) test.run()
