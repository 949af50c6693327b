// The examples of the library in the README and in host/aedes/README.md, run as they stand against
// the built package: each prints what its comments say, in their order.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../source.ts'

const PATIENCE_MS = 30_000
const SECTION = 'As a library'

// Inside the package, so that it finds itself by its name.
const folder = mkdtempSync(join(ROOT, 'dist', 'library-'))

const test = suite('examples of the library')

function examples(): { title: string; code: string }[] {
  const general = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const start = general.indexOf(`## ${SECTION}`)
  const own = readFileSync(join(ROOT, 'host/aedes/README.md'), 'utf8')
  const text = `${general.slice(start, general.indexOf('\n## ', start))}\n${own}`
  let title = ''
  return [...text.matchAll(/^## (.*)$|^```js\n([\s\S]*?)^```$/gm)].flatMap(([, heading, code]) => {
    if (heading !== undefined) title = heading
    return code === undefined ? [] : [{ title, code }]
  })
}

for (const { title, code } of examples()) {
  test(`${title}: the example prints what it says`, () => {
    const file = join(folder, `${title.replaceAll(' ', '-')}.mjs`)
    writeFileSync(file, code)
    const options = { encoding: 'utf8', timeout: PATIENCE_MS } as const
    const printed = execFileSync(process.execPath, [file], options)
    const lines = code.split('\n').filter((line) => line.includes('console.log('))
    const expected = lines.flatMap((line) => / \/\/ (.*)$/.exec(line)?.[1] ?? [])
    assert.ok(expected.length > 0)
    assert.equal(printed.trimEnd().split('\n'), expected)
  })
}

test('wasmqtt/aedes can be required', () => {
  const file = join(folder, 'required.cjs')
  writeFileSync(file, "console.log(typeof require('wasmqtt/aedes').Aedes.createBroker)\n")
  const printed = execFileSync(process.execPath, [file], { encoding: 'utf8' })
  assert.is(printed, 'function\n')
})

test.after(() => rmSync(folder, { recursive: true, force: true }))
test.run()
