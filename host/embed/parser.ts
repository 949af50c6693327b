// mqtt-packet's parser over the module: an EventEmitter that emits 'packet' for each packet and
// 'error' for the first fault of a chunk, and goes on afresh with the next chunk. One for each
// connection; `settings` is the object given, until a CONNECT takes its place.

import { EventEmitter } from 'node:events'
import {
  CONNACK,
  CONNECT,
  CONNECT_PASSWORD,
  CONNECT_USER_NAME,
  ERROR_PROTOCOL_LEVEL,
  PUBLISH,
  SENDER_ANY,
  VERSION_3_1_1,
  VERSION_5_0,
} from '../../assembly/codes.ts'
import {
  CONNECT_FLAGS,
  CONNECT_PASSWORD_START,
  CONNECT_START,
  CONNECT_USER_NAME_START,
  RECORD_ERROR,
  RECORD_HEAD,
  RECORD_LENGTH,
  RECORD_PACKET_ID,
  RECORD_PAYLOAD_LENGTH,
  RECORD_PAYLOAD_START,
  RECORD_POSITION,
  RECORD_PROPERTIES_LENGTH,
  RECORD_PROPERTIES_START,
  RECORD_SIZE,
  RECORD_START,
  RECORD_TOPIC_LENGTH,
  RECORD_TOPIC_START,
  RECORDS_START,
  REGISTER_CONSUMED,
  REGISTER_NEEDED,
} from '../../assembly/layout.ts'
import type { Memory } from '../wasm/memory.ts'
import { readProperties } from '../wasm/properties.ts'
import { shared } from '../wasm/shared.ts'
import { bufferOf, Packet, type Settings, translate, translateProperties } from './dialect.ts'
import { nameOf } from './errors.ts'
import { explain } from './explain.ts'
import { readPacket, TYPES } from './read.ts'

/** Set in the protocol level by bridges; the level itself is below. */
const BRIDGE = 0x80
const OLD_CONNACK_SIZE = 4

export class Parser extends EventEmitter {
  settings: Settings
  error: Error | null
  private parts: Buffer[]
  private waiting: number
  private needed: number

  constructor(settings: Settings) {
    super()
    this.settings = settings
    this.error = null
    this.parts = []
    this.waiting = 0
    this.needed = 0
  }

  /** @returns bytes that wait for the rest of their packet, without its fixed header */
  parse(chunk: Uint8Array): number {
    if (this.error !== null) this.reset()
    const total = this.waiting + chunk.length
    if (total < this.needed || total < 2) {
      this.parts.push(Buffer.from(chunk))
      this.waiting = total
      return total < 2 ? 0 : total - headerSize(this.parts)
    }
    const held = this.waiting === 0 ? bufferOf(chunk) : Buffer.concat([...this.parts, chunk])
    const packets: Packet[] = []
    const at = this.decode(held, packets)
    this.parts = at < total ? [Buffer.from(held.subarray(at))] : []
    this.waiting = total - at
    for (const packet of packets) this.emit('packet', packet)
    // Emitting may have made a listener parse on, or fail.
    const { error } = this
    if (error !== null) this.emit('error', error)
    const left = total - at
    if (left < 2) return 0
    return left - headerLength(held, at)
  }

  private reset(): void {
    this.error = null
    this.parts = []
    this.waiting = 0
    this.needed = 0
  }

  private decode(held: Buffer, packets: Packet[]): number {
    const memory = shared()
    memory.reserve(held.length)
    const input = memory.input()
    memory.u8.set(held, input)
    const { call } = memory
    let at = 0
    while (at < held.length) {
      const version = this.settings.protocolVersion === VERSION_5_0 ? VERSION_5_0 : VERSION_3_1_1
      const count = call.decode(input + at, held.length - at, version, SENDER_ANY, 0)
      const end = RECORDS_START + count * RECORD_SIZE
      let second = false
      for (let record = RECORDS_START; record < end; record += RECORD_SIZE) {
        if (memory.word(record + RECORD_ERROR) === 0) {
          const packet = this.read(memory, record, held, input)
          if (this.error === null) packets.push(packet)
        } else if (deservesSecondLook(memory, record, version)) {
          second = true
        } else {
          this.fail(memory, record, held, input)
        }
      }
      at += memory.word(REGISTER_CONSUMED)
      if (second) at += this.readAgain(memory, held, input, at, packets)
      if (count === 0 || this.error !== null) break
    }
    this.needed = memory.word(REGISTER_NEEDED)
    return at
  }

  /** The packet at `at`, as MQTT 3.1.1 has it. @returns its length, 0 = it is no packet either */
  private readAgain(
    memory: Memory,
    held: Buffer,
    input: number,
    at: number,
    packets: Packet[],
  ): number {
    const { call } = memory
    call.decode(input + at, held.length - at, VERSION_3_1_1, SENDER_ANY, 0)
    if (memory.word(RECORDS_START + RECORD_ERROR) !== 0) {
      this.fail(memory, RECORDS_START, held, input)
      return 0
    }
    const packet = this.read(memory, RECORDS_START, held, input)
    if (packet.cmd === 'connect') packet.bridgeMode = true
    packets.push(packet)
    return memory.word(RECORDS_START + RECORD_LENGTH)
  }

  private read(memory: Memory, record: number, held: Buffer, input: number): Packet {
    const head = memory.word(record + RECORD_HEAD)
    const type = head >> 4
    const start = memory.word(record + RECORD_START) - input
    const length = memory.word(record + RECORD_LENGTH) - headerLength(held, start)
    const packet = new Packet(TYPES[type] as string, head, length)
    if (type === PUBLISH) {
      readPublish(memory, record, held, input, packet)
    } else {
      translate(readPacket(memory, record, held, input), packet, this.settings)
      if (type === CONNECT) this.learn(memory, packet)
    }
    return packet
  }

  private learn(memory: Memory, packet: Packet): void {
    this.settings = packet as Settings
    const missing = missingField(memory)
    if (missing !== undefined) this.error = new Error(`Cannot parse ${missing}`)
  }

  private fail(memory: Memory, record: number, held: Buffer, input: number): void {
    const error = memory.word(record + RECORD_ERROR)
    const start = memory.word(record + RECORD_START) - input
    const length = memory.word(record + RECORD_LENGTH)
    const bytes = held.subarray(start, length > 0 ? start + length : held.length)
    const at = memory.word(record + RECORD_POSITION) - input - start
    const version = this.settings.protocolVersion
    const body = headerLength(held, start)
    const message = explain({ error, bytes, at, body, version })
    this.error = Object.assign(new Error(message), { code: nameOf(error) })
  }
}

function readPublish(
  memory: Memory,
  record: number,
  held: Buffer,
  input: number,
  packet: Packet,
): void {
  const { i32 } = memory
  const at = record >> 2
  const topic = i32[at + (RECORD_TOPIC_START >> 2)] as number
  const payload = (i32[at + (RECORD_PAYLOAD_START >> 2)] as number) - input
  packet.topic = memory.text(topic, i32[at + (RECORD_TOPIC_LENGTH >> 2)] as number)
  packet.payload = held.subarray(
    payload,
    payload + (i32[at + (RECORD_PAYLOAD_LENGTH >> 2)] as number),
  )
  if (packet.qos > 0) packet.messageId = i32[at + (RECORD_PACKET_ID >> 2)] as number
  const length = i32[at + (RECORD_PROPERTIES_LENGTH >> 2)] as number
  if (length === 0) return
  const start = i32[at + (RECORD_PROPERTIES_START >> 2)] as number
  packet.properties = translateProperties(readProperties(memory, start, length))
}

/**
 * Whether a packet at fault is good in another way that mqtt-packet knows: the CONNECT of a bridge,
 * from whose level the bridge's bit is taken here, or a CONNACK without properties in a connection
 * of MQTT 5, by which older brokers refuse it.
 */
function deservesSecondLook(memory: Memory, record: number, version: number): boolean {
  const error = memory.word(record + RECORD_ERROR)
  if (error === ERROR_PROTOCOL_LEVEL) {
    const at = memory.word(record + RECORD_POSITION)
    const level = memory.u8[at] as number
    memory.u8[at] = level & ~BRIDGE
    return level >= BRIDGE
  }
  if (version !== VERSION_5_0 || memory.word(record + RECORD_HEAD) !== CONNACK << 4) return false
  return memory.word(record + RECORD_LENGTH) === OLD_CONNACK_SIZE
}

/** MQTT 3.1 lets a user name or password be missing in spite of its flag; mqtt-packet does not. */
function missingField(memory: Memory): string | undefined {
  const word = (offset: number) => memory.word(CONNECT_START + offset)
  const flags = word(CONNECT_FLAGS)
  if (flags & CONNECT_USER_NAME && word(CONNECT_USER_NAME_START) === 0) return 'username'
  if (flags & CONNECT_PASSWORD && word(CONNECT_PASSWORD_START) === 0) return 'password'
  return undefined
}

/** Bytes of the fixed header at `at`; only the first one while its length is not all there. */
function headerLength(bytes: Uint8Array, at: number): number {
  for (let length = 1; length < 5 && at + length < bytes.length; length++) {
    if ((bytes[at + length] as number) < 0x80) return length + 1
  }
  return 1
}

function headerSize(parts: readonly Buffer[]): number {
  return headerLength(Buffer.concat(parts.slice(0, 5)), 0)
}
