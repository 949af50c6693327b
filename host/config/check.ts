// Holds a value against the schema: what zod finds as sentences, with the nearest key for one that
// does not exist, and without the values of secrets. Called by read.ts; knows nothing of files.

import type * as z from 'zod'
import type { Config } from './config.ts'
import { findContradictions } from './contradictions.ts'
import { type JsonSchema, rawSchema, schemaAt } from './jsonschema.ts'
import { describe, type Mistake, type Path } from './mistake.ts'
import { nearest } from './nearest.ts'
import { SCHEMA } from './schema.ts'

type Issue = z.core.$ZodIssue

/** One thing wrong at one place; a strict object's unknown keys are one each. */
interface Fault {
  path: Path
  expected: string
  isUnknownKey: boolean
}

interface Views {
  /** What is checked, scalars reread. */
  value: unknown
  /** As the file says it. */
  first: unknown
  root: JsonSchema
}

/**
 * What is wrong with a value that should be a Config; none = it is one.
 * @param reread another reading of the scalar at a path, tried where the first does not fit
 */
export function checkConfig(
  value: unknown,
  reread: (path: Path) => unknown = () => undefined,
): { config: Config; mistakes: Mistake[] } {
  let faults = faultsOf(value)
  const second = faults.length > 0 ? rereadAt(faults, value, reread) : value
  if (second !== value) faults = faultsOf(second)
  const root = faults.length > 0 ? rawSchema() : {}
  const mistakes = faults.map((fault) => explain(fault, { value: second, first: value, root }))
  const broken = new Set(faults.map(({ path }) => JSON.stringify(path)))
  const isBroken = (path: Path): boolean => broken.has(JSON.stringify(path))
  mistakes.push(...findContradictions(second).filter(({ path }) => !isBroken(path)))
  return { config: second as Config, mistakes }
}

function faultsOf(value: unknown): Fault[] {
  const { error } = SCHEMA.safeParse(value)
  const seen = new Set<string>()
  return flatten(error?.issues ?? [], []).filter(({ path }) => {
    const key = JSON.stringify(path)
    return !seen.has(key) && seen.add(key)
  })
}

function flatten(issues: readonly Issue[], base: Path): Fault[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...(issue.path as (string | number)[])]
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...path, key],
        expected: '',
        isUnknownKey: true,
      }))
    }
    // Of several kinds, the one that fits as a whole is meant: its faults are inside.
    const inside = issue.code === 'invalid_union' ? issue.errors.find(isInside) : undefined
    if (inside !== undefined) return flatten(inside, path)
    return [{ path, expected: issue.message, isUnknownKey: false }]
  })
}

function isInside(issues: readonly Issue[]): boolean {
  return issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys')
}

/** A copy with the other readings at the faults; the value itself when there are none. */
function rereadAt(faults: Fault[], value: unknown, reread: (path: Path) => unknown): unknown {
  const found = faults
    .filter(({ isUnknownKey }) => !isUnknownKey)
    .map(({ path }) => ({ path, reading: reread(path) }))
    .filter(({ reading }) => reading !== undefined)
  if (found.length === 0) return value
  const copy = structuredClone(value)
  for (const { path, reading } of found) {
    const parent = path.slice(0, -1).reduce<unknown>((at, step) => (at as never)[step], copy)
    const key = path.at(-1) as string
    ;(parent as Record<string, unknown>)[key] = reading
  }
  return copy
}

function explain({ path, expected, isUnknownKey }: Fault, views: Views): Mistake {
  const { value, first, root } = views
  if (isUnknownKey) return { path, problem: explainKey(path, value, root), at: 'key' }
  const written = valueAt(first, path)
  const got = typeof written === 'number' ? written : valueAt(value, path)
  const isSecret = typeof got === 'string' && schemaAt(root, value, path)?.writeOnly === true
  const shown = isSecret && got !== '' ? 'something else (it is secret)' : describe(got)
  return { path, problem: `expected ${expected}, got ${shown}` }
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) => (at as Record<string | number, unknown> | null | undefined)?.[step],
    value,
  )
}

function explainKey(path: Path, value: unknown, root: JsonSchema): string {
  const key = String(path.at(-1))
  const parent = path.slice(0, -1)
  const known = Object.keys(schemaAt(root, value, parent)?.properties ?? {})
  const meant = nearest(key, known)
  if (meant !== undefined) return `is not a key here; did you mean ${meant}?`
  const elsewhere = HOMES.find(([, home]) => hasKey(root, home, key))
  if (elsewhere !== undefined) return `is not a key here; it belongs to ${elsewhere[0]}`
  return 'is not a key here'
}

/** Where keys are looked for that stand in the wrong place; each with a path through the schema. */
const HOMES: [string, Path][] = [
  ['the top of the file', []],
  ['listeners', ['listeners', 0]],
  ['listeners[].tls', ['listeners', 0, 'tls']],
  ['log', ['log']],
  ['limits', ['limits']],
  ['limits.rates', ['limits', 'rates']],
  ['authorization', ['authorization']],
]

function hasKey(root: JsonSchema, home: Path, key: string): boolean {
  const schema = schemaAt(root, undefined, home)
  return Object.hasOwn(schema?.properties ?? {}, key)
}
