// What has been told since the last batch was begun, kept so that a batch that fails can be put
// back in front of what came after it. Filled and emptied by level.ts.

import { Ops } from './ops.ts'
import type { StoredSession } from './store.ts'

interface FilterChange {
  session: number
  filter: string
  /** undefined = unsubscribed. */
  subscription: { options: number; identifier: number } | undefined
}

interface EndedSession {
  session: number
  filters: string[]
}

export class Pending {
  readonly ops: Ops = new Ops()
  /** Bodies that may have to be written. */
  fresh: number[] = []
  /** Sequence numbers of bodies to be deleted. */
  deletes: number[] = []
  readonly saves: Set<StoredSession> = new Set()
  filters: FilterChange[] = []
  ends: EndedSession[] = []
  /** Handle of the retained message by topic, 0 = cleared; each handle has a reference. */
  readonly retained: Map<string, number> = new Map()

  clear(): void {
    this.ops.clear()
    this.fresh.length = 0
    this.deletes.length = 0
    this.saves.clear()
    this.filters.length = 0
    this.ends.length = 0
    this.retained.clear()
  }

  /**
   * Takes what a failed batch held as if it had been told before. Its operations are left out: the
   * sessions they touched are written whole.
   * @param drop lets go of the handle of a retained message that a newer one has replaced
   */
  prepend(failed: Pending, drop: (handle: number) => void): void {
    this.fresh = [...failed.fresh, ...this.fresh]
    this.deletes = [...failed.deletes, ...this.deletes]
    for (const session of failed.saves) this.saves.add(session)
    this.filters = [...failed.filters, ...this.filters]
    this.ends = [...failed.ends, ...this.ends]
    for (const [topic, handle] of failed.retained) {
      if (!this.retained.has(topic)) this.retained.set(topic, handle)
      else if (handle !== 0) drop(handle)
    }
    failed.clear()
  }
}
