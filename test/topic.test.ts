// The syntax of topic names and filters as the module checks it, on both builds; UTF-8 against
// the platform's strict decoder.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  ERROR_MALFORMED_STRING,
  ERROR_TOPIC_FILTER,
  ERROR_TOPIC_LEVELS,
  ERROR_TOPIC_NAME,
} from '../assembly/codes.ts'
import { SCRATCH_START, TOPIC_LEVELS_MAX } from '../assembly/layout.ts'
import { BUILDS, type Build, TestModule } from './module.ts'

const LONGEST = 'x'.repeat(65535)
const DEEPEST: string = '/'.repeat(TOPIC_LEVELS_MAX - 1)

const TOPICS = ['a', '/', 'a/b', '//', '$SYS/a', ' ', 'a b', '\u0001', '\ufeff', 'ünï/😀', LONGEST]
const FILTERS = ['+', '#', '/#', '+/+', 'a/+/b', '+/a/#', '$SYS/#', '$share', '$sharex/y']
const SHARED = ['$share/g/a', '$share/g/#', '$share/g//', '$share/$/+/x', '$share/g/$share/h']
const FILTERS_BAD = ['a+', '+a', 'a/+b', 'a#', '#a', '#/', 'a/#/b', '##', '++', 'a/b+/c']
const SHARED_BAD = ['$share/', '$share/g', '$share/g/', '$share//a', '$share/+/a', '$share/g#/a']

// Bytes at the borders of what UTF-8 allows. MQTT 5.0 section 1.5.4, RFC 3629.
// biome-ignore format: a table
const STRINGS_BAD = [
  '00', '6100', '80', 'bf', 'c080', 'c1bf', 'c2', 'c241', 'e08080', 'e09fbf', 'e282', 'e28241',
  'eda080', 'edbfbf', 'f0808080', 'f08fbfbf', 'f4908080', 'f5808080', 'f09f98', 'ff', 'fe',
  '616161616161616180', '6161616161616100', '61616161616161c3', '616161616161eda080',
]
const STRINGS_GOOD = [
  '7f',
  'c280',
  'dfbf',
  'e0a080',
  'ed9fbf',
  'ee8080',
  'efbfbf',
  'f0908080',
  'f48fbfbf',
]

type Test = ReturnType<typeof suite>
type Check = (name: string, value: string | Uint8Array) => number

function wildcardsAndLevels(test: Test, check: Check): void {
  test('topic names and filters that are right pass', () => {
    for (const topic of [...TOPICS, DEEPEST]) {
      assert.is(check('check_topic', topic), 0, topic)
      assert.is(check('check_filter', topic), 0, topic)
    }
    for (const filter of [...FILTERS, ...SHARED, `$share/g/${DEEPEST}`]) {
      assert.is(check('check_filter', filter), 0, filter)
    }
  })

  test('empty ones and those of too many levels are refused', () => {
    assert.is(check('check_topic', ''), ERROR_TOPIC_NAME)
    assert.is(check('check_filter', ''), ERROR_TOPIC_FILTER)
    assert.is(check('check_topic', `${DEEPEST}/`), ERROR_TOPIC_LEVELS)
    assert.is(check('check_filter', `${DEEPEST}/`), ERROR_TOPIC_LEVELS)
    assert.is(check('check_filter', `$share/g/${DEEPEST}/`), ERROR_TOPIC_LEVELS)
    assert.is(check('check_topic', `${LONGEST}x`), ERROR_TOPIC_NAME)
    assert.is(check('check_filter', `${LONGEST}x`), ERROR_TOPIC_FILTER)
  })

  test('a wildcard anywhere in a topic name is refused', () => {
    for (const wildcard of ['+', '#']) {
      for (let at = 0; at < 20; at++) {
        const topic = 'levels/of/a/topic/ni'.split('').with(at, wildcard).join('')
        assert.is(check('check_topic', topic), ERROR_TOPIC_NAME, topic)
      }
    }
  })

  test('a wildcard out of place and a bad $share are refused', () => {
    for (const filter of [...FILTERS_BAD, ...SHARED_BAD]) {
      assert.is(check('check_filter', filter), ERROR_TOPIC_FILTER, filter)
    }
  })
}

function characters(test: Test, check: Check): void {
  test('UTF-8 that is not well-formed is refused wherever it stands', () => {
    for (let before = 0; before < 10; before++) {
      for (const [list, expected] of [
        [STRINGS_BAD, ERROR_MALFORMED_STRING],
        [STRINGS_GOOD, 0],
      ] as const) {
        for (const hex of list) {
          const bytes = Buffer.concat([Buffer.alloc(before, 0x61), Buffer.from(hex, 'hex')])
          assert.is(check('check_topic', bytes), expected, hex)
          assert.is(check('check_filter', bytes), expected, hex)
        }
      }
    }
  })

  test('random bytes are judged as the strict decoder of the platform judges them', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    const borders = Buffer.from('61622f00808fbfc1c2dfe0a09fedeff090f4f57f', 'hex')
    let random = 7
    const below = (limit: number): number => {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) | 0
      return (random >>> 9) % limit
    }
    for (let i = 0; i < 50_000; i++) {
      const bytes = Buffer.alloc(1 + below(18))
      for (let at = 0; at < bytes.length; at++) bytes[at] = borders[below(borders.length)] as number
      let valid = !bytes.includes(0)
      try {
        decoder.decode(bytes)
      } catch {
        valid = false
      }
      const hex = bytes.toString('hex')
      assert.is(check('check_topic', bytes), valid ? 0 : ERROR_MALFORMED_STRING, hex)
    }
  })
}

function tests(build: Build): void {
  const test = suite(`topic, ${build} build`)
  const module = new TestModule(build)
  const check: Check = (name, value) => module.call(name, SCRATCH_START, module.put(value))
  wildcardsAndLevels(test, check)
  characters(test, check)
  test.run()
}

for (const build of BUILDS) tests(build)
