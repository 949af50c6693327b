// Reads one packet field by field and never beyond its end. Called by the decoders of each shape
// of packet; knows fields, no packet types. The first fault is kept and empties the reader, so a
// decoder reads straight on and looks at `error` once, at its end. A fault's address is that of the
// first byte of the field at fault (of a string: of its two length bytes).

import { Bytes } from './bytes'
import {
  ERROR_MALFORMED_BOUNDS,
  ERROR_MALFORMED_LENGTH,
  ERROR_MALFORMED_PACKET_ID,
  ERROR_MALFORMED_STRING,
  ERROR_MALFORMED_TRAILING,
  REASON_MALFORMED_PACKET,
  REASON_PROTOCOL_ERROR,
} from './codes'
import { Topic } from './topic'
import { Utf8 } from './utf8'

export class Reader {
  static version: i32 = 0
  static sender: i32 = 0
  static at: usize = 0
  static end: usize = 0
  static error: i32 = 0
  static reason: i32 = 0
  static faultAt: usize = 0

  static open(start: usize, end: usize): void {
    Reader.at = start
    Reader.end = end
  }

  static fail(error: i32, reason: i32, at: usize): void {
    if (Reader.error !== 0) return
    Reader.error = error
    Reader.reason = reason
    Reader.faultAt = at
    Reader.at = Reader.end
  }

  /** Bytes that cannot be read as the specification says. MQTT 5.0 section 1.2. */
  static malformed(error: i32, at: usize): void {
    Reader.fail(error, REASON_MALFORMED_PACKET, at)
  }

  /** Bytes that can be read, and say what the protocol does not allow. MQTT 5.0 section 1.2. */
  static protocol(error: i32, at: usize): void {
    Reader.fail(error, REASON_PROTOCOL_ERROR, at)
  }

  @inline
  static rest(): i32 {
    return (Reader.end - Reader.at) as i32
  }

  static byte(): i32 {
    const at = Reader.take(1)
    return at === 0 ? 0 : (load<u8>(at) as i32)
  }

  static two(): i32 {
    const at = Reader.take(2)
    return at === 0 ? 0 : Bytes.u16(at)
  }

  static four(): i32 {
    const at = Reader.take(4)
    return at === 0 ? 0 : Bytes.u32(at)
  }

  /** At most four bytes, and no more than it needs. [MQTT-1.5.5-1] */
  static varint(): i32 {
    const start = Reader.at
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = Reader.byte()
      value |= (byte & 0x7f) << shift
      if (byte >= 0x80) continue
      if (byte === 0 && shift > 0) Reader.malformed(ERROR_MALFORMED_LENGTH, start)
      return value
    }
    Reader.malformed(ERROR_MALFORMED_LENGTH, start)
    return 0
  }

  /** Length of the binary field read; its bytes end at `Reader.at`. */
  static binary(): i32 {
    const start = Reader.at
    const length = Reader.two()
    if (Reader.rest() < length) {
      Reader.malformed(ERROR_MALFORMED_BOUNDS, start)
      return 0
    }
    Reader.at += length
    return length
  }

  /** Length of the UTF-8 string read. [MQTT-1.5.4-1] [MQTT-1.5.4-2] */
  static text(): i32 {
    const length = Reader.binary()
    if (Utf8.valid(Reader.at - length, length)) return length
    Reader.malformed(ERROR_MALFORMED_STRING, Reader.at - length - 2)
    return 0
  }

  /** Length of the topic name read; `reason` is the answer to one that is no topic name. */
  static topic(reason: i32): i32 {
    const length = Reader.binary()
    const start = Reader.at - length
    const error = Topic.check(start, length)
    if (error === 0) return length
    Reader.failTopic(error, reason, start - 2)
    return 0
  }

  /** Length of the topic filter read; `reason` is the answer to one that is no filter. */
  static filter(reason: i32): i32 {
    const length = Reader.binary()
    const start = Reader.at - length
    const error = Topic.checkFilter(start, length)
    if (error === 0) return length
    Reader.failTopic(error, reason, start - 2)
    return 0
  }

  /** What topic.ts answered: what is no UTF-8 is malformed, the rest is up to the caller. */
  static failTopic(error: i32, reason: i32, at: usize): void {
    if (error === ERROR_MALFORMED_STRING) Reader.malformed(error, at)
    else Reader.fail(error, reason, at)
  }

  /** [MQTT-2.2.1-3] */
  static packetId(): i32 {
    const start = Reader.at
    const id = Reader.two()
    if (id === 0) Reader.protocol(ERROR_MALFORMED_PACKET_ID, start)
    return id
  }

  /** Nothing may follow the last field. */
  static close(): void {
    if (Reader.rest() > 0) Reader.malformed(ERROR_MALFORMED_TRAILING, Reader.at)
  }

  /** Stores address and length of the field just read: two words at `pair`. */
  static keep(pair: usize, length: i32): void {
    store<usize>(pair, Reader.at - length)
    store<i32>(pair, length, 4)
  }

  private static take(length: i32): usize {
    const at = Reader.at
    if (Reader.rest() < length) {
      Reader.malformed(ERROR_MALFORMED_BOUNDS, at)
      return 0
    }
    Reader.at = at + length
    return at
  }
}
