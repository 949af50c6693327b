// Runs all vectors of one document through the JavaScript wrapper and measures decode. The same
// for Node, Deno, Bun and browsers; how a runtime reads files is its own folder's business.

import * as at from '../../../assembly/layout.ts'
import type * as document from '../export.ts'
import type { NameVector, Step, TrieVector } from '../tries.ts'
import type { Connect, Packet } from './packet.ts'
import { type Row, Trie } from './topics.ts'
import { Decoder, Wasmqtt, WasmqttError } from './wasmqtt.ts'

/** What every runner prints as its last line, as JSON. */
export interface Report {
  version: string
  passed: number
  total: number
  /** For one decoded PUBLISH of 16 bytes, copied in and its offsets read. */
  nanoseconds: number
  /** Titles of the first vectors that failed, with what was answered. */
  failures: string[]
}

const FAILURES_SHOWN = 10
const ROUND_MS = 10
const ROUNDS = 50

const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

function fromHex(digits: string): Uint8Array {
  const bytes = new Uint8Array(digits.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.substr(i * 2, 2), 16)
  return bytes
}

/** A packet in the words of the document. */
function plain(packet: Packet): document.PlainPacket {
  const { connect, topic, properties, payload, ...integers } = packet
  return {
    ...integers,
    topic: toHex(topic),
    properties: toHex(properties),
    payload: toHex(payload),
    connect: connect && (mapBytes(connect, toHex) as unknown as document.PlainConnect),
  }
}

function mapBytes(fields: Connect, change: (bytes: Uint8Array) => string): object {
  const entries = Object.entries(fields).map(([name, value]) => {
    return [name, typeof value === 'number' ? value : change(value as Uint8Array)]
  })
  return Object.fromEntries(entries)
}

/** Texts of the document as bytes: every string is one. */
function packetOf(fields: document.PlainPacket): Packet {
  const bytes = (value: unknown): unknown => (typeof value === 'string' ? fromHex(value) : value)
  const all = (one: object): [string, unknown][] =>
    Object.entries(one).map(([name, value]) => [name, bytes(value)])
  const connect = fields.connect && Object.fromEntries(all(fields.connect))
  return { ...Object.fromEntries(all(fields)), connect } as Packet
}

/** The same whatever the order of keys. */
function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, inner]) => [name, sorted(inner)])
}

/** The code of the error it throws; 0 if it throws none. */
function codeOf(run: () => unknown): number {
  try {
    run()
    return 0
  } catch (error) {
    if (error instanceof WasmqttError) return error.code
    throw error
  }
}

/** Vectors as functions that answer whether they pass. */
class Checks {
  private readonly module: Wasmqtt

  constructor(module: Wasmqtt) {
    this.module = module
  }

  /** Whole, and byte by byte. */
  decode({ version, sender, bytes, packet }: document.DecodeVector): boolean {
    const wire = fromHex(bytes)
    const whole = new Decoder(this.module, version, sender).push(wire)
    const slow = new Decoder(this.module, version, sender)
    const pieces = Array.from(wire, (byte) => slow.push(Uint8Array.of(byte)))
    const early = pieces.slice(0, -1).every((packets) => packets.length === 0)
    return early && same([packet], whole.map(plain)) && same([packet], pieces.flat().map(plain))
  }

  encode({ version, packet, bytes }: document.EncodeVector): boolean {
    return toHex(this.module.encode(packetOf(packet), version)) === bytes
  }

  invalid(vector: document.InvalidVector): boolean {
    const { version, sender, packetSizeMax, bytes, error, reason, position } = vector
    const wire = fromHex(bytes)
    const right = (pieces: Uint8Array[]): boolean => {
      const decoder = new Decoder(this.module, version, sender, packetSizeMax)
      const none = pieces.every((piece) => decoder.push(piece).length === 0)
      const found = decoder.error
      const wanted = [error, reason, position]
      return none && same(wanted, [found?.code, found?.reason, found?.position])
    }
    return right([wire]) && right(Array.from(wire, (byte) => Uint8Array.of(byte)))
  }

  unencodable({ version, packet, error }: document.UnencodableVector): boolean {
    return codeOf(() => this.module.encode(packetOf(packet), version)) === error
  }

  properties({ bytes, properties }: document.PropertiesVector): boolean {
    const found = this.module.properties(fromHex(bytes)).map((one) => {
      return { ...one, bytes: toHex(one.bytes), second: toHex(one.second) }
    })
    return same(properties, found)
  }

  streams(vector: document.StreamVector): boolean {
    const wire = fromHex(vector.bytes)
    const decoder = new Decoder(this.module, vector.version, vector.sender)
    const packets: Packet[] = []
    for (let start = 0, turn = 0; start < wire.length; turn++) {
      const size = vector.chunks[turn % vector.chunks.length] as number
      packets.push(...decoder.push(wire.subarray(start, start + size)))
      start += size
    }
    const heads = packets.map(({ head }) => head)
    const payloadBytes = packets.reduce((sum, { payload }) => sum + payload.length, 0)
    const wanted = [vector.heads, vector.payloadBytes, vector.error]
    return same(wanted, [heads, payloadBytes, decoder.error?.code ?? 0])
  }

  names({ kind, bytes, result }: NameVector): boolean {
    const length = this.module.put(fromHex(bytes))
    return this.module.call[`check_${kind}`](at.SCRATCH_START, length) === result
  }

  tries({ steps }: TrieVector): boolean {
    const trie = new Trie(this.module)
    return steps.every((step) => this.step(trie, step))
  }

  private step(trie: Trie, step: Step): boolean {
    const { action, text, subscriber, options, identifier, result } = step
    if (action === 'insert') {
      let replaced = false
      const code = codeOf(() => {
        replaced = trie.insert(text, subscriber, options, identifier)
      })
      return (code || Number(replaced)) === result
    }
    if (action === 'remove') return Number(trie.remove(text, subscriber)) === result
    if (action === 'count') return trie.size === result
    if (action === 'match') return same(step.rows, ordered(trie.match(text, subscriber)))
    if (action === 'online') return codeOf(() => trie.setOnline(subscriber, options === 1)) === 0
    return same(
      step.identifiers,
      trie.search(text).sort((a, b) => a - b),
    )
  }

  calls(vector: document.CallVector): boolean {
    return this.module.call[vector.name](...vector.arguments) === vector.result
  }
}

function ordered(rows: Row[]): Row[] {
  for (const row of rows) row.identifiers.sort((a, b) => a - b)
  return rows.sort((a, b) => a.subscriber - b.subscriber || a.options - b.options)
}

/** Nanoseconds a packet: the best of some rounds. */
function bench(module: Wasmqtt, { version, packet, count }: document.Document['bench']): number {
  const one = fromHex(packet)
  const batch = new Uint8Array(one.length * count)
  for (let i = 0; i < count; i++) batch.set(one, i * one.length)
  const input = module.call.reserve(batch.length)
  const { decode } = module.call
  const bytes = module.bytes
  const words = new Int32Array(bytes.buffer)
  const words0 = at.RECORDS_START >> 2
  /** The sum keeps the reads; as a small integer it costs nothing itself. */
  const once = (): number => {
    let sum = 0
    bytes.set(batch, input)
    const records = decode(input, batch.length, version, 1, 0)
    for (let i = 0, record = words0; i < records; i++, record += at.RECORD_SIZE >> 2) {
      sum = (sum + (words[record + (at.RECORD_TOPIC_START >> 2)] as number)) | 0
      sum = (sum + (words[record + (at.RECORD_TOPIC_LENGTH >> 2)] as number)) | 0
      sum = (sum + (words[record + (at.RECORD_PAYLOAD_START >> 2)] as number)) | 0
      sum = (sum + (words[record + (at.RECORD_PAYLOAD_LENGTH >> 2)] as number)) | 0
    }
    return sum
  }
  let sum = 0
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now()
    let packets = 0
    let elapsed = 0
    while (elapsed < ROUND_MS) {
      for (let i = 0; i < 10; i++) sum |= once()
      packets += 10 * count
      elapsed = performance.now() - started
    }
    best = Math.min(best, (elapsed * 1e6) / packets)
  }
  if (sum === 0) throw new Error('nothing was decoded')
  return best
}

const GROUPS = [
  ...(['decode', 'encode', 'invalid', 'unencodable', 'properties', 'streams'] as const),
  ...(['names', 'tries', 'calls'] as const),
]

export function check(
  wasm: WebAssembly.Module,
  vectors: document.Document,
  version: string,
): Report {
  const checks = new Checks(new Wasmqtt(wasm))
  const report: Report = { version, passed: 0, total: 0, nanoseconds: 0, failures: [] }
  for (const group of GROUPS) {
    for (const vector of vectors[group]) {
      const run = checks[group] as (vector: object) => boolean
      let trouble = ''
      try {
        if (!run.call(checks, vector)) trouble = 'another answer'
      } catch (error) {
        trouble = `${error}`
      }
      report.total++
      if (trouble === '') report.passed++
      else if (report.failures.length < FAILURES_SHOWN) {
        report.failures.push(`${group}: ${vector.title}: ${trouble}`)
      }
    }
  }
  report.nanoseconds = bench(new Wasmqtt(wasm), vectors.bench)
  return report
}
