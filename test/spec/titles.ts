// Finds the tests that name statements: the chapters beside this file say what they would run, and
// every other file under test/ is searched for tags, which must exist but are not counted, because
// there a tag stands without its version.

import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { type Covering, tagsOf } from './coverage.ts'

const HERE: string = import.meta.dirname
const ROOT: string = join(HERE, '../..')

/** Every test of every chapter; none of them runs. */
export async function chapterTests(): Promise<Covering[]> {
  process.env.WASMQTT_SPEC_LIST = '1'
  const { listed } = await import('./kit.ts')
  const names = readdirSync(HERE).filter((name) => name.endsWith('.test.ts'))
  const tests: Covering[] = []
  for (const name of names.filter((name) => name !== 'report.test.ts').sort()) {
    listed.length = 0
    await import(join(HERE, name))
    tests.push(...listed.map((each) => ({ ...each, file: `spec/${name}` })))
  }
  delete process.env.WASMQTT_SPEC_LIST
  return tests
}

/** Tags in all other sources, by file: `host/net/connection.ts` to its tags. */
export function tagsElsewhere(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const folder of ['assembly', 'host', 'test']) {
    const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    for (const name of names.filter((each) => each.endsWith('.ts'))) {
      const path = join(ROOT, folder, name)
      if (path.startsWith(HERE) || basename(path).startsWith('.')) continue
      const tags = tagsOf(readFileSync(path, 'utf8'))
      if (tags.length > 0) found.set(relative(ROOT, path), tags)
    }
  }
  return found
}
