// What is wrong with a configuration: a path into it and a sentence; and how paths and values look
// in one.

/** Keys and indices from the top of a file to a value. */
export type Path = readonly (string | number)[]

/** Where something begins in a file; lines and columns count from 1. */
export interface Place {
  line: number
  column: number
}

export interface Mistake {
  path: Path
  /** Behind the key: `expected an integer from 0 to 65535, got "x"`. */
  problem: string
  /** The key is at fault, not its value. */
  at?: 'key'
  /** Where the path does not tell it. */
  place?: Place
}

/** `listeners[0].tls.key`; a key that is no plain word stands in brackets and quotes. */
export function formatPath(path: Path): string {
  return path
    .map((step, i) => {
      if (typeof step === 'number') return `[${step}]`
      if (!/^[\w-]{1,60}$/.test(step)) return `[${quote(step)}]`
      return i === 0 ? step : `.${step}`
    })
    .join('')
}

/** A value in a message: short, on one line, without the password of an address. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'keys and values'
  return typeof value === 'string' ? quote(value) : String(value)
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function quote(value: string): string {
  const text = JSON.stringify(value.replace(/:\/\/[^@/\s]*@/g, '://***@'))
  const shown = text.length > 60 ? `${text.slice(0, 56)}..."` : text
  return shown.replace(/[\p{C}\u2028\u2029]/gu, '?')
}
