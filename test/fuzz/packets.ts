// What must hold for one packet that decode has accepted: it decodes alone as it did in its stream,
// encode gives it back, its properties can be walked and written again. On one build at a time.

import {
  DISCONNECT,
  ERROR_NO_ROOM,
  PUBACK,
  PUBCOMP,
  SENDER_ANY,
  VERSION_5_0,
} from '../../assembly/codes.ts'
import * as layout from '../../assembly/layout.ts'
import { ENTRY, must, type Side, Trace } from './stream.ts'

const CANARY = 0xa5
const FIELDS: readonly number[] = [
  layout.RECORD_TOPIC_START,
  layout.RECORD_PROPERTIES_START,
  layout.RECORD_PAYLOAD_START,
  ...[
    layout.CONNECT_CLIENT_ID_START,
    layout.CONNECT_WILL_PROPERTIES_START,
    layout.CONNECT_WILL_TOPIC_START,
    layout.CONNECT_WILL_PAYLOAD_START,
    layout.CONNECT_USER_NAME_START,
    layout.CONNECT_PASSWORD_START,
  ].map((offset) => layout.RECORD_SIZE + offset),
]
const NUMBERS: readonly number[] = [
  layout.RECORD_HEAD,
  layout.RECORD_PACKET_ID,
  layout.RECORD_REASON,
  layout.RECORD_COUNT,
  layout.RECORD_ALIAS,
  layout.RECORD_BITS,
  ...[layout.CONNECT_LEVEL, layout.CONNECT_FLAGS, layout.CONNECT_KEEP_ALIVE].map(
    (offset) => layout.RECORD_SIZE + offset,
  ),
]

const alone: Trace = new Trace()
const again: Trace = new Trace()

/** @param index of the record in the trace of the stream @param version it was read in */
export function checkPacket(
  side: Side,
  stream: Buffer,
  trace: Trace,
  index: number,
  version: number,
): void {
  const offset = trace.word(index, layout.RECORD_START) - 1
  const length = trace.word(index, layout.RECORD_LENGTH)
  const packet = stream.subarray(offset, offset + length)
  const start = side.place(packet, index & 7)
  side.decodeWhole(start, length, { version, sender: SENDER_ANY, packetSizeMax: 0 }, alone)
  compareAlone(trace, index, offset)
  walk(side, start, alone, layout.RECORD_PROPERTIES_START)
  walk(side, start, alone, layout.RECORD_SIZE + layout.CONNECT_WILL_PROPERTIES_START)
  encode(side, packet, version)
}

function compareAlone(trace: Trace, index: number, offset: number): void {
  must(alone.count === 1 && alone.error === 0, () => 'a packet is refused when it comes alone')
  for (let i = 0; i < ENTRY; i++) {
    const inStream = trace.words[index * ENTRY + i] as number
    const here = alone.words[i] as number
    const same = inStream === here || inStream === here + offset
    must(same, () => `alone ${alone.describe(0)}, in its stream ${trace.describe(index)}`)
  }
}

/** Encodes the record in hand, and if it became shorter decodes and encodes that. */
function encode(side: Side, packet: Buffer, version: number): void {
  const { call } = side.module
  const target = side.output.of(packet.length + 16)
  const record = layout.RECORDS_START
  side.module.u8[target + packet.length] = CANARY
  const size = call.encode(record, version, target, packet.length)
  must(size > 0, () => `encode of an accepted packet answered ${size}`)
  must(side.module.u8[target + packet.length] === CANARY, () => 'encode wrote behind its target')
  const bytes = side.module.copy(target, size)
  if (size === packet.length) {
    must(bytes.equals(packet), () => `encoded again as ${bytes.toString('hex')}`)
    const refused = call.encode(record, version, target, size - 1)
    must(refused === ERROR_NO_ROOM, () => `a byte too little, encode answered ${refused}`)
    return
  }
  must(isWordy(packet, version), () => `encoded again as ${bytes.toString('hex')}`)
  const start = side.place(bytes, 0)
  side.decodeWhole(start, size, { version, sender: SENDER_ANY, packetSizeMax: 0 }, again)
  must(
    again.count === 1 && again.error === 0,
    () => `refused what it made: ${bytes.toString('hex')}`,
  )
  compareContents(packet, bytes)
  const last = call.encode(record, version, target, size)
  const same = last === size && side.module.copy(target, size).equals(bytes)
  must(same, () => `encoded twice: ${last} bytes, then ${bytes.toString('hex')}`)
}

/** A packet that may be said in fewer bytes: padded, or with what goes without saying. */
function isWordy(packet: Buffer, version: number): boolean {
  const type = (packet[0] as number) >> 4
  const last = packet.findIndex((byte, i) => i > 0 && byte < 0x80)
  if (last > 1 && packet[last] === 0) return true
  return version === VERSION_5_0 && ((type >= PUBACK && type <= PUBCOMP) || type >= DISCONNECT)
}

function compareContents(packet: Buffer, bytes: Buffer): void {
  for (const offset of NUMBERS) {
    const [before, after] = [alone.word(0, offset), again.word(0, offset)]
    must(before === after, () => `word ${offset} was ${before}, is ${after}`)
  }
  for (const pair of FIELDS) {
    const [before, after] = [piece(packet, alone, pair), piece(bytes, again, pair)]
    must(before.equals(after), () => `field ${pair} was ${before.toString('hex')}`)
  }
  const [before, after] = [alone, again].map((trace) => trace.word(0, layout.RECORD_EXPIRY))
  must((before === 0) === (after === 0), () => 'the message expiry came or went')
}

function piece(bytes: Buffer, trace: Trace, pair: number): Buffer {
  const start = Math.max(0, trace.word(0, pair) - 1)
  return bytes.subarray(start, start + trace.word(0, pair + 4))
}

/** The properties at a pair of words, entry by entry, must be written again as they are. */
function walk(side: Side, start: number, trace: Trace, pair: number): void {
  const { module } = side
  const length = trace.word(0, pair + 4)
  if (length === 0) return
  let at = start + trace.word(0, pair) - 1
  const end = at + length
  while (at < end) {
    const count = module.call.properties(at, end - at)
    const next = module.word(layout.REGISTER_PROPERTIES_NEXT)
    const fits = count > 0 && count <= layout.PROPERTIES_MAX && next > at && next <= end
    must(fits, () => `properties answered ${count} and went to ${next - end} from their end`)
    const target = side.output.of(next - at)
    const size = module.call.encode_properties(count, target, next - at)
    must(size === next - at, () => `${next - at} bytes of properties are written in ${size}`)
    const same = module.copy(target, size).equals(module.copy(at, size))
    must(same, () => `properties are written as ${module.copy(target, size).toString('hex')}`)
    at = next
  }
}
