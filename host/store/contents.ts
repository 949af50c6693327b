// What a store holds, read at the start: session records, subscriptions, checkpoints, and the
// journal replayed on them. Message bodies are not read. Knows keys and operations, no rules of
// MQTT.

import type { Database } from './database.ts'
import { KIND, numberOf, rangeOf, sessionOf, unpackSubscription } from './keys.ts'
import {
  OP_DONE,
  OP_DROPPED,
  OP_FORGOTTEN,
  OP_MOVED,
  OP_NEXT_ID,
  OP_QUEUED,
  OP_RECEIVED,
  OP_RELEASED,
  OP_SENT,
  readOps,
} from './ops.ts'
import { decodeSession } from './records.ts'
import type { SessionRecord } from './store.ts'

const READ_AT_ONCE = 1000
const IDS = 65536
/** Numbers an entry takes in `ReadSession.queue`. */
export const ENTRY = 3

/** A message in flight; sequence 0 = released. */
export interface ReadInflight {
  flags: number
  sequence: number
  size: number
}

export interface ReadSession {
  readonly number: number
  readonly record: SessionRecord
  readonly filters: { filter: string; options: number; identifier: number }[]
  /** Operations of commits up to this one are in the checkpoint. */
  commit: number
  /** Flat: sequence, flags, size of each waiting message. */
  queue: number[]
  /** Entries of `queue` that are gone already. */
  first: number
  /** In the order they were sent; undefined = none. */
  inflight: Map<number, ReadInflight> | undefined
  received: Set<number> | undefined
  nextId: number
  /** Whether the journal held something for it. */
  journalled: boolean
}

export interface Contents {
  readonly sessions: Map<number, ReadSession>
  readonly retained: { topic: string; body: Buffer }[]
  /** Commits whose journal records exist. */
  readonly journals: number[]
  journalBytes: number
  lastCommit: number
  lastSession: number
  lastSequence: number
}

export async function readContents(database: Database): Promise<Contents> {
  const contents: Contents = {
    sessions: new Map(),
    retained: [],
    journals: [],
    journalBytes: 0,
    lastCommit: 0,
    lastSession: 0,
    lastSequence: 0,
  }
  await each(database, KIND.session, (key, value) => {
    const number = sessionOf(key)
    contents.sessions.set(number, newSession(number, decodeSession(value)))
    contents.lastSession = Math.max(contents.lastSession, number)
  })
  await each(database, KIND.filter, (key, value) => {
    const filter = key.toString('utf8', 5)
    contents.sessions.get(sessionOf(key))?.filters.push({ filter, ...unpackSubscription(value) })
  })
  await each(database, KIND.queue, (key, value) => readCheckpoint(contents, sessionOf(key), value))
  await each(database, KIND.journal, (key, value) => readJournal(contents, numberOf(key), value))
  await each(database, KIND.retained, (key, value) => {
    contents.retained.push({ topic: key.toString('utf8', 1), body: value })
  })
  for await (const key of database.keys({ ...rangeOf(KIND.message), reverse: true, limit: 1 })) {
    contents.lastSequence = Math.max(contents.lastSequence, numberOf(key))
  }
  return contents
}

/** Calls `take` with every entry of a kind, in order. */
export async function each(
  database: Database,
  kind: number,
  take: (key: Buffer, value: Buffer) => void,
): Promise<void> {
  const iterator = database.iterator({ ...rangeOf(kind), highWaterMarkBytes: 1 << 20 })
  try {
    for (;;) {
      const entries = await iterator.nextv(READ_AT_ONCE)
      if (entries.length === 0) return
      for (const [key, value] of entries) take(key, value)
    }
  } finally {
    await iterator.close()
  }
}

function newSession(number: number, record: SessionRecord): ReadSession {
  return {
    number,
    record,
    filters: [],
    commit: 0,
    queue: [],
    first: 0,
    inflight: undefined,
    received: undefined,
    nextId: 1,
    journalled: false,
  }
}

function readCheckpoint(contents: Contents, number: number, value: Buffer): void {
  const commit = value.readDoubleLE(0)
  contents.lastCommit = Math.max(contents.lastCommit, commit)
  const session = contents.sessions.get(number)
  if (session === undefined) return
  session.commit = commit
  readOps(value, 8, (op, flags, packetId, _, sequence, size) =>
    apply(contents, session, op, flags, packetId, sequence, size),
  )
}

function readJournal(contents: Contents, commit: number, value: Buffer): void {
  contents.journals.push(commit)
  contents.journalBytes += value.length
  contents.lastCommit = Math.max(contents.lastCommit, commit)
  readOps(value, 0, (op, flags, packetId, number, sequence, size) => {
    contents.lastSession = Math.max(contents.lastSession, number)
    const session = contents.sessions.get(number)
    if (session === undefined || commit <= session.commit) return
    session.journalled = true
    apply(contents, session, op, flags, packetId, sequence, size)
  })
}

function apply(
  contents: Contents,
  session: ReadSession,
  op: number,
  flags: number,
  packetId: number,
  sequence: number,
  size: number,
): void {
  if (sequence > contents.lastSequence) contents.lastSequence = sequence
  switch (op) {
    case OP_QUEUED:
      session.queue.push(sequence, flags, size)
      return
    case OP_SENT:
      send(session, packetId, { flags, sequence, size })
      return
    case OP_MOVED: {
      const { queue, first } = session
      const at = first * ENTRY
      const [head, headFlags, headSize] = queue.slice(at, at + ENTRY)
      if (head === undefined) return
      send(session, packetId, {
        sequence: head,
        flags: headFlags as number,
        size: headSize as number,
      })
      shift(session)
      return
    }
    case OP_DROPPED:
      shift(session)
      return
    case OP_DONE:
      session.inflight?.delete(packetId)
      return
    case OP_RELEASED:
      session.inflight ??= new Map()
      session.inflight.set(packetId, { flags: 0, sequence: 0, size: 0 })
      return
    case OP_RECEIVED:
      session.received ??= new Set()
      session.received.add(packetId)
      return
    case OP_FORGOTTEN:
      session.received?.delete(packetId)
      return
    case OP_NEXT_ID:
      session.nextId = packetId
  }
}

function send(session: ReadSession, packetId: number, message: ReadInflight): void {
  session.inflight ??= new Map()
  session.inflight.delete(packetId)
  session.inflight.set(packetId, message)
  session.nextId = packetId === IDS - 1 ? 1 : packetId + 1
}

function shift(session: ReadSession): void {
  session.first++
  if (session.first < 1000 || session.first * ENTRY * 2 < session.queue.length) return
  session.queue = session.queue.slice(session.first * ENTRY)
  session.first = 0
}
