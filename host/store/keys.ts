// Keys of the database. A letter for the kind, then big-endian numbers, so that what is written in
// order lies in order.
//
//   v               schema: JSON {magic, version}
//   s session       session record: JSON                         (session = u32)
//   f session text  a subscription: options u8, identifier u32
//   q session       checkpoint: commit f64, operations
//   m sequence      message body, see wasm/frozen.ts             (sequence = u64)
//   j commit        journal record: operations of one commit      (commit = u64)
//   r topic         retained message body

export const MAGIC = 'wasmqtt'
export const VERSION = 1

const HIGH = 0x100000000
export const KIND: Record<
  'session' | 'filter' | 'queue' | 'message' | 'journal' | 'retained',
  number
> = {
  session: 's'.charCodeAt(0),
  filter: 'f'.charCodeAt(0),
  queue: 'q'.charCodeAt(0),
  message: 'm'.charCodeAt(0),
  journal: 'j'.charCodeAt(0),
  retained: 'r'.charCodeAt(0),
}
export const SCHEMA_KEY: Buffer = Buffer.from('v')

function shortKey(kind: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(5)
  key[0] = kind
  key.writeUInt32BE(number, 1)
  return key
}

function longKey(kind: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(9)
  key[0] = kind
  key.writeUInt32BE(Math.floor(number / HIGH), 1)
  key.writeUInt32BE(number >>> 0, 5)
  return key
}

export function sessionKey(session: number): Buffer {
  return shortKey(KIND.session, session)
}

export function queueKey(session: number): Buffer {
  return shortKey(KIND.queue, session)
}

export function messageKey(sequence: number): Buffer {
  return longKey(KIND.message, sequence)
}

export function journalKey(commit: number): Buffer {
  return longKey(KIND.journal, commit)
}

export function filterKey(session: number, filter: string): Buffer {
  const key = Buffer.allocUnsafe(5 + Buffer.byteLength(filter))
  key[0] = KIND.filter
  key.writeUInt32BE(session, 1)
  key.write(filter, 5)
  return key
}

export function retainedKey(topic: string): Buffer {
  return Buffer.from(`r${topic}`)
}

/** The session of an s, f or q key. */
export function sessionOf(key: Buffer): number {
  return key.readUInt32BE(1)
}

/** The sequence or commit of an m or j key. */
export function numberOf(key: Buffer): number {
  return key.readUInt32BE(1) * HIGH + key.readUInt32BE(5)
}

/** Range of all keys of a kind, for an iterator. */
export function rangeOf(kind: number): { gte: Buffer; lt: Buffer } {
  return { gte: Buffer.from([kind]), lt: Buffer.from([kind + 1]) }
}

/** A subscription's value. */
export function packSubscription(options: number, identifier: number): Buffer {
  const value = Buffer.allocUnsafe(5)
  value[0] = options
  value.writeUInt32BE(identifier, 1)
  return value
}

export function unpackSubscription(value: Buffer): { options: number; identifier: number } {
  return { options: value[0] as number, identifier: value.readUInt32BE(1) }
}

/** Whether a key has the form of one of ours. */
export function isOurs(key: Buffer): boolean {
  const kind = key[0]
  if (kind === KIND.session || kind === KIND.queue) return key.length === 5
  if (kind === KIND.message || kind === KIND.journal) return key.length === 9
  return kind === KIND.retained || (kind === KIND.filter && key.length > 5)
}
