// MQTT packets written by hand, for what a well-behaved encoder refuses to send. Every function
// returns a Buffer; `packet` alone knows the remaining length. Used by the chapters only.

export function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(' ', ''), 'hex')
}

export function u8(...values: number[]): Buffer {
  return Buffer.from(values)
}

export function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff])
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  do {
    const digit = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? digit | 0x80 : digit)
  } while (rest > 0)
  return Buffer.from(bytes)
}

/** A string or binary field: two bytes of length, then the bytes, valid or not. */
export function field(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string)
  return Buffer.concat([u16(bytes.length), bytes])
}

export function packet(first: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([u8(first), varint(body.length), body])
}

/** A property block: its length, then the properties. */
export function properties(...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([varint(body.length), body])
}

/** The empty property block that MQTT 5 has and MQTT 3.1.1 has not. */
export function noProperties(version: number): Buffer {
  return version === 5 ? u8(0) : Buffer.alloc(0)
}

export interface ConnectParts {
  first?: number
  name?: string
  level: number
  flags?: number
  keepAlive?: number
  /** The properties of a level 5 CONNECT, without their length. */
  properties?: Uint8Array[]
  /** The payload fields; a client id when left out. */
  payload?: Uint8Array[]
}

export const CLEAN = 0x02
export const WILL = 0x04
export const WILL_RETAIN = 0x20
export const PASSWORD = 0x40
export const USER_NAME = 0x80

export function connect(parts: ConnectParts): Buffer {
  return packet(
    parts.first ?? 0x10,
    field(parts.name ?? 'MQTT'),
    u8(parts.level, parts.flags ?? CLEAN),
    u16(parts.keepAlive ?? 0),
    parts.level >= 5 ? properties(...(parts.properties ?? [])) : Buffer.alloc(0),
    ...(parts.payload ?? [field('bytes')]),
  )
}

/** SUBSCRIBE with packet identifier 1; each filter with its options byte. */
export function subscribe(version: number, filters: [string | Uint8Array, number][]): Buffer {
  const pairs = filters.flatMap(([filter, options]) => [field(filter), u8(options)])
  return packet(0x82, u16(1), noProperties(version), ...pairs)
}

export function unsubscribe(version: number, filters: (string | Uint8Array)[]): Buffer {
  return packet(0xa2, u16(1), noProperties(version), ...filters.map(field))
}

export interface PublishParts {
  first?: number
  /** Left out for QoS 0. */
  id?: number
  properties?: Uint8Array[]
  payload?: string
}

export function publish(
  version: number,
  topic: string | Uint8Array,
  parts: PublishParts = {},
): Buffer {
  return packet(
    parts.first ?? 0x30,
    field(topic),
    parts.id === undefined ? Buffer.alloc(0) : u16(parts.id),
    version === 5 ? properties(...(parts.properties ?? [])) : Buffer.alloc(0),
    Buffer.from(parts.payload ?? ''),
  )
}

/** Strings no MQTT string may be, each with the reason. */
export const BAD_STRINGS: readonly [string, Uint8Array][] = [
  ['a lone continuation byte', u8(0x61, 0x80)],
  ['a truncated sequence', u8(0x61, 0xe2, 0x82)],
  ['an overlong slash', u8(0xc0, 0xaf)],
  ['an overlong U+0000', u8(0xc0, 0x80)],
  ['a three-byte overlong', u8(0xe0, 0x80, 0xaf)],
  ['a surrogate', u8(0xed, 0xa0, 0x80)],
  ['a pair of surrogates', u8(0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80)],
  ['a code point above U+10FFFF', u8(0xf4, 0x90, 0x80, 0x80)],
  ['a byte that begins nothing', u8(0x61, 0xff)],
]
