// How pub and sub reach a broker: TLS with certificates and with a shared key, Unix sockets,
// WebSocket. Against Mosquitto; where mosquitto_pub can do the same, with the same exit code.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Authority } from '../net/certificates.ts'
import {
  type Broker,
  freePort,
  isMissing,
  startBroker,
  startMosquitto,
  stopAll,
  temporaryDirectory,
} from '../process.ts'
import { type Client, canCompare, endClients, type Outcome, startClient } from './kit.ts'

const tests = suite('pub and sub: transports')
const home = temporaryDirectory()
const KEY = '0123456789abcdef'

interface Place {
  broker: Broker
  tls: string
  mutual: string
  misnamed: string
  psk: string
  webSocketTls: string
  socket: string
  authority: Authority
  other: Authority
  client: { certificate: string; key: string }
}

const places: Place[] = []

async function prepare(): Promise<Place> {
  const authority = new Authority()
  const server = authority.issue('server')
  const client = authority.issue('client')
  const elsewhere = authority.issue('misnamed', { extension: 'subjectAltName=DNS:b.example' })
  const pskFile = join(home, 'psk')
  const socket = join(home, 'socket')
  writeFileSync(pskFile, `me:${KEY}\n`)
  const ports: string[] = []
  while (ports.length < 5) ports.push(`${await freePort()}`)
  const [tls, mutual, psk, webSocketTls, misnamed] = ports as [string, ...string[]]
  const own = [`certfile ${server.certificate}`, `keyfile ${server.key}`]
  const broker = await startMosquitto([
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    ...[`listener 0 ${socket}`],
    ...[`listener ${tls} 127.0.0.1`, ...own],
    ...[`listener ${mutual} 127.0.0.1`, ...own, `cafile ${authority.file}`],
    ...['require_certificate true'],
    ...[`listener ${misnamed} 127.0.0.1`, `certfile ${elsewhere.certificate}`],
    ...[`keyfile ${elsewhere.key}`],
    ...[`listener ${psk} 127.0.0.1`, 'psk_hint hint', `psk_file ${pskFile}`],
    ...[`listener ${webSocketTls} 127.0.0.1`, 'protocol websockets', ...own],
  ])
  const other = new Authority('Another authority')
  const placePorts = { tls, mutual, psk, webSocketTls, misnamed } as Place
  return { ...placePorts, broker, socket, authority, other, client }
}

tests.before(async () => {
  if (canCompare() && !isMissing('openssl')) places.push(await prepare())
})
tests.after(async () => {
  await endClients()
  await stopAll()
})

/** One acknowledged message; the words say how to connect. */
function publish(client: Client, words: string[]): Promise<Outcome> {
  const message = ['-t', 'a', '-m', 'x', '-q', '1']
  return startClient(client, 'pub', [...words, ...message], home)
    .feed()
    .ended()
}

/** Either client must end with this code. */
function reach(title: string, words: (place: Place) => string[], code: number): void {
  tests(title, async () => {
    for (const place of places) {
      for (const client of ['mosquitto', 'wasmqtt'] as const) {
        const outcome = await publish(client, words(place))
        assert.is(outcome.code, code, `${client}: ${outcome.stderr}`)
      }
    }
  })
}

/** Only ours; the error is what standard error begins with. */
function reachOurs(
  title: string,
  words: (place: Place) => string[],
  code: number,
  error: RegExp,
): void {
  tests(title, async () => {
    for (const place of places) {
      const outcome = await publish('wasmqtt', words(place))
      assert.is(outcome.code, code, outcome.stderr)
      assert.match(outcome.stderr, error)
    }
  })
}

reach('--cafile: the broker is known', (p) => ['-p', p.tls, '--cafile', p.authority.file], 0)
reach('--tls-version tlsv1.3', (p) => [...known(p), '--tls-version', 'tlsv1.3'], 0)
reach('--ciphers', (p) => [...known(p), '--ciphers', 'ECDHE-ECDSA-AES256-GCM-SHA384'], 0)
reach('--tls-alpn', (p) => [...known(p), '--tls-alpn', 'mqtt'], 0)
reach(
  '--cert and --key: the client is known',
  (p) => [
    ...['-p', p.mutual, '--cafile', p.authority.file],
    ...['--cert', p.client.certificate, '--key', p.client.key],
  ],
  0,
)
reach('--psk and --psk-identity', (p) => shared(p, KEY), 0)
reach('--cafile that is not there: exit 1', (p) => ['-p', p.tls, '--cafile', '/missing'], 1)
reach('plain MQTT to a TLS port: exit 7', (p) => ['-p', p.tls], 7)
reach('--unix', (p) => ['--unix', p.socket], 0)
reach('-A and --nodelay', (p) => ['-p', `${p.broker.port}`, '-A', '127.0.0.1', '--nodelay'], 0)

function known(place: Place): string[] {
  return ['-p', place.tls, '--cafile', place.authority.file]
}

function shared(place: Place, key: string): string[] {
  return ['-p', place.psk, '--psk', key, '--psk-identity', 'me']
}

// In these mosquitto_pub ends with 1 or 8, as the handshake meets it.
reachOurs(
  '--cafile of another authority',
  (p) => ['-p', p.tls, '--cafile', p.other.file],
  8,
  /^Error: A TLS error occurred: unable to verify the first certificate\.\n$/,
)
reachOurs(
  '--psk with another key',
  (p) => shared(p, 'ff'),
  8,
  /^Error: A TLS error occurred: .*\.\n$/,
)
reachOurs(
  'a certificate for another name is refused',
  (p) => ['-p', p.misnamed, '--cafile', p.authority.file],
  8,
  /^Error: A TLS error occurred: Hostname\/IP does not match/,
)
reach(
  '--insecure: the name does not matter',
  (p) => ['-p', p.misnamed, '--cafile', p.authority.file, '--insecure'],
  0,
)
reachOurs(
  '--insecure: the authority does',
  (p) => ['-p', p.misnamed, '--cafile', p.other.file, '--insecure'],
  8,
  /^Error: A TLS error occurred: unable to verify/,
)
reachOurs(
  '--capath: a directory of authorities',
  (p) => ['-p', p.tls, '--capath', authoritiesOf(p)],
  0,
  /^$/,
)
reachOurs(
  'a listener that wants a certificate refuses us in words',
  (p) => ['-p', p.mutual, '--cafile', p.authority.file],
  8,
  /^Error: A TLS error occurred: .*certificate required\.\n$/,
)
reachOurs('--ws', (p) => ['-p', `${p.broker.wsPort}`, '--ws'], 0, /^$/)
reachOurs(
  '--ws with TLS',
  (p) => ['-p', p.webSocketTls, '--ws', '--cafile', p.authority.file],
  0,
  /^$/,
)
reachOurs(
  '-L wss://',
  (p) => ['--cafile', p.authority.file, '-L', `wss://127.0.0.1:${p.webSocketTls}/a`],
  0,
  /^$/,
)

function authoritiesOf(place: Place): string {
  const folder = join(home, 'authorities')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'ca.crt'), place.authority.pem())
  return folder
}

tests('sub over WebSocket to us, with a topic in the URL', async () => {
  const broker = await startBroker()
  const at = ['-p', `${broker.wsPort}`, '--ws']
  const message = ['-t', 'web', '-r', '-m', 'socket']
  const pub = startClient('wasmqtt', 'pub', [...at, ...message], home).feed()
  assert.equal(await pub.ended(), { code: 0, stdout: '', stderr: '' })
  const url = `ws://127.0.0.1:${broker.wsPort}/web`
  const sub = startClient('wasmqtt', 'sub', ['-L', url, '-C', '1', '-v'], home).feed()
  assert.equal(await sub.ended(), { code: 0, stdout: 'web socket\n', stderr: '' })
})

tests.run()
