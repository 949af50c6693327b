// mqtt-packet's generator: its objects to bytes, with its defaults, its errors and its order of
// properties. Written here and not by the module, which would sort properties and leave out what
// goes without saying: the bytes are the same as mqtt-packet's.

import * as codes from '../../assembly/codes.ts'
import type { Fields } from './dialect.ts'
import { checkLength, lengthOf, Output } from './output.ts'

/** What of a connection's options decides how packets are written. */
export interface GeneratorOptions {
  protocolVersion?: number
  properties?: { maximumPacketSize?: number }
}

const NUMBERS: Record<string, number> = {
  puback: codes.PUBACK,
  pubrec: codes.PUBREC,
  pubrel: codes.PUBREL,
  pubcomp: codes.PUBCOMP,
}
const REPEATABLE = 2
const FOUR = 4
const EMPTY: Buffer = Buffer.alloc(0)
/** Properties that may be left out where the packet would be too large for the peer. */
const EXPENDABLE = ['reasonString', 'userProperties']

/** @returns undefined when the packet is too large for the peer; @throws Error for no packet */
export function build(packet: Fields, options?: GeneratorOptions): Buffer | undefined {
  const version = options ? options.protocolVersion : FOUR
  switch (packet.cmd) {
    case 'publish':
      return buildPublish(packet, version)
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return buildAck(packet, version, options)
    case 'connect':
      return buildConnect(packet)
    case 'connack':
      return buildConnack(packet, version)
    case 'subscribe':
      return buildSubscribe(packet, version)
    case 'unsubscribe':
      return buildUnsubscribe(packet, version)
    case 'suback':
    case 'unsuback':
      return buildItemsAck(packet, version, options)
    case 'pingreq':
      return Buffer.from([codes.PINGREQ << 4, 0])
    case 'pingresp':
      return Buffer.from([codes.PINGRESP << 4, 0])
    case 'disconnect':
    case 'auth':
      return buildClosing(packet, version, options)
    default:
      throw new Error('Unknown command')
  }
}

function buildPublish(packet: Fields, version: number | undefined): Buffer {
  const { topic, messageId } = packet
  const qos = (packet.qos as number) || 0
  const payload = (packet.payload as string | Buffer) || EMPTY
  if (typeof topic !== 'string' && !Buffer.isBuffer(topic)) throw new Error('Invalid topic')
  const topicLength = lengthOf(topic)
  const payloadLength = lengthOf(payload)
  if (qos && typeof messageId !== 'number') throw new Error('Invalid messageId')
  let properties: Buffer = EMPTY
  if (version === codes.VERSION_5_0) properties = propertiesOf(packet)
  const remaining = 2 + topicLength + (qos ? 2 : 0) + properties.length + payloadLength
  checkLength(remaining)
  const headSize = remaining < 0x80 ? 2 : remaining < 0x4000 ? 3 : remaining < 0x200000 ? 4 : 5
  const bytes = Buffer.allocUnsafe(headSize + remaining)
  const flags = (packet.dup ? codes.FLAG_DUP : 0) | (packet.retain ? codes.FLAG_RETAIN : 0)
  bytes[0] = (codes.PUBLISH << 4) | (qos << codes.FLAG_QOS_SHIFT) | flags
  let at = 1
  let rest = remaining
  for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80
  bytes[at++] = rest
  bytes[at++] = topicLength >> 8
  bytes[at++] = topicLength
  if (typeof topic === 'string') bytes.write(topic, at)
  else bytes.set(topic, at)
  at += topicLength
  if (qos) {
    bytes[at++] = (messageId as number) >> 8
    bytes[at++] = messageId as number
  }
  bytes.set(properties, at)
  at += properties.length
  if (typeof payload === 'string') bytes.write(payload, at)
  else bytes.set(payload, at)
  return bytes
}

function propertiesOf(packet: Fields): Buffer {
  const output = new Output()
  output.properties(packet.properties as Fields | undefined)
  return output.bare()
}

/**
 * Properties of an answer, less those that can be spared when it is too large; like mqtt-packet it
 * takes them out of the packet given.
 */
function properties(
  packet: Fields,
  options: GeneratorOptions | undefined,
  before: number,
): Buffer | undefined {
  const given = packet.properties as Fields
  const sizeMax = options?.properties?.maximumPacketSize || Number.POSITIVE_INFINITY
  let bytes = propertiesOf(packet)
  for (const name of EXPENDABLE) {
    if (before + bytes.length <= sizeMax) return bytes
    if (!given?.[name]) return undefined
    delete given[name]
    bytes = propertiesOf(packet)
  }
  return before + bytes.length <= sizeMax ? bytes : undefined
}

function idOf(packet: Fields): number {
  if (typeof packet.messageId !== 'number') throw new Error('Invalid messageId')
  return packet.messageId
}

function buildAck(
  packet: Fields,
  version: number | undefined,
  options: GeneratorOptions | undefined,
): Buffer | undefined {
  const id = idOf(packet)
  const isRelease = packet.cmd === 'pubrel'
  const flags = isRelease ? REPEATABLE | (packet.dup ? codes.FLAG_DUP : 0) : 0
  const head = ((NUMBERS[packet.cmd as string] as number) << 4) | flags
  const isVersion5 = version === codes.VERSION_5_0
  const hasProperties = isVersion5 && typeof packet.properties === 'object'
  if (!isVersion5 || (!hasProperties && packet.reasonCode === 0)) {
    return Buffer.from([head, 2, id >> 8, id])
  }
  const output = new Output()
  output.two(id)
  output.byte(packet.reasonCode as number)
  if (hasProperties) {
    const bytes = properties(packet, options, 3)
    if (bytes === undefined) return undefined
    output.raw(bytes, bytes.length)
  } else {
    output.byte(0)
  }
  return output.packet(head)
}

function isText(value: unknown): value is string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value)
}

interface ConnectFields extends Fields {
  protocolId?: string | Buffer
  protocolVersion?: number
  will?: Fields
  clean?: boolean
  keepalive?: number
  clientId?: string | Buffer
  username?: string | Buffer
  password?: string | Buffer
  properties?: Fields
}

function buildConnect(packet: ConnectFields): Buffer {
  const {
    protocolId,
    protocolVersion,
    clean = true,
    keepalive,
    clientId,
    will,
  } = {
    ...packet,
    protocolId: packet.protocolId || 'MQTT',
    protocolVersion: packet.protocolVersion || FOUR,
    keepalive: packet.keepalive || 0,
    clientId: packet.clientId || '',
  }
  if (!isText(protocolId)) throw new Error('Invalid protocolId')
  if (protocolVersion !== 3 && protocolVersion !== 4 && protocolVersion !== 5) {
    throw new Error('Invalid protocol version')
  }
  if (!clientId && protocolVersion < FOUR) {
    throw new Error('clientId must be supplied before 3.1.1')
  }
  if (!clientId && !clean) throw new Error('clientId must be given if cleanSession set to 0')
  if (!Number.isInteger(keepalive) || keepalive < 0 || keepalive > 0xffff) {
    throw new Error('Invalid keepalive')
  }
  const isVersion5 = protocolVersion === codes.VERSION_5_0
  const output = new Output()
  output.field(protocolId)
  output.byte(packet.bridgeMode ? protocolVersion + 128 : protocolVersion)
  output.byte(connectFlags(packet, clean))
  output.two(keepalive)
  if (isVersion5) output.properties(packet.properties)
  output.field(clientId)
  if (will) writeWill(will, output, isVersion5)
  writeLogin(packet, output)
  return output.packet(codes.CONNECT << 4)
}

function connectFlags(packet: ConnectFields, clean: boolean): number {
  const { will, username, password } = packet
  let flags = clean ? codes.CONNECT_CLEAN_START : 0
  if (username != null) flags |= codes.CONNECT_USER_NAME
  if (password != null) flags |= codes.CONNECT_PASSWORD
  if (!will) return flags
  if (will.retain) flags |= codes.CONNECT_WILL_RETAIN
  return flags | codes.CONNECT_WILL | (((will.qos as number) || 0) << codes.CONNECT_WILL_QOS_SHIFT)
}

function writeWill(will: Fields, output: Output, isVersion5: boolean): void {
  const { topic, payload } = will as { topic: unknown; payload?: string | Buffer }
  if (typeof will !== 'object') throw new Error('Invalid will')
  if (!topic || typeof topic !== 'string') throw new Error('Invalid will topic')
  if (payload && !(payload.length >= 0)) throw new Error('Invalid will payload')
  if (isVersion5) output.properties(will.properties as Fields)
  output.field(topic)
  output.field(payload)
}

function writeLogin({ username, password }: ConnectFields, output: Output): void {
  if (username != null) {
    if (!isText(username)) throw new Error('Invalid username')
    output.field(username)
  }
  if (password == null) return
  if (username == null) throw new Error('Username is required to use password')
  if (!isText(password)) throw new Error('Invalid password')
  output.field(password)
}

function buildConnack(packet: Fields, version: number | undefined): Buffer {
  const isVersion5 = version === codes.VERSION_5_0
  const reason = isVersion5 ? packet.reasonCode : packet.returnCode
  if (typeof reason !== 'number') throw new Error('Invalid return code')
  const output = new Output()
  output.byte(packet.sessionPresent ? 1 : 0)
  output.byte(reason)
  if (isVersion5) output.properties(packet.properties as Fields)
  return output.packet(codes.CONNACK << 4)
}

function buildSubscribe(packet: Fields, version: number | undefined): Buffer {
  const output = new Output()
  output.two(idOf(packet))
  const isVersion5 = version === codes.VERSION_5_0
  if (isVersion5) output.properties(packet.properties as Fields)
  const items = packet.subscriptions as Fields[]
  if (typeof items !== 'object' || !items.length) throw new Error('Invalid subscriptions')
  for (const item of items) writeItem(item, output, isVersion5)
  const flags = REPEATABLE | (packet.dup ? codes.FLAG_DUP : 0)
  return output.packet((codes.SUBSCRIBE << 4) | flags)
}

function writeItem(item: Fields, output: Output, isVersion5: boolean): void {
  const { topic, qos, nl = false, rap = false } = item
  const refuse = (what: string) => new Error(`Invalid subscriptions - invalid ${what}`)
  if (typeof topic !== 'string') throw refuse('topic')
  if (typeof qos !== 'number') throw refuse('qos')
  let options = qos & codes.OPTION_QOS_MASK
  if (isVersion5) {
    if (typeof nl !== 'boolean') throw refuse('No Local')
    if (typeof rap !== 'boolean') throw refuse('Retain as Published')
    const rh = item.rh || 0
    if (typeof rh !== 'number' || rh > 2) throw refuse('Retain Handling')
    if (nl) options |= codes.OPTION_NO_LOCAL
    if (rap) options |= codes.OPTION_RETAIN_AS_PUBLISHED
    options |= rh << codes.OPTION_RETAIN_HANDLING_SHIFT
  }
  output.field(topic)
  output.byte(options)
}

function buildUnsubscribe(packet: Fields, version: number | undefined): Buffer {
  const output = new Output()
  output.two(idOf(packet))
  const filters = packet.unsubscriptions as unknown[]
  const isList = typeof filters === 'object' && filters.length > 0
  if (!isList || filters.some((filter) => typeof filter !== 'string')) {
    throw new Error('Invalid unsubscriptions')
  }
  if (version === codes.VERSION_5_0) output.properties(packet.properties as Fields)
  for (const filter of filters) output.field(filter as string)
  const flags = REPEATABLE | (packet.dup ? codes.FLAG_DUP : 0)
  return output.packet((codes.UNSUBSCRIBE << 4) | flags)
}

function buildItemsAck(
  packet: Fields,
  version: number | undefined,
  options: GeneratorOptions | undefined,
): Buffer | undefined {
  const isSuback = packet.cmd === 'suback'
  const isVersion5 = version === codes.VERSION_5_0
  const granted = (packet.granted ?? []) as number[]
  const output = new Output()
  output.two(idOf(packet))
  if (isSuback || isVersion5) {
    const isList = typeof granted === 'object' && granted.length > 0
    if (!isList || granted.some((code) => typeof code !== 'number')) {
      throw new Error('Invalid qos vector')
    }
  }
  if (isVersion5) {
    const bytes = properties(packet, options, 2 + granted.length)
    if (bytes === undefined) return undefined
    output.raw(bytes, bytes.length)
  }
  if (isSuback || isVersion5) for (const code of granted) output.byte(code)
  return output.packet((isSuback ? codes.SUBACK : codes.UNSUBACK) << 4)
}

function buildClosing(
  packet: Fields,
  version: number | undefined,
  options: GeneratorOptions | undefined,
): Buffer | undefined {
  const isAuth = packet.cmd === 'auth'
  const isVersion5 = version === codes.VERSION_5_0
  if (isAuth && !isVersion5) throw new Error('Invalid mqtt version for auth packet')
  const output = new Output()
  if (isVersion5) {
    output.byte(packet.reasonCode as number)
    const bytes = properties(packet, options, 1)
    if (bytes === undefined) return undefined
    output.raw(bytes, bytes.length)
  }
  return output.packet((isAuth ? codes.AUTH : codes.DISCONNECT) << 4)
}
