// A topic or filter cut into levels, what insert, match and search walk along; the hash of bytes.
// Called by the trie; the table is dead after the next `split`. Knows nothing of nodes.
//
//   level (8 bytes, TOPIC_LEVELS_MAX of them)
//              +-----------+-----------+
//              | START     | LENGTH    |    START + LENGTH is a slash, or the end of the topic
//              +-----------+-----------+
//              +0          +4

import { Arena } from './arena'
import { TOPIC_LEVELS_MAX } from './layout'
import { HASH, PLUS } from './topic'
import { EACH_BYTE, HIGH_BITS, LOW_BITS, Utf8 } from './utf8'

export const LEVEL_SIZE: i32 = 8
const LEVEL_START: i32 = 0
const LEVEL_LENGTH: i32 = 4

const SLASHES: u64 = 0x2f * EACH_BYTE
const GOLDEN: u64 = 0x9e3779b9 * 0x100000001
const MIXER: u64 = 0xbf58476d * 0x100000001

let secret: u64 = 0
let table: usize = 0

export class Levels {
  /** Address of the first level of the last split. */
  static first: usize = 0
  /** Address behind the last one. */
  static end: usize = 0

  /** Called once. The seed makes hashes unguessable, so that nobody can choose colliding levels. */
  static initialize(seed: i32): bool {
    secret = Levels.finish(GOLDEN * ((seed as u32 as u64) + 1)) as u64
    secret = (secret << 32) | (Levels.finish(secret ^ GOLDEN) as u64)
    table = Arena.allocate(TOPIC_LEVELS_MAX * LEVEL_SIZE)
    Levels.first = table
    Levels.end = table
    return table !== 0
  }

  /** Fills the table; false when there are more than TOPIC_LEVELS_MAX levels. */
  static split(start: usize, length: i32): bool {
    const end = start + length
    const last = table + (TOPIC_LEVELS_MAX - 1) * LEVEL_SIZE
    let level = table
    let levelStart = start
    for (let at = start; at < end; at += 8) {
      // A byte of `slashes` has its high bit set exactly where a slash is.
      const word = Utf8.word(at, end) ^ SLASHES
      let slashes = ~(((word & LOW_BITS) + LOW_BITS) | word) & HIGH_BITS
      while (slashes !== 0) {
        const slash = at + ((ctz(slashes) >> 3) as usize)
        if (level === last) return false
        Levels.put(level, levelStart, slash)
        level += LEVEL_SIZE
        levelStart = slash + 1
        slashes &= slashes - 1
      }
    }
    Levels.put(level, levelStart, end)
    Levels.end = level + LEVEL_SIZE
    return true
  }

  @inline
  static start(level: usize): usize {
    return load<u32>(level, LEVEL_START)
  }

  @inline
  static length(level: usize): i32 {
    return load<i32>(level, LEVEL_LENGTH)
  }

  /** Address behind the level's last byte. */
  @inline
  static behind(level: usize): usize {
    return Levels.start(level) + Levels.length(level)
  }

  /** PLUS or HASH when the level is that wildcard, else 0. */
  @inline
  static wildcard(level: usize): i32 {
    if (Levels.length(level) !== 1) return 0
    const byte = load<u8>(Levels.start(level)) as i32
    return byte === PLUS || byte === HASH ? byte : 0
  }

  /** Whether any level is a wildcard. */
  static hasWildcard(): bool {
    for (let level = Levels.first; level < Levels.end; level += LEVEL_SIZE) {
      if (Levels.wildcard(level) !== 0) return true
    }
    return false
  }

  /**
   * Seeded hash of bytes. The two halves of each word are multiplied after the secret state went in
   * (the idea of NH, the hash inside UMAC), so that differences depend on the secret.
   */
  static hash(start: usize, length: i32): u32 {
    const end = start + length
    let state = secret + (length as u64) * GOLDEN
    while (start < end) {
      const word = Utf8.word(start, end) ^ state
      state = (word & 0xffffffff) * (word >> 32) + GOLDEN
      start += 8
    }
    return Levels.finish(state)
  }

  @inline
  private static put(level: usize, start: usize, end: usize): void {
    store<u32>(level, start as u32, LEVEL_START)
    store<i32>(level, (end - start) as i32, LEVEL_LENGTH)
  }

  @inline
  private static finish(state: u64): u32 {
    return (((state ^ (state >> 29)) * MIXER) >> 32) as u32
  }
}
