// What a connection needs of the thing that carries its bytes, and what it offers in return.
// TCP, TLS, WebSocket and unix sockets implement Transport; Connection implements TransportHandler.
// Neither side knows the other's class.

/** One accepted socket. Calls after the close are allowed and do nothing. */
export interface Transport {
  /** `mqtt`, `mqtts`, `ws`, `wss` or `unix`: the scheme of the listener that accepted it. */
  readonly scheme: string
  /** Address and port of the peer, for logs and limits: `127.0.0.1:53412`, `[::1]:53412`. */
  readonly remoteAddress: string
  /**
   * Sends `bytes` in one write.
   * @returns true when the memory may be reused at once; false when it belongs to the transport
   * until `onDrained`
   */
  write(bytes: Buffer): boolean
  /** Bytes given to `write` that the kernel has not taken yet. */
  pending(): number
  /** Stops reading; the peer feels TCP backpressure. */
  pause(): void
  resume(): void
  /** Closes after everything written has been sent; gives up and destroys after a bounded time. */
  end(): void
  /** Closes now. */
  destroy(): void
}

/**
 * What the transport tells; each is called synchronously from the event loop, never re-entrantly.
 */
export interface TransportHandler {
  /**
   * The first `length` bytes of `buffer` arrived; they are dead when the call returns.
   * @returns false to stop reading until `resume`
   */
  onBytes(buffer: Buffer, length: number): boolean
  /** Everything written has been taken by the kernel, after a `write` that answered false. */
  onDrained(): void
  /** The socket is gone, by whichever side; called exactly once, after it nothing else is. */
  onClosed(): void
}

/** Makes the handler of a newly accepted transport, or undefined to refuse it at once. */
export type Accept = (transport: Transport) => TransportHandler | undefined

/** A listening socket. */
export interface Listener {
  /** The address really listened on: `mqtt://127.0.0.1:1883`, `ws://[::1]:8083/mqtt`. */
  readonly url: string
  readonly port: number
  /** Stops accepting; connections already accepted stay. */
  close(): Promise<void>
  /** Reads certificates and the like again; rejects, and goes on as before, when that fails. */
  refresh?(): void | Promise<void>
}
