// What the admin listener may know of a running broker. The library's Broker gives it; health and
// metrics read it.

import type { Core } from '../broker/core.ts'

export interface Watched {
  readonly core: Core
  /** `starting` until it listens for clients, `closing` from the beginning of its end. */
  state(): 'starting' | 'ready' | 'closing'
  /** Connections at once of each listener, by name. */
  connections(): Iterable<[listener: string, count: number]>
}
