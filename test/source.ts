// Source files as the tidy test sees them: their lines, their imports, and their functions. No
// parser: a scanner blanks comments, strings and regular expressions, and braces are matched in
// what is left. The formatter's layout is relied on: a type annotation is `): T`, a ternary ` : `.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'

export const ROOT: string = join(import.meta.dirname, '..')

export interface FunctionSpan {
  /** Number of the line its head begins on, from 1. */
  line: number
  lines: number
}

export class SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string
  readonly text: string
  readonly lines: string[]
  /** The text with comments blanked. */
  readonly uncommented: string
  /** The text with comments, strings and regular expressions blanked. */
  readonly code: string

  constructor(path: string, text: string) {
    this.path = path
    this.text = text
    this.lines = text.replace(/\n$/, '').split('\n')
    const { uncommented, code } = blank(text)
    this.uncommented = uncommented
    this.code = code
  }

  /** Whatever stands behind `from` or `import`, types included. */
  get specifiers(): string[] {
    const pattern = /\b(?:from\s*|import\s*\(?\s*)(['"])([^'"\n]+)\1/g
    return [...this.uncommented.matchAll(pattern)].map((found) => found[2] as string)
  }

  /** The files of the repository it imports. */
  get imports(): string[] {
    return this.specifiers
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => posix.join(dirname(this.path), specifier))
      .map((path) => (/\.(ts|js|json)$/.test(path) ? path : `${path}.ts`))
  }

  /** Packages and Node's own modules it imports. */
  get packages(): string[] {
    return this.specifiers.filter((specifier) => !specifier.startsWith('.'))
  }

  /** Every function with a body in braces: declarations, methods, arrows. */
  get functions(): FunctionSpan[] {
    const spans: FunctionSpan[] = []
    const open: number[] = []
    for (let at = 0; at < this.code.length; at++) {
      const character = this.code[at]
      if (character === '{') open.push(at)
      if (character !== '}') continue
      const start = open.pop() as number
      const head = headOf(this.code, start)
      if (head === undefined) continue
      const line = lineAt(this.code, head)
      spans.push({ line, lines: lineAt(this.code, at) - line + 1 })
    }
    if (open.length > 0) throw new Error(`${this.path}: braces do not match: the scanner is lost`)
    return spans
  }
}

/** All files below the folders with this ending. */
export function readSources(folders: readonly string[], ending: string): SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.includes(`${sep}node_modules${sep}`))
      .sort()
      .map((path) => {
        const name = relative(ROOT, path).split(sep).join('/')
        return new SourceFile(name, readFileSync(path, 'utf8'))
      }),
  )
}

/** Where the function whose body opens at `brace` begins; undefined when it is no function. */
function headOf(code: string, brace: number): number | undefined {
  const lineStart = code.lastIndexOf('\n', brace - 1) + 1
  const before = code.slice(lineStart, brace)
  if (/=>\s*$/.test(before)) return brace
  const closed = /\)(?:: .*)? $/.exec(before)
  if (closed === null) return undefined
  const paren = openingParen(code, lineStart + closed.index)
  const word = /(\w+)\s*$/.exec(code.slice(Math.max(0, paren - 40), paren))
  const isControl = /^(if|for|await|while|switch|catch)$/.test(word?.[1] ?? '')
  return isControl ? undefined : paren
}

function openingParen(code: string, closing: number): number {
  let depth = 0
  for (let at = closing; at >= 0; at--) {
    if (code[at] === ')') depth++
    if (code[at] === '(' && --depth === 0) return at
  }
  return 0
}

function lineAt(code: string, offset: number): number {
  return code.slice(0, offset).split('\n').length
}

/** What a blanked stretch is; templates are left and re-entered at each `${…}`. */
const STRETCHES: Array<[RegExp, 'comment' | 'string']> = [
  [/\/\/[^\n]*/y, 'comment'],
  [/\/\*[\s\S]*?\*\//y, 'comment'],
  [/'(?:\\.|[^'\\\n])*'/y, 'string'],
  [/"(?:\\.|[^"\\\n])*"/y, 'string'],
]
const TEMPLATE_TEXT = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/y
const REGULAR_EXPRESSION = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y
/** A slash behind one of these begins a regular expression, behind anything else it divides. */
const BEFORE_EXPRESSION = /(?:^|[([{,;=:?!&|+\-*%<>~^}\n]|\b(?:return|typeof|case|in|of))\s*$/

function blank(text: string): { uncommented: string; code: string } {
  let uncommented = ''
  let code = ''
  let at = 0
  /** For each `${` not yet closed: how many braces are open inside it. */
  const templates: number[] = []
  const take = (stretch: string, kind: 'code' | 'comment' | 'string'): void => {
    const spaces = stretch.replace(/[^\n]/g, ' ')
    uncommented += kind === 'comment' ? spaces : stretch
    code += kind === 'code' ? stretch : spaces
    at += stretch.length
  }
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0]
  }
  const takeTemplate = (): void => {
    const stretch = match(TEMPLATE_TEXT) ?? text.slice(at)
    take(stretch, 'string')
    if (stretch.endsWith('${')) templates.push(0)
  }
  while (at < text.length) {
    const character = text[at] as string
    const found = STRETCHES.find(([pattern]) => match(pattern) !== undefined)
    const inner = templates.length - 1
    if (found !== undefined) take(match(found[0]) as string, found[1])
    else if (character === '/' && BEFORE_EXPRESSION.test(code.slice(-40))) {
      take(match(REGULAR_EXPRESSION) ?? character, 'string')
    } else if (character === '`') {
      take(character, 'string')
      takeTemplate()
    } else if (character === '}' && templates[inner] === 0) {
      templates.pop()
      take(character, 'string')
      takeTemplate()
    } else {
      if (inner >= 0 && character === '{') templates[inner] = (templates[inner] as number) + 1
      if (inner >= 0 && character === '}') templates[inner] = (templates[inner] as number) - 1
      take(character, 'code')
    }
  }
  return { uncommented, code }
}
