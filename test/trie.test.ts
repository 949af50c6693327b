// The subscription tries, case by case, on both builds: what matches, how overlapping subscriptions
// become one delivery, shared groups, stored topics, limits.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  ERROR_ARGUMENT,
  ERROR_MALFORMED_STRING,
  ERROR_TOPIC_FILTER,
  ERROR_TOPIC_LEVELS,
  OPTION_NO_LOCAL,
  OPTION_RETAIN_AS_PUBLISHED,
  OPTION_SHARED,
} from '../assembly/codes.ts'
import { REGISTER_ALLOCATED, SCRATCH_START } from '../assembly/layout.ts'
import { CASES } from './filters.ts'
import { Model, matches } from './model.ts'
import { BUILDS, type Build, TestModule } from './module.ts'
import { compareMatch, Trie } from './tries.ts'

type Test = ReturnType<typeof suite>

function matching(test: Test, build: Build): void {
  test('each filter alone matches exactly the topics it should', () => {
    const module = new TestModule(build)
    for (const [filter, yes, no] of CASES) {
      const trie = new Trie(module)
      trie.insert(filter, 7, 1, 9)
      for (const topic of yes) {
        assert.ok(matches(filter, topic), `model: ${filter} ${topic}`)
        assert.equal(trie.match(topic), [{ subscriber: 7, options: 1, identifiers: [9] }])
      }
      for (const topic of no) {
        assert.not(matches(filter, topic), `model: ${filter} ${topic}`)
        assert.equal(trie.match(topic), [], `${filter} must not match ${topic}`)
      }
      assert.is(trie.remove(filter, 7), 9)
      for (const topic of yes) assert.equal(trie.match(topic), [])
    }
  })

  test('all filters together match exactly what the model says', () => {
    const trie = new Trie(new TestModule(build))
    const model = new Model()
    for (const [i, [filter]] of CASES.entries()) {
      trie.insert(filter, i, i % 3, i)
      model.insert(filter, i, i % 3, i)
    }
    for (const topic of CASES.flatMap(([, yes, no]) => [...yes, ...no])) {
      // The third time from the cache, which takes a topic in when it comes again.
      for (let round = 0; round < 3; round++) compareMatch(trie, model, topic, -1)
    }
  })

  test('roots know nothing of each other', () => {
    const module = new TestModule(build)
    const [one, two] = [new Trie(module), new Trie(module)]
    one.insert('a/+', 1)
    two.insert('a/b', 2)
    for (let round = 0; round < 3; round++) {
      assert.equal(one.subscribers('a/b'), [1])
      assert.equal(two.subscribers('a/b'), [2])
    }
    assert.is(one.count, 1)
    one.remove('a/+', 1)
    assert.equal(one.subscribers('a/b'), [])
    assert.equal(two.subscribers('a/b'), [2])
  })
}

function caching(test: Test, build: Build): void {
  test('a cached match follows filters that come and go', () => {
    const trie = new Trie(new TestModule(build))
    const expect = (subscribers: number[]): void => {
      for (let round = 0; round < 3; round++) assert.equal(trie.subscribers('a/b'), subscribers)
    }
    expect([])
    trie.insert('a/b', 1)
    expect([1])
    trie.insert('a/b', 2)
    expect([1, 2])
    trie.insert('a/+', 3)
    expect([1, 2, 3])
    trie.insert('$share/g/a/#', 4, 0, 1)
    expect([1, 2, 3, 4])
    trie.remove('a/+', 3)
    trie.remove('a/b', 1)
    expect([2, 4])
    trie.remove('a/b', 2)
    trie.remove('$share/g/a/#', 4)
    expect([])
  })

  test('topics too long for the cache match as well', () => {
    const trie = new Trie(new TestModule(build))
    const long = 'x'.repeat(300)
    trie.insert(`${long}/+/${long}`, 1)
    assert.equal(trie.subscribers(`${long}/y/${long}`), [1])
    assert.equal(trie.subscribers(`${long}/y/${long}z`), [])
    assert.equal(trie.subscribers(`${long}/${'y'.repeat(65535 - 602)}/${long}`), [1])
  })
}

function delivering(test: Test, build: Build): void {
  test('overlapping subscriptions become one row: highest QoS, any retain-as-published', () => {
    const trie = new Trie(new TestModule(build))
    trie.insert('a/#', 1, 0)
    trie.insert('a/+', 1, 2)
    trie.insert('a/b', 1, 1 | OPTION_RETAIN_AS_PUBLISHED)
    trie.insert('a/b', 2, 1)
    const rows = trie.match('a/b').sort((x, y) => x.subscriber - y.subscriber)
    assert.equal(rows, [
      { subscriber: 1, options: 2 | OPTION_RETAIN_AS_PUBLISHED, identifiers: [] },
      { subscriber: 2, options: 1, identifiers: [] },
    ])
  })

  test('every identifier of overlapping subscriptions is kept, equal ones too', () => {
    const trie = new Trie(new TestModule(build))
    for (const [i, filter] of ['a/b', 'a/+', '+/b', '#', '+/+'].entries()) {
      trie.insert(filter, 5, 0, [10, 0, 20, 10, 268435455][i])
    }
    const [row, ...others] = trie.match('a/b')
    assert.equal(others, [])
    assert.equal(row?.identifiers.sort(), [10, 10, 20, 268435455])
  })

  test('an own message is left out where no-local says so, and only there', () => {
    const trie = new Trie(new TestModule(build))
    trie.insert('a', 1, 2 | OPTION_NO_LOCAL, 11)
    trie.insert('a', 2, 0)
    assert.equal(trie.subscribers('a', 1), [2])
    assert.equal(trie.subscribers('a', 2), [1, 2])
    assert.equal(trie.subscribers('a'), [1, 2])
    trie.insert('#', 1, 1, 12)
    const row = trie.match('a', 1).find(({ subscriber }) => subscriber === 1)
    assert.equal(row, { subscriber: 1, options: 1, identifiers: [12] })
  })

  test('subscribing again changes options and identifier, not the number', () => {
    const trie = new Trie(new TestModule(build))
    assert.is(trie.insert('a/+', 3, 0, 1), undefined)
    assert.is(trie.insert('a/+', 3, 2, 9), 1)
    assert.is(trie.insert('$share/g/a/+', 3, 0, 2), undefined)
    assert.is(trie.insert('$share/g/a/+', 3, 1, 4), 2)
    assert.is(trie.count, 2)
    assert.equal(trie.match('a/b'), [
      { subscriber: 3, options: 2, identifiers: [9] },
      { subscriber: 3, options: 1 | OPTION_SHARED, identifiers: [4] },
    ])
    assert.is(trie.remove('a/+', 3), 9)
    assert.is(trie.remove('a/+', 3), undefined)
    assert.is(trie.remove('$share/h/a/+', 3), undefined)
    assert.is(trie.remove('$share/g/a/+', 4), undefined)
    assert.is(trie.remove('$share/g/a/+', 3), 4)
    assert.is(trie.count, 0)
  })
}

function sharing(test: Test, build: Build): void {
  const picks = (trie: Trie, topic: string, count: number): number[] =>
    Array.from({ length: count }, () => trie.subscribers(topic)).flat()

  test('the members of a group take turns', () => {
    const trie = new Trie(new TestModule(build))
    for (const member of [1, 2, 3]) trie.insert('$share/g/a/+', member, 0, member)
    assert.equal(picks(trie, 'a/b', 6), [1, 2, 3, 1, 2, 3])
    assert.equal(picks(trie, 'a/c', 2), [1, 2])
    trie.remove('$share/g/a/+', 3)
    assert.equal(picks(trie, 'a/b', 4), [1, 2, 1, 2])
  })

  test('members that are online come first; if none is, all take turns', () => {
    const trie = new Trie(new TestModule(build))
    trie.setOnline(900, true)
    for (const member of [1, 900, 3, 4]) trie.insert('$share/g/a', member, 0, member)
    assert.equal(picks(trie, 'a', 3), [900, 900, 900])
    trie.setOnline(4, true)
    assert.equal(picks(trie, 'a', 4), [4, 900, 4, 900])
    trie.setOnline(4, false)
    trie.setOnline(900, false)
    assert.equal(picks(trie, 'a', 4), [3, 4, 1, 900])
    trie.setOnline(1_000_000, false)
  })

  test('each group gets the message once, and plain subscribers besides', () => {
    const trie = new Trie(new TestModule(build))
    trie.insert('$share/g/a', 1, 1, 1)
    trie.insert('$share/h/a', 1, 2, 2)
    trie.insert('$share/g/#', 1, 0, 3)
    trie.insert('a', 1, 0, 4)
    trie.insert('+', 1, 1, 5)
    const rows = trie.match('a').sort((x, y) => x.options - y.options)
    assert.is(rows.length, 4)
    assert.equal(rows[0]?.identifiers.sort(), [4, 5])
    const shared = rows.slice(1).map(({ options, identifiers }) => [options, identifiers[0]])
    assert.equal(shared, [
      [OPTION_SHARED, 3],
      [OPTION_SHARED | 1, 1],
      [OPTION_SHARED | 2, 2],
    ])
  })

  test('a shared filter with a leading wildcard does not see $-topics', () => {
    const trie = new Trie(new TestModule(build))
    trie.insert('$share/g/#', 1, 0, 1)
    trie.insert('$share/g/$SYS/#', 2, 0, 2)
    assert.equal(trie.subscribers('$SYS/a'), [2])
    assert.equal(trie.subscribers('$share/g/x'), [])
  })
}

function searching(test: Test, build: Build): void {
  test('search finds exactly the stored topics a filter matches', () => {
    const trie = new Trie(new TestModule(build))
    const topics = ['a', 'a/b', 'a/b/c', 'a/', '/', '/a', '$SYS', '$SYS/a', 'a/$b', 'ab', 'a//b']
    for (const [i, topic] of topics.entries()) trie.insert(topic, 0, 0, i + 1)
    for (const filter of [...CASES.map(([filter]) => filter), ...topics, 'a/#', '+/b', '#/b']) {
      const expected = topics.flatMap((topic, i) => (matches(filter, topic) ? [i + 1] : []))
      assert.equal(trie.search(filter), expected, filter)
    }
    assert.is(trie.remove('a', 0), 1)
    assert.equal(trie.search('a/#'), [2, 3, 4, 9, 11])
  })
}

function churn(build: Build, many: number): void {
  const trie = new Trie(new TestModule(build))
  const known = new Map<number, number>()
  let random = 1
  for (let i = 0; i < 60_000; i++) {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) | 0
    const subscriber = (random >>> 8) % many
    if (i % 4 === 0 ? i >= 30_000 : i < 30_000) {
      assert.is(trie.insert('a/+', subscriber, 0, i), known.get(subscriber))
      known.set(subscriber, i)
    } else {
      assert.is(trie.remove('a/+', subscriber), known.get(subscriber))
      known.delete(subscriber)
    }
  }
  const rows = trie.match('a/b').map((row): [number, number[]] => [row.subscriber, row.identifiers])
  assert.is(rows.length, known.size)
  assert.equal(new Map(rows), new Map([...known].map(([key, value]) => [key, [value]])))
  for (const subscriber of known.keys()) trie.remove('a/+', subscriber)
  assert.equal(trie.match('a/b'), [])
}

function limiting(test: Test, build: Build): void {
  test('what is no filter is refused and leaves nothing behind', () => {
    const module = new TestModule(build)
    const trie = new Trie(module)
    const insert = (filter: string | Uint8Array, subscriber = 1): number => {
      const length = module.put(filter)
      return module.call('insert', trie.root, SCRATCH_START, length, subscriber, 0, 0)
    }
    assert.is(insert(''), ERROR_TOPIC_FILTER)
    assert.is(insert('a#'), ERROR_TOPIC_FILTER)
    assert.is(insert('#/a'), ERROR_TOPIC_FILTER)
    assert.is(insert('$share/g'), ERROR_TOPIC_FILTER)
    assert.is(insert('$share//a'), ERROR_TOPIC_FILTER)
    assert.is(insert(Buffer.from([0x61, 0xff])), ERROR_MALFORMED_STRING)
    assert.is(insert('/'.repeat(200)), ERROR_TOPIC_LEVELS)
    assert.is(insert('a', -1), ERROR_ARGUMENT)
    assert.is(module.call('insert', 0, SCRATCH_START, 1, 1, 0, 0), ERROR_ARGUMENT)
    assert.is(trie.count, 0)
    assert.equal(trie.match('/'.repeat(500)), [])
    assert.equal(trie.match('a#'), [])
    assert.is(trie.remove('#/a', 1), undefined)
    assert.is(trie.remove('$share//a', 1), undefined)
  })

  test('a filter of 200 levels works', () => {
    const trie = new Trie(new TestModule(build))
    const filter = `${'+/'.repeat(198)}a/#`
    trie.insert(filter, 1)
    assert.equal(trie.subscribers('/'.repeat(199)), [])
    assert.equal(trie.subscribers(`${'/'.repeat(198)}a/b`), [1])
    assert.equal(trie.subscribers(`${'/'.repeat(198)}a`), [1])
  })

  test('every mixture of + and a level in 12 places matches', () => {
    const trie = new Trie(new TestModule(build))
    for (let bits = 0; bits < 4096; bits++) {
      const levels = Array.from({ length: 12 }, (_, i) => ((bits >> i) & 1 ? '+' : 'a'))
      trie.insert(levels.join('/'), bits % 100)
    }
    const topic = Array.from({ length: 12 }, () => 'a').join('/')
    assert.is(trie.match(topic).length, 100)
    assert.is(trie.match(topic).length, 100)
    assert.equal(trie.match(`${topic}/a`), [])
  })

  for (const many of [30, 20_000]) {
    test(`${many} subscribers of one filter come, change and go`, () => churn(build, many))
  }

  test('after everything was removed, the same again allocates nothing more', () => {
    const module = new TestModule(build)
    const trie = new Trie(module)
    const filters = CASES.flatMap(([filter]) => [filter, `$share/group/${filter}`])
    const numbered = Array.from({ length: 40 }, (_, i) => `device/${i}/${'x'.repeat(i * 3)}`)
    const parting = ['long label/of four/levels, first/whole', 'long label/of four/levels, first']
    const all = [...filters, ...numbered, ...parting, 'long label', 'long label/of four/+']
    const allocated = new Set<number>()
    for (let round = 0; round < 50; round++) {
      for (const filter of all) for (let s = 0; s < 20; s++) trie.insert(filter, s, 0, s + 1)
      for (const filter of all)
        for (let s = 0; s < 20; s++) assert.is(trie.remove(filter, s), s + 1)
      allocated.add(module.word(REGISTER_ALLOCATED))
    }
    assert.is(trie.count, 0)
    assert.is(allocated.size, 1)
  })
}

for (const build of BUILDS) {
  const test = suite(`trie, ${build} build`)
  matching(test, build)
  caching(test, build)
  delivering(test, build)
  sharing(test, build)
  searching(test, build)
  limiting(test, build)
  test.run()
}
