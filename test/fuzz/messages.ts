// What a broker makes of a PUBLISH that decode has accepted: a staged message, and beside it what
// the packet says, read by a few lines of JavaScript. For deliveries.ts.

import {
  PROPERTY_MESSAGE_EXPIRY_INTERVAL,
  PROPERTY_TOPIC_ALIAS,
  SENDER_ANY,
} from '../../assembly/codes.ts'
import * as layout from '../../assembly/layout.ts'
import { type Side, Trace } from './stream.ts'

const ALIASED: Buffer = Buffer.from('the/topic/that/an/alias/stood/for')

/** A PUBLISH packet and the version it was accepted in. */
export interface Accepted {
  packet: Buffer
  version: number
}

export interface Message {
  address: number
  held: boolean
  topic: Buffer
  payload: Buffer
  /** Properties to forward, identifier and value of each on the wire. */
  properties: Buffer[]
  /** Second of the module's clock. */
  expiresAt: number | undefined
  /** Before MQTT 5 a packet may be padded, and is passed on as it came. */
  packetLength: number
}

const trace: Trace = new Trace()

/** Makes the room that `stage` needs; what that takes must not look like a leak. */
export function prepare(side: Side, { packet }: Accepted): void {
  side.output.of(ALIASED.length)
  side.place(packet, 0)
}

/** Stages a message; the one staged before is dead. @param clock second at which it arrives */
export function stage(side: Side, { packet, version }: Accepted, clock: number): Message {
  const { module } = side
  const start = side.place(packet, 0)
  const way = { version, sender: SENDER_ANY, packetSizeMax: 0 }
  side.decodeWhole(start, packet.length, way, trace)
  const record = layout.RECORDS_START
  if (module.word(record + layout.RECORD_TOPIC_LENGTH) === 0) {
    const aliased = side.output.of(ALIASED.length)
    module.u8.set(ALIASED, aliased)
    module.setWord(record + layout.RECORD_TOPIC_START, aliased)
    module.setWord(record + layout.RECORD_TOPIC_LENGTH, ALIASED.length)
  }
  const all = listProperties(side, record)
  const expiry = all.find((property) => property[0] === PROPERTY_MESSAGE_EXPIRY_INTERVAL)
  return {
    topic: pieceOf(side, record + layout.RECORD_TOPIC_START),
    payload: pieceOf(side, record + layout.RECORD_PAYLOAD_START),
    address: module.call.stage(record, version),
    held: false,
    properties: all.filter((property) => !isOwn(property)),
    expiresAt: expiry && clock + expiry.readUInt32BE(1),
    packetLength: packet.length,
  }
}

function pieceOf({ module }: Side, pair: number): Buffer {
  return module.copy(module.word(pair), module.word(pair + 4))
}

/** Each property of the record as it stands on the wire. */
function listProperties({ module }: Side, record: number): Buffer[] {
  const list: Buffer[] = []
  let at = module.word(record + layout.RECORD_PROPERTIES_START)
  const end = at + module.word(record + layout.RECORD_PROPERTIES_LENGTH)
  while (at < end) {
    const size = sizeOfProperty(module.u8, at)
    list.push(module.copy(at, size))
    at += size
  }
  return list
}

function isOwn(property: Buffer): boolean {
  return property[0] === PROPERTY_MESSAGE_EXPIRY_INTERVAL || property[0] === PROPERTY_TOPIC_ALIAS
}

/** Bytes of the PUBLISH property at `at`, which decode has accepted. MQTT 5.0 table 2-4. */
function sizeOfProperty(bytes: Uint8Array, at: number): number {
  const two = (from: number): number => ((bytes[from] as number) << 8) | (bytes[from + 1] as number)
  switch (bytes[at]) {
    case 0x01:
      return 2
    case 0x02:
      return 5
    case 0x23:
      return 3
    case 0x0b: {
      let end = at + 1
      while ((bytes[end] as number) >= 0x80) end++
      return end + 1 - at
    }
    case 0x26: {
      const second = at + 3 + two(at + 1)
      return second + 2 + two(second) - at
    }
    default:
      return 3 + two(at + 1)
  }
}
