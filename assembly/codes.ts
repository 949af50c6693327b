// Every protocol integer of MQTT 3.1, 3.1.1 and 5.0, and every error code of the module, once.
// Compiled by asc into the module and by tsc into the host, so that no constant is written twice.
// Nothing here but `export const NAME = integer`: no types, no expressions, no imports.

// Protocol versions as CONNECT carries them (protocol level). [MQTT-3.1.2-2]
export const VERSION_UNKNOWN = 0
export const VERSION_3_1 = 3
export const VERSION_3_1_1 = 4
export const VERSION_5_0 = 5

// Who sent the bytes: decides which packet types and properties are allowed.
export const SENDER_ANY = 0
export const SENDER_CLIENT = 1
export const SENDER_SERVER = 2

// Packet types (first byte, bits 7-4). MQTT 5.0 table 2-1.
export const CONNECT = 1
export const CONNACK = 2
export const PUBLISH = 3
export const PUBACK = 4
export const PUBREC = 5
export const PUBREL = 6
export const PUBCOMP = 7
export const SUBSCRIBE = 8
export const SUBACK = 9
export const UNSUBSCRIBE = 10
export const UNSUBACK = 11
export const PINGREQ = 12
export const PINGRESP = 13
export const DISCONNECT = 14
export const AUTH = 15

// PUBLISH flags (first byte, bits 3-0).
export const FLAG_RETAIN = 0x01
export const FLAG_QOS_SHIFT = 1
export const FLAG_QOS_MASK = 0x06
export const FLAG_DUP = 0x08

// CONNECT flags. MQTT 5.0 section 3.1.2.3.
export const CONNECT_RESERVED = 0x01
export const CONNECT_CLEAN_START = 0x02
export const CONNECT_WILL = 0x04
export const CONNECT_WILL_QOS_SHIFT = 3
export const CONNECT_WILL_QOS_MASK = 0x18
export const CONNECT_WILL_RETAIN = 0x20
export const CONNECT_PASSWORD = 0x40
export const CONNECT_USER_NAME = 0x80

// Subscription options as SUBSCRIBE carries them. MQTT 5.0 section 3.8.3.1.
export const OPTION_QOS_MASK = 0x03
export const OPTION_NO_LOCAL = 0x04
export const OPTION_RETAIN_AS_PUBLISHED = 0x08
export const OPTION_RETAIN_HANDLING_SHIFT = 4
export const OPTION_RETAIN_HANDLING_MASK = 0x30
export const OPTION_RESERVED_MASK = 0xc0
// Set by the trie on rows that come from a `$share` group.
export const OPTION_SHARED = 0x100

// Properties. MQTT 5.0 section 2.2.2.2.
export const PROPERTY_PAYLOAD_FORMAT_INDICATOR = 0x01
export const PROPERTY_MESSAGE_EXPIRY_INTERVAL = 0x02
export const PROPERTY_CONTENT_TYPE = 0x03
export const PROPERTY_RESPONSE_TOPIC = 0x08
export const PROPERTY_CORRELATION_DATA = 0x09
export const PROPERTY_SUBSCRIPTION_IDENTIFIER = 0x0b
export const PROPERTY_SESSION_EXPIRY_INTERVAL = 0x11
export const PROPERTY_ASSIGNED_CLIENT_IDENTIFIER = 0x12
export const PROPERTY_SERVER_KEEP_ALIVE = 0x13
export const PROPERTY_AUTHENTICATION_METHOD = 0x15
export const PROPERTY_AUTHENTICATION_DATA = 0x16
export const PROPERTY_REQUEST_PROBLEM_INFORMATION = 0x17
export const PROPERTY_WILL_DELAY_INTERVAL = 0x18
export const PROPERTY_REQUEST_RESPONSE_INFORMATION = 0x19
export const PROPERTY_RESPONSE_INFORMATION = 0x1a
export const PROPERTY_SERVER_REFERENCE = 0x1c
export const PROPERTY_REASON_STRING = 0x1f
export const PROPERTY_RECEIVE_MAXIMUM = 0x21
export const PROPERTY_TOPIC_ALIAS_MAXIMUM = 0x22
export const PROPERTY_TOPIC_ALIAS = 0x23
export const PROPERTY_MAXIMUM_QOS = 0x24
export const PROPERTY_RETAIN_AVAILABLE = 0x25
export const PROPERTY_USER_PROPERTY = 0x26
export const PROPERTY_MAXIMUM_PACKET_SIZE = 0x27
export const PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE = 0x28
export const PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE = 0x29
export const PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE = 0x2a

// Reason codes. MQTT 5.0 section 2.4.
export const REASON_SUCCESS = 0x00
export const REASON_GRANTED_QOS_1 = 0x01
export const REASON_GRANTED_QOS_2 = 0x02
export const REASON_DISCONNECT_WITH_WILL = 0x04
export const REASON_NO_MATCHING_SUBSCRIBERS = 0x10
export const REASON_NO_SUBSCRIPTION_EXISTED = 0x11
export const REASON_CONTINUE_AUTHENTICATION = 0x18
export const REASON_RE_AUTHENTICATE = 0x19
export const REASON_UNSPECIFIED_ERROR = 0x80
export const REASON_MALFORMED_PACKET = 0x81
export const REASON_PROTOCOL_ERROR = 0x82
export const REASON_IMPLEMENTATION_SPECIFIC_ERROR = 0x83
export const REASON_UNSUPPORTED_PROTOCOL_VERSION = 0x84
export const REASON_CLIENT_IDENTIFIER_NOT_VALID = 0x85
export const REASON_BAD_USER_NAME_OR_PASSWORD = 0x86
export const REASON_NOT_AUTHORIZED = 0x87
export const REASON_SERVER_UNAVAILABLE = 0x88
export const REASON_SERVER_BUSY = 0x89
export const REASON_BANNED = 0x8a
export const REASON_SERVER_SHUTTING_DOWN = 0x8b
export const REASON_BAD_AUTHENTICATION_METHOD = 0x8c
export const REASON_KEEP_ALIVE_TIMEOUT = 0x8d
export const REASON_SESSION_TAKEN_OVER = 0x8e
export const REASON_TOPIC_FILTER_INVALID = 0x8f
export const REASON_TOPIC_NAME_INVALID = 0x90
export const REASON_PACKET_IDENTIFIER_IN_USE = 0x91
export const REASON_PACKET_IDENTIFIER_NOT_FOUND = 0x92
export const REASON_RECEIVE_MAXIMUM_EXCEEDED = 0x93
export const REASON_TOPIC_ALIAS_INVALID = 0x94
export const REASON_PACKET_TOO_LARGE = 0x95
export const REASON_MESSAGE_RATE_TOO_HIGH = 0x96
export const REASON_QUOTA_EXCEEDED = 0x97
export const REASON_ADMINISTRATIVE_ACTION = 0x98
export const REASON_PAYLOAD_FORMAT_INVALID = 0x99
export const REASON_RETAIN_NOT_SUPPORTED = 0x9a
export const REASON_QOS_NOT_SUPPORTED = 0x9b
export const REASON_USE_ANOTHER_SERVER = 0x9c
export const REASON_SERVER_MOVED = 0x9d
export const REASON_SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9e
export const REASON_CONNECTION_RATE_EXCEEDED = 0x9f
export const REASON_MAXIMUM_CONNECT_TIME = 0xa0
export const REASON_SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED = 0xa1
export const REASON_WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED = 0xa2

// CONNACK return codes of MQTT 3.1 and 3.1.1. [MQTT-3.2.2-4]
export const RETURN_ACCEPTED = 0
export const RETURN_UNACCEPTABLE_PROTOCOL_VERSION = 1
export const RETURN_IDENTIFIER_REJECTED = 2
export const RETURN_SERVER_UNAVAILABLE = 3
export const RETURN_BAD_USER_NAME_OR_PASSWORD = 4
export const RETURN_NOT_AUTHORIZED = 5
// SUBACK failure of MQTT 3.1.1. [MQTT-3.9.3-2]
export const SUBACK_FAILURE = 0x80

// Errors of the module: negative, stable, never reused.
export const ERROR_MALFORMED_LENGTH = -1 // a variable byte integer of more than 4 bytes
export const ERROR_MALFORMED_TYPE = -2 // packet type 0, or 15 before MQTT 5
export const ERROR_MALFORMED_FLAGS = -3 // reserved bits of the first byte
export const ERROR_MALFORMED_QOS = -4 // QoS 3
export const ERROR_MALFORMED_DUP = -5 // DUP with QoS 0
export const ERROR_MALFORMED_PACKET_ID = -6 // packet identifier 0
export const ERROR_MALFORMED_STRING = -7 // UTF-8: overlong, surrogate, U+0000, cut, above U+10FFFF
export const ERROR_MALFORMED_BOUNDS = -8 // a field reaches beyond its packet
export const ERROR_MALFORMED_TRAILING = -9 // bytes left after the last field
export const ERROR_PROTOCOL_NAME = -10 // neither MQTT nor MQIsdp
export const ERROR_PROTOCOL_LEVEL = -11 // a level this module does not speak
export const ERROR_CONNECT_FLAGS = -12 // reserved bit, will bits without will, a lone password
export const ERROR_TOPIC_NAME = -13 // empty or with a wildcard
export const ERROR_TOPIC_FILTER = -14 // empty, a wildcard out of place, or a bad $share
export const ERROR_TOPIC_LEVELS = -15 // more than TOPIC_LEVELS_MAX levels
export const ERROR_PROPERTY_UNKNOWN = -16 // an identifier that does not exist
export const ERROR_PROPERTY_FORBIDDEN = -17 // not allowed in this packet or from this sender
export const ERROR_PROPERTY_DUPLICATE = -18 // once only, and here twice
export const ERROR_PROPERTY_VALUE = -19 // outside the values the specification allows
export const ERROR_REASON_CODE = -20 // a reason code this packet does not know
export const ERROR_SUBSCRIPTION_OPTIONS = -21 // QoS 3, retain handling 3, reserved bits
export const ERROR_SHARED_NO_LOCAL = -22 // no-local on a shared subscription
export const ERROR_NO_ITEMS = -23 // SUBSCRIBE or UNSUBSCRIBE without a filter
export const ERROR_PACKET_TOO_LARGE = -24 // more than the maximum given to decode
export const ERROR_PACKET_TYPE_UNEXPECTED = -25 // a type that this sender may not send
export const ERROR_TOPIC_ALIAS = -26 // topic alias 0
export const ERROR_CLIENT_IDENTIFIER = -27 // empty, or too long, where the version forbids it
export const ERROR_ENHANCED_AUTHENTICATION = -28 // authentication data without a method
export const ERROR_NO_ROOM = -29 // encode: the packet does not fit the target
export const ERROR_ARGUMENT = -30 // a call with a length, address or handle that cannot be
export const ERROR_NO_MEMORY = -31 // the memory cannot grow
export const ERROR_PAYLOAD_FORMAT = -32 // payload is not the UTF-8 that its indicator promises
