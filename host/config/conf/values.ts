// The kinds of values a mosquitto.conf has, each with the words for the table of options and the
// reading of what follows an option's name. Nothing here knows which option it reads for.

import { ValueError } from './place.ts'
import { asText } from './syntax.ts'

export type Value = boolean | number | string

export interface Kind {
  /** For messages and for the table: `true or false`. */
  readonly expected: string
  /** @throws ValueError */
  read(rest: string): Value
}

const INTEGER_MAX = 0x7fffffff
const INTEGER_MIN = -0x80000000
const TEXT_BYTES_MAX = 0xffff
/** What Mosquitto takes for malformed in a value: C0 and C1 controls and noncharacters. */
const UNFIT = /[\p{Cc}\p{Noncharacter_Code_Point}]/u
const DURATIONS: Record<string, number> = {
  s: 1,
  h: 3600,
  d: 86_400,
  w: 7 * 86_400,
  m: 30 * 86_400,
  y: 365 * 86_400,
}

/** The first word counts, what follows is not looked at: `true # really` is true. */
export const FLAG: Kind = {
  expected: 'true or false',
  read(rest) {
    const [word] = wordsOf(rest)
    if (word === 'true' || word === '1') return true
    if (word === 'false' || word === '0') return false
    throw unexpected(this, word)
  },
}

/** The rest of the line without blanks around it; a `#` belongs to it. */
export const TEXT: Kind = text('text')
export const PATH: Kind = text('path')

/** Seconds; the unit is the last letter. */
export const DURATION: Kind = {
  expected: 'a number and one of s, h, d, w, m (30 days), y',
  read(rest) {
    const [word] = wordsOf(rest)
    const found = /^(\d+)([shdwmy])$/.exec(word ?? '')
    const count = Number(found?.[1])
    if (found === null || count === 0) throw unexpected(this, word)
    return count * (DURATIONS[found[2] as string] as number)
  },
}

export function integer(min: number, max: number = INTEGER_MAX): Kind {
  const from = min === INTEGER_MIN ? 'an integer' : `an integer from ${min}`
  const to = min === INTEGER_MIN ? ` up to ${max}` : ` to ${max}`
  return {
    expected: max === INTEGER_MAX ? from : from + to,
    read(rest) {
      const [word] = wordsOf(rest)
      const value = parseInteger(word ?? '')
      if (value === undefined || value < min || value > max) throw unexpected(this, word)
      return value
    },
  }
}

/** Negative ones are taken and mean the least. */
export const COUNT: Kind = integer(INTEGER_MIN)

export function oneOf(...words: string[]): Kind {
  return {
    expected: words.join(', '),
    read(rest) {
      const [word] = wordsOf(rest)
      if (word !== undefined && words.includes(word)) return word
      throw unexpected(this, word)
    },
  }
}

/** The rest of the line as it is. */
export function raw(expected: string): Kind {
  return {
    expected,
    read(rest) {
      if (wordsOf(rest).length === 0) throw unexpected(this, undefined)
      return asText(rest)
    },
  }
}

/** Takes everything: an option nobody looks at any more. */
export const ANYTHING: Kind = { expected: 'anything', read: asText }

function text(expected: string): Kind {
  return {
    expected,
    read(rest) {
      const trimmed = rest.replace(/^[ \t\v\f\r]+|[ \t\v\f\r]+$/g, '')
      if (trimmed === '') throw unexpected(this, undefined)
      if (trimmed.length > TEXT_BYTES_MAX) throw new ValueError('is longer than 65535 bytes')
      return decode(trimmed)
    },
  }
}

function decode(latin1: string): string {
  let value: string
  try {
    value = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(latin1, 'latin1'),
    )
  } catch {
    throw new ValueError('is not UTF-8')
  }
  if (UNFIT.test(value)) throw new ValueError('has a control character in it, such as a TAB')
  return value
}

/** As strtol with base 0: decimal, 0x and 0 for octal. */
function parseInteger(word: string): number | undefined {
  const found = /^[\t\v\f]*([+-]?)(0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i.exec(word)
  if (found === null) return undefined
  const digits = found[2] as string
  const base = /^0x/i.test(digits) ? 16 : digits.startsWith('0') ? 8 : 10
  const size = Number.parseInt(base === 16 ? digits.slice(2) : digits, base)
  return found[1] === '-' ? 0 - size : size
}

export function wordsOf(rest: string): string[] {
  return rest.split(' ').filter((word) => word !== '')
}

export function unexpected(kind: { expected: string }, word: string | undefined): ValueError {
  const got = word === undefined ? 'nothing' : `'${asText(word)}'`
  return new ValueError(`expected ${kind.expected}, got ${got}`)
}
