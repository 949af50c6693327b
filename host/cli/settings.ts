// The configuration file: a JSON object whose keys are those of BrokerOptions, and `listeners`.
// Every mistake is found in one go, and named with file, key, what was expected and what was got.
// Called by serve.ts.

import { readFileSync } from 'node:fs'
import type { BrokerOptions } from '../config/options.ts'
import { Failure } from './failure.ts'

/** Where the broker listens for clients. */
export type ListenerSettings =
  | { type: 'mqtt'; host: string; port: number }
  | { type: 'ws'; host: string; port: number; path: string }

export interface Settings {
  options: Partial<BrokerOptions>
  /** undefined: the file says nothing of listeners. */
  listeners: ListenerSettings[] | undefined
}

/** What a value must be: its words, and its test. */
interface Rule {
  expected: string
  holds(value: unknown): boolean
}

type FileOptions = Omit<BrokerOptions, 'clock' | 'log'>

const BOOLEAN: Rule = { expected: 'true or false', holds: (value) => typeof value === 'boolean' }
const STRING: Rule = { expected: 'a string', holds: (value) => typeof value === 'string' }
const HOST: Rule = {
  expected: 'an address or host name',
  holds: (value) => typeof value === 'string' && value !== '',
}
const PATH: Rule = {
  expected: 'a path that begins with /',
  holds: (value) => typeof value === 'string' && /^\/[^?#\s]*$/.test(value),
}

const OPTION_RULES: Record<keyof FileOptions, Rule> = {
  packetSizeMax: integer(64, 268_435_460),
  connectTimeoutMs: integer(1, 0x7fffffff),
  keepAliveFactor: {
    expected: 'a number from 1 to 100',
    holds: (value) => typeof value === 'number' && value >= 1 && value <= 100,
  },
  keepAliveMax: integer(0, 65_535),
  sessionExpiryMax: integer(0, 0xffffffff),
  inflightMax: integer(1, 65_535),
  receiveMax: integer(1, 65_535),
  queueMessagesMax: integer(0, 0x7fffffff),
  queueBytesMax: integer(0, Number.MAX_SAFE_INTEGER),
  queueTotalBytesMax: integer(0, Number.MAX_SAFE_INTEGER),
  queueDrop: oneOf('oldest', 'newest'),
  retainedWaitingMax: integer(1, 0x7fffffff),
  outboxBytesMax: integer(1, Number.MAX_SAFE_INTEGER),
  topicAliasMaxIn: integer(0, 65_535),
  topicAliasMaxOut: integer(0, 65_535),
  qosMax: oneOf(0, 1, 2),
  retainAvailable: BOOLEAN,
  payloadFormatCheck: BOOLEAN,
  responseInformation: STRING,
  connectionsMax: integer(0, 0x7fffffff),
  payloadSizeMax: integer(0, 268_435_455),
  queueQos0: BOOLEAN,
  upgradeOutgoingQos: BOOLEAN,
  emptyClientIds: BOOLEAN,
  clientIdPrefix: STRING,
  retainSourceCheck: BOOLEAN,
  retainExpiryMax: integer(0, 0xffffffff),
  sysInterval: integer(0, 0x7fffffff),
  data: { expected: 'a directory', holds: (value) => typeof value === 'string' && value !== '' },
  durability: oneOf('disk', 'process', 'memory'),
  wasm: oneOf('release', 'debug'),
}

const MQTT_RULES: Record<string, Rule> = {
  type: oneOf('mqtt', 'ws'),
  host: HOST,
  port: integer(0, 65_535),
}
const WS_RULES: Record<string, Rule> = { ...MQTT_RULES, path: PATH }

function integer(min: number, max: number): Rule {
  return {
    expected: `an integer from ${min} to ${max}`,
    holds: (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
  }
}

function oneOf(...values: Array<string | number>): Rule {
  return {
    expected: values.map((value) => JSON.stringify(value)).join(' or '),
    holds: (value) => values.includes(value as string | number),
  }
}

/** Throws a Failure that names everything wrong with the file. */
export function readSettings(file: string): Settings {
  const mistakes: string[] = []
  const settings = checkSettings(parseObject(file), (key, problem) => {
    mistakes.push(`${file}: ${key}: ${problem}`)
  })
  if (mistakes.length > 0) throw new Failure('WASMQTT_CONFIG', mistakes)
  return settings
}

type Complain = (key: string, problem: string) => void

function parseObject(file: string): Record<string, unknown> {
  const text = readText(file)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Failure('WASMQTT_CONFIG', [`${file}${describeSyntaxError(text, error as Error)}`])
  }
  if (isObject(value)) return value
  throw new Failure('WASMQTT_CONFIG', [`${file}: expected a JSON object, got ${describe(value)}`])
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : message
    throw new Failure('WASMQTT_CONFIG', [`${file}: cannot be read: ${reason}`])
  }
}

/** V8 tells the position, newer ones the line as well: always shown as `:line:column`. */
function describeSyntaxError(text: string, error: Error): string {
  const found = /^(.*?)(?: in JSON)? at position (\d+)/s.exec(error.message)
  if (found === null) return `: is not JSON: ${error.message.replaceAll('\n', ' ')}`
  const before = text.slice(0, Number(found[2])).split('\n')
  const column = (before.at(-1) as string).length + 1
  return `:${before.length}:${column}: is not JSON: ${(found[1] as string).replaceAll('\n', ' ')}`
}

function checkSettings(object: Record<string, unknown>, complain: Complain): Settings {
  const options: Record<string, unknown> = {}
  let listeners: ListenerSettings[] | undefined
  for (const [key, value] of Object.entries(object)) {
    if (key === 'listeners') listeners = checkListeners(value, complain)
    else if (!Object.hasOwn(OPTION_RULES, key)) complain(key, 'is not an option')
    else if (check(OPTION_RULES[key as keyof FileOptions], key, value, complain)) {
      options[key] = value
    }
  }
  return { options: options as Partial<BrokerOptions>, listeners }
}

function checkListeners(value: unknown, complain: Complain): ListenerSettings[] {
  if (Array.isArray(value) && value.length > 0) {
    return value.map((entry, i) => checkListener(entry, `listeners[${i}]`, complain))
  }
  complain('listeners', `expected a list of at least one, got ${describe(value)}`)
  return []
}

function checkListener(value: unknown, key: string, complain: Complain): ListenerSettings {
  if (!isObject(value)) {
    complain(key, `expected an object, got ${describe(value)}`)
    return { type: 'mqtt', host: '', port: 0 }
  }
  const isWebSocket = value.type === 'ws'
  const rules = isWebSocket ? WS_RULES : MQTT_RULES
  const listener = isWebSocket ? { path: '/mqtt', ...value } : value
  for (const name of new Set([...Object.keys(rules), ...Object.keys(listener)])) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) complain(`${key}.${name}`, 'is not a key of such a listener')
    else check(rule, `${key}.${name}`, listener[name as keyof typeof listener], complain)
  }
  return listener as unknown as ListenerSettings
}

function check(rule: Rule, key: string, value: unknown, complain: Complain): boolean {
  const holds = rule.holds(value)
  if (!holds) complain(key, `expected ${rule.expected}, got ${describe(value)}`)
  return holds
}

function describe(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
