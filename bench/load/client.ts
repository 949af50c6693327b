// One raw MQTT client of the loader: a socket, a scanner that finds packet boundaries without
// allocating, and the acknowledgements MQTT owes for QoS 1 and 2, one write for each chunk read.
// Used by the flows and scenarios, which are told of deliveries and acks through a Sink.
// It must stay cheaper than any broker: no strings, closures or Buffers for a delivered message.
import type { Socket } from 'node:net'
import {
  CONNACK,
  encodeConnect,
  encodeDisconnect,
  encodeSubscribe,
  encodeUnsubscribe,
  PUBACK,
  PUBCOMP,
  PUBLISH,
  PUBREC,
  PUBREL,
  STAMP_BYTES,
  SUBACK,
  UNSUBACK,
  type Version,
} from './packets.ts'
import { openSocket, type Transport, type Wire, webSocketFrame } from './transport.ts'

/** Hears what the clients receive; called once for each message, so it must be cheap. */
export interface Sink {
  delivered(publisher: number, sequence: number, intendedMs: number, client: Client): void
  acknowledged(client: Client): void
  /** The kernel has taken everything that was written. */
  drained(client: Client): void
  closed(client: Client, reason: string): void
}

export interface ClientOptions {
  readonly port: number
  readonly clientId: string
  readonly version: Version
  readonly transport?: Transport
  readonly clean?: boolean
  readonly aliasMaximum?: number
}

/** A packet's head must fit in this many bytes; larger heads would be a workload's mistake. */
const HEAD_BYTES_MAX = 2048
const ACK_BYTES = 4
const EMPTY = Buffer.alloc(0)
const NO_PUBLISHER = 0xffffffff

export class Client implements Wire {
  /** Set by the owner; the sink reads it back to find its own record of this client. */
  index: number = -1
  socket: Socket | undefined
  readonly version: Version
  readonly #sink: Sink
  readonly #options: ClientOptions
  readonly #transport: Transport
  #waiting: { type: number; resolve: (bytes: Buffer) => void } | undefined
  #closing = false
  #awaitingDrain = false
  // A chunk may end inside a packet: inside its head (kept in #partial) or its payload (skipped).
  #partial: Buffer | undefined
  #partialView: DataView | undefined
  #partialLength = 0
  #skip = 0
  #acks: Buffer = Buffer.allocUnsafeSlow(256 * ACK_BYTES)
  #acksLength = 0
  // The head read last.
  #type = 0
  #qos = 0
  #id = 0
  #publisher = NO_PUBLISHER
  #sequence = 0
  #intendedMs = 0

  constructor(options: ClientOptions, sink: Sink) {
    this.#options = options
    this.version = options.version
    this.#transport = options.transport ?? 'tcp'
    this.#sink = sink
  }

  /** Resolves when the broker has accepted the connection. */
  async connect(): Promise<void> {
    const { clientId } = this.#options
    this.socket = await openSocket(this.#transport, this.#options.port, this)
    const accepted = this.#request(CONNACK, encodeConnect(clientId, this.#options))
    const code = (await accepted)[3]
    if (code !== 0) throw new Error(`the broker refused ${clientId} with code ${code}`)
  }

  async subscribe(filters: readonly string[], qos: number, subscriptionId?: number): Promise<void> {
    const { version } = this
    const options = { qos, version, ...(subscriptionId ? { subscriptionId } : {}) }
    const suback = await this.#request(SUBACK, encodeSubscribe(1, filters, options))
    const granted = suback[suback.length - 1] as number
    if (granted >= 0x80) throw new Error(`the broker refused to subscribe with code ${granted}`)
  }

  async unsubscribe(filters: readonly string[]): Promise<void> {
    await this.#request(UNSUBACK, encodeUnsubscribe(1, filters, this.version))
  }

  /** The bytes may be changed at once when reusable is true afterwards. */
  write(bytes: Buffer): void {
    const socket = this.socket as Socket
    if (this.#transport === 'tcp') socket.write(bytes)
    else if (this.#transport === 'ws') socket.write(webSocketFrame(bytes))
    else socket.write(Buffer.from(bytes))
  }

  /** The kernel has all bytes written so far; TLS and WebSocket wrote a copy. */
  get reusable(): boolean {
    return this.#transport !== 'tcp' || this.socket?.writableLength === 0
  }

  /** Has the sink told, once, when all bytes written so far are with the kernel. */
  awaitDrain(): void {
    if (this.#awaitingDrain) return
    this.#awaitingDrain = true
    // 'drain' comes only after 16 KiB; an empty write queues behind every byte.
    this.socket?.write(EMPTY, () => {
      this.#awaitingDrain = false
      this.#sink.drained(this)
    })
  }

  disconnect(): void {
    this.#closing = true
    if (!this.socket || this.socket.destroyed) return
    this.write(encodeDisconnect())
    this.socket.end()
  }

  destroy(): void {
    this.#closing = true
    this.socket?.destroy()
  }

  socketClosed(reason: string): void {
    if (!this.#closing) this.#sink.closed(this, reason)
  }

  /** Takes bytes buffer[start, end); they are dead when it returns. */
  receive(buffer: Buffer, view: DataView, start: number, end: number): void {
    let at = start
    if (this.#skip > 0) {
      if (this.#skip > end - at) {
        this.#skip -= end - at
        return
      }
      at += this.#skip
      this.#skip = 0
      this.#arrived()
    }
    if (this.#partialLength > 0) at = this.#joinPartial(buffer, at, end)
    while (at < end) {
      const next = this.#head(buffer, view, at, end)
      if (next < 0) {
        this.#keepPartial(buffer, at, end)
        break
      }
      if (this.#waiting?.type === this.#type) this.#answer(buffer.subarray(at, next))
      if (next <= end) this.#arrived()
      else this.#skip = next - end
      at = next
    }
    if (this.#acksLength > 0) this.#flushAcks()
  }

  /** Reads one packet's head; returns where the packet ends, or -1 when the head is incomplete. */
  #head(buffer: Buffer, view: DataView, at: number, end: number): number {
    if (at + 2 > end) return -1
    const first = buffer[at] as number
    let byte = buffer[at + 1] as number
    let p = at + 2
    let length = byte & 127
    for (let shift = 7; byte > 127; shift += 7) {
      if (p >= end) return -1
      byte = buffer[p++] as number
      length |= (byte & 127) << shift
    }
    const packetEnd = p + length
    this.#type = first >> 4
    if (this.#type !== PUBLISH) {
      if (packetEnd > end) return -1
      this.#id = length >= 2 ? view.getUint16(p) : 0
      return packetEnd
    }
    this.#qos = (first >> 1) & 3
    if (p + 2 > end) return -1
    p += 2 + view.getUint16(p)
    if (this.#qos > 0) {
      if (p + 2 > end) return -1
      this.#id = view.getUint16(p)
      p += 2
    }
    if (this.version === 5) {
      if (p + 2 > end && p + 2 <= packetEnd) return -1
      byte = buffer[p++] as number
      let properties = byte & 127
      // Two bytes of length are enough: no workload has properties over 16 KiB.
      if (byte > 127) properties |= (buffer[p++] as number) << 7
      p += properties
    }
    this.#publisher = NO_PUBLISHER
    if (packetEnd - p < STAMP_BYTES) return packetEnd > end ? -1 : packetEnd
    if (p + STAMP_BYTES > end) return -1
    this.#publisher = view.getUint32(p)
    this.#sequence = view.getUint32(p + 4)
    this.#intendedMs = view.getFloat64(p + 8)
    return packetEnd
  }

  #arrived(): void {
    switch (this.#type) {
      case PUBLISH:
        if (this.#qos === 1) this.#owe(0x40, this.#id)
        else if (this.#qos === 2) this.#owe(0x50, this.#id)
        this.#sink.delivered(this.#publisher, this.#sequence, this.#intendedMs, this)
        break
      case PUBACK:
      case PUBCOMP:
        this.#sink.acknowledged(this)
        break
      case PUBREC:
        this.#owe(0x62, this.#id)
        break
      case PUBREL:
        this.#owe(0x70, this.#id)
        break
    }
  }

  #owe(head: number, id: number): void {
    if (this.#acksLength === this.#acks.length) this.#flushAcks()
    const acks = this.#acks
    const at = this.#acksLength
    acks[at] = head
    acks[at + 1] = 2
    acks[at + 2] = id >> 8
    acks[at + 3] = id & 255
    this.#acksLength = at + ACK_BYTES
  }

  #flushAcks(): void {
    this.write(this.#acks.subarray(0, this.#acksLength))
    this.#acksLength = 0
    if (!this.reusable) this.#acks = Buffer.allocUnsafeSlow(this.#acks.length)
  }

  #keepPartial(buffer: Buffer, at: number, end: number): void {
    if (!this.#partial) {
      this.#partial = Buffer.allocUnsafeSlow(HEAD_BYTES_MAX)
      this.#partialView = new DataView(this.#partial.buffer)
    }
    if (end - at > HEAD_BYTES_MAX) throw new Error(`a packet head over ${HEAD_BYTES_MAX} bytes`)
    buffer.copy(this.#partial, 0, at, end)
    this.#partialLength = end - at
  }

  /** Completes the packet begun in the chunk before; returns where the next one starts. */
  #joinPartial(buffer: Buffer, at: number, end: number): number {
    const partial = this.#partial as Buffer
    const had = this.#partialLength
    const joined = had + buffer.copy(partial, had, at, Math.min(end, at + HEAD_BYTES_MAX - had))
    const packetEnd = this.#head(partial, this.#partialView as DataView, 0, joined)
    if (packetEnd < 0) {
      if (joined === HEAD_BYTES_MAX) throw new Error(`a packet head over ${HEAD_BYTES_MAX} bytes`)
      this.#partialLength = joined
      return end
    }
    this.#partialLength = 0
    if (this.#waiting?.type === this.#type) this.#answer(partial.subarray(0, packetEnd))
    const next = at + packetEnd - had
    if (next <= end) this.#arrived()
    else this.#skip = next - end
    return next
  }

  #request(type: number, bytes: Buffer): Promise<Buffer> {
    return new Promise((resolve) => {
      this.#waiting = { type, resolve }
      this.write(bytes)
    })
  }

  #answer(bytes: Buffer): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve(Buffer.from(bytes))
  }
}
