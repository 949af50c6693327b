// Fields of a decoded record, see RECORD in layout.ts. Small static readers, which V8 folds into
// the handlers; a record is dead after the next decode.

import {
  CONNECT_LEVEL,
  CONNECT_START,
  ITEMS_MAX,
  RECORD_ALIAS,
  RECORD_BITS,
  RECORD_COUNT,
  RECORD_ERROR,
  RECORD_HEAD,
  RECORD_LENGTH,
  RECORD_PACKET_ID,
  RECORD_PAYLOAD_LENGTH,
  RECORD_PAYLOAD_START,
  RECORD_PROPERTIES_LENGTH,
  RECORD_REASON,
  RECORD_SIZE,
  RECORD_START,
  RECORD_TOPIC_LENGTH,
  RECORD_TOPIC_START,
  RECORDS_START,
} from '../../assembly/layout.ts'
import type { Module } from './instance.ts'

const DOLLAR = 0x24
// The trees that only the broker publishes to.
const RESERVED = /^\$(SYS|events)(\/|$)/

/** Whether a client may not publish to `topic`. */
export function isReserved(topic: string): boolean {
  return RESERVED.test(topic)
}

export class Records {
  static readonly first: number = RECORDS_START
  static readonly size: number = RECORD_SIZE
  /** Filters of one SUBSCRIBE or UNSUBSCRIBE that are answered. */
  static readonly itemsMax: number = ITEMS_MAX

  static type(module: Module, record: number): number {
    return (module.i32[(record + RECORD_HEAD) >> 2] as number) >> 4
  }

  /** DUP, QoS and RETAIN. */
  static flags(module: Module, record: number): number {
    return (module.i32[(record + RECORD_HEAD) >> 2] as number) & 0xf
  }

  static topicStart(module: Module, record: number): number {
    return module.i32[(record + RECORD_TOPIC_START) >> 2] as number
  }

  static topicLength(module: Module, record: number): number {
    return module.i32[(record + RECORD_TOPIC_LENGTH) >> 2] as number
  }

  static payloadLength(module: Module, record: number): number {
    return module.i32[(record + RECORD_PAYLOAD_LENGTH) >> 2] as number
  }

  static topic(module: Module, record: number): string {
    return module.text(Records.topicStart(module, record), Records.topicLength(module, record))
  }

  /** A copy of the payload; of SUBACK and UNSUBACK the reason codes. */
  static payload(module: Module, record: number): Buffer {
    const start = module.word(record + RECORD_PAYLOAD_START)
    return Buffer.from(module.copy(start, Records.payloadLength(module, record)))
  }

  /** CONNACK: 1 = session present. */
  static bits(module: Module, record: number): number {
    return module.word(record + RECORD_BITS)
  }

  /** 0, or the ERROR_ code that ended the batch. */
  static error(module: Module, record: number): number {
    return module.i32[(record + RECORD_ERROR) >> 2] as number
  }

  /** A copy of the packet's bytes. */
  static packet(module: Module, record: number): Buffer {
    return module.copy(Records.start(module, record), module.word(record + RECORD_LENGTH))
  }

  /** Puts them back. */
  static restore(module: Module, record: number, packet: Buffer): void {
    module.u8.set(packet, Records.start(module, record))
  }

  /** Address of the packet. */
  static start(module: Module, record: number): number {
    return module.word(record + RECORD_START)
  }

  /** Address behind the packet. */
  static end(module: Module, record: number): number {
    return module.word(record + RECORD_START) + module.word(record + RECORD_LENGTH)
  }

  static packetId(module: Module, record: number): number {
    return module.i32[(record + RECORD_PACKET_ID) >> 2] as number
  }

  /** Filters of a SUBSCRIBE or UNSUBSCRIBE. */
  static items(module: Module, record: number): number {
    return module.i32[(record + RECORD_COUNT) >> 2] as number
  }

  static reason(module: Module, record: number): number {
    return module.i32[(record + RECORD_REASON) >> 2] as number
  }

  static alias(module: Module, record: number): number {
    return module.i32[(record + RECORD_ALIAS) >> 2] as number
  }

  static hasProperties(module: Module, record: number): boolean {
    return module.i32[(record + RECORD_PROPERTIES_LENGTH) >> 2] !== 0
  }

  /** Protocol level of the CONNECT just decoded, also of a malformed one that came so far. */
  static connectLevel(module: Module): number {
    return module.word(CONNECT_START + CONNECT_LEVEL)
  }

  /** Whether a client may not publish to the topic: it is the broker's own. */
  static topicIsReserved(module: Module, record: number): boolean {
    const start = module.i32[(record + RECORD_TOPIC_START) >> 2] as number
    if (module.u8[start] !== DOLLAR) return false
    return isReserved(module.text(start, module.word(record + RECORD_TOPIC_LENGTH)))
  }

  /** Whether the payload is UTF-8, if its indicator says so. */
  static payloadIsWellFormed(module: Module, record: number): boolean {
    if (module.word(record + RECORD_BITS) !== 1) return true
    const start = module.word(record + RECORD_PAYLOAD_START)
    return module.call.check_text(start, module.word(record + RECORD_PAYLOAD_LENGTH)) === 1
  }
}
