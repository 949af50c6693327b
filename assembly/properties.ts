// The properties of MQTT 5: which packet may carry which, how each is written, and which values it
// may have (MQTT 5.0 section 2.2.2 and table 2-4). Called by the decoders, which check them, and by
// entries.ts, which lists them. Knows no packet's other fields.

import { Bytes } from './bytes'
import {
  AUTH,
  CONNACK,
  CONNECT,
  DISCONNECT,
  ERROR_ENHANCED_AUTHENTICATION,
  ERROR_MALFORMED_BOUNDS,
  ERROR_PROPERTY_DUPLICATE,
  ERROR_PROPERTY_FORBIDDEN,
  ERROR_PROPERTY_UNKNOWN,
  ERROR_PROPERTY_VALUE,
  ERROR_TOPIC_ALIAS,
  PROPERTY_AUTHENTICATION_DATA,
  PROPERTY_AUTHENTICATION_METHOD,
  PROPERTY_MAXIMUM_PACKET_SIZE,
  PROPERTY_MESSAGE_EXPIRY_INTERVAL,
  PROPERTY_PAYLOAD_FORMAT_INDICATOR,
  PROPERTY_RECEIVE_MAXIMUM,
  PROPERTY_RESPONSE_TOPIC,
  PROPERTY_SERVER_REFERENCE,
  PROPERTY_SESSION_EXPIRY_INTERVAL,
  PROPERTY_SUBSCRIPTION_IDENTIFIER,
  PROPERTY_TOPIC_ALIAS,
  PROPERTY_USER_PROPERTY,
  PUBACK,
  PUBCOMP,
  PUBLISH,
  PUBREC,
  PUBREL,
  REASON_PROTOCOL_ERROR,
  REASON_TOPIC_ALIAS_INVALID,
  SENDER_CLIENT,
  SENDER_SERVER,
  SUBACK,
  SUBSCRIBE,
  UNSUBACK,
  UNSUBSCRIBE,
} from './codes'
import { Reader } from './reader'

/** Where properties stand that belong to no packet type of their own: bit 0 of the places. */
export const PLACE_WILL: i32 = 0

// How a property is written.
const KIND_SHIFT: i32 = 16
export const BYTE: u32 = 1 << KIND_SHIFT
export const TWO: u32 = 2 << KIND_SHIFT
export const FOUR: u32 = 3 << KIND_SHIFT
export const VARINT: u32 = 4 << KIND_SHIFT
export const TEXT: u32 = 5 << KIND_SHIFT
export const BINARY: u32 = 6 << KIND_SHIFT
export const PAIR: u32 = 7 << KIND_SHIFT

// Where a property may stand: one bit a packet type, and the will.
const OPENING: u32 = 1 << CONNECT
const ACCEPTING: u32 = 1 << CONNACK
const MESSAGE: u32 = (1 << PUBLISH) | (1 << PLACE_WILL)
const ACKNOWLEDGING: u32 = (1 << PUBACK) | (1 << PUBREC) | (1 << PUBREL) | (1 << PUBCOMP)
const GRANTING: u32 = (1 << SUBACK) | (1 << UNSUBACK)
const ASKING: u32 = (1 << SUBSCRIBE) | (1 << UNSUBSCRIBE)
const CLOSING: u32 = 1 << DISCONNECT
const AUTHENTICATING: u32 = OPENING | ACCEPTING | (1 << AUTH)
const EXPLAINING: u32 = ACCEPTING | ACKNOWLEDGING | GRANTING | CLOSING | (1 << AUTH)
const ANYWHERE: u32 = OPENING | MESSAGE | ASKING | EXPLAINING

// MQTT 5.0 table 2-4, one row an identifier.
const ID_MAX: i32 = 0x2a
const TABLE: usize = memory.data<u32>([
  0,
  BYTE | MESSAGE, // 0x01 payload format indicator
  FOUR | MESSAGE, // 0x02 message expiry interval
  TEXT | MESSAGE, // 0x03 content type
  0,
  0,
  0,
  0,
  TEXT | MESSAGE, // 0x08 response topic
  BINARY | MESSAGE, // 0x09 correlation data
  0,
  VARINT | (1 << PUBLISH) | (1 << SUBSCRIBE), // 0x0b subscription identifier
  0,
  0,
  0,
  0,
  0,
  FOUR | OPENING | ACCEPTING | CLOSING, // 0x11 session expiry interval
  TEXT | ACCEPTING, // 0x12 assigned client identifier
  TWO | ACCEPTING, // 0x13 server keep alive
  0,
  TEXT | AUTHENTICATING, // 0x15 authentication method
  BINARY | AUTHENTICATING, // 0x16 authentication data
  BYTE | OPENING, // 0x17 request problem information
  FOUR | (1 << PLACE_WILL), // 0x18 will delay interval
  BYTE | OPENING, // 0x19 request response information
  TEXT | ACCEPTING, // 0x1a response information
  0,
  TEXT | ACCEPTING | CLOSING, // 0x1c server reference
  0,
  0,
  TEXT | EXPLAINING, // 0x1f reason string
  0,
  TWO | OPENING | ACCEPTING, // 0x21 receive maximum
  TWO | OPENING | ACCEPTING, // 0x22 topic alias maximum
  TWO | (1 << PUBLISH), // 0x23 topic alias
  BYTE | ACCEPTING, // 0x24 maximum QoS
  BYTE | ACCEPTING, // 0x25 retain available
  PAIR | ANYWHERE, // 0x26 user property
  FOUR | OPENING | ACCEPTING, // 0x27 maximum packet size
  BYTE | ACCEPTING, // 0x28 wildcard subscription available
  BYTE | ACCEPTING, // 0x29 subscription identifier available
  BYTE | ACCEPTING, // 0x2a shared subscription available
])

export class Properties {
  // What the last `read` found.
  static start: usize = 0
  static length: i32 = 0
  static alias: i32 = 0
  static expiryAt: usize = 0
  static format: i32 = 0
  static seen: u64 = 0

  /** Reads the property length and checks the properties behind it, which stand at `place`. */
  static read(place: i32): void {
    const lengthAt = Reader.at
    const length = Reader.varint()
    if (Reader.rest() < length) Reader.malformed(ERROR_MALFORMED_BOUNDS, lengthAt)
    Properties.start = Reader.at
    Properties.length = length
    Properties.alias = 0
    Properties.expiryAt = 0
    Properties.format = 0
    Properties.seen = 0
    if (length === 0 || Reader.error !== 0) return
    const packetEnd = Reader.end
    Reader.end = Reader.at + length
    while (Reader.rest() > 0) Properties.readOne(place)
    const unproven = Properties.has(PROPERTY_AUTHENTICATION_DATA)
    if (unproven && !Properties.has(PROPERTY_AUTHENTICATION_METHOD)) {
      Reader.protocol(ERROR_ENHANCED_AUTHENTICATION, lengthAt)
    }
    if (Reader.error === 0) Reader.end = packetEnd
  }

  /** Whether the properties last read contain `id`. */
  static has(id: i32): bool {
    return (Properties.seen & (1 << (id as u64))) !== 0
  }

  /** Address behind the property at `at`, which `read` has checked. */
  static next(at: usize): usize {
    const kind = Properties.kindOf(load<u8>(at))
    at++
    if (kind <= FOUR) return at + (kind === BYTE ? 1 : kind === TWO ? 2 : 4)
    if (kind === VARINT) {
      while (load<u8>(at) >= 0x80) at++
      return at + 1
    }
    at += 2 + Bytes.u16(at)
    return kind === PAIR ? at + 2 + Bytes.u16(at) : at
  }

  /** How the property `id` is written: BYTE to PAIR, or 0 when there is none. */
  static kindOf(id: i32): u32 {
    return Properties.rowOf(id) & (0xff << KIND_SHIFT)
  }

  /** Stores where the properties last read are: two words at `pair`. */
  static keep(pair: usize): void {
    store<usize>(pair, Properties.start)
    store<i32>(pair, Properties.length, 4)
  }

  private static readOne(place: i32): void {
    const start = Reader.at
    const id = Reader.byte()
    const row = Properties.rowOf(id)
    if (row === 0) Reader.malformed(ERROR_PROPERTY_UNKNOWN, start)
    else if (((row >> place) & 1) === 0) Reader.malformed(ERROR_PROPERTY_FORBIDDEN, start)
    else if (Properties.isUnasked(place, id)) Reader.protocol(ERROR_PROPERTY_FORBIDDEN, start)
    else if (Properties.has(id) && !Properties.repeats(place, id)) {
      Reader.protocol(ERROR_PROPERTY_DUPLICATE, start)
    } else {
      Properties.seen |= 1 << (id as u64)
      Properties.readValue(id, Properties.kindOf(id))
    }
  }

  private static repeats(place: i32, id: i32): bool {
    if (id === PROPERTY_SUBSCRIPTION_IDENTIFIER) return place === PUBLISH
    return id === PROPERTY_USER_PROPERTY
  }

  private static rowOf(id: i32): u32 {
    return id <= ID_MAX ? load<u32>(TABLE + (id << 2)) : 0
  }

  /** Whether only the other side may send this one. [MQTT-3.3.4-6] [MQTT-3.14.2-2] */
  private static isUnasked(place: i32, id: i32): bool {
    if (id === PROPERTY_SUBSCRIPTION_IDENTIFIER) {
      return place === PUBLISH && Reader.sender === SENDER_CLIENT
    }
    if (place !== DISCONNECT) return false
    if (id === PROPERTY_SESSION_EXPIRY_INTERVAL) return Reader.sender === SENDER_SERVER
    return id === PROPERTY_SERVER_REFERENCE && Reader.sender === SENDER_CLIENT
  }

  private static readValue(id: i32, kind: u32): void {
    const start = Reader.at
    switch (kind) {
      case BYTE: {
        const value = Reader.byte()
        // All properties of one byte are yes or no, maximum QoS included.
        if (value > 1) Reader.protocol(ERROR_PROPERTY_VALUE, start)
        if (id === PROPERTY_PAYLOAD_FORMAT_INDICATOR) Properties.format = value
        break
      }
      case TWO: {
        Properties.checkTwo(id, Reader.two(), start)
        break
      }
      case FOUR: {
        const value = Reader.four()
        if (id === PROPERTY_MESSAGE_EXPIRY_INTERVAL) Properties.expiryAt = start
        if (value === 0 && id === PROPERTY_MAXIMUM_PACKET_SIZE) {
          Reader.protocol(ERROR_PROPERTY_VALUE, start)
        }
        break
      }
      case VARINT: {
        if (Reader.varint() === 0) Reader.protocol(ERROR_PROPERTY_VALUE, start)
        break
      }
      case TEXT: {
        // [MQTT-3.3.2-13] [MQTT-3.3.2-14]
        if (id === PROPERTY_RESPONSE_TOPIC) Reader.topic(REASON_PROTOCOL_ERROR)
        else Reader.text()
        break
      }
      case BINARY: {
        Reader.binary()
        break
      }
      case PAIR: {
        // [MQTT-1.5.7-1]
        Reader.text()
        Reader.text()
        break
      }
    }
  }

  private static checkTwo(id: i32, value: i32, start: usize): void {
    if (id === PROPERTY_TOPIC_ALIAS) {
      // [MQTT-3.3.2-8]
      if (value === 0) Reader.fail(ERROR_TOPIC_ALIAS, REASON_TOPIC_ALIAS_INVALID, start)
      Properties.alias = value
    }
    if (id === PROPERTY_RECEIVE_MAXIMUM && value === 0) Reader.protocol(ERROR_PROPERTY_VALUE, start)
  }
}
