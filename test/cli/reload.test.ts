// A running broker that reads its configuration again: what changes and what stays, for listeners
// and for the clients that are connected; and that a configuration which cannot be had changes
// nothing at all.

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { hashPassword } from '../../host/access/hashes.ts'
import { differences } from '../../host/cli/changes.ts'
import type { Config, ListenerConfig } from '../../host/config/config.ts'
import { RawClient } from '../client.ts'
import { type Broker, startBroker, stopAll, temporaryDirectory } from '../process.ts'
import { configured, control, reload, writeConfig } from './running.ts'

const ADMINISTRATIVE_ACTION = 0x98
/** Of the loopback network one address for this process: its ports are nobody else's. */
const HOST = `127.${1 + (process.pid >> 16)}.${(process.pid >> 8) & 255}.${process.pid & 255}`
const BASE = 20_000 + (process.pid % 100) * 100
const ports: Iterator<number> = [...Array(100).keys()].map((i) => BASE + i).values()

const tests = suite('reload')
tests.after.each(stopAll)

/** A listener of a configuration, on a port of this file's own. */
function listener(more: Partial<ListenerConfig> = {}): ListenerConfig & At {
  const port = ports.next().value as number
  return { type: 'mqtt', host: HOST, anonymous: true, ...more, port }
}

interface At {
  port: number
}

/** A broker with a configuration that can be exchanged. */
async function start(
  config: Config,
  ...args: string[]
): Promise<{ broker: Broker; become(next: Config): ReturnType<typeof reload> }> {
  const file = writeConfig(config)
  const broker = await startBroker(configured(file, ...args))
  const become = (next: Config): ReturnType<typeof reload> => {
    writeConfig(next, file)
    return reload(broker)
  }
  return { broker, become }
}

/** The outcome of a reload that is accepted, as its lines. */
async function accepted(outcome: ReturnType<typeof reload>): Promise<string[]> {
  const { code, lines, stderr } = await outcome
  assert.equal([code, stderr], [0, ''])
  return lines
}

async function isListening(port: number): Promise<boolean> {
  const socket = net.connect(port, HOST)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

tests('options change for clients that connect afterwards, and the others stay', async () => {
  const { broker, become } = await start({ keepAliveMax: 0, inflightMax: 32 })
  const before = await RawClient.connect({ port: broker.port, keepalive: 100 })
  assert.is(before.connack?.properties?.serverKeepAlive, undefined)
  assert.equal(await accepted(become({ keepAliveMax: 10 })), ['changed keepAliveMax: 0 -> 10'])
  const after = await RawClient.connect({ port: broker.port, keepalive: 100 })
  assert.is(after.connack?.properties?.serverKeepAlive, 10)
  await before.expectNothing()
})

tests('a configuration that says the same changes nothing', async () => {
  const { become } = await start({ keepAliveMax: 10 })
  assert.equal(await accepted(become({ keepAliveMax: 10 })), [])
})

tests('an option that is no longer said has its default again', async () => {
  const { become } = await start({ queueDrop: 'newest' })
  assert.equal(await accepted(become({})), ['changed queueDrop: newest -> oldest'])
})

tests('a listener is added, and removed with its clients, who are told why', async () => {
  const [one, two] = [listener(), listener({ type: 'ws' })]
  const { broker, become } = await start({ listeners: [one] })
  const stays = await RawClient.connect({ host: HOST, port: one.port })
  const url = `ws://${HOST}:${two.port}`
  assert.equal(await accepted(become({ listeners: [one, two] })), [`added listener ${url}`])
  const goes = await RawClient.connect({ host: HOST, port: two.port, path: '/mqtt' })
  assert.equal(await accepted(become({ listeners: [one] })), [`removed listener ${url}`])
  assert.is((await goes.next('disconnect')).reasonCode, ADMINISTRATIVE_ACTION)
  await goes.closed
  assert.is(await isListening(two.port), false)
  await stays.expectNothing()
  const { lines } = await control(broker, 'status')
  const urls = lines.filter((line) => /^listening (mqtt|ws):/.test(line))
  assert.ok(urls.includes(`listening mqtt://${HOST}:${one.port}`))
  assert.not.ok(urls.some((line) => line.includes(`:${two.port}`)))
})

tests("a listener's policy changes under its socket and its clients", async () => {
  const one = listener({ qosMax: 2 })
  const { become } = await start({ listeners: [one] })
  const before = await RawClient.connect({ host: HOST, port: one.port })
  const lines = await accepted(become({ listeners: [{ ...one, qosMax: 1 }] }))
  assert.equal(lines, [`changed listener mqtt://${HOST}:${one.port} qosMax: 2 -> 1`])
  const after = await RawClient.connect({ host: HOST, port: one.port })
  assert.is(after.connack?.properties?.maximumQoS, 1)
  await before.expectNothing()
})

tests('anonymous clients are let in no more, where the new configuration says so', async () => {
  const one = listener()
  const { become } = await start({ listeners: [one] })
  await RawClient.connect({ host: HOST, port: one.port })
  await accepted(become({ listeners: [{ ...one, anonymous: false }] }))
  const refused = await RawClient.open({ host: HOST, port: one.port })
  assert.ok(((await refused.handshake()).reasonCode ?? 0) >= 0x80)
})

tests('a listener of another type takes the place of the one at its address', async () => {
  const [one, two] = [listener(), listener()]
  const { become } = await start({ listeners: [one, two] })
  const [goes, stays] = [
    await RawClient.connect({ host: HOST, port: one.port }),
    await RawClient.connect({ host: HOST, port: two.port }),
  ]
  const lines = await accepted(become({ listeners: [{ ...one, type: 'ws' }, two] }))
  assert.equal(lines, [`changed listener ws://${HOST}:${one.port} type: mqtt -> ws`])
  assert.is((await goes.next('disconnect')).reasonCode, ADMINISTRATIVE_ACTION)
  await RawClient.connect({ host: HOST, port: one.port, path: '/mqtt' })
  await stays.expectNothing()
})

tests('listeners move to another address of the same port', async () => {
  const one = listener()
  const { become } = await start({ listeners: [one] })
  const lines = await accepted(become({ listeners: [{ ...one, host: '0.0.0.0' }] }))
  assert.equal(lines, [
    `removed listener mqtt://${HOST}:${one.port}`,
    `added listener mqtt://0.0.0.0:${one.port}`,
  ])
  await RawClient.connect({ host: HOST, port: one.port })
})

tests('a broken file changes nothing, and each mistake is told and logged', async () => {
  const one = listener()
  const { broker, become } = await start({ listeners: [one], keepAliveMax: 10 })
  const client = await RawClient.connect({ host: HOST, port: one.port })
  const broken = { listeners: [], keepAliveMax: 'x', inflightMaxx: 1 } as unknown as Config
  const { code, lines, stderr } = await become(broken)
  assert.equal([code, lines], [1, []])
  const told = stderr.split('\n').slice(0, -1)
  assert.ok(told.length >= 2)
  assert.ok(told.every((line) => line.startsWith('wasmqtt: ') && line.includes('wasmqtt.json:')))
  assert.match(stderr, 'keepAliveMax')
  assert.match(stderr, 'inflightMaxx')
  await client.expectNothing()
  const after = await RawClient.connect({ host: HOST, port: one.port, keepalive: 100 })
  assert.is(after.connack?.properties?.serverKeepAlive, 10)
  await broker.stop()
  for (const line of told) {
    assert.match(broker.program.stderr, `error ${line.slice('wasmqtt: '.length)}\n`)
  }
  assert.match(broker.program.stderr, 'reload refused: nothing has changed')
})

tests('a listener that cannot be opened undoes all the others', async () => {
  const { port } = listener()
  const taken = net.createServer().listen(port, HOST)
  await once(taken, 'listening')
  const [one, two, three] = [listener(), listener(), listener()]
  const { become } = await start({ listeners: [one, two], keepAliveMax: 10 })
  const clients = [
    await RawClient.connect({ host: HOST, port: one.port }),
    await RawClient.connect({ host: HOST, port: two.port }),
  ]
  const listeners = [{ ...one, type: 'ws' as const }, three, { ...three, port }]
  const { code, stderr } = await become({ listeners, keepAliveMax: 20 })
  taken.close()
  assert.is(code, 1)
  assert.match(stderr, `cannot listen on mqtt://${HOST}:${port}: the port is in use`)
  for (const client of clients) await client.expectNothing()
  assert.is(await isListening(three.port), false)
  for (const at of [one, two]) {
    const client = await RawClient.connect({ host: HOST, port: at.port, keepalive: 100 })
    assert.is(client.connack?.properties?.serverKeepAlive, 10)
  }
  // Those who were there before the undone change still belong to their listener.
  await accepted(become({ listeners: [two], keepAliveMax: 10 }))
  const [goes, stays] = clients as [RawClient, RawClient]
  assert.is((await goes.next('disconnect')).reasonCode, ADMINISTRATIVE_ACTION)
  await stays.expectNothing()
})

tests('a password file that cannot be read undoes the rest', async () => {
  const one = listener()
  const { become } = await start({ listeners: [one] })
  const file = join(temporaryDirectory(), 'none')
  const authentication = [{ type: 'password-file' as const, file }]
  const two = listener({ anonymous: false })
  const { code, stderr } = await become({ listeners: [one, two], authentication })
  assert.is(code, 1)
  assert.match(stderr, file)
  assert.is(await isListening(two.port), false)
  await RawClient.connect({ host: HOST, port: one.port })
})

tests('a password file is read again although the configuration is the same', async () => {
  const file = join(temporaryDirectory(), 'passwords')
  // "password" with the 12-byte salt of Mosquitto 2.0, from its sources.
  const hash =
    '$6$clQ4Ocu312S0qWgl$Cv2wUxgEN73c6C6jlBkswqR4AkHsvDLWvtEXZZ8NpsBLgP1WAo/qA+WXcmEN/mjDNgdUwcxRAveqNMs2xUVQYA=='
  writeFileSync(file, `roger:${hash}\n`)
  const authentication = [{ type: 'password-file' as const, file }]
  const one = listener({ anonymous: false })
  const config = { listeners: [one], authentication }
  const { become } = await start(config)
  const user = { host: HOST, port: one.port, password: 'password' }
  await RawClient.connect({ ...user, username: 'roger' })
  writeFileSync(file, `susan:${hash}\n`)
  assert.equal(await accepted(become(config)), [])
  await RawClient.connect({ ...user, username: 'susan' })
  const refused = await RawClient.open({ host: HOST, port: one.port })
  const { reasonCode } = await refused.handshake({ ...user, username: 'roger' })
  assert.ok((reasonCode ?? 0) >= 0x80)
})

tests('what only a new start can change stays, and is said', async () => {
  const { broker, become } = await start({ durability: 'disk' })
  const pidFile = join(temporaryDirectory(), 'pid')
  assert.equal(await accepted(become({ durability: 'memory', pidFile })), [
    'not changed durability: disk -> memory: needs a new start',
    `not changed pidFile: unset -> ${pidFile}: needs a new start`,
  ])
  const { lines } = await control(broker, 'status')
  assert.ok(lines.includes('durability disk'))
})

tests('SIGHUP reloads, too, and logs what has changed', async () => {
  const log = { level: 'notice' as const, timestamp: false, destinations: ['stdout' as const] }
  const file = writeConfig({ log, keepAliveMax: 10 })
  const broker = await startBroker(configured(file))
  writeConfig({ log, keepAliveMax: 20 }, file)
  process.kill(broker.pid, 'SIGHUP')
  await broker.program.untilLine(/^notice changed keepAliveMax: 10 -> 20$/)
  await broker.program.untilLine(/^notice configuration read again/)
  writeConfig('{', file)
  process.kill(broker.pid, 'SIGHUP')
  await broker.program.untilLine(/^error .*wasmqtt\.json:1:/)
  await broker.program.untilLine(/^error reload refused: nothing has changed/)
})

tests('a broker without a file is only told to open its logs again', async () => {
  const broker = await startBroker()
  const client = await RawClient.connect({ port: broker.port })
  assert.equal(await accepted(reload(broker)), [])
  await client.expectNothing()
})

tests('differences are told by path, and secrets not at all', () => {
  const before = {
    a: 1,
    tls: { certificate: 'a.pem', ciphers: 'x' },
    list: [1],
    text: 'x',
    authentication: [{ type: 'jwt', secret: 'hidden' }],
    jwt: { secret: 'hidden' },
  }
  const after = {
    tls: { ciphers: 'x', certificate: 'b.pem' },
    list: [1, 2],
    text: 'a b\n',
    authentication: [{ type: 'jwt', secret: 'other' }],
    jwt: { secret: 'other' },
    group: { x: 1 },
  }
  assert.equal(differences(before, after), [
    'a: 1 -> unset',
    'tls.certificate: a.pem -> b.pem',
    'list: [1] -> [1,2]',
    'text: x -> "a b\\n"',
    'authentication: changed',
    'jwt.secret: changed',
    'group: unset -> set',
  ])
  assert.equal(differences(before, { ...before }), [])
})

tests('a password file that is replaced is read again without being told', async () => {
  const file = join(temporaryDirectory(), 'passwords')
  const write = async (password: string): Promise<void> => {
    const hash = await hashPassword(Buffer.from(password), 'sha512')
    writeFileSync(file, `u:${hash}\n`, { mode: 0o600 })
  }
  await write('old')
  const own = listener({ anonymous: false, authentication: [{ type: 'password-file', file }] })
  await start({ listeners: [own] })
  const knock = async (password: string): Promise<number> => {
    const client = await RawClient.open({ host: HOST, port: own.port, version: 5 })
    const credentials = { username: 'u', password: Buffer.from(password) }
    const { reasonCode = 0 } = await client.handshake(credentials)
    client.drop()
    return reasonCode
  }
  assert.is(await knock('old'), 0)
  await write('new')
  while ((await knock('old')) === 0) await setTimeout(20)
  assert.is(await knock('new'), 0)
})

tests.run()
