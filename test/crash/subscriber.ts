// A subscriber of the crash suite: a persistent session at QoS 2 that keeps the receiver's half of
// the protocol across reconnects, counts what arrives, and watches the order. Some are slow to
// acknowledge, some hang up all the time, some are away until the end.

import type { Packet } from 'mqtt-packet'
import { Link, type LinkHandler } from './link.ts'
import type { Random } from './random.ts'

const RECONNECT_MS = 10

export type Manner = 'steady' | 'slow' | 'flapping' | 'away'

export class Subscriber implements LinkHandler {
  readonly name: string
  readonly faults: string[] = []
  /** How often each payload has arrived. */
  readonly arrived: Map<string, number> = new Map()
  readonly #filters: string[]
  readonly #manner: Manner
  readonly #version: 4 | 5
  readonly #random: Random
  /** QoS 2 identifiers received and not released. */
  readonly #unreleased = new Set<number>()
  /** Highest counter seen, by publisher and QoS. */
  readonly #highest = new Map<string, number>()
  #link: Link | undefined
  #port = 0
  #timer: NodeJS.Timeout | undefined
  #onSubscribed: (() => void) | undefined
  /** Connected for good: at the end everybody collects what is theirs. */
  collecting = false

  constructor(name: string, filters: string[], manner: Manner, version: 4 | 5, random: Random) {
    this.name = name
    this.#filters = filters
    this.#manner = manner
    this.#version = version
    this.#random = random
  }

  /** Connects for the first time; resolves when the subscriptions are acknowledged. */
  subscribe(port: number): Promise<void> {
    return new Promise((resolve) => {
      this.#onSubscribed = resolve
      this.start(port)
    })
  }

  start(port: number): void {
    this.#port = port
    clearTimeout(this.#timer)
    this.#link?.drop()
    this.#link = new Link({ port, clientId: this.name, version: this.#version }, this)
    if (this.#manner !== 'flapping' || this.collecting) return
    this.#timer = setTimeout(() => this.start(this.#port), this.#random.between(5, 60))
  }

  /** Whether it has gone, and may stay away. */
  get isAway(): boolean {
    return this.#manner === 'away' && !this.collecting
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#link?.drop()
    this.#link = undefined
  }

  onPacket(packet: Packet): void {
    if (packet.cmd === 'connack') this.#onConnack(packet.sessionPresent)
    else if (packet.cmd === 'suback') this.#onSuback(packet.granted as number[])
    else if (packet.cmd === 'publish') {
      const { messageId, payload, qos } = packet
      this.#onPublish(payload.toString(), qos, messageId as number)
    } else if (packet.cmd === 'pubrel') {
      this.#unreleased.delete(packet.messageId as number)
      this.#reply({ cmd: 'pubcomp', messageId: packet.messageId as number })
    }
  }

  onClosed(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.start(this.#port), RECONNECT_MS)
  }

  #onConnack(sessionPresent: boolean): void {
    if (this.#onSubscribed === undefined) {
      if (!sessionPresent) this.faults.push(`${this.name}: session lost`)
      return
    }
    const subscriptions = this.#filters.map((topic) => ({ topic, qos: 2 as const }))
    this.#link?.send({ cmd: 'subscribe', messageId: 1, subscriptions })
  }

  #onSuback(granted: number[]): void {
    if (granted.some((qos) => qos !== 2)) this.faults.push(`${this.name}: granted ${granted}`)
    this.#onSubscribed?.()
    this.#onSubscribed = undefined
  }

  #onPublish(payload: string, qos: number, id: number): void {
    if (qos === 2) {
      if (!this.#unreleased.has(id)) this.#count(payload)
      this.#unreleased.add(id)
      this.#reply({ cmd: 'pubrec', messageId: id })
      return
    }
    this.#count(payload)
    if (qos === 1) this.#reply({ cmd: 'puback', messageId: id })
  }

  #count(payload: string): void {
    const times = (this.arrived.get(payload) ?? 0) + 1
    this.arrived.set(payload, times)
    const [publisher, qos, counter] = payload.split(' ')
    if (counter === undefined || times > 1) return
    const key = `${publisher} ${qos}`
    const highest = this.#highest.get(key) ?? 0
    if (Number(counter) < highest) {
      this.faults.push(`${this.name}: ${payload} arrived after ${key} ${highest}`)
    }
    this.#highest.set(key, Math.max(highest, Number(counter)))
  }

  #reply(packet: Packet): void {
    const link = this.#link
    if (this.#manner !== 'slow' || this.collecting) link?.send(packet)
    else setTimeout(() => link?.send(packet), 3)
  }
}
