// The examples of host/embed/README.md and of the README's part on faces, run as they stand: every
// block of JavaScript, in a process of its own, prints what its comments say.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../source.ts'

/** And of the second, the section that is about them. */
const DOCUMENTS = ['host/embed/README.md', 'README.md']
const SECTION = 'Parts of it by themselves'

// Inside the package, so that it finds itself by its name.
const folder = mkdtempSync(join(ROOT, 'dist', 'docs-'))

const tests = suite('examples of the faces')

function blocks(): { section: string; code: string }[] {
  const texts = DOCUMENTS.map((name) => readFileSync(join(ROOT, name), 'utf8'))
  const [own, general] = texts as [string, string]
  const start = general.indexOf(`## ${SECTION}`)
  const text = own + general.slice(start, general.indexOf('\n## ', start))
  let section = ''
  return [...text.matchAll(/^## (.*)$|^```js\n([\s\S]*?)^```$/gm)].flatMap(([, title, code]) => {
    if (title !== undefined) section = title
    return code === undefined ? [] : [{ section, code }]
  })
}

/** What lines that print, or make something print, are said to print. */
function promised(code: string): string[] {
  const lines = code.split('\n').filter((line) => /console\.log\(|parser\.parse\(Buffer/.test(line))
  return lines.flatMap((line) => / \/\/ (.*)$/.exec(line)?.[1] ?? [])
}

blocks().forEach(({ section, code }, i) => {
  tests(`${section}, example ${i + 1}`, () => {
    const file = join(folder, `example-${i}.mjs`)
    writeFileSync(file, code)
    const printed = execFileSync(process.execPath, [file], { encoding: 'utf8' })
    const expected = promised(code)
    const lines = printed.trimEnd().split('\n')
    assert.ok(expected.length > 0)
    assert.equal(
      lines.filter((line) => expected.includes(line)),
      expected,
    )
  })
})

tests('every face has an example', () => {
  const all = blocks().map(({ code }) => code)
  for (const face of ['codec', 'topics', 'mqtt-packet', 'qlobber', 'wasmqtt.wasm']) {
    assert.ok(
      all.some((code) => code.includes(`'wasmqtt/${face}'`)),
      face,
    )
  }
})

tests.after(() => rmSync(folder, { recursive: true, force: true }))
tests.run()
