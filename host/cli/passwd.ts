// `wasmqtt passwd`: adds, changes and deletes users in a password file; options and files are
// mosquitto_passwd's. Called by main.ts; hashes and lines are the access floor's.

import { Command, InvalidArgumentError, Option } from 'commander'
import {
  DEFAULT_SCHEME,
  HASH_SCHEMES,
  type HashOptions,
  type HashScheme,
  hashPassword,
  parseHash,
} from '../access/hashes.ts'
import { type PasswordLine, splitPasswordFile } from '../access/passwordFile.ts'
import { formatCredential, makeCredential, type ScramMethod } from '../access/scram.ts'
import { Failure } from './failure.ts'
import { askNewPassword } from './passwd/ask.ts'
import { readText, replaceFile } from './passwd/file.ts'

const BYTES_MAX = 65_535
/** For files of the step `scram`: a line for each user and method. */
const SCRAM: Record<string, ScramMethod> = {
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
}

const SCHEMES: readonly string[] = [...HASH_SCHEMES, ...Object.keys(SCRAM)]

const HELP = `
Examples:
  A new file with a first user; the password is asked for:
    wasmqtt passwd -c passwords alice
  Another user, or a new password for one:
    wasmqtt passwd passwords bob
  From a script, without the password on any command line:
    wasmqtt passwd passwords bob < secret.txt
  The strongest hash; Mosquitto 2.1 reads it too, 2.0 does not:
    wasmqtt passwd -H argon2id passwords bob
  Hash the passwords of a file of name:password lines:
    wasmqtt passwd -U passwords
  What a broker needs for SCRAM (MQTT 5 enhanced authentication), in a file of its own:
    wasmqtt passwd -c -H scram-sha-256 credentials alice

The file has mode 0600 when it is made here, and keeps mode and owner later. A running broker reads
it again when it is replaced, on SIGHUP, or with 'wasmqtt reload'.
`

interface Flags {
  c?: boolean
  b?: boolean
  D?: boolean
  U?: boolean
  H: string
  I?: number
}

/** @param words what follows `passwd` */
export async function runPasswd(words: readonly string[]): Promise<void> {
  const command = new Command('wasmqtt passwd')
    .description('Manages a password file, as mosquitto_passwd does.')
    .usage('[-c | -D] [-b] [-H SCHEME] [-I COUNT] FILE USERNAME [PASSWORD]\n       ... -U FILE')
    .argument('<file>', 'the password file')
    .argument('[username]', 'who to add, change or delete')
    .argument('[password]', 'with -b')
    .option('-c', 'make a new file, in place of one that is there')
    .option('-b', 'take the password from the command line, where others may see it')
    .option('-D', 'delete the user')
    .option('-U', 'hash the plain passwords of a file; those that are hashes stay')
    .addOption(new Option('-H <scheme>', 'how to hash').choices(SCHEMES).default(DEFAULT_SCHEME))
    .option(
      '-I <iterations>',
      'rounds of sha512-pbkdf2 (10000), argon2id (1), SCRAM (4096)',
      parseCount,
    )
    .helpOption('--help', 'print this')
    .addHelpText('after', HELP)
    .allowExcessArguments(false)
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'wasmqtt passwd: ')),
    })
    .parse(words, { from: 'user' })
  const [file, username, password] = command.args as [string, string?, string?]
  await change(file, username, password, command.opts<Flags>())
}

async function change(
  file: string,
  username: string | undefined,
  password: string | undefined,
  flags: Flags,
): Promise<void> {
  checkFlags(flags, username, password)
  const hash = hasher(flags)
  if (flags.U === true) {
    replaceFile(file, await upgrade(splitPasswordFile(readText(file)), hash, file))
    return
  }
  const name = checkName(`${username}`)
  if (flags.D === true) {
    replaceFile(file, remove(readText(file), name))
    return
  }
  const before = flags.c === true ? '' : readText(file)
  const bytes = password === undefined ? await askNewPassword() : Buffer.from(password)
  if (bytes.length > BYTES_MAX) fail('the password must have less than 65536 bytes')
  replaceFile(file, put(before, name, await hash(bytes), SCRAM[flags.H]))
}

function hasher({ H, I }: Flags): (password: Buffer) => Promise<string> {
  const method = SCRAM[H]
  if (method !== undefined) {
    return async (password) => formatCredential(await makeCredential(`${password}`, method, I))
  }
  const options: HashOptions = I === undefined ? {} : { iterations: I }
  return (password) => hashPassword(password, H as HashScheme, options)
}

function checkFlags({ c, b, D, U }: Flags, username?: string, password?: string): void {
  const exclusive = Object.entries({ c, D, U }).filter(([, on]) => on === true)
  if (exclusive.length > 1) {
    fail(`${exclusive.map(([name]) => `-${name}`).join(' and ')} cannot be used together`)
  }
  if (b === true && (D === true || U === true)) fail('-b goes with neither -D nor -U')
  if (U === true) {
    if (username !== undefined) fail('-U takes the file only')
    return
  }
  if (username === undefined) fail('a file and a username are needed')
  if (b === true && password === undefined) fail('-b needs the password behind the username')
  if (b !== true && password !== undefined) fail('a password on the command line needs -b')
}

function checkName(name: string): string {
  if (name.trim() === '') fail('the username is empty')
  if (name.includes(':')) fail("the username must not contain ':'")
  if (/\p{Cc}/u.test(name)) fail('the username must not contain control characters')
  if (name.startsWith('#')) fail("the username must not begin with '#': the line is a comment")
  if (name.trim() !== name) fail('the username must not begin or end with a space')
  if (Buffer.byteLength(name) > BYTES_MAX) fail('the username must have less than 65536 bytes')
  return name
}

/** @param method of SCRAM: the line of the user for another method is not touched */
function put(text: string, name: string, hash: string, method: ScramMethod | undefined): string {
  const lines = splitPasswordFile(text.replace(/\n$/, ''))
  const at = lines.findIndex(
    ({ user }) =>
      user?.name === name && (method === undefined || user.password.startsWith(`${method}$`)),
  )
  const line = `${name}:${hash}`
  if (at >= 0) return join(lines.map((old, i) => (i === at ? line : old.text)))
  return join([...lines.map((old) => old.text), line])
}

function remove(text: string, name: string): string {
  const lines = splitPasswordFile(text)
  const kept = lines.filter(({ user }) => user?.name !== name)
  if (kept.length === lines.length) fail(`user ${JSON.stringify(name)} is not in the file`)
  return join(kept.map((line) => line.text))
}

/** Plain passwords become hashes; a colon in one would have ended it. */
async function upgrade(
  lines: PasswordLine[],
  hash: (password: Buffer) => Promise<string>,
  file: string,
): Promise<string> {
  const texts: string[] = []
  for (const [i, { text, user }] of lines.entries()) {
    if (user === undefined || isHash(user.password)) texts.push(text)
    else if (user.name === '') fail(`${file}:${i + 1}: the username is empty`)
    else if (text.split(':').length > 2) fail(`${file}:${i + 1}: the password contains ':'`)
    else texts.push(`${user.name}:${await hash(Buffer.from(user.password))}`)
  }
  return join(texts)
}

function isHash(text: string): boolean {
  try {
    parseHash(text)
    return true
  } catch {
    return false
  }
}

/** One newline at the end; a new file has no empty line before its first user. */
function join(lines: string[]): string {
  const text = lines.join('\n').replace(/^\n|\n$/g, '')
  return text === '' ? '' : `${text}\n`
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1 || count >= 2 ** 31) {
    throw new InvalidArgumentError('Expected a number from 1 to 2147483647.')
  }
  return count
}

function fail(text: string): never {
  throw new Failure('WASMQTT_PASSWD', [`passwd: ${text}`])
}
