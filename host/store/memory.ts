// The store that stores nothing: what the broker holds in memory is all there is. Nothing told
// moves `told`, no session gets a number, so nothing waits and most of these are never called.

import { Latency } from './latency.ts'
import type { Store, StoredSession, StoreState } from './store.ts'

export class MemoryStore implements Store {
  readonly durability = 'memory'
  readonly told = 0
  readonly latest = 0
  readonly committed = 0
  readonly state: StoreState = {
    failing: false,
    commits: 0,
    failures: 0,
    messages: 0,
    latency: new Latency(),
  }

  open(session: StoredSession): void {
    session.number = 0
  }

  sizeOf(): number {
    return 0
  }

  loaded(): number {
    return 0
  }

  await(): void {}
  save(): void {}
  end(): void {}
  subscribed(): void {}
  unsubscribed(): void {}
  queued(): void {}
  sent(): void {}
  moved(): void {}
  dropped(): void {}
  done(): void {}
  released(): void {}
  received(): void {}
  forgotten(): void {}
  letGo(): void {}
  entry(): void {}
  load(): void {}
  retain(): void {}
  unretain(): void {}
  tick(): void {}
  async flush(): Promise<void> {}
  async close(): Promise<void> {}
}
