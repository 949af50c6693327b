// A store as JSON lines and back, one record a line, bodies in base64; the journal is folded into
// the queues. Used by the command line on a stopped broker.

import { assemble, inspect, type Thawed } from '../wasm/frozen.ts'
import { type Contents, ENTRY, each, type ReadSession, readContents } from './contents.ts'
import type { Database } from './database.ts'
import {
  filterKey,
  KIND,
  messageKey,
  numberOf,
  packSubscription,
  queueKey,
  retainedKey,
  sessionKey,
} from './keys.ts'
import { OP_NEXT_ID, OP_QUEUED, OP_RECEIVED, OP_RELEASED, OP_SENT, Ops } from './ops.ts'
import { encodeSession, type PackedSession, packSession, unpackSession } from './records.ts'

const BATCH_LINES = 1000
const COMMIT_BYTES = 8
const FIRST_COMMIT = 1

interface PackedMessage extends Omit<Thawed, 'properties' | 'payload'> {
  properties: string
  payload: string
}

/** A waiting or in-flight message; sequence 0 = released, only its identifier is in flight. */
interface Entry {
  sequence: number
  flags: number
  size: number
}

export type DumpRecord =
  | ({ kind: 'session'; number: number } & PackedSession)
  | { kind: 'subscription'; session: number; filter: string; options: number; identifier: number }
  | {
      kind: 'queue'
      session: number
      nextId: number
      waiting: Entry[]
      inflight: (Entry & { packetId: number })[]
      received: number[]
    }
  | ({ kind: 'message'; sequence: number } & PackedMessage)
  | ({ kind: 'retained' } & PackedMessage)

/** Writes every record as a line. */
export async function exportStore(
  database: Database,
  write: (record: DumpRecord) => void,
): Promise<void> {
  const { retained, sessions } = await readContents(database)
  for (const session of sessions.values()) {
    const { filters, number, record } = session
    write({ kind: 'session', number, ...packSession(record) })
    for (const filter of filters) write({ kind: 'subscription', session: number, ...filter })
    write(queueOf(session))
  }
  await each(database, KIND.message, (key, value) => {
    const message = inspect(value)
    if (message === undefined) return
    write({ kind: 'message', sequence: numberOf(key), ...packMessage(message) })
  })
  for (const { body } of retained) {
    const message = inspect(body)
    if (message !== undefined) write({ kind: 'retained', ...packMessage(message) })
  }
}

/** Reads lines into an empty store. @returns how many @throws SyntaxError naming the line */
export async function importStore(
  database: Database,
  lines: AsyncIterable<string>,
): Promise<number> {
  let count = 0
  let batch = database.batch()
  for await (const line of lines) {
    if (line.trim() === '') continue
    count++
    try {
      const [key, value] = entryOf(JSON.parse(line) as DumpRecord)
      batch.put(key, value)
    } catch (error) {
      throw new SyntaxError(`record ${count}: ${(error as Error).message}`)
    }
    if (count % BATCH_LINES !== 0) continue
    await batch.write()
    batch = database.batch()
  }
  await batch.write({ sync: true })
  return count
}

export interface Examination {
  sessions: number
  subscriptions: number
  waiting: number
  inflight: number
  received: number
  messages: number
  messageBytes: number
  /** Bodies that nobody waits for: harmless. */
  orphans: number
  retained: number
  journalRecords: number
  journalBytes: number
  /** What is wrong, one line each. */
  faults: string[]
}

/** Counts everything, and looks whether all that is waited for is there and whole. */
export async function examineStore(database: Database): Promise<Examination> {
  const contents = await readContents(database)
  const wanted = new Map<number, number>()
  const result = count(contents, wanted)
  await each(database, KIND.message, (key, value) => {
    result.messages++
    result.messageBytes += value.length
    const sequence = numberOf(key)
    if (inspect(value) === undefined) result.faults.push(`message ${sequence} is damaged`)
    if (!wanted.delete(sequence)) result.orphans++
  })
  for (const [sequence, session] of wanted) {
    result.faults.push(`message ${sequence} of session ${session} is missing`)
  }
  for (const { body, topic } of contents.retained) {
    if (inspect(body) === undefined) result.faults.push(`retained message of ${topic} is damaged`)
  }
  return result
}

function count(contents: Contents, wanted: Map<number, number>): Examination {
  const { journalBytes, journals, retained, sessions } = contents
  let [subscriptions, waiting, inflight, received] = [0, 0, 0, 0]
  for (const session of sessions.values()) {
    const queue = queueOf(session)
    subscriptions += session.filters.length
    waiting += queue.waiting.length
    inflight += queue.inflight.length
    received += queue.received.length
    for (const { sequence } of [...queue.waiting, ...queue.inflight]) {
      if (sequence !== 0) wanted.set(sequence, session.number)
    }
  }
  return {
    ...{ sessions: sessions.size, subscriptions, waiting, inflight, received },
    ...{ messages: 0, messageBytes: 0, orphans: 0, retained: retained.length },
    ...{ journalRecords: journals.length, journalBytes, faults: [] },
  }
}

function queueOf(session: ReadSession): Extract<DumpRecord, { kind: 'queue' }> {
  const { first, number, queue } = session
  const waiting: Entry[] = []
  for (let at = first * ENTRY; at < queue.length; at += ENTRY) {
    const [sequence = 0, flags = 0, size = 0] = queue.slice(at, at + ENTRY)
    waiting.push({ sequence, flags, size })
  }
  const inflight = [...(session.inflight ?? [])].map(([packetId, entry]) => ({
    packetId,
    ...entry,
  }))
  const received = [...(session.received ?? [])]
  return { kind: 'queue', session: number, nextId: session.nextId, waiting, inflight, received }
}

function entryOf(record: DumpRecord): [Buffer, Buffer] {
  switch (record.kind) {
    case 'session': {
      const { kind, number, ...session } = record
      return [sessionKey(number), encodeSession(unpackSession(session))]
    }
    case 'subscription': {
      const { filter, identifier, options, session } = record
      return [filterKey(session, filter), packSubscription(options, identifier)]
    }
    case 'queue':
      return [queueKey(record.session), checkpointOf(record)]
    case 'message':
      return [messageKey(record.sequence), assemble(unpackMessage(record))]
    case 'retained':
      return [retainedKey(record.topic), assemble(unpackMessage(record))]
    default:
      throw new TypeError(`unknown kind ${JSON.stringify((record as { kind: unknown }).kind)}`)
  }
}

function checkpointOf(queue: Extract<DumpRecord, { kind: 'queue' }>): Buffer {
  const ops = new Ops()
  for (const { flags, packetId, sequence, size } of queue.inflight) {
    ops.add(sequence === 0 ? OP_RELEASED : OP_SENT, flags, packetId, 0, sequence, size)
  }
  ops.add(OP_NEXT_ID, 0, queue.nextId, 0, 0, 0)
  for (const { flags, sequence, size } of queue.waiting) {
    ops.add(OP_QUEUED, flags, 0, 0, sequence, size)
  }
  for (const packetId of queue.received) ops.add(OP_RECEIVED, 0, packetId, 0, 0, 0)
  const value = ops.toBuffer(COMMIT_BYTES)
  value.writeDoubleLE(FIRST_COMMIT, 0)
  return value
}

function packMessage(message: Thawed): PackedMessage {
  const properties = message.properties.toString('base64')
  return { ...message, properties, payload: message.payload.toString('base64') }
}

function unpackMessage(message: PackedMessage): Thawed {
  const properties = Buffer.from(message.properties, 'base64')
  return { ...message, properties, payload: Buffer.from(message.payload, 'base64') }
}
