// The control socket: who may open it, what it answers, what becomes of it when the broker ends or
// is killed, and the commands that use it.

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ControlError, ControlServer, request, type Verbs } from '../../host/admin/control.ts'
import { RawClient } from '../client.ts'
import { type Broker, runMain, startBroker, stopAll, temporaryDirectory } from '../process.ts'
import { control, type Outcome, runCommand } from './running.ts'

const MEMORY = ['--durability', 'memory']

const tests = suite('control socket')
tests.after.each(stopAll)

function socketOf({ data }: Broker): string {
  return join(data, 'control.sock')
}

/** What is answered to lines written at once, and the end. */
async function converse(path: string, text: string): Promise<unknown[]> {
  const socket = net.connect(path)
  socket.end(text)
  const replies: unknown[] = []
  for await (const line of createInterface({ input: socket })) replies.push(JSON.parse(line))
  return replies
}

/** A server of its own in this process, with a few verbs. */
async function serve(): Promise<{ server: ControlServer; ended: Promise<void> }> {
  let onEnd = (): void => {}
  const ended = new Promise<void>((resolve) => {
    onEnd = resolve
  })
  const verbs: Verbs = new Map()
  verbs.set('echo', (args) => args)
  verbs.set('count', (_, { line }) => {
    for (let i = 1; i <= 3; i++) line(i)
    return 'done'
  })
  verbs.set('follow', (_, { line, signal }) => {
    line('begun')
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        onEnd()
        resolve(undefined)
      })
    })
  })
  verbs.set('fail', () => {
    throw new ControlError('WASMQTT_TEST', ['one', 'two'])
  })
  verbs.set('break', () => {
    throw new Error('broken')
  })
  const path = join(temporaryDirectory(), 'control.sock')
  return { server: await ControlServer.open(path, verbs), ended }
}

tests('it lies in the data directory, and only its owner may open it', async () => {
  const broker = await startBroker()
  const { mode } = statSync(socketOf(broker))
  assert.is((mode & 0o777).toString(8), '600')
  await broker.stop()
  assert.is(existsSync(socketOf(broker)), false)
})

tests('one that a killed broker left behind is replaced', async () => {
  const first = await startBroker()
  await first.kill()
  assert.is(existsSync(socketOf(first)), true)
  const { code, stderr } = await control(first, 'status')
  assert.equal([code, stderr.includes('has ended')], [1, true])
  const second = await startBroker({ data: first.data })
  assert.is((await control(second, 'status')).code, 0)
})

tests('a broker that stores nothing has one in a data directory it is given', async () => {
  const broker = await startBroker({ args: MEMORY })
  assert.is((await control(broker, 'status')).code, 0)
})

tests('--control puts it elsewhere', async () => {
  const path = join(temporaryDirectory(), 'c')
  const broker = await startBroker({ args: [...MEMORY, '--control', path] })
  assert.is(existsSync(socketOf(broker)), false)
  assert.is((await runCommand('status', '--control', path)).code, 0)
})

tests('one that cannot be made is one line, and exit 1', async () => {
  const path = join(temporaryDirectory(), 'x'.repeat(120))
  const ports = ['--host', '127.0.0.1', '-p', '0', '--ws-port', '0', '--admin-port', '0']
  const { code, stderr } = await runCommand(...ports, ...MEMORY, '--control', path)
  assert.is(code, 1)
  assert.match(stderr, /^wasmqtt: control socket [^\n]*longer than 107 bytes\n$/)
})

tests('status tells process, configuration, addresses and counters, or all as JSON', async () => {
  const broker = await startBroker()
  const { lines } = await control(broker, 'status')
  assert.ok(lines.includes(`pid ${broker.pid}`))
  assert.ok(lines.includes('config none'))
  assert.ok(lines.includes(`listening mqtt://127.0.0.1:${broker.port}`))
  const { lines: json } = await control(broker, 'status', '--json')
  const status = JSON.parse(json.join(''))
  assert.is(status.pid, broker.pid)
  assert.is(status.connectionsNow, 0)
})

tests('without a broker the commands say so and exit 1', async () => {
  const data = temporaryDirectory()
  for (const command of ['reload', 'status', 'trace']) {
    const { code, lines, stderr } = await runCommand(command, '--data', data)
    assert.equal([code, lines], [1, []])
    assert.match(stderr, `wasmqtt: ${join(data, 'control.sock')}: no broker runs here`)
  }
})

tests('trace prints the packets of one client until it is interrupted', async () => {
  const broker = await startBroker()
  const traced = runMain(['trace', '--client', 'a', '--data', broker.data])
  const client = await RawClient.connect({ port: broker.port, clientId: 'a' })
  const other = await RawClient.connect({ port: broker.port, clientId: 'b' })
  // The trace may begin at any packet: from its first line on, everything is there.
  const seen = traced.untilLine(/ a < PINGRESP/)
  let isSeen = false
  void seen.then(() => {
    isSeen = true
  })
  while (!isSeen) await client.barrier()
  await other.publish({ topic: 'x', qos: 0, payload: 'other' })
  await client.publish({ topic: 't', qos: 1, payload: 'hello' })
  await traced.untilLine(/ a > PUBLISH q1 id \d+ .*"t".* 5 bytes/)
  await traced.untilLine(/ a < PUBACK/)
  assert.is(await traced.stop('SIGINT'), 0)
  assert.equal(
    traced.lines.filter((line) => !/^\S+ a [<>-] /.test(line)),
    [],
  )
  assert.is((await control(broker, 'status')).code, 0)
})

tests('trace writes to a file, and ends after --packets', async () => {
  const broker = await startBroker()
  const file = join(temporaryDirectory(), 'trace')
  const words = ['--file', file, '--packets', '2', '--topic', 't/#', '--payload']
  const traced = control(broker, 'trace', ...words)
  const client = await RawClient.connect({ port: broker.port, clientId: 'a' })
  let outcome: Outcome | undefined
  void traced.then((ended) => {
    outcome = ended
  })
  while (outcome === undefined) await client.publish({ topic: 't/1', qos: 1, payload: 'hello' })
  assert.equal(outcome, { code: 0, lines: [], stderr: '' })
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  assert.is(lines.length, 2)
  assert.match(lines[0] as string, /PUBLISH .*t\/1.*hello/)
})

tests('a trace with a wrong filter is one line, and exit 1', async () => {
  const broker = await startBroker()
  const { code, stderr } = await control(broker, 'trace', '--topic', 'a/#/b')
  assert.is(code, 1)
  assert.match(stderr, /^wasmqtt: [^\n]*a\/#\/b[^\n]*\n$/)
})

tests('a request is a line, the answer is lines and a result', async () => {
  const { server } = await serve()
  const text = '{"verb":"count"}\n{"verb":"echo","args":{"a":"b\\nc"}}\n'
  assert.equal(await converse(server.path, text), [
    ...[{ line: 1 }, { line: 2 }, { line: 3 }, { result: 'done' }],
    { result: { a: 'b\nc' } },
  ])
  const seen: unknown[] = []
  const onLine = (value: unknown): void => void seen.push(value)
  assert.is(await request(server.path, { verb: 'count', onLine }), 'done')
  assert.equal(seen, [1, 2, 3])
  await server.close()
})

tests(
  'what goes wrong is an error with code and lines, and the next request is served',
  async () => {
    const { server } = await serve()
    const text = ['fail', 'break', 'nonsense', 'echo'].map((verb) => JSON.stringify({ verb }))
    assert.equal(await converse(server.path, `{\n[]\n${text.join('\n')}\n`), [
      { error: { code: 'WASMQTT_CONTROL', lines: ['expected a line of JSON'] } },
      {
        error: {
          code: 'WASMQTT_CONTROL',
          lines: ['expected {"verb": string, "args": object}'],
        },
      },
      { error: { code: 'WASMQTT_TEST', lines: ['one', 'two'] } },
      { error: { code: 'WASMQTT_INTERNAL', lines: ['broken'] } },
      {
        error: {
          code: 'WASMQTT_CONTROL',
          lines: ["unknown verb 'nonsense': expected echo, count, follow, fail, break"],
        },
      },
      { result: {} },
    ])
    await server.close()
  },
)

tests('a stream ends when its reader goes', async () => {
  const { server, ended } = await serve()
  const stop = new AbortController()
  const { signal } = stop
  const onLine = (): void => stop.abort()
  assert.is(await request(server.path, { verb: 'follow', onLine, signal }), undefined)
  await ended
  await server.close()
})

tests('a request without an end is cut off', async () => {
  const { server } = await serve()
  const socket = net.connect(server.path)
  const closed = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve))
  socket.write('x'.repeat(2 * 1024 * 1024))
  await closed
  await server.close()
})

tests('a file in its place is left alone', async () => {
  const path = join(temporaryDirectory(), 'control.sock')
  writeFileSync(path, 'mine')
  const code = await ControlServer.open(path, new Map()).catch((error: ControlError) => error.code)
  assert.is(code, 'WASMQTT_CONTROL')
  assert.is(existsSync(path), true)
})

tests.run()
