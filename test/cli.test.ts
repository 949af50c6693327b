// The command line of the real binary: what it prints, where it listens, how it ends. What it does
// with MQTT is the business of clients.test.ts and spec/.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RawClient } from './client.ts'
import { type Program, runMain, startBroker, stopAll, temporaryDirectory } from './process.ts'

const LOCAL = ['--host', '127.0.0.1']
const FREE_PORTS = ['-p', '0', '--ws-port', '0', '--admin-port', '0']
const OPTIONS = [
  ['-p', '--port'],
  ['--host'],
  ['-c', '--config'],
  ['-v', '--verbose'],
  ['-q', '--quiet'],
  ['-d', '--daemon'],
  ['--test-config'],
  ['--ws-port'],
  ['--admin-port'],
  ['--data'],
  ['--help'],
  ['--version'],
].flat()

const tests = suite('command line')
tests.after.each(stopAll)

/** Starts the binary with a data directory of its own and waits until it listens. */
async function listen(...args: string[]): Promise<Program> {
  const program = runMain([...args, '--data', temporaryDirectory()])
  await program.untilLine(/^ready$/)
  return program
}

/**
 * The binary is to refuse these arguments: exit code 1, nothing on standard output, one line on
 * standard error.
 */
async function refusal(...args: string[]): Promise<string> {
  const program = runMain([...args, '--data', temporaryDirectory()])
  assert.is(await program.untilExit(), 1)
  assert.equal(program.lines, [])
  assert.match(program.stderr, /^[^\n]+\n$/)
  return program.stderr
}

tests('--version prints the version of package.json', async () => {
  const file = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')
  const program = runMain(['--version'])
  assert.is(await program.untilExit(), 0)
  assert.equal(program.lines, [JSON.parse(file).version])
  assert.is(program.stderr, '')
})

tests('--help names every option', async () => {
  const program = runMain(['--help'])
  assert.is(await program.untilExit(), 0)
  const words = new Set(program.lines.join(' ').split(/[\s,]+/))
  assert.equal(
    OPTIONS.filter((option) => !words.has(option)),
    [],
  )
  assert.is(program.stderr, '')
})

tests('the first lines are the addresses listened on, then ready', async () => {
  const program = await listen(...LOCAL, ...FREE_PORTS)
  const masked = program.lines.map((line) => line.replace(/:[1-9]\d*(?=\/|$)/, ':PORT'))
  assert.equal(masked, [
    'listening mqtt://127.0.0.1:PORT',
    'listening ws://127.0.0.1:PORT/mqtt',
    'listening http://127.0.0.1:PORT',
    'ready',
  ])
})

tests('without --host it listens on loopback addresses only', async () => {
  const program = await listen(...FREE_PORTS)
  const hosts = program.lines
    .slice(0, -1)
    .map((line) => line.replace(/^listening (.*):\d+.*$/, '$1'))
  const loopback = ['mqtt', 'ws', 'http'].map((scheme) => `${scheme}://127.0.0.1`)
  const both = loopback.flatMap((url) => [url, url.replace('127.0.0.1', '[::1]')])
  assert.equal(hosts, (await hasIpv6()) ? both : loopback)
})

tests('--ws-port off and --admin-port off open no such listener', async () => {
  const program = await listen(...LOCAL, '-p', '0', '--ws-port', 'off', '--admin-port', 'off')
  assert.is(program.lines.length, 2)
  assert.match(`${program.lines[0]}`, /^listening mqtt:\/\/127\.0\.0\.1:\d+$/)
  assert.is(program.lines[1], 'ready')
})

tests('the printed addresses answer: MQTT, WebSocket, and 200 at /healthz', async () => {
  const broker = await startBroker()
  const tcp = await RawClient.connect({ port: broker.port })
  const ws = await RawClient.connect({ port: broker.wsPort, path: '/mqtt' })
  const health = await fetch(`http://127.0.0.1:${broker.adminPort}/healthz`)
  assert.is(health.status, 200)
  await health.text()
  await Promise.all([tcp.disconnect(), ws.disconnect()])
})

for (const [option, listener] of [
  ['-p', 'MQTT'],
  ['--ws-port', 'WebSocket'],
  ['--admin-port', 'admin'],
] as const) {
  tests(`a taken ${listener} port is one line that names it, and exit 1`, async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const line = await refusal(...LOCAL, ...FREE_PORTS, option, `${port}`)
    server.close()
    assert.match(line, `127.0.0.1:${port}`)
    assert.match(line, /in use/)
  })
}

for (const [args, word] of [
  [['--nonsense'], '--nonsense'],
  [['-p', 'abc'], 'abc'],
  [['-p', '65536'], '65536'],
  [['-p', '-1'], '-1'],
  [['--ws-port', 'on'], 'on'],
  [['--admin-port', '1.5'], '1.5'],
  [['stray'], 'stray'],
] as const) {
  tests(`\`${args.join(' ')}\` is one line that names it, and exit 1`, async () => {
    const line = await refusal(...LOCAL, ...FREE_PORTS, ...args)
    assert.ok(line.includes(word), line)
  })
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  tests(`${signal} ends it with exit 0, connections open or not`, async () => {
    const idle = await startBroker()
    assert.is(await idle.program.stop(signal), 0)
    const busy = await startBroker()
    const tcp = await RawClient.connect({ port: busy.port })
    const silent = await RawClient.open({ port: busy.port })
    const ws = await RawClient.connect({ port: busy.wsPort, path: '/mqtt' })
    const health = net.connect(busy.adminPort, '127.0.0.1')
    await once(health, 'connect')
    assert.is(await busy.program.stop(signal), 0)
    await Promise.all([tcp.closed, silent.closed, ws.closed])
    health.destroy()
  })
}

tests('a stopped broker can be started again on the same data and port', async () => {
  const data = temporaryDirectory()
  const first = await startBroker({ data })
  assert.is(await first.stop(), 0)
  const second = await startBroker({ data, args: ['-p', `${first.port}`] })
  assert.is(second.port, first.port)
  assert.is(await second.stop(), 0)
})

async function hasIpv6(): Promise<boolean> {
  const server = net.createServer().listen(0, '::1')
  try {
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

tests.run()
