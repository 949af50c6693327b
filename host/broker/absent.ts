// Messages of a session that are on disk only, after a restart: known by negative numbers in queue
// and in-flight window until they are about to be sent. And the session's state as operations,
// which is what the store's checkpoints are made of.

import { OP_NEXT_ID, OP_QUEUED, OP_RECEIVED, OP_RELEASED, OP_SENT, type Ops } from '../store/ops.ts'
import type { Store } from '../store/store.ts'
import { type Inflight, RELEASED } from './inflight.ts'
import type { Queue } from './queue.ts'

// Bodies read at once: a window's worth, and some.
const LOAD_MAX = 64

/** The messages that go next and are not in memory; undefined = none. */
export function absent(inflight: Inflight, unsent: number[], queue: Queue): number[] | undefined {
  const first = unsent[0]
  const isNext = first !== undefined && inflight.message(first) < 0
  if (!isNext && !(queue.length > 0 && queue.message() < 0)) return undefined
  const wanted: number[] = []
  for (const id of unsent) {
    if (inflight.message(id) < 0 && wanted.length < LOAD_MAX) wanted.push(inflight.message(id))
  }
  for (let i = 0; i < queue.length && wanted.length < LOAD_MAX; i++) {
    if (queue.messageAt(i) >= 0) break
    wanted.push(queue.messageAt(i))
  }
  return wanted
}

/** Takes what has been loaded; what is lost becomes 0. */
export function adopt(
  store: Store,
  wanted: readonly number[],
  inflight: Inflight,
  queue: Queue,
): void {
  const isWanted = new Set(wanted)
  const take = (message: number): number => {
    const handle = store.loaded(message)
    if (handle === 0) store.letGo(message)
    return handle
  }
  for (const id of inflight.ids()) {
    const message = inflight.message(id)
    if (isWanted.has(message)) inflight.replace(id, take(message))
  }
  for (let i = 0; i < queue.length && queue.messageAt(i) < 0; i++) {
    const message = queue.messageAt(i)
    if (!isWanted.has(message)) return
    const size = store.sizeOf(message)
    const handle = take(message)
    queue.replace(i, handle)
    if (handle === 0) queue.discount(size)
  }
}

/** The operations that make this state from nothing. */
export function describe(
  store: Store,
  ops: Ops,
  inflight: Inflight,
  queue: Queue,
  received: Set<number> | undefined,
): void {
  for (const id of inflight.ids()) {
    if (inflight.state(id) === RELEASED) ops.add(OP_RELEASED, 0, id, 0, 0, 0)
    else store.entry(ops, OP_SENT, inflight.flags(id), id, inflight.message(id))
  }
  ops.add(OP_NEXT_ID, 0, inflight.nextId, 0, 0, 0)
  for (let i = 0; i < queue.length; i++) {
    store.entry(ops, OP_QUEUED, queue.flagsAt(i), 0, queue.messageAt(i))
  }
  for (const id of received ?? []) ops.add(OP_RECEIVED, 0, id, 0, 0, 0)
}
