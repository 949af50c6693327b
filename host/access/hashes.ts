// Password hashes as Mosquitto's password files write them ($6$, $7$, $argon2id$), and $scrypt$ as
// a PHC string. Called by whatever stores or checks a password; knows no users and no files.

import { createHash, pbkdf2, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

export type HashScheme = 'sha512' | 'sha512-pbkdf2' | 'argon2id' | 'scrypt'

export const HASH_SCHEMES: readonly HashScheme[] = ['sha512', 'sha512-pbkdf2', 'argon2id', 'scrypt']

/** The one scheme, with a salt of 12 bytes, that Mosquitto 2.0 and 2.1 read both. */
export const DEFAULT_SCHEME: HashScheme = 'sha512-pbkdf2'

export interface HashOptions {
  /** Rounds of PBKDF2, passes of argon2id; the other schemes have none. */
  iterations?: number
}

/** A hash taken apart; `key` is what the password has to come to. */
export type ParsedHash = { salt: Buffer; key: Buffer } & (
  | { scheme: 'sha512' }
  | { scheme: 'sha512-pbkdf2'; iterations: number }
  | { scheme: 'argon2id'; memoryKiB: number; passes: number; lanes: number }
  | { scheme: 'scrypt'; costLog2: number; blockSize: number; lanes: number }
)

/** What makes a text no hash, in words that go behind a file's name and line. */
export class HashError extends Error {
  readonly code: string = 'WASMQTT_PASSWORD_HASH'
}

/** Mosquitto 2.0 writes and reads salts of 12 bytes, 2.1 writes 64 and reads both. */
const MOSQUITTO_SALT_BYTES = [12, 64]
const MOSQUITTO_KEY_BYTES = 64
const PBKDF2_ITERATIONS = 10_000
const PBKDF2_ITERATIONS_MAX = 2 ** 31 - 1
const ARGON2 = { memoryKiB: 47_104, passes: 1, lanes: 1, saltBytes: 64, keyBytes: 64 }
const SCRYPT = { costLog2: 14, blockSize: 8, lanes: 1, saltBytes: 16, keyBytes: 32 }
/** A stored hash may not ask for more memory than this to be checked. */
const MEMORY_BYTES_MAX = 2 ** 30
const SALT_BYTES_MIN = 8
const KEY_BYTES_MIN = 16
const KEY_BYTES_MAX = 128

const pbkdf2Async = promisify(pbkdf2)
const scryptAsync: (
  password: Buffer,
  salt: Buffer,
  bytes: number,
  options: { N: number; r: number; p: number; maxmem: number },
) => Promise<Buffer> = promisify(scrypt)

/** A fresh hash with a random salt, as it stands behind `username:` in a password file. */
export async function hashPassword(
  password: Buffer,
  scheme: HashScheme = DEFAULT_SCHEME,
  options: HashOptions = {},
): Promise<string> {
  const blank = blankHash(scheme, options)
  return formatHash({ ...blank, key: await deriveKey(password, blank) })
}

/**
 * Whether the password comes to the hash. The work is done away from the event loop (but $6$'s,
 * one pass of SHA-512), the comparison takes the same time whatever differs.
 */
export async function verifyPassword(password: Buffer, hash: string): Promise<boolean> {
  const parsed = parseHash(hash)
  return timingSafeEqual(await deriveKey(password, parsed), parsed.key)
}

/** Takes a hash apart; throws a HashError that says what is wrong with it. */
export function parseHash(text: string): ParsedHash {
  const [before, tag, ...fields] = text.split('$')
  if (text === '') throw new HashError('the hash is missing')
  if (before !== '' || tag === undefined || fields.length === 0) {
    throw new HashError(
      'not a hash: expected one that begins with $6$, $7$, $argon2id$ or $scrypt$',
    )
  }
  if (tag === '6') return parseSha512(fields)
  if (tag === '7') return parsePbkdf2(fields)
  if (tag === 'argon2id') return parseArgon2(fields)
  if (tag === 'scrypt') return parseScrypt(fields)
  throw new HashError(`unknown kind of hash $${tag}$: expected $6$, $7$, $argon2id$ or $scrypt$`)
}

function formatHash(hash: ParsedHash): string {
  const { salt, key } = hash
  const bare = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')
  if (hash.scheme === 'sha512') {
    return `$6$${salt.toString('base64')}$${key.toString('base64')}`
  }
  if (hash.scheme === 'sha512-pbkdf2') {
    return `$7$${hash.iterations}$${salt.toString('base64')}$${key.toString('base64')}`
  }
  if (hash.scheme === 'argon2id') {
    const costs = `m=${hash.memoryKiB},t=${hash.passes},p=${hash.lanes}`
    return `$argon2id$v=19$${costs}$${bare(salt)}$${bare(key)}`
  }
  const costs = `ln=${hash.costLog2},r=${hash.blockSize},p=${hash.lanes}`
  return `$scrypt$${costs}$${bare(salt)}$${bare(key)}`
}

/** A new salt and the costs, the key still zeros of the right length. */
function blankHash(scheme: HashScheme, { iterations }: HashOptions): ParsedHash {
  if (iterations !== undefined && !isWithin(iterations, 1, PBKDF2_ITERATIONS_MAX)) {
    throw new RangeError(`iterations: expected 1 to ${PBKDF2_ITERATIONS_MAX}, got ${iterations}`)
  }
  const fill = (saltBytes: number, keyBytes: number): { salt: Buffer; key: Buffer } => ({
    salt: randomBytes(saltBytes),
    key: Buffer.alloc(keyBytes),
  })
  if (scheme === 'argon2id') {
    const { memoryKiB, passes, lanes, saltBytes, keyBytes } = ARGON2
    return { scheme, memoryKiB, passes: iterations ?? passes, lanes, ...fill(saltBytes, keyBytes) }
  }
  if (scheme === 'scrypt') {
    const { costLog2, blockSize, lanes, saltBytes, keyBytes } = SCRYPT
    return { scheme, costLog2, blockSize, lanes, ...fill(saltBytes, keyBytes) }
  }
  const fields = fill(MOSQUITTO_SALT_BYTES[0] as number, MOSQUITTO_KEY_BYTES)
  if (scheme === 'sha512') return { scheme, ...fields }
  return { scheme, iterations: iterations ?? PBKDF2_ITERATIONS, ...fields }
}

async function deriveKey(password: Buffer, hash: ParsedHash): Promise<Buffer> {
  const { salt, key } = hash
  if (hash.scheme === 'sha512') return createHash('sha512').update(password).update(salt).digest()
  if (hash.scheme === 'sha512-pbkdf2') {
    return pbkdf2Async(password, salt, hash.iterations, key.length, 'sha512')
  }
  if (hash.scheme === 'argon2id') {
    // Native code, loaded by the first hash that needs it. `verify` of the package refuses salts
    // over 48 bytes, and Mosquitto's have 64.
    const { hashRaw } = await import('@node-rs/argon2')
    const { memoryKiB: memoryCost, passes: timeCost, lanes: parallelism } = hash
    const costs = { memoryCost, timeCost, parallelism, outputLen: key.length }
    return hashRaw(password, { ...costs, salt })
  }
  const { costLog2, blockSize: r, lanes: p } = hash
  const N = 2 ** costLog2
  return scryptAsync(password, salt, key.length, { N, r, p, maxmem: 2 * scryptBytes(N, r, p) })
}

function scryptBytes(N: number, r: number, p: number): number {
  return 128 * r * (N + p)
}

function parseSha512(fields: string[]): ParsedHash {
  const [salt, key] = expectFields(fields, '$6$SALT$HASH', 2) as [string, string]
  return { scheme: 'sha512', ...decodeMosquitto(salt, key) }
}

function parsePbkdf2(fields: string[]): ParsedHash {
  const [count, salt, key] = expectFields(fields, '$7$ITERATIONS$SALT$HASH', 3) as string[]
  const iterations = parseNumber('iterations', count, 1, PBKDF2_ITERATIONS_MAX)
  return { scheme: 'sha512-pbkdf2', iterations, ...decodeMosquitto(`${salt}`, `${key}`) }
}

function parseArgon2(fields: string[]): ParsedHash {
  const shape = '$argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH'
  const [version, costs, salt, key] = expectFields(fields, shape, 4) as string[]
  if (version !== 'v=19') throw new HashError(`argon2id: expected v=19, got ${version}`)
  const found = /^m=(\d+),t=(\d+),p=(\d+)$/.exec(`${costs}`)
  if (found === null) throw new HashError(`argon2id: expected m=,t=,p=, got ${costs}`)
  const lanes = parseNumber('p', found[3], 1, 255)
  return {
    scheme: 'argon2id',
    memoryKiB: parseNumber('m', found[1], 8 * lanes, MEMORY_BYTES_MAX / 1024),
    passes: parseNumber('t', found[2], 1, 2 ** 32 - 1),
    lanes,
    ...decodePhc(`${salt}`, `${key}`),
  }
}

function parseScrypt(fields: string[]): ParsedHash {
  const shape = '$scrypt$ln=COST,r=BLOCK,p=LANES$SALT$HASH'
  const [costs, salt, key] = expectFields(fields, shape, 3) as string[]
  const found = /^ln=(\d+),r=(\d+),p=(\d+)$/.exec(`${costs}`)
  if (found === null) throw new HashError(`scrypt: expected ln=,r=,p=, got ${costs}`)
  const costLog2 = parseNumber('ln', found[1], 1, 30)
  const blockSize = parseNumber('r', found[2], 1, 1024)
  const lanes = parseNumber('p', found[3], 1, 1024)
  if (scryptBytes(2 ** costLog2, blockSize, lanes) > MEMORY_BYTES_MAX) {
    throw new HashError(`scrypt: ${costs} needs more than 1 GiB of memory`)
  }
  return { scheme: 'scrypt', costLog2, blockSize, lanes, ...decodePhc(`${salt}`, `${key}`) }
}

function expectFields(fields: string[], shape: string, count: number): string[] {
  if (fields.length !== count) throw new HashError(`expected ${shape}`)
  return fields
}

function decodeMosquitto(saltText: string, keyText: string): { salt: Buffer; key: Buffer } {
  const salt = decodeBase64('salt', saltText)
  const key = decodeBase64('hash', keyText)
  if (!MOSQUITTO_SALT_BYTES.includes(salt.length)) {
    throw new HashError(`the salt has ${salt.length} bytes: expected 12 or 64`)
  }
  if (key.length !== MOSQUITTO_KEY_BYTES) {
    throw new HashError(`the hash has ${key.length} bytes: expected ${MOSQUITTO_KEY_BYTES}`)
  }
  return { salt, key }
}

/** PHC strings leave the padding out. */
function decodePhc(saltText: string, keyText: string): { salt: Buffer; key: Buffer } {
  const pad = (text: string): string => text.padEnd(Math.ceil(text.length / 4) * 4, '=')
  const salt = decodeBase64('salt', pad(saltText))
  const key = decodeBase64('hash', pad(keyText))
  if (salt.length < SALT_BYTES_MIN) {
    throw new HashError(`the salt has ${salt.length} bytes: expected ${SALT_BYTES_MIN} or more`)
  }
  if (!isWithin(key.length, KEY_BYTES_MIN, KEY_BYTES_MAX)) {
    const expected = `${KEY_BYTES_MIN} to ${KEY_BYTES_MAX}`
    throw new HashError(`the hash has ${key.length} bytes: expected ${expected}`)
  }
  return { salt, key }
}

/** Node skips what is not base64; a hash with such in it was damaged. */
function decodeBase64(what: string, text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw new HashError(`the ${what} is not base64`)
  return bytes
}

function parseNumber(what: string, text: string | undefined, min: number, max: number): number {
  const number = Number(text)
  if (!/^\d+$/.test(`${text}`) || !isWithin(number, min, max)) {
    throw new HashError(`${what}: expected ${min} to ${max}, got ${text}`)
  }
  return number
}

function isWithin(number: number, min: number, max: number): boolean {
  return Number.isInteger(number) && number >= min && number <= max
}
