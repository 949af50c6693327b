// A publisher of the crash suite: a persistent session that keeps a window of QoS 1 and 2 messages
// under way, retransmits after each reconnect as the specification says, and remembers what has
// been acknowledged. Now and then it retains its counter.

import type { Packet } from 'mqtt-packet'
import { Link, type LinkHandler } from './link.ts'
import type { Random } from './random.ts'

const WINDOW = 30
const RECONNECT_MS = 10

interface Sent {
  topic: string
  qos: 1 | 2
  payload: string
  retain: boolean
  /** QoS 2: PUBREC has come. */
  released: boolean
}

export class Publisher implements LinkHandler {
  readonly name: string
  readonly topic: string
  /** Counters of messages begun, and of those acknowledged, by QoS. */
  readonly begun: Record<1 | 2, number> = { 1: 0, 2: 0 }
  readonly acknowledged: Record<1 | 2, Set<number>> = { 1: new Set(), 2: new Set() }
  retainedBegun = 0
  retainedAcknowledged = 0
  readonly faults: string[] = []
  /** Whether new messages are begun. */
  active = true
  readonly #version: 4 | 5
  readonly #random: Random
  readonly #underWay = new Map<number, Sent>()
  #link: Link | undefined
  #port = 0
  #nextId = 1
  #ready = false
  #wasConnected = false
  #timer: NodeJS.Timeout | undefined

  constructor(name: string, version: 4 | 5, random: Random) {
    this.name = name
    this.topic = `t/${name}`
    this.#version = version
    this.#random = random
  }

  get isDone(): boolean {
    return this.#underWay.size === 0
  }

  start(port: number): void {
    this.#port = port
    this.#ready = false
    this.#link?.drop()
    this.#link = new Link({ port, clientId: this.name, version: this.#version }, this)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#link?.drop()
    this.#link = undefined
  }

  onPacket(packet: Packet): void {
    const id = packet.messageId as number
    const code = 'reasonCode' in packet ? (packet.reasonCode ?? 0) : 0
    // An identifier not found: its PUBCOMP was lost with the connection.
    if (code >= 0x80 && packet.cmd !== 'pubcomp')
      this.faults.push(`${this.name}: ${packet.cmd} with reason ${code}`)
    if (packet.cmd === 'connack') this.#onConnack(packet.sessionPresent)
    else if (code >= 0x80 && packet.cmd !== 'pubcomp') this.#underWay.delete(id)
    else if (packet.cmd === 'puback' || packet.cmd === 'pubcomp') this.#finish(id)
    else if (packet.cmd === 'pubrec') {
      const sent = this.#underWay.get(id)
      if (sent !== undefined) sent.released = true
      this.#link?.send({ cmd: 'pubrel', messageId: id })
    }
    this.#fill()
  }

  onClosed(): void {
    this.#ready = false
    this.#timer = setTimeout(() => this.start(this.#port), RECONNECT_MS)
  }

  #onConnack(sessionPresent: boolean): void {
    if (this.#wasConnected && !sessionPresent) this.faults.push(`${this.name}: session lost`)
    this.#wasConnected = true
    this.#ready = true
    for (const [id, sent] of this.#underWay) this.#transmit(id, sent, true)
  }

  #transmit(id: number, sent: Sent, dup: boolean): void {
    if (sent.released) {
      this.#link?.send({ cmd: 'pubrel', messageId: id })
      return
    }
    const { payload, qos, retain, topic } = sent
    this.#link?.send({ cmd: 'publish', topic, payload, qos, retain, dup, messageId: id })
  }

  #fill(): void {
    while (this.active && this.#ready && this.#underWay.size < WINDOW) {
      const sent = this.#random.next() < 0.05 ? this.#nextRetained() : this.#nextMessage()
      while (this.#underWay.has(this.#nextId)) this.#advance()
      const id = this.#nextId
      this.#advance()
      this.#underWay.set(id, sent)
      this.#transmit(id, sent, false)
    }
  }

  #nextMessage(): Sent {
    const qos = this.#random.next() < 0.5 ? 1 : 2
    const payload = `${this.name} ${qos} ${++this.begun[qos]}`
    return { topic: this.topic, qos, payload, retain: false, released: false }
  }

  #nextRetained(): Sent {
    const payload = `${++this.retainedBegun}`
    return { topic: `state/${this.name}`, qos: 1, payload, retain: true, released: false }
  }

  #finish(id: number): void {
    const sent = this.#underWay.get(id)
    if (sent === undefined) return
    this.#underWay.delete(id)
    if (sent.retain) {
      this.retainedAcknowledged = Math.max(this.retainedAcknowledged, Number(sent.payload))
      return
    }
    this.acknowledged[sent.qos].add(Number(sent.payload.split(' ')[2]))
  }

  #advance(): void {
    this.#nextId = this.#nextId === 65535 ? 1 : this.#nextId + 1
  }
}
