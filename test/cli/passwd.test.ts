// `wasmqtt passwd`: mosquitto_passwd's options on real files; what the hashes are is tested with
// the hashes.

import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyPassword } from '../../host/access/hashes.ts'
import { parsePasswordFile } from '../../host/access/passwordFile.ts'
import { makeCredential, parseCredentials } from '../../host/access/scram.ts'
import { isMissing, run, startMosquitto, stopAll, temporaryDirectory } from '../process.ts'
import { endClients, type Outcome, startMain } from './kit.ts'

const HASH =
  '$6$clQ4Ocu312S0qWgl$Cv2wUxgEN73c6C6jlBkswqR4AkHsvDLWvtEXZZ8NpsBLgP1WAo/qA+WXcmEN/mjDNgdUwcxRAveqNMs2xUVQYA=='

const tests = suite('wasmqtt passwd')
tests.after.each(async () => {
  await endClients()
  await stopAll()
})

function passwd(words: string[], input = ''): Promise<Outcome> {
  return startMain('passwd', ...words)
    .feed(input)
    .ended()
}

/** A run that must succeed, silently. */
async function done(words: string[], input = ''): Promise<void> {
  assert.equal(await passwd(words, input), { code: 0, stdout: '', stderr: '' })
}

/** A run that must fail with this line, and leave the file as it is. */
async function refused(words: string[], error: string, input = ''): Promise<void> {
  assert.equal(await passwd(words, input), { code: 1, stdout: '', stderr: `${error}\n` })
}

function fileOf(text?: string): string {
  const file = join(temporaryDirectory(), 'passwords')
  if (text !== undefined) writeFileSync(file, text)
  return file
}

/** Names in order; every one of them is verified with its password. */
async function namesOf(file: string, passwords: Record<string, string>): Promise<string[]> {
  const users = parsePasswordFile(readFileSync(file, 'utf8'), file)
  for (const [name, hash] of users) {
    assert.ok(await verifyPassword(Buffer.from(`${passwords[name]}`), hash), name)
  }
  return [...users.keys()]
}

tests('-c makes a file of mode 0600; -b adds, replaces in place; -D deletes', async () => {
  const file = fileOf()
  await done(['-c', '-b', file, 'a', 'first'])
  assert.is(statSync(file).mode & 0o777, 0o600)
  await done(['-b', file, 'b', 'second'])
  await done(['-b', file, 'a', 'third'])
  assert.equal(await namesOf(file, { a: 'third', b: 'second' }), ['a', 'b'])
  await done(['-D', file, 'a'])
  assert.equal(await namesOf(file, { b: 'second' }), ['b'])
  await done(['-c', '-b', file, 'new', 'pw'])
  assert.equal(await namesOf(file, { new: 'pw' }), ['new'])
  assert.equal(readdirSync(dirname(file)), ['passwords'])
})

tests('comments, other lines and the mode stay; a link is followed', async () => {
  const file = fileOf(`# one\n\nno user\nold:${HASH}\n`)
  const link = join(temporaryDirectory(), 'link')
  symlinkSync(file, link)
  chmodSync(file, 0o640)
  await done(['-b', link, 'new', 'pw'])
  const lines = readFileSync(file, 'utf8').split('\n')
  assert.equal(lines.slice(0, 4), ['# one', '', 'no user', `old:${HASH}`])
  assert.match(`${lines[4]}`, /^new:\$7\$10000\$/)
  assert.equal(lines.slice(5), [''])
  assert.is(statSync(file).mode & 0o777, 0o640)
  assert.equal(readdirSync(dirname(link)), ['link'])
})

tests('the password is read from standard input, once or twice', async () => {
  const file = fileOf('')
  await done([file, 'a'], 'once')
  await done([file, 'b'], 'twice\ntwice\n')
  assert.equal(await namesOf(file, { a: 'once', b: 'twice' }), ['a', 'b'])
  await refused([file, 'c'], 'wasmqtt: passwd: the passwords do not match', 'one\nother\n')
  await refused([file, 'c'], 'wasmqtt: passwd: the password is empty', '\n')
})

tests('-H and -I choose the hash', async () => {
  const file = fileOf('')
  await done(['-H', 'sha512', '-b', file, 'a', 'pw'])
  await done(['-H', 'sha512-pbkdf2', '-I', '101', '-b', file, 'b', 'pw'])
  await done(['-H', 'argon2id', '-b', file, 'c', 'pw'])
  await done(['-H', 'scrypt', '-b', file, 'd', 'pw'])
  const starts = readFileSync(file, 'utf8').split('\n')
  assert.match(`${starts[0]}`, /^a:\$6\$/)
  assert.match(`${starts[1]}`, /^b:\$7\$101\$/)
  assert.match(`${starts[2]}`, /^c:\$argon2id\$v=19\$m=47104,t=1,p=1\$/)
  assert.match(`${starts[3]}`, /^d:\$scrypt\$ln=14,r=8,p=1\$/)
  const passwords = { a: 'pw', b: 'pw', c: 'pw', d: 'pw' }
  assert.equal(await namesOf(file, passwords), ['a', 'b', 'c', 'd'])
})

tests('-U hashes plain passwords and leaves hashes as they are', async () => {
  const file = fileOf(`# plain\na:secret\nb:${HASH}\n`)
  await done(['-U', file])
  assert.equal(await namesOf(file, { a: 'secret', b: 'password' }), ['a', 'b'])
  assert.is(readFileSync(file, 'utf8').split('\n')[2], `b:${HASH}`)
})

tests('what cannot be done is told in one line, and the file stays', async () => {
  const file = fileOf(`a:${HASH}\n`)
  const missing = join(temporaryDirectory(), 'missing')
  const cases: [words: string[], error: string][] = [
    [['-b', file, 'a:b', 'x'], "wasmqtt: passwd: the username must not contain ':'"],
    [['-b', file, '', 'x'], 'wasmqtt: passwd: the username is empty'],
    [['-b', file, 'a'], 'wasmqtt: passwd: -b needs the password behind the username'],
    [[file, 'a', 'x'], 'wasmqtt: passwd: a password on the command line needs -b'],
    [['-D', file, 'z'], 'wasmqtt: passwd: user "z" is not in the file'],
    [['-c', '-D', file, 'a'], 'wasmqtt: passwd: -c and -D cannot be used together'],
    [['-b', missing, 'a', 'x'], `wasmqtt: passwd: ${missing}: no such file; -c makes one`],
    [[], "wasmqtt passwd: missing required argument 'file'"],
  ]
  await Promise.all(cases.map(([words, error]) => refused(words, error)))
  assert.is(readFileSync(file, 'utf8'), `a:${HASH}\n`)
})

tests('Mosquitto 2.0 accepts the file of the default, and extends it', async () => {
  if (isMissing('mosquitto', 'mosquitto_passwd', 'mosquitto_pub')) return
  const file = fileOf()
  await done(['-c', '-b', file, 'ours', 'one'])
  const theirs = run('mosquitto_passwd', ['-b', file, 'theirs', 'two'])
  assert.is(await theirs.untilExit(), 0, theirs.stderr)
  assert.equal(await namesOf(file, { ours: 'one', theirs: 'two' }), ['ours', 'theirs'])
  const user = process.getuid?.() === 0 ? ['user root'] : []
  const lines = [...user, `password_file ${file}`, 'allow_anonymous false']
  const broker = await startMosquitto(lines)
  const publish = async (name: string, word: string): Promise<unknown> =>
    run('mosquitto_pub', [
      '-p',
      `${broker.port}`,
      '-t',
      'a',
      '-n',
      '-u',
      name,
      '-P',
      word,
    ]).untilExit()
  assert.is(await publish('ours', 'one'), 0)
  assert.is(await publish('ours', 'two'), 5)
  assert.is(await publish('theirs', 'two'), 0)
})

tests('SCRAM credentials: one line for each user and method', async () => {
  const file = fileOf()
  await done(['-b', '-c', '-H', 'scram-sha-256', file, 'a', 'one'])
  await done(['-b', '-H', 'scram-sha-512', '-I', '5000', file, 'a', 'one'])
  await done(['-b', '-H', 'scram-sha-256', file, 'b', 'two'])
  const before = parseCredentials(readFileSync(file, 'utf8'), file)
  await done(['-b', '-H', 'scram-sha-256', file, 'a', 'other'])
  const after = parseCredentials(readFileSync(file, 'utf8'), file)
  assert.equal([...after.keys()], ['a', 'b'])
  assert.equal([...(after.get('a')?.keys() ?? [])], ['SCRAM-SHA-256', 'SCRAM-SHA-512'])
  assert.equal(after.get('a')?.get('SCRAM-SHA-512'), before.get('a')?.get('SCRAM-SHA-512'))
  assert.is(after.get('a')?.get('SCRAM-SHA-512')?.iterations, 5000)
  assert.equal(after.get('b'), before.get('b'))
  const changed = after.get('a')?.get('SCRAM-SHA-256')
  assert.ok(changed)
  const { iterations, method, salt } = changed
  assert.equal(await makeCredential('other', method, iterations, salt), changed)
})

tests.run()
