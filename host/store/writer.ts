// One batch: turns what is pending into puts and deletes, journal record and checkpoints included,
// and remembers what it took so that a failure can give it back. Used by level.ts, one at a time.

import type { ChainedBatch } from 'classic-level'
import type { Messages } from '../wasm/messages.ts'
import type { Bodies } from './bodies.ts'
import type { Database } from './database.ts'
import {
  filterKey,
  journalKey,
  messageKey,
  packSubscription,
  queueKey,
  retainedKey,
  sessionKey,
} from './keys.ts'
import { Ops } from './ops.ts'
import type { Pending } from './pending.ts'
import { encodeSession } from './records.ts'
import type { StoredSession } from './store.ts'

type Batch = ChainedBatch<Database, Buffer, Buffer>

const COMMIT_BYTES = 8

export class Writer {
  private readonly messages: Messages
  private readonly bodies: Bodies
  private readonly scratch: Ops = new Ops()
  /** Bodies of the batch at hand, and their sequence numbers: a body may be another by its end. */
  private written: number[] = []
  private sequences: number[] = []

  constructor(messages: Messages, bodies: Bodies) {
    this.messages = messages
    this.bodies = bodies
  }

  /** @returns bytes of the journal record, 0 = there is none */
  put(batch: Batch, commit: number, pending: Pending): number {
    this.putBodies(batch, pending)
    for (const sequence of pending.deletes) batch.del(messageKey(sequence))
    for (const { session, filter, subscription } of pending.filters) {
      const key = filterKey(session, filter)
      if (subscription === undefined) batch.del(key)
      else batch.put(key, packSubscription(subscription.options, subscription.identifier))
    }
    for (const session of pending.saves) {
      if (session.number === 0) continue
      batch.put(sessionKey(session.number), encodeSession(session.record()))
    }
    for (const { session, filters } of pending.ends) {
      batch.del(sessionKey(session)).del(queueKey(session))
      for (const filter of filters) batch.del(filterKey(session, filter))
    }
    for (const [topic, handle] of pending.retained) {
      if (handle === 0) batch.del(retainedKey(topic))
      else batch.put(retainedKey(topic), this.messages.freeze(handle))
    }
    if (pending.ops.count === 0) return 0
    const record = pending.ops.toBuffer()
    batch.put(journalKey(commit), record)
    return record.length
  }

  /** Writes a session's queue whole, as of `commit`. @returns bytes */
  putCheckpoint(batch: Batch, commit: number, session: StoredSession): number {
    session.touched = false
    if (session.number === 0) return 0
    this.scratch.clear()
    session.entries(this.scratch)
    const value = this.scratch.toBuffer(COMMIT_BYTES)
    value.writeDoubleLE(commit, 0)
    batch.put(queueKey(session.number), value)
    return value.length
  }

  /** The batch has not been written: its bodies still have to be. */
  giveBack(pending: Pending): void {
    const { bodies, written, sequences } = this
    for (let i = 0; i < written.length; i++) {
      const body = written[i] as number
      if (!bodies.isAlive(body) || bodies.sequence(body) !== sequences[i]) continue
      bodies.markFresh(body)
      pending.fresh.push(body)
    }
    written.length = 0
  }

  /** Those of no use any more are left out: nobody waits for them. */
  private putBodies(batch: Batch, pending: Pending): void {
    const { bodies, messages, written, sequences } = this
    written.length = 0
    sequences.length = 0
    for (const body of pending.fresh) {
      if (!bodies.isAlive(body) || !bodies.isFresh(body)) continue
      const sequence = bodies.sequence(body)
      batch.put(messageKey(sequence), messages.freeze(bodies.handle(body)))
      bodies.markWritten(body)
      written.push(body)
      sequences.push(sequence)
    }
  }
}
