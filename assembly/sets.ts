// A set of subscribers: the rows of one filter, or of one group sharing it. Called by the trie and
// by groups.ts; knows nothing of topics. Adding, finding and removing do not depend on the size.
// Rows lie side by side in the form `match` gives out, so that copying them is all there is to do.
//
//   set        +-----------+-----------+--------+--------+--------+----
//              | COUNT     | INDEX     | row 0  | row 1  | row 2  | …     rows: layout.ts, ROW
//              +-----------+-----------+--------+--------+--------+----
//   index      +-----------+-----------+-----------+--    INDEX 0 = none: few rows are searched
//              | row + 1   | 0 = empty | row + 1   | …    one after the other. Slots are found by
//              +-----------+-----------+-----------+--    subscriber; collisions go to the next.
//
// Most sets have one row: these live in their owner, at its home (HOME_SIZE bytes), and move out
// into a block when they grow.

import { Arena } from './arena'
import { ROW_IDENTIFIER, ROW_NEXT, ROW_OPTIONS, ROW_SIZE, ROW_SUBSCRIBER } from './layout'

export const HOME_SIZE: i32 = 24

const SET_COUNT: i32 = 0
const SET_INDEX: i32 = 4
const SET_ROWS: i32 = 8

const SLOT_SIZE: i32 = 4
const SEARCHED_MAX: i32 = 16
const SPREAD: u32 = 0x9e3779b1

export class Sets {
  /** Rows in the set; a set that is not there (0) has none. */
  @inline
  static count(set: usize): i32 {
    return set === 0 ? 0 : load<i32>(set, SET_COUNT)
  }

  @inline
  static row(set: usize, position: i32): usize {
    return set + SET_ROWS + position * ROW_SIZE
  }

  /** The row of a subscriber, 0 = not in the set. The set may be 0. */
  static find(set: usize, subscriber: i32): usize {
    if (set === 0) return 0
    if (load<u32>(set, SET_INDEX) === 0) {
      const end = Sets.row(set, Sets.count(set))
      for (let row = Sets.row(set, 0); row < end; row += ROW_SIZE) {
        if (load<i32>(row, ROW_SUBSCRIBER) === subscriber) return row
      }
      return 0
    }
    const slot = Sets.slot(set, subscriber)
    const entry = load<i32>(slot)
    return entry === 0 ? 0 : Sets.row(set, entry - 1)
  }

  /** Adds a subscriber that is not there; set 0 = a new one. The set, maybe moved; 0: no memory. */
  static add(set: usize, home: usize, subscriber: i32, options: i32, identifier: i32): usize {
    const count = Sets.count(set)
    if (set === 0) {
      set = home
      store<u64>(set, 0) // COUNT and INDEX
    } else if (Sets.capacity(set, home) === count) {
      const moved = Arena.allocate(SET_ROWS + (count + 1) * ROW_SIZE)
      if (moved === 0) return 0
      memory.copy(moved, set, SET_ROWS + count * ROW_SIZE)
      Sets.release(set, home)
      set = moved
    }
    const row = Sets.row(set, count)
    store<i32>(row, subscriber, ROW_SUBSCRIBER)
    Sets.change(row, options, identifier)
    store<u32>(row, 0, ROW_NEXT)
    store<i32>(set, count + 1, SET_COUNT)
    if (count >= SEARCHED_MAX || load<u32>(set, SET_INDEX) !== 0) Sets.indexLast(set)
    return set
  }

  @inline
  static change(row: usize, options: i32, identifier: i32): void {
    store<i32>(row, options, ROW_OPTIONS)
    store<i32>(row, identifier, ROW_IDENTIFIER)
  }

  /** Takes a row out; the last row moves to its place. The set, or 0 when that was the last one. */
  static remove(set: usize, home: usize, row: usize): usize {
    const count = Sets.count(set) - 1
    const index = load<u32>(set, SET_INDEX) as usize
    if (count === 0) {
      Arena.free(index)
      Sets.release(set, home)
      return 0
    }
    const last = Sets.row(set, count)
    let hole: usize = 0
    if (index !== 0) {
      hole = Sets.slot(set, load<i32>(row, ROW_SUBSCRIBER))
      store<i32>(Sets.slot(set, load<i32>(last, ROW_SUBSCRIBER)), load<i32>(hole))
    }
    memory.copy(row, last, ROW_SIZE)
    store<i32>(set, count, SET_COUNT)
    if (hole !== 0) Sets.vacate(set, hole)
    return set
  }

  /** Rows it can have where it is. */
  @inline
  private static capacity(set: usize, home: usize): i32 {
    return set === home ? 1 : (Arena.capacity(set) - SET_ROWS) / ROW_SIZE
  }

  @inline
  private static release(set: usize, home: usize): void {
    if (set !== home) Arena.free(set)
  }

  /** Enters the last row into the index, which is built or enlarged when there is need. */
  private static indexLast(set: usize): void {
    const count = Sets.count(set)
    const index = load<u32>(set, SET_INDEX) as usize
    if (index !== 0 && count * 3 <= Sets.slots(index) * 2) {
      store<i32>(Sets.slot(set, load<i32>(Sets.row(set, count - 1), ROW_SUBSCRIBER)), count)
      return
    }
    Arena.free(index)
    const larger = Arena.allocate(count * 2 * SLOT_SIZE)
    store<u32>(set, larger as u32, SET_INDEX)
    if (larger === 0) return // without memory for an index the rows are searched
    memory.fill(larger, 0, Arena.capacity(larger))
    for (let position = 0; position < count; position++) {
      const subscriber = load<i32>(Sets.row(set, position), ROW_SUBSCRIBER)
      store<i32>(Sets.slot(set, subscriber), position + 1)
    }
  }

  /** Empties a slot and moves those behind it back, so that searching never meets a false gap. */
  private static vacate(set: usize, hole: usize): void {
    const index = load<u32>(set, SET_INDEX) as usize
    let slot = hole
    while (true) {
      slot = Sets.after(index, slot)
      const entry = load<i32>(slot)
      if (entry === 0) break
      const home = Sets.home(index, load<i32>(Sets.row(set, entry - 1), ROW_SUBSCRIBER))
      const stays = hole < slot ? home > hole && home <= slot : home > hole || home <= slot
      if (stays) continue
      store<i32>(hole, entry)
      hole = slot
    }
    store<i32>(hole, 0)
  }

  /** The slot of a subscriber, or the empty one where it belongs. */
  private static slot(set: usize, subscriber: i32): usize {
    const index = load<u32>(set, SET_INDEX) as usize
    let slot = Sets.home(index, subscriber)
    while (true) {
      const entry = load<i32>(slot)
      if (entry === 0) return slot
      if (load<i32>(Sets.row(set, entry - 1), ROW_SUBSCRIBER) === subscriber) return slot
      slot = Sets.after(index, slot)
    }
  }

  @inline
  private static slots(index: usize): i32 {
    return Arena.capacity(index) / SLOT_SIZE
  }

  @inline
  private static home(index: usize, subscriber: i32): usize {
    const spread = ((subscriber as u32) * SPREAD) as u64
    return index + (((spread * (Sets.slots(index) as u64)) >> 32) as usize) * SLOT_SIZE
  }

  @inline
  private static after(index: usize, slot: usize): usize {
    const next = slot + SLOT_SIZE
    return next === index + Sets.slots(index) * SLOT_SIZE ? index : next
  }
}
