// decode: every golden packet whole, cut at every byte and between neighbours; every faulty one
// with its error, reason and position; batches, registers and arguments. On the debug and release
// module.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as codes from '../assembly/codes.ts'
import {
  CONNECT_LEVEL,
  CONNECT_START,
  RECORD_SIZE,
  RECORDS_MAX,
  RECORDS_START,
  REGISTER_CONSUMED,
  REGISTER_NEEDED,
  REMAINING_LENGTH_MAX,
} from '../assembly/layout.ts'
import { FAULTS, type Fault } from './faults.ts'
import { BUILDS, TestModule } from './module.ts'
import { complete, type Decoded, decode, type How, input } from './records.ts'
import { field, hex, packet } from './spec/bytes.ts'
import { type Sender, TYPES, VECTORS, type Vector } from './vectors.ts'

// A packet that the same sender may send before and after any other.
const NEIGHBOURS: Record<Sender, Buffer> = { client: hex('c000'), server: hex('d000') }

/** Where the fixed header ends. */
function headerSize(bytes: Buffer): number {
  const last = bytes.findIndex((byte, i) => i > 0 && byte < 0x80)
  return last + 1
}

function whole(module: TestModule, vector: Vector, how: How): void {
  const bytes = hex(vector.bytes)
  const { packets, fault, consumed, needed } = decode(module, bytes, how)
  assert.is(fault, undefined)
  assert.equal(packets, [{ start: 0, length: bytes.length, fields: complete(vector.fields) }])
  assert.equal([consumed, needed], [bytes.length, 0])
}

/** No part of a packet is a record; what is missing is known once the fixed header is there. */
function cut(module: TestModule, vector: Vector): void {
  const bytes = hex(vector.bytes)
  for (let i = 0; i < bytes.length; i++) {
    const { packets, fault, consumed, needed } = decode(module, bytes.subarray(0, i), vector)
    assert.equal([packets, fault, consumed], [[], undefined, 0])
    assert.is(needed, i < headerSize(bytes) ? 0 : bytes.length, `cut at ${i}`)
  }
}

/** Cut at every byte inside a stream: the first call takes what is before, the second the rest. */
function between(module: TestModule, vector: Vector): void {
  const neighbour = NEIGHBOURS[vector.sender]
  const bytes = hex(vector.bytes)
  const stream = Buffer.concat([neighbour, bytes, neighbour])
  const fields = complete(vector.fields)
  const alone = bytes[0] === 0x10 ? 1 : 2
  for (let i = neighbour.length; i < neighbour.length + bytes.length; i++) {
    const before = decode(module, stream.subarray(0, i), vector)
    assert.equal([before.packets.length, before.consumed], [1, neighbour.length])
    const after = decode(module, stream.subarray(before.consumed), vector)
    assert.is(after.fault, undefined)
    assert.equal(after.packets[0], { start: 0, length: bytes.length, fields })
    assert.is(after.packets.length, alone)
  }
}

function errorCode(name: string): number {
  const error = (codes as Record<string, number>)[`ERROR_${name}`]
  if (error === undefined) throw new Error(`no ERROR_${name}`)
  return error
}

/** Length that the fixed header announces, 0 when it is none. */
function announced(bytes: Buffer): number {
  return bytes.subarray(1, 5).some((byte) => byte < 0x80) ? bytes.length : 0
}

/** The error record that a fault must give when its packet begins at `start`. */
function expected(fault: Fault, start = 0): Decoded['fault'] {
  const bytes = hex(fault.bytes)
  return {
    start,
    length: announced(bytes),
    head: bytes[0] ?? 0,
    error: errorCode(fault.error),
    reason: fault.reason,
    position: start + fault.position,
  }
}

/** Refused alone, behind a neighbour, and, once enough of it is there, cut. */
function refused(module: TestModule, fault: Fault): void {
  const bytes = hex(fault.bytes)
  const alone = decode(module, bytes, fault)
  assert.equal(alone, { packets: [], fault: expected(fault), consumed: 0, needed: 0 })
  for (let i = 0; i < bytes.length; i++) {
    const part = decode(module, bytes.subarray(0, i), fault)
    assert.equal([part.packets, part.consumed], [[], 0])
    if (part.fault !== undefined) assert.equal(part.fault, expected(fault), `cut at ${i}`)
  }
  if (fault.version === 0) return
  const neighbour = NEIGHBOURS[fault.sender ?? 'client']
  const behind = decode(module, Buffer.concat([neighbour, bytes]), fault)
  assert.equal([behind.packets.length, behind.consumed], [1, neighbour.length])
  assert.equal(behind.fault, expected(fault, neighbour.length))
}

/** What is wrong with the first byte, by the tables of the specifications; undefined: nothing. */
function judgeHead(head: number, version: number, sender: Sender | undefined): string | undefined {
  const [type, flags] = [TYPES[head >> 4] ?? '', head & 0x0f]
  if (version === 0 && type !== 'CONNECT') return 'PACKET_TYPE_UNEXPECTED'
  if (type === 'will' || (type === 'AUTH' && version < 5)) return 'MALFORMED_TYPE'
  const senders: Record<string, Sender> = {
    ...{ CONNECT: 'client', SUBSCRIBE: 'client', UNSUBSCRIBE: 'client', PINGREQ: 'client' },
    ...{ CONNACK: 'server', SUBACK: 'server', UNSUBACK: 'server', PINGRESP: 'server' },
    ...(version < 5 ? { DISCONNECT: 'client' } : {}),
  }
  if (sender && sender !== (senders[type] ?? sender)) return 'PACKET_TYPE_UNEXPECTED'
  if (type === 'PUBLISH') {
    if ((flags & 6) === 6) return 'MALFORMED_QOS'
    return flags === 8 || flags === 9 ? 'MALFORMED_DUP' : undefined
  }
  const acknowledged = ['PUBREL', 'SUBSCRIBE', 'UNSUBSCRIBE'].includes(type)
  const right = acknowledged ? (version === 3 ? [2, 10] : [2]) : [0]
  return right.includes(flags) ? undefined : 'MALFORMED_FLAGS'
}

/** The words of a record that no field of `Fields` shows when they are stale. */
function words(module: TestModule, record: number): number[] {
  return Array.from({ length: RECORD_SIZE / 4 }, (_, i) => module.word(record + i * 4))
}

for (const build of BUILDS) {
  const module = new TestModule(build)
  const test = suite(`decode (${build})`)

  for (const vector of VECTORS) {
    test(`${vector.title} is decoded whole, cut and between others`, () => {
      whole(module, vector, vector)
      whole(module, vector, { version: vector.version })
      cut(module, vector)
      between(module, vector)
    })
  }

  for (const fault of FAULTS) {
    test(`${fault.title} is ${fault.error}`, () => refused(module, fault))
  }

  test('a CONNECT sets its own version', () => {
    for (const vector of VECTORS) {
      if (!vector.bytes.startsWith('10')) continue
      for (const version of [0, 3, 4, 5]) whole(module, vector, { version, sender: 'client' })
    }
  })

  test('each first byte is judged by version and sender', () => {
    for (const version of [0, 3, 4, 5]) {
      for (const sender of [undefined, 'client', 'server'] as const) {
        for (let head = 0; head < 256; head++) {
          const bytes = Buffer.from([head, 0x7f])
          const { fault, needed } = decode(module, bytes, { version, ...(sender && { sender }) })
          const error = judgeHead(head, version, sender)
          const title = `${head.toString(16)} in ${version} from ${sender}`
          assert.is(fault?.error, error === undefined ? undefined : errorCode(error), title)
          assert.is(needed, error === undefined ? 129 : 0, title)
        }
      }
    }
  })

  test('the length of an announced packet is known from its fixed header', () => {
    for (const [length, size] of [
      ['7f', 129],
      ['8001', 131],
      ['ff7f', 16386],
      ['808001', 16388],
      ['ffff7f', 2097155],
      ['80808001', 2097157],
      ['ffffff7f', REMAINING_LENGTH_MAX + 5],
    ] as const) {
      const { needed } = decode(module, hex(`30${length}`), { version: 4 })
      assert.is(needed, size)
    }
  })

  test('payloads on both sides of every size of length come whole', () => {
    for (const size of [0, 124, 125, 16380, 16381, 2097148, 2097149]) {
      const bytes = packet(0x30, field('a'), Buffer.alloc(size, 0x80))
      const { packets } = decode(module, bytes, { version: 4 })
      assert.is(packets[0]?.fields.payload.length, size * 2)
    }
  })

  test('a packet over the maximum is refused once its fixed header is there', () => {
    const bytes = packet(0x30, field('a'), Buffer.alloc(200))
    const how = { version: 5, packetSizeMax: bytes.length - 1 }
    const fault = {
      ...{ start: 0, length: bytes.length, head: 0x30, position: 1 },
      ...{ error: codes.ERROR_PACKET_TOO_LARGE, reason: codes.REASON_PACKET_TOO_LARGE },
    }
    for (let i = 3; i <= bytes.length; i++) {
      assert.equal(decode(module, bytes.subarray(0, i), how).fault, fault)
    }
    assert.is(decode(module, bytes.subarray(0, 2), how).fault, undefined)
    assert.is(decode(module, bytes.subarray(0, 9), { version: 5 }).fault, undefined)
    const fitting = { version: 4, packetSizeMax: bytes.length }
    assert.is(decode(module, bytes, fitting).packets.length, 1)
  })

  test('a call ends after as many records as there is room for', () => {
    const stream = hex('c000'.repeat(RECORDS_MAX + 5))
    const first = decode(module, stream, { version: 4 })
    assert.equal([first.packets.length, first.consumed], [RECORDS_MAX, RECORDS_MAX * 2])
    assert.is(first.needed, 0)
    const second = decode(module, stream.subarray(first.consumed), { version: 4 })
    assert.equal([second.packets.length, second.consumed], [5, 10])
  })

  test('a call ends after a CONNECT', () => {
    const connect = hex('100d00044d51545404020000000161')
    const { packets, consumed } = decode(module, Buffer.concat([connect, connect]), { version: 0 })
    assert.equal([packets.length, consumed], [1, connect.length])
  })

  test('a call ends at the first error, which is its last record', () => {
    const stream = hex('c000 3003000161 3600 c000')
    const { packets, fault, consumed } = decode(module, stream, { version: 4 })
    assert.equal([packets.length, fault?.start, consumed], [2, 7, 7])
  })

  test('the level of a refused CONNECT is told as far as it was read', () => {
    for (const [bytes, level] of [
      ['10060004 4d515454', 0],
      ['10070004 4d515454 00', 3],
      ['10070004 4d515454 06', 6],
      ['10080004 4d515454 05 03', 5],
      ['10080004 4d515454 04 03', 4],
      ['100a0006 4d5149736470 03 42', 3],
      ['10070004 4d515458 05', 0],
    ] as const) {
      decode(module, hex('100d00044d51545405020000000000'), { version: 0 })
      assert.ok(decode(module, hex(bytes), { version: 0 }).fault)
      assert.is(module.word(CONNECT_START + CONNECT_LEVEL), level, bytes)
    }
  })

  test('nothing of an earlier record shows in a later one', () => {
    const full = hex('3210 000474657374 0007 07 0101 020000003c')
    const stream = Buffer.concat([full, full])
    assert.is(decode(module, stream, { version: 5 }).packets.length, 2)
    const base = input(module, hex('c000 f000'))
    const start = module.call('decode', base, 4, 5, codes.SENDER_ANY, 0)
    assert.is(start, 2)
    const none = new Array(12).fill(0)
    assert.equal(words(module, RECORDS_START), [0xc0, 0, base, 2, ...none])
    assert.equal(words(module, RECORDS_START + RECORD_SIZE), [0xf0, 0, base + 2, 2, ...none])
    decode(module, stream, { version: 5 })
    input(module, hex('3600'))
    assert.is(module.call('decode', base, 2, 5, codes.SENDER_ANY, 0), 1)
    const words4 = [0x36, codes.ERROR_MALFORMED_QOS, base, 2]
    const rest = [0, 0x81, 0, 0, 0, 0, base, 0, 0, 0, 0, 0]
    assert.equal(words(module, RECORDS_START), [...words4, ...rest])
  })

  test('a range that is no memory is an argument error', () => {
    const base = input(module, hex('c000'))
    const size = module.bytes.length
    for (const [start, length] of [
      [base, -1],
      [base, -2147483648],
      [0, 2],
      [1023, 2],
      [size - 1, 2],
      [size, 1],
      [-1, 1],
      [-2, 2147483647],
    ] as const) {
      assert.is(module.call('decode', start, length, 4, 0, 0), codes.ERROR_ARGUMENT)
      assert.equal([module.word(REGISTER_CONSUMED), module.word(REGISTER_NEEDED)], [0, 0])
    }
    assert.is(module.call('decode', size, 0, 4, 0, 0), 0)
    assert.is(module.call('decode', base, 0, 4, 0, 0), 0)
  })

  test('the last bytes of the memory can be decoded', () => {
    const bytes = hex('3004 0002 6162')
    const start = module.bytes.length - bytes.length
    module.put(bytes, start)
    assert.is(module.call('decode', start, bytes.length, 4, 0, 0), 1)
    module.put(hex('3003 0002 61'), start + 1)
    assert.is(module.call('decode', start + 1, bytes.length - 1, 4, 0, 0), 1)
    assert.is(module.word(RECORDS_START + 4), codes.ERROR_MALFORMED_BOUNDS)
  })

  test.run()
}
