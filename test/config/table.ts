// The README's tables of options, made from the schema. Run by itself (npm run docs:options) it
// writes them between their marks in README.md; table.test.ts holds the README to them.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type JsonSchema, rawSchema, resolve } from '../../host/config/jsonschema.ts'

const README: string = join(import.meta.dirname, '../../README.md')
const MARKS = ['<!-- options:begin -->', '<!-- options:end -->'] as const
/** From here on a range has no end worth telling. */
const LARGE = 0x7fffffff

/** Keys that belong together, under the path that leads to them. */
interface Section {
  path: string
  schema: JsonSchema
}

/** README.md as it is, and as it should be. */
export function readReadme(): { text: string; wanted: string } {
  const text = readFileSync(README, 'utf8')
  const [begin, end] = MARKS.map((mark) => text.indexOf(mark)) as [number, number]
  if (begin < 0 || end < begin) throw new Error(`README.md lacks ${MARKS.join(' or ')}`)
  const head = text.slice(0, begin + MARKS[0].length)
  return { text, wanted: `${head}\n\n${optionTables()}\n\n${text.slice(end)}` }
}

/** A table for each section. */
export function optionTables(): string {
  const root = rawSchema()
  return sectionsOf(root, root, '')
    .map(({ path, schema }) => {
      const title = path === '' ? 'At the top of the file:' : `In \`${path}\`:`
      const rows = rowsOf(schema, root, path)
      return [title, '', '| key | value | default | meaning |', '|---|---|---|---|', ...rows]
    })
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

/** A section and those inside of it, each schema that several keys share only once. */
export function sectionsOf(schema: JsonSchema, root: JsonSchema, path: string): Section[] {
  const sections: Section[] = [{ path, schema }]
  for (const [key, kind] of Object.entries(schema.properties ?? {})) {
    const at = path === '' ? key : `${path}.${key}`
    if (kind.$ref !== undefined && homeOf(kind.$ref) !== at) continue
    for (const { inside, suffix } of insides(kind, root)) {
      if (inside.properties) sections.push(...sectionsOf(inside, root, at + suffix))
    }
  }
  return sections
}

/** Where what is shared is shown. */
function homeOf(ref: string): string {
  const id = ref.replace('#/$defs/', '')
  return { rates: 'limits.rates', http: 'authorization.http' }[id] ?? id
}

function insides(kind: JsonSchema, root: JsonSchema): { inside: JsonSchema; suffix: string }[] {
  const plain = resolve(kind, root)
  if (plain.properties) return [{ inside: plain, suffix: '' }]
  if (plain.items) {
    return insides(plain.items, root).map(({ inside, suffix }) => ({
      inside,
      suffix: `[]${suffix}`,
    }))
  }
  return (plain.oneOf ?? plain.anyOf ?? []).flatMap((one) => {
    const inside = resolve(one, root)
    const type = inside.properties?.type?.const
    return insides(one, root).map((found) => ({
      ...found,
      suffix: type === undefined ? '' : ` (type: ${type})`,
    }))
  })
}

function rowsOf(schema: JsonSchema, root: JsonSchema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).map(([key, kind]) => {
    const at = path === '' ? key : `${path}.${key}`
    const isShownElsewhere = kind.$ref !== undefined && homeOf(kind.$ref) !== at
    const plain = resolve(kind, root)
    const more = isShownElsewhere ? ` As \`${homeOf(kind.$ref as string)}\`.` : ''
    const isNeeded = schema.required?.includes(key) === true
    const cells = [
      `\`${key}\``,
      kindOf(plain, root),
      isNeeded ? '*needed*' : defaultOf(plain),
      `${plain.description}${more}`,
    ]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
}

function kindOf(schema: JsonSchema, root: JsonSchema): string {
  const kind = resolve(schema, root)
  const { type, minimum = 0, maximum = 0, unit } = kind
  if (kind.enum !== undefined) return kind.enum.map((word) => `\`${word}\``).join(', ')
  if (kind.const !== undefined) return `\`${kind.const}\``
  if (kind.items !== undefined) return `list of ${kindOf(kind.items, root)}`
  const several = kind.anyOf ?? kind.oneOf
  if (several?.every(({ properties }) => properties !== undefined)) return 'keys, by `type`'
  if (several !== undefined) return several.map((one) => kindOf(one, root)).join(' or ')
  if (type === 'boolean') return '`true`, `false`'
  if (type === 'object') return kind.properties ? 'keys' : 'names and strings'
  if (type === 'string') return 'string'
  const range = maximum < LARGE ? `${minimum} to ${maximum}` : `from ${minimum}`
  return unit === undefined ? range : `${unit}, ${range}`
}

function defaultOf(schema: JsonSchema): string {
  const { default: value, unset = '' } = schema
  if (value === undefined) return unset
  return `\`${typeof value === 'string' && value !== '' ? value : JSON.stringify(value)}\``
}

if (process.argv[1] === import.meta.filename) writeFileSync(README, readReadme().wanted)
