// Packets that decode must refuse: the error, the reason MQTT 5 answers with, the byte at fault,
// and the rule that is broken. Plain data once parsed, good as JSON for tests in other languages.
// Properties forbidden, repeated or out of range come from the table in test/properties.test.ts.
//
// A line: versions (0 = not known yet), sender (c, s, - = any), ERROR_ code, reason, bytes; what is
// wrong [rule]. In the bytes ^ stands before the byte at fault, * for the remaining length, _ for
// an empty property block (which only 5.0 has), x{n} for n times x, a word for what it spells.

import type { Sender } from './vectors.ts'

export interface Fault {
  title: string
  version: 0 | 3 | 4 | 5
  /** Absent: refused whoever sends it. */
  sender?: Sender
  /** Hexadecimal digits. */
  bytes: string
  /** Name of the code, without `ERROR_`. */
  error: string
  reason: number
  /** Offset of the byte at fault. */
  position: number
}

const TABLE = `
345 - MALFORMED_TYPE 81 ^00 00; packet type 0 [section 2.1.2]
345 - MALFORMED_TYPE 81 ^0f 00; packet type 0 with flags [section 2.1.2]
34 - MALFORMED_TYPE 81 ^f0 00; AUTH before 5.0 [section 2.2.1]
345 - MALFORMED_FLAGS 81 ^11 *; CONNECT with flags [MQTT-2.1.3-1]
345 - MALFORMED_FLAGS 81 ^28 *; CONNACK with flags [MQTT-2.1.3-1]
345 - MALFORMED_FLAGS 81 ^42 * 0001; PUBACK with flags [MQTT-2.1.3-1]
345 - MALFORMED_FLAGS 81 ^51 * 0001; PUBREC with flags [MQTT-2.1.3-1]
345 - MALFORMED_FLAGS 81 ^60 * 0001; PUBREL without its flag [MQTT-3.6.1-1]
45 - MALFORMED_FLAGS 81 ^6a * 0001; PUBREL with DUP [MQTT-3.6.1-1]
3 - MALFORMED_FLAGS 81 ^68 * 0001; PUBREL with DUP alone [MQTT-3.6.1-1]
345 - MALFORMED_FLAGS 81 ^74 * 0001; PUBCOMP with flags [MQTT-2.1.3-1]
345 - MALFORMED_FLAGS 81 ^80 * 0001 _ 000161 00; SUBSCRIBE without its flag [MQTT-3.8.1-1]
45 - MALFORMED_FLAGS 81 ^8a * 0001 _ 000161 00; SUBSCRIBE with DUP [MQTT-3.8.1-1]
345 - MALFORMED_FLAGS 81 ^92 * 0001 _ 00; SUBACK with flags [MQTT-2.1.3-1]
345 - MALFORMED_FLAGS 81 ^a0 * 0001 _ 000161; UNSUBSCRIBE without its flag [MQTT-3.10.1-1]
45 - MALFORMED_FLAGS 81 ^aa * 0001 _ 000161; UNSUBSCRIBE with DUP [MQTT-3.10.1-1]
345 - MALFORMED_FLAGS 81 ^b1 * 0001 _; UNSUBACK with flags [MQTT-2.1.3-1]
345 - MALFORMED_FLAGS 81 ^c8 00; PINGREQ with flags [MQTT-2.1.3-1]
345 - MALFORMED_FLAGS 81 ^d2 00; PINGRESP with flags [MQTT-2.1.3-1]
5 - MALFORMED_FLAGS 81 ^e1 00; DISCONNECT with flags [MQTT-3.14.1-1]
5 - MALFORMED_FLAGS 81 ^f1 00; AUTH with flags [MQTT-3.15.1-1]
345 c PACKET_TYPE_UNEXPECTED 82 ^20 * 0000 _; CONNACK from a client [table 2-1]
345 c PACKET_TYPE_UNEXPECTED 82 ^90 * 0001 _ 00; SUBACK from a client [table 2-1]
345 c PACKET_TYPE_UNEXPECTED 82 ^b0 * 0001; UNSUBACK from a client [table 2-1]
345 c PACKET_TYPE_UNEXPECTED 82 ^d0 00; PINGRESP from a client [table 2-1]
345 s PACKET_TYPE_UNEXPECTED 82 ^10 00; CONNECT from a server [table 2-1]
345 s PACKET_TYPE_UNEXPECTED 82 ^82 00; SUBSCRIBE from a server [table 2-1]
345 s PACKET_TYPE_UNEXPECTED 82 ^a2 00; UNSUBSCRIBE from a server [table 2-1]
345 s PACKET_TYPE_UNEXPECTED 82 ^c0 00; PINGREQ from a server [table 2-1]
34 s PACKET_TYPE_UNEXPECTED 82 ^e0 00; DISCONNECT from a server before 5.0 [table 2-1]
0 - PACKET_TYPE_UNEXPECTED 82 ^30 * 000161; PUBLISH before CONNECT [MQTT-3.1.0-1]
0 - PACKET_TYPE_UNEXPECTED 82 ^c0 00; PINGREQ before CONNECT [MQTT-3.1.0-1]
0 - PACKET_TYPE_UNEXPECTED 82 ^f0 00; AUTH before CONNECT [MQTT-3.1.0-1]
0 - PACKET_TYPE_UNEXPECTED 82 ^00 00; packet type 0 before CONNECT [MQTT-3.1.0-1]
0345 - MALFORMED_LENGTH 81 10 ^80808080 00; a length of five bytes [section 2.1.4]
345 - MALFORMED_LENGTH 81 30 ^ffffffff 7f; a length beyond the largest [section 2.1.4]
5 - MALFORMED_LENGTH 81 c0 ^8000; a length with a needless byte [MQTT-1.5.5-1]
5 - MALFORMED_LENGTH 81 30 ^848000 000161 00; a length with two needless bytes [MQTT-1.5.5-1]
0 - MALFORMED_LENGTH 81 10 ^8d00 MQTT5 02 0000 00 0000; CONNECT 5.0, needless byte [MQTT-1.5.5-1]

345 - MALFORMED_QOS 81 ^36 * 000161 0001 _; PUBLISH with QoS 3 [MQTT-3.3.1-4]
345 - MALFORMED_QOS 81 ^3f * 000161 0001 _; PUBLISH with QoS 3, DUP and RETAIN [MQTT-3.3.1-4]
345 - MALFORMED_DUP 81 ^38 * 000161 _; PUBLISH with DUP and QoS 0 [MQTT-3.3.1-2]
345 - MALFORMED_DUP 81 ^39 * 000161 _; PUBLISH with DUP, QoS 0 and RETAIN [MQTT-3.3.1-2]
345 - MALFORMED_BOUNDS 81 30 00 ^; PUBLISH without anything [MQTT-3.3.2-1]
345 - MALFORMED_BOUNDS 81 30 * ^00; PUBLISH with half a topic length [MQTT-3.3.2-1]
345 - MALFORMED_BOUNDS 81 30 * ^0005 61626364; PUBLISH whose topic is cut [MQTT-3.3.2-1]
345 - MALFORMED_BOUNDS 81 30 * ^ffff 61; PUBLISH with a topic far too long [MQTT-3.3.2-1]
345 - MALFORMED_BOUNDS 81 32 * 000161 ^; PUBLISH without its packet identifier [MQTT-2.2.1-3]
345 - MALFORMED_BOUNDS 81 34 * 000161 ^01; PUBLISH with half a packet identifier [MQTT-2.2.1-3]
345 - MALFORMED_PACKET_ID 82 32 * 000161 ^0000 _ 78; PUBLISH QoS 1 with identifier 0 [MQTT-2.2.1-3]
345 - MALFORMED_PACKET_ID 82 3c * 000161 ^0000 _ 78; PUBLISH QoS 2 with identifier 0 [MQTT-2.2.1-3]
345 - TOPIC_NAME 82 30 * ^0000 _; PUBLISH to nothing [MQTT-4.7.3-1]
345 - TOPIC_NAME 82 32 * ^0000 0001 _ 78; PUBLISH QoS 1 to nothing [MQTT-4.7.3-1]
5 - TOPIC_NAME 82 30 * ^0000 02 0101; PUBLISH to nothing with other properties [MQTT-3.3.2-1]
345 - TOPIC_NAME 90 30 * ^000123 _; PUBLISH to # [MQTT-3.3.2-2]
345 - TOPIC_NAME 90 30 * ^00012b _; PUBLISH to + [MQTT-3.3.2-2]
345 - TOPIC_NAME 90 30 * ^0003612f2b _ 78; PUBLISH to a/+ [MQTT-3.3.2-2]
345 - TOPIC_NAME 90 30 * ^0009 61{8}23 _ 78; PUBLISH with # as ninth byte [MQTT-3.3.2-2]
345 - TOPIC_NAME 90 30 * ^0008 61{7}2b _ 78; PUBLISH with + as eighth byte [MQTT-3.3.2-2]
345 - TOPIC_LEVELS 90 30 * ^00c8 2f{200} _; PUBLISH to 201 levels [limit of this module]
345 - MALFORMED_STRING 81 30 * ^000100 _; topic of U+0000 [MQTT-1.5.4-2]
345 - MALFORMED_STRING 81 30 * ^0009 61{8}00 _; topic that ends in U+0000 [MQTT-4.7.3-2]
345 - MALFORMED_STRING 81 30 * ^000180 _; topic that begins inside a character [MQTT-1.5.4-1]
345 - MALFORMED_STRING 81 30 * ^0002c080 _; topic with U+0000 in two bytes [MQTT-1.5.4-1]
345 - MALFORMED_STRING 81 30 * ^0002c1bf _; topic with ASCII in two bytes [MQTT-1.5.4-1]
345 - MALFORMED_STRING 81 30 * ^0003e09fbf _; topic with U+07FF in three bytes [MQTT-1.5.4-1]
345 - MALFORMED_STRING 81 30 * ^0003eda080 _; topic with U+D800 [MQTT-1.5.4-1]
345 - MALFORMED_STRING 81 30 * ^0003edbfbf _; topic with U+DFFF [MQTT-1.5.4-1]
345 - MALFORMED_STRING 81 30 * ^0004f08fbfbf _; topic with U+FFFF in four bytes [MQTT-1.5.4-1]
345 - MALFORMED_STRING 81 30 * ^0004f4908080 _; topic with U+110000 [MQTT-1.5.4-1]
345 - MALFORMED_STRING 81 30 * ^0004f5808080 _; topic with a lead byte of none [MQTT-1.5.4-1]
345 - MALFORMED_STRING 81 30 * ^0001c3 _ a4; topic that ends inside a character [MQTT-1.5.4-1]
345 - MALFORMED_STRING 81 30 * ^0003f09f9a _ 80; topic that ends inside four bytes [MQTT-1.5.4-1]
5 - MALFORMED_STRING 81 32 * ^000100 0001 03 230001; topic of U+0000 beside an alias [MQTT-1.5.4-2]
5 - MALFORMED_BOUNDS 81 30 * 000161 ^; PUBLISH without a property length [section 2.2.2.1]
5 - MALFORMED_BOUNDS 81 30 * 000161 ^03 0101; PUBLISH whose properties are cut [section 2.2.2.1]
5 - MALFORMED_BOUNDS 81 30 * 000161 04 02 ^000000; PUBLISH, last property cut [section 2.2.2]
5 - MALFORMED_BOUNDS 81 30 * 000161 03 03 ^0001 61; PUBLISH, last string cut [section 2.2.2]
5 - MALFORMED_BOUNDS 81 30 * 000161 02 03 ^00 0161; PUBLISH, length of a string cut [section 2.2.2]
5 - MALFORMED_BOUNDS 81 30 * 000161 06 26 000161 ^0001 62; half a user property [MQTT-1.5.7-1]
5 - MALFORMED_LENGTH 81 30 * 000161 ^8000; property length with a needless byte [MQTT-1.5.5-1]
5 - MALFORMED_LENGTH 81 30 * 000161 ^8080808000; property length of five bytes [section 1.5.5]
5 s MALFORMED_LENGTH 81 30 * 000161 03 0b ^8100; identifier, needless byte [MQTT-1.5.5-1]
5 s MALFORMED_LENGTH 81 30 * 000161 06 0b ^8080808001; identifier of five bytes [section 1.5.5]
5 s PROPERTY_VALUE 82 30 * 000161 02 0b ^00; subscription identifier 0 [section 3.3.2.3.8]
5 c PROPERTY_FORBIDDEN 82 30 * 000161 02 ^0b01; subscription identifier from a client [MQTT-3.3.4-6]
5 - TOPIC_ALIAS 94 30 * 000161 03 23 ^0000; topic alias 0 [MQTT-3.3.2-8]
5 - TOPIC_NAME 82 30 * 000161 06 08 ^0003612f23; response topic with a wildcard [MQTT-3.3.2-14]
5 - TOPIC_NAME 82 30 * 000161 03 08 ^0000; response topic of nothing [MQTT-4.7.3-1]
5 - MALFORMED_STRING 81 30 * 000161 04 08 ^000100; response topic of U+0000 [MQTT-3.3.2-13]
5 - MALFORMED_STRING 81 30 * 000161 04 03 ^0001ff; content type that is no UTF-8 [MQTT-3.3.2-19]
5 - MALFORMED_STRING 81 30 * 000161 06 26 ^0001ff 0000; name of a user property [MQTT-1.5.7-1]
5 - MALFORMED_STRING 81 30 * 000161 06 26 0000 ^0001ff; value of a user property [MQTT-1.5.7-1]
5 - PROPERTY_UNKNOWN 81 30 * 000161 02 ^0000; property 0 [section 2.2.2.2]
5 - PROPERTY_UNKNOWN 81 30 * 000161 04 0101 ^2b00; property 2b [section 2.2.2.2]
5 - PROPERTY_UNKNOWN 81 30 * 000161 03 ^810001; property of two bytes [section 2.2.2.2]
5 - PROPERTY_UNKNOWN 81 30 * 000161 01 ^ff; property ff [section 2.2.2.2]

0345 - PROTOCOL_NAME 84 10 * ^0004 4d515458 04 02 0000 0000; name MQTX [MQTT-3.1.2-1]
0 - PROTOCOL_NAME 84 10 * ^0004 6d717474 04 02 0000 0000; name mqtt [MQTT-3.1.2-1]
0 - PROTOCOL_NAME 84 10 * ^0005 4d51545454 04 02 0000 0000; name MQTTT [MQTT-3.1.2-1]
0 - PROTOCOL_NAME 84 10 * ^0006 4d5149736450 03 02 0000 000161; name MQIsdP [MQTT-3.1.2-1]
0 - PROTOCOL_NAME 84 10 * ^0000 04; name of nothing [MQTT-3.1.2-1]
0345 - PROTOCOL_LEVEL 84 10 * 0004 4d515454 ^06 02 0000 0000; level 6 [MQTT-3.1.2-2]
0 - PROTOCOL_LEVEL 84 10 * 0004 4d515454 ^00 02 0000 0000; level 0 [MQTT-3.1.2-2]
0 - PROTOCOL_LEVEL 84 10 * 0004 4d515454 ^03 02 0000 000161; level 3 of MQTT [MQTT-3.1.2-2]
0 - PROTOCOL_LEVEL 84 10 * 0004 4d515454 ^84 02 0000 000161; level of a bridge [MQTT-3.1.2-2]
0 - PROTOCOL_LEVEL 84 10 * 0006 4d5149736470 ^04 02 0000 000161; level 4 of MQIsdp [MQTT-3.1.2-2]
0 - MALFORMED_BOUNDS 81 10 00 ^; CONNECT without anything [MQTT-3.1.4-1]
0 - MALFORMED_BOUNDS 81 10 * ^0004 4d5154; CONNECT whose name is cut [MQTT-3.1.4-1]
0 - MALFORMED_BOUNDS 81 10 * 0004 4d515454 ^; CONNECT without a level [MQTT-3.1.4-1]
0 - MALFORMED_BOUNDS 81 10 * MQTT4 ^; CONNECT without flags [MQTT-3.1.4-1]
0 - MALFORMED_BOUNDS 81 10 * MQTT4 02 ^00; CONNECT with half a keep alive [MQTT-3.1.4-1]
0 - MALFORMED_BOUNDS 81 10 * MQTT4 02 0000 ^; CONNECT without an identifier [MQTT-3.1.3-3]
0 - MALFORMED_BOUNDS 81 10 * MQTT5 02 0000 ^; CONNECT 5.0 without properties [MQTT-3.1.4-1]
0 - MALFORMED_BOUNDS 81 10 * MQTT5 02 0000 ^06 1100000000; properties cut [MQTT-3.1.4-1]
0 - CONNECT_FLAGS 81 10 * MQTT4 ^03 0000 0000; 3.1.1, reserved flag [MQTT-3.1.2-3]
0 - CONNECT_FLAGS 81 10 * MQTT5 ^03 0000 00 0000; 5.0, reserved flag [MQTT-3.1.2-3]
0 - CONNECT_FLAGS 81 10 * MQTT4 ^0a 0000 0000; 3.1.1, will QoS 1, no will [MQTT-3.1.2-13]
0 - CONNECT_FLAGS 81 10 * MQTT5 ^12 0000 00 0000; 5.0, will QoS 2, no will [MQTT-3.1.2-11]
0 - CONNECT_FLAGS 81 10 * MQTT4 ^22 0000 0000; 3.1.1, will retain, no will [MQTT-3.1.2-15]
0 - CONNECT_FLAGS 81 10 * MQTT5 ^22 0000 00 0000; 5.0, will retain, no will [MQTT-3.1.2-13]
0 - CONNECT_FLAGS 81 10 * MQISDP ^1e 0000 000161 0001770000; 3.1, will QoS 3 [3.1]
0 - CONNECT_FLAGS 81 10 * MQTT4 ^1e 0000 000161 0001770000; 3.1.1, will QoS 3 [MQTT-3.1.2-14]
0 - CONNECT_FLAGS 81 10 * MQTT5 ^1e 0000 00 000161 000001770000; 5.0, will QoS 3 [MQTT-3.1.2-12]
0 - CONNECT_FLAGS 81 10 * MQISDP ^42 0000 000161 000170; 3.1, password alone [3.1]
0 - CONNECT_FLAGS 81 10 * MQTT4 ^42 0000 000161 000170; 3.1.1, password alone [MQTT-3.1.2-22]
0 - CLIENT_IDENTIFIER 85 10 * MQISDP 02 0000 ^0000; 3.1, no identifier [3.1]
0 - CLIENT_IDENTIFIER 85 10 * MQISDP 02 0000 ^0018 61{24}; 3.1, 24 characters [3.1]
0 - CLIENT_IDENTIFIER 85 10 * MQTT4 00 0000 ^0000; 3.1.1, no identifier, kept [MQTT-3.1.3-8]
0 - MALFORMED_STRING 81 10 * MQTT4 02 0000 ^000100; identifier of U+0000 [MQTT-3.1.3-4]
0 - MALFORMED_STRING 81 10 * MQTT5 02 0000 00 ^0001ff; identifier, no UTF-8 [MQTT-3.1.3-4]
0 - MALFORMED_BOUNDS 81 10 * MQTT4 06 0000 000161 ^; will flag without a will [MQTT-3.1.2-9]
0 - MALFORMED_BOUNDS 81 10 * MQTT4 06 0000 000161 000177 ^; will without payload [MQTT-3.1.2-9]
0 - MALFORMED_BOUNDS 81 10 * MQISDP 06 0000 000161 ^; 3.1, will flag without a will [3.1]
0 - MALFORMED_BOUNDS 81 10 * MQTT5 06 0000 00 000161 ^; will without properties [MQTT-3.1.2-9]
0 - TOPIC_NAME 90 10 * MQTT4 06 0000 000161 ^00012b 0000; will to + [MQTT-4.7.1-1]
0 - TOPIC_NAME 90 10 * MQTT4 06 0000 000161 ^0000 0000; will to nothing [MQTT-4.7.3-1]
0 - MALFORMED_STRING 81 10 * MQTT5 06 0000 00 000161 00 ^0001ff 0000; will topic [MQTT-3.1.3-11]
0 - MALFORMED_BOUNDS 81 10 * MQTT4 82 0000 000161 ^; no user name [MQTT-3.1.2-19]
0 - MALFORMED_BOUNDS 81 10 * MQTT4 c2 0000 000161 000175 ^; no password [MQTT-3.1.2-21]
0 - MALFORMED_BOUNDS 81 10 * MQISDP 82 0000 000161 ^000275; 3.1, user name cut [3.1]
0 - MALFORMED_STRING 81 10 * MQTT4 82 0000 000161 ^000100; user name [MQTT-3.1.3-12]
0 - MALFORMED_TRAILING 81 10 * MQTT4 02 0000 000161 ^000175; user name without flag [MQTT-3.1.2-18]
0 - MALFORMED_TRAILING 81 10 * MQTT5 82 0000 00 000161 000175 ^00; surplus byte [MQTT-3.1.4-1]
0 - ENHANCED_AUTHENTICATION 82 10 * MQTT5 02 0000 ^04 16000161 0000; no method [section 3.1.2.11]

345 - MALFORMED_BOUNDS 81 20 00 ^; CONNACK without anything [section 3.2]
345 - MALFORMED_BOUNDS 81 20 * 00 ^; CONNACK without a reason [section 3.2]
45 - MALFORMED_FLAGS 81 20 * ^02 00 _; CONNACK, reserved flag [MQTT-3.2.2-1]
4 - MALFORMED_FLAGS 82 20 * ^01 05; CONNACK, session but refused [MQTT-3.2.2-4]
5 - MALFORMED_FLAGS 82 20 * ^01 87 00; CONNACK, session but refused [MQTT-3.2.2-6]
34 - REASON_CODE 82 20 * 00 ^06; CONNACK 6 [section 3.2.2.3]
5 - REASON_CODE 82 20 * 00 ^01 00; CONNACK 1 [MQTT-3.2.2-8]
5 - REASON_CODE 82 20 * 00 ^8e 00; CONNACK 8e [MQTT-3.2.2-8]
5 - REASON_CODE 82 20 * 00 ^a3 00; CONNACK a3 [MQTT-3.2.2-8]
34 - MALFORMED_TRAILING 81 20 * 0000 ^00; CONNACK of three bytes [section 3.2]
5 - MALFORMED_BOUNDS 81 20 * 0000 ^; CONNACK 5.0 without properties [section 3.2.2.3]
5 - MALFORMED_TRAILING 81 20 * 0000 00 ^00; CONNACK, surplus byte [section 3.2]
5 - ENHANCED_AUTHENTICATION 82 20 * 0000 ^04 16000161; CONNACK, data, no method [section 3.2.2.3.18]

345 - MALFORMED_BOUNDS 81 40 00 ^; PUBACK without anything [section 3.4]
345 - MALFORMED_BOUNDS 81 50 * ^01; PUBREC with half an identifier [section 3.5]
345 - MALFORMED_PACKET_ID 82 40 * ^0000; PUBACK of identifier 0 [section 2.2.1]
345 - MALFORMED_PACKET_ID 82 50 * ^0000; PUBREC of identifier 0 [section 2.2.1]
345 - MALFORMED_PACKET_ID 82 62 * ^0000; PUBREL of identifier 0 [section 2.2.1]
345 - MALFORMED_PACKET_ID 82 70 * ^0000; PUBCOMP of identifier 0 [section 2.2.1]
34 - MALFORMED_TRAILING 81 40 * 0001 ^00; PUBACK with a reason before 5.0 [section 3.4]
34 - MALFORMED_TRAILING 81 62 * 0001 ^92; PUBREL with a reason before 5.0 [section 3.6]
5 - REASON_CODE 82 40 * 0001 ^92; PUBACK 92 [MQTT-3.4.2-1]
5 - REASON_CODE 82 50 * 0001 ^01; PUBREC 1 [MQTT-3.5.2-1]
5 - REASON_CODE 82 62 * 0001 ^10; PUBREL 10 [MQTT-3.6.2-1]
5 - REASON_CODE 82 70 * 0001 ^80; PUBCOMP 80 [MQTT-3.7.2-1]
5 - MALFORMED_BOUNDS 81 40 * 0001 10 ^05 1f; PUBACK, properties cut [section 3.4.2.2]
5 - MALFORMED_TRAILING 81 70 * 0001 92 00 ^00; PUBCOMP, surplus byte [section 3.7]
5 - MALFORMED_STRING 81 40 * 0001 10 04 1f ^000100; PUBACK, reason string [MQTT-1.5.4-2]

345 - MALFORMED_BOUNDS 81 82 * ^01; SUBSCRIBE with half an identifier [section 3.8]
345 - MALFORMED_PACKET_ID 82 82 * ^0000 _ 000161 00; SUBSCRIBE, identifier 0 [MQTT-2.2.1-3]
345 - NO_ITEMS 82 82 * 0001 _ ^; SUBSCRIBE to nothing [MQTT-3.8.3-2]
345 - MALFORMED_BOUNDS 81 82 * 0001 _ ^000261; SUBSCRIBE, filter cut [MQTT-3.8.3-1]
345 - MALFORMED_BOUNDS 81 82 * 0001 _ 000161 ^; SUBSCRIBE without options [MQTT-3.8.3-3]
345 - MALFORMED_BOUNDS 81 82 * 0001 _ 000161 00 ^00; SUBSCRIBE, half a second filter [section 3.8.3]
345 - MALFORMED_STRING 81 82 * 0001 _ ^0002c080 00; SUBSCRIBE, no UTF-8 [MQTT-3.8.3-1]
345 - TOPIC_FILTER 8f 82 * 0001 _ ^0000 00; SUBSCRIBE to an empty filter [MQTT-4.7.3-1]
345 - TOPIC_FILTER 8f 82 * 0001 _ ^0002 6123 00; SUBSCRIBE to a# [MQTT-4.7.1-2]
345 - TOPIC_FILTER 8f 82 * 0001 _ ^0003 232f61 00; SUBSCRIBE to #/a [MQTT-4.7.1-2]
345 - TOPIC_FILTER 8f 82 * 0001 _ ^0002 2b61 00; SUBSCRIBE to +a [MQTT-4.7.1-3]
345 - TOPIC_FILTER 8f 82 * 0001 _ 000161 01 ^0004 612f622b 00; SUBSCRIBE to a, a/b+ [MQTT-4.7.1-3]
345 - TOPIC_FILTER 8f 82 * 0001 _ ^0008 $SHARE/67 00; SUBSCRIBE to $share/g [MQTT-4.8.2-2]
345 - TOPIC_FILTER 8f 82 * 0001 _ ^0009 $SHARE/2f61 00; SUBSCRIBE to $share//a [MQTT-4.8.2-1]
345 - TOPIC_FILTER 8f 82 * 0001 _ ^0009 $SHARE/672f 00; SUBSCRIBE to $share/g/ [MQTT-4.8.2-2]
345 - TOPIC_FILTER 8f 82 * 0001 _ ^000a $SHARE/2b2f61 00; SUBSCRIBE to $share/+/a [MQTT-4.8.2-2]
345 - TOPIC_LEVELS 8f 82 * 0001 _ ^00c8 2f{200} 00; SUBSCRIBE to 201 levels [limit of this module]
34 - SUBSCRIPTION_OPTIONS 81 82 * 0001 000161 ^04; SUBSCRIBE, reserved option [MQTT-3.8.3-4]
34 - SUBSCRIPTION_OPTIONS 81 82 * 0001 000161 ^80; SUBSCRIBE, reserved option [MQTT-3.8.3-4]
345 - SUBSCRIPTION_OPTIONS 82 82 * 0001 _ 000161 ^03; SUBSCRIBE with QoS 3 [MQTT-3.8.3-4]
5 - SUBSCRIPTION_OPTIONS 81 82 * 0001 _ 000161 ^40; SUBSCRIBE, reserved option [MQTT-3.8.3-5]
5 - SUBSCRIPTION_OPTIONS 81 82 * 0001 _ 000161 ^83; SUBSCRIBE, reserved and QoS 3 [MQTT-3.8.3-5]
5 - SUBSCRIPTION_OPTIONS 82 82 * 0001 _ 000161 ^30; SUBSCRIBE, retain handling 3 [section 3.8.3.1]
5 - SHARED_NO_LOCAL 82 82 * 0001 _ 000a $SHARE/672f61 ^04; SUBSCRIBE, shared no-local [MQTT-3.8.3-4]
5 - PROPERTY_DUPLICATE 82 82 * 0001 04 0b01 ^0b02 000161 00; two identifiers [section 3.8.2.1]
5 - PROPERTY_VALUE 82 82 * 0001 02 0b ^00 000161 00; identifier 0 [section 3.8.2.1]
345 - MALFORMED_BOUNDS 81 90 00 ^; SUBACK without anything [section 3.9]
345 - MALFORMED_PACKET_ID 82 90 * ^0000 _ 00; SUBACK, identifier 0 [section 2.2.1]
345 - NO_ITEMS 82 90 * 0001 _ ^; SUBACK without results [MQTT-3.8.4-6]
34 - REASON_CODE 82 90 * 0001 00 ^03; SUBACK 3 [MQTT-3.9.3-2]
34 - REASON_CODE 82 90 * 0001 ^87; SUBACK 87 before 5.0 [MQTT-3.9.3-2]
5 - REASON_CODE 82 90 * 0001 _ 00 ^11; SUBACK 11 [MQTT-3.9.3-2]
345 - MALFORMED_PACKET_ID 82 a2 * ^0000 _ 000161; UNSUBSCRIBE, identifier 0 [MQTT-2.2.1-3]
345 - NO_ITEMS 82 a2 * 0001 _ ^; UNSUBSCRIBE from nothing [MQTT-3.10.3-2]
345 - MALFORMED_BOUNDS 81 a2 * 0001 _ 000161 ^000262; UNSUBSCRIBE, filter cut [section 3.10.3]
345 - TOPIC_FILTER 8f a2 * 0001 _ ^0002 6123; UNSUBSCRIBE from a# [MQTT-4.7.1-2]
345 - TOPIC_FILTER 8f a2 * 0001 _ ^0000; UNSUBSCRIBE from an empty filter [MQTT-4.7.3-1]
345 - MALFORMED_STRING 81 a2 * 0001 _ ^000100; UNSUBSCRIBE, filter of U+0000 [MQTT-3.10.3-1]
345 - MALFORMED_PACKET_ID 82 b0 * ^0000 _; UNSUBACK, identifier 0 [section 2.2.1]
34 - MALFORMED_TRAILING 81 b0 * 0001 ^00; UNSUBACK with results before 5.0 [section 3.11]
5 - NO_ITEMS 82 b0 * 0001 00 ^; UNSUBACK without results [section 3.11.3]
5 - REASON_CODE 82 b0 * 0001 00 11 ^01; UNSUBACK 1 [MQTT-3.11.3-2]

345 - MALFORMED_TRAILING 81 c0 01 ^00; PINGREQ with a byte [section 3.12]
345 - MALFORMED_TRAILING 81 d0 01 ^00; PINGRESP with a byte [section 3.13]
34 - MALFORMED_TRAILING 81 e0 01 ^00; DISCONNECT with a reason before 5.0 [section 3.14]
5 - REASON_CODE 82 e0 * ^01; DISCONNECT 1 [MQTT-3.14.2-1]
5 - REASON_CODE 82 e0 * ^84; DISCONNECT 84 [MQTT-3.14.2-1]
5 c REASON_CODE 82 e0 * ^8e; DISCONNECT 8e from a client [MQTT-3.14.2-1]
5 s REASON_CODE 82 e0 * ^04; DISCONNECT 4 from a server [MQTT-3.14.2-1]
5 c PROPERTY_FORBIDDEN 82 e0 * 80 04 ^1c000161; server reference from a client [section 3.14.2.2.5]
5 s PROPERTY_FORBIDDEN 82 e0 * 80 05 ^1100000000; session expiry from a server [MQTT-3.14.2-2]
5 - MALFORMED_BOUNDS 81 e0 * 00 ^01; DISCONNECT, properties cut [section 3.14.2.2]
5 - MALFORMED_TRAILING 81 e0 * 00 00 ^00; DISCONNECT, surplus byte [section 3.14]
5 - REASON_CODE 82 f0 * ^01 00; AUTH 1 [MQTT-3.15.2-1]
5 c REASON_CODE 82 f0 * ^00 04 15000161; AUTH 0 from a client [MQTT-3.15.2-1]
5 s REASON_CODE 82 f0 * ^19 04 15000161; AUTH 19 from a server [MQTT-3.15.2-1]
5 - ENHANCED_AUTHENTICATION 82 f0 * ^18; AUTH of one byte [section 3.15.2.2.2]
5 - ENHANCED_AUTHENTICATION 82 f0 * ^18 00; AUTH without a method [section 3.15.2.2.2]
5 - ENHANCED_AUTHENTICATION 82 f0 * 18 ^04 16000161; AUTH, data, no method [section 3.15.2]
5 - MALFORMED_TRAILING 81 f0 * 18 04 15000161 ^00; AUTH, surplus byte [section 3.15]
`

function parse(line: string): Fault[] {
  const [description = '', title = ''] = line.split('; ')
  const [versions = '', sender, error = '', reason = '', ...shorthand] = description.split(' ')
  return [...versions].map((digit): Fault => {
    const version = Number(digit) as Fault['version']
    const marked = expand(shorthand.join(''), version)
    return {
      title: `${version === 0 ? 'new connection' : `level ${version}`}: ${title}`,
      version,
      ...(sender === 'c' ? { sender: 'client' } : sender === 's' ? { sender: 'server' } : {}),
      bytes: marked.replace('^', ''),
      error,
      reason: Number.parseInt(reason, 16),
      position: marked.indexOf('^') / 2,
    }
  })
}

const WORDS: Record<string, string> = {
  MQISDP: '0006 4d5149736470 03',
  MQTT4: '0004 4d515454 04',
  MQTT5: '0004 4d515454 05',
  '$SHARE/': '2473686172652f',
}

/** Hexadecimal digits and one ^ from the shorthand of the table. */
function expand(shorthand: string, version: number): string {
  const plain = shorthand
    .replace(/MQISDP|MQTT[45]|\$SHARE\//, (word) => WORDS[word]?.replaceAll(' ', '') ?? '')
    .replace('_', version === 5 ? '00' : '')
    .replace(/(..)\{(\d+)\}/g, (_, byte: string, count: string) => byte.repeat(Number(count)))
  const [first = '', rest] = plain.split('*')
  if (rest === undefined) return plain
  const remaining = rest.replace('^', '').length / 2
  const low = remaining < 128 ? [remaining] : [(remaining & 127) | 128, remaining >> 7]
  return first + Buffer.from(low).toString('hex') + rest
}

export const FAULTS: readonly Fault[] = TABLE.trim()
  .split('\n')
  .filter((line) => line !== '')
  .flatMap(parse)
