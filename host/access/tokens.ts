// Authentication by JSON Web Tokens (RFC 7519): signed with a shared secret, a public key, or a key
// of a JWKS file or URL. A token that was found right is remembered until it expires; its expiry
// ends the connection; its rules, if it has any, decide before all others.

import { createHash, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import { LRUCache } from 'lru-cache'
import { REASON_NOT_AUTHORIZED } from '../../assembly/codes.ts'
import type { Applicant } from '../broker/access.ts'
import type { JwtConfig } from '../config/config.ts'
import { type Authenticator, type Identity, NOT_MINE, type Verdict } from './authenticator.ts'
import { judgesOf } from './claims.ts'
import type { Judge } from './judge.ts'

const SHAPE = /^[\w-]+\.[\w-]+\.[\w-]*$/
const REMEMBERED = 10_000
const REMEMBERED_MS = 10 * 60_000
const SYMMETRIC = ['HS256', 'HS384', 'HS512']
const ASYMMETRIC = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA'],
]

/** What is remembered of a right token. */
interface Known {
  readonly payload: JWTPayload
  readonly judges: readonly Judge[]
}

export class Tokens implements Authenticator {
  readonly type = 'jwt'
  private readonly config: JwtConfig
  private key: KeySource
  private readonly options: JWTVerifyOptions
  private readonly known = new LRUCache<string, Known>({ max: REMEMBERED, ttl: REMEMBERED_MS })
  private readonly now: () => number

  /**
   * @param now milliseconds since the epoch
   * @throws Error that names the file which cannot be used
   */
  constructor(config: JwtConfig, now: () => number = Date.now) {
    this.config = config
    this.now = now
    this.key = keyOf(config)
    const isShared = config.secret !== undefined || config.secretFile !== undefined
    this.options = {
      // A public key must never be taken for a shared secret.
      algorithms: config.algorithms ?? (isShared ? SYMMETRIC : ASYMMETRIC),
      clockTolerance: config.clockToleranceSeconds ?? 0,
      ...(config.issuer !== undefined && { issuer: config.issuer }),
      ...(config.audience !== undefined && { audience: config.audience }),
    }
  }

  refresh(): void {
    this.key = keyOf(this.config)
    this.known.clear()
  }

  judge(applicant: Applicant): Verdict | Promise<Verdict> {
    const token =
      this.config.from === 'username' ? applicant.username : applicant.password?.toString('utf8')
    if (token === undefined || !SHAPE.test(token)) return NOT_MINE
    const digest = createHash('sha256').update(token).digest('base64')
    const known = this.known.get(digest)
    if (known !== undefined) return this.identify(applicant, known)
    return this.verify(token, digest, applicant)
  }

  private async verify(token: string, digest: string, applicant: Applicant): Promise<Verdict> {
    const source = this.key
    try {
      const currentDate = new Date(this.now())
      const { jwtVerify } = await import('jose')
      const key = await source()
      const { payload } = await jwtVerify(token, key, { ...this.options, currentDate })
      const known = { payload, judges: judgesOf(payload[this.config.rulesClaim ?? 'acl']) }
      if (source === this.key) this.known.set(digest, known)
      return this.identify(applicant, known)
    } catch {
      return { refused: REASON_NOT_AUTHORIZED }
    }
  }

  private identify(applicant: Applicant, { payload, judges }: Known): Verdict {
    const { clientIdClaim, clockToleranceSeconds = 0, from, usernameClaim } = this.config
    const no = { refused: REASON_NOT_AUTHORIZED }
    const isBound = usernameClaim !== undefined
    const end = payload.exp === undefined ? undefined : (payload.exp + clockToleranceSeconds) * 1000
    if (end !== undefined && end <= this.now()) return no
    const said = from === 'username' ? undefined : applicant.username
    const claimed = payload[usernameClaim ?? 'sub']
    const isName = typeof claimed === 'string' && claimed !== ''
    if (isBound && (!isName || (said !== undefined && said !== claimed))) return no
    if (clientIdClaim !== undefined && payload[clientIdClaim] !== applicant.clientId) return no
    // What a client says beside its token proves nothing.
    const username = isName ? claimed : undefined
    const identity: Identity = { username, judges }
    return end === undefined ? identity : { ...identity, expiresAt: end }
  }
}

/** Made when the first token comes: a broker that sees none does not load jose. */
type KeySource = () => JWTVerifyGetKey | Promise<JWTVerifyGetKey>

/** @throws Error that names the file which cannot be used */
function keyOf(config: JwtConfig): KeySource {
  const { jwksFile, jwksUrl, publicKeyFile, secret, secretFile } = config
  if (jwksUrl !== undefined) {
    return once(async () => (await import('jose')).createRemoteJWKSet(new URL(jwksUrl)))
  }
  if (jwksFile !== undefined) {
    const keys = inFile(jwksFile, parseKeySet)
    return once(async () => (await import('jose')).createLocalJWKSet(keys))
  }
  if (publicKeyFile !== undefined) {
    const key = inFile(publicKeyFile, createPublicKey)
    return () => () => key
  }
  const shared = secretFile === undefined ? secret : inFile(secretFile, (text) => text.trim())
  if (!shared) throw new Error('jwt: expected a secret that is not empty')
  const bytes = Buffer.from(shared)
  return () => () => bytes
}

function parseKeySet(text: string): JSONWebKeySet {
  const set = JSON.parse(text) as JSONWebKeySet
  if (!Array.isArray(set.keys)) throw new Error('expected a JSON object with "keys"')
  return set
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}

function inFile<T>(file: string, use: (text: string) => T): T {
  try {
    return use(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`${file}: cannot be used as a key: ${(error as Error).message}`)
  }
}
