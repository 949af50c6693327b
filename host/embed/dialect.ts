// The packets of mqtt-packet: its names of fields and properties, and its objects made of ours.
// Called by parser.ts for each packet, and by generator.ts for the names.

import * as codes from '../../assembly/codes.ts'
import type * as ours from './packets.ts'

/** How a property is written. */
export type Kind = 'byte' | 'int8' | 'int16' | 'int32' | 'var' | 'string' | 'binary' | 'pair'

/** By mqtt-packet's name: identifier, kind, and our name where it is another. */
export const PROPERTIES: Record<string, [id: number, kind: Kind, ours?: string]> = {
  payloadFormatIndicator: [codes.PROPERTY_PAYLOAD_FORMAT_INDICATOR, 'byte'],
  messageExpiryInterval: [codes.PROPERTY_MESSAGE_EXPIRY_INTERVAL, 'int32'],
  contentType: [codes.PROPERTY_CONTENT_TYPE, 'string'],
  responseTopic: [codes.PROPERTY_RESPONSE_TOPIC, 'string'],
  correlationData: [codes.PROPERTY_CORRELATION_DATA, 'binary'],
  subscriptionIdentifier: [codes.PROPERTY_SUBSCRIPTION_IDENTIFIER, 'var'],
  sessionExpiryInterval: [codes.PROPERTY_SESSION_EXPIRY_INTERVAL, 'int32'],
  assignedClientIdentifier: [codes.PROPERTY_ASSIGNED_CLIENT_IDENTIFIER, 'string'],
  serverKeepAlive: [codes.PROPERTY_SERVER_KEEP_ALIVE, 'int16'],
  authenticationMethod: [codes.PROPERTY_AUTHENTICATION_METHOD, 'string'],
  authenticationData: [codes.PROPERTY_AUTHENTICATION_DATA, 'binary'],
  requestProblemInformation: [codes.PROPERTY_REQUEST_PROBLEM_INFORMATION, 'byte'],
  willDelayInterval: [codes.PROPERTY_WILL_DELAY_INTERVAL, 'int32'],
  requestResponseInformation: [codes.PROPERTY_REQUEST_RESPONSE_INFORMATION, 'byte'],
  responseInformation: [codes.PROPERTY_RESPONSE_INFORMATION, 'string'],
  serverReference: [codes.PROPERTY_SERVER_REFERENCE, 'string'],
  reasonString: [codes.PROPERTY_REASON_STRING, 'string'],
  receiveMaximum: [codes.PROPERTY_RECEIVE_MAXIMUM, 'int16'],
  topicAliasMaximum: [codes.PROPERTY_TOPIC_ALIAS_MAXIMUM, 'int16'],
  topicAlias: [codes.PROPERTY_TOPIC_ALIAS, 'int16'],
  maximumQoS: [codes.PROPERTY_MAXIMUM_QOS, 'int8', 'maximumQos'],
  retainAvailable: [codes.PROPERTY_RETAIN_AVAILABLE, 'byte'],
  userProperties: [codes.PROPERTY_USER_PROPERTY, 'pair'],
  maximumPacketSize: [codes.PROPERTY_MAXIMUM_PACKET_SIZE, 'int32'],
  wildcardSubscriptionAvailable: [codes.PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE, 'byte'],
  subscriptionIdentifiersAvailable: [
    codes.PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE,
    'byte',
    'subscriptionIdentifierAvailable',
  ],
  sharedSubscriptionAvailable: [codes.PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE, 'byte'],
}

const THEIRS = new Map(
  Object.entries(PROPERTIES).map(([name, [, kind, ourName = name]]) => [ourName, { name, kind }]),
)

export type Fields = Record<string, unknown>

/** What every packet of mqtt-packet has, whatever its type. */
export class Packet {
  [field: string]: unknown
  cmd: string
  retain: boolean
  qos: number
  dup: boolean
  length: number
  topic: string | null
  payload: Uint8Array | null

  constructor(cmd: string, head: number, length: number) {
    this.cmd = cmd
    this.retain = (head & codes.FLAG_RETAIN) !== 0
    this.qos = (head & codes.FLAG_QOS_MASK) >> codes.FLAG_QOS_SHIFT
    this.dup = (head & codes.FLAG_DUP) !== 0
    this.length = length
    this.topic = null
    this.payload = null
  }
}

/** What of a connection's settings decides how packets look. */
export interface Settings {
  protocolVersion?: number
  bridgeMode?: boolean
}

/** Our properties as mqtt-packet's. */
export function translateProperties(properties: ours.Properties): Fields {
  const translated: Fields = {}
  for (const [ourName, value] of Object.entries(properties)) {
    const { name, kind } = THEIRS.get(ourName) as { name: string; kind: Kind }
    translated[name] = translateValue(kind, value)
  }
  return translated
}

function translateValue(kind: Kind, value: unknown): unknown {
  if (kind === 'byte') return value !== 0
  if (kind === 'binary') return bufferOf(value as Uint8Array)
  if (kind === 'var') {
    const numbers = value as number[]
    return numbers.length === 1 ? numbers[0] : numbers
  }
  return kind === 'pair' ? collect(value as [string, string][]) : value
}

/** User properties by name; a name that comes several times has a list. */
function collect(pairs: readonly [string, string][]): Fields {
  const byName: Fields = Object.create(null)
  for (const [name, value] of pairs) {
    const known = byName[name]
    if (Array.isArray(known)) known.push(value)
    else byName[name] = known === undefined || known === '' ? value : [known, value]
  }
  return byName
}

/** The same bytes as a Buffer. */
export function bufferOf(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length)
}

/** Puts the fields of any packet but PUBLISH into mqtt-packet's object. */
export function translate(packet: ours.Packet, into: Packet, settings: Settings): void {
  const isVersion5 = settings.protocolVersion === codes.VERSION_5_0
  switch (packet.type) {
    case 'connect':
      translateConnect(packet, into)
      break
    case 'connack':
      into.sessionPresent = packet.sessionPresent
      into[isVersion5 ? 'reasonCode' : 'returnCode'] = packet.reason
      break
    case 'subscribe':
      into.subscriptions = packet.subscriptions.map((one) => translateItem(one, settings))
      break
    case 'unsubscribe':
      into.unsubscriptions = packet.filters
      break
    case 'suback':
      into.granted = packet.reasons
      break
    case 'unsuback':
      if (isVersion5) into.granted = packet.reasons
      break
    case 'pingreq':
    case 'pingresp':
      return
    case 'publish':
      break
    default:
      if (isVersion5) into.reasonCode = packet.reason
  }
  if ('packetId' in packet) into.messageId = packet.packetId
  if (packet.properties !== undefined) into.properties = translateProperties(packet.properties)
}

function translateItem(one: ours.Subscription, settings: Settings): Fields {
  const item: Fields = { topic: one.filter, qos: one.qos }
  if (settings.protocolVersion === codes.VERSION_5_0) {
    item.nl = one.noLocal
    item.rap = one.retainAsPublished
    item.rh = one.retainHandling
  } else if (settings.bridgeMode) {
    item.rh = 0
    item.rap = true
    item.nl = true
  }
  return item
}

function translateConnect(packet: ours.Connect, into: Packet): void {
  const { version, cleanStart, keepAlive, clientId, userName, password, will } = packet
  into.protocolId = version === codes.VERSION_3_1 ? 'MQIsdp' : 'MQTT'
  into.protocolVersion = version
  if (will !== undefined) {
    const translated: Fields = { retain: will.retain, qos: will.qos }
    if (will.properties !== undefined) {
      translated.properties = translateProperties(will.properties)
    }
    translated.topic = will.topic
    translated.payload = bufferOf(will.payload)
    into.will = translated
  }
  into.clean = cleanStart
  into.keepalive = keepAlive
  into.clientId = clientId
  if (userName !== undefined) into.username = userName
  if (password !== undefined) into.password = bufferOf(password)
}
