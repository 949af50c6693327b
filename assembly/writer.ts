// Writes one packet field by field. Called by the encoders, which describe a packet once: the first
// time nothing is stored and only the bytes are counted, the second time they are stored. What
// would not be a packet (a string too long, a range outside the memory) makes `wrong` true.

import { Bytes } from './bytes'
import { REMAINING_LENGTH_MAX, STRING_LENGTH_MAX } from './layout'

export class Writer {
  static at: usize = 0
  static counting: bool = false
  static wrong: bool = false

  /** Counts what is written from now on. */
  static count(): void {
    Writer.at = 0
    Writer.counting = true
    Writer.wrong = false
  }

  /** Bytes counted since `count`. */
  static counted(): i32 {
    return Writer.at as i32
  }

  static open(target: usize): void {
    Writer.at = target
    Writer.counting = false
  }

  static byte(value: i32): void {
    if (!Writer.counting) store<u8>(Writer.at, value)
    Writer.at += 1
  }

  static two(value: i32): void {
    if (!Writer.counting) Bytes.setU16(Writer.at, value)
    Writer.at += 2
  }

  static four(value: i32): void {
    if (!Writer.counting) Bytes.setU32(Writer.at, value)
    Writer.at += 4
  }

  static varint(value: i32): void {
    if (value < 0 || value > REMAINING_LENGTH_MAX) Writer.wrong = true
    if (Writer.counting) Writer.at += Bytes.varintSize(value)
    else Writer.at = Bytes.setVarint(Writer.at, value)
  }

  static bytes(start: usize, length: i32): void {
    if (Writer.counting) {
      if (length > REMAINING_LENGTH_MAX || !Bytes.inMemory(start, length)) Writer.wrong = true
    } else {
      Bytes.copy(Writer.at, start, length)
    }
    Writer.at += length
  }

  /** The bytes that the two words at `pair` point to. */
  static range(pair: usize): void {
    Writer.bytes(load<usize>(pair), load<i32>(pair, 4))
  }

  /** The same as a string or binary field, behind its length. */
  static field(pair: usize): void {
    const length = load<i32>(pair, 4)
    if (length > STRING_LENGTH_MAX) Writer.wrong = true
    Writer.two(length)
    Writer.range(pair)
  }

  /** The same as properties, behind their length. */
  static properties(pair: usize): void {
    Writer.varint(load<i32>(pair, 4))
    Writer.range(pair)
  }
}
