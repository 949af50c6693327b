// The limit to compare a Node broker with: it reads and writes what a broker reads and writes, but
// understands nothing. The first packet of a connection says who it is (its client identifier),
// CONNECT and SUBSCRIBE get a fixed answer, and from then on whole frames of one length go on as
// they came: as many publishers as subscribers, publisher i to subscriber i; else all to all.
//   node --import tsx bench/ref/forward.ts PORT [coalesced|plain]
// coalesced: one static read buffer for all sockets, one write a socket and loop turn. plain:
// 'data' and a write for every chunk. QoS 0 only. Started by load/brokers.ts as forward and
// forward-plain.
import { createServer, Socket } from 'node:net'

const READ_BYTES = 128 * 1024
const OUTBOX_BYTES = 64 * 1024
const CONNACK = Buffer.from([0x20, 2, 0, 0])
const SUBSCRIBE = 8
const DISCONNECT = 14

class Connection {
  readonly socket: Socket
  isPublisher = false
  index = 0
  /** Bytes of one frame of this publisher, once known. */
  frameBytes = 0
  tail: Buffer | undefined
  #outbox: Buffer | undefined
  #pending = 0

  constructor(socket: Socket) {
    this.socket = socket
  }

  append(bytes: Buffer): void {
    if (this.#pending + bytes.length > OUTBOX_BYTES) this.flush()
    if (bytes.length > OUTBOX_BYTES) {
      this.socket.write(Buffer.from(bytes))
      return
    }
    this.#outbox ??= Buffer.allocUnsafeSlow(OUTBOX_BYTES)
    if (this.#pending === 0) markDirty(this)
    bytes.copy(this.#outbox, this.#pending)
    this.#pending += bytes.length
  }

  flush(): void {
    if (this.#pending === 0) return
    this.socket.write((this.#outbox as Buffer).subarray(0, this.#pending))
    this.#pending = 0
    // The kernel did not take it all: the buffer belongs to the write now.
    if (this.socket.writableLength !== 0) this.#outbox = undefined
  }
}

const isPlain = process.argv[3] === 'plain'
const subscribers: Connection[] = []
let publishers = 0
let dirty: Connection[] = []

function markDirty(connection: Connection): void {
  if (dirty.length === 0) setImmediate(flushDirty)
  dirty.push(connection)
}

function flushDirty(): void {
  const flushing = dirty
  dirty = []
  for (const connection of flushing) connection.flush()
}

function received(connection: Connection, chunk: Buffer): void {
  if (connection.frameBytes > 0) forward(connection, chunk)
  else if (!connection.isPublisher) greet(connection, chunk)
  else if ((chunk[0] as number) >> 4 !== DISCONNECT) {
    connection.frameBytes = lengthOf(chunk)
    forward(connection, chunk)
  }
}

/** CONNECT, then for subscribers SUBSCRIBE; a publisher is one from its CONNECT on. */
function greet(connection: Connection, chunk: Buffer): void {
  const type = (chunk[0] as number) >> 4
  if (type === SUBSCRIBE) connection.socket.write(Buffer.from([0x90, 3, 0, 1, 0]))
  if (type !== 1) return
  const [, role, index] = chunk.toString('latin1').match(/bench-(pub|sub)-(\d+)/) ?? []
  connection.index = Number(index)
  connection.isPublisher = role === 'pub'
  if (connection.isPublisher) publishers++
  else subscribers[connection.index] = connection
  connection.socket.write(CONNACK)
}

function forward(from: Connection, chunk: Buffer): void {
  const bytes = from.tail ? Buffer.concat([from.tail, chunk]) : chunk
  const whole = bytes.length - (bytes.length % from.frameBytes)
  from.tail = whole < bytes.length ? Buffer.from(bytes.subarray(whole)) : undefined
  const frames = whole === bytes.length ? bytes : bytes.subarray(0, whole)
  if (publishers === subscribers.length) send(subscribers[from.index] as Connection, frames)
  else for (const subscriber of subscribers) send(subscriber, frames)
}

function send(to: Connection, frames: Buffer): void {
  if (isPlain) to.socket.write(frames)
  else to.append(frames)
}

/** The length of the packet at the start of a chunk. */
function lengthOf(chunk: Buffer): number {
  let length = 0
  let at = 1
  for (let shift = 0; ; shift += 7) {
    const byte = chunk[at++] as number
    length |= (byte & 127) << shift
    if (byte < 128) return at + length
  }
}

function acceptPlain(socket: Socket): void {
  const connection = new Connection(socket)
  socket.on('data', (chunk) => received(connection, chunk))
  socket.on('error', () => {})
}

const read = Buffer.allocUnsafeSlow(READ_BYTES)

/** net.Server does not pass onread on; a socket made anew from the accepted handle has it. */
function acceptAdopted(accepted: Socket): void {
  const holder = accepted as unknown as { _handle: unknown }
  const handle = holder._handle
  holder._handle = null
  const onread = {
    buffer: read,
    callback(length: number): boolean {
      received(connection, read.subarray(0, length))
      return true
    },
  }
  const socket = new Socket({ handle, onread } as unknown as ConstructorParameters<
    typeof Socket
  >[0])
  const connection = new Connection(socket)
  socket.on('error', () => {})
  socket.read(0)
}

const options = { noDelay: true, pauseOnConnect: !isPlain }
const server = createServer(options, isPlain ? acceptPlain : acceptAdopted)
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 })
process.on('SIGTERM', () => process.exit(0))
