// Opening the database directory: whose it is, which version, what to do when it is broken. A store
// in use, of a newer version or of somebody else is refused with one line; a corrupt one is
// repaired, and set aside under another name when that fails. Nothing is ever deleted.

import { execFileSync } from 'node:child_process'
import { readdirSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { ClassicLevel } from 'classic-level'
import type { Log } from '../config/options.ts'
import { isOurs, MAGIC, SCHEMA_KEY, VERSION } from './keys.ts'

export type Database = ClassicLevel<Buffer, Buffer>

const WRITE_BUFFER_BYTES = 64 << 20
const LEVELDB_FILE = /^(CURRENT|LOCK|LOG(\.old)?|MANIFEST-\d+|\d+\.(log|ldb|sst|dbtmp))$/

export type StoreErrorCode =
  | 'WASMQTT_STORE_LOCKED'
  | 'WASMQTT_STORE_FOREIGN'
  | 'WASMQTT_STORE_NEWER'
  | 'WASMQTT_STORE_CORRUPT'
  | 'WASMQTT_STORE_IO'

/** What no repair mends and nothing is gained by starting empty. */
const KEEPS_AWAY: ReadonlySet<StoreErrorCode> = new Set([
  'WASMQTT_STORE_LOCKED',
  'WASMQTT_STORE_NEWER',
  'WASMQTT_STORE_IO',
])

/** Why a store cannot be opened; the message is one line for the operator. */
export class StoreError extends Error {
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string) {
    super(message)
    this.name = 'StoreError'
    this.code = code
  }
}

/**
 * Opens the store and reads it by `read`; repairs or sets aside what is corrupt and tries again.
 * @throws StoreError
 */
export async function openDatabase<T>(
  directory: string,
  log: Log | undefined,
  read: (database: Database) => Promise<T>,
): Promise<{ database: Database; contents: T }> {
  try {
    return await tryOpen(directory, read, { create: true })
  } catch (error) {
    if (!isCorruption(error)) throw error
    log?.('error', 'the store is corrupt, repairing it', { directory, error: text(error) })
  }
  try {
    repair(directory)
    const opened = await tryOpen(directory, read, { create: true })
    log?.('warn', 'the store has been repaired; what was unreadable is lost', { directory })
    return opened
  } catch (error) {
    if (error instanceof StoreError && KEEPS_AWAY.has(error.code)) throw error
    const aside = `${directory}.broken-${new Date().toISOString().replaceAll(':', '-')}`
    renameSync(directory, aside)
    const facts = { directory, aside, error: text(error) }
    log?.('error', 'the store cannot be repaired: it has been set aside, starting empty', facts)
  }
  return tryOpen(directory, read, { create: true })
}

/** LevelDB's repair ends the process on some damage, so it has one of its own. @throws Error */
function repair(directory: string): void {
  const path = createRequire(import.meta.url).resolve('classic-level')
  const script = 'require(process.argv[1]).ClassicLevel.repair(process.argv[2])'
  execFileSync(process.execPath, ['-e', script, path, directory], { stdio: 'pipe' })
}

/** Opens an existing or, with `create`, a new store without mending anything. @throws StoreError */
export async function tryOpen<T>(
  directory: string,
  read: (database: Database) => Promise<T>,
  { create }: { create: boolean },
): Promise<{ database: Database; contents: T }> {
  const isNew = judgeFiles(directory)
  if (isNew && !create) {
    throw new StoreError('WASMQTT_STORE_FOREIGN', `there is no store in ${directory}`)
  }
  const database = databaseOf(directory)
  try {
    await database.open()
    await checkSchema(database, directory, isNew)
    return { database, contents: await read(database) }
  } catch (error) {
    await database.close().catch(() => {})
    throw explain(error, directory)
  }
}

export function databaseOf(directory: string): Database {
  return new ClassicLevel<Buffer, Buffer>(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    writeBufferSize: WRITE_BUFFER_BYTES,
  })
}

/** @returns whether there is nothing yet */
function judgeFiles(directory: string): boolean {
  const names = filesOf(directory)
  const ours = names.filter((name) => LEVELDB_FILE.test(name))
  if (names.includes('CURRENT') || names.length === 0) return names.length === 0
  if (ours.length === 0) {
    throw new StoreError(
      'WASMQTT_STORE_FOREIGN',
      `${directory} is not empty and not a store of wasmqtt (found ${names[0]})`,
    )
  }
  // Opening would take it for a new database and delete what is left of the old one.
  if (ours.every((name) => /^(LOCK|LOG)/.test(name))) return true
  throw new StoreError('WASMQTT_STORE_CORRUPT', `${directory}: the file CURRENT is missing`)
}

function filesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new StoreError('WASMQTT_STORE_IO', `${directory}: ${(error as Error).message}`)
  }
}

async function checkSchema(database: Database, directory: string, isNew: boolean): Promise<void> {
  const value = await database.get(SCHEMA_KEY)
  if (value === undefined) {
    if (!isNew) await judgeKeys(database, directory)
    const schema = Buffer.from(JSON.stringify({ magic: MAGIC, version: VERSION }))
    await database.batch().put(SCHEMA_KEY, schema).write({ sync: true })
    return
  }
  const { magic, version } = parseSchema(value)
  if (magic !== MAGIC || version === undefined) {
    throw new StoreError('WASMQTT_STORE_FOREIGN', `${directory} is not a store of wasmqtt`)
  }
  if (version > VERSION) {
    throw new StoreError(
      'WASMQTT_STORE_NEWER',
      `${directory} was written by a newer wasmqtt (store version ${version}, this one reads ${VERSION})`,
    )
  }
}

/** Without a schema: empty is new, keys like ours have lost theirs, others are foreign. */
async function judgeKeys(database: Database, directory: string): Promise<void> {
  for await (const key of database.keys({ limit: 1 })) {
    if (isOurs(key)) throw new StoreError('WASMQTT_STORE_CORRUPT', `${directory}: no schema`)
    throw new StoreError('WASMQTT_STORE_FOREIGN', `${directory} is not a store of wasmqtt`)
  }
}

function parseSchema(value: Buffer): { magic?: string; version?: number } {
  try {
    return JSON.parse(value.toString('utf8')) as { magic?: string; version?: number }
  } catch {
    return {}
  }
}

function explain(error: unknown, directory: string): StoreError {
  if (error instanceof StoreError) return error
  const cause = (error as Error).cause ?? error
  const { code, message } = cause as Error & { code?: string }
  if (code === 'LEVEL_LOCKED') {
    return new StoreError('WASMQTT_STORE_LOCKED', `${directory} is in use by another process`)
  }
  const isUnreadable = cause instanceof SyntaxError || cause instanceof RangeError
  const corrupt = code === 'LEVEL_CORRUPTION' || isUnreadable || /corrupt/i.test(message)
  // LevelDB reports files that its manifest names and that are gone as an I/O error.
  if (corrupt || /missing files|No such file/i.test(message)) {
    return new StoreError('WASMQTT_STORE_CORRUPT', `${directory}: ${message}`)
  }
  return new StoreError('WASMQTT_STORE_IO', `${directory}: ${message}`)
}

function isCorruption(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'WASMQTT_STORE_CORRUPT'
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
