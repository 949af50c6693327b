// encode: the record of every golden packet gives the packet again, and so do its fields put
// together by hand; targets too small and records that are no packets are refused. On both builds.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ERROR_ARGUMENT, ERROR_NO_ROOM } from '../assembly/codes.ts'
import {
  CONNECT_LEVEL,
  CONNECT_START,
  RECORD_HEAD,
  RECORD_OWN,
  RECORD_PAYLOAD_LENGTH,
  RECORD_PAYLOAD_START,
  RECORD_PROPERTIES_LENGTH,
  RECORD_TOPIC_LENGTH,
  RECORD_TOPIC_START,
  RECORDS_START,
  REMAINING_LENGTH_MAX,
} from '../assembly/layout.ts'
import { BUILDS, TestModule } from './module.ts'
import { complete, decode, writeFields } from './records.ts'
import { field, hex, packet } from './spec/bytes.ts'
import { VECTORS, type Vector } from './vectors.ts'

const ROOM = 1024 // more than any golden packet takes
const UNTOUCHED = 0xa5

for (const build of BUILDS) {
  const module = new TestModule(build)
  const test = suite(`encode (${build})`)
  const target = module.call('allocate', ROOM)

  /** What encode writes, given exactly as much room; it must touch nothing around it. */
  const encode = (record: number, version: number, room = ROOM): Buffer => {
    module.bytes.fill(UNTOUCHED, target, target + ROOM)
    const size = module.call('encode', record, version, target, room)
    assert.ok(size >= 2, `encode answered ${size}`)
    assert.ok(module.bytes.subarray(target + size, target + ROOM).every((x) => x === UNTOUCHED))
    return Buffer.from(module.bytes.subarray(target, target + size))
  }
  const shortest = ({ canonical, bytes }: Vector): Buffer => hex(canonical ?? bytes)

  for (const vector of VECTORS) {
    test(`${vector.title} is encoded from its record and from its fields`, () => {
      const wire = shortest(vector)
      decode(module, hex(vector.bytes), vector)
      assert.equal(encode(RECORDS_START, vector.version, wire.length), wire)
      const record = writeFields(module, complete(vector.fields))
      assert.equal(encode(record, vector.version), wire)
      const { packets } = decode(module, wire, vector)
      assert.equal(packets[0]?.fields, complete(vector.fields))
    })

    test(`${vector.title} does not fit less room`, () => {
      const wire = shortest(vector)
      decode(module, hex(vector.bytes), vector)
      module.bytes.fill(UNTOUCHED, target, target + ROOM)
      for (let room = 0; room < wire.length; room++) {
        const error = module.call('encode', RECORDS_START, vector.version, target, room)
        assert.is(error, ERROR_NO_ROOM)
      }
      assert.ok(module.bytes.subarray(target, target + ROOM).every((x) => x === UNTOUCHED))
    })
  }

  const publish = complete({ head: 0x30, topic: 'a', payload: '78' })
  const refused = (version: number, change: () => void): void => {
    const record = writeFields(module, publish)
    change()
    assert.is(module.call('encode', record, version, target, ROOM), ERROR_ARGUMENT)
  }
  const set = (offset: number, value: number) => (): void => {
    module.setWord(RECORD_OWN + offset, value)
  }

  test('payloads on both sides of every size of length come whole', () => {
    for (const size of [124, 125, 16380, 16381, 2097148, 2097149]) {
      const wire = packet(0x30, field('a'), Buffer.alloc(size, 0x7f))
      decode(module, wire, { version: 4 })
      const start = module.call('allocate', wire.length)
      assert.is(module.call('encode', RECORDS_START, 4, start, wire.length), wire.length)
      assert.ok(wire.equals(module.bytes.subarray(start, start + wire.length)))
      module.call('free', start)
    }
  })

  test('a record of type 0 is no packet', () => refused(4, set(RECORD_HEAD, 0)))

  test('a record whose ranges are no memory or too long is no packet', () => {
    const end = module.bytes.length
    refused(4, set(RECORD_TOPIC_LENGTH, 65536))
    refused(4, set(RECORD_TOPIC_LENGTH, -1))
    refused(4, set(RECORD_TOPIC_START, end))
    refused(4, set(RECORD_TOPIC_START, -1))
    refused(4, set(RECORD_PAYLOAD_LENGTH, -1))
    refused(4, set(RECORD_PAYLOAD_LENGTH, end))
    refused(4, set(RECORD_PAYLOAD_LENGTH, 2147483647))
    refused(4, set(RECORD_PAYLOAD_LENGTH, REMAINING_LENGTH_MAX + 1))
    refused(4, set(RECORD_PAYLOAD_START, end))
    refused(5, set(RECORD_PROPERTIES_LENGTH, end))
    refused(5, set(RECORD_PROPERTIES_LENGTH, -1))
  })

  test('a CONNECT of an unknown level is no packet', () => {
    decode(module, hex('100e00044d5154540502003c00000161'), { version: 0 })
    for (const level of [0, 2, 6, -1]) {
      module.setWord(CONNECT_START + CONNECT_LEVEL, level)
      assert.is(module.call('encode', RECORDS_START, 5, target, ROOM), ERROR_ARGUMENT)
    }
  })

  test('a record or target that is no memory is an argument error', () => {
    const record = writeFields(module, publish)
    const end = module.bytes.length
    assert.is(module.call('encode', end - 60, 4, target, ROOM), ERROR_ARGUMENT)
    assert.is(module.call('encode', -1, 4, target, ROOM), ERROR_ARGUMENT)
    assert.is(module.call('encode', record, 4, end - 4, 5), ERROR_ARGUMENT)
    assert.is(module.call('encode', record, 4, target, -1), ERROR_ARGUMENT)
  })

  test.run()
}
