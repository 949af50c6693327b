// Opens the loader's sockets: TCP and WebSocket read into one static buffer shared by all of them
// (the cheapest way Node has), TLS through 'data'. Used by client.ts only; knows no MQTT.
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export type Transport = 'tcp' | 'tls' | 'ws'

/** The owner of a socket. Bytes passed to receive are dead when it returns. */
export interface Wire {
  receive(buffer: Buffer, view: DataView, start: number, end: number): void
  socketClosed(reason: string): void
}

const HOST = '127.0.0.1'
const READ = Buffer.allocUnsafeSlow(256 * 1024)
const READ_VIEW = new DataView(READ.buffer)

const UPGRADE = [
  'GET /mqtt HTTP/1.1',
  `Host: ${HOST}`,
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: mqtt',
  '\r\n',
].join('\r\n')

/** Resolves with a socket that can take MQTT packets. */
export async function openSocket(transport: Transport, port: number, wire: Wire): Promise<Socket> {
  if (transport === 'tls') return openTls(port, wire)
  if (transport === 'tcp') return openTcp(port, wire)
  const frames = new WebSocketReader(wire)
  const socket = await openTcp(port, frames)
  await new Promise<void>((resolve) => {
    frames.upgraded = resolve
    socket.write(UPGRADE)
  })
  return socket
}

function openTcp(port: number, wire: Wire): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const onread = {
      buffer: READ,
      callback(length: number): boolean {
        wire.receive(READ, READ_VIEW, 0, length)
        return true
      },
    }
    const socket = connect({ port, host: HOST, noDelay: true, onread })
    socket.once('connect', () => resolve(socket))
    watch(socket, wire, reject)
  })
}

function openTls(port: number, wire: Wire): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: HOST, rejectUnauthorized: false })
    socket.setNoDelay(true)
    socket.once('secureConnect', () => resolve(socket))
    socket.on('data', (chunk: Buffer) => {
      const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length)
      wire.receive(chunk, view, 0, chunk.length)
    })
    watch(socket, wire, reject)
  })
}

function watch(socket: Socket, wire: Wire, reject: (error: Error) => void): void {
  let reason = 'closed by the broker'
  socket.on('error', (error) => {
    reason = error.message
    reject(error)
  })
  socket.on('close', () => wire.socketClosed(reason))
}

/** One masked binary frame; the mask is zero, so the payload needs no work. */
export function webSocketFrame(payload: Buffer): Buffer {
  const { length } = payload
  const lengthBytes = length < 126 ? 0 : length < 65536 ? 2 : 8
  const frame = Buffer.allocUnsafe(2 + lengthBytes + 4 + length)
  frame[0] = 0x82
  frame[1] = 0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) frame.writeUInt16BE(length, 2)
  else if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2)
  frame.writeUInt32LE(0, 2 + lengthBytes)
  payload.copy(frame, 6 + lengthBytes)
  return frame
}

/** Strips the server's frame heads (unmasked, unfragmented or not) and passes the bytes on. */
class WebSocketReader implements Wire {
  upgraded: () => void = () => {}
  readonly #wire: Wire
  #upgrading = true
  /** Payload bytes of the current frame still to come. */
  #rest = 0
  #head: number[] = []

  constructor(wire: Wire) {
    this.#wire = wire
  }

  receive(buffer: Buffer, view: DataView, start: number, end: number): void {
    let at = start
    if (this.#upgrading) {
      // A loopback answer of 130 bytes comes in one piece.
      const headEnd = buffer.subarray(0, end).indexOf('\r\n\r\n')
      const status = buffer.toString('latin1', at, at + 12)
      if (headEnd < 0 || status !== 'HTTP/1.1 101') throw new Error(`no upgrade: ${status}`)
      this.#upgrading = false
      this.upgraded()
      at = headEnd + 4
    }
    while (at < end) {
      if (this.#rest === 0) {
        this.#head.push(buffer[at++] as number)
        const length = frameLength(this.#head)
        if (length >= 0) this.#head = []
        this.#rest = Math.max(0, length)
        continue
      }
      const take = Math.min(this.#rest, end - at)
      this.#wire.receive(buffer, view, at, at + take)
      this.#rest -= take
      at += take
    }
  }

  socketClosed(reason: string): void {
    this.#wire.socketClosed(reason)
  }
}

/** The payload length a frame's head announces; -1 while the head is incomplete. */
function frameLength(head: readonly number[]): number {
  const [, second = -1] = head
  if (second < 0) return -1
  if (second < 126) return second
  const lengthBytes = second === 126 ? 2 : 8
  if (head.length < 2 + lengthBytes) return -1
  return head.slice(2).reduce((length, byte) => length * 256 + byte, 0)
}
