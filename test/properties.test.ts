// The properties of MQTT 5: where each may stand, how often, from whom and with which values, all
// from the table in test/vectors.ts; and `properties` and `encode_properties`, which list and write
// them. On both builds.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as codes from '../assembly/codes.ts'
import {
  PROPERTIES_MAX,
  PROPERTIES_START,
  PROPERTY_LENGTH,
  PROPERTY_SECOND_LENGTH,
  PROPERTY_SECOND_START,
  PROPERTY_SIZE,
  PROPERTY_VALUE,
  RECORD_OWN,
  REGISTER_PROPERTIES_NEXT,
  REMAINING_LENGTH_MAX,
  SCRATCH_START,
} from '../assembly/layout.ts'
import { BUILDS, TestModule } from './module.ts'
import { decode, input, readEntries, Shelf, writeEntries } from './records.ts'
import { hex, packet, u16 } from './spec/bytes.ts'
import type { Entry, Kind, Sender } from './vectors.ts'
import { beside, carry, PROPERTIES, senderOf, TYPES, wireProperty } from './vectors.ts'

const PLACES = TYPES.filter((type) => !type.startsWith('PING'))
const ZERO: Record<Kind, Entry[1]> = {
  ...{ byte: 0, two: 0, four: 0, varint: 0, text: '', binary: '', pair: ['', ''] },
}
const MALFORMED = codes.REASON_MALFORMED_PACKET
const PROTOCOL = codes.REASON_PROTOCOL_ERROR
const OK = [undefined, undefined]

for (const build of BUILDS) {
  const module = new TestModule(build)
  const test = suite(`properties (${build})`)

  /** Error and reason of a packet with these properties. */
  const judge = (place: string, entries: readonly Entry[], sender?: Sender): unknown[] => {
    const [bytes] = carry(place, entries)
    const { fault } = decode(module, bytes, { version: 5, ...(sender && { sender }) })
    return [fault?.error, fault?.reason]
  }

  test('a property may stand in the packets of its row and in no other', () => {
    for (let id = 0; id < 256; id++) {
      const row = PROPERTIES.find((property) => property[0] === id)
      for (const place of PLACES) {
        const value = row?.[3] ?? 0
        const allowed = row?.[2].split(' ').includes(place)
        const error = row ? codes.ERROR_PROPERTY_FORBIDDEN : codes.ERROR_PROPERTY_UNKNOWN
        const answer = judge(place, [...beside(id, place), [id, value]])
        assert.equal(answer, allowed ? OK : [error, MALFORMED], `${id} in ${place}`)
      }
    }
  })

  test('three properties are for one sender only', () => {
    for (const [id, place, sender] of [
      [0x0b, 'PUBLISH', 'server'],
      [0x1c, 'DISCONNECT', 'server'],
      [0x11, 'DISCONNECT', 'client'],
    ] as const) {
      const value = PROPERTIES.find((property) => property[0] === id)?.[3] ?? 0
      const other = sender === 'client' ? 'server' : 'client'
      assert.equal(judge(place, [[id, value]], sender), OK)
      const refusal = [codes.ERROR_PROPERTY_FORBIDDEN, PROTOCOL]
      assert.equal(judge(place, [[id, value]], other), refusal)
    }
  })

  for (const [id, kind, places, value] of PROPERTIES) {
    const name = `property ${id.toString(16)}`

    test(`${name} may ${id === 0x26 ? '' : 'not '}be there twice`, () => {
      for (const place of places.split(' ')) {
        const sender = senderOf(id, place)
        const twice: Entry[] = [...beside(id, place), [id, value ?? 0], [id, value ?? 0]]
        const many = id === 0x26 || (id === 0x0b && place === 'PUBLISH')
        const refusal = [codes.ERROR_PROPERTY_DUPLICATE, PROTOCOL]
        assert.equal(judge(place, twice, sender), many ? OK : refusal, place)
      }
    })

    test(`${name} has the values of its type, and 0 where it has a meaning`, () => {
      for (const place of places.split(' ')) {
        const sender = senderOf(id, place)
        const refusal =
          id === 0x23
            ? [codes.ERROR_TOPIC_ALIAS, codes.REASON_TOPIC_ALIAS_INVALID]
            : [0x08, 0x0b, 0x21, 0x27].includes(id)
              ? [id === 0x08 ? codes.ERROR_TOPIC_NAME : codes.ERROR_PROPERTY_VALUE, PROTOCOL]
              : OK
        const answer = judge(place, [...beside(id, place), [id, ZERO[kind]]], sender)
        assert.equal(answer, refusal, place)
      }
      if (kind !== 'byte') return
      const [place = ''] = places.split(' ')
      for (const value of [2, 3, 127, 128, 255]) {
        assert.equal(judge(place, [[id, value]]), [codes.ERROR_PROPERTY_VALUE, PROTOCOL])
      }
    })

    test(`${name} cut anywhere does not fit its block`, () => {
      const [place = ''] = places.split(' ')
      const whole = wireProperty([id, value ?? 0])
      for (let size = 1; size < whole.length; size++) {
        const base = input(module, whole.subarray(0, size))
        assert.is(module.call('properties', base, size), codes.ERROR_MALFORMED_BOUNDS)
      }
      // The last byte of the property is the first behind the block.
      const [bytes] = carry(place, [...beside(id, place), [id, value ?? 0]])
      const all = Buffer.concat(
        [...beside(id, place), [id, value ?? 0] as Entry].map((entry) => wireProperty(entry)),
      )
      const at = bytes.lastIndexOf(
        Buffer.concat([hex(all.length.toString(16).padStart(2, '0')), all]),
      )
      bytes[at] = all.length - 1
      const how = { version: 5, sender: senderOf(id, place) }
      const error = decode(module, bytes, how).fault?.error
      assert.is(error, codes.ERROR_MALFORMED_BOUNDS)
    })
  }

  test('authentication data stand beside a method', () => {
    for (const place of ['CONNECT', 'CONNACK', 'AUTH']) {
      const refusal = [codes.ERROR_ENHANCED_AUTHENTICATION, PROTOCOL]
      assert.equal(judge(place, [[0x16, '00']]), refusal)
      const reversed: Entry[] = [
        [0x16, '00'],
        [0x15, '58'],
      ]
      assert.equal(judge(place, reversed), OK)
    }
  })

  test('more properties than one call lists come in several', () => {
    const pair = wireProperty([0x26, ['61', '62']])
    const count = PROPERTIES_MAX * 2 + 1
    const bytes = Buffer.concat(new Array(count).fill(pair))
    const base = input(module, bytes)
    assert.is(module.call('properties', base, bytes.length), PROPERTIES_MAX)
    assert.is(module.word(REGISTER_PROPERTIES_NEXT), base + PROPERTIES_MAX * pair.length)
    module.setWord(RECORD_OWN, base)
    module.setWord(RECORD_OWN + 4, bytes.length)
    const entries = readEntries(module, RECORD_OWN)
    assert.equal(entries, new Array(count).fill([0x26, ['61', '62']]))
    assert.is(module.word(REGISTER_PROPERTIES_NEXT), base + bytes.length)
  })

  test('words that an entry does not use are 0', () => {
    const whole = wireProperty([0x26, ['61', '62']])
    const first = input(module, whole)
    assert.is(module.call('properties', first, whole.length), 1)
    const second = input(module, hex('0101'))
    assert.is(module.call('properties', second, 2), 1)
    const words = [0, 4, 8, 12, 16].map((offset) => module.word(PROPERTIES_START + offset))
    assert.equal(words, [1, 1, 0, 0, 0])
  })

  test('listing stops without a trap at bytes that decode never saw', () => {
    const base = input(module, hex('0400'))
    assert.is(module.call('properties', base, 2), codes.ERROR_PROPERTY_UNKNOWN)
    assert.is(module.call('properties', base, 0), 0)
    assert.is(module.call('properties', base, -1), codes.ERROR_ARGUMENT)
    assert.is(module.call('properties', module.bytes.length - 1, 2), codes.ERROR_ARGUMENT)
  })

  const all: Entry[] = PROPERTIES.flatMap(([id, , , ...values]) =>
    values.map((value): Entry => [id, value]),
  )
  const wire = Buffer.concat(all.map((entry) => wireProperty(entry)))
  const target = module.call('allocate', 4096)
  const write = (count: number, room: number): number =>
    module.call('encode_properties', count, target, room)
  const fill = (entries: readonly Entry[]): void =>
    writeEntries(module, new Shelf(module, SCRATCH_START), entries)

  test('entries are written as they were listed', () => {
    fill(all)
    assert.is(write(all.length, wire.length), wire.length)
    assert.equal(Buffer.from(module.bytes.subarray(target, target + wire.length)), wire)
    module.setWord(RECORD_OWN, target)
    module.setWord(RECORD_OWN + 4, wire.length)
    assert.equal(readEntries(module, RECORD_OWN), all)
    assert.is(write(all.length, 4096), wire.length)
    assert.is(write(0, 0), 0)
  })

  test('entries that do not fit are not written', () => {
    fill(all)
    module.bytes.fill(0xa5, target, target + 4096)
    for (let room = 0; room < wire.length; room++) {
      assert.is(write(all.length, room), codes.ERROR_NO_ROOM)
    }
    assert.ok(module.bytes.subarray(target, target + 4096).every((byte) => byte === 0xa5))
  })

  test('entries that are no properties are argument errors', () => {
    const [first, second] = [PROPERTIES_START, PROPERTIES_START + PROPERTY_SIZE]
    for (const [address, value] of [
      [first, 0x04],
      [first, 0x2b],
      [first, -1],
      [second + PROPERTY_VALUE, -1],
      [second + PROPERTY_VALUE, REMAINING_LENGTH_MAX + 1],
      [second + PROPERTY_SIZE + PROPERTY_VALUE, module.bytes.length],
      [second + PROPERTY_SIZE + PROPERTY_LENGTH, -1],
      [second + PROPERTY_SIZE + PROPERTY_LENGTH, 65536],
      [second + PROPERTY_SIZE * 2 + PROPERTY_SECOND_START, -1],
      [second + PROPERTY_SIZE * 2 + PROPERTY_SECOND_LENGTH, 65536],
    ] as const) {
      fill([
        [0x01, 1],
        [0x0b, 1],
        [0x03, '61'],
        [0x26, ['61', '62']],
      ])
      assert.ok(write(4, 4096) > 0)
      module.setWord(address, value)
      assert.is(write(4, 4096), codes.ERROR_ARGUMENT)
    }
    assert.is(write(-1, 4096), codes.ERROR_ARGUMENT)
    assert.is(write(PROPERTIES_MAX + 1, 4096), codes.ERROR_ARGUMENT)
    assert.is(write(1, -1), codes.ERROR_ARGUMENT)
    const end = module.bytes.length
    assert.is(module.call('encode_properties', 1, end - 1, 2), codes.ERROR_ARGUMENT)
  })

  test('properties of more than 127 bytes have a length of two', () => {
    const entries: Entry[] = [[0x1f, '61'.repeat(200)]]
    const bytes = packet(0x40, u16(1), hex('10'), hex('cb01'), wireProperty(entries[0] as Entry))
    const { packets } = decode(module, bytes, { version: 5 })
    assert.equal(packets[0]?.fields.entries, entries)
  })

  test.run()
}
