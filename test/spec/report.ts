// `npm run spec`: for each version, every statement that binds a server, what it means, the tests
// that show it, and the total. Fails when a statement has neither a test nor a reason for none,
// or when a test or a comment names a tag that does not exist. `--all` prints every title.

import { type Coverage, cover, type Line, total } from './coverage.ts'
import type { SpecVersion } from './statement.ts'
import { STATEMENTS } from './statements.ts'
import { chapterTests, tagsElsewhere } from './titles.ts'

const TITLES_SHOWN = process.argv.includes('--all') ? Number.POSITIVE_INFINITY : 3

/** The coverage of the real tables by the real tests. */
export async function report(): Promise<Coverage> {
  const coverage = cover(STATEMENTS, await chapterTests())
  const known = new Set(STATEMENTS.map(({ tag }) => tag))
  for (const [file, tags] of tagsElsewhere()) {
    const unknown = new Set(tags.filter((tag) => !known.has(tag)))
    for (const tag of unknown) coverage.problems.push(`${file} names ${tag}, which no version has`)
  }
  return coverage
}

function describe({ statement, tests }: Line): string[] {
  const { meaning, tag, untestable } = statement
  const shown = tests.slice(0, TITLES_SHOWN).map(({ file, title }) => {
    return `    ${file}: ${title.replaceAll(/ \[[^\]]*\]/g, '')}`
  })
  const hidden = tests.length - shown.length
  if (hidden > 0) shown.push(`    and ${hidden} more`)
  if (tests.length === 0 && !untestable) shown.push('    NO TEST')
  if (untestable) shown.push(`    not testable: ${untestable}`)
  return [`${tag} · ${meaning}`, ...shown]
}

function print({ lines, problems }: Coverage): void {
  const sums: string[] = []
  for (const version of ['3.1.1', '5.0'] as const satisfies SpecVersion[]) {
    console.log(`\nMQTT ${version}: statements that bind a server\n`)
    const own = lines.filter(({ statement }) => statement.version === version)
    for (const line of own) {
      if (line.statement.binds !== 'client') console.log(describe(line).join('\n'))
    }
    const { binding, clients, tested, untestable } = total(lines, version)
    sums.push(
      `MQTT ${version}: ${tested} of ${binding} tested, ${untestable} not testable, each with ` +
        `its reason; ${clients} more bind clients only`,
    )
  }
  console.log(`\n${sums.join('\n')}`)
  for (const problem of problems) console.log(`problem: ${problem}`)
}

if (process.argv[1] === import.meta.filename) {
  const coverage = await report()
  print(coverage)
  process.exitCode = coverage.problems.length > 0 ? 1 : 0
}
