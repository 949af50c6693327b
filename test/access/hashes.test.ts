// Password hashes: the vectors of Mosquitto, RFC 7914 and the argon2 reference, what is refused,
// and that Debian's Mosquitto and we read each other's files.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  DEFAULT_SCHEME,
  HASH_SCHEMES,
  type HashScheme,
  hashPassword,
  parseHash,
  verifyPassword,
} from '../../host/access/hashes.ts'
import { parsePasswordFile } from '../../host/access/passwordFile.ts'
import { isMissing, run, startMosquitto, stopAll, temporaryDirectory } from '../process.ts'

const SALT_64 =
  'h0tqVxBwkB9rKAXukTtffzdbBQtNy1q5FBTDwSW4hucfjpqunBbxW10NVnRk7Cfh0lQndnOv2+k4wJavgz1JNw=='
const KEY_64 =
  '02ujkUXlKkJGFzlQHNjUgXwG3XRB1mr3vs8NX5teGCJGbN4hdgSpHNHuj47j8r5SHXsO7GeHpmkpPNhLraVVcQ=='
const KEY_6 =
  'Cv2wUxgEN73c6C6jlBkswqR4AkHsvDLWvtEXZZ8NpsBLgP1WAo/qA+WXcmEN/mjDNgdUwcxRAveqNMs2xUVQYA=='

/** A PHC string's base64 of hex digits. */
function bare(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64').replace(/=+$/, '')
}

const VECTORS: { from: string; password: string; hash: string }[] = [
  {
    from: 'mosquitto $6$, salt of 12 bytes',
    password: 'password',
    hash: `$6$clQ4Ocu312S0qWgl$${KEY_6}`,
  },
  {
    from: 'mosquitto $7$, salt of 64 bytes',
    password: 'password',
    hash: `$7$1000$${SALT_64}$${KEY_64}`,
  },
  {
    from: 'mosquitto $7$, another of 64 bytes',
    password: 'test',
    hash: '$7$1000$97ozvObcN5zP4MGzYUw4uRp8+mPQbThrHOX69vdHHNVwV4iZf2K2X23FS7weilZMKeV+9oLHdilybmpXcFApYg==$WlM0jUhsiQNQJe4IDt5K1rmtAdaenWGdntswJmDkp74W9pdrt/+RdIK3YaJ09o3pD1xbtokXq933bQh+CrjA4Q==',
  },
  {
    from: 'mosquitto 2.0 style $7$, salt 00..0b',
    password: 'password',
    hash: '$7$101$AAECAwQFBgcICQoL$DEO14ViPofBJRJpN8uZINnuFUWj8eUeWhlyZ2QOQ+5LgiM0kGXMwv2HwhIvlBQTsHkd+uve2/GFOr/KZ8Y/8Hw==',
  },
  {
    from: 'the argon2 reference, t=2 m=2^16 p=1',
    password: 'password',
    hash: `$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$${bare('09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7')}`,
  },
  {
    from: 'RFC 7914, N=2^14 r=8 p=1',
    password: 'pleaseletmein',
    hash: `$scrypt$ln=14,r=8,p=1$${Buffer.from('SodiumChloride').toString('base64').replace(/=/g, '')}$${bare('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887')}`,
  },
]

/** `schemes` written fresh: the shape of the text. */
const SHAPES: Record<HashScheme, RegExp> = {
  sha512: /^\$6\$[\w+/]{16}\$[\w+/]{86}==$/,
  'sha512-pbkdf2': /^\$7\$10000\$[\w+/]{16}\$[\w+/]{86}==$/,
  argon2id: /^\$argon2id\$v=19\$m=47104,t=1,p=1\$[\w+/]{86}\$[\w+/]{86}$/,
  scrypt: /^\$scrypt\$ln=14,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/,
}

const BROKEN: [hash: string, reason: string][] = [
  ['', 'the hash is missing'],
  ['secret', 'not a hash: expected one that begins with $6$, $7$, $argon2id$ or $scrypt$'],
  ['x$6$a$b', 'not a hash: expected one that begins with $6$, $7$, $argon2id$ or $scrypt$'],
  ['$6', 'not a hash: expected one that begins with $6$, $7$, $argon2id$ or $scrypt$'],
  ['$5$a$b', 'unknown kind of hash $5$: expected $6$, $7$, $argon2id$ or $scrypt$'],
  ['$6$clQ4Ocu312S0qWgl', 'expected $6$SALT$HASH'],
  [`$6$clQ4Ocu312S0qWg$${KEY_6}`, 'the salt is not base64'],
  [`$6$clQ4Ocu312S0qWg%$${KEY_6}`, 'the salt is not base64'],
  [`$6$clQ4Ocu312S0$${KEY_6}`, 'the salt has 9 bytes: expected 12 or 64'],
  ['$6$clQ4Ocu312S0qWgl$AAAA', 'the hash has 3 bytes: expected 64'],
  [`$6$clQ4Ocu312S0qWgl$${KEY_6.slice(0, -2)}`, 'the hash is not base64'],
  [`$7$${SALT_64}$${KEY_64}`, 'expected $7$ITERATIONS$SALT$HASH'],
  [`$7$0$${SALT_64}$${KEY_64}`, 'iterations: expected 1 to 2147483647, got 0'],
  [`$7$1e3$${SALT_64}$${KEY_64}`, 'iterations: expected 1 to 2147483647, got 1e3'],
  ['$argon2id$v=16$m=65536,t=2,p=1$c29tZXNhbHQ$x', 'argon2id: expected v=19, got v=16'],
  ['$argon2id$v=19$m=65536,p=1$c29tZXNhbHQ$x', 'argon2id: expected m=,t=,p=, got m=65536,p=1'],
  ['$argon2id$v=19$m=9999999,t=1,p=1$AA$x', 'm: expected 8 to 1048576, got 9999999'],
  ['$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA', 'the salt has 3 bytes: expected 8 or more'],
  ['$scrypt$ln=14,r=8$AAAA$AAAA', 'scrypt: expected ln=,r=,p=, got ln=14,r=8'],
  ['$scrypt$ln=24,r=8,p=1$AAAA$AAAA', 'scrypt: ln=24,r=8,p=1 needs more than 1 GiB of memory'],
  ['$scrypt$ln=14,r=8,p=1$AAAAAAAAAAAA$AAAA', 'the hash has 3 bytes: expected 16 to 128'],
]

const tests = suite('password hashes')
tests.after.each(stopAll)

for (const { from, password, hash } of VECTORS) {
  tests(`the vector of ${from} is verified, and another password is not`, async () => {
    assert.is(await verifyPassword(Buffer.from(password), hash), true)
    assert.is(await verifyPassword(Buffer.from(`${password} `), hash), false)
    assert.is(await verifyPassword(Buffer.alloc(0), hash), false)
  })
}

for (const scheme of HASH_SCHEMES) {
  tests(
    `${scheme}: what is written has its shape, a salt of its own, and is verified`,
    async () => {
      const password = Buffer.from([0x70, 0x00, 0xff, 0xc3, 0xb6])
      const hash = await hashPassword(password, scheme)
      assert.match(hash, SHAPES[scheme])
      assert.is(parseHash(hash).scheme, scheme)
      assert.is.not(await hashPassword(password, scheme), hash)
      assert.is(await verifyPassword(password, hash), true)
      assert.is(await verifyPassword(Buffer.from('other'), hash), false)
    },
  )
}

for (const [hash, reason] of BROKEN) {
  tests(`${JSON.stringify(hash.slice(0, 50))} is refused: ${reason}`, () => {
    assert.throws(
      () => parseHash(hash),
      (error: Error) => error.message === reason,
    )
  })
}

tests('iterations are those asked for, and have to be a number of rounds', async () => {
  const hash = await hashPassword(Buffer.from('x'), 'sha512-pbkdf2', { iterations: 7 })
  assert.match(hash, /^\$7\$7\$/)
  assert.is(await verifyPassword(Buffer.from('x'), hash), true)
  const passes = await hashPassword(Buffer.from('x'), 'argon2id', { iterations: 2 })
  assert.match(passes, /,t=2,/)
  for (const iterations of [0, -1, 1.5, Number.NaN, 2 ** 31]) {
    const refused = hashPassword(Buffer.from('x'), 'sha512-pbkdf2', { iterations })
    assert.instance(await refused.catch((error) => error), RangeError)
  }
})

for (const scheme of ['sha512', 'sha512-pbkdf2'] as const) {
  tests(`mosquitto_passwd -H ${scheme}: its file is verified`, async () => {
    if (isMissing('mosquitto_passwd')) return
    const file = join(temporaryDirectory(), 'passwords')
    const program = run('mosquitto_passwd', ['-H', scheme, '-c', '-b', file, 'röger', 'pass wörd'])
    assert.is(await program.untilExit(), 0, program.stderr)
    const users = parsePasswordFile(readFileSync(file, 'utf8'), file)
    assert.equal([...users.keys()], ['röger'])
    const hash = users.get('röger') as string
    assert.is(parseHash(hash).scheme, scheme)
    assert.is(await verifyPassword(Buffer.from('pass wörd'), hash), true)
    assert.is(await verifyPassword(Buffer.from('pass word'), hash), false)
  })
}

tests('Mosquitto 2.0 accepts what the default and $6$ write', async () => {
  if (isMissing('mosquitto', 'mosquitto_pub')) return
  const file = join(temporaryDirectory(), 'passwords')
  const password = Buffer.from('pass wörd')
  const lines = [
    `one:${await hashPassword(password)}`,
    `two:${await hashPassword(password, DEFAULT_SCHEME, { iterations: 101 })}`,
    `three:${await hashPassword(password, 'sha512')}`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  const user = process.getuid?.() === 0 ? ['user root'] : []
  const broker = await startMosquitto([...user, `password_file ${file}`, 'allow_anonymous false'])
  const publish = async (name: string, word: string): Promise<unknown> => {
    const at = ['-p', `${broker.port}`, '-t', 'a', '-n', '-u', name, '-P', word]
    return run('mosquitto_pub', at).untilExit()
  }
  for (const name of ['one', 'two', 'three']) {
    assert.is(await publish(name, 'pass wörd'), 0, name)
    assert.is(await publish(name, 'pass word'), 5, name)
  }
})

tests.run()
