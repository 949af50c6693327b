// `wasmqtt device …`: the device registry of a running or a stopped broker. Called by main.ts.
// Secrets are printed when they are made, and otherwise only with --secrets.

import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { DEVICES_FOLDER, Devices } from '../access/devices/devices.ts'
import type { Imported } from '../access/devices/exchange.ts'
import type { Permission, ProductTopic } from '../access/devices/model.ts'
import { deviceVerbs } from '../admin/devices.ts'
import {
  type Ask,
  asking,
  type Offline,
  type Place,
  parentOf,
  print,
  subcommand,
} from './asking.ts'
import { Failure } from './failure.ts'

interface Flags extends Place {
  secrets?: boolean
  json?: boolean
  key?: string
  secret?: string
  name?: string
  registration?: string
  topic?: ProductTopic[]
  count?: number
  product?: string
  format?: 'csv' | 'json'
  replace?: boolean
  mayRegister?: boolean
  timeout?: number
}

type Fact = Record<string, unknown>

/** Characters of a file in one request. */
const PART = 200_000
const HELP = `
Examples:
  A product, and a device of it; both are printed with their secrets:
    wasmqtt device product add --name lamps
    wasmqtt device add a1B2c3D4e5F kitchen
  Devices of a spreadsheet, with columns like DeviceName,DeviceSecret:
    wasmqtt device import --product a1B2c3D4e5F devices.csv
  All there is, for a backup:
    wasmqtt device export --format json > devices.jsonl
`

/** @param words what follows `device` */
export async function runDevice(words: readonly string[]): Promise<void> {
  const parent = parentOf('device', 'Manages products and devices.').addHelpText('after', HELP)
  addProductCommands(parent)
  addDeviceCommands(parent)
  addExchange(parent)
  await parent.parseAsync(words, { from: 'user' })
}

function addProductCommands(parent: Command): void {
  const product = parent.command('product').description('the kinds of devices there are')
  settings(subcommand(product, 'add', 'makes a product and prints its secret'))
    .option('--key <key>', 'product key (default: made up)')
    .option('--secret <secret>', 'product secret (default: made up)')
    .action(async (flags: Flags) => {
      const { key: productKey, secret: productSecret } = flags
      const args = { ...settingsOf(flags), productKey, productSecret }
      show(await ask(flags, 'product.add', args), flags)
    })
  settings(subcommand(product, 'set <product>', 'changes a product')).action(
    async (productKey: string, flags: Flags) => {
      show(await ask(flags, 'product.set', { ...settingsOf(flags), productKey }), flags)
    },
  )
  listing(subcommand(product, 'list', 'shows all products')).action(async (flags: Flags) => {
    const { secrets } = flags
    for (const fact of (await ask(flags, 'product.list', { secrets })) as Fact[]) row(fact, flags)
  })
  subcommand(product, 'delete <product>', 'deletes a product and all its devices').action(
    async (productKey: string, flags: Flags) => {
      await ask(flags, 'product.delete', { productKey })
    },
  )
}

function addDeviceCommands(parent: Command): void {
  json(subcommand(parent, 'add <product> [device]', 'makes devices and prints their secrets'))
    .option('--secret <secret>', 'device secret (default: made up)')
    .option('--count <n>', 'as many, with names that are made up', parseCount)
    .action(async (productKey: string, deviceName: string | undefined, flags: Flags) => {
      const { count, secret: deviceSecret } = flags
      const args = { productKey, deviceName, deviceSecret, count }
      const devices = (await ask(flags, 'add', args)) as Fact[]
      if (count === undefined) show(devices[0], flags)
      else for (const device of devices) row(device, flags)
    })
  listing(subcommand(parent, 'list [product]', 'shows devices')).action(
    async (productKey: string | undefined, flags: Flags) => {
      const { secrets } = flags
      await pages(flags, 'list', { productKey, secrets }, ({ devices }) => {
        for (const device of devices as Fact[]) row(device, flags)
      })
    },
  )
  listing(about(parent, 'show', 'shows a device')).action(named('show', ['secrets']))
  json(about(parent, 'disable', 'disconnects a device and lets it in no more')).action(
    named('disable'),
  )
  json(about(parent, 'enable', 'lets a disabled device in again')).action(named('enable'))
  json(about(parent, 'rotate', 'prints a new secret; the old one is worth nothing'))
    .option('--may-register', 'the device may obtain it by dynamic registration')
    .action(named('rotate', ['mayRegister']))
  about(parent, 'delete', 'deletes a device').action(named('delete'))
  subcommand(parent, 'call <product> <device> <payload>', 'asks a device and prints its answer')
    .option('--timeout <ms>', 'how long to wait (default: 5000)', parseCount)
    .action(async (productKey: string, deviceName: string, payload: string, flags: Flags) => {
      const args = { productKey, deviceName, payload, timeoutMs: flags.timeout }
      print(((await ask(flags, 'call', args)) as { payload: string }).payload)
    })
}

function addExchange(parent: Command): void {
  const format = (): Option =>
    new Option('--format <format>', 'comma-separated values, or lines of JSON').choices([
      'csv',
      'json',
    ])
  subcommand(parent, 'import <file>', 'adds the devices of a file, all or none; - = standard input')
    .addOption(format())
    .option('--product <key>', 'of lines that do not say it')
    .option('--replace', 'those that are there already')
    .action(async (file: string, flags: Flags) => {
      const { products, devices } = await importFile(file, flags)
      print(`${products} products, ${devices} devices`)
    })
  subcommand(parent, 'export [product]', 'prints devices with their secrets')
    .addOption(format().default('csv'))
    .action(async (productKey: string | undefined, flags: Flags) => {
      const args = { productKey, format: flags.format }
      await pages(flags, 'export', args, ({ lines }) => {
        for (const line of lines as string[]) print(line)
      })
    })
}

async function importFile(file: string, flags: Flags): Promise<Imported> {
  const { product: productKey, replace } = flags
  const text = readInput(file)
  const format = flags.format ?? (/^\s*\{/.test(text) ? 'json' : 'csv')
  const id = randomUUID()
  return asking(flags, offline, async (request) => {
    let result: unknown
    for (let at = 0; at === 0 || at < text.length; at += PART) {
      const part = { id, text: text.slice(at, at + PART), more: at + PART < text.length }
      result = await request('device.import', { ...part, format, productKey, replace }).catch(
        (error) => inFile(file, error),
      )
    }
    return result as Imported
  })
}

function inFile(file: string, error: Error & { code?: string; lines?: readonly string[] }): never {
  if (error.code !== 'WASMQTT_DEVICE_IMPORT' || error.lines === undefined) throw error
  throw new Failure(
    error.code,
    error.lines.map((line) => `${file}: ${line}`),
  )
}

function readInput(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new Failure('WASMQTT_DEVICE_IMPORT', [`${file}: ${(error as Error).message}`])
  }
}

function ask(place: Place, verb: string, args: Fact): Promise<unknown> {
  return asking(place, offline, (request) => request(`device.${verb}`, args))
}

async function pages(
  flags: Flags,
  verb: string,
  args: Fact,
  take: (page: Fact) => void,
): Promise<void> {
  await asking(flags, offline, async (request: Ask) => {
    for (let after: unknown; ; ) {
      const page = (await request(`device.${verb}`, { ...args, after })) as Fact
      take(page)
      if (page.next === undefined) return
      after = page.next
    }
  })
}

async function offline(data: string): Promise<Offline> {
  if (!existsSync(data)) {
    const hint = 'there is no such directory (name that of the broker with --data)'
    throw new Failure('WASMQTT_DATA', [`--data ${data}: ${hint}`])
  }
  const devices = await Devices.open({ directory: join(data, DEVICES_FOLDER) })
  return { verbs: deviceVerbs(devices), close: () => devices.close() }
}

function about(parent: Command, name: string, description: string): Command {
  return subcommand(parent, `${name} <product> <device>`, description)
}

/** Asks for `verb` about a device and shows what comes back. */
function named(
  verb: string,
  keys: readonly (keyof Flags)[] = [],
): (productKey: string, deviceName: string, flags: Flags) => Promise<void> {
  return async (productKey, deviceName, flags) => {
    const more = Object.fromEntries(keys.map((key) => [key, flags[key]]))
    const fact = await ask(flags, verb, { productKey, deviceName, ...more })
    if (fact) show(fact, flags)
  }
}

function settings(command: Command): Command {
  return json(command)
    .option('--name <text>', 'for people')
    .addOption(
      new Option(
        '--registration <who>',
        'who may obtain a secret with that of the product',
      ).choices(['off', 'listed', 'any']),
    )
    .option('--topic <permission:filter>', 'custom topic; repeat for several', parseTopic)
}

function settingsOf({ name, registration, topic }: Flags): Fact {
  return { name, dynamicRegistration: registration, topics: topic }
}

function json(command: Command): Command {
  return command.option('--json', 'as lines of JSON')
}

function listing(command: Command): Command {
  return json(command).option('--secrets', 'with secrets')
}

/** One thing, a line for each of its facts. */
function show(fact: unknown, { json }: Flags): void {
  if (json) {
    print(JSON.stringify(fact))
    return
  }
  for (const [key, value] of Object.entries(fact as Fact)) {
    if (key === 'topics') for (const topic of value as ProductTopic[]) print(topicLine(topic))
    else print(`${key} ${textOf(key, value)}`)
  }
}

/** One of several, in one line. */
function row(fact: Fact, { json }: Flags): void {
  if (json) {
    print(JSON.stringify(fact))
    return
  }
  const { devices, disabled, deviceName, deviceSecret, name, online, productKey } = fact
  const { dynamicRegistration, productSecret } = fact
  const words = [productKey, deviceName, deviceSecret, productSecret]
  if (dynamicRegistration !== undefined) words.push(`registration=${dynamicRegistration}`)
  if (devices !== undefined) words.push(`devices=${devices}`)
  if (disabled === true) words.push('disabled')
  if (online !== undefined) words.push(online ? 'online' : 'offline')
  words.push(name)
  print(words.filter((word) => word !== undefined).join(' '))
}

function textOf(key: string, value: unknown): string {
  const isTime = key.endsWith('At') || key === 'lastSeen'
  return isTime ? new Date(value as number).toISOString() : String(value)
}

function topicLine({ filter, permission }: ProductTopic): string {
  return `topic ${permission}:${filter}`
}

function parseTopic(text: string, before: ProductTopic[] = []): ProductTopic[] {
  const [, permission, filter] = /^(publish|subscribe|both):(.+)$/.exec(text) ?? []
  if (permission === undefined || filter === undefined) {
    throw new InvalidArgumentError('Expected publish:FILTER, subscribe:FILTER or both:FILTER.')
  }
  return [...before, { permission: permission as Permission, filter }]
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a number from 1.')
}
