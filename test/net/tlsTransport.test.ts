// The Transport of TLS connections: what its writes, pauses and ends promise, against node:tls
// clients. What it shares with tcp.test.ts is asked the same way there.

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MUCH, type Peer, pattern } from '../peers.ts'
import { isMissing } from '../process.ts'
import { Bench, readAll } from './bench.ts'
import { Authority, type Pair } from './certificates.ts'

const test = suite('tls transport')

let authority: Authority
let server: Pair
let bench: Bench

test.before(() => {
  authority = new Authority()
  server = authority.issue('server')
})
test.before.each(async () => {
  bench = await Bench.open({ type: 'mqtt', port: 0, tls: server })
})
test.after.each(() => bench.close())

function pair(options: ConnectionOptions = {}): Promise<{ client: TLSSocket; peer: Peer }> {
  return bench.pair({ ca: authority.pem(), ...options })
}

/** Lets the event loop go round: ten round trips on a connection of its own. */
async function settle(): Promise<void> {
  const { client, peer } = await pair()
  peer.onChunk = (chunk) => peer.transport.write(chunk) || true
  for (let i = 0; i < 10; i++) {
    client.write('x')
    await once(client, 'data')
  }
  client.destroy()
  await peer.whenClosed
}

test('a long stream arrives whole and in order', async () => {
  const { client, peer } = await pair()
  const sent = pattern(8 * 1024 * 1024)
  client.end(sent)
  await peer.whenClosed
  assert.is(peer.bytes.equals(sent), true)
})

test('connections that write at the same time each get their own bytes', async () => {
  const clients: { client: TLSSocket; peer: Peer }[] = []
  while (clients.length < 20) clients.push(await pair())
  for (let round = 0; round < 20; round++) {
    for (const { client } of clients) client.write(`${client.localPort};`)
  }
  const peers = new Map(clients.map(({ peer }) => [peer.transport.remoteAddress, peer]))
  for (const { client } of clients) {
    const peer = peers.get(`127.0.0.1:${client.localPort}`) as Peer
    const wanted = `${client.localPort};`.repeat(20)
    await peer.until(() => peer.bytes.length >= wanted.length)
    assert.is(peer.bytes.toString(), wanted)
  }
})

test('memory of a write that answered true may be reused at once', async () => {
  const { client, peer } = await pair()
  const bytes = Buffer.alloc(500)
  for (let i = 0; i < 20; i++) assert.is(peer.transport.write(bytes.fill(i)), true)
  bytes.fill(0xff)
  peer.transport.end()
  const wanted = Buffer.concat(Array.from({ length: 20 }, (_, i) => Buffer.alloc(500, i)))
  assert.equal(await readAll(client), wanted)
})

test('a blocked write answers false, and onDrained comes once when all is read', async () => {
  const { client, peer } = await pair()
  const sent = pattern(MUCH)
  assert.is(peer.transport.write(sent), false)
  assert.is(peer.transport.write(Buffer.from('tail')), false)
  await settle()
  assert.is(peer.drained, 0)
  assert.ok(peer.transport.pending() > 0)
  const received = readAll(client)
  await peer.until(() => peer.drained > 0)
  assert.is(peer.transport.pending(), 0)
  assert.is(peer.transport.write(Buffer.from('!')), true)
  await settle()
  assert.is(peer.drained, 1)
  peer.transport.end()
  assert.is((await received).equals(Buffer.concat([sent, Buffer.from('tail!')])), true)
})

test('writes that answer true are bounded', async () => {
  const { client, peer } = await pair()
  let written = 0
  while (peer.transport.write(Buffer.alloc(1000))) written += 1000
  assert.ok(written <= 16 * 1024, String(written))
  client.resume()
  await peer.until(() => peer.drained === 1)
})

test('a write from within onDrained that blocks again gives a second onDrained', async () => {
  const { client, peer } = await pair()
  const sent = pattern(1024 * 1024)
  const onDrained = peer.onDrained.bind(peer)
  peer.onDrained = () => {
    onDrained()
    if (peer.drained === 1) peer.transport.write(sent)
  }
  peer.transport.write(sent)
  const received = readAll(client)
  await peer.until(() => peer.drained === 2)
  peer.transport.end()
  assert.is((await received).length, 2 * sent.length)
})

test('onBytes answering false stops reading until resume, nothing is lost', async () => {
  const { client, peer } = await pair()
  peer.onChunk = () => false
  const sent = pattern(MUCH)
  client.write(sent)
  await peer.until(() => peer.chunks.length === 1)
  await settle()
  assert.is(peer.chunks.length, 1)
  assert.ok(client.writableLength > 0, 'the client feels that nobody reads')
  peer.transport.resume()
  await peer.until(() => peer.chunks.length === 2)
  await settle()
  assert.is(peer.chunks.length, 2)
  peer.onChunk = () => true
  peer.transport.resume()
  client.end()
  await peer.whenClosed
  assert.is(peer.bytes.equals(sent), true)
})

test('pause stops reading, and pause after resume in one turn stays paused', async () => {
  const { client, peer } = await pair()
  peer.transport.pause()
  client.write('held')
  await settle()
  assert.is(peer.chunks.length, 0)
  peer.transport.resume()
  peer.transport.pause()
  await settle()
  assert.is(peer.chunks.length, 0)
  peer.transport.resume()
  await peer.until(() => peer.chunks.length === 1)
  assert.is(peer.bytes.toString(), 'held')
})

test('after end, bytes of the peer are thrown away and writes do nothing', async () => {
  const { client, peer } = await pair()
  peer.transport.pause()
  peer.transport.write(Buffer.from('last'))
  peer.transport.end()
  assert.is(peer.transport.write(Buffer.from('too late')), true)
  client.write(pattern(1024 * 1024))
  assert.is((await readAll(client)).toString(), 'last')
  await peer.whenClosed
  assert.equal([peer.chunks.length, peer.closed], [0, 1])
})

test('a peer that closes its half still receives the answer', async () => {
  const { client, peer } = await pair({ allowHalfOpen: true } as ConnectionOptions)
  peer.onChunk = () => peer.transport.write(Buffer.from('answer')) || true
  client.end('question')
  assert.is((await readAll(client)).toString(), 'answer')
  await peer.whenClosed
  assert.is(peer.closed, 1)
})

test('destroy from within onBytes closes, and onClosed comes later, once', async () => {
  const { client, peer } = await pair()
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
  await settle()
  assert.is(peer.closed, 1)
})

/** A client of which the socket below can be written to and reset. */
async function overRaw(): Promise<{ raw: Socket; client: TLSSocket; peer: Peer }> {
  const raw = await bench.connect()
  const below = new Duplex({
    read: () => {},
    write: (bytes, _, done) => raw.write(bytes, done),
  })
  raw.on('data', (chunk) => below.push(chunk)).on('close', () => below.destroy())
  const client = bench.track(connect({ socket: below, ca: authority.pem() }))
  await once(client, 'secureConnect')
  return { raw, client, peer: await bench.accepted() }
}

test('a reset by the peer under a blocked write closes once, without onDrained', async () => {
  const { raw, peer } = await overRaw()
  raw.pause()
  assert.is(peer.transport.write(Buffer.alloc(MUCH)), false)
  await settle()
  raw.resetAndDestroy()
  await peer.whenClosed
  await settle()
  assert.equal([peer.closed, peer.drained], [1, 0])
})

test('bytes that are no TLS record in the middle close the connection', async () => {
  const { raw, client, peer } = await overRaw()
  client.write('good')
  await peer.until(() => peer.bytes.length === 4)
  raw.write('this is no record')
  await peer.whenClosed
  assert.equal([peer.bytes.toString(), peer.closed], ['good', 1])
})

test('close stops accepting at once and leaves connections alone', async () => {
  const { client, peer } = await pair()
  await bench.listener.close()
  const late = await bench.handshake()
  assert.is(late.error, 'ECONNREFUSED')
  peer.onChunk = (chunk) => peer.transport.write(chunk) || true
  client.write('still here')
  assert.is(String((await once(client, 'data'))[0]), 'still here')
})

if (!isMissing('openssl')) test.run()
