// The outgoing side of one connection. Deliveries and acks are appended in the module's memory; the
// first append of a loop turn marks the outbox dirty and arms one flush for all; the flush makes
// one write per connection. Knows bytes and a sink, not sockets or sessions.
//
//   Ready  --sink takes a write but not all of it-->  Paused
//   Paused --sink has drained------------------------> Ready, and dirty again if bytes wait

import { ERROR_NO_ROOM, PINGRESP } from '../../assembly/codes.ts'
import type { Module } from '../wasm/instance.ts'
import { DRAIN_SIZE, Outboxes } from '../wasm/outboxes.ts'
import { Counters } from './counters.ts'

/** Where the bytes go. */
export interface Sink {
  /**
   * @returns true when the memory may be reused at once, false when it is the sink's until later
   */
  write(bytes: Buffer): boolean
  /** Called by a flush that left room: the owner may append more of what waits. */
  onFlushed(): void
}

// One connection may write this much per turn before the others have theirs.
const TURN_BYTES = 4 * DRAIN_SIZE

/** All outboxes of a broker: the dirty list, and the one buffer that writes are made from. */
export class Flusher {
  readonly outboxes: Outboxes
  readonly module: Module
  /** Told of each packet appended. */
  readonly counters: Counters
  /** Address of a finished PINGRESP. */
  readonly pingresp: number
  /** Milliseconds since the epoch, kept by Services.updateClock. */
  now = 0
  private dirty: Outbox[] = []
  private spare: Outbox[] = []
  private armed = false
  private buffer: Buffer = Buffer.allocUnsafeSlow(DRAIN_SIZE)
  private readonly flushAll = () => this.flush()

  constructor(module: Module, counters: Counters = new Counters(module)) {
    this.module = module
    this.counters = counters
    this.outboxes = new Outboxes(module)
    this.pingresp = module.allocate(2)
    module.u8[this.pingresp] = PINGRESP << 4
    module.u8[this.pingresp + 1] = 0
  }

  mark(outbox: Outbox): void {
    this.dirty.push(outbox)
    if (this.armed) return
    this.armed = true
    setImmediate(this.flushAll)
  }

  /** Writes what every dirty outbox holds; once per loop turn, or at once when closing. */
  flush(): void {
    this.armed = false
    const dirty = this.dirty
    this.dirty = this.spare
    for (let i = 0; i < dirty.length; i++) (dirty[i] as Outbox).flush()
    dirty.length = 0
    this.spare = dirty
  }

  /** Drains one piece and writes it. @returns whether the sink is ready for more */
  writePiece(handle: number, sink: Sink): boolean {
    const length = this.outboxes.drain(handle, this.buffer)
    const piece = length === DRAIN_SIZE ? this.buffer : this.buffer.subarray(0, length)
    if (sink.write(piece)) return true
    this.buffer = Buffer.allocUnsafeSlow(DRAIN_SIZE) // the old one is the sink's
    return false
  }
}

export class Outbox {
  /** Bytes appended and not yet handed to the sink. */
  pending = 0
  /** When the sink last took something, milliseconds since the epoch; tells slow from stuck. */
  lastProgress = 0
  private dirty = false
  private paused = false
  private closed = false
  private readonly flusher: Flusher
  private readonly sink: Sink
  private readonly handle: number
  private readonly module: Module
  private readonly counters: Counters

  /** @param packetMax largest packet the client takes, 0 = any @param aliasMax aliases it allows */
  constructor(flusher: Flusher, sink: Sink, version: number, packetMax: number, aliasMax: number) {
    this.flusher = flusher
    this.module = flusher.module
    this.counters = flusher.counters
    this.sink = sink
    this.handle = flusher.outboxes.open(version, packetMax, aliasMax)
  }

  /** Whether the sink still holds bytes of an earlier write. */
  get isPaused(): boolean {
    return this.paused
  }

  /**
   * Appends a PUBLISH.
   * @param flags DUP, QoS, RETAIN as in the first byte @param row see Rows.identified
   * @returns false when it is larger than the client's Maximum Packet Size and was left out
   */
  deliver(message: number, flags: number, packetId: number, row: number): boolean {
    let pending = this.module.call.deliver(this.handle, message, flags, packetId, row)
    if (pending === ERROR_NO_ROOM) {
      this.flusher.outboxes.growFor(message)
      pending = this.module.call.deliver(this.handle, message, flags, packetId, row)
    }
    if (pending < 0) return false
    this.pending = pending
    if (!this.dirty) this.mark()
    return true
  }

  /** Appends PUBACK, PUBREC, PUBREL or PUBCOMP. @param head first byte of the packet */
  ack(head: number, packetId: number, reason: number): void {
    let pending = this.module.call.append_ack(this.handle, head, packetId, reason)
    if (pending === ERROR_NO_ROOM) {
      this.flusher.outboxes.grow(0)
      pending = this.module.call.append_ack(this.handle, head, packetId, reason)
    }
    if (pending < 0) return // a client that takes no packet of four bytes gets none
    this.pending = pending
    this.counters.packetsAnswered++
    if (!this.dirty) this.mark()
  }

  /** Appends PINGRESP. */
  pong(): void {
    this.append(this.flusher.pingresp, 2)
  }

  /**
   * Appends a packet that stands in the module's memory.
   * @returns false when it is larger than the client's Maximum Packet Size [MQTT-3.1.2-24]
   */
  append(start: number, length: number): boolean {
    const pending = this.flusher.outboxes.append(this.handle, start, length)
    if (pending < 0) return false
    this.pending = pending
    this.counters.packetsAnswered++
    if (!this.dirty) this.mark()
    return true
  }

  /** Hands over what waits, as far as the sink takes it. */
  flush(): void {
    this.dirty = false
    if (this.closed || this.paused) return
    let budget = TURN_BYTES
    while (this.pending > 0 && budget > 0) {
      const before = this.pending
      this.pending = before > DRAIN_SIZE ? before - DRAIN_SIZE : 0
      budget -= DRAIN_SIZE
      this.lastProgress = this.flusher.now
      if (!this.flusher.writePiece(this.handle, this.sink)) {
        this.paused = true
        return
      }
    }
    if (this.pending > 0) this.mark()
    this.sink.onFlushed()
  }

  /** The sink has taken everything it held. */
  resume(): void {
    this.paused = false
    this.lastProgress = this.flusher.now
    if (this.closed) return
    if (this.pending > 0 && !this.dirty) this.mark()
    this.sink.onFlushed()
  }

  /** Frees the pages; nothing may be appended after it. */
  close(): void {
    if (this.closed) return
    this.closed = true
    this.pending = 0
    this.flusher.outboxes.close(this.handle)
  }

  private mark(): void {
    this.dirty = true
    this.flusher.mark(this)
  }
}
