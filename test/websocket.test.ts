// The WebSocket transport: against the `ws` client, and against bytes written by hand where the
// client would not do what is asked. Every test waits for events.

import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket } from 'ws'
import type { Listener } from '../host/net/transport.ts'
import { listenWebSocket, type WebSocketOptions } from '../host/net/websocket.ts'
import { MUCH, type Peer, Peers, pattern } from './peers.ts'

/** A listener, its clients, and the peers it accepted. */
class Bench {
  readonly listener: Listener
  readonly peers: Peers
  readonly #clients: Array<{ destroy(): void }> = []

  static async open(options: Partial<WebSocketOptions> = {}): Promise<Bench> {
    const peers = new Peers()
    const listener = await listenWebSocket({ host: '127.0.0.1', port: 0, ...options }, peers.accept)
    return new Bench(listener, peers)
  }

  private constructor(listener: Listener, peers: Peers) {
    this.listener = listener
    this.peers = peers
  }

  client(protocols: string[] = ['mqtt'], path = '/mqtt'): WebSocket {
    const url = `ws://127.0.0.1:${this.listener.port}${path}`
    const client = new WebSocket(url, protocols, { perMessageDeflate: false })
    client.on('error', () => {})
    this.#clients.push({ destroy: () => client.terminate() })
    return client
  }

  async pair(protocols?: string[]): Promise<{ client: WebSocket; peer: Peer }> {
    const client = this.client(protocols)
    const [peer] = await Promise.all([this.peers.next(), once(client, 'open')])
    return { client, peer }
  }

  socket(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.listener.port, allowHalfOpen: true })
    socket.on('error', () => {})
    this.#clients.push(socket)
    return socket
  }

  /** A socket that has upgraded, its answer still unread. */
  async rawPair(): Promise<{ socket: Socket; peer: Peer }> {
    const socket = this.socket()
    socket.write(
      'GET /mqtt HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        'Sec-WebSocket-Protocol: mqtt\r\n\r\n',
    )
    return { socket, peer: await this.peers.next() }
  }

  /** Lets the event loop go round: ten round trips on a connection of its own. */
  async settle(): Promise<void> {
    const { client, peer } = await this.pair()
    peer.onChunk = (chunk) => peer.transport.write(chunk) || true
    for (let i = 0; i < 10; i++) {
      client.send('x', { binary: true })
      await once(client, 'message')
    }
    client.close()
    await peer.whenClosed
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy()
    await this.listener.close()
  }
}

/** A client's frame, masked with zeros: at most 125 bytes. */
function frame(text: string, opcode = 0x82): Buffer {
  return Buffer.concat([Buffer.from([opcode, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])
}

async function nextMessage(client: WebSocket): Promise<{ text: string; isBinary: boolean }> {
  const [data, isBinary] = await once(client, 'message')
  return { text: String(data), isBinary }
}

async function closeCode(client: WebSocket): Promise<number> {
  const [code] = await once(client, 'close')
  return code
}

async function statusOf(client: WebSocket): Promise<number | undefined> {
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage]
  return response.statusCode
}

async function getStatus(port: number, path: string): Promise<IncomingMessage> {
  const [response] = (await once(get({ port, path, agent: false }), 'response')) as [
    IncomingMessage,
  ]
  response.resume()
  return response
}

const handshake = suite('websocket handshake')
const stream = suite('websocket stream')
const closing = suite('websocket closing')
let bench: Bench

for (const test of [handshake, stream, closing]) {
  test.before.each(async () => {
    bench = await Bench.open()
  })
  test.after.each(async () => {
    await bench.close()
  })
}

handshake('the listener and its transports say where they are', async () => {
  assert.is(bench.listener.url, `ws://127.0.0.1:${bench.listener.port}/mqtt`)
  const { peer } = await bench.pair()
  assert.is(peer.transport.scheme, 'ws')
  assert.match(peer.transport.remoteAddress, /^127\.0\.0\.1:\d+$/)
})

handshake('the subprotocol chosen is mqtt, else mqttv3.1 [MQTT-6.0.0-4]', async () => {
  assert.is((await bench.pair(['other', 'mqttv3.1', 'mqtt'])).client.protocol, 'mqtt')
  assert.is((await bench.pair(['mqttv3.1'])).client.protocol, 'mqttv3.1')
})

handshake('a client that offers no subprotocol is let in, and told none', async () => {
  assert.is((await bench.pair([])).client.protocol, '')
})

handshake('a client that offers only other subprotocols is refused', async () => {
  assert.is(await statusOf(bench.client(['chat', 'mqtts'])), 400)
})

handshake('an upgrade on another path is 404', async () => {
  assert.is(await statusOf(bench.client(['mqtt'], '/')), 404)
  assert.is(await statusOf(bench.client(['mqtt'], '/mqtt/x')), 404)
})

handshake('a query after the path is ignored', async () => {
  const client = bench.client(['mqtt'], '/mqtt?token=1')
  await Promise.all([once(client, 'open'), bench.peers.next()])
})

handshake('a plain request is 426 on the path and 404 elsewhere', async () => {
  const upgrade = await getStatus(bench.listener.port, '/mqtt')
  assert.equal([upgrade.statusCode, upgrade.headers.upgrade], [426, 'websocket'])
  assert.is((await getStatus(bench.listener.port, '/other')).statusCode, 404)
})

handshake('a connection that accept refuses is closed', async () => {
  const refusing = await listenWebSocket({ host: '127.0.0.1', port: 0 }, () => undefined)
  const client = new WebSocket(`ws://127.0.0.1:${refusing.port}/mqtt`, ['mqtt'])
  client.on('error', () => {})
  assert.is(await closeCode(client), 1006)
  await refusing.close()
})

handshake('a connection that never sends a request is closed', async () => {
  const impatient = await Bench.open({ requestTimeoutMs: 40 })
  const socket = impatient.socket()
  socket.resume()
  await once(socket, 'end')
  await impatient.close()
})

handshake('close stops accepting at once and leaves connections alone', async () => {
  const { client, peer } = await bench.pair()
  await bench.listener.close()
  const [error] = await once(bench.client(), 'error')
  assert.is(error.code, 'ECONNREFUSED')
  peer.transport.write(Buffer.from('still here'))
  assert.is((await nextMessage(client)).text, 'still here')
})

handshake('a port that is taken rejects with EADDRINUSE', async () => {
  try {
    await Bench.open({ port: bench.listener.port })
    assert.unreachable()
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, 'EADDRINUSE')
  }
})

stream('each write is one binary frame', async () => {
  const { client, peer } = await bench.pair()
  const messages: Array<{ text: string; isBinary: boolean }> = []
  client.on('message', (data, isBinary) => messages.push({ text: String(data), isBinary }))
  for (const text of ['one', 'two', 'x'.repeat(200), 'y'.repeat(70_000)]) {
    peer.transport.write(Buffer.from(text))
  }
  peer.transport.end()
  await closeCode(client)
  assert.equal(messages, [
    { text: 'one', isBinary: true },
    { text: 'two', isBinary: true },
    { text: 'x'.repeat(200), isBinary: true },
    { text: 'y'.repeat(70_000), isBinary: true },
  ])
})

stream('frames make one stream of bytes, wherever they are cut [MQTT-6.0.0-2]', async () => {
  const { socket, peer } = await bench.rawPair()
  const bytes = Buffer.concat([
    frame('ab'),
    frame(''),
    frame('cd', 0x02),
    frame('ef', 0x00),
    frame('ping', 0x89),
    frame('gh', 0x80),
  ])
  for (const byte of bytes) socket.write(Buffer.from([byte]))
  await peer.until(() => peer.bytes.length === 8)
  assert.equal(peer.chunks.map(String), ['ab', 'cdefgh'])
})

stream('a long stream arrives whole and in order', async () => {
  const { client, peer } = await bench.pair()
  const sent = pattern(8 * 1024 * 1024)
  for (let at = 0; at < sent.length; at += 100_000) client.send(sent.subarray(at, at + 100_000))
  client.close()
  await peer.whenClosed
  assert.is(peer.bytes.equals(sent), true)
})

stream('a text frame closes with 1003 and is not delivered [MQTT-6.0.0-1]', async () => {
  const { client, peer } = await bench.pair()
  client.send('text', { binary: false })
  client.send('after', { binary: true })
  assert.is(await closeCode(client), 1003)
  await peer.whenClosed
  assert.equal([peer.chunks.length, peer.closed], [0, 1])
})

stream('a frame over the limit closes with 1009', async () => {
  const strict = await Bench.open({ frameBytesMax: 1000 })
  const { client, peer } = await strict.pair()
  client.send(Buffer.alloc(1000))
  client.send(Buffer.alloc(1001))
  assert.is(await closeCode(client), 1009)
  await peer.whenClosed
  assert.equal([peer.bytes.length, peer.closed], [1000, 1])
  await strict.close()
})

stream('a frame that is not masked closes, harming nobody else', async () => {
  const { socket, peer } = await bench.rawPair()
  const other = await bench.pair()
  socket.resume()
  socket.write(Buffer.from([0x82, 1, 0]))
  await once(socket, 'end')
  socket.end()
  await peer.whenClosed
  other.client.send('fine', { binary: true })
  await other.peer.until(() => other.peer.bytes.length === 4)
})

stream('a ping is answered without the handler', async () => {
  const { client, peer } = await bench.pair()
  client.ping('hello')
  const [data] = await once(client, 'pong')
  assert.equal([String(data), peer.chunks.length], ['hello', 0])
})

stream('memory of a write that answered true may be reused at once', async () => {
  const { client, peer } = await bench.pair()
  const received: Buffer[] = []
  client.on('message', (data) => received.push(data as Buffer))
  const bytes = Buffer.alloc(1000)
  for (let i = 0; i < 20; i++) assert.is(peer.transport.write(bytes.fill(i)), true)
  bytes.fill(0xff)
  peer.transport.end()
  await closeCode(client)
  assert.equal(
    received,
    Array.from({ length: 20 }, (_, i) => Buffer.alloc(1000, i)),
  )
})

stream('a blocked write answers false, and onDrained comes once when all is read', async () => {
  const { client, peer } = await bench.pair()
  client.pause()
  const sent = pattern(MUCH)
  assert.is(peer.transport.write(sent), false)
  assert.is(peer.transport.write(Buffer.from('tail')), false)
  assert.ok(peer.transport.pending() > MUCH)
  await bench.settle()
  assert.is(peer.drained, 0)
  const received: Buffer[] = []
  client.on('message', (data) => received.push(data as Buffer))
  client.resume()
  await peer.until(() => peer.drained > 0)
  assert.is(peer.transport.pending(), 0)
  assert.is(peer.transport.write(Buffer.from('!')), true)
  await bench.settle()
  assert.is(peer.drained, 1)
  peer.transport.end()
  await closeCode(client)
  const wanted = Buffer.concat([sent, Buffer.from('tail!')])
  assert.is(Buffer.concat(received).equals(wanted), true)
})

stream('onBytes answering false holds even frames of the same read, until resume', async () => {
  const { socket, peer } = await bench.rawPair()
  peer.onChunk = () => false
  const texts = ['one', 'two', 'three', 'four']
  socket.write(Buffer.concat(texts.map((text) => frame(text))))
  for (let n = 1; n <= texts.length; n++) {
    await peer.until(() => peer.chunks.length === n)
    await bench.settle()
    assert.equal(peer.chunks.map(String), texts.slice(0, n))
    peer.transport.resume()
  }
  socket.write(frame('five'))
  await peer.until(() => peer.chunks.length === 5)
})

stream('a client feels that nobody reads, and loses nothing', async () => {
  const { client, peer } = await bench.pair()
  peer.transport.pause()
  const sent = pattern(MUCH)
  for (let at = 0; at < MUCH; at += 1024 * 1024) client.send(sent.subarray(at, at + 1024 * 1024))
  await bench.settle()
  assert.is(peer.chunks.length, 0)
  assert.ok(client.bufferedAmount > 0)
  peer.transport.resume()
  client.close()
  await peer.whenClosed
  assert.is(peer.bytes.equals(sent), true)
})

stream('frames held when the peer closes are delivered before onClosed', async () => {
  const { socket, peer } = await bench.rawPair()
  peer.onChunk = () => false
  socket.write(Buffer.concat([frame('one'), frame('two'), frame('three'), frame('', 0x88)]))
  socket.end()
  socket.resume()
  await peer.whenClosed
  assert.equal([peer.chunks.map(String), peer.closed], [['one', 'two', 'three'], 1])
})

closing('end sends what was written, closes with 1000, and onClosed comes once', async () => {
  const { client, peer } = await bench.pair()
  const received: Buffer[] = []
  client.on('message', (data) => received.push(data as Buffer))
  const sent = pattern(MUCH)
  peer.transport.write(sent)
  peer.transport.end()
  assert.is(peer.transport.write(Buffer.from('too late')), true)
  peer.transport.end()
  assert.is(await closeCode(client), 1000)
  await peer.whenClosed
  assert.is(Buffer.concat(received).equals(sent), true)
  assert.is(peer.closed, 1)
})

closing('after end, frames of the peer are thrown away', async () => {
  const { socket, peer } = await bench.rawPair()
  peer.transport.pause()
  peer.transport.end()
  socket.end(Buffer.concat([frame('late'), frame('', 0x88)]))
  socket.resume()
  await peer.whenClosed
  assert.equal([peer.chunks.length, peer.closed], [0, 1])
})

closing('end destroys a peer that does not answer when the linger is over', async () => {
  const impatient = await Bench.open({ lingerMs: 30 })
  const silent = await impatient.rawPair()
  silent.peer.transport.end()
  const unread = await impatient.rawPair()
  unread.peer.transport.write(Buffer.alloc(MUCH))
  unread.peer.transport.end()
  await Promise.all([silent.peer.whenClosed, unread.peer.whenClosed])
  assert.equal([silent.peer.closed, unread.peer.closed], [1, 1])
  await impatient.close()
})

closing('a peer that closes its half and does not read is destroyed too', async () => {
  const impatient = await Bench.open({ lingerMs: 30 })
  const { socket, peer } = await impatient.rawPair()
  assert.is(peer.transport.write(Buffer.alloc(MUCH)), false)
  socket.end()
  await peer.whenClosed
  assert.equal([peer.closed, peer.drained], [1, 0])
  await impatient.close()
})

closing('destroy from within onBytes closes at once, and onClosed comes later, once', async () => {
  const { client, peer } = await bench.pair()
  peer.onChunk = () => {
    peer.transport.destroy()
    assert.is(peer.closed, 0)
    assert.is(peer.transport.write(Buffer.from('x')), true)
    return true
  }
  client.send('x', { binary: true })
  assert.is(await closeCode(client), 1006)
  await peer.whenClosed
  peer.transport.destroy()
  peer.transport.end()
  peer.transport.resume()
  peer.transport.pause()
  await bench.settle()
  assert.is(peer.closed, 1)
})

closing('a reset by the peer closes once', async () => {
  const { socket, peer } = await bench.rawPair()
  peer.transport.write(Buffer.alloc(MUCH))
  socket.resetAndDestroy()
  await peer.whenClosed
  await bench.settle()
  assert.equal([peer.closed, peer.drained], [1, 0])
})

handshake.run()
stream.run()
closing.run()
