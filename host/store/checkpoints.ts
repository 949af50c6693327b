// Checkpoints: the journal would grow for ever, so now and then every session it speaks of writes
// its queue whole, some with each commit, and then the journal records are deleted. A checkpoint
// knows its commit, so older operations are left out when the journal is replayed.

import type { ChainedBatch } from 'classic-level'
import type { Database } from './database.ts'
import { journalKey } from './keys.ts'
import type { StoredSession } from './store.ts'
import type { Writer } from './writer.ts'

type Batch = ChainedBatch<Database, Buffer, Buffer>

const JOURNAL_BYTES_MIN = 8 << 20
const BYTES_AT_ONCE = 256 << 10
const SESSIONS_AT_ONCE = 256

export class Checkpoints {
  /** Sessions told of since their queue was last written whole. */
  private touched: StoredSession[] = []
  private journals: number[] = []
  private journalBytes = 0
  /** Those the sweep has yet to write, and the journal records it makes superfluous. */
  private sweeping: StoredSession[] = []
  private superfluous: number[] = []
  /** In the batch being written. */
  private swept: StoredSession[] = []
  private deleted: number[] = []
  /** Bytes of the sweep so far: the next one waits for as much journal. */
  private sweepBytes = 0
  private journalBytesMax = JOURNAL_BYTES_MIN

  /** Goes on with the journal of an earlier process. */
  resume(journals: number[], bytes: number): void {
    this.journals = journals
    this.journalBytes = bytes
  }

  touch(session: StoredSession): void {
    if (session.touched) return
    session.touched = true
    this.touched.push(session)
  }

  /** A commit's journal record has `bytes`, 0 = it has none. */
  note(commit: number, bytes: number): void {
    if (bytes === 0) return
    this.journals.push(commit)
    this.journalBytes += bytes
  }

  /** Puts some checkpoints into a batch when the journal is long. */
  sweep(batch: Batch, commit: number, writer: Writer): void {
    if (this.sweeping.length === 0 && this.superfluous.length === 0) {
      if (this.journalBytes < this.journalBytesMax) return
      this.begin()
    }
    let bytes = 0
    for (let i = 0; i < SESSIONS_AT_ONCE && bytes < BYTES_AT_ONCE; i++) {
      const session = this.sweeping.pop()
      if (session === undefined) break
      bytes += writer.putCheckpoint(batch, commit, session)
      this.swept.push(session)
    }
    this.sweepBytes += bytes
    if (this.sweeping.length === 0) this.finish(batch)
  }

  /** Puts all of them into a batch. */
  sweepAll(batch: Batch, commit: number, writer: Writer): void {
    this.begin()
    for (const session of this.sweeping) writer.putCheckpoint(batch, commit, session)
    this.swept = this.sweeping
    this.sweeping = []
    this.finish(batch)
  }

  /** The batch has been written. */
  settle(): void {
    this.swept.length = 0
    this.deleted.length = 0
  }

  /** The batch has failed, and nobody knows how much of it is on disk. */
  giveBack(commit: number): void {
    for (const session of this.swept) this.touch(session)
    for (const session of this.sweeping) this.touched.push(session) // touched all the time
    this.journals = [...this.deleted, ...this.superfluous, ...this.journals]
    if (this.journals.at(-1) !== commit) this.journals.push(commit)
    this.sweeping = []
    this.superfluous = []
    this.settle()
  }

  private begin(): void {
    this.sweeping = [...this.sweeping, ...this.touched]
    this.superfluous = [...this.superfluous, ...this.journals]
    this.touched = []
    this.journals = []
    this.journalBytes = 0
    this.sweepBytes = 0
  }

  private finish(batch: Batch): void {
    for (const commit of this.superfluous) batch.del(journalKey(commit))
    this.deleted = this.superfluous
    this.superfluous = []
    this.journalBytesMax = Math.max(JOURNAL_BYTES_MIN, this.sweepBytes * 2)
  }
}
