// `wasmqtt device`, on a running broker and on what a stopped one has left; and that a device
// acknowledged by the command line survives kill -9.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { configured, type Outcome, writeConfig } from '../cli/running.ts'
import { startBroker, stopAll, temporaryDirectory } from '../process.ts'
import { connectOf, type Triple } from './kit.ts'
import { CONFIG, connect, knock, lines, made, reasonOfEnd, run, start } from './running.ts'

const test = suite('devices: command line')
test.after.each(stopAll)

test('a stopped broker: the commands work on its data directory', async () => {
  const data = temporaryDirectory()
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
})

test('a running broker: the same commands over its control socket', async () => {
  const { data } = await start()
  await made(data, 'device', 'product', 'add', '--key', 'pk')
  assert.equal(await lines(data, 'device', 'product', 'list'), ['pk registration=off devices=0'])
  const { deviceSecret } = await made(data, 'device', 'add', 'pk', 'one')
  const rotated = await made(data, 'device', 'rotate', 'pk', 'one')
  assert.is.not(rotated.deviceSecret, deviceSecret)
  const shown = await made(data, 'device', 'show', 'pk', 'one', '--secrets')
  assert.is(shown.deviceSecret, rotated.deviceSecret)
  assert.is((await lines(data, 'device', 'export', '--format', 'json')).length, 2)
  await lines(data, 'device', 'delete', 'pk', 'one')
  assert.equal(await lines(data, 'device', 'list'), [])
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

test('a call is answered by a connected device, and says why when there is no answer', async () => {
  const { data, port } = await start()
  await lines(data, 'device', 'product', 'add', '--key', 'pk')
  const device = (await made(data, 'device', 'add', 'pk', 'dn')) as unknown as Triple
  const offline = await run(data, 'device', 'call', 'pk', 'dn', 'hello')
  assert.equal([offline.code, offline.stderr], [1, 'wasmqtt: device pk/dn is offline\n'])
  const client = await connect(port, connectOf(device))
  await client.subscribe('/sys/pk/dn/rrpc/request/+')
  const answer = lines(data, 'device', 'call', 'pk', 'dn', 'hello', '--timeout', '60000')
  const { payload, topic } = await client.next('publish')
  await client.publish({ topic: topic.replace('request', 'response'), payload: `${payload}!` })
  assert.equal(await answer, ['hello!'])
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
  const outcomes = await Promise.all(wrong.map(([words]) => run(data, ...words)))
  for (const [i, [words, expected]] of wrong.entries()) {
    const { code, lines: printed, stderr } = outcomes[i] as Outcome
    assert.equal([code, printed], [1, []], words.join(' '))
    assert.match(stderr, expected, words.join(' '))
  }
})

test.run()
