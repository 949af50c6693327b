// The codec as the host sees it: decode a chunk into records, read a record's fields, read the rare
// packets whole, and encode what the broker itself says. Addresses go in and out as opaque numbers.

import {
  AUTH,
  CONNACK,
  CONNECT_CLEAN_START,
  CONNECT_PASSWORD,
  CONNECT_USER_NAME,
  CONNECT_WILL,
  CONNECT_WILL_QOS_MASK,
  CONNECT_WILL_QOS_SHIFT,
  CONNECT_WILL_RETAIN,
  DISCONNECT,
  SENDER_CLIENT,
  SENDER_SERVER,
  SUBACK,
  SUBSCRIBE,
  type UNSUBACK,
  VERSION_5_0,
} from '../../assembly/codes.ts'
import {
  CONNECT_CLIENT_ID_LENGTH,
  CONNECT_CLIENT_ID_START,
  CONNECT_FLAGS,
  CONNECT_KEEP_ALIVE,
  CONNECT_LEVEL,
  CONNECT_PASSWORD_LENGTH,
  CONNECT_PASSWORD_START,
  CONNECT_START,
  CONNECT_USER_NAME_LENGTH,
  CONNECT_USER_NAME_START,
  CONNECT_WILL_PAYLOAD_LENGTH,
  CONNECT_WILL_PAYLOAD_START,
  CONNECT_WILL_PROPERTIES_LENGTH,
  CONNECT_WILL_PROPERTIES_START,
  CONNECT_WILL_TOPIC_LENGTH,
  CONNECT_WILL_TOPIC_START,
  RECORD_BITS,
  RECORD_COUNT,
  RECORD_HEAD,
  RECORD_OWN,
  RECORD_PACKET_ID,
  RECORD_PAYLOAD_LENGTH,
  RECORD_PAYLOAD_START,
  RECORD_PROPERTIES_LENGTH,
  RECORD_PROPERTIES_START,
  RECORD_REASON,
  RECORD_SIZE,
  REGISTER_CONSUMED,
  REGISTER_NEEDED,
  REMAINING_LENGTH_MAX,
  SCRATCH_SIZE,
  SCRATCH_START,
} from '../../assembly/layout.ts'
import type { Connect, Item, Properties } from '../protocol/packets.ts'
import type { Module } from './instance.ts'
import { readProperties, writeProperties } from './properties.ts'
import { readWillProperties } from './will.ts'

// Scratch, in three parts: the finished packet, the items or properties it points to, and strings.
const PACKET_ROOM = SCRATCH_SIZE / 3
const PARTS_START = SCRATCH_START + PACKET_ROOM
const STRINGS_START = PARTS_START + PACKET_ROOM
const NONE: Properties = {}
// The largest packet there can be.
const PACKET_BYTES_MAX = REMAINING_LENGTH_MAX + 5

/** A packet encoded into scratch memory; dead after the next encode. */
export interface Encoded {
  start: number
  length: number
}

/** Decodes what clients send and encodes what a server says. One per module. */
export class Codec {
  readonly module: Module

  constructor(module: Module) {
    this.module = module
  }

  /** Decodes what a client sent. @returns how many records, from Records.first on */
  decode(start: number, length: number, version: number, packetSizeMax: number): number {
    return this.module.call.decode(start, length, version, SENDER_CLIENT, packetSizeMax)
  }

  /** As `decode`, for what a server of the same version sent. */
  decodeServer(start: number, length: number, version: number): number {
    return this.module.call.decode(start, length, version, SENDER_SERVER, PACKET_BYTES_MAX)
  }

  /** Bytes of whole packets that the last decode walked. */
  consumed(): number {
    return this.module.word(REGISTER_CONSUMED)
  }

  /** Length of the packet the last decode found incomplete, 0 = not known yet. */
  needed(): number {
    return this.module.word(REGISTER_NEEDED)
  }

  /** CONNECT, of which decode has just made a record. */
  readConnect(record: number): Connect {
    const module = this.module
    const word = (offset: number) => module.word(CONNECT_START + offset)
    const text = (start: number, length: number) => module.text(word(start), word(length))
    const flags = word(CONNECT_FLAGS)
    const password = flags & CONNECT_PASSWORD
    return {
      version: word(CONNECT_LEVEL),
      cleanStart: (flags & CONNECT_CLEAN_START) !== 0,
      keepAlive: word(CONNECT_KEEP_ALIVE),
      clientId: text(CONNECT_CLIENT_ID_START, CONNECT_CLIENT_ID_LENGTH),
      userName:
        flags & CONNECT_USER_NAME
          ? text(CONNECT_USER_NAME_START, CONNECT_USER_NAME_LENGTH)
          : undefined,
      password: password
        ? module.copy(word(CONNECT_PASSWORD_START), word(CONNECT_PASSWORD_LENGTH))
        : undefined,
      will: flags & CONNECT_WILL ? this.readWill(flags) : undefined,
      properties: this.readProperties(record),
    }
  }

  private readWill(flags: number): Connect['will'] {
    const module = this.module
    const word = (offset: number) => module.word(CONNECT_START + offset)
    const properties = readWillProperties(
      module,
      word(CONNECT_WILL_PROPERTIES_START),
      word(CONNECT_WILL_PROPERTIES_LENGTH),
    )
    return {
      topic: module.text(word(CONNECT_WILL_TOPIC_START), word(CONNECT_WILL_TOPIC_LENGTH)),
      payload: module.copy(word(CONNECT_WILL_PAYLOAD_START), word(CONNECT_WILL_PAYLOAD_LENGTH)),
      qos: (flags & CONNECT_WILL_QOS_MASK) >> CONNECT_WILL_QOS_SHIFT,
      retain: (flags & CONNECT_WILL_RETAIN) !== 0,
      ...properties,
    }
  }

  /** The properties of a record's packet. */
  readProperties(record: number): Properties {
    const length = this.module.word(record + RECORD_PROPERTIES_LENGTH)
    if (length === 0) return NONE
    return readProperties(this.module, this.module.word(record + RECORD_PROPERTIES_START), length)
  }

  /** The filters of a SUBSCRIBE or UNSUBSCRIBE record. */
  readItems(record: number): Item[] {
    const module = this.module
    const hasOptions = module.word(record + RECORD_HEAD) >> 4 === SUBSCRIBE
    const items: Item[] = []
    let at = module.word(record + RECORD_PAYLOAD_START)
    for (let left = module.word(record + RECORD_COUNT); left > 0; left--) {
      const length = module.bytes.readUInt16BE(at)
      const start = at + 2
      at = start + length
      items.push({ start, length, options: hasOptions ? (module.u8[at++] as number) : 0 })
    }
    return items
  }

  /** CONNACK; `reason` is a return code in 3.x. MQTT 5.0 section 3.2. */
  connack(
    version: number,
    sessionPresent: boolean,
    reason: number,
    properties: Properties = NONE,
  ): Encoded {
    this.setRecord(CONNACK, 0, reason, version, properties)
    this.module.setWord(RECORD_OWN + RECORD_BITS, sessionPresent ? 1 : 0)
    return this.encode(version)
  }

  /** DISCONNECT from the server, MQTT 5 only. MQTT 5.0 section 3.14. */
  disconnect(reason: number, properties: Properties = NONE): Encoded {
    this.setRecord(DISCONNECT, 0, reason, VERSION_5_0, properties)
    return this.encode(VERSION_5_0)
  }

  /** AUTH, MQTT 5 only. MQTT 5.0 section 3.15. */
  auth(reason: number, properties: Properties): Encoded {
    this.setRecord(AUTH, 0, reason, VERSION_5_0, properties)
    return this.encode(VERSION_5_0)
  }

  /** SUBACK or UNSUBACK with a reason code for each filter, in order. [MQTT-3.9.3-1] */
  itemsAck(
    type: typeof SUBACK | typeof UNSUBACK,
    version: number,
    packetId: number,
    reasons: Uint8Array,
    properties: Properties = NONE,
  ): Encoded {
    this.setRecord(type, packetId, 0, version, properties)
    const module = this.module
    const withReasons = type === SUBACK || version === VERSION_5_0
    if (withReasons) module.u8.set(reasons, STRINGS_START)
    module.setWord(RECORD_OWN + RECORD_PAYLOAD_START, STRINGS_START)
    module.setWord(RECORD_OWN + RECORD_PAYLOAD_LENGTH, withReasons ? reasons.length : 0)
    module.setWord(RECORD_OWN + RECORD_COUNT, reasons.length)
    return this.encode(version)
  }

  /** PUBACK, PUBREC, PUBREL or PUBCOMP with properties; without any, the outbox does it. */
  ack(type: number, packetId: number, reason: number, properties: Properties): Encoded {
    this.setRecord(type, packetId, reason, VERSION_5_0, properties)
    return this.encode(VERSION_5_0)
  }

  private setRecord(
    type: number,
    packetId: number,
    reason: number,
    version: number,
    properties: Properties,
  ): void {
    const module = this.module
    module.i32.fill(0, RECORD_OWN >> 2, (RECORD_OWN + RECORD_SIZE) >> 2)
    module.setWord(RECORD_OWN + RECORD_HEAD, type << 4)
    module.setWord(RECORD_OWN + RECORD_PACKET_ID, packetId)
    module.setWord(RECORD_OWN + RECORD_REASON, reason)
    if (version !== VERSION_5_0 || properties === NONE) return
    const length = writeProperties(module, properties, PARTS_START, PACKET_ROOM, STRINGS_START)
    if (length < 0) throw new RangeError(`properties do not fit: error ${length}`)
    module.setWord(RECORD_OWN + RECORD_PROPERTIES_START, PARTS_START)
    module.setWord(RECORD_OWN + RECORD_PROPERTIES_LENGTH, length)
  }

  private encode(version: number): Encoded {
    const length = this.module.call.encode(RECORD_OWN, version, SCRATCH_START, PACKET_ROOM)
    if (length < 0) throw new RangeError(`packet does not fit: error ${length}`)
    return { start: SCRATCH_START, length }
  }
}
