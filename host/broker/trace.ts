// What a connection tells whoever writes down its packets. While nobody does, the broker's `tracer`
// is undefined, and that is all a trace costs. admin/trace.ts implements it.

/** A connection, as far as a trace knows it; Peer is one. */
export interface Traced {
  readonly remoteAddress: string
  /** 0 until CONNECT. */
  readonly version: number
  readonly session: { readonly id: string } | undefined
  readonly outbox: { readonly pending: number } | undefined
  readonly aliases: Int32Array | undefined
  /** Set while the packet in hand is taken again, after a decision it has waited for. */
  readonly decisions: readonly number[] | undefined
}

export interface Tracer {
  /** The packet of `record` is about to be handled. */
  received(peer: Traced, record: number): void
  /** These bytes are about to be written: whole packets, or a piece of them. */
  sent(peer: Traced, bytes: Buffer): void
  /** The connection ends; nothing is written after it. */
  ended(peer: Traced): void
}
