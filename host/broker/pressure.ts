// Backpressure: a publisher all of whose subscribers are nearly full is not read until one of them
// has room, so that memory stays bounded and nothing need be dropped. One slow subscriber among
// others holds nobody up, and neither does a stuck one: it fills to its limit, then it loses.
//
//   reading --everyone it reached nearly full, none of its acks awaited--> stalled
//   stalled --one of the nearly full is half empty again, or a tick-------> reading

/** A connection that can be told not to read for a while. */
export interface Stallable {
  unstall(): void
}

export class Pressure {
  /** Nearly full subscribers that the message being routed has met. */
  met = 0
  /** Set when a message met nobody else; the connection whose packet it was asks and clears. */
  raised = false
  private readonly stalled: Set<Stallable> = new Set()

  /** Whether anybody waits for room. */
  get isWaiting(): boolean {
    return this.stalled.size > 0
  }

  /** A message has been routed to `count` subscribers. */
  judge(count: number): void {
    if (this.met === count) this.raised = true
    this.met = 0
  }

  stall(connection: Stallable): void {
    this.stalled.add(connection)
  }

  forget(connection: Stallable): void {
    this.stalled.delete(connection)
  }

  /** There is room again, or a tick has passed: everyone may try. */
  release(): void {
    const released = [...this.stalled]
    this.stalled.clear()
    for (const connection of released) connection.unstall()
  }
}
