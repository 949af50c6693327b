// MQTT 5 enhanced authentication with SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677), without
// channel binding. A file holds what the server must know, from which no password can be computed:
//
//   user:SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey      binary parts in base64
//
//   client-first n,,n=user,r=nonce   ->  r=nonce+ours,s=salt,i=iterations
//   client-final c=biws,r=…,p=proof  ->  v=signature

import {
  createHash,
  createHmac,
  pbkdf2 as pbkdf2Callback,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { REASON_NOT_AUTHORIZED } from '../../assembly/codes.ts'
import {
  type Authenticator,
  type IdentityExchange,
  type IdentityStep,
  NOT_MINE,
} from './authenticator.ts'

const pbkdf2 = promisify(pbkdf2Callback)

/** Name of the method and its hash. */
const HASHES = { 'SCRAM-SHA-256': 'sha256', 'SCRAM-SHA-512': 'sha512' } as const

export type ScramMethod = keyof typeof HASHES

export interface ScramCredential {
  readonly method: ScramMethod
  readonly iterations: number
  readonly salt: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

const LINE =
  /^(SCRAM-SHA-(?:256|512))\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/
const CLIENT_FIRST = /^([ny]),(?:a=([^,]*))?,(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+))(?:,.*)?$/
const CLIENT_FINAL = /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?),p=([A-Za-z0-9+/=]+)$/
const SALT_BYTES = 16
/** RFC 7677 asks for at least 4096. */
export const SCRAM_ITERATIONS = 4096
const NO: IdentityStep = { verdict: { refused: REASON_NOT_AUTHORIZED } }

/** What a server stores of a password. */
export async function makeCredential(
  password: string,
  method: ScramMethod,
  iterations: number = SCRAM_ITERATIONS,
  salt: Buffer = randomBytes(SALT_BYTES),
): Promise<ScramCredential> {
  const hash = HASHES[method]
  const bytes = createHash(hash).digest().length
  const salted = await pbkdf2(password.normalize('NFKC'), salt, iterations, bytes, hash)
  const clientKey = createHmac(hash, salted).update('Client Key').digest()
  const storedKey = createHash(hash).update(clientKey).digest()
  const serverKey = createHmac(hash, salted).update('Server Key').digest()
  return { method, iterations, salt, storedKey, serverKey }
}

/** As it stands behind `user:` in the file. */
export function formatCredential(credential: ScramCredential): string {
  const { method, iterations, salt, storedKey, serverKey } = credential
  const [s, stored, server] = [salt, storedKey, serverKey].map((part) => part.toString('base64'))
  return `${method}$${iterations}:${s}$${stored}:${server}`
}

/** A credentials file that is not well-formed, as `file:line: what`. */
export class ScramError extends Error {
  override readonly name = 'ScramError'
}

/** User -> method -> credential. @throws ScramError */
export function parseCredentials(
  text: string,
  file: string,
): Map<string, Map<string, ScramCredential>> {
  const users = new Map<string, Map<string, ScramCredential>>()
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '' || line.startsWith('#')) return
    const colon = line.indexOf(':')
    const found = LINE.exec(line.slice(colon + 1).trim())
    const user = line.slice(0, Math.max(colon, 0))
    if (user === '' || found === null) {
      throw new ScramError(`${file}:${i + 1}: expected user:SCRAM-SHA-256$iterations:salt$key:key`)
    }
    const [, name, iterations, ...parts] = found as unknown as [string, ScramMethod, string]
    const [salt, storedKey, serverKey] = (parts as string[]).map((part) =>
      Buffer.from(part, 'base64'),
    ) as [Buffer, Buffer, Buffer]
    const credential = { method: name, iterations: Number(iterations), salt, storedKey, serverKey }
    const known = users.get(user) ?? new Map<string, ScramCredential>()
    users.set(user, known.set(name, credential))
  })
  return users
}

export class Scram implements Authenticator {
  readonly type = 'scram'
  private readonly file: string
  private users: Map<string, Map<string, ScramCredential>>
  /** Makes up the same salt each time for a user that does not exist. */
  private readonly secret: Buffer = randomBytes(32)

  /** @throws ScramError */
  constructor(file: string) {
    this.file = file
    this.users = this.read()
  }

  refresh(): void {
    this.users = this.read()
  }

  judge(): typeof NOT_MINE {
    return NOT_MINE
  }

  exchange(method: string): IdentityExchange | undefined {
    if (!Object.hasOwn(HASHES, method)) return undefined
    return new ScramExchange(method as ScramMethod, (user) =>
      this.find(user, method as ScramMethod),
    )
  }

  private find(user: string, method: ScramMethod): ScramCredential {
    const known = this.users.get(user)?.get(method)
    if (known !== undefined) return known
    const salt = createHmac('sha256', this.secret)
      .update(`${method} ${user}`)
      .digest()
      .subarray(0, SALT_BYTES)
    const key = randomBytes(createHash(HASHES[method]).digest().length)
    return { method, iterations: this.usual(method), salt, storedKey: key, serverKey: key }
  }

  /** Iterations that a user who exists would have. */
  private usual(method: ScramMethod): number {
    for (const methods of this.users.values()) {
      const credential = methods.get(method)
      if (credential !== undefined) return credential.iterations
    }
    return SCRAM_ITERATIONS
  }

  private read(): Map<string, Map<string, ScramCredential>> {
    let text: string
    try {
      text = readFileSync(this.file, 'utf8')
    } catch (error) {
      throw new ScramError(`${this.file}: cannot be read: ${(error as Error).message}`)
    }
    return parseCredentials(text, this.file)
  }
}

class ScramExchange implements IdentityExchange {
  private readonly hash: string
  private readonly find: (user: string) => ScramCredential
  private readonly serverNonce: string
  private first:
    | { user: string; header: string; bare: string; reply: string; nonce: string }
    | undefined
  private credential: ScramCredential | undefined

  constructor(
    method: ScramMethod,
    find: (user: string) => ScramCredential,
    nonce: string = randomBytes(18).toString('base64'),
  ) {
    this.hash = HASHES[method]
    this.find = find
    this.serverNonce = nonce
  }

  step(data: Buffer | undefined): IdentityStep {
    const text = data?.toString('utf8') ?? ''
    return this.first === undefined ? this.begin(text) : this.finish(text, this.first)
  }

  private begin(text: string): IdentityStep {
    const found = CLIENT_FIRST.exec(text)
    if (found === null) return NO
    const [, flag, other, bare, name, clientNonce] = found as unknown as string[]
    const user = (name as string).replaceAll('=2C', ',').replaceAll('=3D', '=')
    if (other !== undefined && other !== name) return NO
    this.credential = this.find(user)
    const { iterations, salt } = this.credential
    const nonce = `${clientNonce}${this.serverNonce}`
    const reply = `r=${nonce},s=${salt.toString('base64')},i=${iterations}`
    const header = `${flag},${other === undefined ? '' : `a=${other}`},`
    this.first = { user, header, bare: bare as string, reply, nonce }
    return { next: Buffer.from(reply) }
  }

  private finish(text: string, first: NonNullable<ScramExchange['first']>): IdentityStep {
    const found = CLIENT_FINAL.exec(text)
    const { storedKey, serverKey } = this.credential as ScramCredential
    if (found === null) return NO
    const [, withoutProof, binding, nonce, proof] = found as unknown as [
      string,
      string,
      string,
      string,
      string,
    ]
    const isBound = Buffer.from(binding, 'base64').toString() === first.header
    if (!isBound || nonce !== first.nonce) return NO
    const { hash } = this
    const message = `${first.bare},${first.reply},${withoutProof}`
    const signature = createHmac(hash, storedKey).update(message).digest()
    const given = Buffer.from(proof, 'base64')
    if (given.length !== signature.length) return NO
    const clientKey = given.map((byte, i) => byte ^ (signature[i] as number))
    const computed = createHash(hash).update(clientKey).digest()
    if (!timingSafeEqual(computed, storedKey)) return NO
    const verifier = createHmac(hash, serverKey).update(message).digest('base64')
    return { verdict: { username: first.user }, data: Buffer.from(`v=${verifier}`) }
  }
}
