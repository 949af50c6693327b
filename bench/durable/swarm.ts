// Clients for the durability figures: raw sockets and packets made by hand, so that the loader
// costs little beside the broker. MQTT 3.1.1, QoS 1; knows publishing in a window or at a rate, and
// taking.

import { connect, type Socket } from 'node:net'

const ID_MAX = 65_535
const PUBLISH = 3
const PUBACK = 4

/** CONNECT with or without a clean session. */
export function connectPacket(clientId: string, { clean }: { clean: boolean }): Buffer {
  const id = Buffer.from(clientId)
  const head = [0x10, 12 + id.length, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, clean ? 2 : 0, 0, 0]
  return Buffer.concat([Buffer.from([...head, 0, id.length]), id])
}

export function subscribePacket(filter: string): Buffer {
  const text = Buffer.from(filter)
  const head = Buffer.from([0x82, 5 + text.length, 0, 1, 0, text.length])
  return Buffer.concat([head, text, Buffer.from([1])])
}

/** QoS 1; the identifier is written at `idAt`. */
export function publishPacket(topic: string, payload: Buffer): { packet: Buffer; idAt: number } {
  const text = Buffer.from(topic)
  const remaining = 4 + text.length + payload.length
  const length = remaining < 128 ? [remaining] : [(remaining & 127) | 128, remaining >> 7]
  const head = Buffer.from([0x32, ...length, 0, text.length])
  const packet = Buffer.concat([head, text, Buffer.from([0, 0]), payload])
  return { packet, idAt: head.length + text.length }
}

/** Calls `take` with type and offset of each whole packet; @returns bytes used */
export function eachPacket(
  bytes: Buffer,
  take: (type: number, at: number, end: number) => void,
): number {
  let at = 0
  while (at + 2 <= bytes.length) {
    let length = bytes[at + 1] as number
    let head = 2
    if (length > 127) {
      if (at + 3 > bytes.length) break
      length = (length & 127) | ((bytes[at + 2] as number) << 7)
      head = 3
    }
    const end = at + head + length
    if (end > bytes.length) break
    take((bytes[at] as number) >> 4, at + head, end)
    at = end
  }
  return at
}

/** A connection that has been accepted; `onPacket` gets everything after the CONNACK. */
export class Wire {
  readonly socket: Socket
  onPacket: (type: number, at: number, bytes: Buffer) => void = () => {}
  #rest: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
      const used = eachPacket(bytes, (type, at) => this.onPacket(type, at, bytes))
      this.#rest = bytes.subarray(used)
    })
    socket.on('error', () => {})
  }

  static open(port: number, clientId: string, options: { clean: boolean }): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      const wire = new Wire(socket)
      socket.once('error', reject)
      wire.onPacket = () => resolve(wire)
      socket.write(connectPacket(clientId, options))
    })
  }

  /** Resolves when the subscription is acknowledged. */
  subscribe(filter: string): Promise<void> {
    return new Promise((resolve) => {
      this.onPacket = () => resolve()
      this.socket.write(subscribePacket(filter))
    })
  }

  /** Acknowledges whatever is published from now on. @param taken called for each */
  takeAll(taken: () => void): void {
    this.onPacket = (type, at, bytes) => {
      if (type !== PUBLISH) return
      const idAt = at + 2 + bytes.readUInt16BE(at)
      this.socket.write(Buffer.from([0x40, 2, bytes[idAt] as number, bytes[idAt + 1] as number]))
      taken()
    }
  }
}

/** Publishes QoS 1 and hears of its PUBACKs. */
export class Source {
  readonly #wire: Wire
  readonly #packet: Buffer
  readonly #idAt: number
  readonly #sentAt = new Float64Array(ID_MAX + 1)
  #id = 0
  acknowledged = 0
  /** Called with the milliseconds from PUBLISH to PUBACK. */
  onAcknowledged: (ms: number) => void = () => {}

  constructor(wire: Wire, topic: string, payload: Buffer) {
    this.#wire = wire
    const { idAt, packet } = publishPacket(topic, payload)
    this.#packet = packet
    this.#idAt = idAt
    wire.onPacket = (type, at, bytes) => {
      if (type !== PUBACK) return
      this.acknowledged++
      const id = bytes.readUInt16BE(at)
      this.onAcknowledged(performance.now() - (this.#sentAt[id] as number))
    }
  }

  publish(count: number): void {
    const bytes = Buffer.allocUnsafe(count * this.#packet.length)
    const now = performance.now()
    for (let i = 0; i < count; i++) {
      this.#id = this.#id === ID_MAX ? 1 : this.#id + 1
      this.#sentAt[this.#id] = now
      this.#packet.copy(bytes, i * this.#packet.length)
      bytes.writeUInt16BE(this.#id, i * this.#packet.length + this.#idAt)
    }
    this.#wire.socket.write(bytes)
  }
}
