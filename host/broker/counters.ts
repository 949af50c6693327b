// What the broker counts: plain numbers, incremented where it happens, read by health, metrics and
// $SYS. A new object each broker; nothing resets.

/** PUBLISH packets of one direction and the bytes of their payloads, by QoS. */
export class Traffic {
  readonly messages: Float64Array = new Float64Array(3)
  readonly bytes: Float64Array = new Float64Array(3)

  count(qos: number, bytes: number): void {
    this.messages[qos] = (this.messages[qos] as number) + 1
    this.bytes[qos] = (this.bytes[qos] as number) + bytes
  }

  get messagesTotal(): number {
    return this.messages.reduce((sum, n) => sum + n)
  }

  get bytesTotal(): number {
    return this.bytes.reduce((sum, n) => sum + n)
  }
}

export class Counters {
  connectionsAccepted = 0
  connectionsNow = 0
  /** Clients that have had their CONNACK and are still there. */
  clientsNow = 0
  /** All that ever had. */
  clientsAccepted = 0
  /** Connections ended by us because of what the peer sent or did, by reason code. */
  readonly refusals: Map<number, number> = new Map()
  bytesReceived = 0
  bytesSent = 0
  packetsReceived = 0
  /** Packets appended to outboxes, other than PUBLISH. */
  packetsAnswered = 0
  /** PUBLISH packets of clients. */
  readonly received: Traffic = new Traffic()
  /** Deliveries appended to outboxes. */
  readonly sent: Traffic = new Traffic()
  /** Publishes of clients nobody was subscribed to. */
  publishUnmatched = 0
  /** Refused: reserved topic, or a payload that is not what its indicator says. */
  publishRefused = 0
  /** Times a connection sent more than its listener allows. */
  rateExceeded = 0
  subscribeRefused = 0
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

  get packetsSent(): number {
    return this.packetsAnswered + this.sent.messagesTotal
  }

  /** Messages that somebody should have had and did not get. */
  get dropped(): number {
    return this.droppedOutbox + this.droppedQueue + this.droppedExpired + this.droppedTooLarge
  }

  refuse(reason: number): void {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1)
  }
}
