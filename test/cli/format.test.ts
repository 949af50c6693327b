// The parts of `wasmqtt sub`'s output by themselves: strftime beside date(1), JSON's numbers and
// strings, formats that are refused, filters.

import { execFileSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkFormat, createPrinter, type Received } from '../../host/cli/client/format.ts'
import { parseJson, printJson } from '../../host/cli/client/json.ts'
import { addProperty, type PropertyTable } from '../../host/cli/client/properties.ts'
import { strftime } from '../../host/cli/client/strftime.ts'
import { filterMatches, isTopicFilter, isTopicName } from '../../host/cli/client/topics.ts'

const tests = suite('sub: formats')

const LETTERS = [...'aAbBcCdDeFgGhHIjklmMpPrRsSTuUVwWxXyYz']
/** Seconds: ends of years and of ISO years, a leap day, noon, midnight, either side of a change. */
const MOMENTS = [
  ...[0, 1_104_537_600, 1_230_768_000, 1_293_839_999, 1_456_704_000, 1_483_228_799],
  ...[1_609_459_200, 1_616_893_199, 1_616_893_200, 1_640_995_199, 1_700_000_000, 1_735_646_400],
]

tests('strftime is date’s, letter by letter, in zones of either sign', () => {
  const zone = process.env.TZ
  try {
    for (const name of ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu']) {
      process.env.TZ = name
      const format = LETTERS.map((letter) => `%${letter}`).join('|')
      for (const seconds of MOMENTS) {
        const environment = { ...process.env, LC_ALL: 'C' }
        const args = ['-d', `@${seconds}`, `+${format}`]
        const theirs = execFileSync('date', args, { env: environment, encoding: 'utf8' })
        const time = new Date(seconds * 1000)
        const ours = LETTERS.map((letter) => strftime(letter, time)).join('|')
        assert.is(`${ours}\n`, theirs, `${name} ${seconds}`)
      }
    }
  } finally {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  }
})

const NUMBERS: Record<string, string> = {
  '27.0': '27',
  '-0': '0',
  '0.1': '0.1',
  '1e3': '1000',
  '2147483648': '2147483648',
  '12345678901234567890': '1.2345678901234567e+19',
  '0.00001': '1e-05',
  '1.5e-7': '1.5e-07',
  '123456789.125': '123456789.125',
  '0.30000000000000004': '0.3',
  '1e999': 'null',
}

for (const [written, printed] of Object.entries(NUMBERS)) {
  tests(`%J prints the number ${written} as ${printed}`, () => {
    const json = parseJson(Buffer.from(` [${written}] `))
    assert.is(json && printJson(json), `[${printed}]`)
  })
}

for (const text of ['', '{', '[1,]', '{"a"}', 'nul', '01', '"\n"', '1 2']) {
  tests(`${JSON.stringify(text)} is not JSON`, () => {
    assert.is(parseJson(Buffer.from(text)), undefined)
  })
}

const MESSAGE: Received = {
  topic: 'a/b',
  payload: Buffer.from([0xff, 0x00, 0x0a]),
  qos: 1,
  retain: false,
  id: 7,
  time: new Date(0),
}

tests('a payload that is no text passes unchanged, in JSON too', () => {
  const complain = (text: string): void => assert.unreachable(text)
  const options = { verbose: false, endOfLine: true, pretty: false, complain }
  const bytes = (format: string): string =>
    createPrinter({ ...options, format })(MESSAGE).toString('latin1')
  assert.is(bytes('%p'), '\xff\0\n\n')
  assert.is(bytes('%5p|%-5p'), '  \xff\0\n|\xff\0\n  \n')
  assert.ok(bytes('%j').includes('"payload":"\xff\\u0000\\n"'))
  assert.is(bytes('%9x|%09X|%-9x|%2x|%m'), '   ff000a|000FF000A|ff000a   |ff|7\n')
})

for (const format of ['%', '%-', '%0', '%5', '%5.', '@', '\\', '%k', '\\z', '%5z']) {
  tests(`the format ${JSON.stringify(format)} is refused`, () => {
    assert.throws(() => checkFormat(format), /^Error: (Incomplete|Invalid) /)
  })
}

tests('filters match as the specification says, names have no wildcards', () => {
  const pairs: [filter: string, topic: string, matches: boolean][] = [
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/+', 'a', false],
    ['a/+', 'a/', true],
    ['+/b', 'a/b', true],
    ['#', '$SYS/a', false],
    ['$SYS/#', '$SYS/a', true],
    ['a', 'a/b', false],
    ['a/b', 'a', false],
  ]
  for (const [filter, topic, matches] of pairs) {
    assert.is(filterMatches(filter, topic), matches, `${filter} ${topic}`)
  }
  for (const filter of ['', 'a#', 'a/#/b', 'a+/b', 'a\0']) assert.not(isTopicFilter(filter), filter)
  for (const topic of ['', 'a/+', '#', 'a\0']) assert.not(isTopicName(topic), topic)
})

tests('properties of -D become those of the packet, each once', () => {
  const table: PropertyTable = {}
  assert.is(addProperty(table, ['publish', 'message-expiry-interval', '60', '-m']), 3)
  assert.is(addProperty(table, ['PUBLISH', 'user-property', 'a', '1', '-m']), 4)
  addProperty(table, ['publish', 'user-property', 'a', '2'])
  addProperty(table, ['will', 'correlation-data', 'x'])
  const { userProperties, ...publish } = table.publish ?? {}
  assert.equal(publish, { messageExpiryInterval: 60 })
  assert.equal({ ...(userProperties as object) }, { a: ['1', '2'] })
  assert.equal(table.will, { correlationData: Buffer.from('x') })
  for (const words of [
    ['publish', 'message-expiry-interval', '60'],
    ['publish', 'topic-alias', '65536'],
    ['publish', 'user-property', 'a'],
    ['connect', 'request-problem-information', '2'],
    ['puback', 'reason-string', 'x'],
    ['connect', 'toString', 'x'],
  ]) {
    assert.throws(() => addProperty(table, words), /^Error/)
  }
})

tests.run()
