// Operations on a session's queue, as they are packed into journal records and checkpoints. One
// codec for both: a checkpoint is the operations that make the session's state from nothing.
//
//   word 0  operation | flags << 8 | packet identifier << 16     word 1  session number
//   word 2, 3  sequence number of the message, low and high      word 4  its size in bytes

export const OP_QUEUED = 1
export const OP_SENT = 2
export const OP_MOVED = 3
export const OP_DROPPED = 4
export const OP_DONE = 5
export const OP_RELEASED = 6
export const OP_RECEIVED = 7
export const OP_FORGOTTEN = 8
/** The packet identifier that the next message takes. */
export const OP_NEXT_ID = 9

export const OP_BYTES = 20
const WORDS = 5
const FIRST_SIZE = 64 * WORDS
const HIGH = 0x100000000

/** Operations in the order they were told. */
export class Ops {
  private words: Uint32Array = new Uint32Array(FIRST_SIZE)
  private used = 0

  get count(): number {
    return this.used / WORDS
  }

  add(
    op: number,
    flags: number,
    packetId: number,
    session: number,
    sequence: number,
    size: number,
  ): void {
    if (this.used === this.words.length) this.grow()
    const { words, used } = this
    words[used] = op | (flags << 8) | (packetId << 16)
    words[used + 1] = session
    words[used + 2] = sequence >>> 0
    words[used + 3] = sequence / HIGH
    words[used + 4] = size
    this.used = used + WORDS
  }

  clear(): void {
    this.used = 0
  }

  /** Copies them behind the first `offset` bytes of a new buffer. */
  toBuffer(offset: number = 0): Buffer {
    const bytes = Buffer.allocUnsafe(offset + this.used * 4)
    const { words, used } = this
    for (let i = 0, at = offset; i < used; i++, at += 4) bytes.writeUInt32LE(words[i] as number, at)
    return bytes
  }

  private grow(): void {
    const words = new Uint32Array(this.words.length * 2)
    words.set(this.words)
    this.words = words
  }
}

/** What reads operations back. */
export type OpReader = (
  op: number,
  flags: number,
  packetId: number,
  session: number,
  sequence: number,
  size: number,
) => void

/** Calls `read` for each operation from `offset` on; a torn rest is left out. */
export function readOps(bytes: Buffer, offset: number, read: OpReader): void {
  for (let at = offset; at + OP_BYTES <= bytes.length; at += OP_BYTES) {
    const head = bytes.readUInt32LE(at)
    read(
      head & 0xff,
      (head >> 8) & 0xff,
      head >>> 16,
      bytes.readUInt32LE(at + 4),
      bytes.readUInt32LE(at + 12) * HIGH + bytes.readUInt32LE(at + 8),
      bytes.readUInt32LE(at + 16),
    )
  }
}
