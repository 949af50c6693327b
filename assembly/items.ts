// SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK: a packet identifier, properties, and a list of
// items, which stay where they are as the record's payload. Called by decode.ts with the reader
// behind the fixed header. MQTT 5.0 sections 3.8 to 3.11.

import {
  ERROR_NO_ITEMS,
  ERROR_REASON_CODE,
  ERROR_SHARED_NO_LOCAL,
  ERROR_SUBSCRIPTION_OPTIONS,
  OPTION_NO_LOCAL,
  OPTION_QOS_MASK,
  OPTION_RESERVED_MASK,
  OPTION_RETAIN_HANDLING_MASK,
  REASON_TOPIC_FILTER_INVALID,
  SUBSCRIBE,
  UNSUBACK,
  UNSUBSCRIBE,
  VERSION_5_0,
} from './codes'
import {
  RECORD_COUNT,
  RECORD_PACKET_ID,
  RECORD_PAYLOAD_START,
  RECORD_PROPERTIES_START,
} from './layout'
import { Properties } from './properties'
import { Reader } from './reader'
import { Reasons } from './reasons'
import { Topic } from './topic'

export class Items {
  static read(record: usize, type: i32): void {
    store<i32>(record, Reader.packetId(), RECORD_PACKET_ID)
    if (Reader.version === VERSION_5_0) {
      Properties.read(type)
      Properties.keep(record + RECORD_PROPERTIES_START)
    }
    // UNSUBACK has no items before MQTT 5.
    if (Reader.version === VERSION_5_0 || type !== UNSUBACK) Items.readList(record, type)
    Reader.close()
  }

  private static readList(record: usize, type: i32): void {
    const start = Reader.at
    const length = Reader.rest()
    // [MQTT-3.8.3-2] [MQTT-3.10.3-2]
    if (length === 0) Reader.protocol(ERROR_NO_ITEMS, start)
    store<i32>(record, Items.readAll(type), RECORD_COUNT)
    if (Reader.error === 0) Reader.keep(record + RECORD_PAYLOAD_START, length)
  }

  private static readAll(type: i32): i32 {
    let count = 0
    while (Reader.rest() > 0) {
      if (type === SUBSCRIBE) Items.readSubscription()
      else if (type === UNSUBSCRIBE) Reader.filter(REASON_TOPIC_FILTER_INVALID)
      else Items.readReason(type)
      count++
    }
    return count
  }

  private static readSubscription(): void {
    // [MQTT-3.8.3-1]
    const length = Reader.filter(REASON_TOPIC_FILTER_INVALID)
    const filter = Reader.at - length
    const start = Reader.at
    const options = Reader.byte()
    // [MQTT-3.8.3-5]; in 3.1.1 all but the QoS is, [MQTT-3.8.3-4]
    const reserved = Reader.version === VERSION_5_0 ? OPTION_RESERVED_MASK : ~OPTION_QOS_MASK
    if ((options & reserved) !== 0) Reader.malformed(ERROR_SUBSCRIPTION_OPTIONS, start)
    const impossible =
      (options & OPTION_QOS_MASK) === OPTION_QOS_MASK ||
      (options & OPTION_RETAIN_HANDLING_MASK) === OPTION_RETAIN_HANDLING_MASK
    if (impossible) Reader.protocol(ERROR_SUBSCRIPTION_OPTIONS, start)
    // [MQTT-3.8.3-4]
    if ((options & OPTION_NO_LOCAL) !== 0 && Topic.isShared(filter, length)) {
      Reader.protocol(ERROR_SHARED_NO_LOCAL, start)
    }
  }

  /** [MQTT-3.9.3-2] [MQTT-3.11.3-2] */
  private static readReason(type: i32): void {
    const start = Reader.at
    const reason = Reader.byte()
    if (Reasons.allows(type, reason, Reader.version, Reader.sender)) return
    Reader.protocol(ERROR_REASON_CODE, start)
  }
}
