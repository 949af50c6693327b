// Log lines on the terminal: their form, and what must not get through in a fact that a client
// chose.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog, formatLine } from '../host/cli/log.ts'

const tests = suite('log')
const TIME = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6))

function line(facts: Record<string, unknown>): string {
  return formatLine(TIME, 'info', 'connected', facts)
}

tests('a line is time, level, message, facts', () => {
  const facts = { client: 'ab-1', address: '[::1]:5', version: 5, clean: true }
  const wanted = 'info connected client=ab-1 address=[::1]:5 version=5 clean=true'
  assert.is(line(facts), `2026-01-02T03:04:05.006Z ${wanted}`)
  assert.is(line({}), '2026-01-02T03:04:05.006Z info connected')
})

tests('facts that are undefined are left out, errors are their message', () => {
  const facts = { a: undefined, error: new Error('no luck'), b: null, list: [1, 'x'] }
  const wanted = 'error="no luck" b=null list="[1,\\"x\\"]"'
  assert.is(line(facts), `2026-01-02T03:04:05.006Z info connected ${wanted}`)
})

tests('facts from the network cannot begin a line, forge a fact or steer a terminal', () => {
  for (const [value, wanted] of [
    ['', '""'],
    ['a b', '"a b"'],
    ['a=b', '"a=b"'],
    ['a"b', '"a\\"b"'],
    ['a\nb', '"a\\nb"'],
    ['\u001b[2J', '"\\u001b[2J"'],
    ['\u009b2J', '"\\u009b2J"'],
    ['\u202etxt', '"\\u202etxt"'],
    ['\u2028', '"\\u2028"'],
    ['Grüße/東京/+', 'Grüße/東京/+'],
  ]) {
    assert.is(line({ client: value }), `2026-01-02T03:04:05.006Z info connected client=${wanted}`)
  }
})

tests('only warnings and errors are written unless verbose', () => {
  for (const [verbose, levels] of [
    [false, ['error', 'warn']],
    [true, ['error', 'warn', 'info', 'debug']],
  ] as const) {
    const written: string[] = []
    const log = createLog({ verbose, write: (text) => written.push(text) })
    for (const level of ['error', 'warn', 'info', 'debug'] as const) log(level, 'x', {})
    assert.equal(
      written.map((text) => text.split(' ')[1]),
      [...levels],
    )
  }
})

tests.run()
