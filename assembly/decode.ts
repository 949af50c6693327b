// Bytes to records: walks the whole packets of a chunk and writes one record each. Called once a
// chunk by the host. Every rule about well-formedness is checked here and in the files called from
// here, and nowhere else. No state outlives a call: the caller keeps the incomplete tail.
//
// Packets by shape: PUBLISH (publish.ts); acks (PUBACK, PUBREC, PUBREL, PUBCOMP); items
// (items.ts); closings (DISCONNECT, AUTH); empty ones (PINGREQ, PINGRESP); CONNACK; and CONNECT
// (connect.ts), after which a batch ends.

import { Bytes } from './bytes'
import {
  AUTH,
  CONNACK,
  CONNECT,
  DISCONNECT,
  ERROR_ARGUMENT,
  ERROR_ENHANCED_AUTHENTICATION,
  ERROR_MALFORMED_DUP,
  ERROR_MALFORMED_FLAGS,
  ERROR_MALFORMED_LENGTH,
  ERROR_MALFORMED_QOS,
  ERROR_MALFORMED_TYPE,
  ERROR_PACKET_TOO_LARGE,
  ERROR_PACKET_TYPE_UNEXPECTED,
  ERROR_REASON_CODE,
  FLAG_DUP,
  FLAG_QOS_MASK,
  PINGREQ,
  PINGRESP,
  PROPERTY_AUTHENTICATION_METHOD,
  PUBACK,
  PUBCOMP,
  PUBLISH,
  PUBREC,
  PUBREL,
  REASON_PACKET_TOO_LARGE,
  SENDER_CLIENT,
  SENDER_SERVER,
  SUBACK,
  SUBSCRIBE,
  UNSUBACK,
  UNSUBSCRIBE,
  VERSION_3_1,
  VERSION_5_0,
  VERSION_UNKNOWN,
} from './codes'
import { Connect } from './connect'
import { Items } from './items'
import {
  RECORD_BITS,
  RECORD_ERROR,
  RECORD_HEAD,
  RECORD_LENGTH,
  RECORD_PACKET_ID,
  RECORD_POSITION,
  RECORD_PROPERTIES_START,
  RECORD_REASON,
  RECORD_SIZE,
  RECORD_START,
  RECORDS_MAX,
  RECORDS_START,
  REGISTER_CONSUMED,
  REGISTER_NEEDED,
} from './layout'
import { Properties } from './properties'
import { Publish } from './publish'
import { Reader } from './reader'
import { Reasons } from './reasons'

const RECORDS_END: usize = RECORDS_START + RECORDS_MAX * RECORD_SIZE

// Who sends what: one bit a packet type. MQTT 5.0 table 2-1; 3.x has no AUTH, and no DISCONNECT
// from a server.
const ACKS: i32 = (1 << PUBACK) | (1 << PUBREC) | (1 << PUBREL) | (1 << PUBCOMP)
const REQUESTS: i32 = (1 << SUBSCRIBE) | (1 << UNSUBSCRIBE) | (1 << PINGREQ)
const ANSWERS: i32 = (1 << SUBACK) | (1 << UNSUBACK) | (1 << PINGRESP)
const FROM_CLIENT: i32 = (1 << CONNECT) | (1 << PUBLISH) | ACKS | REQUESTS | (1 << DISCONNECT)
const FROM_SERVER: i32 = (1 << CONNACK) | (1 << PUBLISH) | ACKS | ANSWERS
const SINCE_5: i32 = (1 << DISCONNECT) | (1 << AUTH)

// Flags of the first byte. PUBLISH: one bit a combination, without QoS 3 and DUP at QoS 0. Others:
// the only combination, one hexadecimal digit a type, type 0 at the right. [MQTT-2.1.3-1]
const PUBLISH_FLAGS: i32 = 0x3c3f
const OTHER_FLAGS: u64 = 0x20202000000
const FLAGS_MASK: i32 = 0x0f
const REPEATABLE: i32 = (1 << PUBREL) | (1 << SUBSCRIBE) | (1 << UNSUBSCRIBE)

export class Decoder {
  /** Remaining length that `longHeader` found. */
  private static remaining: i32 = 0

  /** @returns records at RECORDS_START, or ERROR_ARGUMENT; REGISTER_CONSUMED and _NEEDED are set */
  static run(start: usize, length: i32, version: i32, sender: i32, packetSizeMax: i32): i32 {
    store<i32>(REGISTER_CONSUMED, 0)
    store<i32>(REGISTER_NEEDED, 0)
    if (!Bytes.isRange(start, length)) return ERROR_ARGUMENT
    Reader.version = version
    Reader.sender = sender
    Reader.error = 0
    const types = Decoder.typesOf(version, sender)
    const sizeMax = packetSizeMax > 0 ? packetSizeMax : i32.MAX_VALUE
    const end = start + length
    let at = start
    let record: usize = RECORDS_START
    while (record < RECORDS_END && ((end - at) as i32) >= 2) {
      const head = load<u8>(at) as i32
      let remaining = load<u8>(at + 1) as i32
      let body = at + 2
      if (remaining >= 0x80) {
        body = Decoder.longHeader(at + 1, end)
        if (body === 0) break
        remaining = Decoder.remaining
      }
      const size = ((body - at) as i32) + remaining
      if (!Decoder.admits(head, types)) Decoder.object(head, types, at)
      if (size > sizeMax) Reader.fail(ERROR_PACKET_TOO_LARGE, REASON_PACKET_TOO_LARGE, at + 1)
      if (Reader.error === 0) {
        if (size > ((end - at) as i32)) {
          store<i32>(REGISTER_NEEDED, size)
          break
        }
        Decoder.read(record, at, body, size)
      }
      if (Reader.error !== 0) {
        Decoder.reject(record, head, at, size)
        record += RECORD_SIZE
        break
      }
      at += size
      record += RECORD_SIZE
      if (head >> 4 === CONNECT) break
    }
    store<i32>(REGISTER_CONSUMED, (at - start) as i32)
    return ((record - RECORDS_START) as i32) / RECORD_SIZE
  }

  private static typesOf(version: i32, sender: i32): i32 {
    let types = version === VERSION_5_0 ? SINCE_5 : 0
    if (sender !== SENDER_SERVER) types |= FROM_CLIENT
    if (sender !== SENDER_CLIENT) types |= FROM_SERVER
    // [MQTT-3.1.0-1]
    return version === VERSION_UNKNOWN ? types & (1 << CONNECT) : types
  }

  /** Address behind a remaining length of more than one byte; 0 when it is not all there. */
  private static longHeader(start: usize, end: usize): usize {
    let value = 0
    let at = start
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) return 0
      const byte = load<u8>(at++) as i32
      value |= (byte & 0x7f) << shift
      if (byte >= 0x80) continue
      // Only MQTT 5 forbids needless bytes. [MQTT-1.5.5-1]
      const padded = byte === 0 && Reader.version === VERSION_5_0
      if (padded) Reader.malformed(ERROR_MALFORMED_LENGTH, start)
      Decoder.remaining = value
      return at
    }
    Reader.malformed(ERROR_MALFORMED_LENGTH, start)
    Decoder.remaining = (start - 1 - at) as i32 // makes the whole length 0: it is not known
    return at
  }

  /** Whether the first byte is beyond doubt; what is not goes to `object`. */
  @inline
  private static admits(head: i32, types: i32): bool {
    const type = head >> 4
    const flags = head & FLAGS_MASK
    if (((types >> type) & 1) === 0) return false
    if (type === PUBLISH) return ((PUBLISH_FLAGS >> flags) & 1) !== 0
    return ((OTHER_FLAGS >> (type << 2)) as i32 & FLAGS_MASK) === flags
  }

  /** Says what is wrong with a first byte; MQTT 3.1 has a DUP flag that is not. */
  private static object(head: i32, types: i32, at: usize): void {
    const type = head >> 4
    const since5 = type === AUTH && Reader.version < VERSION_5_0
    if (Reader.version !== VERSION_UNKNOWN && (type === 0 || since5)) {
      Reader.malformed(ERROR_MALFORMED_TYPE, at)
    } else if (((types >> type) & 1) === 0) {
      Reader.protocol(ERROR_PACKET_TYPE_UNEXPECTED, at)
    } else if (type === PUBLISH) {
      // [MQTT-3.3.1-4] [MQTT-3.3.1-2]
      const qos3 = (head & FLAG_QOS_MASK) === FLAG_QOS_MASK
      Reader.malformed(qos3 ? ERROR_MALFORMED_QOS : ERROR_MALFORMED_DUP, at)
    } else {
      const repeated = Reader.version === VERSION_3_1 && ((REPEATABLE >> type) & 1) !== 0
      const allowed = repeated && Decoder.admits(head & ~FLAG_DUP, types)
      if (!allowed) Reader.malformed(ERROR_MALFORMED_FLAGS, at)
    }
  }

  private static read(record: usize, start: usize, body: usize, size: i32): void {
    const head = load<u8>(start) as i32
    const type = head >> 4
    const end = start + size
    if (type !== PUBLISH) Decoder.clear(record)
    store<i32>(record, head, RECORD_HEAD)
    store<i32>(record, 0, RECORD_ERROR)
    store<usize>(record, start, RECORD_START)
    store<i32>(record, size, RECORD_LENGTH)
    if (type === PUBLISH) {
      Publish.read(record, head, body, end)
    } else {
      Reader.open(body, end)
      if (((ACKS >> type) & 1) !== 0) Decoder.readAck(record, type)
      else Decoder.readOther(record, type)
    }
  }

  /** A packet identifier; in MQTT 5 a reason code and properties may follow, or be left out. */
  private static readAck(record: usize, type: i32): void {
    store<i32>(record, Reader.packetId(), RECORD_PACKET_ID)
    if (Reader.version === VERSION_5_0 && Reader.rest() > 0) Decoder.readReason(record, type)
    Reader.close()
  }

  private static readOther(record: usize, type: i32): void {
    switch (type) {
      case CONNECT: {
        Connect.read(record)
        break
      }
      case CONNACK: {
        Decoder.readConnack(record)
        break
      }
      case PINGREQ:
      case PINGRESP: {
        Reader.close()
        break
      }
      case DISCONNECT:
      case AUTH: {
        Decoder.readClosing(record, type)
        break
      }
      default: {
        Items.read(record, type)
      }
    }
  }

  private static readConnack(record: usize): void {
    const start = Reader.at
    const flags = Reader.byte()
    store<i32>(record, flags, RECORD_BITS)
    if (Reader.version !== VERSION_3_1 && flags > 1) {
      // [MQTT-3.2.2-1]
      Reader.malformed(ERROR_MALFORMED_FLAGS, start)
    }
    Decoder.readReasonCode(record, CONNACK)
    const refused = load<i32>(record, RECORD_REASON) !== 0
    if (refused && flags !== 0 && Reader.version !== VERSION_3_1) {
      // [MQTT-3.2.2-6]
      Reader.protocol(ERROR_MALFORMED_FLAGS, start)
    }
    if (Reader.version === VERSION_5_0) {
      Properties.read(CONNACK)
      Properties.keep(record + RECORD_PROPERTIES_START)
    }
    Reader.close()
  }

  /** DISCONNECT and AUTH: empty, or a reason code and properties. */
  private static readClosing(record: usize, type: i32): void {
    const start = Reader.at
    if (Reader.version === VERSION_5_0 && Reader.rest() > 0) {
      Decoder.readReason(record, type)
      // MQTT 5.0 section 3.15.2.2.2
      if (type === AUTH && !Properties.has(PROPERTY_AUTHENTICATION_METHOD)) {
        Reader.protocol(ERROR_ENHANCED_AUTHENTICATION, start)
      }
    }
    Reader.close()
  }

  /** A reason code, and properties unless the packet ends here. */
  private static readReason(record: usize, type: i32): void {
    Decoder.readReasonCode(record, type)
    Properties.seen = 0
    if (Reader.rest() === 0) return
    Properties.read(type)
    Properties.keep(record + RECORD_PROPERTIES_START)
  }

  private static readReasonCode(record: usize, type: i32): void {
    const start = Reader.at
    const reason = Reader.byte()
    if (!Reasons.allows(type, reason, Reader.version, Reader.sender)) {
      Reader.protocol(ERROR_REASON_CODE, start)
    }
    store<i32>(record, reason, RECORD_REASON)
  }

  /** Eight plain stores: memory.fill costs more than the rest of a small packet. */
  private static clear(record: usize): void {
    store<u64>(record, 0)
    store<u64>(record, 0, 8)
    store<u64>(record, 0, 16)
    store<u64>(record, 0, 24)
    store<u64>(record, 0, 32)
    store<u64>(record, 0, 40)
    store<u64>(record, 0, 48)
    store<u64>(record, 0, 56)
  }

  private static reject(record: usize, head: i32, start: usize, size: i32): void {
    Decoder.clear(record)
    store<i32>(record, head, RECORD_HEAD)
    store<i32>(record, Reader.error, RECORD_ERROR)
    store<usize>(record, start, RECORD_START)
    store<i32>(record, size, RECORD_LENGTH)
    store<i32>(record, Reader.reason, RECORD_REASON)
    store<usize>(record, Reader.faultAt, RECORD_POSITION)
  }
}
