// `wasmqtt device` and `wasmqtt ban`, on a running broker and on what a stopped one has left; and
// that a device acknowledged by the command line survives kill -9.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Config } from '../../host/config/config.ts'
import { configured, type Outcome, runCommand, writeConfig } from '../cli/running.ts'
import { type Connect, RawClient } from '../client.ts'
import { type Broker, startBroker, stopAll, temporaryDirectory } from '../process.ts'
import { connectOf, type Triple } from './kit.ts'

const test = suite('devices: command line')
test.after.each(stopAll)

const CONFIG: Config = {
  listeners: [{ type: 'mqtt', host: '127.0.0.1', port: 0 }],
  authentication: [{ type: 'device' }],
  anonymous: true,
}

function start(config: Config = CONFIG, data?: string): Promise<Broker> {
  const file = writeConfig(config)
  return startBroker({ ...configured(file), ...(data !== undefined && { data }) })
}

/** A command about what is in `data`. */
async function run(data: string, ...words: string[]): Promise<Outcome> {
  return runCommand(...words, '--data', data)
}

/** Its lines, when it went well. */
async function lines(data: string, ...words: string[]): Promise<string[]> {
  const { code, lines: printed, stderr } = await run(data, ...words)
  assert.equal([code, stderr], [0, ''], words.join(' '))
  return printed
}

async function made(data: string, ...words: string[]): Promise<Record<string, string>> {
  return JSON.parse((await lines(data, ...words, '--json'))[0] as string)
}

async function connect(port: number, fields: Connect): Promise<RawClient> {
  const client = await RawClient.open({ port })
  await client.handshake(fields)
  return client
}

/** Reason code of the CONNACK. */
async function knock(port: number, fields: Connect): Promise<number> {
  const client = await connect(port, fields)
  client.drop()
  return client.connack?.reasonCode ?? 0
}

async function reasonOfEnd(client: RawClient): Promise<number | undefined> {
  const [end] = await client.closed
  return (end as { reasonCode?: number } | undefined)?.reasonCode
}

/** The same story, whether a broker runs there or not. */
async function story(data: string): Promise<void> {
  const product = await made(data, 'device', 'product', 'add', '--name', 'lamps')
  const { productKey } = product as { productKey: string }
  assert.equal(await lines(data, 'device', 'product', 'list'), [
    `${productKey} registration=off devices=0 lamps`,
  ])
  const device = await made(data, 'device', 'add', productKey, 'one')
  assert.is(device.deviceSecret?.length, 32)
  await lines(data, 'device', 'add', productKey, '--count', '2')
  const all = await lines(data, 'device', 'list', productKey)
  assert.is(all.length, 3)
  assert.not.match(all.join(), `${device.deviceSecret}`)
  const secrets = await lines(data, 'device', 'list', '--secrets')
  assert.ok(secrets.includes(`${productKey} one ${device.deviceSecret} offline`))
  assert.is((await made(data, 'device', 'disable', productKey, 'one')).disabled as unknown, true)
  assert.is((await made(data, 'device', 'enable', productKey, 'one')).disabled as unknown, false)
  const rotated = await made(data, 'device', 'rotate', productKey, 'one')
  assert.is.not(rotated.deviceSecret, device.deviceSecret)
  const shown = await made(data, 'device', 'show', productKey, 'one')
  assert.is(shown.deviceSecret, undefined)
  const exported = (await lines(data, 'device', 'export', '--format', 'json')).join('\n')
  const file = join(temporaryDirectory(), 'devices.jsonl')
  writeFileSync(file, exported)
  await lines(data, 'device', 'product', 'delete', productKey)
  assert.equal(await lines(data, 'device', 'list'), [])
  assert.equal(await lines(data, 'device', 'import', file), ['1 products, 3 devices'])
  assert.is((await lines(data, 'device', 'export', '--format', 'json')).join('\n'), exported)
  const again = await run(data, 'device', 'import', file)
  assert.equal([again.code, again.lines], [1, []])
  assert.is(
    again.stderr.split('\n')[0],
    `wasmqtt: ${file}: line 1: product ${productKey} exists already`,
  )
  const { code, stderr } = await run(data, 'device', 'delete', productKey, 'nobody')
  assert.equal([code, stderr], [1, `wasmqtt: there is no device ${productKey}/nobody\n`])
}

test('a stopped broker: the commands work on its data directory', () => story(temporaryDirectory()))

test('a running broker: the same commands over its control socket', async () => {
  const { data } = await start()
  await story(data)
})

test('a running broker without its control socket keeps the registry for itself', async () => {
  const file = writeConfig(CONFIG)
  const { data } = await startBroker(configured(file, '--control', 'off'))
  const { code, stderr } = await run(data, 'device', 'product', 'add')
  assert.equal(
    [code, stderr],
    [1, `wasmqtt: ${join(data, 'devices')} is in use by another process\n`],
  )
})

test('a directory that is not there is said to be, and not made', async () => {
  const data = join(temporaryDirectory(), 'none')
  const { code, stderr } = await run(data, 'device', 'list')
  assert.is(code, 1)
  assert.match(stderr, `--data ${data}: there is no such directory`)
})

test('a file too large for one request is imported whole, or not at all', async () => {
  const { data } = await start()
  await lines(data, 'device', 'product', 'add', '--key', 'pk')
  const names = Array.from({ length: 20_000 }, (_, i) => `device-with-a-long-name-${i}`)
  const file = join(temporaryDirectory(), 'devices.csv')
  writeFileSync(file, ['deviceName', ...names, 'not a name'].join('\n'))
  const { stderr } = await run(data, 'device', 'import', '--product', 'pk', file)
  assert.match(stderr, `${file}: line 20002: expected a device name`)
  assert.equal(await lines(data, 'device', 'list'), [])
  writeFileSync(file, ['deviceName', ...names].join('\n'))
  const said = await lines(data, 'device', 'import', '--product', 'pk', file)
  assert.equal(said, ['0 products, 20000 devices'])
  assert.is((await lines(data, 'device', 'export')).length, 20_001)
})

test('created and acknowledged, killed: the device is there, and comes in', async () => {
  const first = await start()
  await lines(first.data, 'device', 'product', 'add', '--key', 'pk')
  const device = (await made(first.data, 'device', 'add', 'pk', 'dn')) as unknown as Triple
  await first.kill()
  const second = await start(CONFIG, first.data)
  assert.is(await knock(second.port, connectOf(device)), 0)
})

test('a device that is disabled while it is connected is disconnected', async () => {
  const { data, port } = await start()
  await lines(data, 'device', 'product', 'add', '--key', 'pk')
  const device = (await made(data, 'device', 'add', 'pk', 'dn')) as unknown as Triple
  const client = await connect(port, connectOf(device))
  assert.equal(await lines(data, 'device', 'list'), ['pk dn online'])
  await lines(data, 'device', 'disable', 'pk', 'dn')
  assert.is(await reasonOfEnd(client), 0x98)
  assert.is(await knock(port, connectOf(device)), 0x87)
})

test('no secret is in the log, however much is logged', async () => {
  const file = writeConfig({ ...CONFIG, log: { level: 'debug', destinations: ['stderr'] } })
  const broker = await startBroker(configured(file))
  const { data, port, program } = broker
  await lines(data, 'device', 'product', 'add', '--key', 'pk', '--secret', 'PRODUCTSECRET')
  await lines(data, 'device', 'add', 'pk', 'dn', '--secret', 'DEVICESECRET')
  const device = { productKey: 'pk', deviceName: 'dn', deviceSecret: 'DEVICESECRET' }
  const fields = connectOf(device)
  const client = await connect(port, fields)
  assert.is(await knock(port, { ...fields, password: 'WRONGPASSWORD' }), 0x87)
  await lines(data, 'device', 'rotate', 'pk', 'dn')
  await client.closed
  await broker.stop()
  const text = program.stderr + program.lines.join('\n')
  assert.ok(text.includes('pk.dn'), 'it does log')
  for (const word of ['PRODUCTSECRET', 'DEVICESECRET', 'WRONGPASSWORD', String(fields.password)]) {
    assert.not.ok(text.includes(word), word)
  }
})

test('a ban disconnects whom it is about and keeps them out, by client, user and address', async () => {
  const { data, port } = await start({ ...CONFIG, authentication: [] })
  const bystander = await connect(port, { clientId: 'bystander' })
  const whom: [string, string, Connect][] = [
    ['--client', 'bad', { clientId: 'bad' }],
    ['--user', 'mallory', { username: 'mallory' }],
  ]
  for (const [flag, value, fields] of whom) {
    const client = await connect(port, fields)
    const said = await lines(data, 'ban', 'add', flag, value, '--for', '1h', '--reason', 'flood')
    assert.equal(said, ['banned, 1 disconnected'])
    assert.is(await reasonOfEnd(client), 0x98)
    assert.is(await knock(port, fields), 0x8a)
  }
  const [first, second] = await lines(data, 'ban', 'list')
  assert.match(`${first}`, /^client bad until \d{4}-\S+Z \(flood\)$/)
  assert.match(`${second}`, /^user mallory until /)
  await bystander.expectNothing()
  await lines(data, 'ban', 'remove', '--client', 'bad')
  assert.is(await knock(port, { clientId: 'bad' }), 0)
  assert.is((await run(data, 'ban', 'remove', '--client', 'bad')).code, 1)
  const said = await lines(data, 'ban', 'add', '--address', '127.0.0.0/8')
  assert.equal(said, ['banned, 1 disconnected'])
  assert.is(await reasonOfEnd(bystander), 0x98)
  const gone = await RawClient.open({ port })
  assert.equal(await gone.closed, [], 'not a byte is read')
})

test('a device is banned by the identifier it is known by', async () => {
  const { data, port } = await start()
  await lines(data, 'device', 'product', 'add', '--key', 'pk')
  const device = (await made(data, 'device', 'add', 'pk', 'dn')) as unknown as Triple
  const client = await connect(port, connectOf(device))
  await lines(data, 'ban', 'add', '--client', 'pk.dn')
  assert.is(await reasonOfEnd(client), 0x98)
  assert.is(await knock(port, connectOf(device)), 0x8a)
})

test('bans of a stopped broker hold when it starts, also where everybody may come in', async () => {
  const data = temporaryDirectory()
  assert.equal(await lines(data, 'ban', 'add', '--client', 'bad'), ['banned, 0 disconnected'])
  assert.equal(await lines(data, 'ban', 'list', '--json'), ['{"kind":"client","value":"bad"}'])
  assert.is(JSON.parse(readFileSync(join(data, 'bans.json'), 'utf8')).length, 1)
  const { port } = await startBroker({ data })
  assert.is(await knock(port, { clientId: 'bad' }), 0x8a)
  assert.is(await knock(port, { clientId: 'good' }), 0)
})

test('what makes no sense is refused in one line', async () => {
  const data = temporaryDirectory()
  const wrong: [string[], string][] = [
    [['ban', 'add'], 'expected one of --client, --user and --address'],
    [['ban', 'add', '--client', 'a', '--user', 'b'], 'expected one of'],
    [['ban', 'add', '--address', 'here'], 'expected an address or a range'],
    [['ban', 'add', '--client', 'a', '--for', 'long'], 'Expected a time like'],
    [['device', 'product', 'add', '--key', 'sys'], 'is the name of a family of topics'],
    [['device', 'product', 'add', '--topic', 'both:#'], 'expected a filter with the levels'],
    [['device', 'add', 'pk', '--count', '0'], 'Expected a number from 1'],
    [['device', 'import', join(data, 'none')], 'no such file'],
  ]
  for (const [words, expected] of wrong) {
    const { code, lines: printed, stderr } = await run(data, ...words)
    assert.equal([code, printed], [1, []], words.join(' '))
    assert.match(stderr, expected, words.join(' '))
  }
})

test.run()
