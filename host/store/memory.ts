// The store that stores nothing: what the broker holds in memory is all there is, and nothing has to
// be waited for.

import type { Store } from './store.ts'

export class MemoryStore implements Store {
  readonly durability = 'memory'

  commit(): undefined {
    return undefined
  }

  async close(): Promise<void> {}
}
