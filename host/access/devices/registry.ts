// The device registry: products and their devices, all in memory and each change on disk before it
// is acknowledged. The face that the command line, an admin API and the library work with; who is
// connected and what happens then is devices.ts's.

import type { Log } from '../../config/options.ts'
import {
  DEFAULT_TOPICS,
  type Device,
  type DeviceInfo,
  type DeviceName,
  type DeviceToken,
  type Product,
  type ProductInfo,
  type ProductTopic,
  type Registration,
  RegistryError,
} from './model.ts'
import {
  checkDeviceName,
  checkProductKey,
  checkSecret,
  makeDeviceName,
  makeProductKey,
  makeSecret,
} from './names.ts'
import { type Change, type Contents, Records } from './records.ts'
import { checkTopics } from './topics.ts'

/** What a new product may be told; the rest is made up. */
export interface ProductOptions {
  readonly productKey?: string | undefined
  readonly productSecret?: string | undefined
  readonly name?: string | undefined
  readonly dynamicRegistration?: Registration | undefined
  readonly topics?: readonly ProductTopic[] | undefined
}

export interface DeviceOptions {
  readonly productKey: string
  readonly deviceName?: string | undefined
  readonly deviceSecret?: string | undefined
  readonly disabled?: boolean | undefined
}

/** A page of a list, in the order of names. */
export interface PageOptions {
  readonly productKey?: string | undefined
  /** `productKey/deviceName`, the last of the page before. */
  readonly after?: string | undefined
  /** Default 100. */
  readonly limit?: number | undefined
}

export interface Page {
  readonly devices: readonly Device[]
  readonly next: string | undefined
}

/** Something has changed, on disk too. */
export type RegistryEvent =
  | { readonly type: 'product-created' | 'product-changed' | 'product-deleted'; productKey: string }
  | ({ readonly type: DeviceEventType } & DeviceName)

export type DeviceEventType =
  | 'device-created'
  | 'device-changed'
  | 'device-disabled'
  | 'device-enabled'
  | 'device-rotated'
  | 'device-deleted'

export interface RegistryOptions {
  /** Its own directory; undefined = it ends with the process. */
  readonly directory?: string | undefined
  readonly log?: Log | undefined
  /** Milliseconds since the epoch. */
  readonly clock?: (() => number) | undefined
}

interface Entry {
  product: Product
  readonly devices: Map<string, Device>
  /** Names of the devices in order, once asked for. */
  sorted: string[] | undefined
}

const PAGE = 100
const CREATED_MAX = 100_000

export class DeviceRegistry {
  private readonly entries: Map<string, Entry> = new Map()
  private readonly records: Records
  private readonly now: () => number
  private readonly listeners: Set<(event: RegistryEvent) => void> = new Set()

  private constructor(records: Records, contents: Contents, now: () => number) {
    this.records = records
    this.now = now
    this.load(contents)
  }

  /** @throws StoreError when the directory cannot be used */
  static async open(options: RegistryOptions = {}): Promise<DeviceRegistry> {
    const { clock = Date.now, directory, log } = options
    const { contents, records } = await Records.open(directory, log)
    return new DeviceRegistry(records, contents, clock)
  }

  /** Takes the directory for its own now, not with the first write. @throws StoreError */
  async hold(): Promise<void> {
    this.load(await this.records.hold())
  }

  close(): Promise<void> {
    return this.records.close()
  }

  /** @returns how to stop hearing of it */
  onEvent(listener: (event: RegistryEvent) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** @returns it with its secret, when it is stored @throws RangeError, RegistryError */
  async createProduct(options: ProductOptions = {}): Promise<Product> {
    const { productKey = makeProductKey(), productSecret = makeSecret(), name } = options
    const { dynamicRegistration = 'off', topics = DEFAULT_TOPICS } = options
    checkProductKey(productKey)
    checkSecret(productSecret)
    checkTopics(topics)
    if (this.entries.has(productKey)) throw exists(`product ${productKey}`)
    const product: Product = {
      ...{ productKey, productSecret, dynamicRegistration, topics },
      ...(name !== undefined && { name }),
      createdAt: this.now(),
    }
    this.setProduct(product)
    await this.store([{ productKey, product }], () => this.entries.delete(productKey))
    this.tell({ type: 'product-created', productKey })
    return product
  }

  /** Other settings of a product, from now on. */
  async changeProduct(
    productKey: string,
    options: Pick<ProductOptions, 'name' | 'dynamicRegistration' | 'topics'>,
  ): Promise<Product> {
    const old = this.productOf(productKey)
    if (options.topics !== undefined) checkTopics(options.topics)
    const given = Object.entries(options).filter(([, value]) => value !== undefined)
    const product: Product = { ...old, ...Object.fromEntries(given) }
    this.setProduct(product)
    await this.store([{ productKey, product }], () => this.setProduct(old))
    this.tell({ type: 'product-changed', productKey })
    return product
  }

  /** With its devices. */
  async deleteProduct(productKey: string): Promise<void> {
    const entry = this.entryOf(productKey)
    const names = [...entry.devices.keys()]
    const changes: Change[] = names.map((deviceName) => ({
      ...{ productKey, deviceName },
      device: undefined,
    }))
    this.entries.delete(productKey)
    await this.store([{ productKey, product: undefined }, ...changes], () =>
      this.entries.set(productKey, entry),
    )
    for (const deviceName of names) this.tell({ type: 'device-deleted', productKey, deviceName })
    this.tell({ type: 'product-deleted', productKey })
  }

  /** In the order of their keys. */
  listProducts(): ProductInfo[] {
    return [...this.entries.values()]
      .map(({ product: { productSecret: _, ...rest }, devices }) => ({
        ...rest,
        devices: devices.size,
      }))
      .sort((one, other) => compare(one.productKey, other.productKey))
  }

  findProduct(productKey: string): Product | undefined {
    return this.entries.get(productKey)?.product
  }

  /** @returns it with its secret, when it is stored @throws RangeError, RegistryError */
  async createDevice(options: DeviceOptions): Promise<Device> {
    return (await this.createDevices([options]))[0] as Device
  }

  /** All of them or none. */
  async createDevices(all: readonly DeviceOptions[]): Promise<Device[]> {
    if (all.length > CREATED_MAX) throw new RangeError(`expected at most ${CREATED_MAX} devices`)
    const devices = all.map((options) => this.makeDevice(options))
    const seen = new Set<string>()
    for (const device of devices) {
      if (this.findDevice(device) !== undefined || seen.has(nameOf(device))) {
        throw exists(nameOf(device))
      }
      seen.add(nameOf(device))
    }
    await this.add({ products: [], devices })
    return devices
  }

  /** Keeps products and devices as they are, in place of those of the same name. */
  async add({ devices, products }: Contents): Promise<void> {
    const oldProducts = products.map(({ productKey }) => this.findProduct(productKey))
    for (const product of products) this.setProduct(product)
    const oldDevices = devices.map((device) => this.findDevice(device))
    for (const device of devices) this.setDevice(device)
    const changes = [
      ...products.map((product): Change => ({ productKey: product.productKey, product })),
      ...devices.map(changeTo),
    ]
    await this.store(changes, () => {
      for (const [i, device] of devices.entries()) this.restore(device, oldDevices[i])
      for (const [i, { productKey }] of products.entries()) {
        const old = oldProducts[i]
        if (old !== undefined) this.setProduct(old)
        else this.entries.delete(productKey)
      }
    })
    for (const [i, { productKey }] of products.entries()) {
      const type = oldProducts[i] === undefined ? 'product-created' : 'product-changed'
      this.tell({ type, productKey })
    }
    for (const [i, device] of devices.entries()) {
      const { deviceName, productKey } = device
      this.tell({ type: eventType(oldDevices[i], device), productKey, deviceName })
    }
  }

  /** As the library keeps them, secrets and all. */
  listDevices({ after, limit = PAGE, productKey }: PageOptions = {}): Page {
    const keys = productKey === undefined ? [...this.entries.keys()].sort(compare) : [productKey]
    const [afterKey, afterName] = (after?.split('/') ?? ['', '']) as [string, string]
    const devices: Device[] = []
    for (const key of keys) {
      if (key < afterKey) continue
      const entry = this.entryOf(key)
      entry.sorted ??= [...entry.devices.keys()].sort(compare)
      for (const name of entry.sorted) {
        if (key === afterKey && name <= afterName) continue
        if (devices.length === limit) return { devices, next: nameOf(devices.at(-1) as Device) }
        devices.push(this.findDevice({ productKey: key, deviceName: name }) as Device)
      }
    }
    return { devices, next: undefined }
  }

  findDevice({ deviceName, productKey }: DeviceName): Device | undefined {
    return this.entries.get(productKey)?.devices.get(deviceName)
  }

  /** @throws RegistryError when there is none */
  getDevice(name: DeviceName): Device {
    this.productOf(name.productKey)
    const device = this.findDevice(name)
    if (device === undefined) throw unknown(`device ${nameOf(name)}`)
    return device
  }

  disableDevice(name: DeviceName): Promise<Device> {
    return this.changeDevice(name, { disabled: true }, 'device-disabled')
  }

  enableDevice(name: DeviceName): Promise<Device> {
    return this.changeDevice(name, { disabled: false }, 'device-enabled')
  }

  /**
   * A new secret; the old one and the token are worth nothing any more.
   * @param mayRegister whether the device may obtain it by dynamic registration
   */
  rotateSecret(
    name: DeviceName,
    { mayRegister = false }: { mayRegister?: boolean } = {},
  ): Promise<Device> {
    const { token: _, activatedAt, ...rest } = this.getDevice(name)
    const kept = mayRegister || activatedAt === undefined ? rest : { ...rest, activatedAt }
    return this.replaceDevice({ ...kept, deviceSecret: makeSecret() }, 'device-rotated')
  }

  async deleteDevice(name: DeviceName): Promise<void> {
    const device = this.getDevice(name)
    const { deviceName, productKey } = device
    this.removeDevice(device)
    await this.store([{ productKey, deviceName, device: undefined }], () => this.setDevice(device))
    this.tell({ type: 'device-deleted', productKey, deviceName })
  }

  /** By registration: in place of a secret. */
  giveToken(name: DeviceName, token: DeviceToken): Promise<Device> {
    return this.changeDevice(name, { token }, 'device-changed')
  }

  /** The device has come or gone; the first time it is activated. Not on disk at once. */
  touch(name: DeviceName): void {
    const device = this.findDevice(name)
    if (device === undefined) return
    const now = this.now()
    const touched = { ...device, activatedAt: device.activatedAt ?? now, lastSeen: now }
    this.setDevice(touched)
    this.records.note([changeTo(touched)])
  }

  /** Whether an identifier is that of a device's session. */
  isSessionId(clientId: string): boolean {
    const at = clientId.indexOf('.')
    if (at < 1) return false
    const [productKey, deviceName] = [clientId.slice(0, at), clientId.slice(at + 1)]
    return this.findDevice({ productKey, deviceName }) !== undefined
  }

  /** A device that could be added. @throws RangeError, RegistryError */
  makeDevice(options: DeviceOptions): Device {
    const { productKey, deviceName = makeDeviceName() } = options
    const { deviceSecret = makeSecret(), disabled = false } = options
    this.productOf(productKey)
    checkDeviceName(deviceName)
    checkSecret(deviceSecret)
    return { productKey, deviceName, deviceSecret, disabled, createdAt: this.now() }
  }

  private load({ devices, products }: Contents): void {
    for (const product of products) this.setProduct(product)
    for (const device of devices) this.setDevice(device)
  }

  private changeDevice(
    name: DeviceName,
    change: Partial<Device>,
    type: DeviceEventType,
  ): Promise<Device> {
    return this.replaceDevice({ ...this.getDevice(name), ...change }, type)
  }

  private async replaceDevice(device: Device, type: DeviceEventType): Promise<Device> {
    const before = this.findDevice(device)
    this.setDevice(device)
    await this.store([changeTo(device)], () => this.restore(device, before))
    this.tell({ type, productKey: device.productKey, deviceName: device.deviceName })
    return device
  }

  /** Writes; what could not be written has not been. */
  private async store(changes: readonly Change[], undo: () => void): Promise<void> {
    try {
      await this.records.write(changes)
    } catch (error) {
      undo()
      throw error
    }
  }

  private restore(device: Device, before: Device | undefined): void {
    if (before !== undefined) this.setDevice(before)
    else this.removeDevice(device)
  }

  private removeDevice({ deviceName, productKey }: DeviceName): void {
    const entry = this.entries.get(productKey)
    if (entry?.devices.delete(deviceName)) entry.sorted = undefined
  }

  private setProduct(product: Product): void {
    const entry = this.entries.get(product.productKey)
    if (entry !== undefined) entry.product = product
    else this.entries.set(product.productKey, { product, devices: new Map(), sorted: undefined })
  }

  private setDevice(device: Device): void {
    const entry = this.entries.get(device.productKey)
    if (entry === undefined) return
    if (!entry.devices.has(device.deviceName)) entry.sorted = undefined
    entry.devices.set(device.deviceName, device)
  }

  private tell(event: RegistryEvent): void {
    for (const listener of this.listeners) listener(event)
  }

  private productOf(productKey: string): Product {
    return this.entryOf(productKey).product
  }

  private entryOf(productKey: string): Entry {
    const entry = this.entries.get(productKey)
    if (entry === undefined) throw unknown(`product ${productKey}`)
    return entry
  }
}

export function nameOf({ deviceName, productKey }: DeviceName): string {
  return `${productKey}/${deviceName}`
}

/** Without what only the device may know. */
export function infoOf(device: Device, online: boolean): DeviceInfo {
  const { deviceSecret: _, token: __, ...rest } = device
  return { ...rest, online }
}

function eventType(before: Device | undefined, device: Device): DeviceEventType {
  if (before === undefined) return 'device-created'
  if (before.deviceSecret !== device.deviceSecret) return 'device-rotated'
  return device.disabled && !before.disabled ? 'device-disabled' : 'device-changed'
}

function changeTo(device: Device): Change {
  return { productKey: device.productKey, deviceName: device.deviceName, device }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

function exists(what: string): RegistryError {
  return new RegistryError('WASMQTT_DEVICE_EXISTS', [`${what} exists already`])
}

function unknown(what: string): RegistryError {
  return new RegistryError('WASMQTT_DEVICE_UNKNOWN', [`there is no ${what}`])
}
