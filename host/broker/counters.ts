// What the broker counts: plain numbers, incremented where it happens, read by health, metrics and
// $SYS. A new object each broker; nothing resets.

import type { Module } from '../wasm/instance.ts'
import { deliveredTraffic, stagedTraffic, type TrafficCounts } from '../wasm/traffic.ts'

/** PUBLISH packets of one direction and the bytes of their payloads, by QoS. */
export class Traffic {
  private readonly more: TrafficCounts = {
    messages: new Float64Array(3),
    bytes: new Float64Array(3),
  }
  private readonly counted: () => TrafficCounts

  /** @param counted what the module has counted by itself: nearly all */
  constructor(counted: () => TrafficCounts) {
    this.counted = counted
  }

  /** A packet that the module does not know of. */
  add(qos: number, bytes: number): void {
    const { more } = this
    more.messages[qos] = (more.messages[qos] as number) + 1
    more.bytes[qos] = (more.bytes[qos] as number) + bytes
  }

  /** A packet that the module has counted and will count again. */
  takeBack(qos: number, bytes: number): void {
    const { more } = this
    more.messages[qos] = (more.messages[qos] as number) - 1
    more.bytes[qos] = (more.bytes[qos] as number) - bytes
  }

  get messages(): Float64Array {
    return this.counted().messages.map((n, qos) => n + (this.more.messages[qos] as number))
  }

  get bytes(): Float64Array {
    return this.counted().bytes.map((n, qos) => n + (this.more.bytes[qos] as number))
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
  readonly received: Traffic
  /** Deliveries appended to outboxes. */
  readonly sent: Traffic
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

  constructor(module: Module) {
    this.received = new Traffic(() => stagedTraffic(module))
    this.sent = new Traffic(() => deliveredTraffic(module))
  }

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
