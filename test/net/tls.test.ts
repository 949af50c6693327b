// Listeners over TLS against clients of node:tls: who gets in, with which certificate, version and
// protocol; what is known of them afterwards; and what a refresh changes and what it leaves alone.

import { once } from 'node:events'
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TlsConfig } from '../../host/config/config.ts'
import { isMissing, temporaryDirectory } from '../process.ts'
import { Bench } from './bench.ts'
import { Authority, openssl, type Pair } from './certificates.ts'

const SUBJECT = '/C=DE/O=Ac\\,me/OU=one/CN=sensor 7/UID=77'
const NAMES =
  'subjectAltName=DNS:a.example,DNS:*.b.example,email:x@y.z,URI:urn:dev:1,IP:10.0.0.1\n' +
  'extendedKeyUsage=clientAuth'

const test = suite('tls')

let authority: Authority
let server: Pair
let client: Pair
let bench: Bench | undefined

async function open(tls: TlsConfig): Promise<Bench> {
  await bench?.close()
  bench = await Bench.open({ type: 'mqtt', port: 0, tls })
  return bench
}

/** Options of a client that trusts the authority and shows a certificate. */
function showing({ certificate, key }: Pair): ConnectionOptions {
  return { ca: authority.pem(), cert: readFileSync(certificate), key: readFileSync(key) }
}

/** The error of a listener that cannot be opened. */
async function refused(tls: TlsConfig): Promise<string> {
  try {
    await open(tls)
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('it was opened')
}

test.before(() => {
  authority = new Authority()
  server = authority.issue('server')
  client = authority.issue('client', { subject: SUBJECT, extension: NAMES })
})
test.after.each(async () => {
  await bench?.close()
  bench = undefined
})

test('bytes go both ways, and the origin says that they are safe', async () => {
  const { listener } = await open(server)
  assert.is(listener.url, `mqtts://127.0.0.1:${listener.port}`)
  const { client: socket, peer } = await (bench as Bench).pair({ ca: authority.pem() })
  socket.write('ping')
  await peer.until(() => peer.bytes.length === 4)
  peer.transport.write(Buffer.from('pong'))
  assert.is(String((await once(socket, 'data'))[0]), 'pong')
  assert.is(peer.transport.remoteAddress, `127.0.0.1:${socket.localPort}`)
  assert.equal(peer.transport.origin, {
    scheme: 'mqtts',
    address: '127.0.0.1',
    isSecure: true,
    certificate: undefined,
    pskIdentity: undefined,
  })
})

test('what is no TLS, and who hangs up in the middle, is one line in the log', async () => {
  const { lines } = await open(server)
  const plain = await (bench as Bench).connect()
  plain.end('\x10\x0c\0\x04MQTT')
  await once(plain, 'close')
  const { facts, level } = await (bench as Bench).line('TLS handshake failed')
  assert.is(level, 'info')
  assert.is(facts.address, '127.0.0.1')
  assert.match(String(facts.reason), /wrong version number|packet length/)
  lines.length = 0
  const half = await (bench as Bench).connect()
  half.end('\x16\x03\x01')
  await (bench as Bench).line('TLS handshake failed')
  assert.is(lines.length, 1)
})

test('a handshake that takes too long is ended', async () => {
  bench = await Bench.open({ type: 'mqtt', port: 0, tls: server }, 30)
  const silent = await bench.connect()
  await once(silent, 'close')
  assert.match(String((await bench.line('TLS handshake failed')).facts.reason), /timeout/)
})

test('1.2 and 1.3 are spoken, or 1.3 only', async () => {
  await open(server)
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await (bench as Bench).client({ ca: authority.pem(), maxVersion: version })
    assert.is(socket.getProtocol(), version)
  }
  await open({ ...server, minVersion: '1.3' })
  const old = await (bench as Bench).handshake({ ca: authority.pem(), maxVersion: 'TLSv1.2' })
  assert.is(old.error, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
})

test('ciphers are those of the configuration', async () => {
  await open({
    ...server,
    ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
    ciphers13: 'TLS_AES_128_GCM_SHA256',
  })
  const ca = authority.pem()
  const old = await (bench as Bench).client({ ca, maxVersion: 'TLSv1.2' })
  assert.is(old.getCipher().name, 'ECDHE-ECDSA-AES128-GCM-SHA256')
  assert.is((await (bench as Bench).client({ ca })).getCipher().name, 'TLS_AES_128_GCM_SHA256')
})

test('mqtt is agreed on by ALPN; none is fine, another is refused', async () => {
  await open(server)
  const ca = authority.pem()
  const named = await (bench as Bench).client({ ca, ALPNProtocols: ['other', 'mqtt'] })
  assert.is(named.alpnProtocol, 'mqtt')
  assert.is((await (bench as Bench).client({ ca })).alpnProtocol, false)
  const other = await (bench as Bench).handshake({ ca, ALPNProtocols: ['other'] })
  assert.is(other.error, 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL')
})

test('the name asked for picks the certificate, a wildcard stands for one label', async () => {
  const a = authority.issue('a.example', { extension: 'subjectAltName=DNS:a.example' })
  const b = authority.issue('b.example', { extension: 'subjectAltName=DNS:*.b.example' })
  await open({
    ...server,
    names: [
      { name: 'a.example', ...a },
      { name: '*.b.example', ...b },
    ],
  })
  const nameOf = async (servername: string): Promise<unknown> => {
    const options = { ca: authority.pem(), servername, checkServerIdentity: () => undefined }
    return (await (bench as Bench).client(options)).getPeerCertificate().subject.CN
  }
  assert.is(await nameOf('a.example'), 'a.example')
  assert.is(await nameOf('A.Example'), 'a.example')
  assert.is(await nameOf('x.b.example'), 'b.example')
  assert.is(await nameOf('x.y.b.example'), 'server')
  assert.is(await nameOf('elsewhere'), 'server')
})

test('a required certificate: none, a stranger’s and an expired one are refused', async () => {
  await open({ ...server, ca: authority.file, clientCertificate: 'required' })
  const ca = authority.pem()
  const stranger = new Authority('Somebody else').issue('stranger')
  const old = authority.issue('old', { days: -1 })
  for (const [options, reason] of [
    [{ ca }, 'peer did not return a certificate'],
    [{ ...showing(stranger) }, 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY|UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [showing(old), 'CERT_HAS_EXPIRED'],
  ] as const) {
    ;(bench as Bench).lines.length = 0
    const found = await (bench as Bench).handshake({ ...options, maxVersion: 'TLSv1.2' })
    if (found.error === undefined) await once(found.client, 'close')
    const { facts } = await (bench as Bench).line('TLS handshake failed')
    assert.match(String(facts.reason), new RegExp(reason))
  }
  const { peer } = await (bench as Bench).pair(showing(client))
  assert.is(peer.transport.origin.certificate?.commonName, 'sensor 7')
})

test('an optional certificate: none is let in, a stranger’s is not', async () => {
  await open({ ...server, ca: authority.file, clientCertificate: 'optional' })
  const { peer } = await (bench as Bench).pair({ ca: authority.pem() })
  assert.is(peer.transport.origin.certificate, undefined)
  const stranger = new Authority('Somebody else').issue('stranger')
  const found = await (bench as Bench).handshake(showing(stranger))
  if (found.error === undefined) await once(found.client, 'close')
  await (bench as Bench).line('TLS handshake failed')
})

test('of a certificate subject, names and fingerprint are known', async () => {
  await open({ ...server, caDirectory: caDirectory(), clientCertificate: 'optional' })
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { client: socket, peer } = await (bench as Bench).pair({ ...showing(client), maxVersion })
    const own = socket.getX509Certificate()?.fingerprint256 ?? ''
    assert.equal(peer.transport.origin.certificate, {
      commonName: 'sensor 7',
      subject: 'UID=77,CN=sensor 7,OU=one,O=Ac\\,me,C=DE',
      alternativeNames: ['a.example', '*.b.example', 'x@y.z', 'urn:dev:1'],
      fingerprint: own.replaceAll(':', '').toLowerCase(),
    })
  }
})

function caDirectory(): string {
  const directory = temporaryDirectory()
  copyFileSync(authority.file, join(directory, 'one.pem'))
  copyFileSync(new Authority('Another').file, join(directory, 'two.pem'))
  return directory
}

test('a resumed session still knows the certificate', async () => {
  await open({ ...server, ca: authority.file, clientCertificate: 'required' })
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = { ...showing(client), maxVersion }
    const first = await (bench as Bench).pair(options)
    let session: unknown = first.client.getSession()
    if (maxVersion === 'TLSv1.3') {
      first.peer.transport.write(Buffer.from('x')) // a ticket comes with the first bytes
      ;[session] = await once(first.client, 'session')
    }
    const resuming = { ...options, session } as ConnectionOptions
    const again = await (bench as Bench).pair(resuming)
    assert.is(again.client.isSessionReused(), true)
    assert.is(again.peer.transport.origin.certificate?.commonName, 'sensor 7')
  }
})

test('dates are ignored where the listener says so, signatures are not', async () => {
  const tls: TlsConfig = { ...server, ca: authority.file, ignoreClientDates: true }
  await open({ ...tls, clientCertificate: 'required' })
  const old = authority.issue('outdated', { days: -1 })
  const { peer } = await (bench as Bench).pair(showing(old))
  assert.is(peer.transport.origin.certificate?.commonName, 'outdated')
  const stranger = new Authority('Test authority').issue('liar', { days: -1 })
  for (const options of [showing(stranger), { ca: authority.pem() }]) {
    ;(bench as Bench).lines.length = 0
    const found = await (bench as Bench).handshake(options)
    if (found.error === undefined) await once(found.client, 'close')
    await (bench as Bench).line('TLS handshake failed')
  }
})

test('a revoked certificate is refused, after a refresh also a resumed session', async () => {
  const files = new Authority()
  const good = files.issue('good')
  const bad = files.issue('bad')
  const own = files.issue('own')
  const late = files.issue('late')
  const ca = files.file
  await open({ ...own, ca, crl: files.revoke(bad), clientCertificate: 'required' })
  const showingTo = (pair: Pair): ConnectionOptions => ({ ...showing(pair), ca: files.pem() })
  await (bench as Bench).pair(showingTo(good))
  const options = { ...showingTo(late), maxVersion: 'TLSv1.2' } as const
  const before = await (bench as Bench).pair(options)
  for (const revoked of [bad, late]) {
    if (revoked === late) files.revoke(late)
    await (bench as Bench).listener.refresh()
    ;(bench as Bench).lines.length = 0
    const session = revoked === late ? before.client.getSession() : undefined
    const all = { ...options, ...showingTo(revoked), session } as ConnectionOptions
    const found = await (bench as Bench).handshake(all)
    if (found.error === undefined) await once(found.client, 'close')
    const { facts } = await (bench as Bench).line('TLS handshake failed')
    assert.is(facts.reason, 'CERT_REVOKED')
  }
  await (bench as Bench).pair(showingTo(good))
  before.client.write('still here')
  await before.peer.until(() => before.peer.bytes.length === 10)
})

test('a refresh shows the new certificate to new connections', async () => {
  const files = copyOf(server)
  const { listener } = await open(files)
  const before = await (bench as Bench).pair({ ca: authority.pem() })
  replace(files, authority.issue('renewed'))
  await listener.refresh()
  const after = await (bench as Bench).client({ ca: authority.pem() })
  assert.is(after.getPeerCertificate().subject.CN, 'renewed')
  assert.is(before.client.getPeerCertificate().subject.CN, 'server')
  before.client.write('still here')
  await before.peer.until(() => before.peer.bytes.length === 10)
})

test('files that change are read again without being asked', async () => {
  const files = copyOf(server)
  await open(files)
  replace(files, authority.issue('replaced'))
  await (bench as Bench).line('certificates read again')
  const after = await (bench as Bench).client({ ca: authority.pem() })
  assert.is(after.getPeerCertificate().subject.CN, 'replaced')
})

test('a refresh of broken files names file and reason and changes nothing', async () => {
  const files = copyOf(server)
  const { listener } = await open(files)
  const failing = (pattern: RegExp): void => {
    assert.throws(
      () => listener.refresh(),
      (error: Error) => pattern.test(error.message),
    )
  }
  copyFileSync(authority.issue('other').key, files.key)
  failing(/^\S+own\.key: does not belong to the certificate in \S+own\.pem$/)
  writeFileSync(files.key, 'nonsense')
  failing(/^\S+own\.key: is not a private key/)
  writeFileSync(files.certificate, '')
  failing(/^\S+own\.pem: expected PEM blocks of CERTIFICATE, got none$/)
  const socket = await (bench as Bench).client({ ca: authority.pem() })
  assert.is(socket.getPeerCertificate().subject.CN, 'server')
})

function copyOf(pair: Pair): Pair {
  const directory = temporaryDirectory()
  const files = { certificate: join(directory, 'own.pem'), key: join(directory, 'own.key') }
  replace(files, pair)
  return files
}

function replace(files: Pair, by: Pair): void {
  copyFileSync(by.key, files.key)
  copyFileSync(by.certificate, files.certificate)
}

test('a key with a passphrase', async () => {
  const key = join(authority.directory, 'secret.key')
  const keyPassphraseFile = join(authority.directory, 'passphrase')
  const words = ['ec', '-in', server.key, '-aes128', '-passout', 'pass:open sesame', '-out', key]
  openssl(authority.directory, words)
  writeFileSync(keyPassphraseFile, 'open sesame\n', { mode: 0o600 })
  await open({ ...server, key, keyPassphraseFile })
  await (bench as Bench).client({ ca: authority.pem() })
  writeFileSync(keyPassphraseFile, 'wrong\n')
  const message = await refused({ ...server, key, keyPassphraseFile })
  assert.match(message, /secret\.key: is not a private key/)
  assert.not.match(message, /wrong$/)
})

test('a key that everybody may read is warned about', async () => {
  const files = copyOf(server)
  chmodSync(files.key, 0o600)
  const { lines, listener } = await open(files)
  assert.equal(lines, [])
  chmodSync(files.key, 0o644)
  await listener.refresh()
  assert.equal(lines[0], {
    level: 'warn',
    message: 'everybody on this machine may read the private key',
    facts: { file: files.key, mode: '0644' },
  })
})

test('contradictions and missing files stop the start', async () => {
  const missing = join(authority.directory, 'nowhere.pem')
  const { certificate, key } = server
  for (const [tls, message] of [
    [{}, 'tls: expected either certificate and key or pskFile'],
    [{ certificate }, 'tls: certificate is given without the other half'],
    [{ key }, 'tls: key is given without the other half'],
    [{ certificate: missing, key }, `${missing}: there is no such file`],
    [{ ...server, clientCertificate: 'required' }, 'needs ca or caDirectory'],
    [{ ...server, ca: missing }, `${missing}: there is no such file`],
    [{ ...server, ca: key }, `${key}: expected PEM blocks of CERTIFICATE, got none`],
    [{ ...server, crl: certificate }, `${certificate}: expected PEM blocks of X509 CRL, got none`],
    [{ ...server, ciphers: 'NONSENSE' }, 'no cipher match'],
    [{ ...server, pskFile: missing }, 'tls: expected either'],
  ] as [TlsConfig, string][]) {
    const got = await refused(tls)
    assert.ok(got.includes(message), `${got} is not ${message}`)
  }
})

if (!isMissing('openssl')) test.run()
