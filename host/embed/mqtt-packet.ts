// The face `wasmqtt/mqtt-packet`: the whole interface of mqtt-packet 9, so that what is built on it
// (MQTT.js, aedes) can be pointed here by an alias. Where it differs: README.md of this folder.

import type { EventEmitter } from 'node:events'
import type { Fields, Packet, Settings } from './dialect.ts'
import { build, type GeneratorOptions } from './generator.ts'
import { Parser } from './parser.ts'

export { useModule } from '../wasm/shared.ts'

/** Emits 'packet' and 'error'. */
export interface PacketParser extends EventEmitter {
  settings: Settings
  /** @returns bytes that wait for the rest of their packet */
  parse(chunk: Uint8Array): number
}

/** What a packet is written to: a Writable, or something like it. */
export interface PacketStream {
  write(bytes: Uint8Array): unknown
  destroy(error: Error): unknown
  cork?(): void
  uncork?(): void
}

/** @param settings `protocolVersion` of the connection; a CONNECT parsed takes their place */
export function parser(settings?: Settings): PacketParser {
  return new Parser(settings ?? {})
}

/** @throws Error when it is no packet */
export function generate(packet: object, options?: GeneratorOptions): Buffer {
  return build(packet as Fields, options) ?? Buffer.alloc(0)
}

interface WriteToStream {
  /** @returns what the stream's `write` answers; false when it is no packet: see `destroy` */
  (packet: object, stream: PacketStream, options?: GeneratorOptions): boolean
  /** Kept for those who set it: there is no cache of numbers to switch off. */
  cacheNumbers: boolean
}

export const writeToStream: WriteToStream = Object.assign(write, { cacheNumbers: true })

/** After all that is written in the same turn, so that it goes out together. */
const later = typeof process === 'undefined' ? queueMicrotask : process.nextTick

function write(packet: object, stream: PacketStream, options?: GeneratorOptions): boolean {
  if (stream.cork !== undefined) {
    stream.cork()
    later(() => stream.uncork?.())
  }
  let bytes: Buffer | undefined
  try {
    bytes = build(packet as Fields, options)
  } catch (error) {
    stream.destroy(error as Error)
    return false
  }
  if (bytes === undefined) return false
  const { cmd } = packet as Packet
  const isUp = stream.write(bytes) as boolean
  return RARE.includes(cmd) ? true : isUp
}

/** As there: packets after which nobody waits for the stream to drain. */
const RARE = [
  ...['connect', 'connack', 'puback', 'pubrec', 'pubrel', 'pubcomp', 'unsuback', 'disconnect'],
  'auth',
]

const all: {
  parser: typeof parser
  generate: typeof generate
  writeToStream: WriteToStream
} = { parser, generate, writeToStream }

/** As CommonJS gives it to an `import` without braces. */
// biome-ignore lint/style/noDefaultExport: programs import mqtt-packet like this
export default all
