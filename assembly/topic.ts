// The syntax of topic names and topic filters, `$share` included. MQTT 5.0 sections 4.7 and 4.8.2.
// Called by the codec for every topic and filter that comes in, and by `insert`.
// Topic names are checked in one pass, eight bytes at a time: it runs for each PUBLISH.

import {
  ERROR_MALFORMED_STRING,
  ERROR_TOPIC_FILTER,
  ERROR_TOPIC_LEVELS,
  ERROR_TOPIC_NAME,
} from './codes'
import { STRING_LENGTH_MAX, TOPIC_LEVELS_MAX } from './layout'
import { EACH_BYTE, HIGH_BITS, LOW_BITS, Utf8 } from './utf8'

export const SLASH: i32 = 0x2f
export const PLUS: i32 = 0x2b
export const HASH: i32 = 0x23
export const DOLLAR: i32 = 0x24

const SLASHES: u64 = 0x2f * EACH_BYTE
const PLUSES: u64 = 0x2b * EACH_BYTE
const HASHES: u64 = 0x23 * EACH_BYTE

// "$share/" as two overlapping words.
const SHARE_HEAD: u32 = 0x61687324
const SHARE_TAIL: u32 = 0x2f657261
const SHARE_PREFIX_LENGTH: i32 = 7

export class Topic {
  /** 0, or what is wrong with a topic name. [MQTT-4.7.3-1] [MQTT-4.7.3-2] [MQTT-3.3.2-2] */
  static check(start: usize, length: i32): i32 {
    if (length <= 0 || length > STRING_LENGTH_MAX) return ERROR_TOPIC_NAME
    const end = start + length
    let levels = 1
    while (start < end) {
      // Adding 0x7f to a byte below 0x80 sets its high bit unless the byte is 0. Bytes above spill
      // into their neighbours, but then `~word` already fails the test.
      const word = Utf8.word(start, end)
      const plain =
        ~word & (word + LOW_BITS) & ((word ^ PLUSES) + LOW_BITS) & ((word ^ HASHES) + LOW_BITS)
      if ((plain & HIGH_BITS) === HIGH_BITS) {
        levels += 8 - (popcnt(((word ^ SLASHES) + LOW_BITS) & HIGH_BITS) as i32)
        start += 8
        continue
      }
      const size = Utf8.sequence(start, end)
      if (size === 0) return ERROR_MALFORMED_STRING
      const byte = load<u8>(start) as i32
      if (byte === PLUS || byte === HASH) return ERROR_TOPIC_NAME
      if (byte === SLASH) levels++
      start += size
    }
    return levels > TOPIC_LEVELS_MAX ? ERROR_TOPIC_LEVELS : 0
  }

  /** 0, or what is wrong with a topic filter, `$share/<name>/<filter>` included. */
  static checkFilter(start: usize, length: i32): i32 {
    if (length <= 0 || length > STRING_LENGTH_MAX) return ERROR_TOPIC_FILTER
    if (!Utf8.valid(start, length)) return ERROR_MALFORMED_STRING
    const end = start + length
    if (Topic.isShared(start, length)) {
      start = Topic.afterShare(start, length)
      if (start === 0) return ERROR_TOPIC_FILTER
    }
    return Topic.checkLevels(start, end)
  }

  /** Whether a filter begins with `$share/`. */
  static isShared(start: usize, length: i32): bool {
    if (length < SHARE_PREFIX_LENGTH || load<u32>(start) !== SHARE_HEAD) return false
    return load<u32>(start + 3) === SHARE_TAIL
  }

  /** Address of the share name in a filter that begins with `$share/`. */
  @inline
  static shareName(start: usize): usize {
    return start + SHARE_PREFIX_LENGTH
  }

  /**
   * Address of the filter inside `$share/<name>/<filter>`; 0 when the name or the filter is empty
   * or the name has a wildcard. [MQTT-4.8.2-1] [MQTT-4.8.2-2]
   */
  static afterShare(start: usize, length: i32): usize {
    const end = start + length
    const name = Topic.shareName(start)
    for (let at = name; at < end; at++) {
      const byte = load<u8>(at) as i32
      if (byte === PLUS || byte === HASH) return 0
      if (byte === SLASH) return at > name && at + 1 < end ? at + 1 : 0
    }
    return 0
  }

  /** Wildcards fill whole levels and `#` is the last one. [MQTT-4.7.1-1] [MQTT-4.7.1-2] */
  private static checkLevels(start: usize, end: usize): i32 {
    let levels = 1
    let levelStart = start
    for (let at = start; at < end; at++) {
      const byte = load<u8>(at) as i32
      if (byte === SLASH) {
        levels++
        levelStart = at + 1
        continue
      }
      if (byte !== PLUS && byte !== HASH) continue
      const last = at + 1 === end
      if (at !== levelStart) return ERROR_TOPIC_FILTER
      if (byte === HASH && !last) return ERROR_TOPIC_FILTER
      if (!last && (load<u8>(at + 1) as i32) !== SLASH) return ERROR_TOPIC_FILTER
    }
    return levels > TOPIC_LEVELS_MAX ? ERROR_TOPIC_LEVELS : 0
  }
}
