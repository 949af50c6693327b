// Bytes of a packet as mqtt-packet's generator writes them, one field after another into a buffer
// that grows. Used by generator.ts for all packets but PUBLISH and acks.

import { REMAINING_LENGTH_MAX } from '../../assembly/layout.ts'
import { type Fields, type Kind, PROPERTIES } from './dialect.ts'

const SIZE = 256

export class Output {
  private bytes: Buffer
  private at: number

  constructor() {
    this.bytes = Buffer.allocUnsafe(SIZE)
    this.at = 0
  }

  get length(): number {
    return this.at
  }

  byte(value: number): void {
    this.room(1)
    this.bytes[this.at++] = value
  }

  two(value: number): void {
    this.byte(value >> 8)
    this.byte(value)
  }

  four(value: number): void {
    this.room(4)
    this.at = this.bytes.writeUInt32BE(value, this.at)
  }

  varint(value: number): void {
    for (; value >= 0x80; value = Math.floor(value / 0x80)) this.byte((value & 0x7f) | 0x80)
    this.byte(value)
  }

  /** A string or bytes behind their length; nothing is an empty one. */
  field(value: string | Uint8Array | null | undefined): void {
    const length = value ? lengthOf(value) : 0
    this.two(length)
    if (value) this.raw(value, length)
  }

  raw(value: string | Uint8Array, length: number): void {
    this.room(length)
    if (typeof value === 'string') this.bytes.write(value, this.at)
    else this.bytes.set(value, this.at)
    this.at += length
  }

  /**
   * Properties behind their length, in the order of the object.
   * @throws Error in mqtt-packet's words for one that cannot be
   */
  properties(properties: Fields | undefined): void {
    const output = new Output()
    // As there: what has a length is no object of properties.
    if (typeof properties === 'object' && properties !== null && properties.length == null) {
      for (const name in properties) {
        const value = properties[name]
        if (value === undefined) continue
        for (const one of Array.isArray(value) ? value : [value]) output.property(name, one)
      }
    }
    this.varint(output.at)
    this.raw(output.bytes.subarray(0, output.at), output.at)
  }

  private property(name: string, value: unknown): void {
    const [id, kind] = Object.hasOwn(PROPERTIES, name) ? (PROPERTIES[name] as [number, Kind]) : []
    if (id === undefined) throw new Error(`Invalid property ${name}: ${value}`)
    if (!isValid(kind as Kind, value)) throw new Error(`Invalid ${name}: ${value}`)
    if (kind === 'pair') {
      for (const key of Object.getOwnPropertyNames(value)) this.pairs(id, key, value as Fields)
      return
    }
    this.byte(id)
    if (kind === 'byte' || kind === 'int8') this.byte(Number(value))
    else if (kind === 'int16') this.two(value as number)
    else if (kind === 'int32') this.four(value as number)
    else if (kind === 'var') this.varint(value as number)
    else this.field(value as string | Uint8Array)
  }

  private pairs(id: number, key: string, byKey: Fields): void {
    const values = byKey[key]
    for (const value of Array.isArray(values) ? values : [values]) {
      this.byte(id)
      this.field(key)
      this.field(String(value))
    }
  }

  /** The whole packet: first byte, length, and what was written. */
  packet(head: number): Buffer {
    const header = headerOf(head, this.at)
    return Buffer.concat([header, this.bytes.subarray(0, this.at)])
  }

  /** What was written, without a header. */
  bare(): Buffer {
    return this.bytes.subarray(0, this.at)
  }

  private room(length: number): void {
    if (this.at + length <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(2 * (this.at + length))
    this.bytes.copy(larger, 0, 0, this.at)
    this.bytes = larger
  }
}

/** First byte and remaining length. */
function headerOf(head: number, length: number): Uint8Array {
  const bytes = [head]
  for (checkLength(length); length >= 0x80; length >>>= 7) bytes.push((length & 0x7f) | 0x80)
  bytes.push(length)
  return Uint8Array.from(bytes)
}

/** @throws Error when no packet can be so long */
export function checkLength(length: number): void {
  if (length > REMAINING_LENGTH_MAX) throw new Error(`Invalid variable byte integer: ${length}`)
}

export function lengthOf(value: string | Uint8Array): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length
}

const MAXIMA: Partial<Record<Kind, number>> = {
  int8: 0xff,
  int16: 0xffff,
  int32: 0xffffffff,
  var: REMAINING_LENGTH_MAX,
}

function isValid(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'byte':
      return typeof value === 'boolean'
    case 'string':
      return typeof value === 'string'
    case 'binary':
      return typeof value === 'string' || value instanceof Uint8Array
    case 'pair':
      return typeof value === 'object' && value !== null
    default:
      return typeof value === 'number' && value >= 0 && value <= (MAXIMA[kind] as number)
  }
}
