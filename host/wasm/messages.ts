// Messages in the module's memory: staged from a packet, held while somebody waits for them,
// composed from what the host itself publishes. A handle is an address; 0 is no message.

import {
  MESSAGE_BODY,
  MESSAGE_CURRENT,
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
  REGISTER_CLOCK,
  REGISTER_HELD,
  REGISTER_HELD_BYTES,
  SCRATCH_SIZE,
  SCRATCH_START,
} from '../../assembly/layout.ts'
import type { Parts, Publication } from '../protocol/packets.ts'
import { check } from './check.ts'
import { freeze, thaw } from './frozen.ts'
import { MemoryError, type Module } from './instance.ts'
import { writeProperties } from './properties.ts'
import { isReserved } from './records.ts'

const QOS_MASK = 3
const DOLLAR = 0x24
const RETAINED = 0x100
// Set by the host on a retained message that a newer one has replaced.
const SUPERSEDED = 0x200
const HALF = SCRATCH_SIZE / 2

/** The messages of one module. */
export class Messages {
  private readonly module: Module

  constructor(module: Module) {
    this.module = module
  }

  /** The current message, made of a PUBLISH record; dead after the next `stage`. */
  stage(record: number, version: number): number {
    return this.module.call.stage(record, version)
  }

  /** The packet of the current message does not say its topic: each delivery makes its own. */
  forgetPacket(): void {
    this.module.setWord(MESSAGE_CURRENT + MESSAGE_READY_LAYOUT, -1)
  }

  /** Number under which the store knows a held message, 0 = it does not. */
  body(handle: number): number {
    return this.module.word(handle + MESSAGE_BODY)
  }

  setBody(handle: number, body: number): void {
    this.module.setWord(handle + MESSAGE_BODY, body)
  }

  /** Bytes of the payloads of all messages held now. */
  get bytesHeld(): number {
    return this.module.word(REGISTER_HELD_BYTES) >>> 0
  }

  /** Whether letting go of one reference frees it. */
  isLast(handle: number): boolean {
    return this.module.word(handle + MESSAGE_REFERENCES) === 1
  }

  /** The bytes of a held message, for a store. */
  freeze(handle: number): Buffer {
    return freeze(this.module, handle)
  }

  /** A held message made of such bytes, with one reference. */
  thaw(bytes: Buffer): number {
    return thaw(this.module, bytes)
  }

  /** A held copy with one reference and the subscription identifiers of `row` (0 = none). */
  hold(message: number, row: number): number {
    const handle = this.module.call.hold(message, row)
    this.module.renew()
    if (handle === 0) throw new MemoryError('no memory to hold a message')
    return handle
  }

  /** Whether it is the current message, which dies with its packet. */
  isStaged(message: number): boolean {
    return message === MESSAGE_CURRENT
  }

  addReference(handle: number): void {
    const word = (handle + MESSAGE_REFERENCES) >> 2
    this.module.i32[word] = (this.module.i32[word] as number) + 1
  }

  /** Lets go of one reference. */
  drop(handle: number): void {
    const word = (handle + MESSAGE_REFERENCES) >> 2
    const references = this.module.i32[word] as number
    if (references > 1) this.module.i32[word] = references - 1
    else this.module.call.drop(handle)
  }

  /**
   * A held message of the host's own making, with one reference.
   * @throws RangeError when the topic is not a topic name or the properties do not fit
   */
  compose({ properties, ...rest }: Publication): number {
    const { module } = this
    const { messageExpiryInterval: expirySeconds, ...forwarded } = properties
    const strings = SCRATCH_START + HALF
    const length = writeProperties(module, forwarded, SCRATCH_START, HALF, strings)
    if (length < 0) throw new RangeError(`properties do not fit: ${length}`)
    const propertyBytes = module.copy(SCRATCH_START, length)
    return this.place({ ...rest, propertyBytes, expirySeconds })
  }

  /**
   * As `compose`, with properties of any size.
   * @throws RangeError when the topic is not a topic name
   */
  place({ topic, payload, qos, retain, propertyBytes, expirySeconds }: Parts): number {
    const { module } = this
    const topicLength = check(module, topic, 'topic')
    const propertiesLength = propertyBytes.length
    const handle = module.allocate(MESSAGE_SIZE + topicLength + propertiesLength + payload.length)
    const topicStart = handle + MESSAGE_SIZE
    const propertiesStart = topicStart + topicLength
    const payloadStart = propertiesStart + propertiesLength
    module.bytes.write(topic, topicStart, 'utf8')
    module.u8.set(propertyBytes, propertiesStart)
    module.u8.set(payload, payloadStart)
    const set = (offset: number, value: number) => module.setWord(handle + offset, value)
    for (let offset = 0; offset < MESSAGE_SIZE; offset += 4) set(offset, 0)
    set(MESSAGE_REFERENCES, 1)
    set(MESSAGE_QOS, qos | (retain ? RETAINED : 0))
    set(MESSAGE_TOPIC_START, topicStart)
    set(MESSAGE_TOPIC_LENGTH, topicLength)
    set(MESSAGE_PROPERTIES_START, propertiesStart)
    set(MESSAGE_PROPERTIES_LENGTH, propertiesLength)
    set(MESSAGE_PAYLOAD_START, payloadStart)
    set(MESSAGE_PAYLOAD_LENGTH, payload.length)
    set(MESSAGE_READY_LAYOUT, -1)
    if (expirySeconds !== undefined) {
      set(MESSAGE_EXPIRY, expirySeconds)
      set(MESSAGE_SINCE, module.word(REGISTER_CLOCK))
    }
    module.setWord(REGISTER_HELD, module.held() + 1)
    module.setWord(REGISTER_HELD_BYTES, module.word(REGISTER_HELD_BYTES) + payload.length)
    return handle
  }

  topicStart(message: number): number {
    return this.module.word(message + MESSAGE_TOPIC_START)
  }

  topicLength(message: number): number {
    return this.module.word(message + MESSAGE_TOPIC_LENGTH)
  }

  payloadLength(message: number): number {
    return this.module.word(message + MESSAGE_PAYLOAD_LENGTH)
  }

  /** Bytes a queue counts for a message: topic, properties and payload. */
  size(message: number): number {
    const properties = this.module.word(message + MESSAGE_PROPERTIES_LENGTH)
    return this.topicLength(message) + properties + this.payloadLength(message)
  }

  topic(message: number): string {
    return this.module.text(this.topicStart(message), this.topicLength(message))
  }

  payload(message: number): Buffer {
    const start = this.module.word(message + MESSAGE_PAYLOAD_START)
    return this.module.copy(start, this.payloadLength(message))
  }

  /** Where the MQTT 5 properties to forward are. */
  properties(message: number): { start: number; length: number } {
    return {
      start: this.module.word(message + MESSAGE_PROPERTIES_START),
      length: this.module.word(message + MESSAGE_PROPERTIES_LENGTH),
    }
  }

  /** Whether its topic is the broker's own, under `$SYS`. */
  isReserved(message: number): boolean {
    return this.module.u8[this.topicStart(message)] === DOLLAR && isReserved(this.topic(message))
  }

  /** QoS the publisher gave it. */
  qos(message: number): number {
    return this.module.word(message + MESSAGE_QOS) & QOS_MASK
  }

  /** Whether it was published with RETAIN. */
  isRetained(message: number): boolean {
    return (this.module.word(message + MESSAGE_QOS) & RETAINED) !== 0
  }

  markSuperseded(handle: number): void {
    this.module.setWord(handle + MESSAGE_QOS, this.module.word(handle + MESSAGE_QOS) | SUPERSEDED)
  }

  isSuperseded(handle: number): boolean {
    return (this.module.word(handle + MESSAGE_QOS) & SUPERSEDED) !== 0
  }

  /** Makes a held message that never expires do so after `seconds`. */
  limitExpiry(handle: number, seconds: number): void {
    const { module } = this
    if (module.word(handle + MESSAGE_SINCE) !== 0) return
    module.setWord(handle + MESSAGE_EXPIRY, seconds)
    module.setWord(handle + MESSAGE_SINCE, module.word(REGISTER_CLOCK))
  }

  /** Whether its expiry interval has passed. [MQTT-3.3.2-5] */
  isExpired(message: number): boolean {
    return this.expiry(message) === 0
  }

  /** Seconds until it expires, undefined = never. */
  expiry(message: number): number | undefined {
    const { module } = this
    const since = module.word(message + MESSAGE_SINCE)
    if (since === 0) return undefined
    const waited = (module.word(REGISTER_CLOCK) - since) >>> 0
    return Math.max((module.word(message + MESSAGE_EXPIRY) >>> 0) - waited, 0)
  }
}
