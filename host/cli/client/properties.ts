// MQTT 5 properties on a command line: `-D COMMAND NAME VALUE`, names as the specification has them
// with dashes. Yields what MQTT.js takes; called by the options of `pub` and `sub`.

import { Mistake } from './mistake.ts'

/** The packets a property can be asked for, and the will. */
export type PropertyCommand =
  | 'connect'
  | 'publish'
  | 'subscribe'
  | 'unsubscribe'
  | 'disconnect'
  | 'will'

/** Of one name several times: an array. */
export type UserProperties = Record<string, string | string[]>

/** Named as MQTT.js names them. */
export type PropertyValues = Record<
  string,
  number | string | boolean | Buffer | UserProperties | undefined
>

type Kind = 'flag' | 'byte' | 'int16' | 'int32' | 'varint' | 'binary' | 'string' | 'pair'

const MESSAGE: PropertyCommand[] = ['publish', 'will']
const ALL: PropertyCommand[] = [
  'connect',
  'publish',
  'subscribe',
  'unsubscribe',
  'disconnect',
  'will',
]

const PROPERTIES: Record<string, { kind: Kind; commands: PropertyCommand[] }> = {
  'payload-format-indicator': { kind: 'flag', commands: MESSAGE },
  'message-expiry-interval': { kind: 'int32', commands: MESSAGE },
  'content-type': { kind: 'string', commands: MESSAGE },
  'response-topic': { kind: 'string', commands: MESSAGE },
  'correlation-data': { kind: 'binary', commands: MESSAGE },
  'subscription-identifier': { kind: 'varint', commands: ['subscribe'] },
  'session-expiry-interval': { kind: 'int32', commands: ['connect', 'disconnect'] },
  'authentication-method': { kind: 'string', commands: ['connect'] },
  'authentication-data': { kind: 'binary', commands: ['connect'] },
  'request-problem-information': { kind: 'flag', commands: ['connect'] },
  'will-delay-interval': { kind: 'int32', commands: ['will'] },
  'request-response-information': { kind: 'flag', commands: ['connect'] },
  'reason-string': { kind: 'string', commands: ['disconnect'] },
  'receive-maximum': { kind: 'int16', commands: ['connect'] },
  'topic-alias-maximum': { kind: 'int16', commands: ['connect'] },
  'topic-alias': { kind: 'int16', commands: ['publish'] },
  'user-property': { kind: 'pair', commands: ALL },
  'maximum-packet-size': { kind: 'int32', commands: ['connect'] },
}

const RANGES: Partial<Record<Kind, number>> = {
  flag: 1,
  byte: 0xff,
  int16: 0xffff,
  int32: 0xffff_ffff,
  varint: 268_435_455,
}

/** The properties of each packet. */
export type PropertyTable = Partial<Record<PropertyCommand, PropertyValues>>

/**
 * Adds what stands behind a `-D` and says how many words that took.
 * @param words from the command on
 */
export function addProperty(table: PropertyTable, words: readonly string[]): number {
  const [command, name, ...values] = words
  if (command === undefined || name === undefined || values.length === 0) throw missing()
  const packet = command.toLowerCase() as PropertyCommand
  if (!ALL.includes(packet)) {
    throw new Mistake(
      `Error: Invalid command given in --property argument: expected ${ALL.join(', ')}.`,
    )
  }
  const property = Object.hasOwn(PROPERTIES, name) ? PROPERTIES[name] : undefined
  if (property === undefined) {
    throw new Mistake('Error: Invalid property name given in --property argument.')
  }
  if (!property.commands.includes(packet)) {
    throw new Mistake(`Error: ${name} property not allowed for ${command} in --property argument.`)
  }
  table[packet] ??= {}
  const properties = table[packet] as PropertyValues
  if (property.kind === 'pair') {
    addPair(properties, values)
    return 4
  }
  const key = camelCase(name)
  if (properties[key] !== undefined) {
    const where = packet === 'will' ? 'Will' : packet.toUpperCase()
    throw new Mistake(`Error in ${where} properties: Duplicate property in property list`)
  }
  properties[key] = readValue(property.kind, name, values[0] as string)
  return 3
}

/** What was received, in the order of the packet: names with dashes, user properties apart. */
export function listProperties(properties: object | undefined): [name: string, value: unknown][] {
  return Object.entries(properties ?? {})
    .filter(([, value]) => value !== undefined)
    .flatMap(([key, value]) => [value].flat().map((one): [string, unknown] => [dashed(key), one]))
}

/** Pairs as received; MQTT.js gathers those of one name in an array. */
export function listPairs(user: UserProperties | undefined): [name: string, value: string][] {
  return Object.entries(user ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one): [string, string] => [name, one]),
  )
}

function addPair(properties: PropertyValues, [name, value]: string[]): void {
  if (name === undefined || value === undefined) throw missing()
  // Without a prototype: a user property may be called anything.
  properties.userProperties ??= Object.create(null) as UserProperties
  const user = properties.userProperties as UserProperties
  const before = user[name]
  user[name] = before === undefined ? value : [before, value].flat()
}

function readValue(kind: Kind, name: string, text: string): number | string | boolean | Buffer {
  if (kind === 'string') return text
  if (kind === 'binary') return Buffer.from(text)
  const number = Number(text)
  const max = RANGES[kind] as number
  if (!/^\d+$/.test(text) || number > max) {
    throw new Mistake(`Error: Property value (${text}) out of range for property ${name}.`)
  }
  return kind === 'flag' ? number === 1 : number
}

function missing(): Mistake {
  return new Mistake('Error: --property argument given but not enough arguments specified.')
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

function dashed(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
