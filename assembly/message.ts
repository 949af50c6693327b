// Messages: topic, payload, QoS and properties of one publish, either staged (pointing into the
// packet in hand) or held (a block of its own, with everything it points to). Called for each
// PUBLISH by the host, and by deliver; knows nothing of sessions or connections. Drawing: MESSAGE
// in layout.ts.

import { Arena } from './arena'
import { Bytes } from './bytes'
import {
  FLAG_QOS_SHIFT,
  FLAG_RETAIN,
  PROPERTY_MESSAGE_EXPIRY_INTERVAL,
  PROPERTY_PAYLOAD_FORMAT_INDICATOR,
  PROPERTY_SUBSCRIPTION_IDENTIFIER,
  PROPERTY_TOPIC_ALIAS,
  PROPERTY_USER_PROPERTY,
  VERSION_5_0,
} from './codes'
import {
  MESSAGE_CURRENT,
  MESSAGE_EXPIRY,
  MESSAGE_PAYLOAD_LENGTH,
  MESSAGE_PAYLOAD_START,
  MESSAGE_PROPERTIES_LENGTH,
  MESSAGE_PROPERTIES_START,
  MESSAGE_QOS,
  MESSAGE_READY_LAYOUT,
  MESSAGE_READY_LENGTH,
  MESSAGE_READY_START,
  MESSAGE_REFERENCES,
  MESSAGE_SINCE,
  MESSAGE_SIZE,
  MESSAGE_TOPIC_LENGTH,
  MESSAGE_TOPIC_START,
  RECORD_ALIAS,
  RECORD_EXPIRY,
  RECORD_HEAD,
  RECORD_LENGTH,
  RECORD_PAYLOAD_LENGTH,
  RECORD_PAYLOAD_START,
  RECORD_PROPERTIES_LENGTH,
  RECORD_PROPERTIES_START,
  RECORD_START,
  RECORD_TOPIC_LENGTH,
  RECORD_TOPIC_START,
  REGISTER_CLOCK,
  REGISTER_HELD,
  REGISTER_HELD_BYTES,
  ROW_IDENTIFIER,
  ROW_NEXT,
} from './layout'
import { Traffic } from './traffic'

const EXPIRY_BYTES: i32 = 5 // identifier and four bytes
const ALIAS_BYTES: i32 = 3 // identifier and two bytes

export class Message {
  /**
   * Makes the current message of a PUBLISH record. Topic alias and message expiry are cut out of
   * the properties in place: neither is forwarded as it came. [MQTT-3.3.2-7] [MQTT-3.3.2-6]
   */
  static stage(record: usize, version: i32): usize {
    const message: usize = MESSAGE_CURRENT
    const head = load<i32>(record, RECORD_HEAD)
    const qos = (head >> FLAG_QOS_SHIFT) & 3
    let ready = true
    let since: i32 = 0
    if (version === VERSION_5_0) {
      const expiry = load<i32>(record, RECORD_EXPIRY) as usize
      const alias = load<i32>(record, RECORD_ALIAS)
      if (expiry !== 0) {
        since = load<i32>(REGISTER_CLOCK)
        store<i32>(message, Bytes.u32(expiry), MESSAGE_EXPIRY)
        ready = false
      }
      if (alias !== 0) {
        Message.cut(record, Message.find(record, PROPERTY_TOPIC_ALIAS), ALIAS_BYTES)
        ready = false
      }
      // Found again: cutting the alias may have moved it.
      if (expiry !== 0)
        Message.cut(record, Message.find(record, PROPERTY_MESSAGE_EXPIRY_INTERVAL), EXPIRY_BYTES)
    }
    store<i32>(message, 0, MESSAGE_REFERENCES)
    store<i32>(message, qos | ((head & FLAG_RETAIN) << 8), MESSAGE_QOS)
    store<i32>(message, load<i32>(record, RECORD_TOPIC_START), MESSAGE_TOPIC_START)
    store<i32>(message, load<i32>(record, RECORD_TOPIC_LENGTH), MESSAGE_TOPIC_LENGTH)
    store<i32>(message, load<i32>(record, RECORD_PROPERTIES_START), MESSAGE_PROPERTIES_START)
    store<i32>(message, load<i32>(record, RECORD_PROPERTIES_LENGTH), MESSAGE_PROPERTIES_LENGTH)
    store<i32>(message, load<i32>(record, RECORD_PAYLOAD_START), MESSAGE_PAYLOAD_START)
    const payloadLength = load<i32>(record, RECORD_PAYLOAD_LENGTH)
    store<i32>(message, payloadLength, MESSAGE_PAYLOAD_LENGTH)
    Traffic.received(qos, payloadLength)
    store<i32>(message, since, MESSAGE_SINCE)
    store<i32>(message, load<i32>(record, RECORD_START), MESSAGE_READY_START)
    store<i32>(message, load<i32>(record, RECORD_LENGTH), MESSAGE_READY_LENGTH)
    store<i32>(message, ready ? Message.layout(version, qos) : -1, MESSAGE_READY_LAYOUT)
    return message
  }

  /** Version and presence of a packet identifier decide the bytes of a PUBLISH. */
  @inline
  static layout(version: i32, qos: i32): i32 {
    return (version === VERSION_5_0 ? 2 : 0) | (qos > 0 ? 1 : 0)
  }

  /**
   * A held copy of `message` with one reference, carrying the subscription identifiers of `row` and
   * its successors (0 = none). 0 when the memory cannot grow.
   */
  static hold(message: usize, row: usize): usize {
    const topicLength = load<i32>(message, MESSAGE_TOPIC_LENGTH)
    const propertiesLength = load<i32>(message, MESSAGE_PROPERTIES_LENGTH)
    const payloadLength = load<i32>(message, MESSAGE_PAYLOAD_LENGTH)
    const identifiersLength = Message.identifiersSize(row)
    const held = Arena.allocate(
      MESSAGE_SIZE + topicLength + propertiesLength + identifiersLength + payloadLength,
    )
    if (held === 0) return 0
    store<i32>(held, 1, MESSAGE_REFERENCES)
    store<i32>(held, load<i32>(message, MESSAGE_QOS), MESSAGE_QOS)
    let at = held + MESSAGE_SIZE
    store<i32>(held, at as i32, MESSAGE_TOPIC_START)
    store<i32>(held, topicLength, MESSAGE_TOPIC_LENGTH)
    Bytes.copy(at, load<i32>(message, MESSAGE_TOPIC_START) as usize, topicLength)
    at += topicLength
    store<i32>(held, at as i32, MESSAGE_PROPERTIES_START)
    store<i32>(held, propertiesLength + identifiersLength, MESSAGE_PROPERTIES_LENGTH)
    Bytes.copy(at, load<i32>(message, MESSAGE_PROPERTIES_START) as usize, propertiesLength)
    at = Message.putIdentifiers(at + propertiesLength, row)
    store<i32>(held, at as i32, MESSAGE_PAYLOAD_START)
    store<i32>(held, payloadLength, MESSAGE_PAYLOAD_LENGTH)
    Bytes.copy(at, load<i32>(message, MESSAGE_PAYLOAD_START) as usize, payloadLength)
    store<i32>(held, load<i32>(message, MESSAGE_EXPIRY), MESSAGE_EXPIRY)
    store<i32>(held, load<i32>(message, MESSAGE_SINCE), MESSAGE_SINCE)
    store<i32>(held, 0, MESSAGE_READY_START)
    store<i32>(held, 0, MESSAGE_READY_LENGTH)
    store<i32>(held, -1, MESSAGE_READY_LAYOUT)
    Message.count(1, payloadLength)
    return held
  }

  /** Lets go of one reference; the last one frees the block. */
  static drop(held: usize): void {
    const references = load<i32>(held, MESSAGE_REFERENCES) - 1
    store<i32>(held, references, MESSAGE_REFERENCES)
    if (references === 0) {
      Message.count(-1, -load<i32>(held, MESSAGE_PAYLOAD_LENGTH))
      Arena.free(held)
    }
  }

  /** So many more messages are held, with so many bytes of payload. */
  @inline
  static count(messages: i32, bytes: i32): void {
    store<i32>(REGISTER_HELD, load<i32>(REGISTER_HELD) + messages)
    store<i32>(REGISTER_HELD_BYTES, load<i32>(REGISTER_HELD_BYTES) + bytes)
  }

  /** Bytes that the identifiers of a row and its successors take as properties. */
  static identifiersSize(row: usize): i32 {
    let size = 0
    while (row !== 0) {
      const identifier = load<i32>(row, ROW_IDENTIFIER)
      if (identifier !== 0) size += 1 + Bytes.varintSize(identifier)
      row = load<i32>(row, ROW_NEXT) as usize
    }
    return size
  }

  /** Writes those properties and returns the address behind them. [MQTT-3.3.4-3] [MQTT-3.3.4-4] */
  static putIdentifiers(at: usize, row: usize): usize {
    while (row !== 0) {
      const identifier = load<i32>(row, ROW_IDENTIFIER)
      if (identifier !== 0) {
        store<u8>(at, PROPERTY_SUBSCRIPTION_IDENTIFIER)
        at = Bytes.setVarint(at + 1, identifier)
      }
      row = load<i32>(row, ROW_NEXT) as usize
    }
    return at
  }

  /** Address of the property `id` in the record's properties; decode has seen that it is there. */
  private static find(record: usize, id: i32): usize {
    let at = load<i32>(record, RECORD_PROPERTIES_START) as usize
    while ((load<u8>(at) as i32) !== id) at = Message.skip(at)
    return at
  }

  /** Address behind the PUBLISH property at `at`. */
  private static skip(at: usize): usize {
    switch (load<u8>(at) as i32) {
      case PROPERTY_PAYLOAD_FORMAT_INDICATOR:
        return at + 2
      case PROPERTY_MESSAGE_EXPIRY_INTERVAL:
        return at + EXPIRY_BYTES
      case PROPERTY_TOPIC_ALIAS:
        return at + ALIAS_BYTES
      case PROPERTY_SUBSCRIPTION_IDENTIFIER:
        do at++
        while (load<u8>(at) >= 0x80)
        return at + 1
      case PROPERTY_USER_PROPERTY:
        at += 2 + Bytes.u16(at + 1)
        return at + 3 + Bytes.u16(at + 1)
      default:
        return at + 3 + Bytes.u16(at + 1)
    }
  }

  private static cut(record: usize, at: usize, length: i32): void {
    const end =
      load<i32>(record, RECORD_PROPERTIES_START) + load<i32>(record, RECORD_PROPERTIES_LENGTH)
    memory.copy(at, at + length, end - (at as i32) - length)
    store<i32>(
      record,
      load<i32>(record, RECORD_PROPERTIES_LENGTH) - length,
      RECORD_PROPERTIES_LENGTH,
    )
  }
}
