// One socket's life: bytes in, records to the broker, bytes out, and the only place that closes a
// socket. Every event is one short function; `fail` is the only way out on an error.
//
//   open --CONNECT ok--> connected --fail, DISCONNECT, close--> closing --socket gone--> closed
//     \--no CONNECT in time, anything else, refused-----------/
//
// Reading stops while any of these holds, and each is lifted by its own event:
//   HELD_CHOKED   the client does not take what we answer    its outbox is half empty again
//   HELD_STALLED  everyone it publishes to is nearly full    Pressure.release
//   HELD_BUSY     what it sent has cost enough for a turn    the others have had theirs
//   HELD_WAITING  someone decides what a packet may do       the decision
//   HELD_RATE     it has sent more than its listener allows  the time it has to wait for it

import {
  PUBLISH,
  REASON_IMPLEMENTATION_SPECIFIC_ERROR,
  REASON_KEEP_ALIVE_TIMEOUT,
  REASON_MAXIMUM_CONNECT_TIME,
  REASON_MESSAGE_RATE_TOO_HIGH,
  REASON_NOT_AUTHORIZED,
  REASON_QUOTA_EXCEEDED,
  REASON_SERVER_SHUTTING_DOWN,
  REASON_SERVER_UNAVAILABLE,
  REASON_UNSPECIFIED_ERROR,
  VERSION_3_1_1,
  VERSION_5_0,
} from '../../assembly/codes.ts'
import type { Origin } from '../broker/access.ts'
import type { Core } from '../broker/core.ts'
import { dispatch } from '../broker/dispatch.ts'
import { onEnd } from '../broker/handshake.ts'
import { Outbox, type Sink } from '../broker/outbox.ts'
import { CLOSE, Peer, type PeerOwner, WAIT } from '../broker/peer.ts'
import type { Load, Policy } from '../broker/policy.ts'
import type { Stallable } from '../broker/pressure.ts'
import { Rate } from '../broker/rate.ts'
import { type Sleeper, Timer } from '../broker/timers.ts'
import { returnCode } from '../protocol/reasons.ts'
import { MemoryError } from '../wasm/instance.ts'
import { Records } from '../wasm/records.ts'
import { Tail } from './tail.ts'
import type { Transport, TransportHandler } from './transport.ts'

const HELD_CHOKED = 1
const HELD_STALLED = 2
const HELD_BUSY = 4
const HELD_WAITING = 8
const HELD_RATE = 16
// Deliveries and visited nodes that one connection may cost in a turn: about 10 ms.
const TURN_WORK = 100_000
const NOTHING: Buffer = Buffer.alloc(0)
// Answers may go this far beyond the limit for deliveries before the client is not read any more.
const CHOKED = 1.25

/** A client that is connected, as operators see it. */
export interface ClientInfo {
  readonly clientId: string
  /** undefined also where nobody asks who it is. */
  readonly username: string | undefined
  /** Without port. */
  readonly address: string
  /** Name of the listener. */
  readonly listener: string
  /** Protocol level: 3, 4 or 5. */
  readonly version: number
}

export class Connection implements TransportHandler, PeerOwner, Sink, Sleeper, Stallable {
  private readonly core: Core
  private readonly transport: Transport
  readonly peer: Peer
  private readonly timer: Timer
  private readonly onGone: (connection: Connection) => void
  private readonly tail: Tail = new Tail()
  private closing = false
  /** HELD_ bits; 0 = reading. */
  private held = 0
  private readonly rate: Rate | undefined
  private rateTimer: NodeJS.Timeout | undefined = undefined
  /** Whether the packet that waits is to be taken again. */
  private isRepeating = false

  constructor(
    core: Core,
    transport: Transport,
    policy: Policy,
    onGone: (connection: Connection) => void,
  ) {
    this.core = core
    this.transport = transport
    this.onGone = onGone
    this.peer = new Peer(this, transport.remoteAddress, policy)
    policy.load.connections++
    this.rate = Rate.of(policy, core.options.clock.now())
    this.timer = new Timer(this)
    core.updateClock()
    core.timers.arm(this.timer, core.now + core.options.connectTimeoutMs)
    core.counters.connectionsAccepted++
    core.counters.connectionsNow++
  }

  /** The listener that accepted it, as its policies know it. */
  get load(): Load {
    return this.peer.policy.load
  }

  get origin(): Origin {
    return this.transport.origin
  }

  onBytes(buffer: Buffer, length: number): boolean {
    if (this.closing) return true
    this.core.updateClock()
    this.core.counters.bytesReceived += length
    this.process(buffer, length)
    return this.held === 0
  }

  onDrained(): void {
    this.peer.outbox?.resume()
  }

  onClosed(): void {
    if (!this.closing) {
      this.core.updateClock()
      this.end()
    }
    this.core.counters.connectionsNow--
    this.peer.policy.load.connections--
    this.core.settle()
    this.onGone(this)
  }

  write(bytes: Buffer): boolean {
    const { counters, tracer } = this.core
    counters.bytesSent += bytes.length
    if (tracer !== undefined) tracer.sent(this.peer, bytes)
    return this.transport.write(bytes)
  }

  onFlushed(): void {
    const { core, peer } = this
    try {
      peer.session?.pump()
    } catch (error) {
      this.giveUp(error)
    }
    const pending = peer.outbox?.pending ?? 0
    if (pending < core.options.outboxBytesMax / 2) this.lift(HELD_CHOKED)
  }

  unstall(): void {
    this.lift(HELD_STALLED)
  }

  openOutbox(version: number, packetMax: number, aliasMax: number): Outbox {
    return new Outbox(this.core.flusher, this, version, packetMax, aliasMax)
  }

  /** Says why as far as the version allows, and closes. */
  fail(reason: number): void {
    if (this.closing) return
    const { core, peer } = this
    const { session, version } = peer
    core.counters.refuse(reason)
    core.audit.ended(core.now, peer, reason)
    core.watcher?.failed(peer, reason)
    if (session === undefined) this.refuse(version, reason)
    else if (peer.gate?.isGreeting) this.refuse(version, greetingReason(reason))
    else if (version === VERSION_5_0) this.say(core.codec.disconnect(reason)) // [MQTT-3.14.0-1]
    this.close()
  }

  /** undefined = no client is connected through it yet, or any more. */
  describe(): ClientInfo | undefined {
    const { grant, policy, session, version } = this.peer
    if (session === undefined) return undefined
    const { id: clientId } = session
    const { address } = this.transport.origin
    return { clientId, username: grant?.username, address, listener: policy.name, version }
  }

  /** The broker stops: MQTT 5 clients are told. [MQTT-4.13.1-1] */
  shutdown(): void {
    this.fail(REASON_SERVER_SHUTTING_DOWN)
  }

  private process(buffer: Buffer, length: number): void {
    const { core, tail } = this
    core.pressure.raised = false
    core.deliveries = 0
    core.module.resetWalked()
    try {
      const total = tail.place(core.module, buffer, length)
      if (total > 0) this.decode(total)
    } catch (error) {
      this.giveUp(error)
    }
    core.settle()
    this.hold()
  }

  wait(answer: Promise<unknown>, next?: () => number): void {
    this.held |= HELD_WAITING
    this.isRepeating = next === undefined
    answer.then(
      () => this.wake(next),
      (error: Error) => {
        this.core.options.log?.('error', 'a decision failed', { error: error.message })
        this.wake(() => REASON_UNSPECIFIED_ERROR)
      },
    )
  }

  /** What was waited for is there: its packet is done, or taken again with what follows. */
  private wake(next: (() => number) | undefined): void {
    this.held &= ~HELD_WAITING
    if (this.closing) return
    this.core.updateClock()
    const wasConnected = this.peer.session !== undefined
    try {
      if (next !== undefined) this.conclude(next(), wasConnected)
    } catch (error) {
      this.giveUp(error)
    }
    if ((this.held & HELD_WAITING) === 0) Connection.goOn(this)
    else this.core.settle()
  }

  /** Asks its grant anew whether anything must be asked. */
  regrant(): void {
    const { grant } = this.peer
    if (grant !== undefined) this.peer.setGrant(grant)
  }

  granted(): void {
    this.setTimer()
  }

  /** The others have had their turn: what is left of the last bytes is taken up. */
  private static goOn(connection: Connection): void {
    connection.held &= ~HELD_BUSY
    if (connection.closing) return
    connection.core.updateClock()
    connection.process(NOTHING, 0)
    if (connection.held === 0) connection.transport.resume()
  }

  /** Ends the connection whose packet found no memory left; any other error is a bug. */
  private giveUp(error: unknown): void {
    if (!(error instanceof MemoryError)) throw error
    this.core.dropTwin()
    try {
      this.fail(REASON_QUOTA_EXCEEDED)
    } catch {
      if (!this.closing) this.end()
      this.transport.destroy()
    }
  }

  /** Stops reading a client that is choked, or that only feeds the nearly full. */
  private hold(): void {
    const { core, peer } = this
    const { options, pressure } = core
    if (peer.outbox !== undefined && peer.outbox.pending > options.outboxBytesMax * CHOKED) {
      this.held |= HELD_CHOKED
    }
    if (!pressure.raised || this.closing) return
    if (peer.session?.inflight.count !== 0) return // its acks are awaited
    this.held |= HELD_STALLED
    pressure.stall(this)
  }

  private lift(reason: number): void {
    if ((this.held & reason) === 0) return
    this.held &= ~reason
    if (this.held === 0) this.transport.resume()
  }

  /** Decodes and dispatches what stands in the input region, batch by batch. */
  private decode(total: number): void {
    const { core, peer, tail } = this
    const { codec, module, options } = core
    let start = module.input()
    let left = total
    for (;;) {
      const count = codec.decode(start, left, peer.version, options.packetSizeMax)
      const consumed = codec.consumed()
      const needed = codec.needed()
      if (count > 0) peer.lastSeen = core.now // a packet, not just bytes [MQTT-3.1.2-22]
      const stopped = this.takeAll(count)
      if (this.closing) return
      if (stopped !== 0) {
        tail.keep(module, stopped, start + left - stopped, 0)
        if ((this.held & (HELD_WAITING | HELD_RATE)) !== 0) return
        this.held |= HELD_BUSY
        setImmediate(Connection.goOn, this)
        return
      }
      start += consumed
      left -= consumed
      if (consumed === 0 || left === 0) {
        tail.keep(module, start, left, needed)
        return
      }
    }
  }

  /**
   * Dispatches the records of a batch.
   * @returns 0, or the address of the packet at which the turn's work was done or has to wait
   */
  private takeAll(count: number): number {
    const { core } = this
    const { tracer } = core
    let record = Records.first
    for (let i = 0; i < count; i++) {
      if (tracer !== undefined) tracer.received(this.peer, record)
      this.take(record)
      if (this.closing) {
        core.counters.packetsReceived += i + 1
        return 0
      }
      if ((this.held & HELD_WAITING) !== 0) {
        core.counters.packetsReceived += this.isRepeating ? i : i + 1
        return this.isRepeating
          ? Records.start(core.module, record)
          : Records.end(core.module, record)
      }
      if (this.isRepeating) {
        this.isRepeating = false
        this.peer.forgetAnswers()
      }
      const isOver = this.rate !== undefined && this.spend(this.rate, record)
      if (isOver || core.deliveries + core.module.walked() > TURN_WORK) {
        core.counters.packetsReceived += i + 1
        return this.closing ? 0 : Records.end(core.module, record)
      }
      record += Records.size
    }
    core.counters.packetsReceived += count
    return 0
  }

  /** @returns whether nothing more may be taken for now */
  private spend(rate: Rate, record: number): boolean {
    const { core, peer } = this
    if (Records.type(core.module, record) !== PUBLISH) return false
    const bytes = Records.end(core.module, record) - Records.start(core.module, record)
    if (!rate.spend(bytes, core.now)) return false
    core.counters.rateExceeded++
    if (peer.policy.disconnectsOverRate) {
      this.fail(REASON_MESSAGE_RATE_TOO_HIGH)
      return true
    }
    this.held |= HELD_RATE
    this.rateTimer = setTimeout(() => {
      this.held &= ~HELD_RATE
      Connection.goOn(this)
    }, rate.wait())
    return true
  }

  private take(record: number): void {
    const { core, peer } = this
    const wasConnected = peer.session !== undefined
    this.conclude(dispatch(core, peer, record), wasConnected)
  }

  /** Does what a handler's answer asks for. */
  private conclude(reason: number, wasConnected: boolean): void {
    if (reason === CLOSE) this.close()
    else if (reason === WAIT) return
    else if (reason !== 0) this.fail(reason)
    else if (!wasConnected && this.peer.session !== undefined) this.onConnected()
  }

  private onConnected(): void {
    const { core, peer } = this
    core.options.log?.('info', 'client connected', {
      client: peer.session?.id,
      address: peer.remoteAddress,
      version: peer.version,
    })
    this.setTimer()
  }

  /** Wakes at the end of the keep-alive or of the grant, whichever is first. */
  private setTimer(): void {
    const { core, peer } = this
    const quiet = peer.keepAliveMs > 0 ? peer.lastSeen + peer.keepAliveMs : Infinity
    const due = Math.min(quiet, peer.grant?.expiresAt ?? Infinity)
    if (due === Infinity) core.timers.disarm(this.timer)
    else core.timers.arm(this.timer, due)
  }

  /** No CONNECT in time, or no packet for too long. */
  onTimer(): void {
    const { core, peer } = this
    if (peer.session === undefined) {
      this.fail(REASON_MAXIMUM_CONNECT_TIME)
      return
    }
    const isQuiet = peer.keepAliveMs > 0 && core.now >= peer.lastSeen + peer.keepAliveMs
    if (isQuiet) {
      core.watcher?.quiet(peer.session)
      this.fail(REASON_KEEP_ALIVE_TIMEOUT) // [MQTT-3.1.2-22]
    } else if (core.now >= (peer.grant?.expiresAt ?? Infinity)) this.fail(REASON_NOT_AUTHORIZED)
    else this.setTimer()
  }

  /** CONNACK with the reason, where the version has one. */
  private refuse(version: number, reason: number): void {
    const { codec } = this.core
    if (version === 0) return
    if (version >= VERSION_5_0) {
      const { refusalText, wantsProblems } = this.peer
      const properties = wantsProblems && refusalText ? { reasonString: refusalText } : {}
      this.say(codec.connack(VERSION_5_0, false, reason, properties)) // [MQTT-3.1.4-2]
      return
    }
    const code = returnCode(reason)
    if (code !== undefined) this.say(codec.connack(VERSION_3_1_1, false, code))
  }

  private say(packet: { start: number; length: number }): void {
    this.peer.outbox ??= this.openOutbox(VERSION_5_0, 0, 0)
    this.peer.outbox.append(packet.start, packet.length)
  }

  /** Sends what waits and closes the socket; the broker's side of the connection ends now. */
  private close(): void {
    if (this.closing) return
    this.peer.outbox?.flush()
    this.end()
    this.transport.end() // [MQTT-4.13.1-1]
  }

  private end(): void {
    const { core, peer } = this
    this.closing = true
    core.tracer?.ended(peer)
    core.timers.disarm(this.timer)
    clearTimeout(this.rateTimer)
    core.pressure.forget(this)
    core.options.log?.('info', 'connection closed', {
      client: peer.session?.id,
      address: peer.remoteAddress,
    })
    onEnd(core, peer)
    peer.gate?.clear()
    peer.gate = undefined
    peer.outbox?.close()
    peer.outbox = undefined
    this.tail.clear()
  }
}

/** What a CONNACK may say of a connection that ends while its CONNACK waits for the store. */
function greetingReason(reason: number): number {
  const isStore =
    reason === REASON_QUOTA_EXCEEDED || reason === REASON_IMPLEMENTATION_SPECIFIC_ERROR
  return isStore ? reason : REASON_SERVER_UNAVAILABLE
}
