// Products and devices: what is known of them, and what of that everybody may see. Shared by the
// registry, its files and its callers.

/** Who may obtain a secret with nothing but the product's: nobody, devices listed, any name. */
export type Registration = 'off' | 'listed' | 'any'

export type Permission = 'publish' | 'subscribe' | 'both'

/** A custom topic of a product's devices. */
export interface ProductTopic {
  /** Filter with the levels `${productkey}/${devicename}` in it, each its own. */
  readonly filter: string
  readonly permission: Permission
}

export interface Product {
  readonly productKey: string
  readonly productSecret: string
  readonly name?: string
  readonly dynamicRegistration: Registration
  readonly topics: readonly ProductTopic[]
  /** Milliseconds since the epoch, as all times here. */
  readonly createdAt: number
}

export interface Device {
  readonly productKey: string
  readonly deviceName: string
  readonly deviceSecret: string
  readonly disabled: boolean
  readonly createdAt: number
  /** When it first came in; from then on it cannot be registered again. */
  readonly activatedAt?: number
  /** When it last came or went. */
  readonly lastSeen?: number
  /** Given by registration without a list, in place of the secret. */
  readonly token?: DeviceToken
}

export interface DeviceToken {
  readonly clientId: string
  readonly value: string
}

/** What anybody who may look at all may see. */
export type ProductInfo = Omit<Product, 'productSecret'> & { readonly devices: number }
export type DeviceInfo = Omit<Device, 'deviceSecret' | 'token'> & { readonly online: boolean }

/** Everything under `user/`. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: placeholders of a filter
export const USER_TOPICS = '/${productkey}/${devicename}/user/#'

export const DEFAULT_TOPICS: readonly ProductTopic[] = [{ filter: USER_TOPICS, permission: 'both' }]

/** The session of a device: whatever identifier it chooses, it is always the same. */
export function sessionIdOf({ productKey, deviceName }: DeviceName): string {
  return `${productKey}.${deviceName}`
}

export interface DeviceName {
  readonly productKey: string
  readonly deviceName: string
}

export type RegistryErrorCode =
  | 'WASMQTT_DEVICE_UNKNOWN'
  | 'WASMQTT_DEVICE_EXISTS'
  | 'WASMQTT_DEVICE_IMPORT'
  | 'WASMQTT_DEVICE_STORE'

/** Why the registry did not do what it was asked; nothing has changed then. */
export class RegistryError extends Error {
  readonly code: RegistryErrorCode
  /** One for each thing that is wrong. */
  readonly lines: readonly string[]

  constructor(code: RegistryErrorCode, lines: readonly string[]) {
    super(lines.join('\n'))
    this.name = 'RegistryError'
    this.code = code
    this.lines = lines
  }
}
