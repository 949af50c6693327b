// The state of one client identifier: its subscriptions, what is in flight to it, what waits, which
// QoS 2 packets it has begun to send. Lives from CONNECT until it expires, with or without a
// connection. Handlers change it; it never sees a socket.
//
//   online   outbox set: deliver sends at once while the window is open, else queues
//   offline  outbox undefined: QoS 1 and 2 queue, QoS 0 is dropped
//   ended    subscriptions removed, messages let go; the slot is free again

import {
  FLAG_DUP,
  FLAG_QOS_MASK,
  FLAG_QOS_SHIFT,
  FLAG_RETAIN,
  OPTION_QOS_MASK,
  OPTION_RETAIN_AS_PUBLISHED,
  PUBLISH,
  PUBREL,
} from '../../assembly/codes.ts'
import type { Will } from '../protocol/packets.ts'
import type { Ops } from '../store/ops.ts'
import type { SessionRecord, StoredSession } from '../store/store.ts'
import type { Mount } from '../wasm/mount.ts'
import { Rows } from '../wasm/topics.ts'
import { absent, adopt, describe } from './absent.ts'
import type { Grant } from './access.ts'
import { Backlog } from './backlog.ts'
import { hasRoom, isNearlyFull } from './fullness.ts'
import type { Gate } from './gate.ts'
import { Inflight, RELEASED, SENT_1, SENT_2 } from './inflight.ts'
import type { Outbox } from './outbox.ts'
import { Queue } from './queue.ts'
import { Reader } from './reader.ts'
import type { Services } from './services.ts'
import type { Holder, Subscriber, Subscription } from './subscriber.ts'
import { type Sleeper, Timer } from './timers.ts'

const PUBREL_HEAD = (PUBREL << 4) | 2
const PUBLISH_HEAD = PUBLISH << 4
const IDS_MAX = 65535
const QOS_1_FLAGS = 1 << FLAG_QOS_SHIFT

/** What happens to sessions in time; see handshake.ts. */
export interface Lifetimes {
  onExpired(session: Session): void
  onWillDue(session: Session): void
}

export class Session implements Sleeper, StoredSession, Subscriber {
  readonly id: string
  readonly slot: number
  readonly subscriptions: Map<string, Subscription> = new Map()
  /** Packet identifiers of QoS 2 publications received and not released yet: method B. */
  received: Set<number> | undefined = undefined
  readonly inflight: Inflight = new Inflight()
  readonly queue: Queue
  /** The connection whose session this is, while there is one. */
  holder: Holder | undefined = undefined
  /** Set while a client is connected. */
  outbox: Outbox | undefined = undefined
  /** QoS 1 and 2 messages that may be in flight: the client's Receive Maximum, or ours. */
  window = 0
  /** What its last client may do; undefined = everything. */
  grant: Grant | undefined = undefined
  /** Whose it is; `''` = nobody's, undefined = not known. */
  user: string | undefined = undefined
  /** Under which its topics really are. */
  mount: Mount | undefined = undefined
  /** Seconds the session outlives its connection; 0 = ends with it, 0xffffffff = never ends. */
  expirySeconds = 0
  will: Will | undefined = undefined
  /** Under which the store knows it; 0 = it is not stored. */
  number = 0
  touched = false
  /** When its last connection ended, seconds since the epoch; 0 = it has one. */
  offlineSince = 0
  /** Wakes when the session expires, or when its will is due. */
  readonly expiryTimer: Timer
  readonly willTimer: Timer
  /** In-flight identifiers that this connection has not been sent again yet, oldest first. */
  private unsent: number[] = []
  private readonly backlog: Backlog = new Backlog()
  /** PUBLISHes that may still be sent before one is acknowledged. [MQTT-3.3.4-9] */
  private quota = 0
  /** Where QoS 2 waits for the store before it leaves. */
  private gate: Gate | undefined = undefined
  /** Asked before each delivery, if anything must be asked. */
  private reader: Reader | undefined = undefined
  /** Whether messages are being read from the store. */
  private isLoading = false
  private readonly services: Services
  private readonly lifetimes: Lifetimes

  constructor(services: Services, id: string, slot: number, lifetimes: Lifetimes) {
    this.services = services
    this.id = id
    this.slot = slot
    this.lifetimes = lifetimes
    this.queue = new Queue(services.queued)
    this.expiryTimer = new Timer(this)
    this.willTimer = new Timer(this)
  }

  onTimer(timer: Timer): void {
    if (timer === this.expiryTimer) this.lifetimes.onExpired(this)
    else this.lifetimes.onWillDue(this)
  }

  /** Whether messages must be kept so that they can be sent again. */
  get isPersistent(): boolean {
    return this.expirySeconds > 0
  }

  /** Retained messages it has asked for and not been sent yet. */
  get retainedWaiting(): number {
    return this.backlog.size
  }

  deliver(message: number, qos: number, retain: boolean, options: number, row: number): void {
    const { services } = this
    const own = this.reader === undefined ? message : this.reader.take(message)
    if (own === 0) return
    const granted = options & OPTION_QOS_MASK
    const keepRetain = retain && (options & OPTION_RETAIN_AS_PUBLISHED) !== 0
    // [MQTT-3.3.1-12] [MQTT-3.3.1-13] [MQTT-3.8.4-8]
    const outgoing = services.options.upgradeOutgoingQos ? granted : Math.min(granted, qos)
    const flags = (outgoing << FLAG_QOS_SHIFT) | (keepRetain ? FLAG_RETAIN : 0)
    const identified = Rows.identified(services.module, row)
    if (!this.backlog.isEmpty) this.promoteRetained(message)
    this.give(own, flags, identified)
    if (isNearlyFull(this, services.options, services.now)) services.pressure.met++
  }

  /** What the client may do from now on. */
  setGrant(grant: Grant | undefined): void {
    this.grant = grant
    this.reader = Reader.of(this.services, this, this.queue.length)
  }

  /** Retained messages that a new subscription asks for; their references become ours. */
  addRetained(handles: Int32Array, qos: number, identifier: number): void {
    this.backlog.add(handles, qos, identifier)
    this.pump()
  }

  /** A QoS 2 publication has been passed on; it is not again until PUBREL. */
  remember(packetId: number): void {
    this.received ??= new Set()
    this.received.add(packetId)
  }

  /** PUBACK, or PUBREC with an error: the message is done. */
  acknowledge(packetId: number, expected: typeof SENT_1 | typeof SENT_2): boolean {
    if (this.inflight.state(packetId) !== expected) return false
    this.finish(packetId)
    return true
  }

  /** PUBREC: the message is the client's. @returns false for an unknown identifier */
  receive(packetId: number): boolean {
    const state = this.inflight.state(packetId)
    if (state === SENT_2) {
      this.dropInflight(packetId)
      this.inflight.release(packetId)
      if (this.number !== 0) this.services.store.released(this, packetId)
    }
    return state === SENT_2 || state === RELEASED
  }

  /** PUBCOMP: the identifier is free again. */
  complete(packetId: number): boolean {
    if (this.inflight.state(packetId) !== RELEASED) return false
    this.inflight.free(packetId)
    if (this.number !== 0) this.services.store.done(this, packetId)
    this.restoreQuota()
    this.pump()
    return true
  }

  /** A client is there: first what it had not acknowledged, then what waited. [MQTT-4.4.0-1] */
  goOnline(outbox: Outbox, window: number, gate: Gate | undefined): void {
    this.outbox = outbox
    this.gate = gate
    this.window = window
    this.services.module.setOnline(this.slot, true)
    this.services.counters.clientsNow++
    this.services.counters.clientsAccepted++
    this.quota = window
    this.unsent = []
    for (const id of this.inflight.ids()) {
      // PUBREL needs no quota. [MQTT-3.3.4-10] [MQTT-4.9.0-3]
      if (this.inflight.state(id) === RELEASED) outbox.ack(PUBREL_HEAD, id, 0)
      else this.unsent.push(id)
    }
    this.pump()
  }

  goOffline(): void {
    if (this.outbox !== undefined) this.services.counters.clientsNow--
    this.outbox = undefined
    this.gate = undefined
    this.services.module.setOnline(this.slot, false)
    const isKept = (qos: number) => qos > 0 && this.isPersistent
    this.backlog.filter(isKept, (message) => this.services.messages.drop(message))
  }

  /**
   * Sends what waits, as far as window and outbox allow: the queue first, then retained messages.
   */
  pump(): void {
    while (this.unsent.length > 0 && this.canSend() && !this.awaitsLoad()) {
      this.sendAgain(this.unsent.shift() as number)
    }
    while (this.queue.length > 0 && this.canSend() && !this.awaitsLoad()) this.sendNext()
    while (!this.backlog.isEmpty && this.queue.length === 0 && this.sendRetained());
    const { options, pressure } = this.services
    if (pressure.isWaiting && hasRoom(this, options)) pressure.release()
  }

  /** Lets go of every message; the session is no more. */
  end(): void {
    const { messages, timers } = this.services
    timers.disarm(this.expiryTimer)
    timers.disarm(this.willTimer)
    for (const id of this.inflight.ids()) this.dropInflight(id)
    while (this.queue.length > 0) this.shiftQueue()
    this.backlog.filter(
      () => false,
      (message) => messages.drop(message),
    )
    if (this.number !== 0) this.services.store.end(this, this.subscriptions.keys())
    for (const filter of this.subscriptions.keys()) {
      this.services.subscriptions.removeText(filter, this.slot)
    }
    this.subscriptions.clear()
  }

  record(): SessionRecord {
    const { expirySeconds, id: clientId, mount, offlineSince, user, will } = this
    const record = { clientId, expirySeconds, offlineSince, will, willDue: this.willTimer.due }
    return { ...record, ...(mount && { mount: mount.prefix }), ...(user !== undefined && { user }) }
  }

  entries(ops: Ops): void {
    describe(this.services.store, ops, this.inflight, this.queue, this.received)
  }

  /** The commit that covers its identifier is safe: a QoS 2 message may leave. */
  sendHeld(packetId: number): void {
    if (this.outbox === undefined || this.inflight.state(packetId) !== SENT_2) return
    const message = this.inflight.message(packetId)
    if (this.outbox.deliver(message, this.inflight.flags(packetId), packetId, 0)) return
    this.services.lose(this, message, 'droppedTooLarge')
    this.finish(packetId)
  }

  private canSend(): boolean {
    const { outbox } = this
    if (outbox === undefined) return false
    if (this.quota === 0 || this.inflight.count >= IDS_MAX) return false // [MQTT-3.3.4-9]
    return outbox.pending < this.services.options.outboxBytesMax
  }

  private sendQos0(message: number, flags: number, row: number): void {
    const { outbox, services } = this
    if (outbox === undefined) {
      if (services.options.queueQos0) this.enqueue(message, flags, row)
      return
    }
    const isFull = outbox.pending >= services.options.outboxBytesMax
    if (isFull) services.lose(this, message, 'droppedOutbox')
    else if (!outbox.deliver(message, flags, 0, row)) {
      services.lose(this, message, 'droppedTooLarge')
    }
  }

  /** Sends now, or keeps for later. */
  private give(message: number, flags: number, row: number): void {
    if (this.mount !== undefined) this.giveUnmounted(this.mount, message, flags, row)
    else this.giveNow(message, flags, row)
  }

  private giveUnmounted(mount: Mount, message: number, flags: number, row: number): void {
    const { messages } = this.services
    const own = mount.leave(messages, message)
    this.giveNow(own, flags, row)
    messages.drop(own)
  }

  private giveNow(message: number, flags: number, row: number): void {
    if ((flags & FLAG_QOS_MASK) === 0) this.sendQos0(message, flags, row)
    else if (this.queue.length === 0 && this.unsent.length === 0 && this.canSend()) {
      this.send(message, flags, row)
    } else this.enqueue(message, flags, row)
  }

  /** Sends a QoS 1 or 2 message for the first time; a persistent session keeps it. */
  private send(message: number, flags: number, row: number): void {
    const { inflight, services } = this
    const id = inflight.peek()
    if (this.number !== 0) {
      this.sendStored(message, flags, row)
      return
    }
    if (!(this.outbox as Outbox).deliver(message, flags, id, row)) {
      services.lose(this, message, 'droppedTooLarge') // [MQTT-3.1.2-25]: as if acknowledged
      return
    }
    this.quota--
    const state = (flags & FLAG_QOS_MASK) === QOS_1_FLAGS ? SENT_1 : SENT_2
    inflight.commit(state, flags, this.isPersistent ? services.keep(message, row) : 0)
  }

  /** As `send`, of a session that is stored. */
  private sendStored(message: number, flags: number, row: number): void {
    const { inflight, services } = this
    const id = inflight.peek()
    if (!this.beginSending(message, flags, id, row)) return
    const held = services.keep(message, row)
    services.store.sent(this, held, flags, id)
    this.track(held, flags)
  }

  /** QoS 1 leaves at once, QoS 2 when its identifier is stored. @returns whether to track it */
  private beginSending(message: number, flags: number, id: number, row: number): boolean {
    const qos = flags & FLAG_QOS_MASK
    if (qos === 0) this.sendQos0(message, flags, row)
    if (qos !== QOS_1_FLAGS) return qos !== 0
    const fits = (this.outbox as Outbox).deliver(message, flags, id, row)
    // [MQTT-3.1.2-25]: as if it had been acknowledged
    if (!fits) this.services.lose(this, message, 'droppedTooLarge')
    return fits
  }

  private track(held: number, flags: number): void {
    const { inflight } = this
    const id = inflight.peek()
    const isQos1 = (flags & FLAG_QOS_MASK) === QOS_1_FLAGS
    this.quota--
    inflight.commit(isQos1 ? SENT_1 : SENT_2, flags, held)
    if (!isQos1) this.gate?.hold(PUBLISH_HEAD, id, 0)
  }

  private sendAgain(id: number): void {
    const { inflight, outbox } = this
    if (inflight.message(id) === 0) {
      this.finish(id) // the store has lost it
      return
    }
    this.quota--
    const flags = FLAG_DUP | inflight.flags(id) // [MQTT-3.3.1-1]
    if (!(outbox as Outbox).deliver(inflight.message(id), flags, id, 0)) this.finish(id)
  }

  private sendNext(): void {
    const { queue, services } = this
    if (this.number !== 0) {
      this.sendNextStored()
      return
    }
    const message = queue.message()
    const flags = queue.flags()
    queue.shift(services.messages.size(message))
    if (services.messages.isExpired(message)) services.lose(this, message, 'droppedExpired')
    else if (this.reader?.mayFollow(message) !== false) this.sendQueued(message, flags)
    services.messages.drop(message)
  }

  private sendQueued(message: number, flags: number): void {
    if ((flags & FLAG_QOS_MASK) === 0) this.sendQos0(message, flags, 0)
    else this.send(message, flags, 0)
  }

  /** As `sendNext`, of a session that is stored: the reference goes from queue to window. */
  private sendNextStored(): void {
    const { inflight, queue, services } = this
    const { messages, store } = services
    const message = queue.message()
    const flags = queue.flags()
    const id = inflight.peek()
    const isDue = message !== 0 && !messages.isExpired(message)
    if (message !== 0 && !isDue) services.lose(this, message, 'droppedExpired')
    const mayGo = isDue && this.reader?.mayFollow(message) !== false
    if (!mayGo || !this.beginSending(message, flags, id, 0)) {
      this.shiftQueue()
      store.dropped(this)
      return
    }
    queue.shift(messages.size(message))
    store.moved(this, id)
    this.track(message, flags)
  }

  /** Whether what goes next is on disk only: it is read, and then `pump` is called again. */
  private awaitsLoad(): boolean {
    if (this.number === 0) return false
    if (this.isLoading) return true
    const { inflight, queue, services } = this
    const wanted = absent(inflight, this.unsent, queue)
    if (wanted === undefined) return false
    this.isLoading = true
    services.store.load(wanted, () => {
      this.isLoading = false
      adopt(services.store, wanted, inflight, queue)
      this.pump()
    })
    return true
  }

  /** @returns whether it could send or skip one */
  private sendRetained(): boolean {
    const { backlog, outbox } = this
    const { messages, options } = this.services
    const message = backlog.message()
    if (message !== 0) {
      const isOpen = outbox !== undefined && outbox.pending < options.outboxBytesMax
      const qos = Math.min(backlog.qos(), messages.qos(message))
      if (qos > 0 ? !this.canSend() : !isOpen) return false
      if (!messages.isSuperseded(message)) this.giveRetained(message, qos, backlog.identifier())
    }
    messages.drop(backlog.shift())
    return true
  }

  /** A live message of a topic whose retained message still waits must not overtake it. */
  private promoteRetained(live: number): void {
    const { messages, retained } = this.services
    const message = retained.find(live)
    if (message === 0 || message === live) return
    const granted = this.backlog.promote(message)
    if (granted === undefined) return
    const qos = Math.min(granted.qos, messages.qos(message))
    this.giveRetained(message, qos, granted.identifier)
  }

  private giveRetained(message: number, qos: number, identifier: number): void {
    const { messages, module } = this.services
    if (messages.isExpired(message) || !this.services.retained.mayLeave(message)) return
    const own = this.reader === undefined ? message : this.reader.takeRetained(message)
    if (own === 0) return
    const flags = (qos << FLAG_QOS_SHIFT) | FLAG_RETAIN // [MQTT-3.3.1-8]
    this.give(own, flags, Rows.own(module, identifier))
  }

  /** Keeps a message for later; a full queue drops by its rule. */
  private enqueue(message: number, flags: number, row: number): void {
    const { messages, options, queued } = this.services
    if (this.outbox === undefined && !this.isPersistent && this.number === 0) return
    const bytes = messages.size(message)
    while (
      this.queue.length >= options.queueMessagesMax ||
      this.queue.bytes + bytes > options.queueBytesMax ||
      queued.bytes + bytes > options.queueTotalBytesMax
    ) {
      const isNewest = options.queueDrop === 'newest' || this.queue.length === 0
      this.services.lose(this, isNewest ? message : this.queue.message(), 'droppedQueue')
      if (isNewest) return
      this.dropOldest()
    }
    const held = this.services.keep(message, row)
    this.queue.push(held, flags, messages.size(held))
    if (this.number !== 0) this.services.store.queued(this, held, flags)
  }

  private dropOldest(): void {
    this.shiftQueue()
    if (this.number !== 0) this.services.store.dropped(this)
  }

  private shiftQueue(): void {
    const { messages, store } = this.services
    const oldest = this.queue.message()
    const size = this.number === 0 ? messages.size(oldest) : store.sizeOf(oldest)
    this.queue.shift(size)
    this.letGo(oldest)
  }

  private letGo(message: number): void {
    if (message === 0) return
    if (this.number === 0) this.services.messages.drop(message)
    else this.services.store.letGo(message)
  }

  private finish(packetId: number): void {
    if (this.unsent.length > 0) this.unsent = this.unsent.filter((id) => id !== packetId)
    this.dropInflight(packetId)
    this.inflight.free(packetId)
    if (this.number !== 0) this.services.store.done(this, packetId)
    this.restoreQuota()
    this.pump()
  }

  private restoreQuota(): void {
    if (this.quota < this.window) this.quota++
  }

  private dropInflight(packetId: number): void {
    this.letGo(this.inflight.message(packetId))
  }
}
