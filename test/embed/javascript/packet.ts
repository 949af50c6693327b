// What a packet is to a program, and where its fields stand in the module's memory. To copy beside
// wasmqtt.ts. Strings are UTF-8 bytes: decode those that are wanted.

import * as layout from '../../../assembly/layout.ts'

/** What a packet does not have is 0, empty or null. */
export interface Packet {
  /** type << 4 | flags */
  head: number
  packetId: number
  reason: number
  topic: Uint8Array
  /** As they are in the packet, without their length: see `properties`. */
  properties: Uint8Array
  /** Of SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK the list of items. */
  payload: Uint8Array
  /** Number of items. */
  count: number
  alias: number
  expiry: number
  bits: number
  connect: Connect | null
}

export interface Connect {
  level: number
  flags: number
  keepAlive: number
  clientId: Uint8Array
  willProperties: Uint8Array
  willTopic: Uint8Array
  willPayload: Uint8Array
  userName: Uint8Array
  password: Uint8Array
}

/** `value` of integers, `bytes` of strings and binary data, both halves of a user property. */
export interface Property {
  id: number
  value: number
  bytes: Uint8Array
  second: Uint8Array
}

/** Offsets of integers, and of the pairs (address, length) of bytes. */
export interface Table {
  words: Record<string, number>
  bytes: Record<string, number>
}

export const RECORD: Table = {
  words: {
    head: layout.RECORD_HEAD,
    packetId: layout.RECORD_PACKET_ID,
    reason: layout.RECORD_REASON,
    count: layout.RECORD_COUNT,
    alias: layout.RECORD_ALIAS,
    bits: layout.RECORD_BITS,
  },
  bytes: {
    topic: layout.RECORD_TOPIC_START,
    properties: layout.RECORD_PROPERTIES_START,
    payload: layout.RECORD_PAYLOAD_START,
  },
}

export const BLOCK: Table = {
  words: {
    level: layout.CONNECT_LEVEL,
    flags: layout.CONNECT_FLAGS,
    keepAlive: layout.CONNECT_KEEP_ALIVE,
  },
  bytes: {
    clientId: layout.CONNECT_CLIENT_ID_START,
    willProperties: layout.CONNECT_WILL_PROPERTIES_START,
    willTopic: layout.CONNECT_WILL_TOPIC_START,
    willPayload: layout.CONNECT_WILL_PAYLOAD_START,
    userName: layout.CONNECT_USER_NAME_START,
    password: layout.CONNECT_PASSWORD_START,
  },
}
