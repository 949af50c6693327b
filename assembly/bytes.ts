// Bytes in linear memory: big-endian integers, variable byte integers, compare, copy, hash, UTF-8.
// Called by every other file of the module; knows nothing of packets or topics.
// Static methods carry @inline: asc folds them, and every formatter can parse them.

import { REGISTERS_START } from './layout'

export class Bytes {
  @inline
  static u16(at: usize): i32 {
    return bswap<u16>(load<u16>(at)) as i32
  }

  @inline
  static setU16(at: usize, value: i32): void {
    store<u16>(at, bswap<u16>(value as u16))
  }

  @inline
  static u32(at: usize): i32 {
    return bswap<u32>(load<u32>(at)) as i32
  }

  @inline
  static setU32(at: usize, value: i32): void {
    store<u32>(at, bswap<u32>(value as u32))
  }

  /** Bytes that `value` takes as a variable byte integer, 1 to 4. MQTT 5.0 section 1.5.5. */
  @inline
  static varintSize(value: i32): i32 {
    return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : 4
  }

  /** Writes `value` as a variable byte integer and returns the address behind it. */
  static setVarint(at: usize, value: i32): usize {
    while (value >= 0x80) {
      store<u8>(at++, (value & 0x7f) | 0x80)
      value >>>= 7
    }
    store<u8>(at++, value)
    return at
  }

  /** Whether [start, start + length) is memory at all; asked of what comes from outside. */
  static inMemory(start: usize, length: i32): bool {
    return length >= 0 && (start as u64) + (length as u64) <= (memory.size() as u64) << 16
  }

  /** The same, and not before the first region: what looks eight bytes back never leaves memory. */
  @inline
  static isRange(start: usize, length: i32): bool {
    return start >= (REGISTERS_START as usize) && Bytes.inMemory(start, length)
  }

  /** memory.copy costs a call; short copies, which are most, go eight bytes at a time. */
  static copy(to: usize, from: usize, length: i32): void {
    if (length > 128) {
      memory.copy(to, from, length)
      return
    }
    while (length >= 8) {
      store<u64>(to, load<u64>(from))
      to += 8
      from += 8
      length -= 8
    }
    while (length > 0) {
      store<u8>(to++, load<u8>(from++))
      length--
    }
  }

  static equal(a: usize, b: usize, length: i32): bool {
    while (length >= 8) {
      if (load<u64>(a) !== load<u64>(b)) return false
      a += 8
      b += 8
      length -= 8
    }
    while (length > 0) {
      if (load<u8>(a++) !== load<u8>(b++)) return false
      length--
    }
    return true
  }
}
