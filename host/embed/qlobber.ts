// The face `wasmqtt/qlobber`: Qlobber, QlobberDedup and QlobberTrue of qlobber 8 for MQTT's
// separators. The hooks that subclasses override are the same: what is stored for a filter is made
// by `_initial_value` and changed by `_add_value` and `_remove_value`. Where it differs: README.md.

import { Filters } from './filters.ts'

export { useModule } from '../wasm/shared.ts'

const SEPARATOR = '/'
const ONE = '+'
const SOME = '#'
const WORDS_MAX = 100

export interface QlobberOptions {
  /** Only `/`. */
  separator?: string
  /** Only `+`. */
  wildcard_one?: string
  /** Only `#`. */
  wildcard_some?: string
  /** Whether `+` matches an empty level, as MQTT has it. Default as there: false. */
  match_empty_levels?: boolean
  max_words?: number
  /** Taken and not needed. */
  max_wildcard_somes?: number
  cache_adds?: boolean | Map<string, unknown>
  cache_splits?: number
}

/** What `visit` gives and a restorer takes. */
export interface Visit {
  type: 'start_entries' | 'entry' | 'end_entries' | 'start_values' | 'value' | 'end_values'
  key?: string
  value?: unknown
}

type Level = Map<string, unknown>

/** Values by filter; `Stored` is what hangs on one filter, `Found` what a match gives. */
abstract class Base<Value, Stored, Found> {
  protected readonly filters: Filters<Stored>
  private readonly wordsMax: number
  private readonly matchesEmpty: boolean

  constructor(options: QlobberOptions = {}) {
    const { separator, wildcard_one: one, wildcard_some: some } = options
    if (separator !== SEPARATOR || one !== ONE || (some ?? SOME) !== SOME) {
      throw new RangeError(
        `expected separator "/", wildcard_one "+" and wildcard_some "#", ` +
          `got "${separator}", "${one}" and "${some}"`,
      )
    }
    this.filters = new Filters()
    this.wordsMax = options.max_words || WORDS_MAX
    this.matchesEmpty = options.match_empty_levels === true
  }

  protected abstract _initial_value(value: Value): Stored
  protected abstract _add_value(stored: Stored, value: Value): void
  /** @returns whether nothing is left */
  protected abstract _remove_value(stored: Stored, value: Value | undefined): boolean
  protected abstract _iter_values(stored: Stored, context?: unknown): Iterable<unknown>
  abstract test_values(stored: Stored, value?: Value): boolean
  abstract match(topic: string, context?: unknown): Found

  add(filter: string, value: Value): this {
    this.checkWords(filter)
    const stored = this.filters.get(filter)
    if (stored === undefined) this.filters.set(filter, this._initial_value(value))
    else this._add_value(stored, value)
    return this
  }

  /** Takes a value off a filter, or all of them. */
  remove(filter: string, value?: Value): this {
    this.checkWords(filter)
    const stored = this.filters.get(filter)
    if (stored !== undefined && this._remove_value(stored, value)) this.filters.delete(filter)
    return this
  }

  test(topic: string, value?: Value): boolean {
    return this.stored(topic).some((stored) => this.test_values(stored, value as Value))
  }

  *match_iter(topic: string, context?: unknown): IterableIterator<unknown> {
    for (const stored of this.stored(topic)) yield* this._iter_values(stored, context)
  }

  clear(): this {
    this.filters.clear()
    return this
  }

  /** What hangs on the filters that match. */
  protected stored(topic: string): readonly Stored[] {
    this.checkWords(topic)
    if (this.matchesEmpty || !hasEmptyLevel(topic)) return this.filters.match(topic)
    const words = topic.split(SEPARATOR)
    const fits = (filter: string) =>
      filter.split(SEPARATOR).every((word, i) => word !== ONE || words[i] !== '')
    const found = this.filters.matchWithFilters(topic)
    return found.filter(([filter]) => fits(filter)).map(([, stored]) => stored)
  }

  /** For debugging: nested maps by level; what hangs on a filter is under the separator. */
  get_trie(): Level {
    const trie: Level = new Map()
    for (const [filter, stored] of this.filters) {
      let level = trie
      for (const word of filter.split(SEPARATOR)) {
        const next = (level.get(word) as Level | undefined) ?? new Map()
        level.set(word, next)
        level = next
      }
      level.set(SEPARATOR, stored)
    }
    return trie
  }

  *visit(): IterableIterator<Visit> {
    yield* this.visitLevel(this.get_trie())
  }

  private *visitLevel(level: Level): IterableIterator<Visit> {
    yield { type: 'start_entries' }
    for (const [key, next] of level) {
      yield { type: 'entry', key }
      if (key === SEPARATOR) yield* this.visitValues(next as Stored)
      else yield* this.visitLevel(next as Level)
    }
    yield { type: 'end_entries' }
  }

  private *visitValues(stored: Stored): IterableIterator<Visit> {
    yield { type: 'start_values' }
    for (const value of this._iter_values(stored)) yield { type: 'value', value }
    yield { type: 'end_values' }
  }

  /** A function to be fed what `visit` gave, here or elsewhere. */
  get_restorer(): (visit: Visit) => void {
    const words: string[] = []
    return ({ type, key, value }) => {
      if (type === 'entry') words.push(key as string)
      else if (type === 'end_values' || type === 'end_entries') words.pop()
      else if (type === 'value') this.add(words.slice(0, -1).join(SEPARATOR), value as Value)
    }
  }

  private checkWords(topic: string): void {
    if (topic.length < this.wordsMax) return // each word but the last takes a separator
    if (topic.split(SEPARATOR).length > this.wordsMax) throw new Error('too many words')
  }
}

function hasEmptyLevel(topic: string): boolean {
  return topic.startsWith(SEPARATOR) || topic.endsWith(SEPARATOR) || topic.includes('//')
}

/** Keeps every value added, also the same one several times. */
export class Qlobber<Value = unknown> extends Base<Value, Value[], Value[]> {
  protected _initial_value(value: Value): Value[] {
    return [value]
  }

  protected _add_value(stored: Value[], value: Value): void {
    stored.push(value)
  }

  protected _add_values(found: Value[], stored: Value[], _context?: unknown): void {
    for (const value of stored) found.push(value)
  }

  protected _remove_value(stored: Value[], value: Value | undefined): boolean {
    if (value === undefined) return true
    const at = stored.lastIndexOf(value)
    if (at >= 0) stored.splice(at, 1)
    return stored.length === 0
  }

  protected _iter_values(stored: Value[], _context?: unknown): Iterable<unknown> {
    return stored
  }

  test_values(stored: Value[], value: Value): boolean {
    return stored.includes(value)
  }

  match(topic: string, context?: unknown): Value[] {
    const found: Value[] = []
    for (const stored of this.stored(topic)) this._add_values(found, stored, context)
    return found
  }
}

/** Keeps each value once, and gives it once. */
export class QlobberDedup<Value = unknown> extends Base<Value, Set<Value>, Set<Value>> {
  protected _initial_value(value: Value): Set<Value> {
    return new Set<Value>().add(value)
  }

  protected _add_value(stored: Set<Value>, value: Value): void {
    stored.add(value)
  }

  protected _add_values(found: Set<Value>, stored: Set<Value>, _context?: unknown): void {
    for (const value of stored) found.add(value)
  }

  protected _remove_value(stored: Set<Value>, value: Value | undefined): boolean {
    if (value === undefined) return true
    stored.delete(value)
    return stored.size === 0
  }

  protected _iter_values(stored: Set<Value>, _context?: unknown): Iterable<unknown> {
    return stored
  }

  test_values(stored: Set<Value>, value: Value): boolean {
    return stored.has(value)
  }

  match(topic: string, context?: unknown): Set<Value> {
    const found = new Set<Value>()
    for (const stored of this.stored(topic)) this._add_values(found, stored, context)
    return found
  }
}

/** Knows only whether anything matches. */
export class QlobberTrue extends Base<unknown, true, boolean> {
  protected _initial_value(): true {
    return true
  }

  protected _add_value(): void {}

  protected _remove_value(): boolean {
    return true
  }

  protected *_iter_values(): IterableIterator<unknown> {
    yield true
  }

  test_values(): boolean {
    return true
  }

  match(topic: string): boolean {
    return this.test(topic)
  }
}
