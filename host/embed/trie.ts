// Values by topic filter, each value once a filter: subscribers, handlers, routes, or retained
// messages by their topics. Thin: Filters finds the entries, an entry holds the values.

import { Filters } from './filters.ts'

const SHARED_PREFIX = '$share/'
/** So many values of one filter are looked through one by one. */
const LISTED_MAX = 32

/** The values of one filter. */
class Values<T> {
  readonly list: T[]
  /** Place of each value in the list, kept once there are many. */
  private positions: Map<T, number> | undefined
  readonly isShared: boolean
  turn: number

  constructor(isShared: boolean) {
    this.list = []
    this.positions = undefined
    this.isShared = isShared
    this.turn = 0
  }

  add(value: T): boolean {
    if (this.indexOf(value) >= 0) return false
    this.list.push(value)
    if (this.positions !== undefined) this.positions.set(value, this.list.length - 1)
    else if (this.list.length > LISTED_MAX) {
      this.positions = new Map(this.list.map((one, i) => [one, i]))
    }
    return true
  }

  /** The last value takes the place of the one removed. */
  remove(value: T): boolean {
    const at = this.indexOf(value)
    if (at < 0) return false
    const last = this.list.pop() as T
    this.positions?.delete(value)
    if (at < this.list.length) {
      this.list[at] = last
      this.positions?.set(last, at)
    }
    return true
  }

  /** Appends all values, of a shared filter the next in turn. */
  appendTo(found: T[]): void {
    if (!this.isShared) {
      for (const value of this.list) found.push(value)
      return
    }
    this.turn = (this.turn + 1) % this.list.length
    found.push(this.list[this.turn] as T)
  }

  private indexOf(value: T): number {
    return this.positions === undefined
      ? this.list.indexOf(value)
      : (this.positions.get(value) ?? -1)
  }
}

/** A trie of topic filters with values of any kind. */
export class TopicTrie<T> {
  /** By filter its only value itself, or several. */
  private readonly filters: Filters<T | Values<T>>
  private count: number

  constructor() {
    this.filters = new Filters()
    this.count = 0
  }

  /** Values in the trie, each counted at each of its filters. */
  get size(): number {
    return this.count
  }

  /**
   * Hangs a value on a filter; the same value twice is one.
   * @throws RangeError when it is no topic filter
   */
  add(filter: string, value: T): this {
    const known = this.filters.get(filter)
    if (known instanceof Values) {
      if (known.add(value)) this.count++
      return this
    }
    if (known === undefined && value !== undefined && !filter.startsWith(SHARED_PREFIX)) {
      this.filters.set(filter, value)
    } else if (known === value && known !== undefined) {
      return this
    } else {
      const values = new Values<T>(filter.startsWith(SHARED_PREFIX))
      if (known !== undefined) values.add(known)
      values.add(value)
      this.filters.set(filter, values)
    }
    this.count++
    return this
  }

  /** Takes one value off a filter. @returns whether it was there */
  remove(filter: string, value: T): boolean {
    const known = this.filters.get(filter)
    if (known instanceof Values) {
      if (!known.remove(value)) return false
      if (known.list.length === 0) this.filters.delete(filter)
    } else if (known === undefined || known !== value) {
      return false
    } else {
      this.filters.delete(filter)
    }
    this.count--
    return true
  }

  /** Takes all values off a filter. @returns how many there were */
  removeAll(filter: string): number {
    const count = this.valuesOf(filter).length
    this.filters.delete(filter)
    this.count -= count
    return count
  }

  has(filter: string, value: T): boolean {
    return this.valuesOf(filter).includes(value)
  }

  clear(): void {
    this.filters.clear()
    this.count = 0
  }

  /**
   * The values of all filters that match a topic, in no order; a value that hangs on several of
   * them comes several times. Of `$share/<group>/…` it is one value, another at each match.
   */
  match(topic: string): T[] {
    return gather(this.filters.match(topic))
  }

  /**
   * The values that hang on the topics which a filter matches: the other way round, for tries whose
   * keys are topic names.
   * @throws RangeError when it is no topic filter
   */
  search(filter: string): T[] {
    return gather(this.filters.search(filter))
  }

  /** All filters with their values. */
  *[Symbol.iterator](): IterableIterator<[filter: string, value: T]> {
    for (const [filter] of this.filters) {
      for (const value of this.valuesOf(filter)) yield [filter, value]
    }
  }

  private valuesOf(filter: string): readonly T[] {
    const known = this.filters.get(filter)
    if (known instanceof Values) return known.list
    return known === undefined ? [] : [known]
  }
}

function gather<T>(entries: readonly (T | Values<T>)[]): T[] {
  const found: T[] = []
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as T | Values<T>
    if (entry instanceof Values) entry.appendTo(found)
    else found.push(entry)
  }
  return found
}
