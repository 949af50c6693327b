// Room in the module's memory for one packet that is being encoded: its strings and bytes one after
// another, and the finished packet behind them. Used by encode.ts; dead after `encode`.

import {
  RECORD_OWN,
  SCRATCH_SIZE,
  SCRATCH_START,
  STRING_LENGTH_MAX,
} from '../../assembly/layout.ts'
import type { Memory } from '../wasm/memory.ts'
import { writeProperties } from '../wasm/properties.ts'
import { nameOf } from './errors.ts'
import type { Properties } from './packets.ts'

// Scratch, in three parts: the properties of the packet, those of its will, and their strings.
const PROPERTIES_ROOM = SCRATCH_SIZE / 3
const STRINGS_START = SCRATCH_START + 2 * PROPERTIES_ROOM
/** Fixed header, lengths, protocol name and all other small fields of a packet together. */
const SMALL_FIELDS_MAX = 64
const SHORT_MAX = 64

export class Room {
  /** Where the next part goes. */
  at: number
  private readonly memory: Memory
  /** Bytes that the finished packet may take. */
  private capacity: number
  private propertiesAt: number

  /** @param bytes that the strings and bytes put into it take at most */
  constructor(memory: Memory, bytes: number) {
    this.memory = memory
    this.capacity = bytes + SMALL_FIELDS_MAX
    memory.reserve(2 * this.capacity + 2 * PROPERTIES_ROOM)
    this.at = memory.input()
    this.propertiesAt = SCRATCH_START
  }

  /** Stores the address and length of what was put since `start` as two words at `pair`. */
  set(pair: number, start: number): void {
    const { i32 } = this.memory
    i32[pair >> 2] = start
    i32[(pair >> 2) + 1] = this.at - start
  }

  byte(value: number): void {
    this.memory.u8[this.at++] = value
  }

  text(text: string, pair: number): void {
    const start = this.at
    this.put(text)
    this.set(pair, start)
  }

  /** A topic name; MQTT 5 lets a topic alias stand for it. [MQTT-3.3.2-8] */
  topic(topic: string, pair: number, version: number): void {
    const start = this.at
    this.put(topic)
    this.set(pair, start)
    if (topic.length === 0 && version === 5) return
    const error = this.memory.call.check_topic(start, this.at - start)
    if (error !== 0) throw new RangeError(`expected a topic name, got "${topic}": ${nameOf(error)}`)
  }

  /** A topic filter behind its length. */
  item(filter: string): void {
    const start = this.at
    this.at += 2
    this.put(filter)
    const length = this.at - start - 2
    const { u8 } = this.memory
    u8[start] = length >> 8
    u8[start + 1] = length & 0xff
    const error = this.memory.call.check_filter(start + 2, length)
    if (error === 0) return
    throw new RangeError(`expected a topic filter, got "${filter}": ${nameOf(error)}`)
  }

  bytes(bytes: Uint8Array, pair: number): void {
    if (!(bytes instanceof Uint8Array)) throw new TypeError('expected a Uint8Array')
    const { u8 } = this.memory
    const { length } = bytes
    const start = this.at
    // Setting up a copy costs more than a short one.
    if (length > SHORT_MAX) u8.set(bytes, start)
    else for (let i = 0; i < length; i++) u8[start + i] = bytes[i] as number
    this.at = start + length
    this.set(pair, start)
  }

  properties(properties: Properties, pair: number): void {
    const { memory } = this
    const start = this.propertiesAt
    const length = writeProperties(memory, properties, start, PROPERTIES_ROOM, STRINGS_START)
    if (length < 0) throw new RangeError(`expected properties that fit: ${nameOf(length)}`)
    memory.setWord(pair, start)
    memory.setWord(pair + 4, length)
    this.propertiesAt += PROPERTIES_ROOM
    this.capacity += length
  }

  /** The packet of RECORD_OWN as bytes of its own. */
  encode(version: number): Uint8Array {
    const { call, u8 } = this.memory
    const { at } = this
    const length = call.encode(RECORD_OWN, version, at, this.capacity)
    if (length < 0) throw new RangeError(`expected a packet that fits: ${nameOf(length)}`)
    return u8.slice(at, at + length)
  }

  private put(text: string): void {
    const length = this.memory.write(text, this.at, STRING_LENGTH_MAX)
    if (length < 0) throw new RangeError(`expected at most ${STRING_LENGTH_MAX} bytes of text`)
    this.at += length
  }
}
