// What everything in a broker shares: the module and its tries, the clock, the counters, the
// timers, and the work put off until the packets in hand are done. No rules of MQTT live here.

import type { BrokerOptions } from '../config/options.ts'
import type { Store } from '../store/store.ts'
import { Codec } from '../wasm/codec.ts'
import { loadModule, MemoryError, type Module } from '../wasm/instance.ts'
import { Messages } from '../wasm/messages.ts'
import { Mount } from '../wasm/mount.ts'
import { Trie } from '../wasm/topics.ts'
import { Audit } from './audit.ts'
import { Counters } from './counters.ts'
import { Hooks, type Loss, type Owner, type Watcher } from './hooks.ts'
import { Flusher } from './outbox.ts'
import { Pressure } from './pressure.ts'
import { QueueTotals } from './queue.ts'
import { Retained } from './retained.ts'
import { Timers } from './timers.ts'
import type { Tracer } from './trace.ts'

export class Services {
  readonly options: BrokerOptions
  readonly store: Store
  readonly module: Module
  readonly codec: Codec
  readonly messages: Messages
  readonly subscriptions: Trie
  readonly retained: Retained
  readonly timers: Timers
  readonly flusher: Flusher
  readonly counters: Counters
  readonly audit: Audit
  readonly queued: QueueTotals
  readonly pressure: Pressure
  /** Writes down what passes; undefined while nobody wants it. */
  tracer: Tracer | undefined = undefined
  /** What the library's user decides. */
  readonly hooks: Hooks = new Hooks()
  /** Told what happens; undefined while nobody wants to know. */
  watcher: Watcher | undefined = undefined
  /** Whether a hook is being called: what it asks for waits until the packet in hand is done. */
  isHooking = false
  /** Milliseconds since the epoch, as of the beginning of this turn's work. */
  now: number
  /** Deliveries made since the chunk in hand began; with the nodes walked, the work it has cost. */
  deliveries = 0
  /** Rows of the last match, when it was made for the message about to be routed; else -1. */
  matched = -1
  /** Held twin of the staged message, so that many sessions share one copy; 0 = none yet. */
  private twin = 0
  private deferred: (() => void)[] = []
  private readonly mounts: Map<string, Mount> = new Map()

  /** @param openStore makes the store when there is a module */
  constructor(options: BrokerOptions, openStore: (messages: Messages) => Store) {
    this.options = options
    this.now = options.clock.now()
    this.module = loadModule(options.wasm)
    this.codec = new Codec(this.module)
    this.messages = new Messages(this.module)
    this.store = openStore(this.messages)
    this.subscriptions = new Trie(this.module)
    this.retained = new Retained(this.module, this.messages, this.store, options)
    this.counters = new Counters(this.module)
    this.audit = new Audit(() => options.log)
    this.queued = new QueueTotals()
    this.pressure = new Pressure()
    // A second behind, so that what was due before the start can be due at the first tick.
    this.timers = new Timers(this.now - 1000)
    this.flusher = new Flusher(this.module, this.counters)
    this.updateClock()
  }

  /** Reads the clock; called before each piece of work. */
  updateClock(): void {
    this.now = this.options.clock.now()
    this.flusher.now = this.now
    this.module.setClock(Math.floor(this.now / 1000))
  }

  /** The mount point of that prefix, undefined for `''`. */
  mount(prefix: string): Mount | undefined {
    if (prefix === '') return undefined
    let mount = this.mounts.get(prefix)
    if (mount === undefined) {
      mount = new Mount(this.module, prefix)
      this.mounts.set(prefix, mount)
    }
    return mount
  }

  /** A reference to `message` that outlives the packet in hand, with the identifiers of `row`. */
  keep(message: number, row: number): number {
    const { messages } = this
    if (row !== 0) return messages.hold(message, row)
    let held = message
    if (messages.isStaged(message)) {
      if (this.twin === 0) this.twin = messages.hold(message, 0)
      held = this.twin
    }
    messages.addReference(held)
    return held
  }

  /** To be called when the staged message is done with. */
  dropTwin(): void {
    if (this.twin === 0) return
    this.messages.drop(this.twin)
    this.twin = 0
  }

  /** Puts work off until no packet is in hand: it may route, which must not nest. */
  defer(work: () => void): void {
    this.deferred.push(work)
  }

  /** Counts a message that somebody should have had, and tells. */
  lose(session: Owner, message: number, why: Loss): void {
    this.counters[why]++
    this.watcher?.dropped(session, message, why)
  }

  /** Does at once what a hook may ask for, or when the packet in hand is done with. */
  whenFree(work: () => void): void {
    if (!this.isHooking) work()
    else {
      this.defer(work)
      this.settleSoon()
    }
  }

  /** What cannot be done for want of memory is left undone, and said. */
  private attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error
      this.dropTwin()
      this.options.log?.('error', 'out of memory', { error: error.message })
    }
  }

  /** As `settle`, but after the caller is done: what was put off may call back into the library. */
  settleSoon(): void {
    if (this.deferred.length > 0) queueMicrotask(() => this.settle())
  }

  /** Does what was put off. Called after each chunk, tick and library call. */
  settle(): void {
    while (this.deferred.length > 0) {
      const works = this.deferred
      this.deferred = []
      for (const work of works) this.attempt(work)
    }
  }
}
