// Who may not come in, whatever it knows: client identifiers, user names, addresses and ranges,
// for ever or until a moment. Kept in one JSON file, written whole at each change: there are few.

import { readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Addresses } from '../config/addresses.ts'

export type BanKind = 'client' | 'user' | 'address'

export interface Ban {
  readonly kind: BanKind
  /** Client identifier, user name, address or range. */
  readonly value: string
  /** Milliseconds since the epoch; undefined = for ever. */
  readonly until?: number
  readonly reason?: string
}

/** Whoever may be banned: an applicant, or a client that is connected. */
export interface Suspect {
  readonly clientId: string
  readonly username: string | undefined
  readonly origin: { readonly address: string }
}

/** In the data directory. */
export const BANS_FILE = 'bans.json'

const KINDS: readonly string[] = ['client', 'user', 'address']

export class Bans {
  private readonly file: string | undefined
  private readonly now: () => number
  private readonly bans: Map<string, Ban> = new Map()
  private readonly ranges: Map<string, Addresses> = new Map()
  private writing: Promise<void> = Promise.resolve()

  /**
   * @param file undefined = they end with the process
   * @param now milliseconds since the epoch
   * @throws Error that names the file when it is no ban list
   */
  constructor(file: string | undefined, now: () => number) {
    this.file = file
    this.now = now
    if (file !== undefined) for (const ban of read(file)) this.put(ban)
  }

  /** Resolves when it is stored. @throws RangeError when the value is no address or range */
  add(ban: Ban): Promise<void> {
    if (ban.value === '') throw new RangeError('expected whom to ban, got nothing')
    this.put(ban)
    return this.write()
  }

  /** @returns whether there was such a ban, when that is stored */
  async remove(kind: BanKind, value: string): Promise<boolean> {
    const existed = this.forget(kind, value)
    if (existed) await this.write()
    return existed
  }

  /** Those in force. */
  list(): Ban[] {
    const now = this.now()
    return [...this.bans.values()].filter(({ until }) => until === undefined || until > now)
  }

  /** The ban that keeps somebody out. */
  find({ clientId, origin, username }: Suspect): Ban | undefined {
    return (
      this.inForce('client', clientId) ??
      (username === undefined ? undefined : this.inForce('user', username)) ??
      this.findAddress(origin.address)
    )
  }

  findAddress(address: string): Ban | undefined {
    for (const [value, range] of this.ranges) {
      if (!range.includes(address)) continue
      const ban = this.inForce('address', value)
      if (ban !== undefined) return ban
    }
    return undefined
  }

  private inForce(kind: BanKind, value: string): Ban | undefined {
    const ban = this.bans.get(keyOf(kind, value))
    if (ban?.until === undefined || ban.until > this.now()) return ban
    this.forget(kind, value)
    return undefined
  }

  private forget(kind: BanKind, value: string): boolean {
    if (kind === 'address') this.ranges.delete(value)
    return this.bans.delete(keyOf(kind, value))
  }

  private put(ban: Ban): void {
    if (ban.kind === 'address') this.ranges.set(ban.value, new Addresses([ban.value]))
    this.bans.set(keyOf(ban.kind, ban.value), ban)
  }

  /** One write after the other; the file is whole at any moment. */
  private write(): Promise<void> {
    const { file } = this
    if (file === undefined) return Promise.resolve()
    const text = `${JSON.stringify(this.list(), undefined, 2)}\n`
    this.writing = this.writing.catch(() => undefined).then(() => replaceFile(file, text))
    return this.writing
  }
}

async function replaceFile(file: string, text: string): Promise<void> {
  const next = `${file}.new`
  const handle = await open(next, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(next, file)
  const directory = await open(dirname(file))
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function keyOf(kind: BanKind, value: string): string {
  return `${kind} ${value}`
}

function read(file: string): Ban[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new Error(`${file}: cannot be read: ${(error as Error).message}`)
  }
  try {
    const bans = JSON.parse(text) as Ban[]
    if (bans.every(isBan)) return bans
  } catch {}
  throw new Error(`${file}: expected a list of bans`)
}

function isBan(value: unknown): value is Ban {
  const { kind, until, value: who } = value as Ban
  const isTimed = until === undefined || Number.isFinite(until)
  return KINDS.includes(kind) && typeof who === 'string' && isTimed
}
