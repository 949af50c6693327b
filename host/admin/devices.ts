// Verbs of the control socket about the device registry: what `wasmqtt device` asks of a running
// broker, or of the registry of a stopped one. Secrets are in an answer only when it made them or
// they were asked for.

import type { Devices } from '../access/devices/devices.ts'
import { exportPage, type Format, importText } from '../access/devices/exchange.ts'
import type { Device, DeviceName, Product, ProductTopic } from '../access/devices/model.ts'
import { type DeviceRegistry, infoOf } from '../access/devices/registry.ts'
import { ControlError, type Verbs } from './control.ts'
import { type Args, choiceOf, flagOf, optionalNumber, optionalText, textOf } from './fields.ts'

const FORMATS: readonly Format[] = ['csv', 'json']
const REGISTRATIONS = ['off', 'listed', 'any'] as const
const COUNT_MAX = 100_000
const PAGE_MAX = 1000
const IMPORT_CHARACTERS_MAX = 256 << 20

/** A text that comes in parts, as no request is longer than a megabyte. */
interface Staged {
  id: string
  length: number
  parts: string[]
}

export function deviceVerbs(devices: Devices): Verbs {
  const verbs: Verbs = new Map()
  const set = (name: string, run: (devices: Devices, args: Args) => unknown): void => {
    verbs.set(`device.${name}`, (args) => run(devices, args))
  }
  set('product.add', ({ registry }, args) => registry.createProduct(productOptions(args)))
  set('product.set', async ({ registry }, args) => {
    const product = await registry.changeProduct(textOf(args, 'productKey'), productOptions(args))
    return without(product)
  })
  set('product.list', ({ registry }, args) => listProducts(registry, flagOf(args, 'secrets')))
  set('product.delete', ({ registry }, args) => registry.deleteProduct(textOf(args, 'productKey')))
  set('add', addDevices)
  set('list', listDevices)
  set('show', (devices, args) =>
    shown(devices, devices.registry.getDevice(nameOf(args)), flagOf(args, 'secrets')),
  )
  for (const change of ['disable', 'enable'] as const) {
    set(change, async (devices, args) => {
      const device = await devices.registry[`${change}Device`](nameOf(args))
      return shown(devices, device, false)
    })
  }
  set('rotate', async (devices, args) => {
    const mayRegister = flagOf(args, 'mayRegister')
    const device = await devices.registry.rotateSecret(nameOf(args), { mayRegister })
    return shown(devices, device, true)
  })
  set('delete', ({ registry }, args) => registry.deleteDevice(nameOf(args)))
  set('import', importer())
  set('export', ({ registry }, args) => {
    const format = choiceOf(args, 'format', FORMATS) ?? 'csv'
    return exportPage(registry, { format, ...pageOf(args) })
  })
  set('call', async (devices, args) => {
    const { deviceName, productKey } = nameOf(args)
    const timeoutMs = optionalNumber(args, 'timeoutMs')
    const payload = textOf(args, 'payload')
    const options = timeoutMs === undefined ? {} : { timeoutMs }
    const answer = await devices.rrpc(productKey, deviceName, payload, options)
    return { payload: answer.toString('utf8') }
  })
  return verbs
}

async function addDevices({ registry }: Devices, args: Args): Promise<Device[]> {
  const count = optionalNumber(args, 'count') ?? 1
  const deviceName = optionalText(args, 'deviceName')
  const deviceSecret = optionalText(args, 'deviceSecret')
  if (!Number.isInteger(count) || count < 1 || count > COUNT_MAX) {
    throw new ControlError('WASMQTT_CONTROL', [`count: expected 1 to ${COUNT_MAX}`])
  }
  if (count > 1 && (deviceName !== undefined || deviceSecret !== undefined)) {
    throw new ControlError('WASMQTT_CONTROL', ['several devices cannot have one name or secret'])
  }
  const options = { productKey: textOf(args, 'productKey'), deviceName, deviceSecret }
  return registry.createDevices(Array.from({ length: count }, () => options))
}

function listProducts(registry: DeviceRegistry, secrets: boolean): object[] {
  return registry.listProducts().map((info) => ({
    ...info,
    ...(secrets && { productSecret: registry.findProduct(info.productKey)?.productSecret }),
  }))
}

function listDevices(devices: Devices, args: Args): object {
  const page = devices.registry.listDevices(pageOf(args))
  const secrets = flagOf(args, 'secrets')
  return { devices: page.devices.map((device) => shown(devices, device, secrets)), next: page.next }
}

function pageOf(args: Args): { productKey?: string; after?: string; limit: number } {
  const productKey = optionalText(args, 'productKey')
  const after = optionalText(args, 'after')
  return {
    limit: Math.min(optionalNumber(args, 'limit') ?? PAGE_MAX, PAGE_MAX),
    ...(productKey !== undefined && { productKey }),
    ...(after !== undefined && { after }),
  }
}

function importer(): (devices: Devices, args: Args) => Promise<unknown> {
  let staged: Staged | undefined
  return async ({ registry }, args) => {
    const id = textOf(args, 'id')
    if (staged?.id !== id) staged = { id, length: 0, parts: [] }
    const part = textOf(args, 'text')
    staged.parts.push(part)
    staged.length += part.length
    if (staged.length > IMPORT_CHARACTERS_MAX) {
      staged = undefined
      throw new ControlError('WASMQTT_CONTROL', ['that is too much to import at once'])
    }
    if (flagOf(args, 'more')) return undefined
    const text = staged.parts.join('')
    staged = undefined
    const format = choiceOf(args, 'format', FORMATS) ?? 'csv'
    const productKey = optionalText(args, 'productKey')
    return importText(registry, text, { format, productKey, replace: flagOf(args, 'replace') })
  }
}

function shown(devices: Devices, device: Device, secrets: boolean): object {
  const info = infoOf(device, devices.isOnline(device))
  return secrets ? { ...info, deviceSecret: device.deviceSecret } : info
}

function without({ productSecret: _, ...rest }: Product): object {
  return rest
}

function nameOf(args: Args): DeviceName {
  return { productKey: textOf(args, 'productKey'), deviceName: textOf(args, 'deviceName') }
}

function productOptions(args: Args): {
  productKey: string | undefined
  productSecret: string | undefined
  name: string | undefined
  dynamicRegistration: (typeof REGISTRATIONS)[number] | undefined
  topics: readonly ProductTopic[] | undefined
} {
  const { topics } = args
  const isList = Array.isArray(topics) && topics.every((topic) => typeof topic?.filter === 'string')
  if (topics !== undefined && !isList) {
    throw new ControlError('WASMQTT_CONTROL', ['topics: expected a list of topics'])
  }
  return {
    productKey: optionalText(args, 'productKey'),
    productSecret: optionalText(args, 'productSecret'),
    name: optionalText(args, 'name'),
    dynamicRegistration: choiceOf(args, 'dynamicRegistration', REGISTRATIONS),
    topics: topics as ProductTopic[] | undefined,
  }
}
