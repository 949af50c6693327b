// One timer wheel for everything that waits seconds: keep-alive, CONNECT timeout, will delay,
// session expiry. No timer per connection: arming and disarming is a few writes, and one tick a
// second walks the slot that is due. Knows nothing of what it wakes.
//
//   slots[second % SLOTS] -> Timer <-> Timer <-> …      (a timer further off than one round stays)

const SLOTS = 1024

/** What a timer wakes, once per arming. */
export interface Sleeper {
  onTimer(timer: Timer): void
}

export class Timer {
  /** Second at which it is due; 0 = not armed. */
  due = 0
  next: Timer | undefined = undefined
  previous: Timer | undefined = undefined
  slot = -1
  readonly sleeper: Sleeper

  constructor(sleeper: Sleeper) {
    this.sleeper = sleeper
  }
}

/** The wheel. Times are milliseconds, the resolution is a second, never early. */
export class Timers {
  private readonly slots: (Timer | undefined)[] = new Array(SLOTS).fill(undefined)
  private second: number

  constructor(nowMs: number) {
    this.second = Math.floor(nowMs / 1000)
  }

  /** Wakes `timer` at the first tick at or after `atMs`; an armed timer is moved. */
  arm(timer: Timer, atMs: number): void {
    this.disarm(timer)
    const due = Math.max(Math.ceil(atMs / 1000), this.second + 1)
    const slot = due % SLOTS
    const first = this.slots[slot]
    timer.due = due
    timer.slot = slot
    timer.next = first
    timer.previous = undefined
    if (first !== undefined) first.previous = timer
    this.slots[slot] = timer
  }

  disarm(timer: Timer): void {
    if (timer.due === 0) return
    if (timer.previous === undefined) this.slots[timer.slot] = timer.next
    else timer.previous.next = timer.next
    if (timer.next !== undefined) timer.next.previous = timer.previous
    timer.next = undefined
    timer.previous = undefined
    timer.due = 0
  }

  /** Wakes everything due by `nowMs`. */
  tick(nowMs: number): void {
    const now = Math.floor(nowMs / 1000)
    const first = Math.max(this.second + 1, now - SLOTS + 1)
    this.second = Math.max(now, this.second)
    for (let second = first; second <= now; second++) this.wakeSlot(second % SLOTS, now)
  }

  private wakeSlot(slot: number, now: number): void {
    const due: Timer[] = []
    for (let timer = this.slots[slot]; timer !== undefined; timer = timer.next) {
      if (timer.due <= now) due.push(timer)
    }
    for (const timer of due) {
      if (timer.due === 0 || timer.due > now) continue // disarmed or moved by an earlier one
      this.disarm(timer)
      timer.sleeper.onTimer(timer)
    }
  }
}
