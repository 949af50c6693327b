// Every memory integer of the module: record offsets, region sizes, limits. Compiled by asc and by
// tsc. Nothing here but `export const NAME = integer`. All words are 32-bit little-endian; an
// "address" is a byte offset in the module's memory, a "length" is in bytes.

export const ABI_VERSION = 1

// Limits.
export const TOPIC_LEVELS_MAX = 200
export const STRING_LENGTH_MAX = 65535
export const REMAINING_LENGTH_MAX = 268435455
export const RECORDS_MAX = 1024 // records of one decode call
export const PROPERTIES_MAX = 512 // entries of one properties call
export const ITEMS_MAX = 16384 // filters of one SUBSCRIBE or UNSUBSCRIBE that the host answers
export const INPUT_SIZE = 131072 // bytes of the input region before any reserve
export const SCRATCH_SIZE = 196608 // bytes for strings and small packets the host writes
export const DRAIN_SIZE = 65536 // bytes one drain call hands over at most

// Record: one decoded packet, 16 words.
//
//   +0  HEAD               first byte of the packet: type << 4 | flags
//   +4  ERROR              0, or a negative ERROR_ code
//   +8  START              address of the packet's first byte
//   +12 LENGTH             length of the whole packet, fixed header included
//   +16 PACKET_ID          0 where the packet has none
//   +20 REASON             reason code (CONNACK, acks, DISCONNECT, AUTH); of an error: the answer
//   +24 TOPIC_START        PUBLISH: topic name
//   +28 TOPIC_LENGTH
//   +32 PROPERTIES_START   first byte after the property length
//   +36 PROPERTIES_LENGTH  0 where there are none
//   +40 PAYLOAD_START      PUBLISH: payload; SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK: the items;
//                          of an error: address of the byte at fault
//   +44 PAYLOAD_LENGTH
//   +48 COUNT              SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK: number of items
//   +52 ALIAS              PUBLISH: topic alias, 0 = none
//   +56 EXPIRY             PUBLISH: address of the 4 bytes of Message Expiry Interval, 0 = none
//   +60 BITS               CONNACK: acknowledge flags; PUBLISH: payload format indicator (0 or 1)
export const RECORD_SIZE = 64
export const RECORD_HEAD = 0
export const RECORD_ERROR = 4
export const RECORD_START = 8
export const RECORD_LENGTH = 12
export const RECORD_PACKET_ID = 16
export const RECORD_REASON = 20
export const RECORD_TOPIC_START = 24
export const RECORD_TOPIC_LENGTH = 28
export const RECORD_PROPERTIES_START = 32
export const RECORD_PROPERTIES_LENGTH = 36
export const RECORD_PAYLOAD_START = 40
export const RECORD_POSITION = 40
export const RECORD_PAYLOAD_LENGTH = 44
export const RECORD_COUNT = 48
export const RECORD_ALIAS = 52
export const RECORD_EXPIRY = 56
export const RECORD_BITS = 60

// The fields of the last CONNECT decoded (or to be encoded), 16 words at CONNECT_START. A batch
// ends after a CONNECT, so there is never a second one before the host has read the first.
//
//   +0  LEVEL      protocol level 3, 4 or 5       +4  FLAGS      connect flags byte
//   +8  KEEP_ALIVE seconds                        +12 reserved
//   +16 CLIENT_ID_START      +20 CLIENT_ID_LENGTH
//   +24 WILL_PROPERTIES_START +28 WILL_PROPERTIES_LENGTH
//   +32 WILL_TOPIC_START     +36 WILL_TOPIC_LENGTH
//   +40 WILL_PAYLOAD_START   +44 WILL_PAYLOAD_LENGTH
//   +48 USER_NAME_START      +52 USER_NAME_LENGTH
//   +56 PASSWORD_START       +60 PASSWORD_LENGTH
export const CONNECT_SIZE = 64
export const CONNECT_LEVEL = 0
export const CONNECT_FLAGS = 4
export const CONNECT_KEEP_ALIVE = 8
export const CONNECT_CLIENT_ID_START = 16
export const CONNECT_CLIENT_ID_LENGTH = 20
export const CONNECT_WILL_PROPERTIES_START = 24
export const CONNECT_WILL_PROPERTIES_LENGTH = 28
export const CONNECT_WILL_TOPIC_START = 32
export const CONNECT_WILL_TOPIC_LENGTH = 36
export const CONNECT_WILL_PAYLOAD_START = 40
export const CONNECT_WILL_PAYLOAD_LENGTH = 44
export const CONNECT_USER_NAME_START = 48
export const CONNECT_USER_NAME_LENGTH = 52
export const CONNECT_PASSWORD_START = 56
export const CONNECT_PASSWORD_LENGTH = 60

// Property entry: one property, 5 words. Written by `properties`, read by `encode_properties`.
//
//   +0  ID     +4 VALUE  integer value, or address of the string, binary or user property name
//   +8  LENGTH of that string   +12 SECOND_START, +16 SECOND_LENGTH  user property value
export const PROPERTY_SIZE = 20
export const PROPERTY_ID = 0
export const PROPERTY_VALUE = 4
export const PROPERTY_LENGTH = 8
export const PROPERTY_SECOND_START = 12
export const PROPERTY_SECOND_LENGTH = 16

// Row: one subscriber of a match, 4 words.
//
//   +0  SUBSCRIBER  the integer given to `insert`
//   +4  OPTIONS     OPTION_ bits; of merged rows: highest QoS, retain-as-published of any
//   +8  IDENTIFIER  subscription identifier, 0 = none
//   +12 NEXT        address of the next row of the same delivery (more identifiers), 0 = none
export const ROW_SIZE = 16
export const ROW_SUBSCRIBER = 0
export const ROW_OPTIONS = 4
export const ROW_IDENTIFIER = 8
export const ROW_NEXT = 12

// Message: what `hold` keeps, and what `deliver` sends: 13 words, then the bytes it owns.
//
//   +0  REFERENCES   holders; the block is freed when it falls to 0
//   +4  QOS          QoS the publisher gave it (0-2), and 0x100 if it was published with RETAIN
//   +8  TOPIC_START       +12 TOPIC_LENGTH
//   +16 PROPERTIES_START  +20 PROPERTIES_LENGTH  MQTT 5 properties to forward: no alias, no expiry
//   +24 PAYLOAD_START     +28 PAYLOAD_LENGTH
//   +32 EXPIRY       message expiry interval, seconds, as the publisher gave it
//   +36 READY_START  address of a finished PUBLISH packet, 0 = none  +40 READY_LENGTH
//   +44 READY_LAYOUT of that packet: version 5 << 1 | packet id present; -1 = none
//   +48 SINCE        second of the module's clock from which EXPIRY counts, 0 = never expires
//
// A held message has no finished packet, so its READY_START is the host's own word: BODY, the
// number under which the host's store knows it, 0 = it does not.
export const MESSAGE_SIZE = 52
export const MESSAGE_REFERENCES = 0
export const MESSAGE_QOS = 4
export const MESSAGE_TOPIC_START = 8
export const MESSAGE_TOPIC_LENGTH = 12
export const MESSAGE_PROPERTIES_START = 16
export const MESSAGE_PROPERTIES_LENGTH = 20
export const MESSAGE_PAYLOAD_START = 24
export const MESSAGE_PAYLOAD_LENGTH = 28
export const MESSAGE_EXPIRY = 32
export const MESSAGE_READY_START = 36
export const MESSAGE_BODY = 36
export const MESSAGE_READY_LENGTH = 40
export const MESSAGE_READY_LAYOUT = 44
export const MESSAGE_SINCE = 48

// Registers: words at fixed addresses that calls leave results in, or that the host sets.
export const REGISTERS_START = 1024
export const REGISTER_CONSUMED = 1024 // decode: bytes of whole packets walked
export const REGISTER_NEEDED = 1028 // decode: length of the incomplete packet at the end
export const REGISTER_PROPERTIES_NEXT = 1032 // properties: address where it stopped
export const REGISTER_PREVIOUS = 1036 // insert, remove: identifier that was there before
export const REGISTER_CLOCK = 1040 // set by the host: seconds, for message expiry
export const REGISTER_ROWS = 1044 // address of the first row of the last match or search
export const REGISTER_INPUT = 1048 // address of the input region
export const REGISTER_INPUT_SIZE = 1052
export const REGISTER_HELD = 1056 // messages held now
export const REGISTER_ALLOCATED = 1060 // bytes allocated now, all blocks
export const REGISTER_WALKED = 1064 // nodes that match and search have visited; the host resets it
// match: what the host may remember the topic by while it comes again and again, 0 = nothing
export const REGISTER_TOPIC = 1068
export const REGISTER_HELD_BYTES = 1072 // bytes of the payloads of messages held now
export const REGISTERS_SIZE = 128

// Fixed regions, in this order from REGISTERS_START. Everything else lives in the arena behind
// them.
export const CONNECT_START = 1152
export const RECORD_OWN = 1216 // one record outside the batch, for what the host encodes
export const MESSAGE_CURRENT = 1280 // the message staged from the record in hand
export const ROW_OWN = 1408 // one row for identifiers the host gives a delivery itself
export const HEAD_START = 1344 // 64 bytes: the small parts of a packet while it is put together
// Traffic: PUBLISH packets staged (received) and delivered (sent): 6 f64 each.
//
//   +0 packets of QoS 0, 1, 2    +24 bytes of their payloads
export const TRAFFIC_RECEIVED = 1536
export const TRAFFIC_SENT = 1584
export const TRAFFIC_BYTES = 24
export const RECORDS_START = 2048 // RECORDS_MAX * RECORD_SIZE
export const PROPERTIES_START = 67584 // PROPERTIES_MAX * PROPERTY_SIZE
export const SCRATCH_START = 77824
export const DRAIN_START = 274432
export const REGIONS_END = 339968 // then static data of the compiler (memoryBase), the arena
