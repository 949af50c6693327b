// What pub and sub refuse, and how they end when a broker refuses them: the first line on standard
// error and the exit code are mosquitto_pub's and mosquitto_sub's.

import { once } from 'node:events'
import net from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryDirectory } from '../process.ts'
import { type Client, canCompare, endClients, startClient, startMain } from './kit.ts'

const tests = suite('pub and sub: refusals')
const home = temporaryDirectory()
const servers: net.Server[] = []

tests.after(async () => {
  await endClients()
  for (const server of servers) server.close()
})

interface Ending {
  code: unknown
  stdout: string
  /** The first line. */
  error: string | undefined
}

async function endingOf(client: Client, kind: 'pub' | 'sub', args: string[]): Promise<Ending> {
  const { code, stdout, stderr } = await startClient(client, kind, args, home).feed().ended()
  // pub without a topic shows the whole usage: nobody's script reads that.
  const shown = stdout.startsWith('mosquitto_pub is a') ? '' : stdout
  return { code, stdout: shown, error: stderr.split('\n').find((line) => line !== '') }
}

/** Both clients must end like this. */
async function bothEnd(kind: 'pub' | 'sub', args: string[], code: number, error: string) {
  const expected: Ending = { code, stdout: '', error }
  assert.equal(await endingOf('wasmqtt', kind, args), expected, `wasmqtt ${args.join(' ')}`)
  if (!canCompare()) return
  assert.equal(await endingOf('mosquitto', kind, args), expected, `mosquitto ${args.join(' ')}`)
}

const MISTAKES: [kind: 'pub' | 'sub', args: string[], error: string][] = [
  ['pub', ['-t', 'a', '-m', 'x', '-Z'], "Error: Unknown option '-Z'."],
  ['pub', ['-t', 'a', '-m', 'x', '-C', '1'], "Error: Unknown option '-C'."],
  ['sub', ['-t', 'a', '-m', 'x'], "Error: Unknown option '-m'."],
  ['sub', ['-t', 'a', '-p'], 'Error: -p argument given but no port specified.'],
  ['pub', ['-t', 'a'], 'Error: Both topic and message must be supplied.'],
  ['pub', ['-t', 'a', '-m', 'x', '-n'], 'Error: Only one type of message can be sent at once.'],
  [
    'pub',
    ['-t', 'a/#', '-m', 'x'],
    "Error: Invalid publish topic 'a/#', does it contain '+' or '#'?",
  ],
  ['pub', ['-t', 'a', '-s'], 'Error: Zero length input.'],
  ['pub', ['-t', 'a', '-f', '/missing'], 'Error: Unable to open file "/missing".'],
  ['pub', ['-t', 'a', '-m', 'x', '-q', '3'], 'Error: Invalid QoS given: 3'],
  ['sub', [], 'Error: You must specify a topic to subscribe to.'],
  [
    'sub',
    ['-t', 'a/#/b'],
    "Error: Invalid subscription topic 'a/#/b', are all '+' and '#' wildcards correct?",
  ],
  ['sub', ['-t', 'a', '-F', '%'], 'Error: Incomplete format specifier.'],
  ['sub', ['-t', 'a', '-F', '%k'], "Error: Invalid format specifier 'k'."],
  ['sub', ['-t', 'a', '-F', '\\q'], "Error: Invalid escape specifier 'q'."],
  ['sub', ['-t', 'a', '-c'], 'Error: You must provide a client id if you are using the -c option.'],
  ['sub', ['-t', 'a', '-C', '0'], 'Error: Invalid message count "0".'],
  [
    'sub',
    ['-t', 'a', '-R', '--retained-only'],
    "Error: Combining '-R' and '--retained-only' makes no sense.",
  ],
  [
    'pub',
    ['-t', 'a', '-m', 'x', '-D', 'publish', 'nonsense', '1'],
    'Error: Invalid property name given in --property argument.',
  ],
  [
    'pub',
    ['-t', 'a', '-m', 'x', '-D', 'publish', 'receive-maximum', '1'],
    'Error: receive-maximum property not allowed for publish in --property argument.',
  ],
  [
    'pub',
    ['-t', 'a', '-m', 'x', '--will-payload', 'x'],
    'Error: Will payload given, but no will topic given.',
  ],
  ['pub', ['-L', 'http://a/b', '-m', 'x'], 'Error: unsupported URL scheme.'],
  ['pub', ['-t', 'a', '-m', 'x', '-P', 'x'], 'Error: Problem setting username and/or password.'],
  ['pub', ['-t', 'a', '-m', 'x', '-p', '1'], 'Error: Connection refused'],
  ['sub', ['-t', 'a', '--unix', '/missing'], 'Error: No such file or directory'],
]

for (const [kind, args, error] of MISTAKES) {
  tests(`${kind} ${args.join(' ')}: ${error}`, () => bothEnd(kind, args, 1, error))
}

const REFUSALS: [version: string, code: number, words: string][] = [
  ['mqttv31', 4, 'Connection Refused: bad user name or password.'],
  ['mqttv311', 5, 'Connection Refused: not authorised.'],
  ['mqttv5', 135, 'Not authorized'],
]

for (const [version, code, words] of REFUSALS) {
  tests(`${version}: CONNACK with ${code} is the exit code`, async () => {
    const bytes = version === 'mqttv5' ? [0x20, 3, 0, code, 0] : [0x20, 2, 0, code]
    const port = await answerWith(Buffer.from(bytes))
    const at = ['-p', `${port}`, '-h', '127.0.0.1', '-V', version, '-t', 'a']
    await bothEnd('pub', [...at, '-m', 'x'], code, `Connection error: ${words}`)
    await bothEnd('sub', at, code, `Connection error: ${words}`)
  })
}

tests('a connection lost before the acknowledgement ends pub with 7', async () => {
  const port = await answerWith(Buffer.from([0x20, 2, 0, 0]), { thenClose: true })
  const args = ['-p', `${port}`, '-h', '127.0.0.1', '-t', 'a', '-m', 'x', '-q', '1']
  await bothEnd('pub', args, 7, 'Error: The connection was lost.')
})

/** A server that answers the first bytes with these, and closes at the next. */
async function answerWith(bytes: Buffer, options = { thenClose: false }): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write(bytes)
      if (options.thenClose) socket.once('data', () => socket.destroy())
    })
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as net.AddressInfo).port
}

for (const kind of ['pub', 'sub']) {
  tests(`${kind} --help teaches: examples, then every option in two lines at most`, async () => {
    const { code, stdout, stderr } = await startMain(kind, '--help').feed().ended()
    assert.is(code, 0)
    assert.is(stderr, '')
    assert.match(stdout, new RegExp(`^Usage: wasmqtt ${kind} `))
    for (const name of ['Examples:', '-t, --topic', '--cafile', '--will-topic', '--ws', '-D,']) {
      assert.ok(stdout.includes(name), name)
    }
    for (const line of stdout.split('\n')) assert.ok(line.length <= 110, line)
  })
}

tests.run()
