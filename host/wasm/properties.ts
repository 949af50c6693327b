// MQTT 5 properties between wire bytes and objects, by the one table of names and kinds below.
// Called for CONNECT, SUBSCRIBE, CONNACK and the like; PUBLISH properties pass through as bytes.

import * as codes from '../../assembly/codes.ts'
import {
  PROPERTIES_MAX,
  PROPERTIES_START,
  PROPERTY_ID,
  PROPERTY_LENGTH,
  PROPERTY_SECOND_LENGTH,
  PROPERTY_SECOND_START,
  PROPERTY_SIZE,
  PROPERTY_VALUE,
  REGISTER_PROPERTIES_NEXT,
  SCRATCH_SIZE,
  SCRATCH_START,
} from '../../assembly/layout.ts'
import type { Properties } from '../protocol/packets.ts'
import type { Memory } from './memory.ts'

type Kind = 'integer' | 'text' | 'binary' | 'identifiers' | 'pairs'

const TABLE: [id: number, name: keyof Properties, kind: Kind][] = [
  [codes.PROPERTY_PAYLOAD_FORMAT_INDICATOR, 'payloadFormatIndicator', 'integer'],
  [codes.PROPERTY_MESSAGE_EXPIRY_INTERVAL, 'messageExpiryInterval', 'integer'],
  [codes.PROPERTY_CONTENT_TYPE, 'contentType', 'text'],
  [codes.PROPERTY_RESPONSE_TOPIC, 'responseTopic', 'text'],
  [codes.PROPERTY_CORRELATION_DATA, 'correlationData', 'binary'],
  [codes.PROPERTY_SUBSCRIPTION_IDENTIFIER, 'subscriptionIdentifier', 'identifiers'],
  [codes.PROPERTY_SESSION_EXPIRY_INTERVAL, 'sessionExpiryInterval', 'integer'],
  [codes.PROPERTY_ASSIGNED_CLIENT_IDENTIFIER, 'assignedClientIdentifier', 'text'],
  [codes.PROPERTY_SERVER_KEEP_ALIVE, 'serverKeepAlive', 'integer'],
  [codes.PROPERTY_AUTHENTICATION_METHOD, 'authenticationMethod', 'text'],
  [codes.PROPERTY_AUTHENTICATION_DATA, 'authenticationData', 'binary'],
  [codes.PROPERTY_REQUEST_PROBLEM_INFORMATION, 'requestProblemInformation', 'integer'],
  [codes.PROPERTY_WILL_DELAY_INTERVAL, 'willDelayInterval', 'integer'],
  [codes.PROPERTY_REQUEST_RESPONSE_INFORMATION, 'requestResponseInformation', 'integer'],
  [codes.PROPERTY_RESPONSE_INFORMATION, 'responseInformation', 'text'],
  [codes.PROPERTY_SERVER_REFERENCE, 'serverReference', 'text'],
  [codes.PROPERTY_REASON_STRING, 'reasonString', 'text'],
  [codes.PROPERTY_RECEIVE_MAXIMUM, 'receiveMaximum', 'integer'],
  [codes.PROPERTY_TOPIC_ALIAS_MAXIMUM, 'topicAliasMaximum', 'integer'],
  [codes.PROPERTY_TOPIC_ALIAS, 'topicAlias', 'integer'],
  [codes.PROPERTY_MAXIMUM_QOS, 'maximumQos', 'integer'],
  [codes.PROPERTY_RETAIN_AVAILABLE, 'retainAvailable', 'integer'],
  [codes.PROPERTY_USER_PROPERTY, 'userProperties', 'pairs'],
  [codes.PROPERTY_MAXIMUM_PACKET_SIZE, 'maximumPacketSize', 'integer'],
  [codes.PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE, 'wildcardSubscriptionAvailable', 'integer'],
  [codes.PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE, 'subscriptionIdentifierAvailable', 'integer'],
  [codes.PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE, 'sharedSubscriptionAvailable', 'integer'],
]
const STRINGS_END = SCRATCH_START + SCRATCH_SIZE
const BY_ID = new Map(TABLE.map(([id, name, kind]) => [id, { name, kind }]))

/** Reads validated property bytes into an object. */
export function readProperties(module: Memory, start: number, length: number): Properties {
  const properties: Record<string, unknown> = {}
  const end = start + length
  while (start < end) {
    const count = module.call.properties(start, end - start)
    for (let i = 0; i < count; i++)
      readEntry(module, PROPERTIES_START + i * PROPERTY_SIZE, properties)
    start = module.word(REGISTER_PROPERTIES_NEXT)
  }
  return properties as Properties
}

function readEntry(module: Memory, entry: number, into: Record<string, unknown>): void {
  const known = BY_ID.get(module.word(entry + PROPERTY_ID))
  if (known === undefined) return
  const value = module.word(entry + PROPERTY_VALUE)
  const length = module.word(entry + PROPERTY_LENGTH)
  if (known.kind === 'integer') into[known.name] = value >>> 0
  else if (known.kind === 'text') into[known.name] = module.text(value, length)
  else if (known.kind === 'binary') into[known.name] = module.copy(value, length)
  else {
    into[known.name] ??= []
    const list = into[known.name] as unknown[]
    if (known.kind === 'identifiers') list.push(value)
    else list.push([module.text(value, length), readSecond(module, entry)])
  }
}

function readSecond(module: Memory, entry: number): string {
  const start = module.word(entry + PROPERTY_SECOND_START)
  return module.text(start, module.word(entry + PROPERTY_SECOND_LENGTH))
}

/**
 * Writes properties as wire bytes without their length.
 * @param strings where the strings are put while they are encoded, behind `target + capacity`: all
 * of them must fit in what is left of scratch memory
 * @returns bytes written at `target`, or a negative ERROR_ code
 * @throws RangeError when there are too many, or their strings are too long
 */
export function writeProperties(
  module: Memory,
  properties: Partial<Record<keyof Properties, unknown>>,
  target: number,
  capacity: number,
  strings: number,
): number {
  const writer = new EntryWriter(module, strings)
  for (const [id, name, kind] of TABLE) {
    const value = properties[name]
    if (value === undefined) continue
    if (kind === 'integer') writer.integer(id, value as number)
    else if (kind === 'text') writer.text(id, value as string)
    else if (kind === 'binary') writer.bytes(id, value as Uint8Array)
    else if (kind === 'identifiers') for (const n of value as number[]) writer.integer(id, n)
    else for (const [key, text] of value as [string, string][]) writer.pair(id, key, text)
  }
  return module.call.encode_properties(writer.count, target, capacity)
}

class EntryWriter {
  count = 0
  private readonly module: Memory
  private at: number

  constructor(module: Memory, strings: number) {
    this.module = module
    this.at = strings
  }

  integer(id: number, value: number): void {
    const entry = this.next(id)
    this.module.setWord(entry + PROPERTY_VALUE, value)
  }

  bytes(id: number, bytes: Uint8Array): void {
    const entry = this.next(id)
    this.module.setWord(entry + PROPERTY_VALUE, this.put(bytes))
    this.module.setWord(entry + PROPERTY_LENGTH, bytes.length)
  }

  text(id: number, text: string): void {
    const entry = this.next(id)
    this.putText(text, entry + PROPERTY_VALUE, entry + PROPERTY_LENGTH)
  }

  pair(id: number, name: string, value: string): void {
    const entry = this.next(id)
    this.putText(name, entry + PROPERTY_VALUE, entry + PROPERTY_LENGTH)
    this.putText(value, entry + PROPERTY_SECOND_START, entry + PROPERTY_SECOND_LENGTH)
  }

  private next(id: number): number {
    if (this.count === PROPERTIES_MAX)
      throw new RangeError(`more than ${PROPERTIES_MAX} properties`)
    const entry = PROPERTIES_START + this.count++ * PROPERTY_SIZE
    this.module.setWord(entry + PROPERTY_ID, id)
    return entry
  }

  private put(bytes: Uint8Array): number {
    const start = this.at
    if (start + bytes.length > STRINGS_END) throw new RangeError('properties do not fit')
    this.module.u8.set(bytes, start)
    this.at += bytes.length
    return start
  }

  private putText(text: string, startWord: number, lengthWord: number): void {
    const length = this.module.write(text, this.at, STRINGS_END - this.at)
    if (length < 0) throw new RangeError('properties do not fit')
    this.module.setWord(startWord, this.at)
    this.module.setWord(lengthWord, length)
    this.at += length
  }
}
