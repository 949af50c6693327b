// Strict UTF-8 as MQTT wants it: nothing overlong, no surrogates, none above U+10FFFF, no U+0000.
// Called by the codec for strings and payloads and by topic.ts; knows nothing of packets.
// Almost every string is ASCII, so eight bytes are looked at together and a sequence only where a
// high bit shows. MQTT 5.0 section 1.5.4, table 3-7 of the Unicode Standard.

// Factor that puts a byte into all eight; linters know numbers of 53 bits only.
export const EACH_BYTE: u64 = 0x01010101 * 0x100000001
export const HIGH_BITS: u64 = 0x80 * EACH_BYTE
export const LOW_BITS: u64 = 0x7f * EACH_BYTE
const LETTERS: u64 = 0x61 * EACH_BYTE

export class Utf8 {
  /** Whether the bytes are well-formed and have no U+0000. [MQTT-1.5.4-1] [MQTT-1.5.4-2] */
  static valid(start: usize, length: i32): bool {
    const end = start + length
    while (start < end) {
      const word = Utf8.word(start, end)
      if ((~word & (word + LOW_BITS) & HIGH_BITS) === HIGH_BITS) {
        start += 8
        continue
      }
      const size = Utf8.sequence(start, end)
      if (size === 0) return false
      start += size
    }
    return true
  }

  /** The eight bytes at `at`; those from `end` on read as letters. Never reads beyond `end`. */
  @inline
  static word(at: usize, end: usize): u64 {
    const rest = (end - at) as i32
    if (rest >= 8) return load<u64>(at)
    return (load<u64>(end - 8) >> ((8 - rest) << 3)) | (LETTERS << (rest << 3))
  }

  /** Bytes of the code point at `at`, 1 to 4; 0 when it is U+0000, not well-formed or cut off. */
  static sequence(at: usize, end: usize): i32 {
    const first = load<u8>(at) as i32
    if (first < 0x80) return first === 0 ? 0 : 1
    const rest = (end - at) as i32
    if (first < 0xe0) {
      return first >= 0xc2 && rest >= 2 && Utf8.follows(at + 1) ? 2 : 0
    }
    if (first < 0xf0) {
      if (rest < 3 || !Utf8.follows(at + 1) || !Utf8.follows(at + 2)) return 0
      const second = load<u8>(at + 1) as i32
      if (first === 0xe0 && second < 0xa0) return 0 // overlong
      if (first === 0xed && second >= 0xa0) return 0 // surrogate
      return 3
    }
    if (first > 0xf4 || rest < 4) return 0
    if (!Utf8.follows(at + 1) || !Utf8.follows(at + 2) || !Utf8.follows(at + 3)) return 0
    const second = load<u8>(at + 1) as i32
    if (first === 0xf0 && second < 0x90) return 0 // overlong
    if (first === 0xf4 && second >= 0x90) return 0 // above U+10FFFF
    return 4
  }

  @inline
  private static follows(at: usize): bool {
    return (load<u8>(at) & 0xc0) === 0x80
  }
}
