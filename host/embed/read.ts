// Records of the module to packets. Called by the decoder for each record of a batch, before
// anything else can use the module. A PUBLISH becomes a view of the chunk; all other packets are
// rare, and read at once.

import {
  AUTH,
  CONNACK,
  CONNECT,
  CONNECT_CLEAN_START,
  CONNECT_PASSWORD,
  CONNECT_USER_NAME,
  CONNECT_WILL,
  CONNECT_WILL_QOS_MASK,
  CONNECT_WILL_QOS_SHIFT,
  CONNECT_WILL_RETAIN,
  DISCONNECT,
  OPTION_NO_LOCAL,
  OPTION_QOS_MASK,
  OPTION_RETAIN_AS_PUBLISHED,
  OPTION_RETAIN_HANDLING_MASK,
  OPTION_RETAIN_HANDLING_SHIFT,
  PINGREQ,
  PINGRESP,
  PUBLISH,
  SUBACK,
  SUBSCRIBE,
  UNSUBACK,
  UNSUBSCRIBE,
} from '../../assembly/codes.ts'
import {
  CONNECT_CLIENT_ID_START,
  CONNECT_FLAGS,
  CONNECT_KEEP_ALIVE,
  CONNECT_LEVEL,
  CONNECT_PASSWORD_START,
  CONNECT_START,
  CONNECT_USER_NAME_START,
  CONNECT_WILL_PAYLOAD_START,
  CONNECT_WILL_PROPERTIES_START,
  CONNECT_WILL_TOPIC_START,
  RECORD_BITS,
  RECORD_COUNT,
  RECORD_HEAD,
  RECORD_PACKET_ID,
  RECORD_PAYLOAD_LENGTH,
  RECORD_PAYLOAD_START,
  RECORD_PROPERTIES_LENGTH,
  RECORD_PROPERTIES_START,
  RECORD_REASON,
  RECORD_TOPIC_LENGTH,
  RECORD_TOPIC_START,
} from '../../assembly/layout.ts'
import type { Memory } from '../wasm/memory.ts'
import { readProperties } from '../wasm/properties.ts'
import { Message } from './message.ts'
import type {
  Ack,
  Connect,
  Packet,
  Properties,
  QoS,
  Subscription,
  Version,
  Will,
} from './packets.ts'

/** By packet type, as `type` of the objects. */
export const TYPES: readonly string[] = [
  'reserved',
  'connect',
  'connack',
  'publish',
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'subscribe',
  'suback',
  'unsubscribe',
  'unsuback',
  'pingreq',
  'pingresp',
  'disconnect',
  'auth',
]

/**
 * The packet of a record without an error.
 * @param held the bytes decoded, which stand at `base` in the module's memory
 */
export function readPacket(memory: Memory, record: number, held: Uint8Array, base: number): Packet {
  const { i32 } = memory
  const at = record >> 2
  const head = i32[at + (RECORD_HEAD >> 2)] as number
  if (head >> 4 !== PUBLISH) return readRare(memory, record, head >> 4)
  const topic = (i32[at + (RECORD_TOPIC_START >> 2)] as number) - base
  const payload = (i32[at + (RECORD_PAYLOAD_START >> 2)] as number) - base
  return new Message(
    held,
    head,
    i32[at + (RECORD_PACKET_ID >> 2)] as number,
    topic,
    topic + (i32[at + (RECORD_TOPIC_LENGTH >> 2)] as number),
    (i32[at + (RECORD_PROPERTIES_START >> 2)] as number) - base,
    i32[at + (RECORD_PROPERTIES_LENGTH >> 2)] as number,
    payload,
    payload + (i32[at + (RECORD_PAYLOAD_LENGTH >> 2)] as number),
  )
}

function readRare(memory: Memory, record: number, type: number): Packet {
  const packetId = memory.word(record + RECORD_PACKET_ID)
  const reason = memory.word(record + RECORD_REASON)
  switch (type) {
    case CONNECT:
      return withProperties(memory, record, readConnect(memory))
    case CONNACK: {
      const sessionPresent = (memory.word(record + RECORD_BITS) & 1) !== 0
      return withProperties(memory, record, { type: 'connack', sessionPresent, reason })
    }
    case SUBSCRIBE: {
      const subscriptions = readItems(memory, record, true)
      return withProperties(memory, record, { type: 'subscribe', packetId, subscriptions })
    }
    case UNSUBSCRIBE: {
      const filters = readItems(memory, record, false).map(({ filter }) => filter)
      return withProperties(memory, record, { type: 'unsubscribe', packetId, filters })
    }
    case SUBACK:
    case UNSUBACK: {
      const start = memory.word(record + RECORD_PAYLOAD_START)
      const length = memory.word(record + RECORD_PAYLOAD_LENGTH)
      const reasons = [...memory.u8.subarray(start, start + length)]
      const name = type === SUBACK ? 'suback' : 'unsuback'
      return withProperties(memory, record, { type: name, packetId, reasons })
    }
    case PINGREQ:
    case PINGRESP:
      return { type: type === PINGREQ ? 'pingreq' : 'pingresp' }
    case DISCONNECT:
    case AUTH: {
      const name = type === AUTH ? 'auth' : 'disconnect'
      return withProperties(memory, record, { type: name, reason })
    }
    default: {
      const name = TYPES[type] as Ack['type']
      return withProperties(memory, record, { type: name, packetId, reason })
    }
  }
}

function withProperties<P extends Packet>(memory: Memory, record: number, packet: P): P {
  const length = memory.word(record + RECORD_PROPERTIES_LENGTH)
  if (length === 0) return packet
  const start = memory.word(record + RECORD_PROPERTIES_START)
  const properties: Properties = readProperties(memory, start, length)
  return { ...packet, properties }
}

function readConnect(memory: Memory): Connect {
  const word = (offset: number) => memory.word(CONNECT_START + offset)
  const text = (pair: number) => memory.text(word(pair), word(pair + 4))
  const flags = word(CONNECT_FLAGS)
  const connect: Connect = {
    type: 'connect',
    version: word(CONNECT_LEVEL) as Version,
    clientId: text(CONNECT_CLIENT_ID_START),
    cleanStart: (flags & CONNECT_CLEAN_START) !== 0,
    keepAlive: word(CONNECT_KEEP_ALIVE),
  }
  // MQTT 3.1 may leave both out in spite of their flags: the address is 0 then.
  if (flags & CONNECT_USER_NAME && word(CONNECT_USER_NAME_START) !== 0) {
    connect.userName = text(CONNECT_USER_NAME_START)
  }
  if (flags & CONNECT_PASSWORD && word(CONNECT_PASSWORD_START) !== 0) {
    connect.password = memory.copy(word(CONNECT_PASSWORD_START), word(CONNECT_PASSWORD_START + 4))
  }
  if (flags & CONNECT_WILL) connect.will = readWill(memory, flags)
  return connect
}

function readWill(memory: Memory, flags: number): Will {
  const word = (offset: number) => memory.word(CONNECT_START + offset)
  const will: Will = {
    topic: memory.text(word(CONNECT_WILL_TOPIC_START), word(CONNECT_WILL_TOPIC_START + 4)),
    payload: memory.copy(word(CONNECT_WILL_PAYLOAD_START), word(CONNECT_WILL_PAYLOAD_START + 4)),
    qos: ((flags & CONNECT_WILL_QOS_MASK) >> CONNECT_WILL_QOS_SHIFT) as QoS,
    retain: (flags & CONNECT_WILL_RETAIN) !== 0,
  }
  const length = word(CONNECT_WILL_PROPERTIES_START + 4)
  if (length > 0) {
    will.properties = readProperties(memory, word(CONNECT_WILL_PROPERTIES_START), length)
  }
  return will
}

/** The items of a SUBSCRIBE or UNSUBSCRIBE; those of the latter have no options. */
function readItems(memory: Memory, record: number, hasOptions: boolean): Subscription[] {
  const { u8 } = memory
  const items: Subscription[] = []
  let at = memory.word(record + RECORD_PAYLOAD_START)
  for (let left = memory.word(record + RECORD_COUNT); left > 0; left--) {
    const length = ((u8[at] as number) << 8) | (u8[at + 1] as number)
    const filter = memory.text(at + 2, length)
    at += 2 + length
    const options = hasOptions ? (u8[at++] as number) : 0
    items.push({
      filter,
      qos: (options & OPTION_QOS_MASK) as QoS,
      noLocal: (options & OPTION_NO_LOCAL) !== 0,
      retainAsPublished: (options & OPTION_RETAIN_AS_PUBLISHED) !== 0,
      retainHandling: ((options & OPTION_RETAIN_HANDLING_MASK) >> OPTION_RETAIN_HANDLING_SHIFT) as
        | 0
        | 1
        | 2,
    })
  }
  return items
}

/** A copy, also of a Buffer, whose own `slice` makes none. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
