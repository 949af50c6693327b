// MQTT packets as trees of fields, so that a mutation can change one field and leave the packet
// around it whole, or make exactly one length lie. `parse` takes packets known to be good, `write`
// takes any. Knows how fields are written and in which order they come, and no rule about what they
// may say.

import { KINDS, type Kind } from '../vectors.ts'

/** Integers are numbers, everything else is bytes without its length. */
export interface Field {
  kind: 'byte' | 'two' | 'four' | 'varint' | 'field' | 'raw' | 'block'
  value: number
  bytes: Buffer
  /** Of a block: its properties. */
  properties: Property[]
  /** How much the length in front of it lies. */
  lie: number
}

export interface Property {
  id: number
  fields: Field[]
}

export interface Tree {
  head: number
  version: number
  fields: Field[]
  /** How much the remaining length lies, and how many needless bytes it takes. */
  lie: number
  padding: number
}

const NOTHING: Buffer = Buffer.alloc(0)

export function integer(kind: 'byte' | 'two' | 'four' | 'varint', value: number): Field {
  return { kind, value, bytes: NOTHING, properties: [], lie: 0 }
}

export function content(kind: 'field' | 'raw', bytes: Buffer): Field {
  return { kind, value: 0, bytes, properties: [], lie: 0 }
}

export function block(properties: Property[]): Field {
  return { kind: 'block', value: 0, bytes: NOTHING, properties, lie: 0 }
}

const PROPERTY_FIELDS: Record<Kind, readonly Field['kind'][]> = {
  byte: ['byte'],
  two: ['two'],
  four: ['four'],
  varint: ['varint'],
  text: ['field'],
  binary: ['field'],
  pair: ['field', 'field'],
}

/** How the value of a property is written; of an unknown one a byte. */
export function fieldsOf(id: number): readonly Field['kind'][] {
  return PROPERTY_FIELDS[KINDS.get(id) ?? 'byte']
}

/** The tree of a packet that is known to be good. */
export function parse(packet: Buffer, version: number): Tree {
  const parser = new Parser(packet, version)
  return { head: packet[0] as number, version, fields: parser.read(), lie: 0, padding: 0 }
}

class Parser {
  private readonly bytes: Buffer
  private readonly version: number
  private readonly fields: Field[] = []
  private at = 1
  private end: number

  constructor(bytes: Buffer, version: number) {
    this.bytes = bytes
    this.version = version
    this.readVarint()
    this.end = bytes.length
  }

  read(): Field[] {
    const head = this.bytes[0] as number
    switch (head >> 4) {
      case 1:
        this.readConnect()
        break
      case 2:
        this.take('byte', 'byte')
        this.takeBlock()
        break
      case 3:
        this.take('field')
        if (head & 6) this.take('two')
        this.takeBlock()
        break
      case 4:
      case 5:
      case 6:
      case 7:
        this.take('two')
        this.takeReason()
        break
      case 14:
      case 15:
        this.takeReason()
        break
      default:
        this.readItems(head >> 4)
    }
    if (this.left > 0) this.fields.push(content('raw', this.bytes.subarray(this.at, this.end)))
    return this.fields
  }

  private get left(): number {
    return this.end - this.at
  }

  private readConnect(): void {
    this.take('field', 'byte', 'byte', 'two')
    const flags = this.fields[2]?.value as number
    this.takeBlock()
    this.take('field')
    if (flags & 4) {
      this.takeBlock()
      this.take('field', 'field')
    }
    if (flags & 0x80 && this.left > 0) this.take('field')
    if (flags & 0x40 && this.left > 0) this.take('field')
  }

  private readItems(type: number): void {
    if (this.left === 0) return
    this.take('two')
    this.takeBlock()
    while (this.left > 0) {
      if (type === 8) this.take('field', 'byte')
      else this.take(type === 10 ? 'field' : 'byte')
    }
  }

  private takeReason(): void {
    if (this.left === 0) return
    this.take('byte')
    if (this.left > 0) this.takeBlock()
  }

  private take(...kinds: Field['kind'][]): void {
    for (const kind of kinds) this.fields.push(this.readField(kind))
  }

  private takeBlock(): void {
    if (this.version !== 5) return
    const length = this.readVarint()
    const [start, end] = [this.at, this.end]
    this.end = start + length
    const properties: Property[] = []
    while (this.left > 0) {
      const id = this.readVarint()
      properties.push({ id, fields: fieldsOf(id).map((kind) => this.readField(kind)) })
    }
    this.end = end
    this.fields.push(block(properties))
  }

  private readField(kind: Field['kind']): Field {
    const at = this.at
    if (kind === 'varint') return integer(kind, this.readVarint())
    const size = kind === 'byte' ? 1 : kind === 'four' ? 4 : 2
    this.at += size
    const value = this.bytes.readUIntBE(at, size)
    if (kind !== 'field') return integer(kind as 'byte', value)
    this.at += value
    return content(kind, this.bytes.subarray(at + 2, this.at))
  }

  private readVarint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at++] as number
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }
}

/** The bytes of a tree, lies included. */
export function write(tree: Tree): Buffer {
  const body = tree.fields.reduce((size, field) => size + sizeOf(field), 0)
  const remaining = Math.max(0, body + tree.lie)
  const headSize = 1 + varintSize(remaining) + tree.padding
  const bytes = Buffer.allocUnsafe(headSize + body)
  bytes[0] = tree.head
  let at = writeVarint(bytes, 1, remaining, tree.padding)
  for (const field of tree.fields) at = writeField(bytes, at, field)
  return bytes
}

function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5
}

function propertiesSize(properties: readonly Property[]): number {
  let size = 0
  for (const { fields } of properties) {
    size += 1
    for (const field of fields) size += sizeOf(field)
  }
  return size
}

function sizeOf(field: Field): number {
  switch (field.kind) {
    case 'byte':
      return 1
    case 'two':
      return 2
    case 'four':
      return 4
    case 'varint':
      return varintSize(field.value)
    case 'field':
      return 2 + field.bytes.length
    case 'raw':
      return field.bytes.length
    case 'block': {
      const size = propertiesSize(field.properties)
      return varintSize(Math.max(0, size + field.lie)) + size
    }
  }
}

function writeVarint(bytes: Buffer, start: number, value: number, padding: number): number {
  let [at, rest] = [start, value]
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  bytes[at++] = padding > 0 ? rest | 0x80 : rest
  for (let i = padding; i > 0; i--) bytes[at++] = i > 1 ? 0x80 : 0
  return at
}

function writeField(bytes: Buffer, at: number, field: Field): number {
  switch (field.kind) {
    case 'byte':
      bytes[at] = field.value
      return at + 1
    case 'two':
      return bytes.writeUInt16BE(field.value & 0xffff, at)
    case 'four':
      return bytes.writeUInt32BE(field.value >>> 0, at)
    case 'varint':
      return writeVarint(bytes, at, field.value, 0)
    case 'block': {
      const size = propertiesSize(field.properties)
      let end = writeVarint(bytes, at, Math.max(0, size + field.lie), 0)
      for (const { id, fields } of field.properties) {
        bytes[end++] = id
        for (const part of fields) end = writeField(bytes, end, part)
      }
      return end
    }
    default: {
      const start = field.kind === 'raw' ? at : bytes.writeUInt16BE(lengthOf(field), at)
      bytes.set(field.bytes, start)
      return start + field.bytes.length
    }
  }
}

function lengthOf(field: Field): number {
  return Math.min(0xffff, Math.max(0, field.bytes.length + field.lie))
}
