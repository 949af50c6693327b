// What the broker counts: plain numbers, incremented where it happens, read by health, metrics and
// $SYS. A new object each broker; nothing resets.

export class Counters {
  connectionsAccepted = 0
  connectionsNow = 0
  /** Connections ended by us because of what the peer sent or did, by reason code. */
  readonly refusals: Map<number, number> = new Map()
  bytesReceived = 0
  bytesSent = 0
  packetsReceived = 0
  publishReceived = 0
  /** Deliveries appended to outboxes. */
  publishSent = 0
  /** Publishes nobody was subscribed to. */
  publishUnmatched = 0
  /** Refused: reserved topic, or a payload that is not what its indicator says. */
  publishRefused = 0
  /** Not delivered because its receiver may not have it. */
  deliveryRefused = 0
  /** QoS 0 left out because the connection's outbox was full. */
  droppedOutbox = 0
  /** QoS 1 and 2 dropped by a full session queue. */
  droppedQueue = 0
  droppedExpired = 0
  /** Left out because larger than the client's Maximum Packet Size. */
  droppedTooLarge = 0
  willsPublished = 0
  sessionsExpired = 0

  refuse(reason: number): void {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1)
  }
}
