// The kinds of values a configuration holds: a zod schema each, with the words for "expected …" and
// what the JSON Schema and the README say of it. Used by the other files of this folder only.

import * as z from 'zod'
import { Addresses } from '../addresses.ts'

/** What is said of a key where it is documented. */
export interface About {
  /** A sentence or two, Markdown. */
  meaning: string
  /** What holds when the key is left out; a text in `unset` where no value says it. */
  default?: unknown
  unset?: string
  unit?: string
  /** A value for the example where the default cannot stand: a file, a name. */
  example?: unknown
  /** Never shown in messages. */
  secret?: boolean
}

/** Keeps what a key must have from what it may have, in the types of `object`. */
export interface Needed<T> {
  needed: z.ZodType<T>
}

/** Exactly the keys of T: those that T demands wrapped in `needed`, the others plain. */
export type Shape<T> = {
  [K in keyof T]-?: Record<never, never> extends Pick<T, K>
    ? z.ZodType<Exclude<T[K], undefined>>
    : Needed<T[K]>
}

export const KEYS_AND_VALUES = 'keys and values'
const PORT_MAX = 65_535

export function needed<T>(kind: z.ZodType<T>): Needed<T> {
  return { needed: kind }
}

/** Keys and values, and no others than these. */
export function object<T>(about: About, shape: Shape<T>): z.ZodType<T> {
  const kinds = Object.entries<z.ZodType | Needed<unknown>>(shape).map(([key, kind]) => [
    key,
    'needed' in kind ? kind.needed : z.exactOptional(kind),
  ])
  const schema = z.strictObject(Object.fromEntries(kinds), KEYS_AND_VALUES)
  return documented(schema as unknown as z.ZodType<T>, about)
}

export function integer(range: { from: number; to: number } & About): z.ZodType<number> {
  const { from, to } = range
  const expected = `an integer from ${from} to ${to}`
  return documented(z.number(expected).int(expected).min(from, expected).max(to, expected), range)
}

export function number(range: { from: number; to: number } & About): z.ZodType<number> {
  const { from, to } = range
  const expected = `a number from ${from} to ${to}`
  return documented(z.number(expected).min(from, expected).max(to, expected), range)
}

export function port(about: About): z.ZodType<number> {
  return integer({ from: 0, to: PORT_MAX, ...about })
}

export function boolean(about: About): z.ZodType<boolean> {
  return documented(z.boolean('true or false'), about)
}

/** Any string, the empty one too. */
export function text(about: About): z.ZodType<string> {
  return documented(z.string('a string'), about)
}

/** A string that is not empty and of a certain shape; `expected` names it. */
export function word(expected: string, about: About, pattern: RegExp = /^.+$/): z.ZodType<string> {
  // No file, host or path can hold it, and Node says so only when it is used.
  const isWhole = (value: string): boolean => !value.includes('\0')
  return documented(z.string(expected).regex(pattern, expected).refine(isWhole, expected), about)
}

export function file(about: About): z.ZodType<string> {
  return word('the name of a file', { example: '/etc/wasmqtt/FILE', ...about })
}

export function addressRange(about: About): z.ZodType<string> {
  const expected = 'an address or a range like 10.0.0.0/8'
  return documented(z.string(expected).refine(isAddressRange, expected), {
    example: '10.0.0.0/8',
    ...about,
  })
}

export function url(about: About): z.ZodType<string> {
  const expected = 'an http:// or https:// address'
  const isUrl = (value: string): boolean => /^https?:\/\/[^/]/.test(value) && URL.canParse(value)
  return documented(z.string(expected).refine(isUrl, expected), {
    example: 'https://example.org/',
    ...about,
  })
}

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[], about: About): z.ZodType<T> {
  return documented(z.enum(words, alternatives(words)) as unknown as z.ZodType<T>, about)
}

/** One of a few numbers. */
export function oneOfNumbers<const T extends number>(
  numbers: readonly T[],
  about: About,
): z.ZodType<T> {
  return documented(z.literal(numbers, alternatives(numbers)) as unknown as z.ZodType<T>, about)
}

export function constant<const T extends string | false>(value: T, about: About): z.ZodType<T> {
  return documented(z.literal(value, JSON.stringify(value)) as unknown as z.ZodType<T>, about)
}

/** A list; of at least `least` entries. */
export function list<T>(entry: z.ZodType<T>, about: About, least = 0): z.ZodType<T[]> {
  const expected = least > 0 ? 'a list of at least one' : 'a list'
  const schema = z.array(entry, expected).min(least, expected)
  return documented(schema, about)
}

/** Names chosen by the user, with a string each. */
export function names(about: About): z.ZodType<Record<string, string>> {
  return documented(z.record(z.string(), z.string('a string'), KEYS_AND_VALUES), about)
}

/** One of several kinds; `expected` when it is none of them. */
export function either<A, B>(
  [first, second]: [z.ZodType<A>, z.ZodType<B>],
  expected: string,
  about: About,
): z.ZodType<A | B> {
  return documented(z.union([first, second], expected), about)
}

function isAddressRange(value: string): boolean {
  try {
    return new Addresses([value]) !== undefined
  } catch {
    return false
  }
}

/** Shown once in the JSON Schema, under this name, however many keys have it. */
export function shared<T>(id: string, kind: z.ZodType<T>): z.ZodType<T> {
  return kind.meta({ ...kind.meta(), id })
}

function alternatives(values: readonly (string | number)[]): string {
  return values.map((value) => JSON.stringify(value)).join(' or ')
}

function documented<T>(schema: z.ZodType<T>, about: About): z.ZodType<T> {
  const { meaning, unset, unit, example, secret } = about
  return schema.meta({
    description: meaning,
    ...('default' in about && about.default !== undefined && { default: about.default }),
    ...(unset !== undefined && { unset }),
    ...(unit !== undefined && { unit }),
    ...(example !== undefined && { examples: [example] }),
    ...(secret && { writeOnly: true }),
  })
}
