// Records to bytes: the reverse of decode.ts, for every packet in every version. Called by the host
// for what the broker itself says, and by clients built on the module. Trusts the record: what a
// string may contain is decode's business, only lengths and addresses are looked at.
//
// Behind the fixed header the parts of a packet always come in one order: topic, flags, packet
// identifier, reason code, properties, payload. MQTT 5 leaves out what goes without saying.

import { Bytes } from './bytes'
import {
  AUTH,
  CONNACK,
  CONNECT,
  DISCONNECT,
  ERROR_ARGUMENT,
  ERROR_NO_ROOM,
  PINGREQ,
  PINGRESP,
  PUBACK,
  PUBCOMP,
  PUBLISH,
  PUBREC,
  PUBREL,
  SUBACK,
  SUBSCRIBE,
  UNSUBACK,
  UNSUBSCRIBE,
  VERSION_5_0,
} from './codes'
import { Connect } from './connect'
import {
  RECORD_BITS,
  RECORD_HEAD,
  RECORD_PACKET_ID,
  RECORD_PAYLOAD_START,
  RECORD_PROPERTIES_LENGTH,
  RECORD_PROPERTIES_START,
  RECORD_REASON,
  RECORD_SIZE,
  REMAINING_LENGTH_MAX,
} from './layout'
import { Publish } from './publish'
import { Writer } from './writer'

export class Encoder {
  /** @returns bytes written at `target`, ERROR_NO_ROOM or ERROR_ARGUMENT */
  static run(record: usize, version: i32, target: usize, capacity: i32): i32 {
    if (!Bytes.inMemory(record, RECORD_SIZE)) return ERROR_ARGUMENT
    if (!Bytes.inMemory(target, capacity)) return ERROR_ARGUMENT
    if (load<i32>(record, RECORD_HEAD) >> 4 === PUBLISH) {
      return Publish.write(record, version, target, capacity)
    }
    Writer.count()
    Encoder.write(record, version)
    const remaining = Writer.counted()
    if (Writer.wrong || remaining > REMAINING_LENGTH_MAX) return ERROR_ARGUMENT
    const size = 1 + Bytes.varintSize(remaining) + remaining
    if (size > capacity) return ERROR_NO_ROOM
    Writer.open(target)
    Writer.byte(load<i32>(record, RECORD_HEAD))
    Writer.varint(remaining)
    Encoder.write(record, version)
    return size
  }

  private static write(record: usize, version: i32): void {
    const type = load<i32>(record, RECORD_HEAD) >> 4
    switch (type) {
      case CONNECT: {
        Connect.write(record)
        break
      }
      case CONNACK: {
        Writer.byte(load<i32>(record, RECORD_BITS))
        Writer.byte(load<i32>(record, RECORD_REASON))
        Encoder.writeProperties(record, version)
        break
      }
      case PUBACK:
      case PUBREC:
      case PUBREL:
      case PUBCOMP: {
        Writer.two(load<i32>(record, RECORD_PACKET_ID))
        Encoder.writeReason(record, version, type)
        break
      }
      case SUBSCRIBE:
      case SUBACK:
      case UNSUBSCRIBE:
      case UNSUBACK: {
        Writer.two(load<i32>(record, RECORD_PACKET_ID))
        Encoder.writeProperties(record, version)
        if (version === VERSION_5_0 || type !== UNSUBACK) {
          Writer.range(record + RECORD_PAYLOAD_START)
        }
        break
      }
      case DISCONNECT:
      case AUTH: {
        Encoder.writeReason(record, version, type)
        break
      }
      case PINGREQ:
      case PINGRESP:
        break
      default:
        Writer.wrong = true
    }
  }

  private static writeProperties(record: usize, version: i32): void {
    if (version === VERSION_5_0) Writer.properties(record + RECORD_PROPERTIES_START)
  }

  /** Reason code and properties of MQTT 5, without those that are success and none. */
  private static writeReason(record: usize, version: i32, type: i32): void {
    if (version !== VERSION_5_0) return
    const reason = load<i32>(record, RECORD_REASON)
    const bare = load<i32>(record, RECORD_PROPERTIES_LENGTH) === 0
    if (bare && reason === 0) return
    Writer.byte(reason)
    // AUTH is empty or whole. MQTT 5.0 section 3.15.2.1
    if (!bare || type === AUTH) Encoder.writeProperties(record, version)
  }
}
