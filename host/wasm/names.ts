// Topic names that have been written into the module's memory and found valid: publishers name the
// same few again and again, and finding one costs less than writing and checking it. A table found
// by a few characters; whoever comes last keeps the place. Used by the encoder of PUBLISH.

import type { Memory } from './memory.ts'

const SLOTS = 256
const SLOT_SIZE = 64

export class Names {
  private readonly memory: Memory
  private readonly texts: string[]
  private readonly lengths: number[]
  private readonly block: number

  constructor(memory: Memory) {
    this.memory = memory
    this.texts = new Array(SLOTS).fill('')
    this.lengths = new Array(SLOTS).fill(0)
    this.block = memory.allocate(SLOTS * SLOT_SIZE)
  }

  /**
   * Makes sure that a name is in memory.
   * @returns its slot, -1 when it is no valid topic name or too long for a slot
   */
  find(text: string): number {
    const { length } = text
    const middle = text.charCodeAt(length >> 1)
    const slot = (length * 31 + text.charCodeAt(length - 1) * 7 + middle) & (SLOTS - 1)
    if (this.texts[slot] === text && length !== 0) return slot
    return this.learn(text, slot)
  }

  address(slot: number): number {
    return this.block + slot * SLOT_SIZE
  }

  length(slot: number): number {
    return this.lengths[slot] as number
  }

  private learn(text: string, slot: number): number {
    if (text.length > SLOT_SIZE || text.length === 0) return -1
    const start = this.address(slot)
    this.texts[slot] = ''
    const length = this.memory.write(text, start, SLOT_SIZE)
    if (length < 0 || this.memory.call.check_topic(start, length) !== 0) return -1
    this.texts[slot] = text
    this.lengths[slot] = length
    return slot
  }
}
