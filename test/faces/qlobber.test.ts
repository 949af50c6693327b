// The drop-in for qlobber beside qlobber itself: the same random filters, values and topics give
// the same sets, through every method; what differs stands in the last tests.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Qlobber, QlobberDedup, QlobberTrue } from 'wasmqtt/qlobber'

const original = (await import('qlobber' as string)).default as {
  Qlobber: typeof Qlobber
  QlobberDedup: typeof QlobberDedup
  QlobberTrue: typeof QlobberTrue
}
const MQTT = { separator: '/', wildcard_one: '+', wildcard_some: '#', match_empty_levels: true }
const ROUNDS = 3000

const tests = suite('drop-in for qlobber')

/** Integers below a bound, the same ones for the same seed. */
function seeded(state: number): (bound: number) => number {
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

function words(random: (bound: number) => number, letters: string[]): string {
  const some = Array.from({ length: 1 + random(4) }, () => letters[random(letters.length)])
  return some.join('/') || 'a'
}

function sorted(values: Iterable<unknown>): unknown[] {
  return [...values].sort()
}

for (const match_empty_levels of [true, false]) {
  tests(`random adding, removing and matching, empty levels matched: ${match_empty_levels}`, () => {
    const options = { ...MQTT, match_empty_levels }
    const random = seeded(8)
    const pairs = [
      [new Qlobber<number>(options), new original.Qlobber<number>(options)],
      [new QlobberDedup<number>(options), new original.QlobberDedup<number>(options)],
      [new QlobberTrue(options), new original.QlobberTrue(options)],
    ] as const
    for (let i = 0; i < ROUNDS; i++) {
      const tail = random(4) === 0 ? '/#' : ''
      const filter = words(random, ['a', 'b', '+', '']) + tail
      const topic = words(random, ['a', 'b', 'c', ''])
      const value = random(5)
      const action = random(5)
      const all = random(8) === 0
      for (const [ours, theirs] of pairs) {
        for (const one of [ours, theirs] as Qlobber<number>[]) {
          if (action < 2) one.add(filter, value)
          else if (action === 2) one.remove(filter, value)
          else if (action === 3 && all) one.remove(filter)
        }
        const found = ours.match(topic)
        const expected = theirs.match(topic)
        if (typeof found === 'boolean') assert.is(found, expected)
        else assert.equal(sorted(found), sorted(expected as Iterable<unknown>), topic)
        const [a, b] = [ours, theirs] as unknown as [Qlobber<number>, Qlobber<number>]
        assert.equal(sorted(a.match_iter(topic)), sorted(b.match_iter(topic)))
        assert.is(a.test(topic, value), b.test(topic, value))
      }
    }
  })
}

tests('what one visits the other restores', () => {
  const ours = new Qlobber<string>(MQTT).add('a/+', 'x').add('a/+', 'x').add('#', 'y')
  const theirs = new original.Qlobber<string>(MQTT)
  const restore = theirs.get_restorer()
  for (const visit of ours.visit()) restore(visit)
  assert.equal(sorted(theirs.match('a/b')), ['x', 'x', 'y'])
  const back = new Qlobber<string>(MQTT)
  const restoreBack = back.get_restorer()
  for (const visit of theirs.visit()) restoreBack(visit)
  assert.equal(sorted(back.match('a/b')), ['x', 'x', 'y'])
  assert.equal(sorted(back.match('c')), ['y'])
})

tests('subclasses may override how values are kept', () => {
  class Counting extends Qlobber<string> {
    added = 0
    protected override _initial_value(value: string): string[] {
      this.added++
      return [value.toUpperCase()]
    }
  }
  const counting = new Counting(MQTT).add('a', 'x')
  assert.equal(counting.match('a'), ['X'])
  assert.is(counting.added, 1)
})

tests('clear empties it, and too many words are refused as there', () => {
  for (const kind of [Qlobber, original.Qlobber]) {
    const one = new kind<number>({ ...MQTT, max_words: 3 }).add('a/b/c', 1)
    assert.throws(() => one.add('a/b/c/d', 2), /too many words/)
    assert.throws(() => one.match('a/b/c/d'), /too many words/)
    assert.equal(one.clear().match('a/b/c'), [])
  }
})

tests('other separators and filters that MQTT does not know are refused', () => {
  assert.throws(() => new Qlobber(), /expected separator/)
  assert.throws(() => new Qlobber({ ...MQTT, wildcard_one: '*' }), /expected separator/)
  for (const filter of ['a/#/b', 'a+', '']) {
    assert.throws(() => new Qlobber(MQTT).add(filter, 1), /expected a topic filter/)
  }
})

tests('topics that begin with $ match no wildcard in front, and $share/ makes a group', () => {
  const one = new Qlobber<number>(MQTT).add('#', 1).add('+/x', 2).add('$share/g/a', 3)
  assert.equal(one.match('$SYS/x'), [])
  assert.equal(sorted(one.match('a')), [1, 3])
})

tests.run()
