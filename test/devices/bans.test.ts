// `wasmqtt ban`: who is disconnected and kept out, on a running broker and after the start of one
// that was stopped.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Connect, RawClient } from '../client.ts'
import { startBroker, stopAll, temporaryDirectory } from '../process.ts'
import { connectOf, type Triple } from './kit.ts'
import { CONFIG, connect, knock, lines, made, reasonOfEnd, run, start } from './running.ts'

const test = suite('bans: command line')
test.after.each(stopAll)

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

test.run()
