// A YAML or JSON file as a value, with the line and column each part of it came from. Puts
// variables of the environment into strings. Called by read.ts; knows no key but `topics`, whose
// ${...} stand for something else.

import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLError,
  type YAMLMap,
} from 'yaml'
import { ConfigError } from './error.ts'
import type { Mistake, Path, Place } from './mistake.ts'

/** Aliases can make a small file large. */
const VALUES_MAX = 100_000
const DEPTH_MAX = 64
/** ${NAME}, ${NAME:-default}, $${ for a plain ${, and what is none of these. */
const VARIABLE = /\$\$\{|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}|\$\{/g
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/

interface Node {
  key: Place | undefined
  value: Place
}

export class SourceDocument {
  /** The whole file: objects, lists, strings, numbers, booleans, null. */
  readonly value: unknown
  /** What is wrong with it whatever keys it should have. */
  readonly mistakes: Mistake[] = []
  /** Scalars read the other way, for keys that want a number or a string; by `keyOf` the path. */
  readonly readings: Map<string, unknown> = new Map()
  private readonly nodes: Map<string, Node> = new Map()
  private readonly file: string
  private readonly env: NodeJS.ProcessEnv
  private readonly lines: LineCounter = new LineCounter()
  private readonly document: Document
  private count = 0

  /** @throws ConfigError when it is not YAML */
  constructor(file: string, source: string, env: NodeJS.ProcessEnv) {
    this.file = file
    this.env = env
    this.document = this.parse(source)
    this.value = this.read(this.document.contents, [], undefined)
  }

  /** The key's place, or the value's; of what is missing, the place of what should hold it. */
  placeOf({ path, at, place }: Mistake): Place {
    if (place !== undefined) return place
    const node = this.nodes.get(keyOf(path))
    if (node !== undefined) return at === 'key' ? (node.key ?? node.value) : node.value
    for (let length = path.length - 1; length > 0; length--) {
      const parent = this.nodes.get(keyOf(path.slice(0, length)))
      if (parent !== undefined) return parent.key ?? parent.value
    }
    return { line: 1, column: 1 }
  }

  private parse(source: string): Document {
    const document = parseDocument(source, {
      lineCounter: this.lines,
      prettyErrors: false,
      uniqueKeys: false,
    })
    // One mistake of syntax makes the parser see others behind it.
    const first = document.errors[0] ?? document.warnings[0]
    if (first === undefined) return document
    const { line, column } = this.placeAt(first.pos[0])
    throw new ConfigError([`${this.file}:${line}:${column}: ${describeSyntax(first)}`])
  }

  private placeAt(offset: number): Place {
    const { line, col } = this.lines.linePos(offset)
    return { line, column: col }
  }

  private read(node: unknown, path: Path, key: Place | undefined): unknown {
    const range = (node as { range?: [number, number, number] } | null)?.range
    const value = range ? this.placeAt(range[0]) : (key ?? { line: 1, column: 1 })
    this.nodes.set(keyOf(path), { key, value })
    this.count++
    if (this.count > VALUES_MAX) throw new ConfigError([`${this.file}: holds too many values`])
    if (path.length > DEPTH_MAX) throw new ConfigError([`${this.file}: is nested too deeply`])
    if (isAlias(node)) return this.readAlias(node, path, key)
    if (isMap(node)) return this.readMap(node, path)
    if (isSeq(node)) return node.items.map((item, i) => this.read(item, [...path, i], undefined))
    return isScalar(node) ? this.readScalar(node, path) : null
  }

  private readAlias(alias: Alias, path: Path, key: Place | undefined): unknown {
    const found = alias.resolve(this.document)
    if (found !== undefined) return this.read(found, path, key)
    const name = alias.source
    this.mistakes.push({ path, problem: `there is no &${name} before *${name}` })
    return null
  }

  private readMap(map: YAMLMap, path: Path): Record<string, unknown> {
    const entries = new Map<string, unknown>()
    for (const pair of map.items) {
      const name = this.nameOf(pair, path)
      const place = this.placeOfKey(pair)
      if (!entries.has(name)) entries.set(name, this.read(pair.value, [...path, name], place))
      else this.addDuplicate([...path, name], place)
    }
    return Object.fromEntries(entries)
  }

  private nameOf({ key }: Pair, path: Path): string {
    if (isScalar(key)) return typeof key.value === 'string' ? key.value : (key.source ?? '')
    this.mistakes.push({ path, problem: 'a key must be a word' })
    return ''
  }

  private placeOfKey({ key }: Pair): Place | undefined {
    const range = (key as { range?: [number, number, number] } | null)?.range
    return range && this.placeAt(range[0])
  }

  private addDuplicate(path: Path, key: Place | undefined): void {
    const first = this.nodes.get(keyOf(path))?.key
    const problem = `is given twice, first in line ${first?.line}`
    this.mistakes.push({ path, problem, ...(key && { place: key }) })
  }

  private readScalar(scalar: Scalar, path: Path): unknown {
    const { value, source } = scalar
    if (typeof value === 'number' && source !== undefined) this.readings.set(keyOf(path), source)
    if (typeof value === 'bigint') return Number(value)
    if (typeof value !== 'string' || path.at(-2) === 'topics' || !value.includes('${')) return value
    const text = value.replace(VARIABLE, (whole, name, fallback) =>
      whole === '$${' ? '${' : this.variable(name, fallback, path),
    )
    if (NUMBER.test(text)) this.readings.set(keyOf(path), Number(text))
    if (text === 'true' || text === 'false') this.readings.set(keyOf(path), text === 'true')
    return text
  }

  private variable(name: string | undefined, fallback: string | undefined, path: Path): string {
    if (name === undefined) {
      const problem = `expected \${NAME} or \${NAME:-default}, and $\${ for a plain \${`
      this.mistakes.push({ path, problem })
      return ''
    }
    const value = this.env[name]
    if (fallback !== undefined) return value ? value : fallback
    if (value === undefined) {
      this.mistakes.push({ path, problem: `the environment variable ${name} is not set` })
    }
    return value ?? ''
  }
}

/** Paths as keys of a map. */
export function keyOf(path: Path): string {
  return JSON.stringify(path)
}

const SYNTAX: Partial<Record<YAMLError['code'], string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'a key where none can be: indent alike, or quote a value that holds ": "',
  MULTIPLE_DOCS: 'a second document begins here',
  RESOURCE_EXHAUSTION: 'it is nested too deeply',
  UNEXPECTED_TOKEN: 'something that belongs to nothing before it',
  TAB_AS_INDENT: 'indent with spaces, not with tabs',
  TAG_RESOLVE_FAILED: 'a tag (!word) means nothing here: quote the value',
}

function describeSyntax({ code, message }: YAMLError): string {
  return `is not YAML or JSON: ${SYNTAX[code] ?? message.split('\n')[0]}`
}
