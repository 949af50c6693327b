// What a subscriber is to those who route messages to it, and what a session remembers and holds:
// the words that session.ts, sessions.ts, local.ts and peer.ts share.

/** What the trie's integers stand for. */
export interface Subscriber {
  readonly slot: number
  /**
   * Takes a message that matched.
   * @param message staged or held
   * @param qos the publisher's QoS
   * @param retain whether it was published with RETAIN
   * @param options of the subscription
   * @param row its row in the module's memory
   */
  deliver(message: number, qos: number, retain: boolean, options: number, row: number): void
}

/** One subscription as the session remembers it. */
export interface Subscription {
  /** Granted options byte. */
  options: number
  /** Subscription identifier, 0 = none. */
  identifier: number
}

/** The connection that holds a session, as far as a takeover needs it. */
export interface Holder {
  readonly owner: { fail(reason: number): void }
}
