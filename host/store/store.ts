// The Store contract: where sessions, messages and retained messages survive the process. The
// broker keeps its state in the module and in Session objects and tells the store each change as it
// makes it; what one turn of the event loop tells becomes one commit. An answer that promises
// something is held (broker/gate.ts) until `committed` has reached the `latest` of the moment it
// was made.

import type { Will } from '../protocol/packets.ts'
import type { Latency } from './latency.ts'
import type { Ops } from './ops.ts'

export type Durability = 'memory' | 'process' | 'disk'

/** A session as it is written: what is not in its queue. Seconds are since the epoch. */
export interface SessionRecord {
  clientId: string
  expirySeconds: number
  /** 0 while a client is connected. */
  offlineSince: number
  will: Will | undefined
  /** When the will of an offline session is due; 0 = at the end of its connection. */
  willDue: number
  /** Mount point of its listener. */
  mount?: string
  /** User name of its client, `''` = it had none; absent = nobody asked. */
  user?: string
}

/** A session as the store sees it. */
export interface StoredSession {
  /** Given by `open`; 0 = not stored. */
  number: number
  /** The store's own mark: told something since its queue was last written whole. */
  touched: boolean
  record(): SessionRecord
  /** Its packet identifiers, queue and in-flight messages as operations on an empty session. */
  entries(ops: Ops): void
}

/** Who waits for a commit. */
export interface Waiter {
  /** Everything up to `committed` is safe. @returns whether it waits for more */
  release(committed: number): boolean
  /** What it waits for could not be stored. @returns whether it waits on all the same */
  refuse(reason: number): boolean
}

/** What is known of a store's health. */
export interface StoreState {
  failing: boolean
  commits: number
  failures: number
  /** Messages stored for sessions. */
  messages: number
  /** How long commits took. */
  latency: Latency
}

export interface Store {
  /**
   * `memory` = nothing outlives the process, `process` = survives its end, `disk` = a power cut.
   */
  readonly durability: Durability
  /** Grows with everything told: what has not moved it needs no storing. */
  readonly told: number
  /** Commit that covers everything told so far. */
  readonly latest: number
  /** Commits up to this one are safe. */
  readonly committed: number
  readonly state: StoreState
  /** Wakes `waiter` at each commit until it waits no more. */
  await(waiter: Waiter): void

  /** Gives a new session its number; 0 when nothing is stored. */
  open(session: StoredSession): void
  /** Its record has changed; it is read when the commit begins. */
  save(session: StoredSession): void
  /** The session is no more; its messages have been let go. */
  end(session: StoredSession, filters: Iterable<string>): void
  subscribed(session: StoredSession, filter: string, options: number, identifier: number): void
  unsubscribed(session: StoredSession, filter: string): void

  /** A message waits at the end of the queue. */
  queued(session: StoredSession, message: number, flags: number): void
  /** A message that did not wait is in flight. @param state SENT_1 or SENT_2 */
  sent(session: StoredSession, message: number, flags: number, packetId: number): void
  /** The oldest of the queue is in flight. */
  moved(session: StoredSession, packetId: number): void
  /** The oldest of the queue has been dropped. */
  dropped(session: StoredSession): void
  /** An identifier is free again. */
  done(session: StoredSession, packetId: number): void
  /** PUBREC came: only the identifier is in flight. */
  released(session: StoredSession, packetId: number): void
  /** A QoS 2 packet identifier of the client is remembered, or forgotten. */
  received(session: StoredSession, packetId: number): void
  forgotten(session: StoredSession, packetId: number): void
  /** Lets go of a session's reference to a message, loaded or not. */
  letGo(message: number): void
  /** Topic, properties and payload of a message, loaded or not. */
  sizeOf(message: number): number
  /** Writes a message into operations. */
  entry(ops: Ops, op: number, flags: number, packetId: number, message: number): void

  /** Reads messages that are not in memory; `done` is called when `loaded` knows them. */
  load(messages: readonly number[], done: () => void): void
  /** Handle of a message that was not loaded, with a reference; 0 = it is lost. */
  loaded(message: number): number

  retain(topic: string, message: number): void
  unretain(topic: string): void

  /** Called once a second. */
  tick(): void
  /** Writes all sessions whole and synced, whatever the durability; rejects when it cannot. */
  flush(): Promise<void>
  /** Writes what is pending and closes. */
  close(): Promise<void>
}
