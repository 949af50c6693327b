// A topic trie of the module: filters matched by topics (subscriptions), or topics matched by
// filters (retained messages). Strings are put into scratch memory; bytes already there are used
// where they lie.

import {
  REGISTER_PREVIOUS,
  REGISTER_ROWS,
  REGISTER_TOPIC,
  ROW_IDENTIFIER,
  ROW_NEXT,
  ROW_OPTIONS,
  ROW_OWN,
  ROW_SIZE,
  ROW_SUBSCRIBER,
  SCRATCH_START,
  STRING_LENGTH_MAX,
} from '../../assembly/layout.ts'
import { type Memory, MemoryError } from './memory.ts'

const DOLLAR = 0x24
const SHARE = '$share/'

/** One trie; several live side by side in one module. */
export class Trie {
  private readonly module: Memory
  private readonly root: number
  /** Those of `size` that begin with `$share/`. */
  shared = 0

  constructor(module: Memory) {
    this.module = module
    this.root = module.call.trie_create()
    if (this.root === 0) throw new MemoryError('no memory for a topic trie')
    module.renew()
  }

  /** Subscriptions, or stored topics. */
  get size(): number {
    return this.module.call.trie_count(this.root)
  }

  /** @returns 0 new, 1 replaced (see `previous`), or a negative ERROR_ code */
  insert(
    start: number,
    length: number,
    subscriber: number,
    options: number,
    identifier: number,
  ): number {
    const { root, module } = this
    const result = module.call.insert(root, start, length, subscriber, options, identifier)
    module.renew()
    if (result === 0 && this.isShared(start)) this.shared++
    return result
  }

  /** As `insert`. */
  tryInsert(filter: string, subscriber: number, options: number, identifier: number): number {
    const length = this.put(filter)
    return this.insert(SCRATCH_START, length, subscriber, options, identifier)
  }

  /** @throws RangeError when the module has no memory left */
  insertText(filter: string, subscriber: number, options: number, identifier: number = 0): void {
    const error = this.tryInsert(filter, subscriber, options, identifier)
    if (error < 0) throw new RangeError(`wasmqtt: cannot subscribe to "${filter}": error ${error}`)
  }

  /** @returns whether it was there; `previous` then is its identifier */
  remove(start: number, length: number, subscriber: number): boolean {
    const isShared = this.isShared(start)
    const removed = this.module.call.remove(this.root, start, length, subscriber) === 1
    if (removed && isShared) this.shared--
    return removed
  }

  /** Whether a valid filter is that of a shared subscription. */
  private isShared(start: number): boolean {
    const { module } = this
    return module.u8[start] === DOLLAR && module.text(start, SHARE.length) === SHARE
  }

  removeText(filter: string, subscriber: number): boolean {
    const length = this.put(filter)
    return this.remove(SCRATCH_START, length, subscriber)
  }

  /** The identifier that the last `insert` replaced or `remove` removed. */
  previous(): number {
    return this.module.word(REGISTER_PREVIOUS)
  }

  /**
   * Filters that match the topic.
   * @param publisher subscriber whose no-local subscriptions are left out, -1 = none
   * @returns how many rows, from `rows()` on
   */
  match(start: number, length: number, publisher: number): number {
    return this.module.call.match(this.root, start, length, publisher)
  }

  /** As `match`, of a topic name in hand. */
  matchText(topic: string, publisher: number): number {
    const length = this.put(topic)
    return this.match(SCRATCH_START, length, publisher)
  }

  /** The identifiers stored under the topics that the filter matches. */
  search(start: number, length: number): Int32Array {
    const count = this.module.call.search(this.root, start, length)
    const first = this.rows() >> 2
    return this.module.i32.slice(first, first + count)
  }

  searchText(filter: string): Int32Array {
    const length = this.put(filter)
    return this.search(SCRATCH_START, length)
  }

  /** What the last match leaves to remember its topic by; 0 = nothing. */
  serial(): number {
    return this.module.i32[REGISTER_TOPIC >> 2] as number
  }

  /** Puts a string into scratch memory; a longer one than any topic is cut, and refused then. */
  private put(text: string): number {
    const length = this.module.write(text, SCRATCH_START, STRING_LENGTH_MAX)
    return length < 0 ? STRING_LENGTH_MAX + 1 : length
  }

  /** Address of the first row of the last match. */
  rows(): number {
    return this.module.word(REGISTER_ROWS)
  }
}

/** Fields of a row, see ROW in layout.ts; the next row is `row + ROW_SIZE`. */
export class Rows {
  static readonly size: number = ROW_SIZE

  static subscriber(module: Memory, row: number): number {
    return module.i32[(row + ROW_SUBSCRIBER) >> 2] as number
  }

  static options(module: Memory, row: number): number {
    return module.i32[(row + ROW_OPTIONS) >> 2] as number
  }

  /** The row if it carries a subscription identifier, else 0. */
  static identified(module: Memory, row: number): number {
    const words = (row + ROW_IDENTIFIER) >> 2
    return ((module.i32[words] as number) | (module.i32[words + 1] as number)) === 0 ? 0 : row
  }

  /** A row that carries `identifier`, 0 if that is 0; dead after the next call. */
  static own(module: Memory, identifier: number): number {
    if (identifier === 0) return 0
    module.setWord(ROW_OWN + ROW_IDENTIFIER, identifier)
    module.setWord(ROW_OWN + ROW_NEXT, 0)
    return ROW_OWN
  }

  /** All subscription identifiers of a delivery. */
  static identifiers(module: Memory, row: number): number[] {
    const identifiers: number[] = []
    for (let at = row; at !== 0; at = module.word(at + ROW_NEXT)) {
      const identifier = module.word(at + ROW_IDENTIFIER)
      if (identifier !== 0) identifiers.push(identifier)
    }
    return identifiers
  }
}
