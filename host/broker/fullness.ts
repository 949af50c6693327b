// How full a session is: pressure.ts slows publishers down above three quarters of a limit, and
// lets them go on below half.

import type { BrokerOptions } from '../config/options.ts'

const NEARLY_FULL = 0.75
const HALF = 0.5
const STUCK_MS = 1000

/** The parts of a session that fill up. */
interface Fillable {
  readonly outbox: { readonly pending: number; readonly lastProgress: number } | undefined
  readonly queue: { readonly length: number; readonly bytes: number }
}

/** Above three quarters of a limit, and not stuck: worth waiting for. */
export function isNearlyFull(session: Fillable, options: BrokerOptions, now: number): boolean {
  const { outbox, queue } = session
  if (outbox === undefined) return false
  if (
    outbox.pending <= options.outboxBytesMax * NEARLY_FULL &&
    queue.length <= options.queueMessagesMax * NEARLY_FULL &&
    queue.bytes <= options.queueBytesMax * NEARLY_FULL
  ) {
    return false
  }
  return now - outbox.lastProgress < STUCK_MS
}

/** Below half of each limit. */
export function hasRoom({ outbox, queue }: Fillable, options: BrokerOptions): boolean {
  return (
    (outbox?.pending ?? 0) < options.outboxBytesMax * HALF &&
    queue.length < options.queueMessagesMax * HALF &&
    queue.bytes < options.queueBytesMax * HALF
  )
}
