// UTF-8 as MQTT wants it, held against Node's own check: all code points, all sequences of two
// bytes, the edges of longer ones, at every place in a word of eight bytes. Topics are judged by a
// loop of their own, so everything is asked twice: as a text and as a topic name. On both builds.

import { isUtf8 } from 'node:buffer'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ERROR_MALFORMED_STRING, ERROR_TOPIC_NAME } from '../assembly/codes.ts'
import { BUILDS, TestModule } from './module.ts'
import { input } from './records.ts'

function isText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && !bytes.includes(0)
}

/** Sequences around every edge of table 3-7 of the Unicode Standard, and all of up to two bytes. */
function* sequences(): Generator<number[]> {
  for (let first = 0; first < 256; first++) {
    yield [first]
    for (let second = 0; second < 256; second++) yield [first, second]
  }
  const seconds = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff]
  const others = [0x00, 0x7f, 0x80, 0xbf, 0xc0]
  for (let first = 0xc0; first < 256; first++) {
    for (const second of seconds) {
      for (const third of others) {
        yield [first, second, third]
        for (const fourth of others) yield [first, second, third, fourth]
      }
    }
  }
}

for (const build of BUILDS) {
  const module = new TestModule(build)
  const test = suite(`utf8 (${build})`)
  const base = input(module, Buffer.alloc(65536))

  /** Answers of check_text and check_topic for the bytes, written at `start`. */
  const ask = (bytes: Uint8Array, start = base): [boolean, number] => {
    module.put(bytes, start)
    const text = module.call('check_text', start, bytes.length) === 1
    return [text, module.call('check_topic', start, bytes.length)]
  }
  const agree = (bytes: Uint8Array, start = base): void => {
    const right = isText(bytes)
    const wildcard = bytes.includes(0x23) || bytes.includes(0x2b)
    const [text, topic] = ask(bytes, start)
    if (text === right && (wildcard ? topic < 0 : (topic === 0) === right)) return
    assert.unreachable(`${Buffer.from(bytes).toString('hex')}: ${text}, ${topic}`)
  }

  test('every code point but U+0000 and the surrogates is text', () => {
    for (let from = 1; from < 0x110000; from += 4096) {
      const points = Array.from({ length: 4096 }, (_, i) => from + i)
      const scalars = points.filter((x) => x < 0x110000 && (x < 0xd800 || x > 0xdfff))
      const names = scalars.filter((x) => x !== 0x23 && x !== 0x2b && x !== 0x2f)
      const text = Buffer.from(scalars.map((x) => String.fromCodePoint(x)).join(''))
      const topic = Buffer.from(names.map((x) => String.fromCodePoint(x)).join(''))
      assert.is(ask(text)[0], true)
      if (topic.length > 0) assert.is(ask(topic)[1], 0)
    }
  })

  test('no surrogate is text', () => {
    for (let point = 0xd800; point <= 0xdfff; point++) {
      const bytes = [0xed, 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f)]
      assert.equal(ask(Buffer.from(bytes)), [false, ERROR_MALFORMED_STRING])
    }
  })

  test('every sequence is judged as Node judges it', () => {
    for (const bytes of sequences()) agree(Buffer.from(bytes))
  })

  test('a sequence is judged alike at every place in a text', () => {
    const edges = ['00', '7f', 'c280', 'c180', 'df', 'e0a080', 'e09f80', 'ed9fbf', 'eda080']
    edges.push('efbfbf', 'f0908080', 'f08fbfbf', 'f48fbfbf', 'f4908080', 'f09f9a', '80', '23', '2b')
    for (const edge of edges) {
      const bytes = Buffer.from(edge, 'hex')
      for (let before = 0; before <= 17; before++) {
        for (let after = 0; after <= 17; after++) {
          const text = Buffer.alloc(before + bytes.length + after, 'x')
          bytes.copy(text, before)
          agree(text)
        }
      }
    }
  })

  test('a wildcard is told from bytes that are no text', () => {
    assert.equal(ask(Buffer.from('sensors/+')), [true, ERROR_TOPIC_NAME])
    assert.equal(ask(Buffer.from('sensors/\0')), [false, ERROR_MALFORMED_STRING])
  })

  test('an empty string is text and no topic', () => {
    assert.equal(ask(Buffer.alloc(0)), [true, ERROR_TOPIC_NAME])
  })

  test('nothing behind the end is read', () => {
    const end = module.bytes.length
    for (let length = 1; length <= 9; length++) {
      agree(Buffer.alloc(length, 'x'), end - length)
      module.bytes.fill(0, base, base + 32)
      agree(Buffer.alloc(length, 'x'))
      module.bytes.fill(0xff, base, base + 32)
      agree(Buffer.alloc(length, 'x'))
    }
  })

  test.run()
}
