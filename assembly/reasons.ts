// Which reason code may stand in which packet, and who may say it. MQTT 5.0 section 2.4, table 2-6,
// and the tables of the packets. Called by the decoders only.

import {
  AUTH,
  CONNACK,
  DISCONNECT,
  PUBACK,
  PUBCOMP,
  PUBREC,
  PUBREL,
  REASON_CONTINUE_AUTHENTICATION,
  REASON_DISCONNECT_WITH_WILL,
  REASON_GRANTED_QOS_1,
  REASON_GRANTED_QOS_2,
  REASON_NO_MATCHING_SUBSCRIBERS,
  REASON_NO_SUBSCRIPTION_EXISTED,
  REASON_RE_AUTHENTICATE,
  REASON_SUCCESS,
  REASON_UNSPECIFIED_ERROR,
  RETURN_NOT_AUTHORIZED,
  SENDER_CLIENT,
  SENDER_SERVER,
  SUBACK,
  SUBACK_FAILURE,
  UNSUBACK,
  VERSION_5_0,
} from './codes'

// One bit a packet type. `BY_SERVER` is the DISCONNECT that a client never sends.
const ACCEPT: u32 = 1 << CONNACK
const RECEIPT: u32 = (1 << PUBACK) | (1 << PUBREC)
const RELEASE: u32 = (1 << PUBREL) | (1 << PUBCOMP)
const GRANT: u32 = 1 << SUBACK
const WITHDRAW: u32 = 1 << UNSUBACK
const CLOSE: u32 = 1 << DISCONNECT
const BY_SERVER: u32 = 1 << 16
const AUTHENTICATE: u32 = 1 << AUTH
const ALL: u32 = ACCEPT | RECEIPT | RELEASE | GRANT | WITHDRAW | CLOSE | AUTHENTICATE

const FAILURE_MAX: i32 = 0xa2
const FAILURES: usize = memory.data<u32>([
  ACCEPT | RECEIPT | GRANT | WITHDRAW | CLOSE, // 0x80 unspecified error
  ACCEPT | CLOSE, // 0x81 malformed packet
  ACCEPT | CLOSE, // 0x82 protocol error
  ACCEPT | RECEIPT | GRANT | WITHDRAW | CLOSE, // 0x83 implementation specific error
  ACCEPT, // 0x84 unsupported protocol version
  ACCEPT, // 0x85 client identifier not valid
  ACCEPT, // 0x86 bad user name or password
  ACCEPT | RECEIPT | GRANT | WITHDRAW | BY_SERVER, // 0x87 not authorized
  ACCEPT, // 0x88 server unavailable
  ACCEPT | BY_SERVER, // 0x89 server busy
  ACCEPT, // 0x8a banned
  BY_SERVER, // 0x8b server shutting down
  ACCEPT | BY_SERVER, // 0x8c bad authentication method
  BY_SERVER, // 0x8d keep alive timeout
  BY_SERVER, // 0x8e session taken over
  GRANT | WITHDRAW | BY_SERVER, // 0x8f topic filter invalid
  ACCEPT | RECEIPT | CLOSE, // 0x90 topic name invalid
  RECEIPT | GRANT | WITHDRAW, // 0x91 packet identifier in use
  RELEASE, // 0x92 packet identifier not found
  CLOSE, // 0x93 receive maximum exceeded
  CLOSE, // 0x94 topic alias invalid
  ACCEPT | CLOSE, // 0x95 packet too large
  CLOSE, // 0x96 message rate too high
  ACCEPT | RECEIPT | GRANT | CLOSE, // 0x97 quota exceeded
  CLOSE, // 0x98 administrative action
  ACCEPT | RECEIPT | CLOSE, // 0x99 payload format invalid
  ACCEPT | BY_SERVER, // 0x9a retain not supported
  ACCEPT | BY_SERVER, // 0x9b QoS not supported
  ACCEPT | BY_SERVER, // 0x9c use another server
  ACCEPT | BY_SERVER, // 0x9d server moved
  GRANT | BY_SERVER, // 0x9e shared subscriptions not supported
  ACCEPT | BY_SERVER, // 0x9f connection rate exceeded
  BY_SERVER, // 0xa0 maximum connect time
  GRANT | BY_SERVER, // 0xa1 subscription identifiers not supported
  GRANT | BY_SERVER, // 0xa2 wildcard subscriptions not supported
])

export class Reasons {
  /**
   * Whether `reason` may stand in a packet of this type and version from this sender.
   * [MQTT-3.2.2-8] [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1] [MQTT-3.9.3-2]
   * [MQTT-3.11.3-2] [MQTT-3.14.2-1] [MQTT-3.15.2-1]
   */
  static allows(type: i32, reason: i32, version: i32, sender: i32): bool {
    if (version !== VERSION_5_0) return Reasons.allowsBefore5(type, reason)
    const packets = Reasons.packetsOf(reason, sender)
    if (((packets >> type) & 1) !== 0) return true
    return type === DISCONNECT && sender !== SENDER_CLIENT && (packets & BY_SERVER) !== 0
  }

  /** [MQTT-3.9.3-2] of 3.1.1; 3.1 has no SUBACK failure, but nothing else it could mean. */
  private static allowsBefore5(type: i32, reason: i32): bool {
    if (type === CONNACK) return reason <= RETURN_NOT_AUTHORIZED
    return reason <= REASON_GRANTED_QOS_2 || reason === SUBACK_FAILURE
  }

  private static packetsOf(reason: i32, sender: i32): u32 {
    if (reason >= REASON_UNSPECIFIED_ERROR) {
      return reason <= FAILURE_MAX ? load<u32>(FAILURES + ((reason & 0x7f) << 2)) : 0
    }
    switch (reason) {
      case REASON_SUCCESS:
        return sender === SENDER_CLIENT ? ALL & ~AUTHENTICATE : ALL
      case REASON_GRANTED_QOS_1:
      case REASON_GRANTED_QOS_2:
        return GRANT
      case REASON_DISCONNECT_WITH_WILL:
        return sender === SENDER_SERVER ? 0 : CLOSE
      case REASON_NO_MATCHING_SUBSCRIBERS:
        return RECEIPT
      case REASON_NO_SUBSCRIPTION_EXISTED:
        return WITHDRAW
      case REASON_CONTINUE_AUTHENTICATION:
        return AUTHENTICATE
      case REASON_RE_AUTHENTICATE:
        return sender === SENDER_SERVER ? 0 : AUTHENTICATE
      default:
        return 0
    }
  }
}
