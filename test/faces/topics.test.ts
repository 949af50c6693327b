// The face wasmqtt/topics: TopicTrie against a naive model, random operations, and the edges of its
// interface.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TopicTrie } from 'wasmqtt/topics'

const ROUNDS = 4000

const tests = suite('topics face')

function seeded(state: number): (bound: number) => number {
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

/** MQTT 5.0 section 4.7, as it is written. */
function matches(filter: string, topic: string): boolean {
  const wanted = filter.split('/')
  const levels = topic.split('/')
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false
  for (const [i, word] of wanted.entries()) {
    if (word === '#') return true
    if (i >= levels.length || (word !== '+' && word !== levels[i])) return false
  }
  return wanted.length === levels.length
}

function words(random: (bound: number) => number, letters: string[]): string {
  return Array.from({ length: 1 + random(4) }, () => letters[random(letters.length)]).join('/')
}

tests('random adding, removing and matching give what a list gives', () => {
  const random = seeded(7)
  const trie = new TopicTrie<number>()
  const model = new Map<string, Set<number>>()
  const size = () => [...model.values()].reduce((sum, { size }) => sum + size, 0)
  for (let i = 0; i < ROUNDS; i++) {
    const filter = words(random, ['a', 'b', '+', 'ä', '$x']) + (random(4) === 0 ? '/#' : '')
    const topic = words(random, ['a', 'b', 'ä', '$x'])
    const value = random(40)
    const known = model.get(filter)
    if (random(3) > 0) {
      trie.add(filter, value)
      model.set(filter, (known ?? new Set()).add(value))
    } else {
      assert.is(trie.remove(filter, value), known?.delete(value) ?? false)
    }
    assert.is(trie.size, size())
    const expected = [...model].flatMap(([one, set]) => (matches(one, topic) ? [...set] : []))
    assert.equal(trie.match(topic).sort(), expected.sort(), topic)
    assert.equal(trie.match(topic).sort(), expected, 'the second time')
  }
  const listed = [...trie].map(([filter, value]) => `${filter} ${value}`)
  const held = [...model].flatMap(([filter, set]) => [...set].map((one) => `${filter} ${one}`))
  assert.equal(listed.sort(), held.sort())
  trie.clear()
  assert.is(trie.size, 0)
  assert.equal(trie.match('a'), [])
})

tests('many values of one filter are kept once each, and can go one by one', () => {
  const trie = new TopicTrie<object>()
  const values = Array.from({ length: 1000 }, (_, i) => ({ i }))
  for (const value of [...values, ...values]) trie.add('a/+', value)
  assert.is(trie.size, 1000)
  for (const value of values.slice(1)) assert.is(trie.remove('a/+', value), true)
  assert.equal(trie.match('a/b'), [values[0]])
  assert.is(trie.has('a/+', values[0] as object), true)
  assert.is(trie.removeAll('a/+'), 1)
  assert.is(trie.removeAll('a/+'), 0)
})

tests('undefined and null are values like any other', () => {
  const trie = new TopicTrie<undefined | null>().add('a', undefined).add('a', null)
  assert.equal(trie.match('a'), [undefined, null])
  assert.is(trie.remove('a', undefined), true)
  assert.is(trie.size, 1)
})

tests('of a shared filter one value comes at a time, each in turn', () => {
  const trie = new TopicTrie<string>()
  for (const name of ['x', 'y', 'z']) trie.add('$share/g/a/+', name)
  const turns = Array.from({ length: 6 }, () => trie.match('a/b'))
  assert.ok(turns.every(({ length }) => length === 1))
  assert.equal(turns.flat().sort(), ['x', 'x', 'y', 'y', 'z', 'z'])
})

tests('search finds what hangs on the topics that a filter matches', () => {
  const trie = new TopicTrie<number>().add('a/b', 1).add('a/c', 2).add('$SYS/a', 3)
  assert.equal(trie.search('a/+').sort(), [1, 2])
  assert.equal(trie.search('#').sort(), [1, 2])
  assert.throws(() => trie.search('a/#/b'), /expected a topic filter/)
})

tests('what is no filter is refused and leaves nothing behind', () => {
  const trie = new TopicTrie<number>()
  for (const filter of ['', 'a/#/b', 'a+', '\0', 'x'.repeat(65536), '$share/g/']) {
    assert.throws(() => trie.add(filter, 1), /expected a topic filter/)
  }
  assert.is(trie.size, 0)
  assert.equal(trie.match('x'.repeat(65536)), [])
  assert.equal(trie.match(''), [])
})

tests('tries side by side do not see each other', () => {
  const tries = Array.from({ length: 50 }, (_, i) => new TopicTrie<number>().add('a/+', i))
  tries.forEach((trie, i) => {
    assert.equal(trie.match('a/b'), [i])
  })
})

tests.run()
