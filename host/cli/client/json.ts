// JSON as mosquitto_sub prints it, byte for byte: keys in the order they came, duplicates kept,
// bytes that are no control characters as they are, numbers and white space as cJSON's. All texts
// here are Latin-1 views of bytes, so that payloads in any encoding pass.

/** A value as it is printed; `raw` is a finished token. */
export type Json = { members: [name: string, value: Json][] } | { items: Json[] } | { raw: string }

/** A view of UTF-8 text, or of any bytes. */
export function viewOf(text: string | Buffer): string {
  return Buffer.from(text).toString('latin1')
}

const SHORT_ESCAPES: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

export function jsonString(view: string): Json {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to be escaped
  const escaped = view.replace(/["\\\x00-\x1f]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0')
    return SHORT_ESCAPES[character] ?? `\\u${code}`
  })
  return { raw: `"${escaped}"` }
}

export function jsonNumber(number: number): Json {
  return { raw: formatNumber(number) }
}

export const JSON_NULL: Json = { raw: 'null' }

/** A payload that is JSON; undefined when it is not. */
export function parseJson(payload: Buffer): Json | undefined {
  try {
    JSON.parse(payload.toString())
    return new Reader(payload.toString('latin1')).value()
  } catch {
    return undefined
  }
}

export function printJson(json: Json): string {
  if ('raw' in json) return json.raw
  if ('items' in json) return `[${json.items.map(printJson).join(',')}]`
  const members = json.members.map(([name, value]) => `${quote(name)}:${printJson(value)}`)
  return `{${members.join(',')}}`
}

/** With tabs: members on lines of their own, items of an array side by side. */
export function printPretty(json: Json, depth = 0): string {
  if ('raw' in json) return json.raw
  if ('items' in json) {
    return `[${json.items.map((item) => printPretty(item, depth + 1)).join(', ')}]`
  }
  const indent = '\t'.repeat(depth + 1)
  const members = json.members.map(
    ([name, value]) => `${indent}${quote(name)}:\t${printPretty(value, depth + 1)}`,
  )
  const body = members.length === 0 ? '' : `${members.join(',\n')}\n`
  return `{\n${body}${'\t'.repeat(depth)}}`
}

function quote(view: string): string {
  return (jsonString(view) as { raw: string }).raw
}

const TOKEN = /[\s]*("(?:[^"\\]|\\.)*"|[-\d.eE+]+|true|false|null|[{}[\],:])[\s]*/y

/** Reads what JSON.parse has found to be well formed. */
class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(): Json {
    const token = this.#next()
    if (token === '{') return { members: this.#list('}', () => this.#member()) }
    if (token === '[') return { items: this.#list(']', () => this.value()) }
    if (token.startsWith('"')) return jsonString(unquote(token))
    return /^[-\d]/.test(token) ? jsonNumber(Number(token)) : { raw: token }
  }

  #member(): [string, Json] {
    const name = unquote(this.#next())
    this.#next()
    return [name, this.value()]
  }

  #list<T>(end: string, read: () => T): T[] {
    const all: T[] = []
    if (this.#peek() === end) {
      this.#next()
      return all
    }
    do {
      all.push(read())
    } while (this.#next() === ',')
    return all
  }

  #next(): string {
    TOKEN.lastIndex = this.#at
    const found = TOKEN.exec(this.#text)
    if (found === null) throw new SyntaxError('not JSON')
    this.#at = TOKEN.lastIndex
    return found[1] as string
  }

  #peek(): string {
    const at = this.#at
    const token = this.#next()
    this.#at = at
    return token
  }
}

/** Escapes become the bytes of the characters they stand for. */
function unquote(token: string): string {
  if (!token.includes('\\')) return token.slice(1, -1)
  return viewOf(JSON.parse(Buffer.from(token, 'latin1').toString()) as string)
}

/** printf's %d, else %1.15g, else %1.17g, whichever is near enough. */
function formatNumber(number: number): string {
  if (!Number.isFinite(number)) return 'null'
  if (Number.isInteger(number) && Math.abs(number) < 2 ** 31) return String(number)
  const short = formatGeneral(number, 15)
  const back = Number(short)
  const largest = Math.max(Math.abs(number), Math.abs(back))
  const near = Math.abs(number - back) <= largest * Number.EPSILON
  return near ? short : formatGeneral(number, 17)
}

function formatGeneral(number: number, digits: number): string {
  const [mantissa = '', power = '0'] = number.toExponential(digits - 1).split('e')
  const exponent = Number(power)
  if (exponent < -4 || exponent >= digits) {
    const sign = exponent < 0 ? '-' : '+'
    return `${stripZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  return stripZeros(number.toFixed(Math.max(0, digits - 1 - exponent)))
}

function stripZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
