// Dynamic registration: a device that knows only its product's secret obtains its own, as long as
// it has never come in. The product says whether its name must be listed before.

import { type DeviceName, RegistryError } from './model.ts'
import { makeSecret } from './names.ts'
import type { DeviceRegistry } from './registry.ts'

/** What a device is told, as JSON. */
export type Secrets = Readonly<Record<string, string>>

/**
 * @param type `register` = the secret of a listed device, `regnwl` = a token, listed or not
 * @returns when it is stored; undefined = it may not be registered
 */
export async function register(
  registry: DeviceRegistry,
  name: DeviceName,
  type: 'register' | 'regnwl',
): Promise<Secrets | undefined> {
  const { deviceName, productKey } = name
  const { dynamicRegistration = 'off' } = registry.findProduct(productKey) ?? {}
  const device = registry.findDevice(name)
  const isTaken = device?.disabled === true || device?.activatedAt !== undefined
  if (dynamicRegistration === 'off' || isTaken) return undefined
  if (type === 'register') {
    return device && { productKey, deviceName, deviceSecret: device.deviceSecret }
  }
  if (dynamicRegistration !== 'any') return undefined
  try {
    if (device === undefined) await registry.createDevice(name)
    const token = { clientId: makeSecret(), value: makeSecret() }
    await registry.giveToken(name, token)
    return { clientId: token.clientId, productKey, deviceName, deviceToken: token.value }
  } catch (error) {
    const isRace = error instanceof RegistryError && error.code !== 'WASMQTT_DEVICE_STORE'
    // A name that cannot be one, or somebody else has just registered it.
    if (isRace || error instanceof RangeError) return undefined
    throw error
  }
}
