// CONNECT: read into the CONNECT block, and written from it. Called by decode.ts and encode.ts; the
// only packet that sets the protocol version, and the only one whose fields do not fit a record.
// MQTT 5.0 section 3.1.

import { Bytes } from './bytes'
import {
  CONNECT,
  CONNECT_CLEAN_START,
  CONNECT_PASSWORD,
  CONNECT_RESERVED,
  CONNECT_USER_NAME,
  CONNECT_WILL,
  CONNECT_WILL_QOS_MASK,
  CONNECT_WILL_RETAIN,
  ERROR_CLIENT_IDENTIFIER,
  ERROR_CONNECT_FLAGS,
  ERROR_MALFORMED_LENGTH,
  ERROR_PROTOCOL_LEVEL,
  ERROR_PROTOCOL_NAME,
  REASON_CLIENT_IDENTIFIER_NOT_VALID,
  REASON_TOPIC_NAME_INVALID,
  REASON_UNSUPPORTED_PROTOCOL_VERSION,
  VERSION_3_1,
  VERSION_3_1_1,
  VERSION_5_0,
} from './codes'
import {
  CONNECT_CLIENT_ID_START,
  CONNECT_FLAGS,
  CONNECT_KEEP_ALIVE,
  CONNECT_LEVEL,
  CONNECT_PASSWORD_START,
  CONNECT_SIZE,
  CONNECT_START,
  CONNECT_USER_NAME_START,
  CONNECT_WILL_PAYLOAD_START,
  CONNECT_WILL_PROPERTIES_START,
  CONNECT_WILL_TOPIC_START,
  RECORD_PROPERTIES_START,
  RECORD_START,
} from './layout'
import { PLACE_WILL, Properties } from './properties'
import { Reader } from './reader'
import { Writer } from './writer'

// "MQTT", and "MQIsdp" of MQTT 3.1.
const NAME: usize = memory.data<u8>([0x4d, 0x51, 0x54, 0x54])
const NAME_LENGTH: i32 = 4
const OLD_NAME: usize = memory.data<u8>([0x4d, 0x51, 0x49, 0x73, 0x64, 0x70])
const OLD_NAME_LENGTH: i32 = 6
const OLD_CLIENT_ID_LENGTH_MAX: i32 = 23

export class Connect {
  /** Fills the CONNECT block. Of a faulty CONNECT, LEVEL tells how to answer, 0 = it cannot be. */
  static read(record: usize): void {
    memory.fill(CONNECT_START, 0, CONNECT_SIZE)
    const body = Reader.at
    const level = Connect.readProtocol()
    if (Reader.error !== 0) return
    Reader.version = level
    if (level === VERSION_5_0) Connect.checkPadding(load<usize>(record, RECORD_START), body)
    const flags = Connect.readFlags(level)
    store<i32>(CONNECT_START, Reader.two(), CONNECT_KEEP_ALIVE)
    if (level === VERSION_5_0) {
      Properties.read(CONNECT)
      Properties.keep(record + RECORD_PROPERTIES_START)
    }
    Connect.readClientId(level, flags)
    if ((flags & CONNECT_WILL) !== 0) Connect.readWill(level)
    // [MQTT-3.1.2-17] [MQTT-3.1.3-12]
    if ((flags & CONNECT_USER_NAME) !== 0 && !Connect.endsEarly(level)) {
      Reader.keep(CONNECT_START + CONNECT_USER_NAME_START, Reader.text())
    }
    // [MQTT-3.1.2-19]
    if ((flags & CONNECT_PASSWORD) !== 0 && !Connect.endsEarly(level)) {
      Reader.keep(CONNECT_START + CONNECT_PASSWORD_START, Reader.binary())
    }
    // [MQTT-3.1.2-16] [MQTT-3.1.2-18]
    Reader.close()
  }

  /** Protocol name and level. [MQTT-3.1.2-1] [MQTT-3.1.2-2] */
  private static readProtocol(): i32 {
    const nameAt = Reader.at
    const length = Reader.binary()
    const name = Reader.at - length
    const levelAt = Reader.at
    const old = length === OLD_NAME_LENGTH && Bytes.equal(name, OLD_NAME, length)
    if (!old && !(length === NAME_LENGTH && Bytes.equal(name, NAME, length))) {
      Reader.fail(ERROR_PROTOCOL_NAME, REASON_UNSUPPORTED_PROTOCOL_VERSION, nameAt)
    }
    const level = Reader.byte()
    if (Reader.error !== 0) return 0
    const known = old ? level === VERSION_3_1 : level === VERSION_3_1_1 || level === VERSION_5_0
    if (!known) Reader.fail(ERROR_PROTOCOL_LEVEL, REASON_UNSUPPORTED_PROTOCOL_VERSION, levelAt)
    // Levels before the first are answered as the first.
    store<i32>(CONNECT_START, max(level, VERSION_3_1), CONNECT_LEVEL)
    return level
  }

  /** Needless bytes in the remaining length are found late: only the level forbids them. */
  private static checkPadding(start: usize, body: usize): void {
    const padded = body - start > 2 && load<u8>(body - 1) === 0
    if (padded) Reader.malformed(ERROR_MALFORMED_LENGTH, start + 1)
  }

  private static readFlags(level: i32): i32 {
    const start = Reader.at
    const flags = Reader.byte()
    const will = (flags & CONNECT_WILL) !== 0
    store<i32>(CONNECT_START, flags, CONNECT_FLAGS)
    // [MQTT-3.1.2-12], in 3.1.1 [MQTT-3.1.2-14]
    let wrong = (flags & CONNECT_WILL_QOS_MASK) === CONNECT_WILL_QOS_MASK
    if (level !== VERSION_3_1) {
      // MQTT 3.1 disregards these. [MQTT-3.1.2-3] [MQTT-3.1.2-11] [MQTT-3.1.2-13],
      // in 3.1.1 [MQTT-3.1.2-13] [MQTT-3.1.2-15]
      if ((flags & CONNECT_RESERVED) !== 0) wrong = true
      if (!will && (flags & (CONNECT_WILL_QOS_MASK | CONNECT_WILL_RETAIN)) !== 0) wrong = true
    }
    // Only MQTT 5 has passwords without user names; in 3.1.1 [MQTT-3.1.2-22]
    if (level !== VERSION_5_0) {
      if ((flags & (CONNECT_USER_NAME | CONNECT_PASSWORD)) === CONNECT_PASSWORD) wrong = true
    }
    if (wrong) Reader.malformed(ERROR_CONNECT_FLAGS, start)
    return flags
  }

  /** [MQTT-3.1.3-3] [MQTT-3.1.3-4] */
  private static readClientId(level: i32, flags: i32): void {
    const start = Reader.at
    const length = Reader.text()
    Reader.keep(CONNECT_START + CONNECT_CLIENT_ID_START, length)
    // In 3.1.1 [MQTT-3.1.3-8]
    let wrong = level === VERSION_3_1_1 && length === 0 && (flags & CONNECT_CLEAN_START) === 0
    if (level === VERSION_3_1) {
      wrong = length === 0 || Connect.characters(length) > OLD_CLIENT_ID_LENGTH_MAX
    }
    if (wrong) Reader.fail(ERROR_CLIENT_IDENTIFIER, REASON_CLIENT_IDENTIFIER_NOT_VALID, start)
  }

  /** Characters of the string just read: its bytes that do not continue one. */
  private static characters(length: i32): i32 {
    let count = 0
    for (let at = Reader.at - length; at < Reader.at; at++) {
      if ((load<u8>(at) & 0xc0) !== 0x80) count++
    }
    return count
  }

  /** [MQTT-3.1.2-9] [MQTT-3.1.3-11] */
  private static readWill(level: i32): void {
    if (level === VERSION_5_0) {
      Properties.read(PLACE_WILL)
      Properties.keep(CONNECT_START + CONNECT_WILL_PROPERTIES_START)
    }
    const topicLength = Reader.topic(REASON_TOPIC_NAME_INVALID)
    Reader.keep(CONNECT_START + CONNECT_WILL_TOPIC_START, topicLength)
    Reader.keep(CONNECT_START + CONNECT_WILL_PAYLOAD_START, Reader.binary())
  }

  /** In MQTT 3.1 the length overrules the flags: user name and password may be missing. */
  private static endsEarly(level: i32): bool {
    return level === VERSION_3_1 && Reader.rest() === 0
  }

  /** Writes the CONNECT block; the level in it is the version. */
  static write(record: usize): void {
    const level = load<i32>(CONNECT_START, CONNECT_LEVEL)
    const flags = load<i32>(CONNECT_START, CONNECT_FLAGS)
    if (level < VERSION_3_1 || level > VERSION_5_0) Writer.wrong = true
    const old = level === VERSION_3_1
    const nameLength = old ? OLD_NAME_LENGTH : NAME_LENGTH
    Writer.two(nameLength)
    Writer.bytes(old ? OLD_NAME : NAME, nameLength)
    Writer.byte(level)
    Writer.byte(flags)
    Writer.two(load<i32>(CONNECT_START, CONNECT_KEEP_ALIVE))
    if (level === VERSION_5_0) Writer.properties(record + RECORD_PROPERTIES_START)
    Writer.field(CONNECT_START + CONNECT_CLIENT_ID_START)
    if ((flags & CONNECT_WILL) !== 0) {
      if (level === VERSION_5_0) Writer.properties(CONNECT_START + CONNECT_WILL_PROPERTIES_START)
      Writer.field(CONNECT_START + CONNECT_WILL_TOPIC_START)
      Writer.field(CONNECT_START + CONNECT_WILL_PAYLOAD_START)
    }
    if ((flags & CONNECT_USER_NAME) !== 0) Connect.writeLast(CONNECT_USER_NAME_START, level)
    if ((flags & CONNECT_PASSWORD) !== 0) Connect.writeLast(CONNECT_PASSWORD_START, level)
  }

  /** A field that MQTT 3.1 may leave out in spite of its flag; its address is 0 then. */
  private static writeLast(offset: usize, level: i32): void {
    const pair = offset + CONNECT_START
    if (level !== VERSION_3_1 || load<usize>(pair) !== 0) Writer.field(pair)
  }
}
