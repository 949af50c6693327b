// Unix sockets: permissions, what is left of an ended process, and MQTT and WebSocket over them;
// and which addresses a host, a family and an interface mean.

import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { connect as connectTcp, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket } from 'ws'
import type { ListenerConfig } from '../../host/config/config.ts'
import { run, temporaryDirectory } from '../process.ts'
import { Bench } from './bench.ts'

const unix = suite('unix sockets')

let path: string
let bench: Bench | undefined

async function open(config: Partial<ListenerConfig> = {}): Promise<Bench> {
  bench = await Bench.open({ type: 'mqtt', socket: path, ...config })
  return bench
}

async function failure(config: ListenerConfig): Promise<NodeJS.ErrnoException> {
  try {
    bench = await Bench.open(config)
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
  throw new Error('it was opened')
}

unix.before.each(() => {
  path = join(temporaryDirectory(), 'socket')
})
unix.after.each(async () => {
  await bench?.close()
  bench = undefined
})

unix('bytes go both ways, and there is no address', async () => {
  const { listener } = await open()
  assert.equal([listener.url, listener.port, listener.socket], [`unix://${path}`, 0, path])
  const client = await (bench as Bench).connect()
  const peer = await (bench as Bench).accepted()
  client.write('ping')
  await peer.until(() => peer.bytes.length === 4)
  peer.transport.write(Buffer.from('pong'))
  assert.is(String((await once(client, 'data'))[0]), 'pong')
  assert.is(peer.transport.remoteAddress, `unix:${path}`)
  const { address, isSecure, scheme } = peer.transport.origin
  assert.equal([scheme, address, isSecure], ['unix', '', false])
})

unix('the mode is that of the configuration', async () => {
  for (const socketMode of ['0600', '0660', '777']) {
    await open({ socketMode })
    assert.is(statSync(path).mode & 0o777, Number.parseInt(socketMode, 8))
    await bench?.close()
  }
  const { message } = await failure({ type: 'mqtt', socket: path, socketMode: '0888' })
  assert.is(message, 'socketMode: expected octal digits like 0660, got 0888')
})

unix('a closed listener leaves no socket behind', async () => {
  await open()
  await bench?.close()
  assert.is(existsSync(path), false)
})

unix('a socket that nobody listens on any more is replaced', async () => {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => {
    console.log('listening')
  })`
  const program = run(process.execPath, ['-e', script])
  await program.untilLine(/listening/)
  await program.kill()
  assert.is(existsSync(path), true)
  await open()
  await (bench as Bench).connect()
})

unix('a socket that somebody listens on is left alone', async () => {
  const other = createServer().listen(path)
  await once(other, 'listening')
  const error = await failure({ type: 'mqtt', socket: path })
  assert.is(error.code, 'EADDRINUSE')
  assert.is(error.message, `${path}: somebody listens there`)
  const client = connectTcp(path)
  await once(client, 'connect')
  client.destroy()
  other.close()
})

unix('a file that is no socket is left alone', async () => {
  writeFileSync(path, 'precious')
  const error = await failure({ type: 'mqtt', socket: path })
  assert.is(error.code, 'EADDRINUSE')
  assert.is(error.message, `${path}: something that is not a socket is there`)
  assert.is(statSync(path).size, 8)
})

unix('WebSockets over a unix socket, behind a proxy on this machine', async () => {
  await open({ type: 'ws', trustedProxies: [] })
  assert.is(bench?.listener.url, `ws+unix://${path}:/mqtt`)
  const client = new WebSocket(`ws+unix:${path}:/mqtt`, 'mqtt', {
    headers: { 'X-Forwarded-For': '203.0.113.7' },
  })
  await once(client, 'open')
  const { transport } = await (bench as Bench).accepted()
  assert.is(transport.origin.address, '203.0.113.7')
  client.terminate()
})

unix.run()

const addresses = suite('addresses to listen on')

addresses.after.each(async () => {
  await bench?.close()
  bench = undefined
})

addresses('neither port nor socket is a mistake', async () => {
  const { message } = await failure({ type: 'mqtt' })
  assert.is(message, 'expected port or socket, got neither')
})

addresses('the loopback interface is its addresses, all on one port', async () => {
  const found = Object.entries(networkInterfaces()).find(([, all]) =>
    all?.some(({ address }) => address === '127.0.0.1'),
  )
  const [name] = found as [string, unknown]
  bench = await Bench.open({ type: 'mqtt', host: '*', port: 0, interface: name, family: 'ipv4' })
  const { port, url } = bench.listener
  assert.is(url, `mqtt://127.0.0.1:${port}`)
  await bench.connect()
})

addresses('an unknown interface, and one without such an address', async () => {
  const unknown = await failure({ type: 'mqtt', host: '*', port: 0, interface: 'nothing0' })
  assert.match(unknown.message, /^interface: expected one of .*, got nothing0$/)
  const [name] = Object.keys(networkInterfaces()) as [string]
  const config: ListenerConfig = { type: 'mqtt', host: '192.0.2.1', port: 0, interface: name }
  assert.is((await failure(config)).message, `interface: ${name} has no 192.0.2.1`)
})

addresses('a name is looked up in the family that is asked for', async () => {
  bench = await Bench.open({ type: 'mqtt', host: 'localhost', port: 0, family: 'ipv4' })
  assert.match(bench.listener.url, /^mqtt:\/\/127\.0\.0\.1:/)
})

addresses.run()
