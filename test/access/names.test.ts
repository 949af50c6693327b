// Under which name a client comes in: what it has proved counts, never what it only says; and what
// answers, tokens and packets of the wrong shape come to. Access controls without sockets.

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type JWTPayload, SignJWT } from 'jose'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Bans } from '../../host/access/bans.ts'
import { Certificates, renamed } from '../../host/access/certificates.ts'
import { AccessControl } from '../../host/access/control.ts'
import { HookAuthenticator } from '../../host/access/hook.ts'
import { Limits } from '../../host/access/limits.ts'
import { Rules } from '../../host/access/rules.ts'
import { Tokens } from '../../host/access/tokens.ts'
import { type Applicant, isRefusal, type Origin } from '../../host/broker/access.ts'
import type { JwtConfig, LimitsConfig } from '../../host/config/config.ts'

const test = suite('names')
const ORIGIN: Origin = { scheme: 'mqtts', address: '10.0.0.7', isSecure: true }
const NOT_AUTHORIZED = 0x87
const BANNED = 0x8a
const SECRET = 'a secret of at least thirty-two bytes'

function applicant(parts: Partial<Applicant> = {}): Applicant {
  return {
    clientId: 'c',
    username: undefined,
    password: undefined,
    version: 5,
    keepAlive: 0,
    cleanStart: true,
    properties: {},
    willTopic: undefined,
    origin: ORIGIN,
    listener: 'l',
    ...parts,
  }
}

function certified(commonName: string | undefined, more: Partial<Applicant> = {}): Applicant {
  const certificate = {
    commonName,
    subject: commonName === undefined ? 'O=org' : `CN=${commonName},O=org`,
    alternativeNames: ['san.example'],
    fingerprint: '',
  }
  return applicant({ origin: { ...ORIGIN, certificate }, ...more })
}

/** Name or reason code. */
async function outcome(control: AccessControl, who: Applicant): Promise<string | number> {
  const admission = await control.admit(who)
  return isRefusal(admission) ? admission.refused : (admission.username ?? 'nobody')
}

test('a certificate lets in under its own names only', async () => {
  const control = new AccessControl({ chain: [new Certificates()], judges: [], anonymous: false })
  const said = (username?: string) => outcome(control, certified('dev', { username }))
  assert.is(await said(), 'dev')
  assert.is(await said('dev'), 'dev')
  assert.is(await said('CN=dev,O=org'), 'CN=dev,O=org')
  assert.is(await said('san.example'), 'san.example')
  assert.is(await said('admin'), NOT_AUTHORIZED)
  const psk = { ...ORIGIN, pskIdentity: 'dev' }
  assert.is(await outcome(control, applicant({ origin: psk })), 'dev')
  assert.is(await outcome(control, applicant({ origin: psk, username: 'admin' })), NOT_AUTHORIZED)
})

test('where a name is taken from certificates, one that lacks it is refused', async () => {
  const lacking = certified(undefined, { username: 'admin' })
  assert.is(renamed(lacking, 'commonName', undefined), undefined)
  assert.is(renamed(lacking, undefined, 'commonName'), undefined)
  assert.is(renamed(lacking, 'subject', undefined)?.username, 'O=org')
  assert.is(renamed(applicant({ username: 'u' }), 'commonName', undefined)?.username, 'u')
  const parts = { chain: [], judges: [], anonymous: true, usernameFrom: 'commonName' as const }
  assert.is(await outcome(new AccessControl(parts), lacking), NOT_AUTHORIZED)
})

async function byToken(
  claims: JWTPayload,
  config: Partial<JwtConfig> = {},
  more: { username?: string; header?: object } = {},
): Promise<string | number> {
  const chain = [new Tokens({ secret: SECRET, ...config })]
  const control = new AccessControl({ chain, judges: [], anonymous: false })
  const signing = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', ...more.header })
  const options = { crit: { odd: true, exp: true } }
  const password = Buffer.from(await signing.sign(Buffer.from(SECRET), options))
  return outcome(control, applicant({ username: more.username, password }))
}

test('the subject of a token is the name, whatever its client says', async () => {
  assert.is(await byToken({ sub: 'dev' }), 'dev')
  assert.is(await byToken({ sub: 'dev' }, {}, { username: 'admin' }), 'dev')
  assert.is(await byToken({}, {}, { username: 'admin' }), 'nobody')
  assert.is(await byToken({ sub: 'dev' }, { usernameClaim: 'name' }), NOT_AUTHORIZED)
  assert.is(await byToken({ name: 'dev' }, { usernameClaim: 'name' }), 'dev')
})

test('a token of the wrong shape is refused, and nothing throws', async () => {
  const later = Math.floor(Date.now() / 1000) + 3600
  const odd: JWTPayload[] = [
    { exp: `${later}` as never },
    { nbf: later },
    { exp: -1 },
    { acl: 'all' },
    { acl: 5 },
    { acl: null },
    { acl: [null] },
    { acl: { pub: 'a' } },
    { acl: { pub: ['a/#/b'] } },
    { acl: [{ effect: 'allow', action: 'both', topics: ['a+'] }] },
    { acl: [{ effect: 'maybe', action: 'both', topics: ['#'] }] },
  ]
  for (const claims of odd) {
    const found = await byToken({ sub: 'dev', ...claims })
    assert.is(found, NOT_AUTHORIZED, JSON.stringify(claims))
  }
  for (const name of [5, {}, [], null, '']) {
    const found = await byToken({ name }, { usernameClaim: 'name' })
    assert.is(found, NOT_AUTHORIZED, JSON.stringify(name))
  }
  const header = { crit: ['odd'], odd: 1 }
  assert.is(await byToken({ sub: 'dev' }, {}, { header }), NOT_AUTHORIZED, 'critical')
  const none = new AccessControl({
    chain: [new Tokens({ secret: SECRET })],
    judges: [],
    anonymous: false,
  })
  for (const text of ['a.b.c', 'a.b.', `${'A'.repeat(60_000)}.B.C`]) {
    assert.is(await outcome(none, applicant({ password: Buffer.from(text) })), NOT_AUTHORIZED)
  }
})

test('a rule whose wildcard is not at its place is no rule', () => {
  for (const topic of ['a/#/b', '#/a', 'a+', 'a/b#']) {
    const rule = { effect: 'allow' as const, action: 'both' as const, topics: [topic] }
    assert.throws(() => new Rules([rule]), /is not a topic filter/)
  }
})

/** A web service for one test. */
async function withService(answer: RequestListener, body: (url: string) => Promise<void>) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await body(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=hidden`)
  } finally {
    await new Promise((resolve) => server.close(resolve).closeAllConnections())
  }
}

test('an answer of the HTTP hook that is not one is a no', async () => {
  let text = ''
  const lines: unknown[] = []
  await withService(
    (_, response) => void response.end(text),
    async (url) => {
      const log = (_: string, ...line: unknown[]): void => void lines.push(line)
      const hook = new HookAuthenticator({ url, cacheSeconds: 0 }, log)
      const control = new AccessControl({ chain: [hook], judges: [], anonymous: false })
      for (const more of [
        { username: 5 },
        { username: '' },
        { clientId: {} },
        { clientId: '' },
        { expiresAt: 'soon' },
        { rules: 5, expiresAt: [] },
        { rules: [{}] },
        { rules: { pub: ['#/a'] } },
        { filler: 'x'.repeat(70_000) },
      ]) {
        text = JSON.stringify({ result: 'allow', ...more })
        assert.is(await outcome(control, applicant()), NOT_AUTHORIZED, text.slice(0, 80))
      }
      for (text of ['', 'null', '5', '{"result":"yes"}', '{']) {
        assert.is(await outcome(control, applicant()), NOT_AUTHORIZED, text)
      }
      text = '{"result":"allow","username":"n"}'
      assert.is(await outcome(control, applicant()), 'n')
    },
  )
  assert.ok(lines.length > 0)
  assert.not.match(JSON.stringify(lines), /hidden/)
})

test('one question at a time is asked of the HTTP hook, however many want to know', async () => {
  let count = 0
  await withService(
    (_, response) => {
      count++
      response.end('{"result":"allow"}')
    },
    async (url) => {
      const hook = new HookAuthenticator({ url }, undefined)
      await Promise.all(Array.from({ length: 50 }, () => hook.judge(applicant())))
      assert.is(count, 1)
    },
  )
})

function limited(config: LimitsConfig = {}): { bans: Bans; control: AccessControl } {
  const bans = new Bans(undefined, Date.now)
  const limits = new Limits(config, bans, Date.now)
  const chain = [new Certificates()]
  return { bans, control: new AccessControl({ chain, judges: [], anonymous: true, limits }) }
}

test('a ban holds for the name that is proved, too', async () => {
  const { bans, control } = limited()
  assert.is(await outcome(control, certified('dev')), 'dev')
  await bans.add({ kind: 'user', value: 'dev' })
  assert.is(await outcome(control, certified('dev')), BANNED)
  assert.is(await outcome(control, certified('other')), 'other')
})

test('a ban of a client that is called like a range leaves the range alone', async () => {
  const bans = new Bans(undefined, Date.now)
  await bans.add({ kind: 'address', value: '10.0.0.0/8' })
  await bans.add({ kind: 'client', value: '10.0.0.0/8' })
  assert.is(await bans.remove('client', '10.0.0.0/8'), true)
  assert.ok(bans.findAddress('10.1.2.3'))
  assert.ok(bans.findAddress('::ffff:10.1.2.3'))
})

test('a user at its limit may come back under its identifier and authenticate again', () => {
  const { control } = limited({ connectionsPerUser: 1, connectRate: 2 })
  const dev = certified('dev')
  const refusal = (who: Applicant) => {
    const admission = control.admit(who) as ReturnType<AccessControl['grant']>
    return isRefusal(admission as never) ? (admission as never as { refused: number }).refused : 0
  }
  const grant = control.admit(dev) as ReturnType<AccessControl['grant']>
  control.entered(dev, grant)
  assert.is(refusal(dev), 0)
  for (let i = 0; i < 5; i++) assert.is(refusal({ ...dev, isConnected: true }), 0)
  control.left(dev, grant)
  control.entered(dev, grant)
  assert.is(refusal(certified('dev', { clientId: 'd' })), 0x9f)
  control.left(dev, grant)
})

test('clients without an address do not share limits of addresses', () => {
  const limits = new Limits({ connectionsPerAddress: 1 }, new Bans(undefined, Date.now), Date.now)
  assert.equal([limits.accepts(''), limits.accepts(''), limits.accepts('')], [true, true, true])
  const local = (username?: string) => applicant({ username, origin: { ...ORIGIN, address: '' } })
  for (let i = 0; i < 50; i++) limits.failed(local(`guess-${i}`))
  for (let i = 0; i < 50; i++) limits.failed(local())
  assert.is(limits.check(local()), 0)
  assert.is(limits.check(local('somebody')), 0)
})

test.run()
