// Puts back what an earlier process has stored: sessions with subscriptions, queues and in-flight
// messages, retained messages, and the timers of wills and expiries; what fell due meanwhile is due
// at the next tick. Bodies of queued messages stay on disk until they are sent.

import { FLAG_QOS_SHIFT } from '../../assembly/codes.ts'
import { type Contents, ENTRY, type ReadSession } from '../store/contents.ts'
import type { LevelStore } from '../store/level.ts'
import { Index } from '../store/pages.ts'
import type { Core } from './core.ts'
import { endSession, makeSession, NEVER, publishWill } from './handshake.ts'
import { RELEASED, SENT_1, SENT_2 } from './inflight.ts'
import type { Session } from './session.ts'

export function restore(core: Core, store: LevelStore, contents: Contents): void {
  store.resume(contents)
  for (const { topic, body } of contents.retained) {
    const handle = core.messages.thaw(body)
    if (core.messages.isExpired(handle)) {
      core.messages.drop(handle)
      store.unretain(topic)
    } else core.retained.place(handle)
  }
  const bodies = new Index()
  const slabs = new Slabs()
  for (const read of contents.sessions.values()) {
    restoreSession(core, store, read, bodies, slabs)
    contents.sessions.delete(read.number)
  }
  core.timers.tick(core.now) // what fell due meanwhile
  core.settle()
}

// An array of its own for each of many small queues would cost more than what is in it.
const SLAB_WORDS = 1 << 16

class Slabs {
  private slab: Int32Array = new Int32Array(0)
  private used = 0

  /** A ring for `count` messages. */
  take(count: number): Int32Array {
    let words = 2
    while (words < count * 2) words *= 2
    if (words > SLAB_WORDS) return new Int32Array(words)
    if (this.used + words > this.slab.length) {
      this.slab = new Int32Array(SLAB_WORDS)
      this.used = 0
    }
    this.used += words
    return this.slab.subarray(this.used - words, this.used)
  }
}

function restoreSession(
  core: Core,
  store: LevelStore,
  read: ReadSession,
  bodies: Index,
  slabs: Slabs,
): void {
  const { record } = read
  const session = makeSession(core, record.clientId)
  session.number = read.number
  session.expirySeconds = record.expirySeconds
  session.will = record.will
  session.user = record.user
  session.mount = core.mount(record.mount ?? '')
  for (const { filter, options, identifier } of read.filters) {
    core.subscriptions.insertText(filter, session.slot, options, identifier)
    session.subscriptions.set(filter, { options, identifier })
  }
  restoreMessages(store, session, read, bodies, slabs)
  if (read.journalled) store.checkpoints.touch(session)
  resumeTimers(core, session, record.offlineSince, record.willDue)
}

function restoreMessages(
  store: LevelStore,
  session: Session,
  read: ReadSession,
  bodies: Index,
  slabs: Slabs,
): void {
  const absentMessage = (sequence: number, size: number): number => {
    if (sequence === 0) return 0
    const known = bodies.get(sequence)
    if (known !== 0) {
      store.bodies.refer(known)
      return ~known
    }
    const body = store.bodies.restore(sequence, size)
    bodies.set(sequence, body)
    return ~body
  }
  const { inflight, queue } = session
  for (const [id, { flags, sequence, size }] of read.inflight ?? []) {
    const sent = flags >> FLAG_QOS_SHIFT === 2 ? SENT_2 : SENT_1
    const state = sequence === 0 ? RELEASED : sent
    inflight.restore(id, state, flags, absentMessage(sequence, size))
  }
  inflight.nextId = read.nextId
  const entries = read.queue
  const waiting = entries.length / ENTRY - read.first
  if (waiting > 0) queue.adopt(slabs.take(waiting))
  for (let at = read.first * ENTRY; at < entries.length; at += ENTRY) {
    const size = entries[at + 2] as number
    queue.push(absentMessage(entries[at] as number, size), entries[at + 1] as number, size)
  }
  for (const id of read.received ?? []) session.remember(id)
}

/** @param offlineSince 0 = a client was connected when the process ended: it has gone now */
function resumeTimers(core: Core, session: Session, offlineSince: number, willDue: number): void {
  const now = Math.floor(core.now / 1000)
  session.offlineSince = offlineSince === 0 ? now : offlineSince
  if (offlineSince === 0) core.store.save(session)
  if (session.expirySeconds === 0) {
    endSession(core, session)
    return
  }
  if (session.expirySeconds !== NEVER) {
    const due = session.offlineSince + session.expirySeconds
    core.timers.arm(session.expiryTimer, due * 1000)
  }
  const { will } = session
  if (will === undefined) return
  const due = willDue === 0 ? session.offlineSince + will.delaySeconds : willDue
  if (due > now) core.timers.arm(session.willTimer, due * 1000)
  else publishWill(core, session)
}
