// What a stream says about topics, done to a trie of the module and to its naive twin: SUBSCRIBE
// inserts, UNSUBSCRIBE removes, PUBLISH matches, and filters search what was published. Both must
// answer the same; whatever else the bytes hold is given to the trie as topics and filters too.

import { OPTION_SHARED, PUBLISH, SUBSCRIBE, UNSUBSCRIBE } from '../../assembly/codes.ts'
import * as layout from '../../assembly/layout.ts'
import { Model } from '../model.ts'
import type { Random } from './random.ts'
import { must, type Side, type Trace } from './stream.ts'
import { isFilter } from './texts.ts'

const SUBSCRIBERS = 5
const CROWD_MAX = 60
const MODEL_MAX = 64
const PLAIN_OPTIONS = 0x0f

/** A trie of one build with its twin; both are empty between two streams. */
export class Subscriptions {
  private readonly side: Side
  private readonly root: number
  private model = new Model()
  private identifiers = 1000

  constructor(side: Side) {
    this.side = side
    this.root = side.module.call.trie_create()
    side.module.renew()
    must(this.root !== 0, () => 'no memory for a trie')
  }

  check(stream: Buffer, trace: Trace, random: Random): void {
    this.model = new Model()
    for (let i = 0; i < trace.good; i++) {
      const type = trace.word(i, layout.RECORD_HEAD) >> 4
      if (type === PUBLISH) this.publish(topicOf(stream, trace, i), random)
      else if (type === SUBSCRIBE || type === UNSUBSCRIBE) this.change(stream, trace, i, random)
    }
    for (let i = random.below(4); i > 0; i--) this.nonsense(stream, random)
    this.clear()
  }

  private change(stream: Buffer, trace: Trace, index: number, random: Random): void {
    const isSubscribe = trace.word(index, layout.RECORD_HEAD) >> 4 === SUBSCRIBE
    let at = trace.word(index, layout.RECORD_PAYLOAD_START) - 1
    for (let left = trace.word(index, layout.RECORD_COUNT); left > 0; left--) {
      const end = at + 2 + stream.readUInt16BE(at)
      const filter = stream.subarray(at + 2, end)
      at = isSubscribe ? end + 1 : end
      const subscriber = random.below(SUBSCRIBERS)
      if (!isSubscribe) this.remove(filter, subscriber)
      else this.insert(filter, subscriber, (stream[end] as number) & PLAIN_OPTIONS)
      if (isSubscribe && random.chance(2)) this.crowd(filter, random)
      if (this.model.count > MODEL_MAX) this.clear()
    }
  }

  /** So many on one filter that they are looked up in another way; then some go. */
  private crowd(filter: Buffer, random: Random): void {
    for (let i = random.between(10, CROWD_MAX); i > 0; i--) {
      this.insert(filter, random.below(CROWD_MAX), random.below(3))
    }
    for (let i = random.below(CROWD_MAX); i > 0; i--) this.remove(filter, random.below(CROWD_MAX))
  }

  /** Inserts, and must be told the truth about what was there. */
  private insert(filter: Buffer, subscriber: number, options: number): void {
    const { module } = this.side
    const identifier = ++this.identifiers
    const start = this.side.place(filter, 0)
    const values = [start, filter.length, subscriber, options, identifier] as const
    const result = module.call.insert(this.root, ...values)
    module.renew()
    if (!isFilter(filter)) {
      must(result < 0, () => `insert of ${filter.toString('hex')} answered ${result}`)
      return
    }
    const previous = this.model.insert(filter.toString(), subscriber, options, identifier)
    this.agree('insert', filter, result, previous)
  }

  private remove(filter: Buffer, subscriber: number): void {
    const { module } = this.side
    const start = this.side.place(filter, 0)
    const result = module.call.remove(this.root, start, filter.length, subscriber)
    this.agree('remove', filter, result, this.model.remove(filter.toString(), subscriber))
  }

  private agree(what: string, filter: Buffer, result: number, previous: number | undefined): void {
    const { module } = this.side
    const said = result === 0 ? undefined : module.word(layout.REGISTER_PREVIOUS)
    const same = (result === 0 || result === 1) && said === previous
    must(same, () => `${what} ${filter.toString('hex')}: ${result}, ${said}, not ${previous}`)
    const count = module.call.trie_count(this.root)
    must(count === this.model.count, () => `${count} subscriptions, not ${this.model.count}`)
  }

  /**
   * Matches the topic, stores it as a retained one would be, and searches by a filter made of it.
   */
  private publish(topic: Buffer, random: Random): void {
    if (topic.length === 0) return
    const publisher = random.below(SUBSCRIBERS + 1) - 1
    this.match(topic, publisher)
    if (random.chance(20)) this.insert(topic, 0, 0)
    if (random.chance(10)) this.search(filterFor(topic, random))
  }

  private match(topic: Buffer, publisher: number): void {
    const { module } = this.side
    const start = this.side.place(topic, 0)
    const count = module.call.match(this.root, start, topic.length, publisher)
    const first = module.word(layout.REGISTER_ROWS)
    const { plain, shared } = this.model.match(topic.toString(), publisher)
    const rows = Array.from({ length: count }, (_, i) => this.row(first + i * layout.ROW_SIZE))
    const picked = rows.filter((row) => row.shared).map((row) => row.identifiers[0] as number)
    const found = rows.filter((row) => !row.shared).map((row) => row.text)
    const expected = plain.map((one) => {
      const identifiers = one.identifiers.sort((a, b) => a - b)
      return `${one.subscriber} ${one.qos} ${one.retainAsPublished} ${identifiers}`
    })
    const same = found.sort().join() === expected.sort().join()
    must(same, () => `${topic.toString('hex')} matches ${found}, not ${expected}`)
    const groups = shared.map((members) => members.map(({ identifier }) => identifier))
    const one = groups.every((group) => picked.filter((id) => group.includes(id)).length === 1)
    must(one && picked.length === groups.length, () => `groups ${groups.join(' ')} gave ${picked}`)
  }

  private row(address: number): { shared: boolean; identifiers: number[]; text: string } {
    const { module } = this.side
    const options = module.word(address + layout.ROW_OPTIONS)
    const identifiers: number[] = []
    for (let at = address; at !== 0; at = module.word(at + layout.ROW_NEXT)) {
      identifiers.push(module.word(at + layout.ROW_IDENTIFIER))
    }
    identifiers.sort((a, b) => a - b)
    const subscriber = module.word(address + layout.ROW_SUBSCRIBER)
    const text = `${subscriber} ${options & 3} ${(options & 8) !== 0} ${identifiers}`
    return { shared: (options & OPTION_SHARED) !== 0, identifiers, text }
  }

  private search(filter: Buffer): void {
    const { module } = this.side
    const start = this.side.place(filter, 0)
    const count = module.call.search(this.root, start, filter.length)
    const first = module.word(layout.REGISTER_ROWS)
    const found = Array.from({ length: count }, (_, i) => module.word(first + i * 4))
    const expected = this.model.search(filter.toString())
    const same = found.sort((a, b) => a - b).join() === expected.sort((a, b) => a - b).join()
    must(same, () => `${filter.toString('hex')} finds ${found}, not ${expected}`)
  }

  /** Any bytes as a filter or a topic: no answer but a count or an error, and nothing changes. */
  private nonsense(stream: Buffer, random: Random): void {
    const { call } = this.side.module
    const from = random.below(stream.length + 1)
    const bytes = stream.subarray(from, from + random.below(random.chance(90) ? 30 : 70_000))
    if (isFilter(bytes)) return
    this.insert(bytes, random.below(SUBSCRIBERS), 0)
    const start = this.side.place(bytes, 0)
    must(call.match(this.root, start, bytes.length, -1) >= 0, () => 'match of nonsense')
    must(call.search(this.root, start, bytes.length) >= 0, () => 'search of nonsense')
    const removed = call.remove(this.root, start, bytes.length, 0)
    must(removed === 0, () => `removed ${bytes.toString('hex')}, which was not there`)
  }

  private clear(): void {
    for (const { filter, subscriber } of this.model.all()) {
      this.remove(Buffer.from(filter), subscriber)
    }
  }
}

function topicOf(stream: Buffer, trace: Trace, i: number): Buffer {
  const start = Math.max(0, trace.word(i, layout.RECORD_TOPIC_START) - 1)
  return stream.subarray(start, start + trace.word(i, layout.RECORD_TOPIC_LENGTH))
}

/** Some levels of the topic replaced by `+`, or the rest by `#`. */
function filterFor(topic: Buffer, random: Random): Buffer {
  const levels = topic.toString().split('/')
  const filter = levels.map((level) => (random.chance(40) ? '+' : level))
  if (random.chance(40)) filter.splice(random.below(filter.length + 1), filter.length, '#')
  return Buffer.from(filter.join('/') || '/')
}
