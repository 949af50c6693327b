// Random files, seeded: whatever they hold, they are a configuration or have mistakes in lines with
// a place; and a configuration is one again when it is written and read.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the file, not of the test

import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError } from '../../host/config/error.ts'
import { rawSchema } from '../../host/config/jsonschema.ts'
import { toYaml } from '../../host/config/write.ts'
import { readConfig } from '../../host/config/yaml.ts'
import { write } from './kit.ts'
import { sectionsOf } from './table.ts'

const tests = suite('random configuration files')
const RUNS = { seed: 5, numRuns: 80 }

const root = rawSchema()
const KEYS = [
  ...new Set(
    sectionsOf(root, root, '').flatMap(({ schema }) => Object.keys(schema.properties ?? {})),
  ),
  ...['', '__proto__', 'constructor', 'qosmax', '<<', 'a b', '\n'],
]
const WORDS = [
  'mqtt',
  'ws',
  'jwt',
  '*',
  '/x',
  '3.1',
  'required',
  'allow',
  '${A}',
  '$${',
  'v2',
  'disk',
]
const SCALARS = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.constantFrom(0, 1, 1883, -1, 1.5, 1e300),
  fc.boolean(),
  fc.constant(null),
  fc.string({ maxLength: 5 }),
)
const { value: VALUES } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    SCALARS,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('value'), { maxKeys: 6 }),
  ),
}))

/** Fails on any other error, and on a mistake without place. */
function tryFile(text: string): void {
  const file = write(text)
  try {
    const config = readConfig(file, { A: '1' })
    assert.equal(readConfig(write(toYaml(config)), {}), config)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    assert.ok(error.lines.length > 0)
    for (const line of error.lines) {
      assert.match(line, /^[^\n]*wasmqtt\.yaml(:\d+:\d+)?: [^\n]+$/)
    }
  }
}

tests('objects of known keys and any values', () => {
  const files = fc.dictionary(fc.constantFrom(...KEYS), VALUES, { maxKeys: 8 })
  fc.assert(
    fc.property(files, (value) => tryFile(JSON.stringify(value))),
    RUNS,
  )
})

tests('listeners of known keys and any values', () => {
  const listener = fc.dictionary(fc.constantFrom(...KEYS), VALUES, { maxKeys: 8 })
  const files = fc.array(listener, { maxLength: 3 })
  fc.assert(
    fc.property(files, (listeners) => tryFile(JSON.stringify({ listeners }))),
    RUNS,
  )
})

tests('options of the right kind', () => {
  const files = fc.record(
    {
      qosMax: fc.constantFrom(0, 1, 2),
      clientIdPrefix: fc.string({ unit: 'binary', maxLength: 20 }),
      responseInformation: fc.constantFrom(...WORDS, '${', '#', '\u0085', '\u2028', ' a', 'a\n'),
      keepAliveFactor: fc.double({ min: 1, max: 100, noNaN: true }),
      anonymous: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(files, (value) => tryFile(toYaml(value as object))),
    RUNS,
  )
})

tests('characters of YAML in any order', () => {
  const letters = fc.constantFrom(...'abq: -[]{}#&*!|>\'"%@`?,\n\t$~<0.1\\\u0000'.split(''))
  const texts = fc.array(letters, { maxLength: 40 })
  fc.assert(
    fc.property(texts, (parts) => tryFile(parts.join(''))),
    { ...RUNS, numRuns: 1000 },
  )
})

tests.run()
