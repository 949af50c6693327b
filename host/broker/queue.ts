// Messages waiting for one session: a ring of handles and delivery flags, oldest first. It owns one
// reference to each message; the session decides what a full queue drops.

const MIN_SIZE = 16
// An empty ring larger than this is given back: queues fill and empty all the time.
const KEPT_SIZE = 256

// Shared by all queues that nothing has waited in: a typed array of its own costs 200 bytes.
const EMPTY: Int32Array = new Int32Array(0)

/** What waits in all queues of a broker together. */
export class QueueTotals {
  messages = 0
  bytes = 0
}

export class Queue {
  length = 0
  /** Topic, properties and payload of everything that waits. */
  bytes = 0
  private first = 0
  /** Per entry: handle, flags. */
  private ring: Int32Array = EMPTY
  private readonly totals: QueueTotals

  constructor(totals: QueueTotals) {
    this.totals = totals
  }

  /** Gives an empty queue a piece of somebody's memory: a power of two times two words. */
  adopt(ring: Int32Array): void {
    this.ring = ring
  }

  push(message: number, flags: number, bytes: number): void {
    const capacity = this.ring.length >> 1
    if (this.length === capacity) this.resize(Math.max(capacity * 2, MIN_SIZE))
    const at = ((this.first + this.length) & ((this.ring.length >> 1) - 1)) << 1
    this.ring[at] = message
    this.ring[at + 1] = flags
    this.length++
    this.bytes += bytes
    this.totals.messages++
    this.totals.bytes += bytes
  }

  /** Handle of the oldest message; undefined behaviour on an empty queue. */
  message(): number {
    return this.ring[this.first << 1] as number
  }

  /** Delivery flags of the oldest message. */
  flags(): number {
    return this.ring[(this.first << 1) + 1] as number
  }

  /** Handle of the message `i` places behind the oldest. */
  messageAt(i: number): number {
    return this.ring[this.at(i)] as number
  }

  flagsAt(i: number): number {
    return this.ring[this.at(i) + 1] as number
  }

  /** Another handle for the message `i` places behind the oldest. */
  replace(i: number, message: number): void {
    this.ring[this.at(i)] = message
  }

  /** Removes the oldest message; its reference is the caller's. */
  shift(bytes: number): void {
    this.first = (this.first + 1) & ((this.ring.length >> 1) - 1)
    this.length--
    this.totals.messages--
    this.discount(bytes)
    if (this.length === 0 && this.ring.length > 2 * KEPT_SIZE) this.resize(MIN_SIZE)
  }

  /** A message that waits has lost its bytes. */
  discount(bytes: number): void {
    this.bytes -= bytes
    this.totals.bytes -= bytes
  }

  private at(i: number): number {
    return ((this.first + i) & ((this.ring.length >> 1) - 1)) << 1
  }

  private resize(capacity: number): void {
    const ring = new Int32Array(capacity * 2)
    const mask = (this.ring.length >> 1) - 1
    for (let i = 0; i < this.length; i++) {
      const at = ((this.first + i) & mask) << 1
      ring[i * 2] = this.ring[at] as number
      ring[i * 2 + 1] = this.ring[at + 1] as number
    }
    this.ring = ring
    this.first = 0
  }
}
