// Messages as bytes that outlive the process: what a store writes and reads back. Only held
// messages are frozen; thawing makes a held message again. Numbers are little-endian.
//
//   +0 QOS (and RETAINED) u32   +4 SINCE u32, seconds   +8 EXPIRY u32   +12 topic length u32
//   +16 properties length u32   +20 topic, properties, payload

import {
  MESSAGE_BODY,
  MESSAGE_EXPIRY,
  MESSAGE_PAYLOAD_LENGTH,
  MESSAGE_PAYLOAD_START,
  MESSAGE_PROPERTIES_LENGTH,
  MESSAGE_PROPERTIES_START,
  MESSAGE_QOS,
  MESSAGE_READY_LAYOUT,
  MESSAGE_REFERENCES,
  MESSAGE_SINCE,
  MESSAGE_SIZE,
  MESSAGE_TOPIC_LENGTH,
  MESSAGE_TOPIC_START,
  REGISTER_HELD,
  REGISTER_HELD_BYTES,
} from '../../assembly/layout.ts'
import type { Module } from './instance.ts'

const HEAD_SIZE = 20
const QOS_AND_RETAINED = 0x103

/** A frozen message taken apart, for tools that have no module. */
export interface Thawed {
  qos: number
  retain: boolean
  /** Seconds since the epoch from which `expiry` counts; 0 = never expires. */
  since: number
  expiry: number
  topic: string
  /** MQTT 5 properties as wire bytes. */
  properties: Buffer
  payload: Buffer
}

/** The bytes of a held message. */
export function freeze(module: Module, message: number): Buffer {
  const word = (offset: number) => module.word(message + offset)
  const topicLength = word(MESSAGE_TOPIC_LENGTH)
  const propertiesLength = word(MESSAGE_PROPERTIES_LENGTH)
  const length = topicLength + propertiesLength + word(MESSAGE_PAYLOAD_LENGTH)
  const bytes = Buffer.allocUnsafe(HEAD_SIZE + length)
  bytes.writeUInt32LE(word(MESSAGE_QOS) & QOS_AND_RETAINED, 0)
  bytes.writeUInt32LE(word(MESSAGE_SINCE) >>> 0, 4)
  bytes.writeUInt32LE(word(MESSAGE_EXPIRY) >>> 0, 8)
  bytes.writeUInt32LE(topicLength, 12)
  bytes.writeUInt32LE(propertiesLength, 16)
  // A held message's topic, properties and payload lie one behind the other.
  const start = word(MESSAGE_TOPIC_START)
  module.bytes.copy(bytes, HEAD_SIZE, start, start + length)
  return bytes
}

/** A held message with one reference. @throws RangeError when the bytes are not a frozen message */
export function thaw(module: Module, bytes: Buffer): number {
  if (!isFrozen(bytes)) throw new RangeError('wasmqtt: not a stored message')
  const length = bytes.length - HEAD_SIZE
  const topicLength = bytes.readUInt32LE(12)
  const propertiesLength = bytes.readUInt32LE(16)
  const handle = module.allocate(MESSAGE_SIZE + length)
  const topic = handle + MESSAGE_SIZE
  module.u8.set(bytes.subarray(HEAD_SIZE), topic)
  const set = (offset: number, value: number) => module.setWord(handle + offset, value)
  set(MESSAGE_REFERENCES, 1)
  set(MESSAGE_QOS, bytes.readUInt32LE(0) & QOS_AND_RETAINED)
  set(MESSAGE_SINCE, bytes.readUInt32LE(4) | 0)
  set(MESSAGE_EXPIRY, bytes.readUInt32LE(8) | 0)
  set(MESSAGE_TOPIC_START, topic)
  set(MESSAGE_TOPIC_LENGTH, topicLength)
  set(MESSAGE_PROPERTIES_START, topic + topicLength)
  set(MESSAGE_PROPERTIES_LENGTH, propertiesLength)
  set(MESSAGE_PAYLOAD_START, topic + topicLength + propertiesLength)
  set(MESSAGE_PAYLOAD_LENGTH, length - topicLength - propertiesLength)
  set(MESSAGE_BODY, 0)
  set(MESSAGE_BODY + 4, 0)
  set(MESSAGE_READY_LAYOUT, -1)
  module.setWord(REGISTER_HELD, module.held() + 1)
  const payloadLength = length - topicLength - propertiesLength
  module.setWord(REGISTER_HELD_BYTES, module.word(REGISTER_HELD_BYTES) + payloadLength)
  return handle
}

/** Whether the lengths inside agree with the length. */
export function isFrozen(bytes: Buffer): boolean {
  if (bytes.length < HEAD_SIZE) return false
  const parts = bytes.readUInt32LE(12) + bytes.readUInt32LE(16)
  return bytes.readUInt32LE(12) > 0 && parts <= bytes.length - HEAD_SIZE
}

/** Takes a frozen message apart, or undefined when the bytes are none. */
export function inspect(bytes: Buffer): Thawed | undefined {
  if (!isFrozen(bytes)) return undefined
  const properties = HEAD_SIZE + bytes.readUInt32LE(12)
  const payload = properties + bytes.readUInt32LE(16)
  const head = bytes.readUInt32LE(0)
  return {
    qos: head & 3,
    retain: head > 3,
    since: bytes.readUInt32LE(4),
    expiry: bytes.readUInt32LE(8),
    topic: bytes.toString('utf8', HEAD_SIZE, properties),
    properties: bytes.subarray(properties, payload),
    payload: bytes.subarray(payload),
  }
}

/** The reverse of `inspect`. */
export function assemble(message: Thawed): Buffer {
  const topic = Buffer.from(message.topic)
  const head = Buffer.alloc(HEAD_SIZE)
  head.writeUInt32LE(message.qos | (message.retain ? 0x100 : 0), 0)
  head.writeUInt32LE(message.since, 4)
  head.writeUInt32LE(message.expiry, 8)
  head.writeUInt32LE(topic.length, 12)
  head.writeUInt32LE(message.properties.length, 16)
  return Buffer.concat([head, topic, message.properties, message.payload])
}
