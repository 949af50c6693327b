// Authentication by a password file. Checking a user that does not exist takes as long as one that
// does; a password found right is remembered for a while, by a keyed digest, so that a storm of
// reconnects does not hash each time.

import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { REASON_NOT_AUTHORIZED, REASON_SERVER_BUSY } from '../../assembly/codes.ts'
import type { Applicant } from '../broker/access.ts'
import { type Authenticator, NOT_MINE, type Verdict } from './authenticator.ts'
import { hashPassword } from './hashes.ts'
import type { Hashing } from './hashing.ts'
import { readPasswordFile } from './passwordFile.ts'

const REMEMBERED = 10_000
const REMEMBERED_MS = 5 * 60_000
const NONE: Buffer = Buffer.alloc(0)

export class Passwords implements Authenticator {
  readonly type = 'password-file'
  private readonly file: string
  private readonly hashing: Hashing
  private users: Map<string, string>
  /** Hash of a password nobody has, checked for users that do not exist. */
  private decoy: Promise<string>
  private readonly secret: Buffer = randomBytes(32)
  /** User and hash whose password is known -> its digest. */
  private readonly known = new LRUCache<string, string>({ max: REMEMBERED, ttl: REMEMBERED_MS })

  /** @throws PasswordFileError */
  constructor(file: string, hashing: Hashing) {
    this.file = file
    this.hashing = hashing
    this.users = readPasswordFile(file)
    this.decoy = makeDecoy(this.users)
  }

  refresh(): void {
    this.users = readPasswordFile(this.file)
    this.decoy = makeDecoy(this.users)
  }

  judge({ password = NONE, username }: Applicant): Verdict | Promise<Verdict> {
    if (username === undefined) return NOT_MINE
    const hash = this.users.get(username)
    if (hash === undefined) return this.reject(password)
    const key = `${username}\n${hash}`
    const digest = createHmac('sha256', this.secret).update(password).digest('base64')
    if (this.known.get(key) === digest) return { username }
    const right = this.hashing.check(password, hash)
    if (right === undefined) return { refused: REASON_SERVER_BUSY }
    return right.then((isRight): Verdict => {
      if (!isRight) return { refused: REASON_NOT_AUTHORIZED }
      this.known.set(key, digest)
      return { username }
    })
  }

  /** Nobody's user: another authenticator may know it, after the time a check takes. */
  private async reject(password: Buffer): Promise<Verdict> {
    const wrong = this.hashing.check(password, await this.decoy)
    if (wrong === undefined) return { refused: REASON_SERVER_BUSY }
    await wrong
    return NOT_MINE
  }
}

/** Of the kind most of the file has, so that it costs the same. */
function makeDecoy(users: Map<string, string>): Promise<string> {
  const [first] = users.values()
  const [, scheme, iterations] = (first ?? '$7$101').split('$') as [string, string, string?]
  const password = randomBytes(16)
  if (scheme === '6') return hashPassword(password, 'sha512')
  if (scheme === 'argon2id') return hashPassword(password, 'argon2id')
  if (scheme === 'scrypt') return hashPassword(password, 'scrypt')
  return hashPassword(password, 'sha512-pbkdf2', { iterations: Number(iterations) })
}
