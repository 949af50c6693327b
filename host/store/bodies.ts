// The messages that stored sessions wait for: each is written once, however many sessions wait, and
// deleted when the last one has let go. A body is a small number; one that is in the module's
// memory carries it in its handle, one that is on disk only is known as ~body, a negative number,
// wherever the broker would have a handle. Columns of typed arrays: a million bodies take 21 MB.

const FIRST_SIZE = 64

export class Bodies {
  /** Bodies somebody waits for. */
  count = 0
  nextSequence = 1
  private sequences: Float64Array = new Float64Array(FIRST_SIZE)
  private counts: Int32Array = new Int32Array(FIRST_SIZE)
  private sizes: Uint32Array = new Uint32Array(FIRST_SIZE)
  /** Handle in the module's memory, 0 = on disk only. */
  private handles: Int32Array = new Int32Array(FIRST_SIZE)
  /** 1 = not in any batch yet. */
  private fresh: Uint8Array = new Uint8Array(FIRST_SIZE)
  private used = 1
  private free: number[] = []

  /** A body to be written, with one reference. */
  add(handle: number, size: number): number {
    const body = this.take(this.nextSequence++, size)
    this.handles[body] = handle
    this.fresh[body] = 1
    return body
  }

  /** A body that is on disk, with one reference. */
  restore(sequence: number, size: number): number {
    if (sequence >= this.nextSequence) this.nextSequence = sequence + 1
    return this.take(sequence, size)
  }

  refer(body: number): void {
    this.counts[body] = (this.counts[body] as number) + 1
  }

  /** Lets go of one reference. @returns whether it was the last, and the body is gone */
  release(body: number): boolean {
    const left = (this.counts[body] as number) - 1
    this.counts[body] = left
    if (left > 0) return false
    this.count--
    this.handles[body] = 0
    this.free.push(body)
    return true
  }

  /** Whether one more release ends it. */
  isLast(body: number): boolean {
    return this.counts[body] === 1
  }

  isAlive(body: number): boolean {
    return (this.counts[body] as number) > 0
  }

  sequence(body: number): number {
    return this.sequences[body] as number
  }

  size(body: number): number {
    return this.sizes[body] as number
  }

  handle(body: number): number {
    return this.handles[body] as number
  }

  setHandle(body: number, handle: number): void {
    this.handles[body] = handle
  }

  isFresh(body: number): boolean {
    return this.fresh[body] === 1
  }

  markWritten(body: number): void {
    this.fresh[body] = 0
  }

  /** The batch it was in has failed. */
  markFresh(body: number): void {
    this.fresh[body] = 1
  }

  private take(sequence: number, size: number): number {
    const body = this.free.pop() ?? this.used++
    if (body === this.sizes.length) this.grow()
    this.sequences[body] = sequence
    this.counts[body] = 1
    this.sizes[body] = size
    this.handles[body] = 0
    this.fresh[body] = 0
    this.count++
    return body
  }

  private grow(): void {
    const size = this.sizes.length * 2
    const { sequences, counts, sizes, handles, fresh } = this
    this.sequences = new Float64Array(size)
    this.sequences.set(sequences)
    this.counts = new Int32Array(size)
    this.counts.set(counts)
    this.sizes = new Uint32Array(size)
    this.sizes.set(sizes)
    this.handles = new Int32Array(size)
    this.handles.set(handles)
    this.fresh = new Uint8Array(size)
    this.fresh.set(fresh)
  }
}
