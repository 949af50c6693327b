// Clients by the thousand: sockets that count the packets they get and parse none of them unless
// told to. What they send is bytes made by `packet`. For a few clients that want packets as objects
// there is test/client.ts.

import net from 'node:net'
import { generate, type Packet } from 'mqtt-packet'
import type { Outgoing } from '../client.ts'
import { frameSize } from '../wire.ts'

export const CONNACK = 2
export const PUBLISH = 3
export const PUBACK = 4
export const SUBACK = 9
export const UNSUBACK = 11
export const PINGRESP = 13

const PATIENCE_MS = 60_000
const OPENED_AT_ONCE = 200

export type Version = 3 | 4 | 5
/** Called for each packet: `bytes` from `start` to `end`, dead when the call returns. */
export type OnFrame = (drone: Drone, bytes: Buffer, start: number, end: number) => void

export interface DroneOptions {
  port: number
  /** Does not answer the broker's FIN by its own. */
  ignoresFin?: boolean
  onFrame?: OnFrame
}

/** The bytes of a packet; MQTT 3.1.1 unless said. */
export function packet(fields: Outgoing, version: Version = 4): Buffer {
  const protocolId = version === 3 ? 'MQIsdp' : 'MQTT'
  const whole =
    fields.cmd === 'connect' ? { protocolId, protocolVersion: version, ...fields } : fields
  return generate(whole as Packet, { protocolVersion: version })
}

export function connectPacket(clientId: string, options: { clean?: boolean } = {}): Buffer {
  return packet({ cmd: 'connect', clientId, clean: options.clean ?? true, keepalive: 0 })
}

export function publishPacket(
  topic: string,
  payload: Buffer | string,
  options: { qos?: 0 | 1; retain?: boolean; messageId?: number } = {},
): Buffer {
  const { qos = 0, retain = false, messageId = 1 } = options
  const head = { topic, payload, qos, retain, dup: false } as const
  return packet({ cmd: 'publish', ...head, ...(qos > 0 && { messageId }) })
}

export function subscribePacket(messageId: number, filters: string[], qos: 0 | 1 | 2 = 0): Buffer {
  const subscriptions = filters.map((topic) => ({ topic, qos }))
  return packet({ cmd: 'subscribe', messageId, subscriptions })
}

/** Sends the PUBACK of a QoS 1 PUBLISH. */
export function acknowledge(drone: Drone, bytes: Buffer, start: number): void {
  const id = idOffset(bytes, start)
  drone.send(Buffer.from([0x40, 2, bytes[id] as number, bytes[id + 1] as number]))
}

/** Where the packet identifier of a QoS 1 or 2 PUBLISH begins. */
export function idOffset(bytes: Buffer, start: number): number {
  const topic = topicOffset(bytes, start)
  return topic + bytes.readUInt16BE(topic - 2)
}

/** Where the topic of a PUBLISH begins; its length is in the two bytes before. */
export function topicOffset(bytes: Buffer, start: number): number {
  let at = start + 1
  while ((bytes[at] as number) >= 0x80) at++
  return at + 3
}

export class Drone {
  readonly socket: net.Socket
  /** Packets received, by type. */
  readonly counts: number[] = new Array(16).fill(0)
  isClosed = false
  /** Which of its kind it is. */
  tag = 0
  /** Whatever a test counts for it. */
  readonly seen: number[] = [0, 0]
  onFrame: OnFrame | undefined
  readonly #swarm: Swarm
  #tail: Buffer | undefined

  constructor(swarm: Swarm, options: DroneOptions) {
    this.#swarm = swarm
    this.onFrame = options.onFrame
    this.socket = net.connect({
      host: '127.0.0.1',
      port: options.port,
      noDelay: true,
      allowHalfOpen: options.ignoresFin === true,
    })
    this.socket.on('data', (chunk) => this.#onData(chunk as Buffer))
    this.socket.on('error', () => {}) // 'close' follows
    this.socket.on('end', () => swarm.changed())
    this.socket.on('close', () => {
      this.isClosed = true
      swarm.changed()
    })
  }

  send(...packets: Buffer[]): void {
    this.socket.write(packets.length === 1 ? (packets[0] as Buffer) : Buffer.concat(packets))
  }

  /** Resolves when the kernel has taken everything sent so far, or the socket is gone. */
  flushed(): Promise<void> {
    return new Promise((resolve) => void this.socket.write('', () => resolve()))
  }

  /** Stops and goes on reading; what has not been read stays in the kernel. */
  deafen(): void {
    this.socket.pause()
  }

  listen(): void {
    this.socket.resume()
  }

  #onData(chunk: Buffer): void {
    const bytes = this.#tail === undefined ? chunk : Buffer.concat([this.#tail, chunk])
    let start = 0
    while (start < bytes.length) {
      const size = frameSizeAt(bytes, start)
      if (size === 0 || start + size > bytes.length) break
      const type = (bytes[start] as number) >> 4
      this.counts[type] = (this.counts[type] as number) + 1
      this.onFrame?.(this, bytes, start, start + size)
      start += size
    }
    this.#tail = start < bytes.length ? bytes.subarray(start) : undefined
    this.#swarm.changed()
  }
}

/** The short form is by far the most frequent. */
function frameSizeAt(bytes: Buffer, start: number): number {
  const byte = bytes[start + 1]
  if (byte !== undefined && byte < 0x80) return byte + 2
  return frameSize(bytes.subarray(start, start + 5))
}

interface Waiter {
  holds: () => boolean
  done: () => void
}

export class Swarm {
  readonly drones: Drone[] = []
  readonly #waiters: Set<Waiter> = new Set()

  /** Opens `count` sockets, some at a time, and returns them. */
  async open(count: number, options: DroneOptions): Promise<Drone[]> {
    const opened: Drone[] = []
    while (opened.length < count) {
      const size = Math.min(OPENED_AT_ONCE, count - opened.length)
      const batch = Array.from({ length: size }, () => new Drone(this, options))
      opened.push(...batch)
      await Promise.all(batch.map(({ socket }) => connected(socket)))
    }
    this.drones.push(...opened)
    return opened
  }

  /** Opens `count` clients called `${name}0` and so on, each with its CONNACK. */
  async connect(
    name: string,
    count: number,
    options: DroneOptions & { clean?: boolean },
  ): Promise<Drone[]> {
    const drones = await this.open(count, options)
    drones.forEach((drone, i) => {
      drone.tag = i
      drone.send(connectPacket(`${name}${i}`, options))
    })
    await this.until(`${count} CONNACKs`, () =>
      drones.every((drone) => drone.counts[CONNACK] === 1),
    )
    return drones
  }

  /** Resolves as soon as it holds; looked at when a drone has received something or has ended. */
  until(what: string, holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { holds, done: () => settle(resolve) }
      const settle = (end: () => void): void => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
        end()
      }
      const late = (): void => settle(() => reject(new Error(`waited in vain for ${what}`)))
      const timer = setTimeout(late, PATIENCE_MS)
      this.#waiters.add(waiter)
    })
  }

  changed(): void {
    for (const waiter of this.#waiters) if (waiter.holds()) waiter.done()
  }

  /** Ends every socket, without DISCONNECT. */
  async end(): Promise<void> {
    for (const { socket } of this.drones) socket.destroy()
    await this.until('the sockets to close', () => this.drones.every((drone) => drone.isClosed))
    this.drones.length = 0
  }
}

function connected(socket: net.Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
}
