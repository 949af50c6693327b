// What a connection needs of the thing that carries its bytes, and what it offers in return.
// TCP, TLS, WebSocket and unix sockets implement Transport; Connection implements TransportHandler.
// Neither side knows the other's class.

import type { Origin } from '../broker/access.ts'

/** One accepted socket. Calls after the close are allowed and do nothing. */
export interface Transport {
  /** `mqtt`, `mqtts`, `ws`, `wss` or `unix`: the scheme of the listener that accepted it. */
  readonly scheme: string
  /** Address and port of the peer, for logs and limits: `127.0.0.1:53412`, `[::1]:53412`. */
  readonly remoteAddress: string
  /**
   * Who the peer is, and what its transport has proved; put together anew at each call. The
   * certificate is there only while the socket is open.
   */
  readonly origin: Origin
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
  /**
   * The address really listened on: `mqtt://127.0.0.1:1883`, `wss://[::1]:8084/mqtt`,
   * `unix:///run/wasmqtt.sock`.
   */
  readonly url: string
  /** 0 on a unix socket. */
  readonly port: number
  /** Path of the unix socket, on one. */
  readonly socket?: string | undefined
  /**
   * Reads certificates, keys and revocations again; connections stay.
   * Throws, or rejects, with file and reason when one cannot be used: all the old ones stay then.
   */
  refresh(): void | Promise<void>
  /** Stops accepting; connections already accepted stay. */
  close(): Promise<void>
}
