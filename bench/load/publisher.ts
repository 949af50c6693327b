// One publisher of a flow: its window, its packet ids, and the buffer of encoded frames it sends
// from. Owned by flow.ts, which decides when it may write. Knows nothing of who receives.
import type { Client } from './client.ts'
import type { Frame } from './packets.ts'

const WRITE_BYTES_MAX = 256 * 1024

export interface PublisherLimits {
  /** Messages that may be on their way at once. */
  readonly window: number
  /** Send nothing until the whole window is free, and then all of it. */
  readonly burst: boolean
  /** How often each message arrives: once for every subscriber it goes to. */
  readonly copies: number
}

export class Publisher {
  readonly client: Client
  /** On the flow's list of publishers to serve. */
  marked = false
  /** Messages whose QoS 1 or 2 handshake has ended; at QoS 0 nothing is awaited. */
  acknowledged = 0
  readonly #index: number
  readonly #limits: PublisherLimits
  /** Frames of equal length, one after another: one topic many times, or many topics in turn. */
  #frames: Buffer
  #view: DataView
  readonly #oneTopic: boolean
  readonly #slots: number
  #slot = 0
  readonly #frameBytes: number
  readonly #idAt: number
  readonly #stampAt: number
  /** Copies that have arrived of each message on its way, by sequence & mask. */
  readonly #arrivals: Uint16Array
  readonly #mask: number
  #next = 0
  /** The first message that has not arrived everywhere. */
  #oldest = 0

  constructor(client: Client, index: number, frames: readonly Frame[], limits: PublisherLimits) {
    const [frame] = frames as readonly [Frame]
    this.client = client
    this.#index = index
    this.#limits = limits
    this.#frameBytes = frame.bytes.length
    this.#idAt = frame.idAt
    this.#stampAt = frame.stampAt
    this.#oneTopic = frames.length === 1
    const fitting = Math.max(1, Math.floor(WRITE_BYTES_MAX / this.#frameBytes))
    this.#slots = this.#oneTopic ? Math.min(limits.window, fitting) : frames.length
    const slots = Array.from({ length: this.#slots }, (_, i) => frames[i % frames.length] as Frame)
    this.#frames = Buffer.concat(slots.map(({ bytes }) => bytes))
    this.#view = viewOf(this.#frames)
    const ring = 1 << Math.ceil(Math.log2(limits.window + 1))
    this.#arrivals = new Uint16Array(ring)
    this.#mask = ring - 1
  }

  /** Counts one arrival; true when the window has opened. */
  arrived(sequence: number): boolean {
    const arrivals = this.#arrivals
    const mask = this.#mask
    // A duplicate, or a message given up long ago.
    if (sequence < this.#oldest) return false
    const { copies } = this.#limits
    const count = (arrivals[sequence & mask] as number) + 1
    arrivals[sequence & mask] = count
    if (count !== copies || sequence !== this.#oldest) return false
    let oldest = this.#oldest
    while (oldest !== this.#next && arrivals[oldest & mask] === copies) {
      arrivals[oldest & mask] = 0
      oldest++
    }
    this.#oldest = oldest
    return true
  }

  /** Writes all the window allows, in one write where it fits; returns how many messages. */
  fill(nowMs: number): number {
    let total = 0
    for (;;) {
      if (this.#oneTopic) this.#slot = 0
      const first = this.#slot
      const count = Math.min(this.#room(), this.#slots - first)
      if (count <= 0) return total
      if (!this.client.reusable) {
        this.client.awaitDrain()
        return total
      }
      for (let i = 0; i < count; i++) this.#stamp(first + i, nowMs)
      const from = first * this.#frameBytes
      this.client.write(this.#frames.subarray(from, from + count * this.#frameBytes))
      this.#slot = (first + count) % this.#slots
      total += count
    }
  }

  /** Sends one message whatever the window says. */
  sendOne(intendedMs: number): void {
    if (!this.client.reusable) {
      this.#frames = Buffer.from(this.#frames)
      this.#view = viewOf(this.#frames)
    }
    this.#stamp(0, intendedMs)
    this.client.write(this.#frames.subarray(0, this.#frameBytes))
  }

  /** Treats everything on its way as lost; returns how many messages that were. */
  giveUp(): number {
    const lost = this.#next - this.#oldest
    this.#oldest = this.#next
    this.#arrivals.fill(0)
    this.acknowledged = this.#next
    return lost
  }

  #room(): number {
    const undelivered = this.#next - this.#oldest
    const unfinished = this.#idAt < 0 ? 0 : this.#next - this.acknowledged
    const { window, burst } = this.#limits
    const busy = Math.max(undelivered, unfinished)
    return burst && busy > 0 ? 0 : window - busy
  }

  #stamp(slot: number, intendedMs: number): void {
    const at = slot * this.#frameBytes
    const view = this.#view
    const sequence = this.#next++
    if (this.#idAt >= 0) view.setUint16(at + this.#idAt, (sequence % 65535) + 1)
    const stamp = at + this.#stampAt
    view.setUint32(stamp, this.#index)
    view.setUint32(stamp + 4, sequence)
    view.setFloat64(stamp + 8, intendedMs)
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
}
