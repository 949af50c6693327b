// A map whose keys are topic filters: besides `get` and `set` it finds the entries whose filter
// matches a topic, or whose topic a filter matches. The module's trie knows each filter as one
// subscriber, whose integer is the entry's place here. Used by trie.ts and qlobber.ts.

import { ERROR_TOPIC_FILTER } from '../../assembly/codes.ts'
import { SCRATCH_START, STRING_LENGTH_MAX } from '../../assembly/layout.ts'
import type { Memory } from '../wasm/memory.ts'
import { shared } from '../wasm/shared.ts'
import { Rows, Trie } from '../wasm/topics.ts'
import { nameOf } from './errors.ts'
import { Recent } from './recent.ts'

const NOBODY = -1

/** What a map has in the module, apart from it, to be given back when the map is gone. */
interface Holding {
  readonly trie: Trie
  readonly places: Map<string, number>
}

/** Tries without a filter, to be used again: the module keeps what it has once made. */
const empties: Trie[] = []

const abandoned = new FinalizationRegistry<Holding>(({ trie, places }) => {
  for (const [filter, place] of places) trie.removeText(filter, place)
  empties.push(trie)
})

export class Filters<Entry> {
  private readonly memory: Memory
  private readonly trie: Trie
  private readonly places: Map<string, number>
  private readonly entries: (Entry | undefined)[]
  private readonly free: number[]
  private readonly recent: Recent<readonly Entry[]>

  constructor() {
    this.memory = shared()
    this.trie = empties.pop() ?? new Trie(this.memory)
    this.places = new Map()
    this.entries = []
    this.free = []
    this.recent = new Recent()
    abandoned.register(this, { trie: this.trie, places: this.places })
  }

  /** Filters in the map. */
  get size(): number {
    return this.places.size
  }

  get(filter: string): Entry | undefined {
    const place = this.places.get(filter)
    return place === undefined ? undefined : this.entries[place]
  }

  /** @throws RangeError when it is no valid filter, or the memory is full */
  set(filter: string, entry: Entry): void {
    this.recent.forget()
    const known = this.places.get(filter)
    if (known !== undefined) {
      this.entries[known] = entry
      return
    }
    const place = this.free.pop() ?? this.entries.length
    const { memory } = this
    const length = memory.write(filter, SCRATCH_START, STRING_LENGTH_MAX)
    const error = this.trie.insert(SCRATCH_START, length, place, 0, place)
    if (error < 0) {
      this.free.push(place)
      throw new RangeError(`expected a topic filter, got "${filter}": ${nameOf(error)}`)
    }
    this.places.set(filter, place)
    this.entries[place] = entry
  }

  delete(filter: string): boolean {
    const place = this.places.get(filter)
    if (place === undefined) return false
    this.recent.forget()
    this.trie.removeText(filter, place)
    this.places.delete(filter)
    this.entries[place] = undefined
    this.free.push(place)
    return true
  }

  clear(): void {
    for (const filter of [...this.places.keys()]) this.delete(filter)
  }

  has(filter: string): boolean {
    return this.places.has(filter)
  }

  /** The entries whose filter matches a topic, in no order. */
  match(topic: string): readonly Entry[] {
    return this.recent.get(topic) ?? this.find(topic)
  }

  /** The filters that match a topic, with their entries. */
  matchWithFilters(topic: string): [filter: string, entry: Entry][] {
    const count = this.ask(topic)
    const row = (i: number) => this.trie.rows() + i * Rows.size
    const places = new Set(
      Array.from({ length: count }, (_, i) => Rows.subscriber(this.memory, row(i))),
    )
    return [...this.places]
      .filter(([, place]) => places.has(place))
      .map(([filter, place]) => [filter, this.entries[place] as Entry])
  }

  private find(topic: string): readonly Entry[] {
    const { memory, entries } = this
    const count = this.ask(topic)
    const found: Entry[] = []
    const first = count > 0 ? this.trie.rows() : 0
    for (let i = 0; i < count; i++) {
      found.push(entries[Rows.subscriber(memory, first + i * Rows.size)] as Entry)
    }
    this.recent.set(topic, found)
    return found
  }

  /** How many rows the module finds. */
  private ask(topic: string): number {
    const length = this.memory.write(topic, SCRATCH_START, STRING_LENGTH_MAX)
    return length <= 0 ? 0 : this.trie.match(SCRATCH_START, length, NOBODY)
  }

  /** The entries whose key, taken as a topic, the filter matches. */
  search(filter: string): Entry[] {
    const length = this.memory.write(filter, SCRATCH_START, STRING_LENGTH_MAX)
    const error =
      length < 0 ? ERROR_TOPIC_FILTER : this.memory.call.check_filter(SCRATCH_START, length)
    if (error !== 0) {
      throw new RangeError(`expected a topic filter, got "${filter}": ${nameOf(error)}`)
    }
    return Array.from(
      this.trie.search(SCRATCH_START, length),
      (place) => this.entries[place] as Entry,
    )
  }

  /** All filters with their entries, in the order of their first `set`. */
  *[Symbol.iterator](): IterableIterator<[filter: string, entry: Entry]> {
    for (const [filter, place] of this.places) yield [filter, this.entries[place] as Entry]
  }
}
