// Property entries: the properties of MQTT 5 as a table of words at PROPERTIES_START (layout.ts),
// read from wire bytes and written as such. Called by the host through `properties` and
// `encode_properties`, for packets whose properties it wants to know one by one.

import { Bytes } from './bytes'
import { ERROR_ARGUMENT, ERROR_NO_ROOM, ERROR_PROPERTY_UNKNOWN } from './codes'
import {
  PROPERTIES_MAX,
  PROPERTIES_START,
  PROPERTY_SECOND_START,
  PROPERTY_SIZE,
  PROPERTY_VALUE,
  REGISTER_PROPERTIES_NEXT,
} from './layout'
import { BINARY, BYTE, FOUR, PAIR, Properties, TEXT, TWO, VARINT } from './properties'
import { Reader } from './reader'
import { Writer } from './writer'

export class Entries {
  /** Writes one entry a property at PROPERTIES_START. @returns how many, or a negative error */
  static list(start: usize, length: i32): i32 {
    Reader.error = 0
    Reader.open(start, start + length)
    let entry: usize = PROPERTIES_START
    let count = 0
    while (Reader.rest() > 0 && count < PROPERTIES_MAX) {
      const id = Reader.byte()
      const kind = Properties.kindOf(id)
      if (kind === 0) return ERROR_PROPERTY_UNKNOWN
      memory.fill(entry, 0, PROPERTY_SIZE)
      store<i32>(entry, id)
      Entries.listValue(entry, kind)
      if (Reader.error !== 0) return Reader.error
      entry += PROPERTY_SIZE
      count++
    }
    store<usize>(REGISTER_PROPERTIES_NEXT, Reader.at)
    return count
  }

  private static listValue(entry: usize, kind: u32): void {
    switch (kind) {
      case BYTE: {
        store<i32>(entry, Reader.byte(), PROPERTY_VALUE)
        break
      }
      case TWO: {
        store<i32>(entry, Reader.two(), PROPERTY_VALUE)
        break
      }
      case FOUR: {
        store<i32>(entry, Reader.four(), PROPERTY_VALUE)
        break
      }
      case VARINT: {
        store<i32>(entry, Reader.varint(), PROPERTY_VALUE)
        break
      }
      case PAIR: {
        Reader.keep(entry + PROPERTY_VALUE, Reader.binary())
        Reader.keep(entry + PROPERTY_SECOND_START, Reader.binary())
        break
      }
      default: {
        Reader.keep(entry + PROPERTY_VALUE, Reader.binary())
      }
    }
  }

  /** Writes `count` entries as wire bytes. @returns how many bytes, or a negative error */
  static write(count: i32, target: usize, capacity: i32): i32 {
    if (count < 0 || count > PROPERTIES_MAX) return ERROR_ARGUMENT
    if (!Bytes.inMemory(target, capacity)) return ERROR_ARGUMENT
    Writer.count()
    Entries.writeAll(count)
    const size = Writer.counted()
    if (Writer.wrong) return ERROR_ARGUMENT
    if (size > capacity) return ERROR_NO_ROOM
    Writer.open(target)
    Entries.writeAll(count)
    return size
  }

  private static writeAll(count: i32): void {
    for (let i = 0; i < count; i++) Entries.writeOne(PROPERTIES_START + i * PROPERTY_SIZE)
  }

  private static writeOne(entry: usize): void {
    const id = load<i32>(entry)
    const value = load<i32>(entry, PROPERTY_VALUE)
    Writer.byte(id)
    switch (Properties.kindOf(id)) {
      case BYTE: {
        Writer.byte(value)
        break
      }
      case TWO: {
        Writer.two(value)
        break
      }
      case FOUR: {
        Writer.four(value)
        break
      }
      case VARINT: {
        Writer.varint(value)
        break
      }
      case TEXT:
      case BINARY: {
        Writer.field(entry + PROPERTY_VALUE)
        break
      }
      case PAIR: {
        Writer.field(entry + PROPERTY_VALUE)
        Writer.field(entry + PROPERTY_SECOND_START)
        break
      }
      default: {
        Writer.wrong = true
      }
    }
  }
}
