// Packets of clients that talk about few topics, so that subscriptions, publications and wills
// meet: each as it should be, made at random. For inputs.ts, which mutates what stands between
// them.

import { CLEAN, field, hex, packet, properties, u8, u16, WILL } from '../spec/bytes.ts'
import { wireProperty } from '../vectors.ts'
import { MEETING } from './edges.ts'
import type { Random } from './random.ts'

const CLIENTS = 48
const LONG_LEVEL = 'a longer level, longer than a node'
const LEVELS: readonly string[] = ['a', 'b', 'a', 'b', '', 'c', 'ä', '$x', LONG_LEVEL]
const SHARE: Buffer = Buffer.from('$share/')

/** SUBSCRIBE, UNSUBSCRIBE, PUBLISH, acks and pings. */
export function conversation(random: Random, version: number, length: number): Buffer {
  return Buffer.concat(Array.from({ length }, () => remark(random, version)))
}

export function remark(random: Random, version: number): Buffer {
  const id = u16(random.chance(80) ? random.between(1, 4) : random.between(1, 0xffff))
  const kind = random.below(100)
  if (kind < 40) return publication(random, version, id)
  if (kind < 65) return subscription(random, version, id)
  if (kind < 80) {
    const filters = several(random, () => field(filterOf(random)))
    return packet(0xa2, id, blockOf(version), ...filters)
  }
  return kind < 95 ? packet(random.pick([0x40, 0x50, 0x62, 0x70]), id) : hex('c000')
}

export function connect(random: Random, version: number): Buffer {
  const clean = random.chance(60) ? CLEAN : 0
  const will = random.chance(20) ? WILL | (random.below(3) << 3) | (random.below(2) << 5) : 0
  const entries: Buffer[] = []
  if (random.chance(30)) entries.push(wireProperty([0x11, random.pick([0, 1, 3, 0xffffffff])]))
  if (random.chance(20)) entries.push(wireProperty([0x21, random.pick([1, 2, 0xffff])]))
  if (random.chance(20)) entries.push(wireProperty([0x22, random.pick([0, 1, 5, 0xffff])]))
  if (random.chance(20)) entries.push(wireProperty([0x27, random.pick([1, 20, 64, 1000])]))
  return packet(
    0x10,
    field(version === 3 ? 'MQIsdp' : 'MQTT'),
    u8(version, clean | will),
    u16(random.pick([0, 0, 1, 60, 0xffff])),
    blockOf(version, entries),
    field(`fuzz-${random.below(CLIENTS)}`),
    ...(will === 0 ? [] : willFields(random, version)),
  )
}

/** Properties behind their length; nothing before MQTT 5. */
export function blockOf(version: number, entries: readonly Buffer[] = []): Buffer {
  return version === 5 ? properties(...entries) : u8()
}

export function topicOf(random: Random): string {
  const depth = random.between(1, 4)
  return Array.from({ length: depth }, () => random.pick(LEVELS)).join('/') || '/'
}

export function filterOf(random: Random): string | Buffer {
  if (random.chance(10)) return random.pick(MEETING)
  const levels = topicOf(random).split('/')
  const filter = levels.map((level) => (random.chance(20) ? '+' : level))
  if (random.chance(20)) filter.splice(random.below(filter.length + 1), filter.length, '#')
  const plain = filter.join('/') || '/'
  return random.chance(15) ? `$share/${random.pick(['g', 'h'])}/${plain}` : plain
}

function willFields(random: Random, version: number): Buffer[] {
  const delay = random.chance(50) ? [wireProperty([0x18, random.below(3)])] : []
  const payload = random.bytes(random.below(30))
  return [blockOf(version, delay), field(topicOf(random)), field(payload)]
}

function subscription(random: Random, version: number, id: Buffer): Buffer {
  const numbered = version === 5 && random.chance(50)
  const entries = numbered ? [wireProperty([0x0b, random.between(1, 300)])] : []
  const items = several(random, () => {
    const filter = field(filterOf(random))
    return Buffer.concat([filter, u8(optionsOf(random, version, filter))])
  })
  return packet(0x82, id, blockOf(version, entries), ...items)
}

/** No no-local on a shared subscription. */
function optionsOf(random: Random, version: number, filter: Buffer): number {
  const qos = random.below(3)
  if (version !== 5 || random.chance(50)) return qos
  const shared = filter.subarray(2, 2 + SHARE.length).equals(SHARE)
  return qos | (shared ? 0 : random.below(2) << 2) | (random.below(2) << 3) | (random.below(3) << 4)
}

function publication(random: Random, version: number, id: Buffer): Buffer {
  const qos = random.below(3)
  const dup = qos > 0 && random.chance(10) ? 0x08 : 0
  const retain = random.chance(20) ? 0x01 : 0
  const entries: Buffer[] = []
  if (random.chance(20)) entries.push(wireProperty([0x02, random.pick([0, 1, 60, 0xffffffff])]))
  if (random.chance(20)) entries.push(wireProperty([0x23, random.between(1, 16)]))
  if (random.chance(20)) entries.push(wireProperty([0x26, ['6b', '76']]))
  if (random.chance(10)) entries.push(wireProperty([0x01, 1]), wireProperty([0x09, '00ff']))
  const long = random.chance(5)
  const payload = long ? Buffer.alloc(random.below(9000), 'p') : random.bytes(random.below(40))
  const head = 0x30 | dup | (qos << 1) | retain
  const topic = field(topicOf(random))
  return packet(head, topic, qos > 0 ? id : u8(), blockOf(version, entries), payload)
}

function several(random: Random, one: () => Buffer): Buffer[] {
  return Array.from({ length: random.chance(70) ? 1 : random.between(2, 6) }, one)
}
