// TLS-PSK: the file of keys, and what a listener that reads it does. Clients are node:tls, and
// Mosquitto's in programs.test.ts.

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readPskFile } from '../../host/net/psk.ts'
import { temporaryDirectory } from '../process.ts'
import { Bench } from './bench.ts'

const test = suite('tls-psk')

let bench: Bench | undefined

test.after.each(async () => {
  await bench?.close()
  bench = undefined
})

function fileOf(text: string, mode = 0o600): string {
  const file = join(temporaryDirectory(), 'keys')
  writeFileSync(file, text, { mode })
  return file
}

function knowing(identity: string, key: string, more: ConnectionOptions = {}): ConnectionOptions {
  return {
    ciphers: 'PSK+HIGH:TLS_AES_128_GCM_SHA256',
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk: Buffer.from(key, 'hex'), identity }),
    ...more,
  }
}

test('a file of keys: comments, blank lines, colons in an identity', () => {
  const file = fileOf('# keys\n\nsensor-1:0aFF\r\n urn:dev:7 : 00112233 \n')
  assert.equal(
    readPskFile(file, undefined),
    new Map([
      ['sensor-1', Buffer.from('0aff', 'hex')],
      ['urn:dev:7', Buffer.from('00112233', 'hex')],
    ]),
  )
})

test('broken files are named with their line, and the keys are not', () => {
  for (const [text, message] of [
    ['a:00\nb', ':2: expected identity:hexkey'],
    ['a:00\n:11', ':2: expected identity:hexkey'],
    ['a:c0ffe', ':1: expected the key of a as pairs of hexadecimal digits'],
    ['a:secret', ':1: expected the key of a as pairs of hexadecimal digits'],
    ['a:', ':1: expected the key of a as pairs of hexadecimal digits'],
    ['a:00\na:11', ':2: the identity a is there already'],
    ['# none\n', ': expected identity:hexkey lines, got none'],
  ] as const) {
    const file = fileOf(text)
    try {
      readPskFile(file, undefined)
      assert.unreachable()
    } catch (error) {
      assert.is((error as Error).message, `${file}${message}`)
    }
  }
})

test('who knows a key is let in under its identity, over TLS 1.2 and 1.3', async () => {
  const pskFile = fileOf('one:00112233445566778899aabbccddeeff\ntwo:ff\n')
  bench = await Bench.open({ type: 'mqtt', port: 0, tls: { pskFile, pskHint: 'hint' } })
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = knowing('one', '00112233445566778899aabbccddeeff', { maxVersion })
    const { client, peer } = await bench.pair(options)
    assert.is(client.getProtocol(), maxVersion)
    assert.is(peer.transport.origin.pskIdentity, 'one')
    assert.is(peer.transport.origin.certificate, undefined)
    client.write('hello')
    await peer.until(() => peer.bytes.length === 5)
  }
})

test('an unknown identity and a wrong key are refused', async () => {
  const pskFile = fileOf('one:00112233445566778899aabbccddeeff\n')
  bench = await Bench.open({ type: 'mqtt', port: 0, tls: { pskFile } })
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const [identity, key] of [
      ['other', '00112233445566778899aabbccddeeff'],
      ['one', '00112233445566778899aabbccddee00'],
    ] as const) {
      bench.lines.length = 0
      const found = await bench.handshake(knowing(identity, key, { maxVersion }))
      assert.type(found.error, 'string')
      await bench.line('TLS handshake failed')
    }
  }
})

test('a client that comes back with its session is known again', async () => {
  const pskFile = fileOf('one:00112233445566778899aabbccddeeff\n')
  bench = await Bench.open({ type: 'mqtt', port: 0, tls: { pskFile } })
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = knowing('one', '00112233445566778899aabbccddeeff', { maxVersion })
    const first = await bench.pair(options)
    first.peer.transport.write(Buffer.from('x'))
    await once(first.client, 'data')
    const session = first.client.getSession()
    const again = await bench.pair({ ...options, session } as ConnectionOptions)
    // In TLS 1.3 every handshake by a pre-shared key counts as resumed.
    assert.is(again.client.isSessionReused(), maxVersion === 'TLSv1.3')
    assert.is(again.peer.transport.origin.pskIdentity, 'one')
  }
})

test('a refresh brings new identities and takes old ones away; connections stay', async () => {
  const pskFile = fileOf('one:00112233445566778899aabbccddeeff\n')
  bench = await Bench.open({ type: 'mqtt', port: 0, tls: { pskFile } })
  const before = await bench.pair(knowing('one', '00112233445566778899aabbccddeeff'))
  writeFileSync(pskFile, 'two:00112233445566778899aabbccddeeff\n')
  await bench.listener.refresh()
  const { peer } = await bench.pair(knowing('two', '00112233445566778899aabbccddeeff'))
  assert.is(peer.transport.origin.pskIdentity, 'two')
  const found = await bench.handshake(knowing('one', '00112233445566778899aabbccddeeff'))
  assert.type(found.error, 'string')
  before.client.write('still here')
  await before.peer.until(() => before.peer.bytes.length === 10)
})

test('a file that everybody may read is warned about', async () => {
  const pskFile = fileOf('one:0011\n', 0o644)
  bench = await Bench.open({ type: 'mqtt', port: 0, tls: { pskFile } })
  assert.equal(bench.lines, [
    {
      level: 'warn',
      message: 'everybody on this machine may read the pre-shared keys',
      facts: { file: pskFile, mode: '0644' },
    },
  ])
})

test.run()
