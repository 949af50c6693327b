// What the running binary is to the system: signals, its file with the process id, the user it
// becomes, and one broker for one data directory. Needs root for the user; says so where it is not.

import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RawClient } from '../client.ts'
import { runMain, startBroker, stopAll, temporaryDirectory } from '../process.ts'
import { configured, refusal, reload, runCommand, writeConfig } from './running.ts'

const NOBODY = 'nobody'
const isRoot = process.getuid?.() === 0
const log = { level: 'notice' as const, timestamp: false, destinations: ['stdout' as const] }

const tests = suite('process')
tests.after.each(stopAll)

tests('SIGUSR1 saves and goes on', async () => {
  const broker = await startBroker(configured(writeConfig({ log })))
  const client = await RawClient.connect({ port: broker.port })
  process.kill(broker.pid, 'SIGUSR1')
  await broker.program.untilLine(/^notice saved$/)
  await client.expectNothing()
})

tests('after SIGUSR1 a broker of durability process is on the disk', async () => {
  const config = writeConfig({ log, durability: 'process' })
  const broker = await startBroker(configured(config))
  const properties = { sessionExpiryInterval: 100 }
  const client = await RawClient.connect({ port: broker.port, clientId: 'a', properties })
  await client.subscribe('t', { qos: 1 })
  process.kill(broker.pid, 'SIGUSR1')
  await broker.program.untilLine(/^notice saved$/)
  await broker.kill()
  const { lines } = await runCommand('store', 'stats', '--data', broker.data)
  assert.is(JSON.parse(lines[0] as string).sessions, 1)
})

tests('SIGUSR2 prints the subscription tree, one level a line', async () => {
  const broker = await startBroker()
  const one = await RawClient.connect({ port: broker.port, clientId: 'one' })
  const two = await RawClient.connect({ port: broker.port, clientId: 't\u001bwo' })
  await one.subscribe('b/+/c', { qos: 2 })
  await one.subscribe('b', { qos: 1 })
  await two.subscribe('b', { qos: 0 })
  await two.subscribe('$share/g/a/#', { qos: 1 })
  process.kill(broker.pid, 'SIGUSR2')
  await broker.program.untilLine(/^ {4}c \(one, 2\)$/)
  const start = broker.lines.indexOf('ready') + 1
  assert.equal(broker.lines.slice(start), [
    ...['$share', '  g', '    a', '      # (t\\u001bwo, 1)'],
    ...['b (one, 1) (t\\u001bwo, 0)', '  +', '    c (one, 2)'],
  ])
})

tests('SIGUSR2 with no subscription prints nothing and goes on', async () => {
  const broker = await startBroker(configured(writeConfig({ log })))
  process.kill(broker.pid, 'SIGUSR2')
  process.kill(broker.pid, 'SIGUSR1')
  await broker.program.untilLine(/^notice saved$/)
  assert.equal(broker.lines.slice(broker.lines.indexOf('ready') + 1), ['notice saved'])
})

tests('the pid file holds the process id while the broker runs', async () => {
  const pidFile = join(temporaryDirectory(), 'wasmqtt.pid')
  const broker = await startBroker(configured(writeConfig({ pidFile })))
  assert.is(readFileSync(pidFile, 'utf8'), `${broker.pid}\n`)
  assert.is(await broker.stop(), 0)
  assert.is(existsSync(pidFile), false)
})

tests('a pid file left by a broker that was killed is written over', async () => {
  const pidFile = join(temporaryDirectory(), 'wasmqtt.pid')
  const config = configured(writeConfig({ pidFile }))
  const first = await startBroker(config)
  await first.kill()
  const second = await startBroker(config)
  assert.is(readFileSync(pidFile, 'utf8'), `${second.pid}\n`)
})

tests('a pid file that cannot be written is one line, and exit 1', async () => {
  const pidFile = join(temporaryDirectory(), 'none', 'pid')
  const program = runMain([
    ...['--host', '127.0.0.1', '-p', '0', '--ws-port', '0', '--admin-port', '0'],
    ...['-c', writeConfig({ pidFile }), '--data', temporaryDirectory()],
  ])
  assert.is(await program.untilExit(), 1)
  assert.equal(program.lines, [])
  assert.match(program.stderr, /^wasmqtt: pid file .*none\/pid: ENOENT[^\n]*\n$/)
})

tests('an unknown user is one line and exit 1 for root, and nothing to anybody else', async () => {
  const config = writeConfig({ log, user: 'no-such-user' })
  if (isRoot) {
    const text = await refusal('-c', config)
    assert.is(text, 'wasmqtt: user no-such-user: there is no such user on this system\n')
    return
  }
  const broker = await startBroker(configured(config))
  await broker.program.untilLine(/^notice not started as root: .* user=no-such-user$/)
})

tests('root becomes the user, who can go on writing, reloading and saving', async () => {
  if (!isRoot) {
    process.stdout.write('\nskipped: root is not the user\n')
    return
  }
  const file = join(temporaryDirectory(), 'log')
  const destinations = ['stdout' as const, { file }]
  const config = writeConfig({ user: NOBODY, log: { ...log, destinations } })
  chmodSync(dirname(config), 0o755)
  const broker = await startBroker(configured(config))
  const [uid] = /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${broker.pid}/status`, 'utf8')) ?? []
  assert.not.equal(uid, undefined)
  assert.not.equal(uid, 'Uid:\t0')
  assert.match(readFileSync(`/proc/${broker.pid}/status`, 'utf8'), /^Groups:\t\d+ ?$/m)
  assert.not.equal(statSync(broker.data).uid, 0)
  const properties = { sessionExpiryInterval: 100 }
  const client = await RawClient.connect({ port: broker.port, clientId: 'a', properties })
  await client.subscribe('t', { qos: 1 })
  process.kill(broker.pid, 'SIGUSR1')
  await broker.program.untilLine(/^notice saved$/)
  assert.is(await broker.stop(), 0)
  assert.is(existsSync(join(broker.data, 'control.sock')), false)
})

tests(
  'a second broker on a data directory is told of the first, and disturbs nothing',
  async () => {
    const first = await startBroker()
    const { code, lines, stderr } = await runCommand(
      ...['--host', '127.0.0.1', '-p', '0', '--ws-port', '0', '--admin-port', '0'],
      ...['--data', first.data],
    )
    assert.equal([code, lines], [1, []])
    assert.match(stderr, /^wasmqtt: [^\n]*control\.sock: another broker runs here[^\n]*\n$/)
    assert.is((await reload(first)).code, 0)
  },
)

tests('without a control socket the store tells it', async () => {
  const first = await startBroker({ args: ['--control', 'off'] })
  assert.is(existsSync(join(first.data, 'control.sock')), false)
  const { code, stderr } = await runCommand(
    ...['--host', '127.0.0.1', '-p', '0', '--ws-port', '0', '--admin-port', '0'],
    ...['--data', first.data],
  )
  assert.is(code, 1)
  assert.match(stderr, /^wasmqtt: store: [^\n]* in use[^\n]*\n$/)
})

tests('a data directory that is a file is one line, and exit 1', async () => {
  const data = join(temporaryDirectory(), 'data')
  mkdirSync(data)
  const pidFile = join(data, 'pid')
  const broker = await startBroker(configured(writeConfig({ pidFile })))
  assert.match(await refusal('--data', pidFile), `--data ${pidFile}: cannot be used`)
  await broker.stop()
})

tests.run()
