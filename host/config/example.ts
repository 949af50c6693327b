// A whole configuration file to begin with: every key with what it means, those with a default at
// work, the others behind a `#` with a value that could stand there. Made from the schema.

import { type JsonSchema, rawSchema, resolve } from './jsonschema.ts'

const WIDTH = 96
/** What needs no quotes in YAML, and is a string without them. */
const PLAIN = /^(?!true$|false$|null$)[a-z_/][\w./*:-]*$/i

const HEAD = [
  '## Every key of a configuration file of wasmqtt. Lines that begin with ## explain, those with',
  '## a single # are not at work: take it away to set what they say. What is at work here is the',
  '## default; it can be left out.',
].join('\n')

/** YAML that can be used as it is. */
export function exampleYaml(): string {
  const root = rawSchema()
  const lines = section(root, { root, indent: '', isOff: false, isListener: false })
  return `${HEAD}\n${lines.join('\n')}\n`
}

interface Position {
  root: JsonSchema
  indent: string
  /** Behind a #. */
  isOff: boolean
  /** What a listener shares with the top of the file is shown there. */
  isListener: boolean
}

/** Lines of all keys of a schema. */
function section({ properties = {} }: JsonSchema, position: Position): string[] {
  return Object.entries(properties).flatMap(([key, kind]) => linesOf(key, kind, position))
}

function linesOf(key: string, kind: JsonSchema, position: Position): string[] {
  const { root, indent, isOff, isListener } = position
  const plain = resolve(kind, root)
  const about = [...(indent === '' ? [''] : []), ...prose(plain, indent)]
  const isRepeated = isListener && kind.$ref !== undefined
  const parts = isRepeated ? [] : partsOf(plain, root)
  const isList = plain.items !== undefined
  if (parts.length === 0) {
    const value = isRepeated ? (isList ? [] : {}) : valueOfKind(plain, root)
    return [...about, mark(`${indent}${key}: ${show(value)}`, isOff || plain.default === undefined)]
  }
  const off = isOff || isList || plain.unset !== undefined
  const inside = {
    ...{ root, isOff: off, indent: `${indent}${isList ? '    ' : '  '}` },
    isListener: isListener || key === 'listeners',
  }
  const items = parts.flatMap((part) => {
    const keys = section(part, inside)
    return isList ? dashed(keys, mark(inside.indent, off)) : keys
  })
  return [...about, mark(`${indent}${key}:`, off), ...items]
}

/** The objects that can stand behind a key, or in its list. */
function partsOf(schema: JsonSchema, root: JsonSchema): JsonSchema[] {
  const kind = resolve(schema, root)
  if (kind.properties !== undefined) return [kind]
  if (kind.default !== undefined) return []
  const kinds = kind.items === undefined ? (kind.anyOf ?? kind.oneOf ?? []) : [kind.items]
  return kinds.flatMap((one) => partsOf(one, root))
}

function valueOfKind(kind: JsonSchema, root: JsonSchema): unknown {
  if (kind.default !== undefined) return kind.default
  if (kind.examples !== undefined) return kind.examples[0]
  if (kind.const !== undefined) return kind.const
  if (kind.enum !== undefined) return kind.enum[0]
  if (kind.items !== undefined) return [valueOfKind(resolve(kind.items, root), root)]
  if (kind.type === 'object') return {}
  if (kind.type === 'boolean') return true
  return kind.type === 'string' ? '...' : kind.minimum
}

/** The first key of a list's entry stands behind a dash, the others below it. */
function dashed(lines: string[], start: string): string[] {
  const first = lines.findIndex((text) => text.startsWith(start) && !text.startsWith('##'))
  return lines.map((text, i) =>
    i === first ? `${start.slice(0, -2)}- ${text.slice(start.length)}` : text,
  )
}

function mark(text: string, isOff: boolean): string {
  return isOff ? `#${text}` : text
}

function prose({ description = '', unit, unset }: JsonSchema, indent: string): string[] {
  const sentences = [description, unit && `In ${unit}.`, unset && `Default: ${unset}.`]
  const start = `##${indent}`
  const lines = [start]
  for (const word of sentences
    .filter((sentence) => sentence)
    .join(' ')
    .split(' ')) {
    if ((lines.at(-1) as string).length + word.length > WIDTH) lines.push(start)
    lines[lines.length - 1] += ` ${word}`
  }
  return lines
}

function show(value: unknown): string {
  return typeof value === 'string' && PLAIN.test(value) ? value : JSON.stringify(value)
}
