// The TCP transport against real sockets, in both ways of reading: into the static buffer, and by
// 'data' events. Each test waits for events; a round trip on a second connection stands for "the
// event loop has gone round and nothing happened".

import { once } from 'node:events'
import { connect, type NetConnectOpts, Socket } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { joinAddress } from '../host/net/addresses.ts'
import { listenTcp, type TcpOptions } from '../host/net/tcp.ts'
import type { Listener } from '../host/net/transport.ts'
import { MUCH, type Peer, Peers, pattern } from './peers.ts'

/** A listener, its clients, and the peers it accepted. */
class Bench {
  readonly listener: Listener
  readonly #peers: Peers
  readonly #clients: Socket[] = []

  static async open(options: Partial<TcpOptions>): Promise<Bench> {
    const peers = new Peers()
    const listener = await listenTcp({ host: '127.0.0.1', port: 0, ...options }, peers.accept)
    return new Bench(listener, peers)
  }

  private constructor(listener: Listener, peers: Peers) {
    this.listener = listener
    this.#peers = peers
  }

  async client(options: Partial<NetConnectOpts> = {}): Promise<Socket> {
    const to = { port: this.listener.port, host: '127.0.0.1', ...options } as NetConnectOpts
    const client = connect(to)
    client.on('error', () => {})
    this.#clients.push(client)
    await once(client, 'connect')
    return client
  }

  async pair(options: Partial<NetConnectOpts> = {}): Promise<{ client: Socket; peer: Peer }> {
    const [client, peer] = await Promise.all([this.client(options), this.accepted()])
    return { client, peer }
  }

  accepted(): Promise<Peer> {
    return this.#peers.next()
  }

  /** Lets the event loop go round: ten round trips on a connection of its own. */
  async settle(): Promise<void> {
    const { client, peer } = await this.pair()
    peer.onChunk = (chunk) => peer.transport.write(chunk) || true
    for (let i = 0; i < 10; i++) {
      client.write('x')
      await once(client, 'data')
    }
    client.destroy()
    await peer.whenClosed
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy()
    await this.listener.close()
  }
}

async function readAll(client: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  client.on('data', (chunk) => chunks.push(chunk as Buffer))
  await once(client, 'end')
  return Buffer.concat(chunks)
}

for (const reading of ['adopted', 'events'] as const) {
  const test = suite(`tcp, reading by ${reading}`)
  let bench: Bench

  test.before.each(async () => {
    bench = await Bench.open({ reading })
  })
  test.after.each(async () => {
    await bench.close()
  })

  test('a listener says where it listens', () => {
    assert.is(bench.listener.url, `mqtt://127.0.0.1:${bench.listener.port}`)
    assert.ok(bench.listener.port > 0)
  })

  test('a transport says its scheme and the address of its peer', async () => {
    const { client, peer } = await bench.pair()
    assert.is(peer.transport.scheme, 'mqtt')
    assert.is(peer.transport.remoteAddress, `127.0.0.1:${client.localPort}`)
  })

  test('bytes go both ways', async () => {
    const { client, peer } = await bench.pair()
    client.write('ping')
    await peer.until(() => peer.bytes.length === 4)
    assert.is(peer.bytes.toString(), 'ping')
    assert.is(peer.transport.write(Buffer.from('pong')), true)
    assert.is(peer.transport.pending(), 0)
    assert.is(String((await once(client, 'data'))[0]), 'pong')
  })

  test('connections that write at the same time each get their own bytes', async () => {
    const pairs = await Promise.all(Array.from({ length: 40 }, () => bench.client()))
    const byPort = new Map<string, Peer>()
    for (const _ of pairs) {
      const peer = await bench.accepted()
      byPort.set(peer.transport.remoteAddress, peer)
    }
    for (let round = 0; round < 20; round++) {
      for (const client of pairs) client.write(`${client.localPort};`)
    }
    for (const client of pairs) {
      const peer = byPort.get(`127.0.0.1:${client.localPort}`) as Peer
      const wanted = `${client.localPort};`.repeat(20)
      await peer.until(() => peer.bytes.length >= wanted.length)
      assert.is(peer.bytes.toString(), wanted)
    }
  })

  test('adopted sockets all read into one buffer, the others do not', async () => {
    const buffers = new Set<Buffer>()
    for (let i = 0; i < 2; i++) {
      const { client, peer } = await bench.pair()
      const onBytes = peer.onBytes.bind(peer)
      peer.onBytes = (buffer, length) => onBytes(buffers.add(buffer) && buffer, length)
      for (const text of ['one', 'onetwo']) {
        client.write(text.slice(-3))
        await peer.until(() => peer.bytes.toString() === text)
      }
    }
    assert.is(buffers.size, reading === 'adopted' ? 1 : 4)
  })

  test('a long stream arrives whole and in order', async () => {
    const { client, peer } = await bench.pair()
    const sent = pattern(8 * 1024 * 1024)
    client.end(sent)
    await peer.whenClosed
    assert.is(peer.bytes.equals(sent), true)
  })

  test('memory of a write that answered true may be reused at once', async () => {
    const { client, peer } = await bench.pair()
    const bytes = Buffer.alloc(1000)
    for (let i = 0; i < 20; i++) assert.is(peer.transport.write(bytes.fill(i)), true)
    bytes.fill(0xff)
    peer.transport.end()
    const wanted = Buffer.concat(Array.from({ length: 20 }, (_, i) => Buffer.alloc(1000, i)))
    assert.equal(await readAll(client), wanted)
  })

  test('a blocked write answers false, and onDrained comes once when all is read', async () => {
    const { client, peer } = await bench.pair()
    const sent = pattern(MUCH)
    assert.is(peer.transport.write(sent), false)
    assert.is(peer.transport.write(Buffer.from('tail')), false)
    assert.is(peer.transport.pending(), MUCH + 4)
    await bench.settle()
    assert.is(peer.drained, 0)
    const received = readAll(client)
    await peer.until(() => peer.drained > 0)
    assert.is(peer.transport.pending(), 0)
    assert.is(peer.transport.write(Buffer.from('!')), true)
    await bench.settle()
    assert.is(peer.drained, 1)
    peer.transport.end()
    assert.is((await received).equals(Buffer.concat([sent, Buffer.from('tail!')])), true)
  })

  test('a write from within onDrained that blocks again gives a second onDrained', async () => {
    const { client, peer } = await bench.pair()
    const sent = pattern(MUCH)
    const onDrained = peer.onDrained.bind(peer)
    peer.onDrained = () => {
      onDrained()
      if (peer.drained === 1) peer.transport.write(sent)
    }
    peer.transport.write(sent)
    const received = readAll(client)
    await peer.until(() => peer.drained === 2)
    peer.transport.end()
    assert.is((await received).length, 2 * MUCH)
  })

  test('onBytes answering false stops reading until resume, nothing is lost', async () => {
    const { client, peer } = await bench.pair()
    peer.onChunk = () => false
    const sent = pattern(MUCH)
    client.write(sent)
    await peer.until(() => peer.chunks.length === 1)
    await bench.settle()
    assert.is(peer.chunks.length, 1)
    assert.ok(client.writableLength > 0, 'the client feels that nobody reads')
    peer.transport.resume()
    await peer.until(() => peer.chunks.length === 2)
    await bench.settle()
    assert.is(peer.chunks.length, 2)
    peer.onChunk = () => true
    peer.transport.resume()
    client.end()
    await peer.whenClosed
    assert.is(peer.bytes.equals(sent), true)
  })

  test('pause stops reading, and pause after resume in one turn stays paused', async () => {
    const { client, peer } = await bench.pair()
    peer.transport.pause()
    client.write('held')
    await bench.settle()
    assert.is(peer.chunks.length, 0)
    peer.transport.resume()
    peer.transport.pause()
    await bench.settle()
    assert.is(peer.chunks.length, 0)
    peer.transport.pause()
    peer.transport.resume()
    await peer.until(() => peer.chunks.length === 1)
    assert.is(peer.bytes.toString(), 'held')
  })

  test('pause from within onBytes holds even though it answers true', async () => {
    const { client, peer } = await bench.pair()
    peer.onChunk = () => {
      peer.transport.pause()
      return true
    }
    client.write(pattern(1024 * 1024))
    await peer.until(() => peer.chunks.length === 1)
    await bench.settle()
    assert.is(peer.chunks.length, 1)
    peer.onChunk = () => true
    peer.transport.resume()
    await peer.until(() => peer.bytes.length === 1024 * 1024)
  })

  test('a flooding connection gets one full buffer a turn, others are served between', async () => {
    const { client, peer } = await bench.pair()
    let turn = 0
    const turns: number[] = []
    const full: number[] = []
    const count = (): void => {
      turn += 1
      if (peer.closed === 0) setImmediate(count)
    }
    setImmediate(count)
    peer.onChunk = (chunk) => {
      if (chunk.length === 65536) full.push(turn)
      turns.push(turn)
      return true
    }
    client.end(Buffer.alloc(MUCH))
    await peer.whenClosed
    assert.is(peer.bytes.length, MUCH)
    assert.is(new Set(full).size, full.length)
  })

  test('end sends what was written, then FIN, and closes when the peer has closed', async () => {
    const { client, peer } = await bench.pair()
    const sent = pattern(MUCH)
    peer.transport.write(sent)
    peer.transport.write(sent)
    peer.transport.end()
    assert.is((await readAll(client)).equals(Buffer.concat([sent, sent])), true)
    await peer.whenClosed
    assert.is(peer.closed, 1)
  })

  test('after end, bytes of the peer are thrown away and writes do nothing', async () => {
    const { client, peer } = await bench.pair({ allowHalfOpen: true })
    peer.transport.pause()
    peer.transport.write(Buffer.from('last'))
    peer.transport.end()
    assert.is(peer.transport.write(Buffer.from('too late')), true)
    client.write(pattern(1024 * 1024))
    assert.is((await readAll(client)).toString(), 'last')
    client.end()
    await peer.whenClosed
    assert.is(peer.chunks.length, 0)
    assert.is(peer.closed, 1)
  })

  test('a peer that closes its half still receives the answer', async () => {
    const { client, peer } = await bench.pair({ allowHalfOpen: true })
    peer.onChunk = () => peer.transport.write(Buffer.from('answer')) || true
    client.end('question')
    assert.is((await readAll(client)).toString(), 'answer')
    await peer.whenClosed
    assert.is(peer.closed, 1)
  })

  test('destroy from within onBytes closes, and onClosed comes later, once', async () => {
    const { client, peer } = await bench.pair()
    peer.onChunk = () => {
      peer.transport.destroy()
      assert.is(peer.closed, 0)
      assert.is(peer.transport.write(Buffer.from('x')), true)
      return true
    }
    client.write('x')
    await Promise.all([peer.whenClosed, once(client, 'close')])
    peer.transport.destroy()
    peer.transport.end()
    peer.transport.resume()
    peer.transport.pause()
    await bench.settle()
    assert.is(peer.closed, 1)
  })

  test('a reset by the peer closes once', async () => {
    const { client, peer } = await bench.pair()
    client.resetAndDestroy()
    await peer.whenClosed
    await bench.settle()
    assert.is(peer.closed, 1)
  })

  test('a reset by the peer under a blocked write closes once, without onDrained', async () => {
    const { client, peer } = await bench.pair()
    peer.transport.pause()
    assert.is(peer.transport.write(Buffer.alloc(MUCH)), false)
    await bench.settle()
    client.resetAndDestroy()
    await peer.whenClosed
    await bench.settle()
    assert.is(peer.closed, 1)
    assert.is(peer.drained, 0)
  })

  test('writing to a peer that is gone closes once (EPIPE)', async () => {
    const { client, peer } = await bench.pair()
    peer.transport.pause()
    client.resetAndDestroy()
    await once(client, 'close')
    while (peer.closed === 0) {
      peer.transport.write(Buffer.from('x'))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await bench.settle()
    assert.is(peer.closed, 1)
  })

  test('a connection that accept refuses is closed', async () => {
    const refusing = await listenTcp({ host: '127.0.0.1', port: 0, reading }, () => undefined)
    const client = connect(refusing.port, '127.0.0.1')
    client.on('error', () => {})
    await once(client, 'close')
    await refusing.close()
  })

  test('close stops accepting at once and leaves connections alone', async () => {
    const { client, peer } = await bench.pair()
    await bench.listener.close()
    const late = new Socket()
    late.connect(bench.listener.port, '127.0.0.1')
    const [error] = await once(late, 'error')
    assert.is(error.code, 'ECONNREFUSED')
    peer.onChunk = (chunk) => peer.transport.write(chunk) || true
    client.write('still here')
    assert.is(String((await once(client, 'data'))[0]), 'still here')
    const again = await listenTcp({ host: '127.0.0.1', port: bench.listener.port }, () => undefined)
    await again.close()
  })

  test('a port that is taken rejects with EADDRINUSE', async () => {
    try {
      await listenTcp({ host: '127.0.0.1', port: bench.listener.port, reading }, () => undefined)
      assert.unreachable()
    } catch (error) {
      assert.is((error as NodeJS.ErrnoException).code, 'EADDRINUSE')
    }
  })

  test('end destroys a peer that does not read when the linger is over', async () => {
    const impatient = await Bench.open({ reading, lingerMs: 30 })
    const { peer } = await impatient.pair()
    const second = await impatient.pair({ allowHalfOpen: true })
    peer.transport.write(Buffer.alloc(MUCH))
    peer.transport.end()
    second.client.resume()
    second.peer.transport.end()
    await Promise.all([peer.whenClosed, second.peer.whenClosed])
    assert.equal([peer.closed, second.peer.closed], [1, 1])
    await impatient.close()
  })

  test('300 connections made at once are all accepted', async () => {
    const clients = await Promise.all(Array.from({ length: 300 }, () => bench.client()))
    const addresses = new Set<string>()
    for (const _ of clients) addresses.add((await bench.accepted()).transport.remoteAddress)
    assert.equal(
      [...addresses].sort(),
      clients.map((client) => `127.0.0.1:${client.localPort}`).sort(),
    )
  })

  test.run()
}

const addresses = suite('tcp addresses')

addresses('IPv6 stands in brackets, IPv4 seen through IPv6 is IPv4', () => {
  assert.is(joinAddress('127.0.0.1', 1), '127.0.0.1:1')
  assert.is(joinAddress('::1', 1883), '[::1]:1883')
  assert.is(joinAddress('::ffff:10.0.0.7', 9), '10.0.0.7:9')
})

addresses.run()
