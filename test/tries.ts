// One trie of a module spoken to in strings, and its comparison with the naive twin (model.ts).
// Used by the trie tests.

import * as assert from 'uvu/assert'
import { OPTION_QOS_MASK, OPTION_RETAIN_AS_PUBLISHED, OPTION_SHARED } from '../assembly/codes.ts'
import {
  REGISTER_PREVIOUS,
  REGISTER_ROWS,
  ROW_IDENTIFIER,
  ROW_NEXT,
  ROW_OPTIONS,
  ROW_SIZE,
  ROW_SUBSCRIBER,
  SCRATCH_START,
} from '../assembly/layout.ts'
import type { Delivery, Model } from './model.ts'
import type { TestModule } from './module.ts'

export interface Row {
  subscriber: number
  options: number
  identifiers: number[]
}

/** One trie of a module, with strings. */
export class Trie {
  readonly module: TestModule
  readonly root: number

  constructor(module: TestModule) {
    this.module = module
    this.root = module.call('trie_create')
    assert.ok(this.root > 0)
  }

  get count(): number {
    return this.module.call('trie_count', this.root)
  }

  /** The identifier that was replaced, if any. */
  insert(filter: string, subscriber: number, options = 0, identifier = 0): number | undefined {
    const length = this.module.put(filter)
    const values = [this.root, SCRATCH_START, length, subscriber, options, identifier]
    const result = this.module.call('insert', ...values)
    assert.ok(result === 0 || result === 1, `insert ${filter}: ${result}`)
    return result === 1 ? this.module.word(REGISTER_PREVIOUS) : undefined
  }

  remove(filter: string, subscriber: number): number | undefined {
    const length = this.module.put(filter)
    const result = this.module.call('remove', this.root, SCRATCH_START, length, subscriber)
    return result === 1 ? this.module.word(REGISTER_PREVIOUS) : undefined
  }

  match(topic: string, publisher = -1): Row[] {
    const size = this.module.memory.buffer.byteLength
    const length = this.module.put(topic)
    const count = this.module.call('match', this.root, SCRATCH_START, length, publisher)
    assert.is(this.module.memory.buffer.byteLength, size, 'match grew the memory')
    const start = this.module.word(REGISTER_ROWS)
    return Array.from({ length: count }, (_, i) => this.row(start + i * ROW_SIZE))
  }

  subscribers(topic: string, publisher = -1): number[] {
    return this.match(topic, publisher)
      .map((row) => row.subscriber)
      .sort((a, b) => a - b)
  }

  search(filter: string): number[] {
    const length = this.module.put(filter)
    const count = this.module.call('search', this.root, SCRATCH_START, length)
    const start = this.module.word(REGISTER_ROWS)
    return ascending(Array.from({ length: count }, (_, i) => this.module.word(start + i * 4)))
  }

  setOnline(subscriber: number, online: boolean): void {
    assert.is(this.module.call('set_online', subscriber, online ? 1 : 0), 0)
  }

  private row(address: number): Row {
    const subscriber = this.module.word(address + ROW_SUBSCRIBER)
    const options = this.module.word(address + ROW_OPTIONS)
    const identifiers: number[] = []
    for (let at = address; at !== 0; at = this.module.word(at + ROW_NEXT)) {
      const identifier = this.module.word(at + ROW_IDENTIFIER)
      if (identifier !== 0) identifiers.push(identifier)
    }
    return { subscriber, options, identifiers }
  }
}

const ascending = (values: number[]): number[] => [...values].sort((a, b) => a - b)

function describe(one: Delivery): string {
  const { subscriber, qos, retainAsPublished, identifiers } = one
  return `${subscriber}: qos ${qos} retain ${retainAsPublished} [${ascending(identifiers)}]`
}

const asDelivery = (row: Row): Delivery => ({
  subscriber: row.subscriber,
  qos: row.options & OPTION_QOS_MASK,
  retainAsPublished: (row.options & OPTION_RETAIN_AS_PUBLISHED) !== 0,
  identifiers: row.identifiers,
})

/** Compares a match: plain rows exactly, and of each shared group exactly one allowed member. */
export function compareMatch(trie: Trie, model: Model, topic: string, publisher: number): void {
  const rows = trie.match(topic, publisher)
  const expected = model.match(topic, publisher)
  const plain = rows.filter((row) => (row.options & OPTION_SHARED) === 0)
  assert.equal(
    plain.map((row) => describe(asDelivery(row))).sort(),
    expected.plain.map(describe).sort(),
    `match ${topic}`,
  )
  // Identifiers of shared subscriptions are unique in these tests, so that a row says its group.
  const shared = new Map<number, Row>()
  for (const row of rows.filter((row) => (row.options & OPTION_SHARED) !== 0)) {
    assert.is(row.identifiers.length, 1)
    shared.set(row.identifiers[0] as number, row)
  }
  assert.is(shared.size, expected.shared.length, `groups of ${topic}`)
  for (const members of expected.shared) {
    const picked = members.filter((member) => shared.has(member.identifier))
    assert.is(picked.length, 1, `members picked for ${topic}`)
    const [member] = picked
    const row = shared.get(member?.identifier ?? 0)
    assert.is(row?.subscriber, member?.subscriber)
    assert.is(row?.options, (member?.options ?? 0) | OPTION_SHARED)
  }
}

/** Compares a search: the identifiers, as a sorted list. */
export function compareSearch(trie: Trie, model: Model, filter: string): void {
  assert.equal(trie.search(filter), ascending(model.search(filter)), `search ${filter}`)
}
