// Packets of nearly a megabyte, the largest a broker takes by default: one field, item or property
// that is very long, or very many that are short. For inputs.ts.

import { CLEAN, field, packet, properties, u8, u16, WILL } from '../spec/bytes.ts'
import { wireProperty } from '../vectors.ts'
import { HUGE } from './edges.ts'
import { edgeString } from './mutate.ts'
import type { Random } from './random.ts'
import { blockOf, filterOf, remark, topicOf } from './remarks.ts'

const BYTES = 900_000
const REMARKS = 20_000
const TOO_LARGE = 3_000_000

type Maker = (random: Random, version: number) => Buffer

export function giant(random: Random, version: number): Buffer {
  return random.pick(version === 5 ? [...ANY_VERSION, ...VERSION_5] : ANY_VERSION)(random, version)
}

const ANY_VERSION: readonly Maker[] = [
  function manySubscriptions(random, version) {
    const item = Buffer.concat([field(filterOf(random)), u8(1)])
    return packet(0x82, u16(1), blockOf(version), fill(item))
  },
  function manyUnsubscriptions(random, version) {
    return packet(0xa2, u16(1), blockOf(version), fill(field(filterOf(random))))
  },
  function longFilters(random, version) {
    const item = Buffer.concat([field(random.pick(HUGE)), u8(0)])
    return packet(0x82, u16(1), blockOf(version), fill(item))
  },
  function longPayload(random, version) {
    return packet(0x30, field(topicOf(random)), blockOf(version), Buffer.alloc(BYTES, 'p'))
  },
  function tooLarge(random, version) {
    const payload = Buffer.alloc(random.below(TOO_LARGE))
    return packet(0x32, field(edgeString(random)), u16(1), blockOf(version), payload)
  },
  function manyPackets(random, version) {
    const one = remark(random, version)
    return fill(one, Math.min(BYTES, REMARKS * one.length))
  },
]

const VERSION_5: readonly Maker[] = [
  function manyPublishProperties(random) {
    return packet(0x33, field(topicOf(random)), u16(1), manyProperties(random), u8(1))
  },
  function manySubscribeProperties(random) {
    return packet(0x82, u16(1), manyProperties(random), field('a'), u8(0))
  },
  function manyAckProperties(random) {
    return packet(0x40, u16(1), u8(0), manyProperties(random))
  },
  function manyConnectProperties(random) {
    const head = [field('MQTT'), u8(5, CLEAN), u16(0), manyProperties(random)]
    return packet(0x10, ...head, field('fuzz-giant'))
  },
  function manyWillProperties(random) {
    const head = [field('MQTT'), u8(5, CLEAN | WILL), u16(0), u8(0), field('fuzz-giant')]
    const payload = field(Buffer.alloc(random.below(65536), 'w'))
    return packet(0x10, ...head, manyProperties(random), field(topicOf(random)), payload)
  },
]

function manyProperties(random: Random): Buffer {
  const long = Buffer.alloc(random.below(65536), 'v').toString('hex')
  const pair = wireProperty([0x26, random.chance(50) ? ['6b', long] : ['', '']])
  const count = random.chance(50) ? BYTES : random.between(1, 20_000)
  return properties(fill(pair, Math.max(count, pair.length)))
}

function fill(one: Buffer, bytes = BYTES): Buffer {
  return Buffer.alloc(Math.floor(bytes / one.length) * one.length, one)
}
