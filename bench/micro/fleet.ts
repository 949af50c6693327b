// Filters and topics of the trie suites: a fleet of vehicles, any number of filters, each vehicle's
// topic matching exactly one. Also tries that hold them: ours and qlobber's.
import { Qlobber } from 'qlobber'
import type { Module } from '../../host/wasm/instance.ts'
import { Trie } from '../../host/wasm/topics.ts'

/** 8 of 10 filters are literal, one has +, one has #. */
export function filterOf(vehicle: number): string {
  const topic = topicOf(vehicle)
  if (vehicle % 10 === 0) return topic.replace(/^fleet\/\d+/, 'fleet/+')
  return vehicle % 10 === 1 ? topic.replace('state', '#') : topic
}

export function topicOf(vehicle: number): string {
  return `fleet/${vehicle % 100}/v${vehicle}/state`
}

export function qlobberOf(filters: readonly string[]): Qlobber<number> {
  const qlobber = newQlobber()
  filters.forEach((filter, index) => {
    qlobber.add(filter, index)
  })
  return qlobber
}

export function newQlobber(): Qlobber<number> {
  const mqtt = { separator: '/', wildcard_one: '+', wildcard_some: '#', match_empty_levels: true }
  return new Qlobber(mqtt)
}

export function trieOf(module: Module, filters: readonly string[]): Trie {
  const trie = new Trie(module)
  filters.forEach((filter, index) => {
    trie.insertText(filter, index, 0)
  })
  return trie
}

/** Topics in the module's memory, as they are when a packet has been decoded. */
export class StoredTopics {
  readonly starts: Int32Array
  readonly lengths: Int32Array

  constructor(module: Module, topics: readonly string[]) {
    const block = module.allocate(topics.reduce((sum, topic) => sum + topic.length, 0))
    this.starts = new Int32Array(topics.length)
    this.lengths = new Int32Array(topics.length)
    let at = block
    topics.forEach((topic, index) => {
      this.starts[index] = at
      this.lengths[index] = module.bytes.write(topic, at, 'utf8')
      at += this.lengths[index] as number
    })
  }
}
