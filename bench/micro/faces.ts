// Suite: the package's faces beside what they stand beside: wasmqtt/codec and wasmqtt/mqtt-packet
// beside mqtt-packet, wasmqtt/topics and wasmqtt/qlobber beside qlobber. Strings and objects in and
// out, as programs use them. `read` looks at topic and payload of every packet.
import { createRequire } from 'node:module'
import { type Packet as MqttPacket, parser } from 'mqtt-packet'
import { Decoder, encode, type Packet } from 'wasmqtt/codec'
import { Qlobber as DropIn } from 'wasmqtt/qlobber'
import { TopicTrie } from 'wasmqtt/topics'
import { filterOf, qlobberOf, topicOf } from './fleet.ts'
import { agree, measure, type Work } from './measure.ts'
import { bytesOf, SAMPLES, type Version } from './packets.ts'
import { seeded } from './random.ts'

const require = createRequire(import.meta.url)
// As CommonJS, both: an import of a package without them hides how it is really used.
const theirs = require('mqtt-packet') as typeof import('mqtt-packet')
const dropIn = require('wasmqtt/mqtt-packet') as typeof import('wasmqtt/mqtt-packet')

const PACKETS = 1000
const LOOKUPS = 1000
const FILTERS = 100_000
const COLD_TOPICS = 100_000

let sink = 0

function pushAll(chunk: Uint8Array, version: Version): number {
  return new Decoder({ version, sender: 'any' }).push(chunk).length
}

function pushAndRead(chunk: Uint8Array, version: Version): number {
  let count = 0
  for (const packet of new Decoder({ version, sender: 'any' }).push(chunk)) {
    if (packet.type === 'publish') sink += packet.topic.length + packet.payload.length
    count++
  }
  return count
}

function pushEach(chunk: Uint8Array, version: Version): number {
  const decoder = new Decoder({ version, sender: 'any' })
  let count = 0
  for (let i = 0; i < PACKETS; i++) count += decoder.push(chunk).length
  return count
}

function parseAll(from: Pick<typeof theirs, 'parser'>, chunk: Buffer, version: Version): number {
  let count = 0
  const parsing = from.parser({ protocolVersion: version })
  parsing.on('packet', () => {
    count++
  })
  parsing.parse(chunk)
  return count
}

function parseEach(from: Pick<typeof theirs, 'parser'>, chunk: Buffer, version: Version): number {
  let count = 0
  const parsing = from.parser({ protocolVersion: version })
  parsing.on('packet', () => {
    count++
  })
  for (let i = 0; i < PACKETS; i++) parsing.parse(chunk)
  return count
}

function repeat(one: () => { length: number }): Work {
  return () => {
    let bytes = 0
    for (let i = 0; i < PACKETS; i++) bytes += one().length
    return bytes
  }
}

/** The same packet as an object of ours. */
function oursOf(bytes: Buffer, version: Version): Packet {
  const [packet] = new Decoder({ version, sender: 'any' }).push(bytes) as [Packet]
  return 'toObject' in packet ? (packet as { toObject(): Packet }).toObject() : packet
}

const dropInParser = dropIn as unknown as typeof theirs
const CODEC = /^PUBLISH (QoS|MQTT 5)|^PUBACK|^SUBSCRIBE/
for (const sample of SAMPLES.filter(({ title }) => CODEC.test(title))) {
  const { title, version, packet } = sample
  const one = bytesOf(sample)
  const chunk = Buffer.concat(Array.from({ length: PACKETS }, () => one))
  agree(title, { ours: pushAll(chunk, version), theirs: parseAll({ parser }, chunk, version) })
  await measure(`faces, decode ${title}`, PACKETS, {
    codec: () => pushAll(chunk, version),
    'codec, read': () => pushAndRead(chunk, version),
    'drop-in': () => parseAll(dropInParser, chunk, version),
    'mqtt-packet': () => parseAll(theirs, chunk, version),
  })
  const ours = oursOf(one, version)
  const options = { protocolVersion: version }
  agree(title, { wasmqtt: Buffer.from(encode(ours, version)), 'mqtt-packet': one })
  agree(title, { wasmqtt: dropIn.generate(packet, options), 'mqtt-packet': one })
  await measure(`faces, encode ${title}`, PACKETS, {
    codec: repeat(() => encode(ours, version)),
    'drop-in': repeat(() => dropIn.generate(packet, options)),
    'mqtt-packet': repeat(() => theirs.generate(packet as MqttPacket, options)),
  })
}

const single = SAMPLES[0] as (typeof SAMPLES)[0]
const bytes = bytesOf(single)
await measure(`faces, decode ${single.title}, alone`, PACKETS, {
  codec: () => pushEach(bytes, single.version),
  'drop-in': () => parseEach(dropInParser, bytes, single.version),
  'mqtt-packet': () => parseEach(theirs, bytes, single.version),
})

const MQTT = { separator: '/', wildcard_one: '+', wildcard_some: '#', match_empty_levels: true }
const filters = Array.from({ length: FILTERS }, (_, i) => filterOf(i))
const trie = new TopicTrie<number>()
const replacement = new DropIn<number>(MQTT)
filters.forEach((filter, i) => {
  trie.add(filter, i)
  replacement.add(filter, i)
})
const qlobber = qlobberOf(filters)

function shuffled(topics: string[]): string[] {
  const random = seeded(topics.length)
  const keyed = topics.map((topic) => [random(), topic] as const)
  return keyed.sort(([a], [b]) => a - b).map(([, topic]) => topic)
}

function lookUp(match: (topic: string) => { length: number }, topics: readonly string[]): Work {
  let next = 0
  return () => {
    let found = 0
    for (let i = 0; i < LOOKUPS; i++) {
      found += match(topics[next] as string).length
      next = next + 1 === topics.length ? 0 : next + 1
    }
    return found
  }
}

const all = shuffled(Array.from({ length: COLD_TOPICS }, (_, i) => topicOf(i)))
const kinds: Record<string, readonly string[]> = {
  hit: all.slice(0, 100),
  'hit of 1000': all.slice(0, 1000),
  'all of 100000': all,
  none: shuffled(Array.from({ length: COLD_TOPICS }, (_, i) => `fleet/${i % 100}/no${i}/state`)),
}
for (const [kind, topics] of Object.entries(kinds)) {
  for (const topic of topics.slice(0, 100)) {
    agree(topic, { wasmqtt: trie.match(topic).sort(), qlobber: qlobber.match(topic).sort() })
  }
  await measure(`faces, match among ${FILTERS}, ${kind}`, LOOKUPS, {
    TopicTrie: lookUp((topic) => trie.match(topic), topics),
    'drop-in': lookUp((topic) => replacement.match(topic), topics),
    qlobber: lookUp((topic) => qlobber.match(topic), topics),
  })
}
if (sink < 0) console.log(sink)
