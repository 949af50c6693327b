// The example of a whole file: it can be used as it is, it changes nothing, it has every key, and
// what stands behind a # in it is of the right kind.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exampleYaml } from '../../host/config/example.ts'
import { rawSchema } from '../../host/config/jsonschema.ts'
import { DEFAULTS } from '../../host/config/options.ts'
import { mistakesIn, read } from './kit.ts'
import { sectionsOf } from './table.ts'

const tests = suite('example of a configuration')
const example = exampleYaml()
const whole = example.replace(/^#(?!#)/gm, '')

tests('it has no mistakes, and says what holds without it', () => {
  assert.equal(mistakesIn(example), [])
  const { admin, log, ...options } = read(example)
  const { clock: _clock, data: _data, log: _log, ...defaults } = DEFAULTS
  assert.equal(options, defaults)
  assert.equal(admin, { port: 18083 })
  const lines = { format: 'pretty', destinations: ['stderr'], timestamp: true, connections: true }
  assert.equal(log, lines)
})

tests('with every # taken away, it is wrong only in keys that exclude each other', () => {
  const mistakes = mistakesIn(whole)
  assert.equal(
    mistakes.filter((mistake) => / expected |not a key|not YAML/.test(mistake)),
    [],
  )
  assert.ok(mistakes.length > 5)
})

tests('every key of the schema is in it', () => {
  const root = rawSchema()
  const keys = new Set([...whole.matchAll(/^[ -]*(\w+):/gm)].map(([, key]) => `${key}`))
  const wanted = sectionsOf(root, root, '').flatMap(({ path, schema }) =>
    path === 'log.destinations[]' ? [] : Object.keys(schema.properties ?? {}),
  )
  assert.equal(
    wanted.filter((key) => !keys.has(key)),
    [],
  )
})

tests('lines fit on a screen', () => {
  assert.equal(
    example.split('\n').filter((line) => line.length > 100),
    [],
  )
})

tests.run()
