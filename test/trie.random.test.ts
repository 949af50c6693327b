// Seeded random operations on several tries of one module and on their naive twins: whatever is
// inserted, replaced, removed, matched or searched, both say the same. On both builds.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { OPTION_NO_LOCAL, OPTION_RETAIN_AS_PUBLISHED } from '../assembly/codes.ts'
import { SCRATCH_START } from '../assembly/layout.ts'
import { Model } from './model.ts'
import { BUILDS, type Build, TestModule } from './module.ts'
import { compareMatch, compareSearch, Trie } from './tries.ts'

const OPERATIONS = 120_000
const ROOTS = 3
const SUBSCRIBERS = 8
const LEVELS = [
  'a',
  'b',
  '',
  '$',
  '$a',
  'ab',
  'é',
  'a level of 24 bytes, just',
  'longer than a node can hold',
]

class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) | 0
    return (this.state >>> 9) % limit
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  level(): string {
    return LEVELS[this.chance(75) ? this.below(2) : this.below(LEVELS.length)] as string
  }

  topic(): string {
    const depth = this.chance(2) ? 1 + this.below(60) : 1 + this.below(4)
    const topic = Array.from({ length: depth }, () => this.level()).join('/')
    return topic === '' ? 'a' : topic
  }

  filter(): string {
    const levels = this.topic().split('/')
    const filter = levels.map((level) => (this.chance(25) ? '+' : level))
    if (this.chance(15)) filter.splice(this.below(filter.length + 1), filter.length, '#')
    return filter.join('/') || '/'
  }

  subscription(): string {
    return this.chance(20) ? `$share/g${this.below(2)}/${this.filter()}` : this.filter()
  }
}

/** A trie, its twin, and what is done to both. */
class Pair {
  private static identifiers = 1000
  private readonly trie: Trie
  private readonly model = new Model()
  private readonly random: Random

  constructor(module: TestModule, random: Random) {
    this.trie = new Trie(module)
    this.random = random
  }

  get count(): number {
    return this.model.count
  }

  insert(): void {
    const filter = this.random.subscription()
    const shared = filter.startsWith('$share/')
    const subscriber = this.random.below(SUBSCRIBERS)
    let options = this.random.below(3)
    if (!shared && this.random.chance(20)) options |= OPTION_NO_LOCAL
    if (this.random.chance(20)) options |= OPTION_RETAIN_AS_PUBLISHED
    const identifier = shared ? ++Pair.identifiers : this.random.below(4)
    assert.is(
      this.trie.insert(filter, subscriber, options, identifier),
      this.model.insert(filter, subscriber, options, identifier),
      `insert ${filter}`,
    )
    assert.is(this.trie.count, this.model.count)
  }

  /** Mostly something that is there. */
  remove(): void {
    const all = this.model.all()
    const there = this.random.chance(80) ? all[this.random.below(all.length || 1)] : undefined
    const filter = there?.filter ?? this.random.subscription()
    const subscriber = there?.subscriber ?? this.random.below(SUBSCRIBERS)
    assert.is(
      this.trie.remove(filter, subscriber),
      this.model.remove(filter, subscriber),
      `remove ${filter}`,
    )
    assert.is(this.trie.count, this.model.count)
  }

  match(): void {
    compareMatch(this.trie, this.model, this.random.topic(), this.random.below(SUBSCRIBERS) - 1)
  }

  search(): void {
    compareSearch(this.trie, this.model, this.random.filter())
  }

  setOnline(subscriber: number, online: boolean): void {
    this.trie.setOnline(subscriber, online)
    if (online) this.model.online.add(subscriber)
    else this.model.online.delete(subscriber)
  }

  clear(): void {
    for (const { filter, subscriber } of this.model.all()) {
      assert.ok(this.trie.remove(filter, subscriber) !== undefined)
      this.model.remove(filter, subscriber)
    }
    this.match()
    this.search()
    assert.is(this.trie.count, 0)
  }
}

function run(build: Build): void {
  const random = new Random(20_240_607)
  const module = new TestModule(build, 42)
  const pairs = Array.from({ length: ROOTS }, () => new Pair(module, random))
  const step = (pair: Pair, growing: boolean): void => {
    const kind = random.below(100)
    if (kind < 40) pair.match()
    else if (kind < 50) pair.search()
    else if (kind < 52) {
      const subscriber = random.below(SUBSCRIBERS)
      const online = random.chance(50)
      for (const each of pairs) each.setOnline(subscriber, online)
    } else if (pair.count < 80 && random.chance(growing ? 65 : 35)) pair.insert()
    else pair.remove()
  }
  for (let i = 0; i < OPERATIONS; i++) {
    const growing = i % 6000 < 3500
    step(pairs[random.below(ROOTS)] as Pair, growing)
  }
  for (const pair of pairs) pair.clear()
}

/** Bytes that no client could send find nothing with match, remove and search, and do no harm. */
function runBytes(build: Build): void {
  const random = new Random(5)
  const module = new TestModule(build)
  const trie = new Trie(module)
  for (const filter of ['#', 'a/+', '+/a', '$share/a/+', 'a']) trie.insert(filter, 1, 0, 1)
  const alphabet = Buffer.from('a/+#$\u0000\u00e9$share/')
  for (let i = 0; i < 30_000; i++) {
    const bytes = Buffer.alloc(random.below(20))
    for (let at = 0; at < bytes.length; at++) bytes[at] = alphabet[random.below(13)] as number
    const length = module.put(bytes)
    const checked = module.call('check_filter', SCRATCH_START, length)
    assert.ok(module.call('match', trie.root, SCRATCH_START, length, -1) <= 2)
    assert.ok(module.call('search', trie.root, SCRATCH_START, length) <= 1)
    const inserted = module.call('insert', trie.root, SCRATCH_START, length, 2, 0, 1)
    assert.is(inserted, checked)
    const removed = module.call('remove', trie.root, SCRATCH_START, length, 2)
    assert.is(removed, inserted === 0 ? 1 : 0)
  }
  assert.is(trie.count, 5)
}

for (const build of BUILDS) {
  const test = suite(`trie against model, ${build} build`)
  test(`${OPERATIONS} random operations give the same on both`, () => run(build))
  test('random bytes do no harm and leave nothing behind', () => runBytes(build))
  test.run()
}
