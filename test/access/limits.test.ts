// Limits and bans through real sockets: connections of an address and a user, CONNECT and message
// rates, backoff after failures, flapping, the ban list and its file. Time is the test's own.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Bans } from '../../host/access/bans.ts'
import { hashPassword } from '../../host/access/hashes.ts'
import type { Config } from '../../host/config/config.ts'
import type { Log } from '../../host/config/options.ts'
import { temporaryDirectory } from '../process.ts'
import { inWorld } from './world.ts'

const test = suite('limits')
const REFUSED = 0x87
const BANNED = 0x8a
const QUOTA = 0x97
const RATE = 0x9f

class Clock {
  now = 1_800_000_000_000
  readonly read = (): number => this.now
}

test('one address has so many connections and no more', () =>
  inWorld({ anonymous: true, limits: { connectionsPerAddress: 2 } }, async (world) => {
    const one = await world.connect()
    await world.connect()
    const third = await world.open()
    assert.equal(await third.closed, [])
    one.drop()
    await world.settled(1)
    await world.connect()
  }))

test('one user has so many connections and no more', () =>
  inWorld({ anonymous: true, limits: { connectionsPerUser: 1 } }, async (world) => {
    const one = await world.connect({ username: 'u' })
    assert.is(await world.knock('u'), QUOTA)
    assert.is(await world.knock('v'), 0)
    assert.is(await world.knock(), 0)
    assert.is(await world.knock(), 0, 'nobody is not a user')
    await one.disconnect()
    await world.settled(3)
    assert.is(await world.knock('u'), 0)
  }))

test('a session taken over counts once', () =>
  inWorld({ anonymous: true, limits: { connectionsPerUser: 2 } }, async (world) => {
    for (let i = 0; i < 5; i++) await world.connect({ username: 'u', clientId: 'same' })
    await world.settled(1)
    assert.is(await world.knock('u'), 0)
    assert.is(await world.knock('u'), QUOTA)
  }))

test('CONNECTs a second: of all, and of one address', async () => {
  for (const limits of [{ connectRate: 2 }, { connectRatePerAddress: 2 }]) {
    const clock = new Clock()
    await inWorld(
      { anonymous: true, limits },
      async (world) => {
        assert.is(await world.knock(), 0)
        assert.is(await world.knock(), 0)
        assert.is(await world.knock(), RATE)
        clock.now += 500
        assert.is(await world.knock(), 0)
        assert.is(await world.knock(), RATE)
        clock.now += 60_000
        assert.equal([await world.knock(), await world.knock(), await world.knock()], [0, 0, RATE])
      },
      { clock: clock.read },
    )
  }
})

async function passwordFile(): Promise<string> {
  const file = join(temporaryDirectory(), 'passwords')
  writeFileSync(file, `u:${await hashPassword(Buffer.from('p'), 'sha512')}\n`, { mode: 0o600 })
  return file
}

test('after some failures even the right password has to wait, twice as long each time', async () => {
  const clock = new Clock()
  const config: Config = {
    authentication: [{ type: 'password-file', file: await passwordFile() }],
  }
  await inWorld(
    config,
    async (world) => {
      for (let i = 0; i < 4; i++) assert.is(await world.knock('u', 'x'), REFUSED)
      assert.is(await world.knock('u', 'p'), 0, 'a success forgets what was')
      for (let i = 0; i < 5; i++) assert.is(await world.knock('u', 'x'), REFUSED)
      assert.is(await world.knock('u', 'p'), REFUSED)
      clock.now += 1001
      assert.is(await world.knock('u', 'x'), REFUSED)
      clock.now += 1001
      assert.is(await world.knock('u', 'p'), REFUSED, 'two seconds now')
      clock.now += 1000
      assert.is(await world.knock('u', 'p'), 0)
    },
    { clock: clock.read },
  )
})

test('who fails from an address does not lock out who is known there', async () => {
  const clock = new Clock()
  const config: Config = {
    authentication: [{ type: 'password-file', file: await passwordFile() }],
  }
  await inWorld(
    config,
    async (world) => {
      assert.is(await world.knock('u', 'p'), 0)
      for (let i = 0; i < 25; i++) assert.is(await world.knock(`guess-${i}`, 'x'), REFUSED)
      assert.is(await world.knock('u', 'p'), 0)
    },
    { clock: clock.read },
  )
})

test('a client that comes and goes is banned for a while', async () => {
  const clock = new Clock()
  const flapping = { connects: 3, withinSeconds: 10, banSeconds: 60 }
  await inWorld(
    { anonymous: true, limits: { flapping } },
    async (world) => {
      const come = () => world.knock(undefined, undefined, { clientId: 'f' })
      for (let i = 0; i < 3; i++) assert.is(await come(), 0)
      clock.now += 11_000
      for (let i = 0; i < 3; i++) assert.is(await come(), 0, 'slowly enough')
      assert.is(await come(), BANNED)
      assert.is(await world.knock(undefined, undefined, { clientId: 'g' }), 0)
      clock.now += 59_000
      assert.is(await come(), BANNED)
      clock.now += 2000
      assert.is(await come(), 0)
    },
    { clock: clock.read },
  )
})

test('bans: a client, a user, an address, a range; for ever or until a moment', async () => {
  const clock = new Clock()
  await inWorld(
    { anonymous: true },
    async (world) => {
      const { bans } = world.manager
      await bans.add({ kind: 'client', value: 'c', reason: 'noise' })
      await bans.add({ kind: 'user', value: 'u', until: clock.now + 1000 })
      assert.is(await world.knock('v', undefined, { clientId: 'c' }), BANNED)
      assert.is(await world.knock('u'), BANNED)
      assert.is(await world.knock('c'), 0)
      clock.now += 1001
      assert.is(await world.knock('u'), 0)
      assert.is(bans.list().length, 1)
      for (const value of ['127.0.0.1', '127.0.0.0/8']) {
        await bans.add({ kind: 'address', value })
        assert.equal(await (await world.open()).closed, [], 'not even a CONNACK')
        assert.is(await bans.remove('address', value), true)
        assert.is(await world.knock(), 0)
      }
      assert.is(await bans.remove('address', '127.0.0.1'), false)
      assert.throws(() => bans.add({ kind: 'address', value: 'nowhere' }), /got nowhere/)
    },
    { clock: clock.read },
  )
})

test('a connection that is turned away for its address is logged', async () => {
  const lines: string[] = []
  const log: Log = (level, message, facts) => {
    if (level === 'warn') lines.push(`${message} ${facts.listener}`)
  }
  await inWorld(
    { anonymous: true, limits: { connectionsPerAddress: 1 } },
    async (world) => {
      await world.connect()
      assert.equal(await (await world.open()).closed, [])
      assert.equal(lines, ['connection refused: its address is banned or has too many mqtt-0'])
    },
    { log },
  )
})

test('bans outlive the process; a broken file is named', async () => {
  const clock = new Clock()
  const file = join(temporaryDirectory(), 'bans.json')
  const bans = new Bans(file, clock.read)
  await Promise.all([
    bans.add({ kind: 'client', value: 'a' }),
    bans.add({ kind: 'address', value: '10.0.0.0/8', until: clock.now + 5000, reason: 'r' }),
    bans.add({ kind: 'user', value: 'gone', until: clock.now }),
  ])
  const again = new Bans(file, clock.read)
  assert.equal(again.list(), bans.list())
  assert.is(again.list().length, 2)
  assert.is(again.findAddress('10.9.8.7')?.reason, 'r')
  clock.now += 6000
  assert.is(again.findAddress('10.9.8.7'), undefined)
  for (const text of ['{', '{}', '[1]', '[{"kind":"planet","value":"x"}]']) {
    writeFileSync(file, text)
    assert.throws(
      () => new Bans(file, clock.read),
      (error: Error) => error.message.includes(file),
    )
  }
})

test('over its rate a client is not read until it may be again, and nothing is lost', () =>
  inWorld({ anonymous: true, limits: { rates: { messagesPerSecond: 200 } } }, async (world) => {
    const reader = await world.connect()
    await reader.subscribe('r')
    const writer = await world.connect()
    for (let i = 0; i < 300; i++) {
      writer.send({
        cmd: 'publish',
        topic: 'r',
        payload: `${i}`,
        qos: 0,
        dup: false,
        retain: false,
      })
    }
    for (let i = 0; i < 300; i++) assert.is(String((await reader.take('publish')).payload), `${i}`)
    assert.ok((world.broker.stats().rateExceeded ?? 0) > 0)
    await reader.expectNothing()
  }))

test('or it is disconnected, where that is asked for', () =>
  inWorld(
    { anonymous: true, limits: { rates: { bytesPerSecond: 100, over: 'disconnect' } } },
    async (world) => {
      const writer = await world.connect()
      await writer.publish({ topic: 'r', payload: 'x'.repeat(50), qos: 1 })
      writer.send({
        cmd: 'publish',
        topic: 'r',
        payload: 'x'.repeat(80),
        qos: 0,
        dup: false,
        retain: false,
      })
      assert.is((await writer.next('disconnect')).reasonCode, 0x96)
    },
  ))

test('refusals are logged once each, with who, where from, what and which rule, and not without end', async () => {
  const clock = new Clock()
  const lines: { message: string; facts: Record<string, unknown> }[] = []
  const log: Log = (_, message, facts) => lines.push({ message, facts })
  const rules = [
    { effect: 'deny' as const, action: 'both' as const, topics: ['no/#'] },
    { effect: 'allow' as const, action: 'both' as const, topics: ['yes/#'] },
  ]
  await inWorld(
    { anonymous: true, authorization: { rules } },
    async (world) => {
      const client = await world.connect({ clientId: 'c', username: 'u' })
      await client.publish({ topic: 'no/x', qos: 1 })
      await client.subscribe('other')
      const [first, second] = lines.filter(({ message }) => message.includes('refused'))
      assert.is(first?.message, 'publish refused: not authorized')
      const { address, ...facts } = first?.facts ?? {}
      assert.match(String(address), /^127\.0\.0\.1:\d+$/)
      const expected = { client: 'c', user: 'u', listener: 'mqtt-0', reason: REFUSED }
      assert.equal(facts, { ...expected, topic: 'no/x', rule: 'rule 1' })
      assert.is(second?.facts.topic, 'other')
      assert.is(second?.facts.rule, 'no rule allows it')
      for (let i = 0; i < 100; i++) await client.publish({ topic: 'no/y', qos: 1 })
      assert.is(lines.filter(({ message }) => message.includes('refused')).length, 20)
      clock.now += 1000
      await client.publish({ topic: 'no/z', qos: 1 })
      const omitted = lines.find(({ message }) => message === 'more refusals than are logged')
      assert.is(omitted?.facts.omitted, 82)
    },
    { clock: clock.read, log },
  )
})

test.run()
