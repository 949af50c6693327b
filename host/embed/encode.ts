// Packets to bytes: puts the parts of a packet into the module's memory, a record that points to
// them, and has it encoded. The module leaves what a string may contain to its caller; topics and
// filters are judged here, so that no peer has to.

import {
  AUTH,
  CONNACK,
  CONNECT,
  CONNECT_CLEAN_START,
  CONNECT_PASSWORD,
  CONNECT_USER_NAME,
  CONNECT_WILL,
  CONNECT_WILL_QOS_SHIFT,
  CONNECT_WILL_RETAIN,
  DISCONNECT,
  FLAG_DUP,
  FLAG_QOS_SHIFT,
  FLAG_RETAIN,
  OPTION_NO_LOCAL,
  OPTION_RETAIN_AS_PUBLISHED,
  OPTION_RETAIN_HANDLING_SHIFT,
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
} from '../../assembly/codes.ts'
import {
  CONNECT_CLIENT_ID_START,
  CONNECT_FLAGS,
  CONNECT_KEEP_ALIVE,
  CONNECT_LEVEL,
  CONNECT_PASSWORD_START,
  CONNECT_SIZE,
  CONNECT_START,
  CONNECT_USER_NAME_START,
  CONNECT_WILL_PAYLOAD_START,
  CONNECT_WILL_PROPERTIES_START,
  CONNECT_WILL_TOPIC_START,
  RECORD_BITS,
  RECORD_COUNT,
  RECORD_HEAD,
  RECORD_OWN,
  RECORD_PACKET_ID,
  RECORD_PAYLOAD_LENGTH,
  RECORD_PAYLOAD_START,
  RECORD_PROPERTIES_LENGTH,
  RECORD_PROPERTIES_START,
  RECORD_REASON,
  RECORD_SIZE,
  RECORD_TOPIC_LENGTH,
  RECORD_TOPIC_START,
  SCRATCH_START,
} from '../../assembly/layout.ts'
import type { Memory } from '../wasm/memory.ts'
import { shared, sharedNames } from '../wasm/shared.ts'
import type {
  Ack,
  Closing,
  Connack,
  Connect,
  ItemsAck,
  Packet,
  Properties,
  Publish,
  QoS,
  Subscribe,
  Subscription,
  Unsubscribe,
  Version,
} from './packets.ts'
import { Room } from './room.ts'

const PINGREQ_BYTES = [0xc0, 0]
const PINGRESP_BYTES = [0xd0, 0]
const REPEATED = 2 // the flags of PUBREL, SUBSCRIBE and UNSUBSCRIBE
const RECORD_WORD = RECORD_OWN >> 2
/** A payload that is copied byte by byte: setting up more than that costs more than it saves. */
const SMALL_MAX = 64
const SMALL_TARGET = SCRATCH_START + SMALL_MAX
const SMALL_CAPACITY = 256

/**
 * The bytes of a packet.
 * @param version of the connection; a CONNECT has its own
 * @throws RangeError or TypeError when it is no packet
 */
export function encode(packet: Packet, version: Version = 4): Uint8Array {
  switch (packet.type) {
    case 'publish':
      return encodePublish(packet, version)
    case 'pingreq':
      return new Uint8Array(PINGREQ_BYTES)
    case 'pingresp':
      return new Uint8Array(PINGRESP_BYTES)
    case 'connect':
      return encodeConnect(packet)
    case 'subscribe':
    case 'unsubscribe':
      return encodeItems(packet, version)
    default:
      return encodeAnswer(packet, version)
  }
}

function encodePublish(packet: Publish, version: Version): Uint8Array {
  const { topic, payload, qos = 0, properties } = packet
  if (!(payload instanceof Uint8Array)) throw new TypeError('expected a payload of Uint8Array')
  const head = (PUBLISH << 4) | flagsOf(qos, packet.retain, packet.dup)
  const id = qos === 0 ? 0 : idOf(packet.packetId)
  const memory = shared()
  if (payload.length <= SMALL_MAX && (properties === undefined || version !== VERSION_5_0)) {
    const names = sharedNames()
    const slot = names.find(topic)
    if (slot >= 0) {
      const { i32 } = memory
      i32[RECORD_WORD + (RECORD_HEAD >> 2)] = head
      i32[RECORD_WORD + (RECORD_PACKET_ID >> 2)] = id
      return encodeSmall(memory, names.address(slot), names.length(slot), payload, version)
    }
  }
  const room = new Room(memory, topic.length * 3 + payload.length)
  begin(memory, head, id)
  room.topic(topic, RECORD_OWN + RECORD_TOPIC_START, version)
  room.bytes(payload, RECORD_OWN + RECORD_PAYLOAD_START)
  if (version === VERSION_5_0) putProperties(room, properties)
  return room.encode(version)
}

/** A small PUBLISH whose topic, first byte and packet identifier are in place: most are such. */
function encodeSmall(
  memory: Memory,
  topic: number,
  topicLength: number,
  payload: Uint8Array,
  version: number,
): Uint8Array {
  const { i32, u8, call } = memory
  const { length } = payload
  for (let i = 0; i < length; i++) u8[SCRATCH_START + i] = payload[i] as number
  i32[RECORD_WORD + (RECORD_TOPIC_START >> 2)] = topic
  i32[RECORD_WORD + (RECORD_TOPIC_LENGTH >> 2)] = topicLength
  i32[RECORD_WORD + (RECORD_PROPERTIES_LENGTH >> 2)] = 0
  i32[RECORD_WORD + (RECORD_PAYLOAD_START >> 2)] = SCRATCH_START
  i32[RECORD_WORD + (RECORD_PAYLOAD_LENGTH >> 2)] = length
  const size = call.encode(RECORD_OWN, version, SMALL_TARGET, SMALL_CAPACITY)
  return u8.slice(SMALL_TARGET, SMALL_TARGET + size)
}

function flagsOf(qos: QoS, retain: boolean | undefined, dup: boolean | undefined): number {
  if (qos !== 0 && qos !== 1 && qos !== 2)
    throw new RangeError(`expected QoS 0, 1 or 2, got ${qos}`)
  if (dup === true && qos === 0) throw new RangeError('expected no dup with QoS 0')
  return (
    (qos << FLAG_QOS_SHIFT) | (retain === true ? FLAG_RETAIN : 0) | (dup === true ? FLAG_DUP : 0)
  )
}

function idOf(packetId: number | undefined): number {
  if (packetId !== undefined && packetId > 0 && packetId <= 0xffff && Number.isInteger(packetId)) {
    return packetId
  }
  throw new RangeError(`expected a packetId from 1 to 65535, got ${packetId}`)
}

/** Clears the record and sets its first byte and packet identifier. */
function begin(memory: Memory, head: number, packetId: number): void {
  const { i32 } = memory
  for (let at = RECORD_WORD; at < RECORD_WORD + (RECORD_SIZE >> 2); at++) i32[at] = 0
  i32[RECORD_WORD + (RECORD_HEAD >> 2)] = head
  i32[RECORD_WORD + (RECORD_PACKET_ID >> 2)] = packetId
}

function putProperties(room: Room, properties: Properties | undefined): void {
  if (properties !== undefined) room.properties(properties, RECORD_OWN + RECORD_PROPERTIES_START)
}

function encodeConnect(packet: Connect): Uint8Array {
  const { version, clientId, cleanStart = true, keepAlive = 0, userName, password, will } = packet
  if (version !== 3 && version !== 4 && version !== 5) {
    throw new RangeError(`expected version 3, 4 or 5, got ${version}`)
  }
  const memory = shared()
  const bytes = clientId.length + (userName?.length ?? 0) + (will?.topic.length ?? 0)
  const room = new Room(memory, bytes * 3 + (password?.length ?? 0) + (will?.payload.length ?? 0))
  begin(memory, CONNECT << 4, 0)
  memory.i32.fill(0, CONNECT_START >> 2, (CONNECT_START + CONNECT_SIZE) >> 2)
  let flags = cleanStart ? CONNECT_CLEAN_START : 0
  room.text(clientId, CONNECT_START + CONNECT_CLIENT_ID_START)
  if (will !== undefined) {
    const { qos = 0, retain } = will
    flags |=
      CONNECT_WILL | ((flagsOf(qos, false, false) >> FLAG_QOS_SHIFT) << CONNECT_WILL_QOS_SHIFT)
    if (retain === true) flags |= CONNECT_WILL_RETAIN
    room.topic(will.topic, CONNECT_START + CONNECT_WILL_TOPIC_START, 4)
    room.bytes(will.payload, CONNECT_START + CONNECT_WILL_PAYLOAD_START)
    if (version === VERSION_5_0 && will.properties !== undefined) {
      room.properties(will.properties, CONNECT_START + CONNECT_WILL_PROPERTIES_START)
    }
  }
  if (userName !== undefined) {
    flags |= CONNECT_USER_NAME
    room.text(userName, CONNECT_START + CONNECT_USER_NAME_START)
  }
  if (password !== undefined) {
    flags |= CONNECT_PASSWORD
    room.bytes(password, CONNECT_START + CONNECT_PASSWORD_START)
  }
  memory.setWord(CONNECT_START + CONNECT_LEVEL, version)
  memory.setWord(CONNECT_START + CONNECT_FLAGS, flags)
  memory.setWord(CONNECT_START + CONNECT_KEEP_ALIVE, wordOf(keepAlive, 'keepAlive'))
  if (version === VERSION_5_0) putProperties(room, packet.properties)
  return room.encode(version)
}

function wordOf(value: number, name: string): number {
  if (value >= 0 && value <= 0xffff && Number.isInteger(value)) return value
  throw new RangeError(`expected ${name} from 0 to 65535, got ${value}`)
}

function encodeItems(packet: Subscribe | Unsubscribe, version: Version): Uint8Array {
  const memory = shared()
  const isSubscribe = packet.type === 'subscribe'
  const filters = isSubscribe ? packet.subscriptions.map(({ filter }) => filter) : packet.filters
  if (filters.length === 0) throw new RangeError('expected at least one filter')
  const room = new Room(
    memory,
    filters.reduce((sum, filter) => sum + filter.length * 3 + 3, 0),
  )
  const type = isSubscribe ? SUBSCRIBE : UNSUBSCRIBE
  begin(memory, (type << 4) | REPEATED, idOf(packet.packetId))
  const start = room.at
  filters.forEach((filter, i) => {
    room.item(filter)
    if (isSubscribe) room.byte(optionsOf(packet.subscriptions[i] as Subscription, version))
  })
  room.set(RECORD_OWN + RECORD_PAYLOAD_START, start)
  memory.setWord(RECORD_OWN + RECORD_COUNT, filters.length)
  if (version === VERSION_5_0) putProperties(room, packet.properties)
  return room.encode(version)
}

function optionsOf(item: Subscription, version: Version): number {
  const { qos = 0, noLocal, retainAsPublished, retainHandling = 0 } = item
  let options = flagsOf(qos, false, false) >> FLAG_QOS_SHIFT
  if (version !== VERSION_5_0) return options
  if (retainHandling !== 0 && retainHandling !== 1 && retainHandling !== 2) {
    throw new RangeError(`expected retainHandling 0, 1 or 2, got ${retainHandling}`)
  }
  if (noLocal === true) options |= OPTION_NO_LOCAL
  if (retainAsPublished === true) options |= OPTION_RETAIN_AS_PUBLISHED
  return options | (retainHandling << OPTION_RETAIN_HANDLING_SHIFT)
}

const ANSWERS: Record<string, number> = {
  connack: CONNACK << 4,
  puback: PUBACK << 4,
  pubrec: PUBREC << 4,
  pubrel: (PUBREL << 4) | REPEATED,
  pubcomp: PUBCOMP << 4,
  suback: SUBACK << 4,
  unsuback: UNSUBACK << 4,
  disconnect: DISCONNECT << 4,
  auth: AUTH << 4,
}

/** Everything that has a reason code, or several. */
function encodeAnswer(packet: Connack | Ack | ItemsAck | Closing, version: Version): Uint8Array {
  const head = ANSWERS[packet.type]
  if (head === undefined) throw new TypeError(`expected a packet, got type "${packet.type}"`)
  if (packet.type === 'auth' && version !== VERSION_5_0) {
    throw new RangeError('expected version 5 for AUTH')
  }
  const memory = shared()
  const reasons = 'reasons' in packet ? packet.reasons : []
  const room = new Room(memory, reasons.length)
  begin(memory, head, 'packetId' in packet ? idOf(packet.packetId) : 0)
  if ('reasons' in packet) {
    if (packet.type === 'suback' && reasons.length === 0) {
      throw new RangeError('expected at least one reason')
    }
    room.bytes(Uint8Array.from(reasons), RECORD_OWN + RECORD_PAYLOAD_START)
    memory.setWord(RECORD_OWN + RECORD_COUNT, reasons.length)
  } else {
    memory.setWord(RECORD_OWN + RECORD_REASON, byteOf(packet.reason ?? 0))
  }
  if (packet.type === 'connack' && packet.sessionPresent === true) {
    memory.setWord(RECORD_OWN + RECORD_BITS, 1)
  }
  if (version === VERSION_5_0) putProperties(room, packet.properties)
  return room.encode(version)
}

function byteOf(reason: number): number {
  if (reason >= 0 && reason <= 0xff && Number.isInteger(reason)) return reason
  throw new RangeError(`expected a reason from 0 to 255, got ${reason}`)
}
