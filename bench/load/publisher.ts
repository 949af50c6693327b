// One publisher of a flow: its window, its packet ids, and the buffer of encoded frames it sends from.
// Owned by flow.ts, which decides when it may write. Knows nothing of who receives.
import type { Client } from './client.ts'
import type { Frame } from './packets.ts'

const WRITE_BYTES_MAX = 256 * 1024

export class Publisher {
  readonly client: Client
  /** On the flow's list of publishers to serve. */
  marked = false
  /** Messages whose QoS 1 or 2 handshake has ended; at QoS 0 nothing is awaited. */
  acknowledged = 0
  readonly #window: number
  readonly #copies: number
  readonly #index: number
  readonly #frameBytes: number
  readonly #idAt: number
  readonly #stampAt: number
  readonly #slots: number
  #frames: Buffer
  #view: DataView
  /** Copies that have arrived of each message on its way, by sequence & mask. */
  readonly #arrivals: Uint16Array
  readonly #mask: number
  #next = 0
  /** The first message that has not arrived everywhere. */
  #oldest = 0

  constructor(
    client: Client,
    index: number,
    frame: Frame,
    limits: { window: number; copies: number },
  ) {
    this.client = client
    this.#index = index
    this.#window = limits.window
    this.#copies = limits.copies
    this.#frameBytes = frame.bytes.length
    this.#idAt = frame.idAt
    this.#stampAt = frame.stampAt
    this.#slots = Math.max(
      1,
      Math.min(limits.window, Math.floor(WRITE_BYTES_MAX / frame.bytes.length)),
    )
    this.#frames = Buffer.concat(Array.from({ length: this.#slots }, () => frame.bytes))
    this.#view = new DataView(this.#frames.buffer, this.#frames.byteOffset, this.#frames.length)
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
    const count = (arrivals[sequence & mask] as number) + 1
    arrivals[sequence & mask] = count
    if (count !== this.#copies || sequence !== this.#oldest) return false
    let oldest = this.#oldest
    while (oldest !== this.#next && arrivals[oldest & mask] === this.#copies) {
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
      const count = Math.min(this.#room(), this.#slots)
      if (count <= 0) return total
      if (!this.client.reusable) {
        this.client.awaitDrain()
        return total
      }
      for (let slot = 0; slot < count; slot++) this.#stamp(slot, nowMs)
      this.client.write(this.#frames.subarray(0, count * this.#frameBytes))
      total += count
    }
  }

  /** Sends one message whatever the window says. */
  sendOne(intendedMs: number): void {
    if (!this.client.reusable) {
      this.#frames = Buffer.from(this.#frames)
      this.#view = new DataView(this.#frames.buffer, this.#frames.byteOffset, this.#frames.length)
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
    if (this.#idAt < 0) return this.#window - undelivered
    return this.#window - Math.max(undelivered, this.#next - this.acknowledged)
  }

  #stamp(slot: number, intendedMs: number): void {
    const at = slot * this.#frameBytes
    const view = this.#view
    const sequence = this.#next
    this.#next = sequence + 1
    if (this.#idAt >= 0) view.setUint16(at + this.#idAt, (sequence % 65535) + 1)
    const stamp = at + this.#stampAt
    view.setUint32(stamp, this.#index)
    view.setUint32(stamp + 4, sequence)
    view.setFloat64(stamp + 8, intendedMs)
  }
}
