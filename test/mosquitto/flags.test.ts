// The flags of the command line that Mosquitto has, too: -d, -q and --test-config; and SIGHUP. What
// -p means beside a mosquitto.conf is among the shapes.

import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RawClient } from '../client.ts'
import { freePort, runMain, stopAll, temporaryDirectory } from '../process.ts'

const tests = suite('flags of Mosquitto')
tests.after.each(stopAll)

const directory = temporaryDirectory()

function write(text: string): string {
  const file = join(directory, 'mosquitto.conf')
  writeFileSync(file, text)
  return file
}

tests(
  '--test-config says that a file can be used, with its warnings, and starts nothing',
  async () => {
    const file = write('listener 1884\nallow_anonymous true\nretry_interval 5\n')
    const program = runMain(['--test-config', '-c', file])
    assert.is(await program.untilExit(), 0)
    assert.equal(program.lines, [`${file}: ok`])
    assert.match(program.stderr, /^warning: [^\n]+mosquitto\.conf:3: retry_interval: [^\n]+\n$/)
  },
)

tests('--test-config names every mistake and exits 1', async () => {
  const file = write('listner 1884\nmax_qos 3\n')
  const program = runMain(['-c', file, '--test-config'])
  assert.is(await program.untilExit(), 1)
  assert.equal(program.lines, [])
  assert.equal(program.stderr.split('\n'), [
    `${file}:1: 'listner' is not an option of mosquitto.conf; the nearest one is 'listener'`,
    `${file}:2: max_qos: expected an integer from 0 to 2, got '3'`,
    '',
  ])
})

tests('--test-config without a file is a mistake', async () => {
  const program = runMain(['--test-config'])
  assert.is(await program.untilExit(), 1)
  assert.match(program.stderr, /^wasmqtt: --test-config: [^\n]+\n$/)
})

tests('-d ends with 0 once a broker in the background listens', async () => {
  const port = await freePort()
  const pidFile = join(directory, 'mosquitto.pid')
  const file = write(`listener ${port} 127.0.0.1\nallow_anonymous true\npid_file ${pidFile}\n`)
  const program = runMain(['-d', '-c', file])
  assert.is(await program.untilExit(), 0)
  assert.is(program.stderr, '')
  const pid = Number(readFileSync(pidFile, 'utf8'))
  assert.is.not(pid, program.pid)
  const client = await RawClient.connect({ port })
  process.kill(pid, 'SIGTERM')
  await client.closed
})

tests('-d ends with 1 and says why when the broker cannot listen', async () => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const file = write(`listener ${port} 127.0.0.1\n`)
  const program = runMain(['-d', '-c', file])
  assert.is(await program.untilExit(), 1)
  assert.match(program.stderr, /^wasmqtt: cannot listen on [^\n]+: the port is in use\n$/)
  server.close()
})

tests('-q prints and logs nothing, though the file and -v ask for it', async () => {
  const port = await freePort()
  const file = write(`listener ${port} 127.0.0.1\nallow_anonymous true\nlog_type all\n`)
  const program = runMain(['-q', '-v', '-c', file])
  const client = await connectWhenUp(port)
  await client.disconnect()
  assert.is(await program.stop(), 0)
  assert.equal(program.lines, [])
  assert.is(program.stderr, '')
})

tests('SIGHUP reads a mosquitto.conf again, and a bad one changes nothing', async () => {
  const [port, other] = [await freePort(), await freePort()]
  const lines = ['log_dest stdout', 'log_type all', `listener ${port} 127.0.0.1`]
  const file = write(lines.join('\n'))
  const program = runMain(['-c', file])
  await program.untilLine(/^ready$/)
  assert.is(await returnCode(port), 5)
  write([...lines, 'allow_anonymous true', `listener ${other} 127.0.0.1`].join('\n'))
  process.kill(program.pid, 'SIGHUP')
  await program.untilLine(/configuration read again/)
  assert.equal([await returnCode(port), await returnCode(other)], [0, 0])
  write('listner 1')
  process.kill(program.pid, 'SIGHUP')
  await program.untilLine(/'listner' is not an option of mosquitto\.conf/)
  await program.untilLine(/reload refused/)
  assert.equal([await returnCode(port), await returnCode(other)], [0, 0])
  assert.is(await program.stop(), 0)
})

/** What CONNACK says to a client without user name. */
async function returnCode(port: number): Promise<number | undefined> {
  const client = await RawClient.open({ port, version: 4 })
  const connack = await client.handshake()
  client.drop()
  return connack.returnCode
}

/** A quiet broker tells nobody when it listens. */
async function connectWhenUp(port: number): Promise<RawClient> {
  for (let tries = 0; tries < 500; tries++) {
    const socket = net.connect(port, '127.0.0.1')
    const up = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (up) return RawClient.connect({ port })
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`nobody listens on port ${port}`)
}

tests.run()
