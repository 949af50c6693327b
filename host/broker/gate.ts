// Answers of one connection that wait for the store: each leaves when the commit that covers its
// promise is safe, in the order they were given. A connection that promises nothing has no gate.
//
//   held --commit safe--> outbox        held --commit failed--> refused, or held on
//
// Refused are PUBACK and PUBREC (MQTT 5: with the reason; 3.x: by the end of the connection) and
// whatever `fail` ends. PUBREL, PUBCOMP and outgoing PUBLISH wait for the store to recover.

import { PUBCOMP, PUBLISH, PUBREC, PUBREL, VERSION_5_0 } from '../../assembly/codes.ts'
import type { Store, Waiter } from '../store/store.ts'
import type { Outbox } from './outbox.ts'

/** An answer that is more than an ack: CONNACK, SUBACK, UNSUBACK, PINGRESP. */
export interface Work {
  run(): void
  /** The connection is gone, or refused. */
  discard?(): void
}

/** The connection's side, which is a Peer. */
export interface GateOwner {
  readonly version: number
  readonly outbox: Outbox | undefined
  readonly owner: { fail(reason: number): void }
  readonly session: GatedSession | undefined
}

interface GatedSession {
  readonly received: { delete(packetId: number): boolean } | undefined
  /** Sends a message in flight that has waited for its commit. */
  sendHeld(packetId: number): void
}

// An item is four numbers: commit, first byte of the packet (0 = a work), identifier, reason.
const ITEM = 4

export class Gate implements Waiter {
  /** Set until the CONNACK is out: nothing else may go before it. */
  isGreeting = false
  private readonly store: Store
  private readonly peer: GateOwner
  private items: number[] = []
  private first = 0
  private works: Work[] = []
  private waiting = false

  constructor(store: Store, peer: GateOwner) {
    this.store = store
    this.peer = peer
  }

  /** Answers held. */
  get length(): number {
    return (this.items.length - this.first) / ITEM
  }

  /** An ack, or a PUBLISH in flight, that promises everything told so far. */
  hold(head: number, packetId: number, reason: number): void {
    this.push(this.store.latest, head, packetId, reason)
  }

  /** As `hold`, for what takes more than four bytes. */
  holdWork(work: Work): void {
    this.works.push(work)
    this.push(this.store.latest, 0, 0, 0)
  }

  /** Only keeps the order: leaves when everything before it has. */
  follow(head: number, packetId: number, reason: number): void {
    this.push(0, head, packetId, reason)
  }

  followWork(work: Work): void {
    this.works.push(work)
    this.push(0, 0, 0, 0)
  }

  release(committed: number): boolean {
    while (this.length > 0 && (this.items[this.first] as number) <= committed) this.pass()
    this.waiting = this.length > 0
    return this.waiting
  }

  refuse(reason: number): boolean {
    const { committed } = this.store
    const kept: number[] = []
    const items = this.items.slice(this.first)
    this.items = []
    this.first = 0
    for (let at = 0; at < items.length; at += ITEM) {
      const [commit, head, packetId, answer] = items.slice(at, at + ITEM) as number[]
      const isSafe = (commit as number) <= committed
      const type = (head as number) >> 4
      if (type === PUBREL || type === PUBCOMP || type === PUBLISH) {
        kept.push(...items.slice(at, at + ITEM))
      } else if (type !== 0 && (isSafe || this.peer.version === VERSION_5_0)) {
        this.say(head as number, packetId as number, isSafe ? (answer as number) : reason)
      } else {
        this.peer.owner.fail(reason) // clears this gate
        return false
      }
    }
    this.items = kept
    this.waiting = kept.length > 0
    return this.waiting
  }

  /** The connection is gone. */
  clear(): void {
    this.items = []
    this.first = 0
    for (const work of this.works) work.discard?.()
    this.works = []
  }

  private push(commit: number, head: number, packetId: number, reason: number): void {
    this.items.push(commit, head, packetId, reason)
    if (this.waiting) return
    this.waiting = true
    if (this.release(this.store.committed)) this.store.await(this)
  }

  /** Lets the first item out. */
  private pass(): void {
    const { items, first } = this
    const head = items[first + 1] as number
    const packetId = items[first + 2] as number
    const reason = items[first + 3] as number
    this.first += ITEM
    if (this.first === items.length) {
      items.length = 0
      this.first = 0
    }
    if (head === 0) this.works.shift()?.run()
    else if (head >> 4 === PUBLISH) this.peer.session?.sendHeld(packetId)
    else this.peer.outbox?.ack(head, packetId, reason)
  }

  /** A PUBACK or PUBREC, perhaps one that refuses: then the identifier is the client's again. */
  private say(head: number, packetId: number, reason: number): void {
    const isRefusal = reason >= 0x80
    if (isRefusal && head >> 4 === PUBREC) this.peer.session?.received?.delete(packetId)
    this.peer.outbox?.ack(head, packetId, reason)
  }
}

/** Answers at once, unless something waits that was to be answered before. */
export function answer(peer: Answering, head: number, packetId: number, reason: number): void {
  const { gate } = peer
  if (gate === undefined || gate.length === 0) peer.outbox?.ack(head, packetId, reason)
  else gate.follow(head, packetId, reason)
}

/** Answers when everything told to the store so far is safe. */
export function promise(
  store: Store,
  peer: Answering,
  head: number,
  packetId: number,
  reason: number,
): void {
  peer.gate ??= new Gate(store, peer)
  peer.gate.hold(head, packetId, reason)
}

/** Does a work when all told since the store stood at `told` is safe; at once if it is nothing. */
export function promiseWork(store: Store, peer: Answering, work: Work, told: number): void {
  if (store.told !== told) {
    peer.gate ??= new Gate(store, peer)
    peer.gate.holdWork(work)
  } else if (peer.gate === undefined || peer.gate.length === 0) work.run()
  else peer.gate.followWork(work)
}

interface Answering extends GateOwner {
  gate: Gate | undefined
}
