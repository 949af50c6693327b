// The edges from nodes to their literal children, by the first level of the child's label: one
// open-addressing table for all tries. Called by paths.ts and walk.ts. It grows, and never shrinks.
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
import { NODE_FIRST, NODE_HINT, Nodes } from './nodes'
import { SLASH } from './topic'

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

  /** The child of `parent` whose label begins with a level, 0 = none. */
  static find(parent: usize, level: usize): usize {
    const hash = Levels.hash(Levels.start(level), Levels.length(level))
    if ((load<u32>(parent, NODE_HINT) & Edges.hint(hash)) === 0) return 0
    const edge = Edges.edge(parent, hash)
    let slot = Edges.home(edge)
    while (true) {
      const node = load<u32>(slot, SLOT_NODE) as usize
      if (node === 0) return 0
      if (load<u32>(slot, SLOT_EDGE) === edge && Nodes.isChild(node, parent, level)) return node
      slot = Edges.after(slot)
    }
  }

  /** The child of `parent` whose whole label lies at `level`, 0 = none. */
  @inline
  static follow(parent: usize, level: usize): usize {
    const node = Edges.find(parent, level)
    return node !== 0 && Nodes.agrees(node, level) ? node : 0
  }

  /** Makes room for one more edge; false when there is no memory. */
  static reserve(): bool {
    if ((used + 1) * 3 <= slots * 2) return true
    return Edges.resize(Arena.capacity(table) + SLOT_SIZE)
  }

  /** Enters a child; room was reserved. */
  static add(parent: usize, node: usize): void {
    const hash = Edges.hashOf(node)
    store<u32>(parent, load<u32>(parent, NODE_HINT) | Edges.hint(hash), NODE_HINT)
    Edges.place(Edges.edge(parent, hash), node)
    used++
  }

  /** Takes a child out; its hint stays until the parent's last child has gone. */
  static remove(parent: usize, node: usize): void {
    if (load<u32>(parent, NODE_FIRST) === 0) store<u32>(parent, 0, NODE_HINT)
    let hole = Edges.home(Edges.edge(parent, Edges.hashOf(node)))
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

  /** Hash of the first level of a label. */
  private static hashOf(node: usize): u32 {
    const label = Nodes.label(node)
    const end = label + Nodes.length(node)
    let behind = label
    while (behind < end && (load<u8>(behind) as i32) !== SLASH) behind++
    return Levels.hash(label, (behind - label) as i32)
  }

  @inline
  private static hint(hash: u32): u32 {
    return 1 << (hash & 31)
  }

  @inline
  private static edge(parent: usize, hash: u32): u32 {
    return (hash ^ ((parent as u32) * SPREAD_PARENT)) * SPREAD_EDGE
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
