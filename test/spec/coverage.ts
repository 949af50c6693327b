// Joins statements with the tests whose titles name them, and says what is wrong with the whole.
// Pure: report.ts gives it the real tables and titles, report.test.ts invented ones.

import type { SpecVersion, Statement } from './statement.ts'

export interface Covering {
  version: SpecVersion
  /** Path from test/, `spec/connect.test.ts`. */
  file: string
  title: string
}

export interface Line {
  statement: Statement
  tests: Covering[]
}

export interface Coverage {
  lines: Line[]
  /** Sentences, each a reason to fail. */
  problems: string[]
}

export interface Total {
  /** Statements that bind a server. */
  binding: number
  tested: number
  untestable: number
  /** Statements that bind clients only, which are not counted. */
  clients: number
}

const TAG = /MQTT-\d+\.\d+\.\d+-\d+/g

export function tagsOf(text: string): string[] {
  return text.match(TAG) ?? []
}

export function cover(statements: readonly Statement[], tests: readonly Covering[]): Coverage {
  const lines = new Map<string, Line>()
  const problems: string[] = []
  for (const statement of statements) {
    const name = `${statement.version} ${statement.tag}`
    if (lines.has(name)) problems.push(`${name} is listed twice`)
    lines.set(name, { statement, tests: [] })
  }
  for (const test of tests) {
    for (const tag of new Set(tagsOf(test.title))) {
      const line = lines.get(`${test.version} ${tag}`)
      if (line) line.tests.push(test)
      else
        problems.push(
          `${test.file} names ${tag}, which MQTT ${test.version} has not: ${test.title}`,
        )
    }
  }
  for (const line of lines.values()) problems.push(...problemOf(line))
  return { lines: [...lines.values()], problems }
}

function problemOf({ statement, tests }: Line): string[] {
  const { binds, tag, untestable, version } = statement
  if (binds === 'client') return []
  if (tests.length === 0 && !untestable)
    return [`${version} ${tag} has neither a test nor a reason`]
  if (tests.length > 0 && untestable) return [`${version} ${tag} has tests and a reason for none`]
  return []
}

export function total(lines: readonly Line[], version: SpecVersion): Total {
  const own = lines.filter(({ statement }) => statement.version === version)
  const binding = own.filter(({ statement }) => statement.binds !== 'client')
  return {
    binding: binding.length,
    tested: binding.filter(({ tests }) => tests.length > 0).length,
    untestable: binding.filter(({ statement }) => statement.untestable !== undefined).length,
    clients: own.length - binding.length,
  }
}
