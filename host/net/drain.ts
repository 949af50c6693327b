// Tells when the kernel has taken all that a socket was given to write. Used by the transports
// after a write that blocked, and only then: the fast path needs no callback.

import type { Socket } from 'node:net'

const NOTHING: Buffer = Buffer.alloc(0)

/**
 * Calls `done` from the event loop once nothing is left to write; never, when the socket fails or
 * is ended first. Writes are done in order, so an empty one is done when those before it are.
 */
export function whenDrained(socket: Socket, done: () => void): void {
  socket.write(NOTHING, (error) => {
    if (error || socket.writableEnded || socket.destroyed) return
    if (socket.writableLength > 0) whenDrained(socket, done)
    else done()
  })
}
