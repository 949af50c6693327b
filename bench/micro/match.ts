// Suite: which of 1 to 1,000,000 filters match a topic. hit: 100 or 1000 topics again and again,
// which our trie has in its cache, but for those that share a slot (1 % and 11 % of them). miss: so
// many topics that it has not. none: topics nobody subscribed to. Beside qlobber (a trie of Maps,
// no cache) and, where it can be waited for, mqtt-match (a loop).
import isMatch from 'mqtt-match'
import { loadModule, type Module } from '../../host/wasm/instance.ts'
import { Rows, type Trie } from '../../host/wasm/topics.ts'
import { filterOf, qlobberOf, StoredTopics, topicOf, trieOf } from './fleet.ts'
import { agree, measure, type Work } from './measure.ts'
import { seeded } from './random.ts'

const LOOKUPS = 1000
const HOT_TOPICS = 100
const WARM_TOPICS = 1000
const COLD_TOPICS = 200_000
const LOOP_FILTERS_MAX = 10_000

function matchStored(trie: Trie, topics: StoredTopics): Work {
  const { starts, lengths } = topics
  let next = 0
  return () => {
    let rows = 0
    for (let i = 0; i < LOOKUPS; i++) {
      rows += trie.match(starts[next] as number, lengths[next] as number, -1)
      next = next + 1 === starts.length ? 0 : next + 1
    }
    return rows
  }
}

function matchStrings(
  count: (topic: string) => number,
  topics: readonly string[],
  lookups: number,
): Work {
  let next = 0
  return () => {
    let rows = 0
    for (let i = 0; i < lookups; i++) {
      rows += count(topics[next] as string)
      next = next + 1 === topics.length ? 0 : next + 1
    }
    return rows
  }
}

/** Topics of vehicles in a seeded random order. */
function shuffled(count: number, topic: (vehicle: number) => string): string[] {
  const random = seeded(count)
  const topics = Array.from({ length: count }, (_, i) => topic(i))
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const held = topics[i] as string
    topics[i] = topics[j] as string
    topics[j] = held
  }
  return topics
}

/** Filters and topics of few letters, which meet often, checked as exact sets. */
function checkAgreement(): void {
  const random = seeded(1)
  const pick = (letters: string) => letters[Math.floor(random() * letters.length)] as string
  const levels = (letters: string) =>
    Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(letters))
  const filters = Array.from({ length: 300 }, () =>
    levels('abc+')
      .concat(random() < 0.3 ? ['#'] : [])
      .join('/'),
  )
  const distinct = [...new Set(filters)]
  const module = loadModule()
  const trie = trieOf(module, distinct)
  const qlobber = qlobberOf(distinct)
  for (let i = 0; i < 2000; i++) {
    const topic = levels('abc').join('/')
    const looped = distinct.flatMap((filter, index) => (isMatch(filter, topic) ? [index] : []))
    agree(topic, {
      'mqtt-match': looped,
      qlobber: [...new Set(qlobber.match(topic))].sort((a, b) => a - b),
      wasmqtt: subscribersOf(module, trie, topic),
    })
  }
}

function subscribersOf(module: Module, trie: Trie, topic: string): number[] {
  const { starts, lengths } = new StoredTopics(module, [topic])
  const count = trie.match(starts[0] as number, lengths[0] as number, -1)
  const first = trie.rows()
  return Array.from({ length: count }, (_, i) =>
    Rows.subscriber(module, first + i * Rows.size),
  ).sort((a, b) => a - b)
}

async function measureAt(count: number): Promise<void> {
  const filters = Array.from({ length: count }, (_, i) => filterOf(i))
  const module = loadModule()
  const trie = trieOf(module, filters)
  const qlobber = qlobberOf(filters)
  const vehicles = shuffled(count, topicOf)
  const kinds: Record<string, readonly string[]> = {
    hit: vehicles.slice(0, HOT_TOPICS),
    ...(count > 1 && { 'hit of 1000': vehicles.slice(0, WARM_TOPICS) }),
    ...(count > 1 && { miss: shuffled(COLD_TOPICS, (i) => topicOf(i % count)) }),
    none: shuffled(COLD_TOPICS, (i) => `fleet/${i % 100}/nobody${i}/state`),
  }
  for (const [kind, topics] of Object.entries(kinds)) {
    const stored = new StoredTopics(module, topics)
    const works: Record<string, Work> = {
      wasmqtt: matchStored(trie, stored),
      qlobber: matchStrings((topic) => qlobber.match(topic).length, topics, LOOKUPS),
    }
    await measure(`match, ${count} filters, ${kind}`, LOOKUPS, works)
  }
  if (count > LOOP_FILTERS_MAX) return
  const loop = (topic: string) => filters.filter((filter) => isMatch(filter, topic)).length
  await measure(`match, ${count} filters, a loop`, 1, {
    'mqtt-match': matchStrings(loop, kinds.hit as string[], 1),
  })
}

checkAgreement()
for (const count of [1, 10_000, 100_000, 1_000_000]) await measureAt(count)
