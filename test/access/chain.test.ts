// The authentication chain through real sockets: password files, tokens, the HTTP hook, SCRAM, and
// the order they are asked in. Each broker is made of a configuration, as a file would give it.

import { createHmac, generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { exportJWK, SignJWT } from 'jose'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { hashPassword } from '../../host/access/hashes.ts'
import {
  formatCredential,
  makeCredential,
  parseCredentials,
  Scram,
} from '../../host/access/scram.ts'
import type { Config } from '../../host/config/config.ts'
import type { Connect } from '../client.ts'
import { temporaryDirectory } from '../process.ts'
import { inWorld, type World } from './world.ts'

const test = suite('authentication chain')
const REFUSED = 0x87

function fileOf(text: string): string {
  const file = join(temporaryDirectory(), 'file')
  writeFileSync(file, text, { mode: 0o600 })
  return file
}

test('nobody comes in where nobody is known and nothing is open', () =>
  inWorld({}, async (world) => {
    assert.is(await world.knock(), REFUSED)
    assert.is(await world.knock('u', 'p'), REFUSED)
  }))

test('an open listener without authentication takes any user name', () =>
  inWorld({ anonymous: true }, async (world) => {
    assert.is(await world.knock(), 0)
    assert.is(await world.knock('anybody', 'whatever'), 0)
  }))

test('a password file: each scheme, wrong passwords, users it does not have, nobody', async () => {
  const lines = await Promise.all(
    (['sha512', 'sha512-pbkdf2', 'argon2id', 'scrypt'] as const).map(
      async (scheme) => `${scheme}:${await hashPassword(Buffer.from('right'), scheme)}\n`,
    ),
  )
  const file = fileOf(lines.join(''))
  const config: Config = { authentication: [{ type: 'password-file', file }] }
  await inWorld(config, async (world) => {
    for (const scheme of ['sha512', 'sha512-pbkdf2', 'argon2id', 'scrypt']) {
      assert.is(await world.knock(scheme, 'right'), 0, scheme)
      assert.is(await world.knock(scheme, 'right'), 0, `${scheme}, remembered`)
      assert.is(await world.knock(scheme, 'wrong'), REFUSED, scheme)
      assert.is(await world.knock(scheme), REFUSED, `${scheme} without a password`)
    }
    assert.is(await world.knock('other', 'right'), REFUSED)
    assert.is(await world.knock(), REFUSED)
    writeFileSync(file, `new:${await hashPassword(Buffer.from('fresh'), 'sha512')}\n`)
    await world.manager.refresh()
    assert.is(await world.knock('new', 'fresh'), 0)
    assert.is(await world.knock('sha512', 'right'), REFUSED)
    writeFileSync(file, 'broken:line\n')
    const error = await world.manager.refresh().catch((failure: Error) => failure)
    assert.match(String(error), `${file}:1:`)
    assert.is(await world.knock('new', 'fresh'), 0, 'a broken file changes nothing')
  })
})

test('with anonymous clients allowed beside a password file, a wrong password is still wrong', async () => {
  const hash = await hashPassword(Buffer.from('p'), 'sha512')
  const authentication = [{ type: 'password-file' as const, file: fileOf(`u:${hash}\n`) }]
  await inWorld({ anonymous: true, authentication }, async (world) => {
    assert.is(await world.knock(), 0)
    assert.is(await world.knock('u', 'p'), 0)
    assert.is(await world.knock('u', 'q'), REFUSED)
    assert.is(await world.knock('v', 'p'), REFUSED)
  })
})

test('a reload with one broken file changes nothing, whichever is read first', async () => {
  const user = async (name: string, password: string) =>
    `${name}:${await hashPassword(Buffer.from(password), 'sha512')}\n`
  const file = fileOf(await user('u', 'old'))
  const aclFile = fileOf('topic readwrite a\n')
  const config: Config = {
    authentication: [{ type: 'password-file', file }],
    authorization: { aclFile },
  }
  await inWorld(config, async (world) => {
    writeFileSync(file, await user('u', 'new'))
    writeFileSync(aclFile, 'topic maybe a\n')
    const listeners = [{ type: 'mqtt', host: '127.0.0.1', port: 0 }] as const
    const error = `${aclFile}:1: expected`
    assert.throws(
      () => world.manager.reload({ ...config, limits: { connectRate: 1 } }, listeners),
      (failure: Error) => failure.message.startsWith(error),
    )
    const refused = await world.manager.refresh().catch((failure: Error) => failure)
    assert.match(String(refused), error)
    assert.is(await world.knock('u', 'new'), REFUSED)
    assert.is(await world.knock('u', 'old'), 0)
    writeFileSync(aclFile, 'topic readwrite b\n')
    world.manager.reload(config, listeners)
    assert.is(await world.knock('u', 'old'), REFUSED)
    assert.is(await world.knock('u', 'new'), 0)
  })
})

/** A token for user `u`, valid for an hour. */
function token(claims: Record<string, unknown> = {}): SignJWT {
  return new SignJWT({ sub: 'u', ...claims }).setExpirationTime('1h')
}

test('tokens with a shared secret: signature, expiry, issuer, audience, claims, foreign algorithms', async () => {
  const secret = 'a secret of at least thirty-two bytes'
  const key = Buffer.from(secret)
  const jwt = { secret, issuer: 'i', audience: 'a', usernameClaim: 'sub', clientIdClaim: 'cid' }
  await inWorld({ authentication: [{ type: 'jwt', ...jwt }] }, async (world) => {
    const good = () => token({ cid: 'c' }).setIssuer('i').setAudience('a')
    const sign = (jwt: SignJWT, by = key, alg = 'HS256') => jwt.setProtectedHeader({ alg }).sign(by)
    const knock = async (text: string, user = 'u', clientId = 'c') =>
      world.knock(user, text, { clientId })
    assert.is(await knock(await sign(good())), 0)
    assert.is(await knock(await sign(good()), 'v'), REFUSED, 'another user')
    assert.is(await knock(await sign(good()), 'u', 'd'), REFUSED, 'another client')
    assert.is(await knock(await sign(good(), Buffer.from('x'.repeat(32)))), REFUSED, 'another key')
    assert.is(await knock(await sign(good().setIssuer('j'))), REFUSED, 'another issuer')
    assert.is(await knock(await sign(good().setAudience('b'))), REFUSED, 'another audience')
    assert.is(await knock(await sign(good().setExpirationTime(1000))), REFUSED, 'expired')
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`
    assert.is(await knock(none), REFUSED, 'not signed')
    assert.is(await knock('no token'), REFUSED, 'not a token')
  })
})

test('tokens with public keys: RSA, EC, Ed25519, from PEM and JWKS', async () => {
  const pairs = [
    { alg: 'RS256', pair: generateKeyPairSync('rsa', { modulusLength: 2048 }) },
    { alg: 'ES256', pair: generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
    { alg: 'EdDSA', pair: generateKeyPairSync('ed25519') },
  ]
  for (const { alg, pair } of pairs) {
    const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }) as string
    const jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg }] }
    const sources = [{ publicKeyFile: fileOf(pem) }, { jwksFile: fileOf(JSON.stringify(jwks)) }]
    const text = await token().setProtectedHeader({ alg, kid: 'k' }).sign(pair.privateKey)
    for (const source of sources) {
      await inWorld({ authentication: [{ type: 'jwt', ...source }] }, async (world) => {
        assert.is(await world.knock('u', text), 0, alg)
        const forged = await token()
          .setProtectedHeader({ alg: 'HS256', kid: 'k' })
          .sign(Buffer.from(pem))
        assert.is(await world.knock('u', forged), REFUSED, 'a public key as a secret')
      })
    }
  }
})

test('the rules of a token are all its client may do, and its expiry ends the connection', async () => {
  let now = Date.now()
  const secret = 'another secret of thirty-two bytes'
  await inWorld(
    { authentication: [{ type: 'jwt', secret }] },
    async (world) => {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of rules
      const acl = { pub: ['out/${username}'], sub: ['in/#'] }
      const text = await new SignJWT({ sub: 'u', acl })
        .setProtectedHeader({ alg: 'HS256' })
        .setExpirationTime(Math.floor(now / 1000) + 60)
        .sign(Buffer.from(secret))
      const client = await world.open()
      await client.handshake({ username: 'u', password: Buffer.from(text) })
      const [own] = await client.publish({ topic: 'out/u', qos: 1 })
      const [other] = await client.publish({ topic: 'out/v', qos: 1 })
      assert.is(own?.reasonCode, 0x10)
      assert.is(other?.reasonCode, REFUSED)
      const filters = ['in/a', 'in/#', '#', 'out/u'].map((topic) => ({ topic, qos: 0 as const }))
      assert.equal((await client.subscribe(filters)).granted, [0, 0, REFUSED, REFUSED])
      now += 61_000
      world.broker.tick()
      const [end] = await client.closed
      assert.is((end as { reasonCode?: number }).reasonCode, REFUSED)
    },
    { clock: () => now },
  )
})

test('the HTTP hook decides, its answers are remembered, and no answer is a no', async () => {
  const asked: { action: string; username?: string; topic?: string }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const question = JSON.parse(body)
    asked.push(question)
    if (question.username === 'broken') return void response.writeHead(500).end()
    if (question.username === 'odd') return void response.end('[]')
    const isGood =
      question.action === 'connect' ? question.password === 'p' : question.topic === 'yes'
    const result = question.username === 'stranger' ? 'ignore' : isGood ? 'allow' : 'deny'
    response.end(JSON.stringify({ result }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const config: Config = {
    authentication: [{ type: 'http', url }],
    authorization: { http: { url } },
  }
  await inWorld(config, async (world) => {
    const client = await world.open()
    const { reasonCode } = await client.handshake({ username: 'u', password: Buffer.from('p') })
    assert.is(reasonCode, 0)
    for (const round of [1, 2]) {
      const acks = ['yes', 'no'].map((topic) =>
        client.publish({ topic, qos: 1, payload: `${round}` }),
      )
      const codes = (await Promise.all(acks)).map(([ack]) => ack?.reasonCode)
      assert.equal(codes, [0x10, REFUSED])
    }
    assert.equal(
      (
        await client.subscribe([
          { topic: 'yes', qos: 1 },
          { topic: 'no', qos: 1 },
        ])
      ).granted,
      [1, REFUSED],
    )
    assert.is(asked.length, 5, 'each question once')
    assert.is(await world.knock('u', 'p'), 0)
    assert.is(asked.length, 6, 'another client identifier is another question')
    assert.is(await world.knock('u', 'wrong'), REFUSED)
    for (const name of ['broken', 'odd', 'stranger']) {
      assert.is(await world.knock(name, 'p'), REFUSED, name)
    }
    await new Promise((resolve) => server.close(resolve).closeAllConnections())
    assert.is(await world.knock('u2', 'p'), REFUSED, 'nobody answers')
  })
})

test('SCRAM-SHA-256: the exchange of RFC 7677 section 3', async () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
  const credential = await makeCredential('pencil', 'SCRAM-SHA-256', 4096, salt)
  const line = formatCredential(credential)
  assert.equal(
    parseCredentials(`user:${line}\n`, 'f').get('user')?.get('SCRAM-SHA-256'),
    credential,
  )
  assert.is(
    line,
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  )
})

/** The client's side of SCRAM, written from RFC 5802 for the test. */
async function answerScram(user: string, password: string, hash: string, first: string) {
  const parts = Object.fromEntries(first.split(',').map((part) => [part[0], part.slice(2)]))
  const { pbkdf2Sync, createHash } = await import('node:crypto')
  const bytes = createHash(hash).digest().length
  const salted = pbkdf2Sync(
    password,
    Buffer.from(parts.s as string, 'base64'),
    Number(parts.i),
    bytes,
    hash,
  )
  const hmac = (key: Buffer, text: string) => createHmac(hash, key).update(text).digest()
  const clientKey = hmac(salted, 'Client Key')
  const stored = createHash(hash).update(clientKey).digest()
  const bare = `n=${user},r=abc`
  const final = `c=biws,r=${parts.r}`
  const message = `${bare},${first},${final}`
  const signature = hmac(stored, message)
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] as number)))
  const verifier = hmac(hmac(salted, 'Server Key'), message).toString('base64')
  return { final: `${final},p=${proof.toString('base64')}`, verifier }
}

async function scram(
  world: World,
  method: string,
  user: string,
  password: string,
): Promise<number> {
  const hash = method === 'SCRAM-SHA-256' ? 'sha256' : 'sha512'
  const client = await world.open()
  const data = (text: string) => ({
    authenticationMethod: method,
    authenticationData: Buffer.from(text),
  })
  client.send({
    ...{ cmd: 'connect', clientId: `${method}-${user}`, clean: true, keepalive: 0 },
    properties: data(`n,,n=${user},r=abc`),
  } as never)
  const first = await client.next('auth')
  const { final, verifier } = await answerScram(
    user,
    password,
    hash,
    String(first.properties?.authenticationData),
  )
  client.send({ cmd: 'auth', reasonCode: 0x18, properties: data(final) } as never)
  const connack = await client.next('connack')
  if (connack.reasonCode === 0) {
    assert.is(String(connack.properties?.authenticationData), `v=${verifier}`)
  }
  return connack.reasonCode ?? 0
}

test('SCRAM lets in who knows the password, and does not tell who exists', async () => {
  const lines = await Promise.all(
    (['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const).map(
      async (method) => `user:${formatCredential(await makeCredential('pencil', method))}\n`,
    ),
  )
  const config: Config = { authentication: [{ type: 'scram', file: fileOf(lines.join('')) }] }
  await inWorld(config, async (world) => {
    for (const method of ['SCRAM-SHA-256', 'SCRAM-SHA-512']) {
      assert.is(await scram(world, method, 'user', 'pencil'), 0)
      assert.is(await scram(world, method, 'user', 'pen'), REFUSED)
      assert.is(await scram(world, method, 'nobody', 'pencil'), REFUSED)
    }
    const properties = { authenticationMethod: 'GS2-KRB5' }
    assert.is(await world.knock(undefined, undefined, { properties } as Connect), 0x8c)
    assert.is(await world.knock('user', 'pencil'), REFUSED, 'a password is not SCRAM')
  })
})

test('a file of SCRAM credentials that is broken names the line', () => {
  assert.throws(() => new Scram(fileOf('# c\nuser:$7$x\n')), /:2: expected/)
})

test('the first step that knows a client decides; what none knows is refused', async () => {
  const one = fileOf(`a:${await hashPassword(Buffer.from('1'), 'sha512')}\n`)
  const two = fileOf(
    `a:${await hashPassword(Buffer.from('2'), 'sha512')}\nb:${await hashPassword(Buffer.from('2'), 'sha512')}\n`,
  )
  const authentication = [one, two].map((file) => ({ type: 'password-file' as const, file }))
  await inWorld({ authentication }, async (world) => {
    assert.is(await world.knock('a', '1'), 0)
    assert.is(await world.knock('a', '2'), REFUSED, 'the first file has said no')
    assert.is(await world.knock('b', '2'), 0)
    assert.is(await world.knock('c', '2'), REFUSED)
  })
})

test.run()
