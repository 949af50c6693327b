// WebSocket as a hostile client speaks it: the request, frames around pieces of a stream, and what
// the server's frames hold. RFC 6455 sections 4.1 and 5.2. Nothing here is checked but what is
// read.

import type { Random } from './random.ts'

const BINARY = 2
const CLOSE = 8
const PING = 9
const FIN = 0x80
const MASKED = 0x80
const CONTROL_MAX = 125

export function request(path = '/mqtt'): Buffer {
  const lines = [
    ...[`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket'],
    ...['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
    'Sec-WebSocket-Protocol: mqtt',
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
}

/** One masked frame. */
export function frame(
  opcode: number,
  payload: Buffer,
  random: Random,
  fin: boolean = true,
): Buffer {
  const size = payload.length
  const extra = size < 126 ? 0 : size < 65536 ? 2 : 8
  const head = Buffer.alloc(2 + extra + 4)
  head[0] = (fin ? FIN : 0) | opcode
  head[1] = MASKED | (extra === 0 ? size : extra === 2 ? 126 : 127)
  if (extra === 2) head.writeUInt16BE(size, 2)
  if (extra === 8) head.writeBigUInt64BE(BigInt(size), 2)
  const mask = random.bytes(4)
  mask.copy(head, 2 + extra)
  const masked = Buffer.from(payload)
  for (let i = 0; i < size; i++) masked[i] = (masked[i] as number) ^ (mask[i & 3] as number)
  return Buffer.concat([head, masked])
}

/** The pieces of a stream, each as a message of one frame or several, with pings in between. */
export function frames(pieces: readonly Buffer[], random: Random): Buffer[] {
  return pieces.flatMap((piece) => {
    const before = random.chance(3) ? [frame(PING, random.bytes(random.below(9)), random)] : []
    if (piece.length < 2 || random.chance(80)) return [...before, frame(BINARY, piece, random)]
    const at = random.below(piece.length)
    const first = frame(BINARY, piece.subarray(0, at), random, false)
    return [...before, first, frame(0, piece.subarray(at), random)]
  })
}

export function closeFrame(random: Random): Buffer {
  return frame(CLOSE, random.chance(50) ? Buffer.from([3, 232]) : Buffer.alloc(0), random)
}

/** What the server's frames carry; undefined when its bytes are no frames. */
export function unframe(bytes: Buffer): Buffer | undefined {
  const head = bytes.indexOf('\r\n\r\n')
  if (head < 0 || !bytes.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) return Buffer.alloc(0)
  const payloads: Buffer[] = []
  let at = head + 4
  while (at + 2 <= bytes.length) {
    const first = bytes[at] as number
    const length = bytes[at + 1] as number
    const opcode = first & 0x0f
    if (length >= MASKED || (first & 0x70) !== 0) return undefined
    if (opcode >= CLOSE && length > CONTROL_MAX) return undefined
    const extra = length < 126 ? 0 : length === 126 ? 2 : 8
    if (at + 2 + extra > bytes.length) break
    const size =
      extra === 0
        ? length
        : extra === 2
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2))
    const start = at + 2 + extra
    at = start + size
    if (opcode < CLOSE) payloads.push(bytes.subarray(start, at))
  }
  return Buffer.concat(payloads)
}
