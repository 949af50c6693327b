// Reading without allocating: takes the handle of an accepted socket over into a new one that reads
// into a buffer of ours. net.Server cannot be told `onread`, net.Socket can. This is the only file
// that touches the private `_handle` and `_parent`; where Node does not have what it expects,
// `adopt` answers undefined and the socket is used as it is, by its 'data' events. Holds on Node
// 20, 22, 24 and 26.

import { Socket } from 'node:net'

/** What of libuv's stream is relied on. */
interface StreamHandle {
  readStart(): number
  readStop(): number
  reading: boolean
  useUserBuffer(buffer: Uint8Array): void
}

/** The private property, and the undocumented option beside it. */
interface WithHandle {
  _handle?: unknown
  /** Of a TLSSocket: the socket whose handle it took. */
  _parent?: unknown
}

type AdoptingOptions = ConstructorParameters<typeof Socket>[0] & {
  handle: StreamHandle
  onread: { buffer: Uint8Array; callback: (length: number) => boolean }
}

/**
 * Makes a socket of `accepted`'s connection that reads into `buffer` and calls `onRead` with the
 * number of bytes. `buffer` may be shared: it is filled and read between two steps of the event
 * loop. The socket reads at once; `onRead` answering false or `pause()` stops it, `read(0)` starts
 * it again. Of what `accepted` has read nothing may be left in it; it is of no use afterwards.
 */
export function adopt(
  accepted: Socket,
  buffer: Uint8Array,
  onRead: (length: number) => boolean,
): Socket | undefined {
  const donor = accepted as WithHandle
  const handle = donor._handle
  if (!isStreamHandle(handle)) return undefined
  if (handle.reading) {
    handle.readStop()
    handle.reading = false
  }
  const options: AdoptingOptions = {
    handle,
    allowHalfOpen: accepted.allowHalfOpen,
    onread: { buffer, callback: onRead },
  }
  const socket = new Socket(options)
  if ((socket as WithHandle)._handle !== handle) return undefined
  donor._handle = null
  // Without a handle this closes nothing; it takes the empty shell off the server's count.
  accepted.destroy()
  return socket
}

/** The accepted socket that a TLSSocket of tls.Server was made of. */
export function underlying(secured: Socket): Socket | undefined {
  const parent = (secured as WithHandle)._parent
  return parent instanceof Socket ? parent : undefined
}

function isStreamHandle(handle: unknown): handle is StreamHandle {
  const stream = handle as Partial<StreamHandle> | null | undefined
  return (
    typeof stream?.readStart === 'function' &&
    typeof stream.readStop === 'function' &&
    typeof stream.useUserBuffer === 'function'
  )
}
