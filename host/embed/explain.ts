// Errors of the module in the words of mqtt-packet, as far as it knows them; programs compare them.
// What it does not refuse is told by the module's own code. Called by parser.ts for a packet at
// fault; reads the bytes of that packet again.

import * as codes from '../../assembly/codes.ts'
import { nameOf } from './errors.ts'
import { TYPES } from './read.ts'

/** A packet at fault. */
export interface Fault {
  error: number
  /** All of the packet that is there. */
  bytes: Uint8Array
  /** Where in `bytes` the fault is. */
  at: number
  /** Where in `bytes` the fixed header ends. */
  body: number
  /** Of the connection, as mqtt-packet knows it. */
  version: number | undefined
}

/** Flags that a first byte must have. */
const FLAGS: Record<number, number> = {
  [codes.PUBREL]: 2,
  [codes.SUBSCRIBE]: 2,
  [codes.UNSUBSCRIBE]: 2,
}

const TOO_SHORT = 'Packet too short'
const QOS_3 = 'Packet must not have both QoS bits set to 1'
const UNSUBACK_LENGTH = 'Malformed unsuback, payload length must be 2'

export function explain(fault: Fault): string {
  const { error, bytes, at } = fault
  const type = (bytes[0] as number) >> 4
  const name = TYPES[type] as string
  switch (error) {
    case codes.ERROR_MALFORMED_LENGTH:
      return 'Invalid variable byte integer'
    case codes.ERROR_MALFORMED_TYPE:
      if (type === codes.AUTH) return 'Not supported auth packet for this version MQTT'
      return hasQos3(bytes[0] as number) ? QOS_3 : 'Not supported'
    case codes.ERROR_MALFORMED_FLAGS:
      if (at !== 0) return 'Invalid connack flags, bits 7-1 must be set to 0'
      return `Invalid header flag bits, must be 0x${FLAGS[type] ?? 0} for ${name} packet`
    case codes.ERROR_MALFORMED_QOS:
      return QOS_3
    case codes.ERROR_MALFORMED_BOUNDS:
      return explainBounds(fault, type, name)
    case codes.ERROR_MALFORMED_TRAILING:
      return explainTrailing(fault, type)
    case codes.ERROR_PROTOCOL_NAME:
      return 'Invalid protocolId'
    case codes.ERROR_PROTOCOL_LEVEL:
      return explainLevel(bytes[at] as number, bytes[at + 1] ?? 0)
    case codes.ERROR_CONNECT_FLAGS:
      return explainConnectFlags(bytes[at] as number)
    case codes.ERROR_PROPERTY_UNKNOWN:
      return bytes[at] === 0 ? 'Cannot parse property code type' : 'Unknown property'
    case codes.ERROR_REASON_CODE:
      return explainReason(fault, type, name)
    case codes.ERROR_SUBSCRIPTION_OPTIONS:
      return explainOptions(bytes[at] as number, fault.version)
    case codes.ERROR_NO_ITEMS:
      if (bytes.length === fault.body) return `Malformed ${name}, no payload specified`
      return nameOf(error)
    default:
      return nameOf(error)
  }
}

function explainBounds(fault: Fault, type: number, name: string): string {
  const { bytes, body } = fault
  switch (type) {
    case codes.CONNECT:
      return explainConnect(fault)
    case codes.PUBLISH:
      return fault.at === body ? 'Cannot parse topic' : 'Cannot parse property code type'
    case codes.UNSUBACK:
      return isVersion3(fault) ? UNSUBACK_LENGTH : `Malformed ${name}, no payload specified`
    case codes.SUBSCRIBE:
    case codes.UNSUBSCRIBE:
    case codes.SUBACK: {
      if (bytes.length === body) return `Malformed ${name}, no payload specified`
      const isMissing = fault.at >= bytes.length && type === codes.SUBSCRIBE
      return isMissing ? 'Malformed Subscribe Payload' : 'Cannot parse topic'
    }
    default:
      return fault.at > body ? 'Cannot parse property code type' : nameOf(fault.error)
  }
}

/** A level that exists and does not go with the protocol name is refused by the module only. */
function explainLevel(level: number, flags: number): string {
  const version = level & 0x7f
  if (version < codes.VERSION_3_1 || version > codes.VERSION_5_0) return 'Invalid protocol version'
  const message = explainConnectFlags(flags)
  return message === nameOf(codes.ERROR_CONNECT_FLAGS)
    ? nameOf(codes.ERROR_PROTOCOL_LEVEL)
    : message
}

function hasQos3(head: number): boolean {
  return (head & codes.FLAG_QOS_MASK) === codes.FLAG_QOS_MASK
}

function isVersion3({ version }: Fault): boolean {
  return version === codes.VERSION_3_1 || version === codes.VERSION_3_1_1
}

function explainTrailing(fault: Fault, type: number): string {
  if (type === codes.UNSUBACK && isVersion3(fault)) return UNSUBACK_LENGTH
  return nameOf(fault.error)
}

/** Which field of a CONNECT is cut off. */
function explainConnect({ bytes, at, body }: Fault): string {
  const nameEnd = body + 2 + twoAt(bytes, body)
  if (at < nameEnd || nameEnd > bytes.length) return 'Cannot parse protocolId'
  const version = (bytes[nameEnd] ?? 0) & 0x7f
  const flags = bytes[nameEnd + 1] ?? 0
  let field = nameEnd + 4 // behind level, flags and keep alive
  if (at < field) return TOO_SHORT
  const skipProperties = () => {
    if (version === codes.VERSION_5_0) field = behindProperties(bytes, field)
  }
  skipProperties()
  if (at < field) return at < bytes.length ? 'Cannot parse property code type' : TOO_SHORT
  const fields: [name: string, present: number][] = [
    ['will topic', flags & codes.CONNECT_WILL],
    ['will payload', flags & codes.CONNECT_WILL],
    ['username', flags & codes.CONNECT_USER_NAME],
    ['password', flags & codes.CONNECT_PASSWORD],
  ]
  field += 2 + twoAt(bytes, field)
  if (at < field) return TOO_SHORT
  if (flags & codes.CONNECT_WILL) skipProperties()
  if (at < field && at < bytes.length) return 'Cannot parse property code type'
  for (const [name, present] of fields) {
    if (present === 0) continue
    field += 2 + twoAt(bytes, field)
    if (at < field) return `Cannot parse ${name}`
  }
  return TOO_SHORT
}

/** Bytes that are not there make a field endless. */
function twoAt(bytes: Uint8Array, at: number): number {
  if (at + 2 > bytes.length) return 0xffff
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

function behindProperties(bytes: Uint8Array, at: number): number {
  let length = 0
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[at++] ?? 0
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  return at + length
}

function explainConnectFlags(flags: number): string {
  if (flags & codes.CONNECT_RESERVED) return 'Connect flag bit 0 must be 0, but got 1'
  if (!(flags & codes.CONNECT_WILL)) {
    if (flags & codes.CONNECT_WILL_RETAIN) {
      return 'Will Retain Flag must be set to zero when Will Flag is set to 0'
    }
    if (flags & codes.CONNECT_WILL_QOS_MASK) {
      return 'Will QoS must be set to zero when Will Flag is set to 0'
    }
  }
  return nameOf(codes.ERROR_CONNECT_FLAGS)
}

function explainReason(fault: Fault, type: number, name: string): string {
  if (type === codes.CONNACK) return nameOf(fault.error)
  if (type === codes.UNSUBACK) return 'Invalid unsuback code'
  if (type !== codes.SUBACK) return `Invalid ${name} reason code`
  if (fault.version === codes.VERSION_5_0) return 'Invalid suback code'
  return 'Invalid suback QoS, must be 0, 1, 2 or 128'
}

function explainOptions(options: number, version: number | undefined): string {
  const isVersion5 = version === codes.VERSION_5_0
  if (isVersion5 && options & codes.OPTION_RESERVED_MASK) {
    return 'Invalid subscribe topic flag bits, bits 7-6 must be 0'
  }
  if (!isVersion5 && options & ~codes.OPTION_QOS_MASK) {
    return 'Invalid subscribe topic flag bits, bits 7-2 must be 0'
  }
  if ((options & codes.OPTION_QOS_MASK) > 2) return 'Invalid subscribe QoS, must be <= 2'
  return 'Invalid retain handling, must be <= 2'
}
