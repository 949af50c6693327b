// The README beside the schema: its tables of options are those of the schema, and its examples
// are configurations without mistakes.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkConfig } from '../../host/config/check.ts'
import { SourceDocument } from '../../host/config/document.ts'
import { readReadme } from './table.ts'

const tests = suite('README of the configuration')

tests('its tables are those of the schema', () => {
  const { text, wanted } = readReadme()
  assert.ok(text === wanted, 'README.md differs from the schema: npm run docs:options mends it')
})

tests('its examples in YAML are configurations without mistakes', () => {
  const { text } = readReadme()
  const examples = [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, code]) => `${code}`)
  assert.ok(examples.length > 0)
  for (const example of examples) {
    const document = new SourceDocument('README.md', example, {})
    const read = (path: readonly (string | number)[]): unknown =>
      document.readings.get(JSON.stringify(path))
    assert.equal([...document.mistakes, ...checkConfig(document.value, read).mistakes], [])
  }
})

tests.run()
