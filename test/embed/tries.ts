// Topic tries as vectors: what is done to a new trie, step by step, and what each step must answer.
// What overlapping filters give is worked out by the naive model of test/model.ts.

import {
  ERROR_ARGUMENT,
  ERROR_MALFORMED_STRING,
  ERROR_TOPIC_FILTER,
  ERROR_TOPIC_LEVELS,
  ERROR_TOPIC_NAME,
  OPTION_NO_LOCAL,
  OPTION_RETAIN_AS_PUBLISHED,
  OPTION_SHARED,
} from '../../assembly/codes.ts'
import { CASES } from '../filters.ts'
import { Model, matches } from '../model.ts'

export interface Row {
  subscriber: number
  options: number
  /** Ascending. */
  identifiers: number[]
}

/** What a step does not need is 0 or empty; `result` is what the export answers. */
export interface Step {
  action: 'insert' | 'remove' | 'match' | 'search' | 'online' | 'count'
  text: string
  subscriber: number
  options: number
  identifier: number
  result: number
  /** Of match: by subscriber, then options. */
  rows: Row[]
  /** Of search: ascending. */
  identifiers: number[]
}

export interface TrieVector {
  title: string
  steps: Step[]
}

export interface NameVector {
  title: string
  kind: 'topic' | 'filter'
  bytes: string
  result: number
}

const NOBODY = -1
const LEVELS_200: string = '/'.repeat(199)

function step(action: Step['action'], text: string, more: Partial<Step> = {}): Step {
  const none = { subscriber: 0, options: 0, identifier: 0, result: 0, rows: [], identifiers: [] }
  return { action, text, ...none, ...more }
}

function insert(text: string, subscriber: number, options = 0, identifier = 0, result = 0): Step {
  return step('insert', text, { subscriber, options, identifier, result })
}

const remove = (text: string, subscriber: number, result = 1): Step =>
  step('remove', text, { subscriber, result })

const online = (subscriber: number, value: number): Step =>
  step('online', '', { subscriber, options: value })

const count = (result: number): Step => step('count', '', { result })

function match(topic: string, rows: Row[], publisher = NOBODY): Step {
  return step('match', topic, { subscriber: publisher, rows, result: rows.length })
}

/** A match of subscribers whose options and identifiers are 0. */
const matchOnly = (topic: string, ...subscribers: number[]): Step =>
  match(
    topic,
    subscribers.map((subscriber) => row(subscriber)),
  )

const search = (filter: string, identifiers: number[]): Step =>
  step('search', filter, { identifiers, result: identifiers.length })

const row = (subscriber: number, options = 0, ...identifiers: number[]): Row => ({
  subscriber,
  options,
  identifiers,
})

function modelled(model: Model, topic: string): Step {
  const rows = model.match(topic, NOBODY).plain.map(({ subscriber, qos, identifiers }) => {
    return row(subscriber, qos, ...identifiers.sort((a, b) => a - b))
  })
  return match(
    topic,
    rows.sort((a, b) => a.subscriber - b.subscriber),
  )
}

function alone(): TrieVector[] {
  return CASES.map(([filter, yes, no]) => ({
    title: `the filter ${filter}`,
    steps: [
      insert(filter, 7, 1, 9),
      ...yes.map((topic) => match(topic, [row(7, 1, 9)])),
      ...no.map((topic) => match(topic, [])),
      remove(filter, 7),
      ...yes.map((topic) => match(topic, [])),
      count(0),
    ],
  }))
}

function together(): TrieVector {
  const model = new Model()
  const inserts = CASES.map(([filter], i) => {
    model.insert(filter, i % 10, i % 3, i)
    return insert(filter, i % 10, i % 3, i)
  })
  const topics = CASES.flatMap(([, yes, no]) => [...yes, ...no])
  const steps = [...inserts, ...topics.map((topic) => modelled(model, topic)), count(CASES.length)]
  return { title: 'all filters together', steps }
}

function retained(): TrieVector {
  const topics = ['a', 'a/b', 'a/b/c', 'a/', '/', '/a', '$SYS', '$SYS/a', 'a/$b', 'ab', 'a//b']
  const filters = [...new Set([...CASES.map(([filter]) => filter), ...topics, 'a/#', '+/b', '#/b'])]
  const found = (filter: string): number[] =>
    topics.flatMap((topic, i) => (matches(filter, topic) ? [i + 1] : []))
  return {
    title: 'a search of stored topics',
    steps: [
      ...topics.map((topic, i) => insert(topic, 0, 0, i + 1)),
      ...filters.map((filter) => search(filter, found(filter))),
      remove('a', 0),
      search('a/#', [2, 3, 4, 9, 11]),
    ],
  }
}

const SHARED: TrieVector[] = [
  {
    title: 'members of a shared group take turns',
    steps: [
      ...[1, 2, 3].map((member) => insert('$share/g/a/+', member, 0, member)),
      ...[1, 2, 3, 1].map((member) => match('a/b', [row(member, OPTION_SHARED, member)])),
      remove('$share/g/a/+', 3),
      ...[2, 1].map((member) => match('a/b', [row(member, OPTION_SHARED, member)])),
      remove('$share/h/a/+', 1, 0),
    ],
  },
  {
    title: 'members that are online come first',
    steps: [
      online(4000, 1),
      ...[4001, 4000, 4002].map((member) => insert('$share/g/a', member, 0, member)),
      ...[4000, 4000].map((member) => match('a', [row(member, OPTION_SHARED, member)])),
      online(4000, 0),
    ],
  },
  {
    title: 'each group gets a message once, and plain subscribers besides',
    steps: [
      insert('$share/g/a', 1, 1, 1),
      insert('$share/h/a', 2, 2, 2),
      insert('$share/g/#', 3, 0, 3),
      insert('a', 1, 0, 4),
      insert('+', 1, 1, 5),
      match('a', [
        row(1, 1, 4, 5),
        row(1, OPTION_SHARED | 1, 1),
        row(2, OPTION_SHARED | 2, 2),
        row(3, OPTION_SHARED, 3),
      ]),
    ],
  },
  {
    title: 'a shared filter with a leading wildcard does not see $-topics',
    steps: [
      insert('$share/g/#', 1, 0, 1),
      insert('$share/g/$SYS/#', 2, 0, 2),
      match('$SYS/a', [row(2, OPTION_SHARED, 2)]),
      match('$share/g/x', []),
    ],
  },
]

const DELIVERED: TrieVector[] = [
  {
    title: 'overlapping subscriptions become one row',
    steps: [
      insert('a/#', 1, 0, 10),
      insert('a/+', 1, 2, 268435455),
      insert('a/b', 1, 1 | OPTION_RETAIN_AS_PUBLISHED, 10),
      insert('a/b', 2, 1),
      match('a/b', [row(1, 2 | OPTION_RETAIN_AS_PUBLISHED, 10, 10, 268435455), row(2, 1)]),
    ],
  },
  {
    title: 'an own message is left out where no-local says so',
    steps: [
      insert('a', 1, 2 | OPTION_NO_LOCAL, 11),
      insert('a', 2),
      match('a', [row(2)], 1),
      match('a', [row(1, 2 | OPTION_NO_LOCAL, 11), row(2)], 2),
    ],
  },
  {
    title: 'subscribing again replaces',
    steps: [
      insert('a/+', 3, 0, 1),
      insert('a/+', 3, 2, 9, 1),
      count(1),
      match('a/b', [row(3, 2, 9)]),
      remove('a/+', 3),
      remove('a/+', 3, 0),
      count(0),
    ],
  },
  {
    title: 'a match follows filters that come and go',
    steps: [
      ...[matchOnly('a/b'), matchOnly('a/b'), insert('a/b', 1), matchOnly('a/b', 1)],
      ...[matchOnly('a/b', 1), insert('a/+', 3), matchOnly('a/b', 1, 3), matchOnly('a/b', 1, 3)],
      ...[insert('#', 2), matchOnly('a/b', 1, 2, 3), remove('a/+', 3), matchOnly('a/b', 1, 2)],
    ],
  },
  {
    title: 'what is no filter is refused and leaves nothing behind',
    steps: [
      ...['', 'a#', '#/a', '+a', '$share/g', '$share//a', '$share/+/a'].map((filter) =>
        insert(filter, 1, 0, 0, ERROR_TOPIC_FILTER),
      ),
      insert(`${LEVELS_200}/`, 1, 0, 0, ERROR_TOPIC_LEVELS),
      insert('a', -1, 0, 0, ERROR_ARGUMENT),
      remove('#/a', 1, 0),
      matchOnly('a#'),
      count(0),
    ],
  },
  {
    title: 'a filter of 200 levels',
    steps: [
      insert(`${'+/'.repeat(198)}a/#`, 1),
      matchOnly(LEVELS_200),
      matchOnly(`${'/'.repeat(198)}a/b`, 1),
      matchOnly(`${'/'.repeat(198)}a`, 1),
    ],
  },
]

export const TRIES: readonly TrieVector[] = [
  ...alone(),
  together(),
  retained(),
  ...SHARED,
  ...DELIVERED,
]

const TOPICS_BAD = ['', '+', '#', 'a/+', 'a/#/b', 'a+b']
const FILTERS_GOOD = [
  '+',
  '#',
  '/#',
  '+/+',
  'a/+/b',
  '$SYS/#',
  '$share',
  '$share/g/a',
  '$share/g//',
]
const FILTERS_BAD = ['', 'a+', '+a', 'a#', '#/', 'a/#/b', '$share/', '$share/g/', '$share/+/a']
const TEXTS_BAD = ['00', '6100', '80', 'c080', 'c2', 'e08080', 'eda080', 'f4908080', 'ff']

function names(kind: NameVector['kind'], texts: readonly string[], result: number): NameVector[] {
  return texts.map((text) => ({
    title: `the ${kind} ${JSON.stringify(text.slice(0, 20))}`,
    kind,
    bytes: Buffer.from(text).toString('hex'),
    result,
  }))
}

export const NAMES: readonly NameVector[] = [
  ...names('topic', ['a', '/', '//', '$SYS/a', '\ufeff', 'ünï/😀', LEVELS_200], 0),
  ...names('topic', TOPICS_BAD, ERROR_TOPIC_NAME),
  ...names('topic', [`${LEVELS_200}/`], ERROR_TOPIC_LEVELS),
  ...names('topic', ['x'.repeat(65536)], ERROR_TOPIC_NAME),
  ...names('filter', FILTERS_GOOD, 0),
  ...names('filter', FILTERS_BAD, ERROR_TOPIC_FILTER),
  ...names('filter', ['x'.repeat(65536)], ERROR_TOPIC_FILTER),
  ...TEXTS_BAD.flatMap((bytes) =>
    (['topic', 'filter'] as const).map((kind) => ({
      ...{ title: `the ${kind} of the bytes ${bytes}`, kind, bytes },
      result: ERROR_MALFORMED_STRING,
    })),
  ),
]
