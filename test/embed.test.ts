// The module in other runtimes: all vectors in Node and in the installed Chromium, on the wrapper
// of test/embed/; and what can be told of the other wrappers without their toolchains. All of them
// run by `npm run test:embed`.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as codes from '../assembly/codes.ts'
import * as layout from '../assembly/layout.ts'
import { vectors, writeVectors } from './embed/export.ts'
import { type Runtime, runRuntime } from './embed/runtime.ts'
import { CHROMIUM, NODE, OTHERS, REQUIRED } from './embed/runtimes.ts'
import { isMissing } from './process.ts'

const FOLDER: string = join(import.meta.dirname, 'embed')
const WRAPPER_LINES_MAX = 200
const CONSTANT = /\b([A-Z]\w+)(?:: \w+)?\s*=\s*(-?\d+)\b/g
/** Files of a wrapper that are not the wrapper: what runs the vectors. */
const RUNNER = /(^|\/)(main|check)\.\w+$/i
const SOURCE = /\.(ts|py|go|rs|java|c|h)$/

/** The source files of a folder of test/embed/, from there. */
function filesOf(folder: string): string[] {
  const names = readdirSync(join(FOLDER, folder), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => SOURCE.test(name)).map((name) => join(FOLDER, folder, name))
}

const read = (path: string): string => readFileSync(path, 'utf8')
const plain = (name: string): string => name.replace(/^WASMQTT_/, '').replaceAll('_', '')
const known: ReadonlyMap<string, number> = new Map(
  Object.entries({ ...codes, ...layout }).map(([name, value]) => [
    plain(name).toLowerCase(),
    value as number,
  ]),
)

async function passes(runtime: Runtime): Promise<void> {
  const outcome = await runRuntime(runtime)
  assert.ok('report' in outcome, JSON.stringify(outcome))
  const { passed, total, failures } = outcome.report
  const groups = Object.values(vectors()).filter(Array.isArray)
  assert.ok(groups.every((group) => group.length > 0))
  assert.equal(failures, [])
  assert.is(passed, total)
  assert.is(
    total,
    groups.reduce((sum, group) => sum + group.length, 0),
  )
}

const tests = suite('embedding')

tests.before(() => writeVectors())

tests('Node answers every vector', () => passes(NODE))

tests('constants in the wrappers are those of codes.ts and layout.ts', () => {
  for (const { name } of OTHERS) {
    const found = filesOf(name)
      .filter((path) => !RUNNER.test(path))
      .flatMap((path) => [...read(path).matchAll(CONSTANT)])
      .map(([, constant = '', value]) => [plain(constant).toLowerCase(), Number(value)] as const)
      .filter(([constant]) => known.has(constant))
    assert.ok(found.length >= 10, `${name}: ${found.length} constants`)
    for (const [constant, value] of found)
      assert.is(value, known.get(constant), `${name}: ${constant}`)
  }
})

tests(`no file of a wrapper has more than ${WRAPPER_LINES_MAX} lines`, () => {
  const folders = ['javascript', ...[...REQUIRED, ...OTHERS].map(({ name }) => name)]
  const files = folders.flatMap(filesOf).filter((path) => !RUNNER.test(path))
  const long = files.filter((path) => read(path).trimEnd().split('\n').length > WRAPPER_LINES_MAX)
  assert.equal(long, [])
})

if (!isMissing('chromium')) tests('a page in Chromium answers every vector', () => passes(CHROMIUM))

tests.run()
