// Where the registry is kept: a database of its own, made when there is something to keep. Writes
// that come while one is under way go out together in the next; each resolves when it is on disk.
//
//   p productKey              product: JSON
//   d productKey NUL device   device: JSON

import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Log } from '../../config/options.ts'
import { type Database, openDatabase } from '../../store/database.ts'
import type { Device, Product } from './model.ts'
import { RegistryError } from './model.ts'

/** undefined = deleted. */
export type Change =
  | { readonly productKey: string; readonly product: Product | undefined }
  | {
      readonly productKey: string
      readonly deviceName: string
      readonly device: Device | undefined
    }

export interface Contents {
  readonly products: readonly Product[]
  readonly devices: readonly Device[]
}

const NOTHING: Contents = { products: [], devices: [] }
const PRODUCT = 'p'
const DEVICE = 'd'

export class Records {
  private readonly directory: string | undefined
  private readonly log: Log | undefined
  private database: Database | undefined = undefined
  private pending = new Map<string, Buffer | undefined>()
  private isUrgent = false
  private next: Promise<void> | undefined = undefined
  private last: Promise<void> = Promise.resolve()

  private constructor(directory: string | undefined, log: Log | undefined) {
    this.directory = directory
    this.log = log
  }

  /**
   * @param directory undefined = nothing is kept
   * @throws StoreError when it cannot be used
   */
  static async open(
    directory: string | undefined,
    log: Log | undefined,
  ): Promise<{ records: Records; contents: Contents }> {
    const records = new Records(directory, log)
    if (directory === undefined || !existsSync(directory)) return { records, contents: NOTHING }
    return { records, contents: await records.openDatabase(directory) }
  }

  /** Makes the database now, so that nobody else does. @returns what somebody else has put there */
  async hold(): Promise<Contents> {
    const { database, directory } = this
    if (directory === undefined || database !== undefined) return NOTHING
    return this.openDatabase(directory)
  }

  /** Resolves when it is on disk. */
  write(changes: readonly Change[]): Promise<void> {
    this.isUrgent = true
    return this.put(changes)
  }

  /** As `write`, when the system gets round to it: what is lost in a crash is no loss. */
  note(changes: readonly Change[]): void {
    this.put(changes).catch((error: Error) => {
      this.log?.('error', 'the device registry cannot be written', { error: error.message })
    })
  }

  async close(): Promise<void> {
    await (this.next ?? this.last).catch(() => {})
    await this.database?.close()
    this.database = undefined
  }

  private put(changes: readonly Change[]): Promise<void> {
    if (this.directory === undefined) return Promise.resolve()
    for (const change of changes) {
      const value = 'device' in change ? change.device : change.product
      this.pending.set(keyOf(change), value && Buffer.from(JSON.stringify(value)))
    }
    this.next ??= this.last.catch(() => {}).then(() => this.flush())
    return this.next
  }

  private flush(): Promise<void> {
    const { isUrgent, pending } = this
    this.pending = new Map()
    this.isUrgent = false
    this.next = undefined
    this.last = this.commit(pending, isUrgent)
    return this.last
  }

  private async commit(changes: Map<string, Buffer | undefined>, sync: boolean): Promise<void> {
    const directory = this.directory as string
    try {
      if (this.database === undefined) await this.openDatabase(directory)
      const batch = (this.database as Database).batch()
      for (const [key, value] of changes) {
        if (value === undefined) batch.del(Buffer.from(key))
        else batch.put(Buffer.from(key), value)
      }
      await batch.write({ sync })
    } catch (error) {
      const { message } = error as Error
      throw new RegistryError('WASMQTT_DEVICE_STORE', [`${directory}: ${message}`])
    }
  }

  private async openDatabase(directory: string): Promise<Contents> {
    await mkdir(dirname(directory), { recursive: true })
    // Secrets are in there as they are: signatures cannot be checked without.
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const { contents, database } = await openDatabase(directory, this.log, read)
    this.database = database
    return contents
  }
}

function keyOf(change: Change): string {
  const { productKey } = change
  return 'device' in change
    ? `${DEVICE}${productKey}\0${change.deviceName}`
    : `${PRODUCT}${productKey}`
}

async function read(database: Database): Promise<Contents> {
  const products: Product[] = []
  const devices: Device[] = []
  for await (const [key, value] of database.iterator()) {
    const kind = String.fromCharCode(key[0] as number)
    if (kind === PRODUCT) products.push(JSON.parse(value.toString('utf8')))
    if (kind === DEVICE) devices.push(JSON.parse(value.toString('utf8')))
  }
  return { products, devices }
}
