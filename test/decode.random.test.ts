// Seeded random streams through decode: mutated golden packets and plain noise never trap, never
// walk further than they reach, give the same records however they are cut and on both builds; and
// what is accepted is encoded to a packet with the same fields.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RECORDS_MAX, RECORDS_START } from '../assembly/layout.ts'
import { Random } from './fuzz/random.ts'
import { TestModule } from './module.ts'
import { type Decoded, decode, type How } from './records.ts'
import { hex } from './spec/bytes.ts'
import { VECTORS } from './vectors.ts'

const STREAMS = 6000
const SEED = 20_240_601
const ROOM = 65536
const VERSIONS = [0, 3, 4, 4, 5, 5, 5]
const SENDERS = [undefined, 'client', 'server'] as const

const debug = new TestModule('debug')
const release = new TestModule('release')
const target = release.call('allocate', ROOM)

function how(random: Random): How {
  const sender = random.pick(SENDERS)
  const packetSizeMax = random.chance(10) ? random.between(1, 40) : 0
  return { version: random.pick(VERSIONS), packetSizeMax, ...(sender && { sender }) }
}

/** Some golden packets of one version, a few bytes of them changed, inserted, lost or repeated. */
function mutated(random: Random, version: number): Buffer {
  const fitting = VECTORS.filter((vector) => version === 0 || vector.version === version)
  const count = random.between(1, 4)
  const packets = Array.from({ length: count }, () => hex(random.pick(fitting).bytes))
  let stream = Buffer.concat(packets)
  for (let changes = random.below(4); changes > 0; changes--) {
    const at = random.below(stream.length)
    const kind = random.below(4)
    if (kind === 0) stream[at] = random.below(256)
    else if (kind === 1) stream[at] = (stream[at] as number) ^ (1 << random.below(8))
    else {
      const piece = kind === 2 ? random.bytes(random.below(3)) : stream.subarray(at, at + 3)
      stream = Buffer.concat([stream.subarray(0, at), piece, stream.subarray(at + random.below(3))])
    }
  }
  return stream
}

function noise(random: Random): Buffer {
  const bytes = random.bytes(random.between(1, 40))
  // Most first bytes and lengths are refused at once: half of the time they are plausible.
  if (random.chance(50)) bytes[0] = random.pick([0x10, 0x20, 0x30, 0x32, 0x40, 0x62, 0x82, 0x90])
  if (random.chance(50)) bytes[1] = bytes.length - 2
  return bytes
}

function* streams(): Generator<[Buffer, How, Random]> {
  for (let i = 0; i < STREAMS; i++) {
    const random = new Random(SEED, i)
    const options = how(random)
    yield [i % 3 === 0 ? noise(random) : mutated(random, options.version), options, random]
  }
}

/** As a connection does it: what a call leaves is kept and goes in front of the next part. */
function inParts(module: TestModule, parts: Buffer[], options: How): Decoded {
  const all: Decoded = { packets: [], fault: undefined, consumed: 0, needed: 0 }
  let tail: Buffer = Buffer.alloc(0)
  for (const part of parts) {
    tail = Buffer.concat([tail, part])
    for (;;) {
      const { packets, fault, consumed, needed } = decode(module, tail, options)
      const shift = all.consumed
      all.packets.push(...packets.map((packet) => ({ ...packet, start: packet.start + shift })))
      all.consumed += consumed
      all.needed = needed
      tail = tail.subarray(consumed)
      if (fault !== undefined) {
        const { start, position } = fault
        all.fault = { ...fault, start: start + shift, position: position + shift }
        return all
      }
      if (consumed === 0) break
    }
  }
  return all
}

function cutAt(stream: Buffer, random: Random): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0; at < stream.length; ) {
    const end = at + random.between(1, 9)
    parts.push(stream.subarray(at, end))
    at = end
  }
  return parts
}

const test = suite('decode at random')

test('records lie behind each other and end where decode says', () => {
  for (const [stream, options] of streams()) {
    const { packets, fault, consumed, needed } = decode(release, stream, options)
    const title = `${stream.toString('hex')} ${JSON.stringify(options)}`
    assert.ok(packets.length <= RECORDS_MAX && consumed <= stream.length, title)
    let at = 0
    for (const { start, length } of packets) {
      assert.is(start, at, title)
      at += length
    }
    assert.is(consumed, at, title)
    if (fault !== undefined) assert.equal([fault.start, needed], [consumed, 0], title)
    if (fault && fault.length > 0) {
      const inside = fault.position >= fault.start && fault.position <= fault.start + fault.length
      assert.ok(inside, title)
    }
    assert.ok(needed === 0 || needed > stream.length - consumed, title)
  }
})

test('a stream gives the same records however it is cut, on both builds', () => {
  let packets = 0
  let faults = 0
  for (const [stream, options, random] of streams()) {
    const title = `${stream.toString('hex')} ${JSON.stringify(options)}`
    const whole = inParts(release, [stream], options)
    assert.equal(inParts(release, cutAt(stream, random), options), whole, title)
    assert.equal(inParts(debug, [stream], options), whole, title)
    packets += whole.packets.length
    if (whole.fault !== undefined) faults++
  }
  // The streams are neither all refused nor all accepted.
  assert.ok(packets > STREAMS / 2 && faults < STREAMS * 0.8, `${packets}, ${faults}`)
})

test('what is accepted is encoded to a packet of the same fields', () => {
  for (const [stream, options] of streams()) {
    const { packets } = decode(release, stream, options)
    const [first] = packets
    if (first === undefined) continue
    const title = `${stream.toString('hex')} ${JSON.stringify(options)}`
    const version = first.fields.connect?.level ?? options.version
    const size = release.call('encode', RECORDS_START, version, target, ROOM)
    assert.ok(size > 0 && size <= first.length, title)
    const again = Buffer.from(release.bytes.subarray(target, target + size))
    assert.equal(decode(release, again, { version }).packets[0]?.fields, first.fields, title)
  }
})

test.run()
