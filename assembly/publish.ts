// PUBLISH to record and back, without the reader and the writer: it is most of the traffic. `read`
// is called by decode.ts with the first byte checked and the packet whole, the record has its first
// four words; `write` by encode.ts with record and target in memory. MQTT 5.0 section 3.3.

import { Bytes } from './bytes'
import {
  ERROR_ARGUMENT,
  ERROR_MALFORMED_BOUNDS,
  ERROR_MALFORMED_PACKET_ID,
  ERROR_NO_ROOM,
  ERROR_TOPIC_NAME,
  FLAG_QOS_MASK,
  PUBLISH,
  REASON_TOPIC_NAME_INVALID,
  VERSION_5_0,
} from './codes'
import {
  RECORD_ALIAS,
  RECORD_BITS,
  RECORD_COUNT,
  RECORD_EXPIRY,
  RECORD_HEAD,
  RECORD_PACKET_ID,
  RECORD_PAYLOAD_LENGTH,
  RECORD_PAYLOAD_START,
  RECORD_PROPERTIES_LENGTH,
  RECORD_PROPERTIES_START,
  RECORD_REASON,
  RECORD_TOPIC_LENGTH,
  RECORD_TOPIC_START,
  REMAINING_LENGTH_MAX,
  STRING_LENGTH_MAX,
} from './layout'
import { Properties } from './properties'
import { Reader } from './reader'
import { Topic } from './topic'

export class Publish {
  static read(record: usize, head: i32, body: usize, end: usize): void {
    const topic = body + 2
    const length = topic <= end ? Bytes.u16(body) : STRING_LENGTH_MAX
    let at = topic + length
    const idSize: usize = (head & FLAG_QOS_MASK) !== 0 ? 2 : 0
    if (at + idSize > end) {
      Reader.malformed(ERROR_MALFORMED_BOUNDS, at <= end ? at : body)
      return
    }
    if (length !== 0) Publish.checkTopic(topic, length)
    let packetId = 0
    if (idSize !== 0) {
      packetId = Bytes.u16(at)
      // [MQTT-2.2.1-3]
      if (packetId === 0) Reader.protocol(ERROR_MALFORMED_PACKET_ID, at)
      at += 2
    }
    store<i32>(record, packetId, RECORD_PACKET_ID)
    store<i32>(record, 0, RECORD_REASON)
    store<usize>(record, topic, RECORD_TOPIC_START)
    store<i32>(record, length, RECORD_TOPIC_LENGTH)
    if (Reader.version !== VERSION_5_0) {
      Publish.storeNone(record, 0)
    } else if (at < end && load<u8>(at) === 0) {
      at++
      Publish.storeNone(record, at)
    } else {
      at = Publish.readProperties(record, at, end)
    }
    store<usize>(record, at, RECORD_PAYLOAD_START)
    store<i32>(record, (end - at) as i32, RECORD_PAYLOAD_LENGTH)
    store<i32>(record, 0, RECORD_COUNT)
    // [MQTT-4.7.3-1]; MQTT 5 lets an alias stand for the topic. [MQTT-3.3.2-1]
    if (length === 0 && load<i32>(record, RECORD_ALIAS) === 0) {
      Reader.protocol(ERROR_TOPIC_NAME, body)
    }
  }

  /** [MQTT-3.3.2-1] [MQTT-3.3.2-2] */
  @inline
  private static checkTopic(start: usize, length: i32): void {
    const error = Topic.check(start, length)
    if (error !== 0) Reader.failTopic(error, REASON_TOPIC_NAME_INVALID, start - 2)
  }

  @inline
  private static storeNone(record: usize, start: usize): void {
    store<usize>(record, start, RECORD_PROPERTIES_START)
    store<i32>(record, 0, RECORD_PROPERTIES_LENGTH)
    store<i32>(record, 0, RECORD_ALIAS)
    store<i32>(record, 0, RECORD_EXPIRY)
    store<i32>(record, 0, RECORD_BITS)
  }

  private static readProperties(record: usize, at: usize, end: usize): usize {
    Reader.open(at, end)
    Properties.read(PUBLISH)
    Properties.keep(record + RECORD_PROPERTIES_START)
    store<i32>(record, Properties.alias, RECORD_ALIAS)
    store<usize>(record, Properties.expiryAt, RECORD_EXPIRY)
    store<i32>(record, Properties.format, RECORD_BITS)
    return Reader.at
  }

  /** @returns bytes written at `target`, ERROR_NO_ROOM or ERROR_ARGUMENT */
  static write(record: usize, version: i32, target: usize, capacity: i32): i32 {
    const head = load<i32>(record, RECORD_HEAD)
    const topicLength = load<i32>(record, RECORD_TOPIC_LENGTH)
    const payloadLength = load<i32>(record, RECORD_PAYLOAD_LENGTH)
    const isVersion5 = version === VERSION_5_0
    const propertiesLength = isVersion5 ? load<i32>(record, RECORD_PROPERTIES_LENGTH) : 0
    const topic = load<u32>(record, RECORD_TOPIC_START) as usize
    const payload = load<u32>(record, RECORD_PAYLOAD_START) as usize
    const properties = load<u32>(record, RECORD_PROPERTIES_START) as usize
    if (topicLength > STRING_LENGTH_MAX || !Bytes.inMemory(topic, topicLength))
      return ERROR_ARGUMENT
    if (!Publish.fits(payload, payloadLength)) return ERROR_ARGUMENT
    if (isVersion5 && !Publish.fits(properties, propertiesLength)) return ERROR_ARGUMENT
    const hasId = (head & FLAG_QOS_MASK) !== 0
    let remaining = 2 + topicLength + (hasId ? 2 : 0) + payloadLength
    if (isVersion5) remaining += Bytes.varintSize(propertiesLength) + propertiesLength
    if (remaining > REMAINING_LENGTH_MAX) return ERROR_ARGUMENT
    const size = 1 + Bytes.varintSize(remaining) + remaining
    if (size > capacity) return ERROR_NO_ROOM
    store<u8>(target, head)
    let at = Bytes.setVarint(target + 1, remaining)
    Bytes.setU16(at, topicLength)
    Bytes.copy(at + 2, topic, topicLength)
    at += 2 + topicLength
    if (hasId) {
      Bytes.setU16(at, load<i32>(record, RECORD_PACKET_ID))
      at += 2
    }
    if (isVersion5) {
      at = Bytes.setVarint(at, propertiesLength)
      Bytes.copy(at, properties, propertiesLength)
      at += propertiesLength
    }
    Bytes.copy(at, payload, payloadLength)
    return size
  }

  @inline
  private static fits(start: usize, length: i32): bool {
    return length <= REMAINING_LENGTH_MAX && Bytes.inMemory(start, length)
  }
}
