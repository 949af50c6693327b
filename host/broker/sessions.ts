// All sessions of a broker: by client identifier, and by the small integer under which the trie
// knows a subscriber. Slots are reused; the library's own subscribers sit in the same table.

import type { Session } from './session.ts'
import type { Subscriber } from './subscriber.ts'

export class Sessions {
  readonly byId: Map<string, Session> = new Map()
  private readonly slots: (Subscriber | undefined)[] = []
  private readonly free: number[] = []

  /** A slot for a subscriber about to be made. */
  takeSlot(): number {
    return this.free.pop() ?? this.slots.push(undefined) - 1
  }

  set(subscriber: Subscriber): void {
    this.slots[subscriber.slot] = subscriber
  }

  at(slot: number): Subscriber | undefined {
    return this.slots[slot]
  }

  release(slot: number): void {
    this.slots[slot] = undefined
    this.free.push(slot)
  }
}
