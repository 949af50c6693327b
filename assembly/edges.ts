// The edges from nodes to their literal children: one open-addressing table for all tries.
// Called by paths.ts and the match and search walks. It grows on `add` only and never shrinks.
//
//   table      +-----------+-----------+-----------+-----------+--
//              | EDGE hash | NODE      | EDGE hash | NODE      | …    NODE 0 = empty
//              +-----------+-----------+-----------+-----------+--
//              ^ slot 0                ^ slot 1
//
// A slot's home is hash * slots / 2^32, so that any number of slots will do; collisions go to the
// next slot; a removal moves later slots back, so that there are no tombstones.

import { Arena } from './arena'
import { Levels } from './levels'
import { NODE_EDGE, Nodes } from './nodes'

const SLOT_SIZE: i32 = 8
const SLOT_EDGE: i32 = 0
const SLOT_NODE: i32 = 4
const TABLE_SIZE: i32 = 4096 - 8

const SPREAD_PARENT: u32 = 0x9e3779b1
const SPREAD_EDGE: u32 = 0x85ebca6b

let table: usize = 0
let tableEnd: usize = 0
let slots: u32 = 0
let used: u32 = 0

export class Edges {
  static initialize(): bool {
    slots = 0
    used = 0
    return Edges.resize(TABLE_SIZE)
  }

  /** The child of `parent` for a literal level, 0 = none. */
  static find(parent: usize, level: usize): usize {
    const edge = Edges.hash(parent, level)
    let slot = Edges.home(edge)
    while (true) {
      const node = load<u32>(slot, SLOT_NODE) as usize
      if (node === 0) return 0
      if (load<u32>(slot, SLOT_EDGE) === edge && Nodes.isChild(node, parent, level)) return node
      slot = Edges.after(slot)
    }
  }

  /** Makes room for one more edge; false when there is no memory. */
  static reserve(): bool {
    if ((used + 1) * 3 <= slots * 2) return true
    return Edges.resize(Arena.capacity(table) + SLOT_SIZE)
  }

  /** Adds a child that is not there yet; room was reserved. */
  static add(parent: usize, level: usize, node: usize): void {
    const edge = Edges.hash(parent, level)
    store<u32>(node, edge, NODE_EDGE)
    Edges.place(edge, node)
    used++
  }

  static remove(node: usize): void {
    let hole = Edges.home(load<u32>(node, NODE_EDGE))
    while ((load<u32>(hole, SLOT_NODE) as usize) !== node) hole = Edges.after(hole)
    let slot = hole
    while (true) {
      slot = Edges.after(slot)
      if (load<u32>(slot, SLOT_NODE) === 0) break
      const home = Edges.home(load<u32>(slot, SLOT_EDGE))
      // It stays when its home lies behind the hole, counted round the end of the table.
      const stays = hole < slot ? home > hole && home <= slot : home > hole || home <= slot
      if (stays) continue
      store<u64>(hole, load<u64>(slot))
      hole = slot
    }
    store<u64>(hole, 0)
    used--
  }

  @inline
  private static hash(parent: usize, level: usize): u32 {
    return (Levels.hash(level) ^ ((parent as u32) * SPREAD_PARENT)) * SPREAD_EDGE
  }

  @inline
  private static home(edge: u32): usize {
    return table + ((((edge as u64) * (slots as u64)) >> 32) as usize) * SLOT_SIZE
  }

  @inline
  private static after(slot: usize): usize {
    const next = slot + SLOT_SIZE
    return next === tableEnd ? table : next
  }

  private static place(edge: u32, node: usize): void {
    let slot = Edges.home(edge)
    while (load<u32>(slot, SLOT_NODE) !== 0) slot = Edges.after(slot)
    store<u32>(slot, edge, SLOT_EDGE)
    store<u32>(slot, node as u32, SLOT_NODE)
  }

  private static resize(bytes: i32): bool {
    const block = Arena.allocate(bytes)
    if (block === 0) return false
    const old = table
    const oldEnd = slots === 0 ? old : tableEnd
    slots = (Arena.capacity(block) / SLOT_SIZE) as u32
    table = block
    tableEnd = block + slots * SLOT_SIZE
    memory.fill(table, 0, slots * SLOT_SIZE)
    for (let slot = old; slot < oldEnd; slot += SLOT_SIZE) {
      const node = load<u32>(slot, SLOT_NODE) as usize
      if (node !== 0) Edges.place(load<u32>(slot, SLOT_EDGE), node)
    }
    if (old < oldEnd) Arena.free(old)
    return true
  }
}
