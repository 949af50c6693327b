// Encodes the few packets the loader sends, for MQTT 3.1.1 (4) and 5.0 (5), once, before a run
// begins. A publish carries a 16-byte stamp at the start of its payload: publisher (u32), sequence
// (u32) and the time it was meant to be sent (f64, ms); the loader rewrites only the stamp and the
// packet id. Nothing here comes from host/: the loader must not share a mistake with the broker it
// measures.

export type Version = 4 | 5

export const CONNECT = 1
export const CONNACK = 2
export const PUBLISH = 3
export const PUBACK = 4
export const PUBREC = 5
export const PUBREL = 6
export const PUBCOMP = 7
export const SUBACK = 9
export const UNSUBACK = 11

export const STAMP_BYTES = 16

const PROPERTY_MESSAGE_EXPIRY = 2
const PROPERTY_SUBSCRIPTION_ID = 11
const PROPERTY_SESSION_EXPIRY = 17
const PROPERTY_TOPIC_ALIAS_MAXIMUM = 34
const PROPERTY_TOPIC_ALIAS = 35
const PROPERTY_USER = 38

export interface ConnectOptions {
  readonly version: Version
  readonly clean?: boolean
  /** Accept topic aliases from the broker (MQTT 5). */
  readonly aliasMaximum?: number
}

export interface PublishOptions {
  readonly topic: string
  readonly payloadBytes: number
  readonly qos: number
  readonly version: Version
  readonly retain?: boolean
  /** MQTT 5 only. With an alias and an empty topic the packet names its topic by number. */
  readonly alias?: number
  readonly expirySeconds?: number
  readonly userProperties?: readonly (readonly [string, string])[]
}

/** One encoded PUBLISH, and where the parts that change sit in it; idAt is -1 at QoS 0. */
export interface Frame {
  readonly bytes: Buffer
  readonly idAt: number
  readonly stampAt: number
}

export function encodeConnect(clientId: string, options: ConnectOptions): Buffer {
  const { version, clean = true, aliasMaximum = 0 } = options
  const properties: Buffer[] = []
  if (!clean) properties.push(Buffer.from([PROPERTY_SESSION_EXPIRY, 0, 0, 0x0e, 0x10]))
  if (aliasMaximum) properties.push(Buffer.from([PROPERTY_TOPIC_ALIAS_MAXIMUM, 0, aliasMaximum]))
  const keepAliveSeconds = 300
  const { WASMQTT_BENCH_USER: user, WASMQTT_BENCH_PASSWORD: password } = process.env
  const credentials = user && password ? [text(user), text(password)] : []
  const flags = (clean ? 2 : 0) | (credentials.length > 0 ? 0xc0 : 0)
  return packet(CONNECT << 4, [
    text('MQTT'),
    Buffer.from([version, flags]),
    u16(keepAliveSeconds),
    propertiesFor(version, properties),
    text(clientId),
    ...credentials,
  ])
}

export function encodeSubscribe(
  id: number,
  filters: readonly string[],
  options: { qos: number; version: Version; subscriptionId?: number },
): Buffer {
  const { qos, version, subscriptionId = 0 } = options
  const properties = subscriptionId
    ? [Buffer.from([PROPERTY_SUBSCRIPTION_ID]), varint(subscriptionId)]
    : []
  return packet(0x82, [
    u16(id),
    propertiesFor(version, properties),
    ...filters.flatMap((filter) => [text(filter), Buffer.from([qos])]),
  ])
}

export function encodeUnsubscribe(
  id: number,
  filters: readonly string[],
  version: Version,
): Buffer {
  return packet(0xa2, [u16(id), propertiesFor(version, []), ...filters.map(text)])
}

export function encodeDisconnect(): Buffer {
  return Buffer.from([0xe0, 0])
}

export function encodePublish(options: PublishOptions): Frame {
  const { topic, payloadBytes, qos, version, retain, alias, expirySeconds } = options
  if (payloadBytes < STAMP_BYTES) {
    throw new RangeError(`payloadBytes is at least ${STAMP_BYTES}, got ${payloadBytes}`)
  }
  const properties: Buffer[] = []
  if (expirySeconds) {
    const expiry = Buffer.alloc(5, PROPERTY_MESSAGE_EXPIRY)
    expiry.writeUInt32BE(expirySeconds, 1)
    properties.push(expiry)
  }
  if (alias) properties.push(Buffer.from([PROPERTY_TOPIC_ALIAS]), u16(alias))
  for (const [key, value] of options.userProperties ?? []) {
    properties.push(Buffer.from([PROPERTY_USER]), text(key), text(value))
  }
  const id = qos > 0 ? u16(1) : Buffer.alloc(0)
  const tail = [propertiesFor(version, properties), Buffer.alloc(payloadBytes, 'x')]
  const bytes = packet((PUBLISH << 4) | (qos << 1) | (retain ? 1 : 0), [text(topic), id, ...tail])
  const stampAt = bytes.length - payloadBytes
  const idAt = qos > 0 ? stampAt - (tail[0]?.length ?? 0) - 2 : -1
  return { bytes, idAt, stampAt }
}

function packet(head: number, parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Buffer.from([head]), varint(length), ...parts])
}

function propertiesFor(version: Version, properties: readonly Buffer[]): Buffer {
  if (version !== 5) return Buffer.alloc(0)
  const body = Buffer.concat(properties)
  return Buffer.concat([varint(body.length), body])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([u16(bytes.length), bytes])
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  do {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0))
    rest >>= 7
  } while (rest > 0)
  return Buffer.from(bytes)
}
