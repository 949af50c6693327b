// That the report finds what it is there to find, and that today it finds nothing. No test of a
// chapter runs here: their titles are enough.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Covering, cover, total } from './coverage.ts'
import { report } from './report.ts'
import { both, client, type Row, type Statement, server } from './statement.ts'
import { STATEMENTS } from './statements.ts'

const test = suite('spec: report')

const of = (...rows: Row[]): Statement[] => rows.map((row) => ({ ...row, version: '5.0' }))
const named = (title: string, version: '3.1.1' | '5.0' = '5.0'): Covering => {
  return { version, file: 'spec/x.test.ts', title }
}

test('every statement that binds a server has a test or a reason; every tag exists', async () => {
  assert.equal((await report()).problems, [])
})

test('all statements of both versions are listed: 141 and 251', () => {
  const count = (version: string): number => {
    return new Set(STATEMENTS.filter((each) => each.version === version).map(({ tag }) => tag)).size
  }
  assert.equal([count('3.1.1'), count('5.0'), STATEMENTS.length], [141, 251, 392])
})

test('a title covers each tag it names, in its own version only', () => {
  const rows = of(server('MQTT-1.0.0-1', 'a'), both('MQTT-1.0.0-2', 'b'))
  const { lines, problems } = cover(rows, [named('fact [MQTT-1.0.0-1, MQTT-1.0.0-2]')])
  assert.equal(problems, [])
  assert.equal(total(lines, '5.0'), { binding: 2, tested: 2, untestable: 0, clients: 0 })
  assert.is(cover(rows, [named('fact [MQTT-1.0.0-1]', '3.1.1')]).problems.length, 3)
})

test('a tag that does not exist is a problem', () => {
  assert.equal(cover([], [named('fact [MQTT-9.9.9-9]')]).problems, [
    'spec/x.test.ts names MQTT-9.9.9-9, which MQTT 5.0 has not: fact [MQTT-9.9.9-9]',
  ])
})

test('a server statement without a test is a problem, a client statement is none', () => {
  const rows = of(server('MQTT-1.0.0-1', 'a'), client('MQTT-1.0.0-2', 'b'))
  assert.equal(cover(rows, []).problems, ['5.0 MQTT-1.0.0-1 has neither a test nor a reason'])
})

test('a reason stands for a test, but not beside one', () => {
  const rows = of(server('MQTT-1.0.0-1', 'a', { untestable: 'because' }))
  assert.equal(cover(rows, []).problems, [])
  assert.equal(cover(rows, [named('fact [MQTT-1.0.0-1]')]).problems, [
    '5.0 MQTT-1.0.0-1 has tests and a reason for none',
  ])
})

test('a statement listed twice is a problem', () => {
  const row = client('MQTT-1.0.0-1', 'a')
  assert.equal(cover(of(row, row), []).problems, ['5.0 MQTT-1.0.0-1 is listed twice'])
})

test.run()
