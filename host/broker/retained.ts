// Retained messages: a trie of topics whose identifiers are handles of held messages. One reference
// to each is ours. Called by publish and subscribe.

import type { BrokerOptions } from '../config/options.ts'
import type { Store } from '../store/store.ts'
import type { Module } from '../wasm/instance.ts'
import type { Messages } from '../wasm/messages.ts'
import { Trie } from '../wasm/topics.ts'

/** Whether the publisher of a retained message may still publish to its topic. */
export type Source = (topic: string) => boolean

export class Retained {
  /** Messages of the broker's own, under `$SYS`: counted, never stored. */
  reserved = 0
  private readonly trie: Trie
  private readonly messages: Messages
  private readonly options: BrokerOptions
  private readonly store: Store
  private readonly isStored: boolean
  /** What the publisher of a message may do, where that must be asked. */
  private readonly sources: Map<number, Source> = new Map()

  constructor(module: Module, messages: Messages, store: Store, options: BrokerOptions) {
    this.trie = new Trie(module)
    this.messages = messages
    this.options = options
    this.store = store
    this.isStored = store.durability !== 'memory'
  }

  get count(): number {
    return this.trie.size
  }

  /** Keeps `message` for its topic; an empty payload forgets what was kept. [MQTT-3.3.1-5] */
  set(message: number, source: Source | undefined): void {
    const { messages } = this
    if (messages.payloadLength(message) === 0) {
      this.clear(message) // [MQTT-3.3.1-6] [MQTT-3.3.1-7]
      return
    }
    const held = messages.hold(message, 0)
    const { retainExpiryMax, retainSourceCheck } = this.options
    const isReserved = messages.isReserved(held)
    if (retainExpiryMax > 0 && !isReserved) messages.limitExpiry(held, retainExpiryMax)
    const before = this.count
    if (!this.place(held)) return
    if (retainSourceCheck && source !== undefined) this.sources.set(held, source)
    if (isReserved) this.reserved += this.count - before
    else if (this.isStored) this.store.retain(messages.topic(held), held)
  }

  /** Takes a held message with its reference. @returns whether there was memory for it */
  place(held: number): boolean {
    const { messages } = this
    const start = messages.topicStart(held)
    const replaced = this.trie.insert(start, messages.topicLength(held), 0, 0, held)
    if (replaced === 1) this.supersede(this.trie.previous())
    else if (replaced < 0) messages.drop(held)
    return replaced >= 0
  }

  /**
   * Handles of what the filter matches and has not expired, each with a reference for the caller.
   */
  take(start: number, length: number): Int32Array {
    return this.reference(this.trie.search(start, length))
  }

  takeText(filter: string): Int32Array {
    return this.reference(this.trie.searchText(filter))
  }

  /** The message kept for the topic of `message`, 0 = none. */
  find(message: number): number {
    const { messages } = this
    const start = messages.topicStart(message)
    return this.trie.search(start, messages.topicLength(message))[0] ?? 0
  }

  private reference(handles: Int32Array): Int32Array {
    const { messages } = this
    let kept = 0
    for (const handle of handles) {
      if (messages.isExpired(handle)) {
        this.clear(handle) // [MQTT-3.3.2-5]
        continue
      }
      messages.addReference(handle)
      handles[kept++] = handle
    }
    return handles.subarray(0, kept)
  }

  /** Whether its publisher may still publish there; one that is not known any more may. */
  mayLeave(handle: number): boolean {
    const source = this.sources.get(handle)
    return source === undefined || source(this.messages.topic(handle))
  }

  private clear(message: number): void {
    const { messages } = this
    const start = messages.topicStart(message)
    if (this.trie.remove(start, messages.topicLength(message), 0)) {
      if (messages.isReserved(message)) this.reserved--
      else if (this.isStored) this.store.unretain(messages.topic(message))
      this.supersede(this.trie.previous())
    }
  }

  /** A session that has yet to send the old one leaves it out: the new one has reached it live. */
  private supersede(handle: number): void {
    this.messages.markSuperseded(handle)
    this.sources.delete(handle)
    this.messages.drop(handle)
  }
}
