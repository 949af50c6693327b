// The registry as text: devices as comma-separated values with a line of column names, or products
// and devices as lines of JSON. Exported with every secret; imported all of it or, when anything is
// wrong, nothing, and then each mistake is named with its line.

import { formatCsv, parseCsv } from './csv.ts'
import {
  DEFAULT_TOPICS,
  type Device,
  type Product,
  type Registration,
  RegistryError,
} from './model.ts'
import { checkDeviceName, checkProductKey, checkSecret, makeSecret } from './names.ts'
import { type DeviceRegistry, nameOf } from './registry.ts'
import { checkTopics } from './topics.ts'

export type Format = 'csv' | 'json'

export interface ImportOptions {
  readonly format: Format
  /** For lines that do not name their product. */
  readonly productKey?: string | undefined
  /** Whether products and devices that are there already are replaced. */
  readonly replace?: boolean | undefined
}

export interface Imported {
  readonly products: number
  readonly devices: number
}

/** One line, not yet known to make sense. */
type Raw = Record<string, unknown>

const COLUMNS = [
  ...['productKey', 'deviceName', 'deviceSecret', 'disabled', 'createdAt', 'activatedAt'],
  ...['lastSeen', 'tokenClientId', 'deviceToken'],
]
const MISTAKES_MAX = 20
const REGISTRATIONS: readonly unknown[] = ['off', 'listed', 'any'] satisfies Registration[]

export interface ExportOptions {
  readonly format: Format
  readonly productKey?: string | undefined
  /** As of `listDevices`; what stands before the devices is in the first page. */
  readonly after?: string | undefined
  readonly limit?: number | undefined
}

/** A page of an export; products only as JSON. */
export function exportPage(
  registry: DeviceRegistry,
  { format, ...options }: ExportOptions,
): { lines: string[]; next: string | undefined } {
  const { after, productKey } = options
  const lines: string[] = []
  if (after === undefined && format === 'csv') lines.push(formatCsv(COLUMNS))
  if (after === undefined && format === 'json') {
    for (const info of registry.listProducts()) {
      const isMeant = productKey === undefined || productKey === info.productKey
      if (isMeant) lines.push(JSON.stringify(registry.findProduct(info.productKey)))
    }
  }
  const { devices, next } = registry.listDevices(options)
  for (const device of devices) {
    lines.push(format === 'csv' ? formatCsv(fieldsOf(device)) : JSON.stringify(device))
  }
  return { lines, next }
}

/** @throws RegistryError with a line for each mistake */
export async function importText(
  registry: DeviceRegistry,
  text: string,
  options: ImportOptions,
): Promise<Imported> {
  const { devices, mistakes, products } = new Reading(registry, options).read(text)
  if (mistakes.length > 0) {
    const more = mistakes.length - MISTAKES_MAX
    const lines = mistakes.slice(0, MISTAKES_MAX)
    if (more > 0) lines.push(`and ${more} more`)
    throw new RegistryError('WASMQTT_DEVICE_IMPORT', lines)
  }
  await registry.add({ products: [...products.values()], devices: [...devices.values()] })
  return { products: products.size, devices: devices.size }
}

class Reading {
  readonly products: Map<string, Product> = new Map()
  readonly devices: Map<string, Device> = new Map()
  readonly mistakes: string[] = []
  private readonly registry: DeviceRegistry
  private readonly options: ImportOptions
  private readonly now: number = Date.now()

  constructor(registry: DeviceRegistry, options: ImportOptions) {
    this.registry = registry
    this.options = options
  }

  read(text: string): this {
    let columns: string[] | undefined
    for (const [i, line] of text
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/)
      .entries()) {
      if (line.trim() === '') continue
      try {
        if (this.options.format === 'json') this.take(parseObject(line))
        else if (columns === undefined) columns = parseColumns(line)
        else this.take(toObject(columns, parseCsv(line)))
      } catch (error) {
        this.mistakes.push(`line ${i + 1}: ${(error as Error).message}`)
        // Without its columns nothing of a table can be read.
        if (this.options.format === 'csv' && columns === undefined) return this
      }
    }
    return this
  }

  private take(raw: Raw): void {
    if ('productSecret' in raw && !('deviceName' in raw)) this.takeProduct(raw)
    else this.takeDevice(raw)
  }

  private takeProduct(raw: Raw): void {
    const { dynamicRegistration = 'off', topics = DEFAULT_TOPICS } = raw
    const productKey = textOf(raw, 'productKey')
    checkProductKey(productKey)
    const productSecret = textOf(raw, 'productSecret')
    checkSecret(productSecret)
    if (!REGISTRATIONS.includes(dynamicRegistration)) {
      throw new RangeError('dynamicRegistration: expected off, listed or any')
    }
    if (!Array.isArray(topics)) throw new RangeError('topics: expected a list')
    checkTopics(topics)
    this.refuseKnown(this.products, productKey, this.registry.findProduct(productKey), 'product')
    this.products.set(productKey, {
      ...{ productKey, productSecret },
      dynamicRegistration: dynamicRegistration as Registration,
      topics,
      ...(raw.name !== undefined && { name: textOf(raw, 'name') }),
      createdAt: timeOf(raw, 'createdAt') ?? this.now,
    })
  }

  private takeDevice(raw: Raw): void {
    const productKey = raw.productKey === undefined ? this.options.productKey : raw.productKey
    if (typeof productKey !== 'string') throw new RangeError('expected a productKey')
    const isKnown = this.products.has(productKey) || this.registry.findProduct(productKey)
    if (!isKnown) throw new RangeError(`there is no product ${productKey}`)
    const deviceName = textOf(raw, 'deviceName')
    checkDeviceName(deviceName)
    const deviceSecret = raw.deviceSecret === undefined ? makeSecret() : textOf(raw, 'deviceSecret')
    checkSecret(deviceSecret)
    const name = { productKey, deviceName }
    this.refuseKnown(this.devices, nameOf(name), this.registry.findDevice(name), 'device')
    const activatedAt = timeOf(raw, 'activatedAt')
    const lastSeen = timeOf(raw, 'lastSeen')
    const token = tokenOf(raw)
    this.devices.set(nameOf(name), {
      ...{ ...name, deviceSecret, disabled: flagOf(raw, 'disabled') },
      createdAt: timeOf(raw, 'createdAt') ?? this.now,
      ...(activatedAt !== undefined && { activatedAt }),
      ...(lastSeen !== undefined && { lastSeen }),
      ...(token !== undefined && { token }),
    })
  }

  private refuseKnown(
    seen: Map<string, unknown>,
    name: string,
    there: unknown,
    what: string,
  ): void {
    if (seen.has(name)) throw new RangeError(`${what} ${name} is in the file twice`)
    if (there === undefined || this.options.replace) return
    throw new RangeError(`${what} ${name} exists already`)
  }
}

/** Names of columns in any case. */
function parseColumns(line: string): string[] {
  const names = new Map(COLUMNS.map((name) => [name.toLowerCase(), name]))
  const columns = parseCsv(line).map((text) => {
    const column = names.get(text.toLowerCase())
    if (column === undefined) {
      throw new RangeError(`expected columns out of ${COLUMNS.join(', ')}, got '${text}'`)
    }
    return column
  })
  if (!columns.includes('deviceName')) throw new RangeError('expected a column deviceName')
  if (new Set(columns).size < columns.length) throw new RangeError('a column is there twice')
  return columns
}

function toObject(columns: readonly string[], fields: readonly string[]): Raw {
  if (fields.length !== columns.length) {
    throw new RangeError(`expected ${columns.length} fields, got ${fields.length}`)
  }
  const pairs = columns.map((column, i) => [column, fields[i]] as const)
  return Object.fromEntries(pairs.filter(([, field]) => field !== ''))
}

function parseObject(line: string): Raw {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    // The parser's own words quote the line, which may have a secret in it.
    throw new SyntaxError('expected an object in JSON')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Raw
  throw new SyntaxError('expected an object in JSON')
}

function fieldsOf(device: Device): string[] {
  const { activatedAt, createdAt, disabled, lastSeen, token } = device
  const time = (at: number | undefined): string =>
    at === undefined ? '' : new Date(at).toISOString()
  return [
    ...[device.productKey, device.deviceName, device.deviceSecret, String(disabled)],
    ...[time(createdAt), time(activatedAt), time(lastSeen)],
    ...[token?.clientId ?? '', token?.value ?? ''],
  ]
}

function textOf(raw: Raw, key: string): string {
  const value = raw[key]
  if (typeof value === 'string') return value
  throw new RangeError(value === undefined ? `expected a ${key}` : `${key}: expected a text`)
}

function flagOf(raw: Raw, key: string): boolean {
  const value = raw[key]
  if (value === undefined || value === false || value === 'false') return false
  if (value === true || value === 'true') return true
  throw new RangeError(`${key}: expected true or false`)
}

/** Milliseconds, or a date and time. */
function timeOf(raw: Raw, key: string): number | undefined {
  const value = raw[key]
  if (value === undefined) return undefined
  const time = typeof value === 'number' ? value : Date.parse(String(value))
  if (Number.isFinite(time) && time >= 0) return time
  throw new RangeError(`${key}: expected a time`)
}

function tokenOf(raw: Raw): Device['token'] {
  const { tokenClientId, deviceToken } = raw
  const { clientId, value } = (raw.token ?? {
    clientId: tokenClientId,
    value: deviceToken,
  }) as Record<string, unknown>
  if (clientId === undefined && value === undefined) return undefined
  if (typeof clientId === 'string' && typeof value === 'string') return { clientId, value }
  throw new RangeError('expected a token with its client identifier, or neither')
}
