// The store on LevelDB: a journal of what sessions' queues do, checkpoints that replace it, and one
// group commit. What is told while a batch is being written goes into the next one; a batch begins
// at the end of a loop turn. Memory stays the hot state: nothing is read back but bodies that were
// stored by an earlier process.
//
//   idle --told--> sealing at the end of the turn --> writing --ok--> idle, or sealing again
//   writing --error--> failing --tick: reopened and everything touched written whole--> idle

import type { Log } from '../config/options.ts'
import type { Messages } from '../wasm/messages.ts'
import { Bodies } from './bodies.ts'
import { Checkpoints } from './checkpoints.ts'
import type { Contents } from './contents.ts'
import type { Database } from './database.ts'
import { Latency } from './latency.ts'
import { Loader } from './loader.ts'
import {
  OP_DONE,
  OP_DROPPED,
  OP_FORGOTTEN,
  OP_MOVED,
  OP_QUEUED,
  OP_RECEIVED,
  OP_RELEASED,
  OP_SENT,
  type Ops,
} from './ops.ts'
import { Pending } from './pending.ts'
import type { Durability, Store, StoredSession, StoreState, Waiter } from './store.ts'
import { refusalOf } from './trouble.ts'
import { Writer } from './writer.ts'

export class LevelStore implements Store {
  readonly durability: Durability
  told = 0
  committed = 0
  readonly bodies: Bodies = new Bodies()
  readonly checkpoints: Checkpoints = new Checkpoints()
  private readonly database: Database
  private readonly log: Log | undefined
  private readonly messages: Messages
  private readonly writer: Writer
  private readonly loader: Loader
  private pending: Pending = new Pending()
  /** What the batch being written holds. */
  private batched: Pending = new Pending()
  private waiters: Waiter[] = []
  /** Commit of the last batch begun. */
  private sealed = 0
  private nextSession = 1
  private dirty = false
  private scheduled = false
  private writing: Promise<void> | undefined = undefined
  private commits = 0
  private readonly latency: Latency = new Latency()
  private failures = 0
  /** Reason code of refusals while failing, 0 = not failing. */
  private failing = 0
  /** Bodies below this sequence number may be on disk although their batch failed. */
  private uncertain = 0
  private closed = false

  constructor(
    database: Database,
    durability: Durability,
    messages: Messages,
    log: Log | undefined,
  ) {
    this.database = database
    this.durability = durability
    this.messages = messages
    this.log = log
    this.writer = new Writer(messages, this.bodies)
    this.loader = new Loader(database, messages, this.bodies)
  }

  /** Goes on where an earlier process was. */
  resume({ journals, journalBytes, lastCommit, lastSession, lastSequence }: Contents): void {
    this.sealed = lastCommit
    this.committed = lastCommit
    this.nextSession = lastSession + 1
    this.bodies.nextSequence = lastSequence + 1
    this.checkpoints.resume(journals, journalBytes)
  }

  get latest(): number {
    return this.dirty ? this.sealed + 1 : this.sealed
  }

  get state(): StoreState {
    const { bodies, commits, failing, failures, latency } = this
    return { failing: failing !== 0, commits, failures, messages: bodies.count, latency }
  }

  await(waiter: Waiter): void {
    this.waiters.push(waiter)
    if (this.failing !== 0) this.schedule()
  }

  open(session: StoredSession): void {
    session.number = this.nextSession++
    this.save(session)
  }

  save(session: StoredSession): void {
    this.pending.saves.add(session)
    this.tell()
  }

  end(session: StoredSession, filters: Iterable<string>): void {
    this.pending.saves.delete(session)
    this.pending.ends.push({ session: session.number, filters: [...filters] })
    session.number = 0
    this.tell()
  }

  subscribed(session: StoredSession, filter: string, options: number, identifier: number): void {
    const subscription = { options, identifier }
    this.pending.filters.push({ session: session.number, filter, subscription })
    this.tell()
  }

  unsubscribed(session: StoredSession, filter: string): void {
    this.pending.filters.push({ session: session.number, filter, subscription: undefined })
    this.tell()
  }

  queued(session: StoredSession, message: number, flags: number): void {
    const body = this.keep(message)
    const { bodies } = this
    this.add(session, OP_QUEUED, flags, 0, bodies.sequence(body), bodies.size(body))
  }

  sent(session: StoredSession, message: number, flags: number, packetId: number): void {
    const body = this.keep(message)
    const { bodies } = this
    this.add(session, OP_SENT, flags, packetId, bodies.sequence(body), bodies.size(body))
  }

  moved(session: StoredSession, packetId: number): void {
    this.add(session, OP_MOVED, 0, packetId, 0, 0)
  }

  dropped(session: StoredSession): void {
    this.add(session, OP_DROPPED, 0, 0, 0, 0)
  }

  done(session: StoredSession, packetId: number): void {
    this.add(session, OP_DONE, 0, packetId, 0, 0)
  }

  released(session: StoredSession, packetId: number): void {
    this.add(session, OP_RELEASED, 0, packetId, 0, 0)
  }

  received(session: StoredSession, packetId: number): void {
    this.add(session, OP_RECEIVED, 0, packetId, 0, 0)
  }

  forgotten(session: StoredSession, packetId: number): void {
    this.add(session, OP_FORGOTTEN, 0, packetId, 0, 0)
  }

  letGo(message: number): void {
    const { bodies, messages } = this
    const body = message < 0 ? ~message : messages.body(message)
    const isGone = bodies.isLast(body)
    if (message > 0) {
      if (isGone) messages.setBody(message, 0)
      else if (messages.isLast(message)) bodies.setHandle(body, 0)
      messages.drop(message)
    }
    if (isGone && (!bodies.isFresh(body) || bodies.sequence(body) < this.uncertain)) {
      this.pending.deletes.push(bodies.sequence(body))
      this.tell()
    }
    bodies.release(body)
  }

  sizeOf(message: number): number {
    if (message === 0) return 0
    return message < 0 ? this.bodies.size(~message) : this.messages.size(message)
  }

  entry(ops: Ops, op: number, flags: number, packetId: number, message: number): void {
    const { bodies, messages } = this
    const body = message < 0 ? ~message : message === 0 ? 0 : messages.body(message)
    ops.add(op, flags, packetId, 0, bodies.sequence(body), bodies.size(body))
  }

  load(messages: readonly number[], done: () => void): void {
    this.loader.load(messages, done)
  }

  loaded(message: number): number {
    const handle = this.bodies.handle(~message)
    if (handle !== 0) this.messages.addReference(handle)
    return handle
  }

  retain(topic: string, message: number): void {
    this.messages.addReference(message)
    this.putRetained(topic, message)
  }

  unretain(topic: string): void {
    this.putRetained(topic, 0)
  }

  tick(): void {
    if (this.failing !== 0 && this.writing === undefined && !this.closed) {
      this.writing = this.recover().finally(() => {
        this.writing = undefined
        if (this.dirty) this.schedule()
      })
    }
    if (this.failing === 0) this.loader.retry()
  }

  async flush(): Promise<void> {
    while (this.writing !== undefined) await this.writing
    if (this.closed) return
    if (this.failing === 0) {
      this.writing = this.writeWhole(true)
        .catch((error: Error) => this.fail(error))
        .then(this.onWritten)
      await this.writing
    }
    if (this.failing !== 0) throw new Error('the store cannot be written')
  }

  async close(): Promise<void> {
    if (this.closed) return
    while (this.writing !== undefined) await this.writing
    this.closed = true
    try {
      if (this.failing === 0) await this.writeWhole()
      else await this.recover()
    } catch (error) {
      this.fail(error as Error)
    }
    await this.database.close()
  }

  /** The message's body; a new one if it has none yet, a reference if it has. */
  private keep(message: number): number {
    const { bodies, messages } = this
    const known = messages.body(message)
    if (known !== 0) {
      bodies.refer(known)
      return known
    }
    const body = bodies.add(message, messages.size(message))
    messages.setBody(message, body)
    this.pending.fresh.push(body)
    return body
  }

  private add(
    session: StoredSession,
    op: number,
    flags: number,
    packetId: number,
    sequence: number,
    size: number,
  ): void {
    this.checkpoints.touch(session)
    this.pending.ops.add(op, flags, packetId, session.number, sequence, size)
    this.tell()
  }

  private putRetained(topic: string, message: number): void {
    const before = this.pending.retained.get(topic) ?? 0
    if (before !== 0) this.messages.drop(before)
    this.pending.retained.set(topic, message)
    this.tell()
  }

  private tell(): void {
    this.told++
    this.dirty = true
    this.schedule()
  }

  private schedule(): void {
    if (this.scheduled || this.writing !== undefined) return
    this.scheduled = true
    setImmediate(this.onTurnEnd)
  }

  private readonly onTurnEnd = (): void => {
    this.scheduled = false
    if (this.closed || this.writing !== undefined) return
    if (this.failing !== 0) this.refuse()
    else if (this.dirty) this.writing = this.commit().then(this.onWritten)
  }

  private readonly onWritten = (): void => {
    this.writing = undefined
    if (this.dirty || this.failing !== 0) this.schedule()
  }

  /** Writes what is pending. */
  private async commit(): Promise<void> {
    const { checkpoints, database, writer } = this
    const commit = this.seal()
    const batch = database.batch()
    checkpoints.note(commit, writer.put(batch, commit, this.batched))
    checkpoints.sweep(batch, commit, writer)
    const began = performance.now()
    try {
      await batch.write({ sync: this.durability === 'disk' })
    } catch (error) {
      this.fail(error as Error)
      return
    }
    this.latency.observe((performance.now() - began) / 1000)
    this.succeed(commit)
  }

  /** Writes every touched session whole, and no journal. */
  private async writeWhole(sync = this.durability === 'disk'): Promise<void> {
    const { checkpoints, database, writer } = this
    const commit = this.seal()
    const batch = database.batch()
    this.batched.ops.clear()
    writer.put(batch, commit, this.batched)
    checkpoints.sweepAll(batch, commit, writer)
    await batch.write({ sync })
    this.succeed(commit)
  }

  private seal(): number {
    const batched = this.pending
    this.pending = this.batched
    this.batched = batched
    this.dirty = false
    return ++this.sealed
  }

  private succeed(commit: number): void {
    for (const handle of this.batched.retained.values()) {
      if (handle !== 0) this.messages.drop(handle)
    }
    this.batched.clear()
    this.checkpoints.settle()
    this.commits++
    this.committed = commit
    const { waiters } = this
    this.waiters = []
    for (const waiter of waiters) if (waiter.release(commit)) this.waiters.push(waiter)
  }

  private fail(error: Error): void {
    const cause = error.cause instanceof Error ? error.cause : error
    this.uncertain = this.bodies.nextSequence
    this.writer.giveBack(this.batched)
    this.pending.prepend(this.batched, (handle) => this.messages.drop(handle))
    this.checkpoints.giveBack(this.sealed)
    this.dirty = true
    this.failures++
    const reason = refusalOf(cause)
    if (this.failing !== reason) {
      this.log?.('error', 'the store cannot be written, refusing what must be stored', {
        error: cause.message,
      })
    }
    this.failing = reason
    this.refuse()
  }

  /** Nobody is told that something is stored which is not. */
  private refuse(): void {
    // What was told is in the sessions themselves, and they are written whole.
    this.pending.ops.clear()
    const { waiters } = this
    this.waiters = []
    for (const waiter of waiters) if (waiter.refuse(this.failing)) this.waiters.push(waiter)
  }

  /** After a failed write the log may end in half a record: only a reopened database is sound. */
  private async recover(): Promise<void> {
    try {
      await this.database.close()
      await this.database.open()
      await this.writeWhole()
      this.failing = 0
      this.log?.('warn', 'the store can be written again', { failures: this.failures })
      this.loader.retry()
    } catch (error) {
      this.fail(error as Error)
    }
  }
}
