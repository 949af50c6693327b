// What the handlers know of a live connection: its version, its outbox, its session, its aliases.
// Made by net/connection.ts for each socket, which also implements PeerOwner. Never sees the
// socket.

import type { Gate } from './gate.ts'
import type { Outbox } from './outbox.ts'
import type { Session } from './session.ts'

/** The connection, as far as the broker may ask something of it. */
export interface PeerOwner {
  /** Ends the connection with a reason, as its version allows. */
  fail(reason: number): void
  /** Opens the outbox once CONNECT has told version and limits. */
  openOutbox(version: number, packetMax: number, aliasMax: number): Outbox
}

export class Peer {
  readonly owner: PeerOwner
  /** Address and port of the other end, for logs. */
  readonly remoteAddress: string
  /** Protocol level, 0 until CONNECT. */
  version = 0
  outbox: Outbox | undefined = undefined
  /** Answers that wait for the store; made when the first one does. */
  gate: Gate | undefined = undefined
  /** Set from the successful CONNECT to the end of the connection. */
  session: Session | undefined = undefined
  /** Inbound topic aliases: handle of the topic's block, by alias; see wasm/aliases.ts. */
  aliases: Int32Array | undefined = undefined
  /** Whether reason strings and user properties may go into acks. [MQTT-3.1.2-29] */
  wantsProblems = true
  /** Milliseconds without a packet after which the client is gone; 0 = never. */
  keepAliveMs = 0
  /** When the last packet came, milliseconds since the epoch. */
  lastSeen = 0

  constructor(owner: PeerOwner, remoteAddress: string) {
    this.owner = owner
    this.remoteAddress = remoteAddress
  }
}
