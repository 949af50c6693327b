// The edges from nodes to their literal children, by the first level of the child's label: one
// open-addressing table for all tries. Called by paths.ts and walk.ts. It grows, and never shrinks.
// It is cut into 64 segments by the low bits of the hash, each of which grows for itself, so that
// no insertion has to move more than a 64th of all edges.
//
//   segment    +-----------+-----------+-----------+
//              | TABLE     | SLOTS     | USED      |    64 of them
//              +-----|-----+-----------+-----------+
//                    v
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

const SEGMENTS: i32 = 64
const SEGMENT_SIZE: i32 = 12
const SEGMENT_TABLE: i32 = 0
const SEGMENT_SLOTS: i32 = 4
const SEGMENT_USED: i32 = 8
const TABLE_SIZE: i32 = 128 - 8 // of a segment in the beginning: a size class of the arena

const SPREAD_PARENT: u32 = 0x9e3779b1
const SPREAD_EDGE: u32 = 0x85ebca6b

let segments: usize = 0
let crowded: bool = false

export class Edges {
  /** False when there is no memory. */
  static initialize(): bool {
    crowded = false
    segments = Arena.allocate(SEGMENTS * SEGMENT_SIZE)
    if (segments === 0) return false
    memory.fill(segments, 0, SEGMENTS * SEGMENT_SIZE)
    for (let i = 0; i < SEGMENTS; i++) {
      if (!Edges.resize(Edges.segment(i as u32), TABLE_SIZE)) return false
    }
    return true
  }

  /** The child of `parent` whose label begins with a level, 0 = none. */
  static find(parent: usize, level: usize): usize {
    const hash = Levels.hash(Levels.start(level), Levels.length(level))
    if ((load<u32>(parent, NODE_HINT) & Edges.hint(hash)) === 0) return 0
    const edge = Edges.edge(parent, hash)
    const segment = Edges.segment(edge)
    let slot = Edges.home(segment, edge)
    while (true) {
      const node = load<u32>(slot, SLOT_NODE) as usize
      if (node === 0) return 0
      if (load<u32>(slot, SLOT_EDGE) === edge && Nodes.isChild(node, parent, level)) return node
      slot = Edges.after(segment, slot)
    }
  }

  /** The child of `parent` whose whole label lies at `level`, 0 = none. */
  @inline
  static follow(parent: usize, level: usize): usize {
    const node = Edges.find(parent, level)
    return node !== 0 && Nodes.agrees(node, level) ? node : 0
  }

  /** Whether two more children may be entered; false when there is no memory. */
  static reserve(): bool {
    if (!crowded) return true
    for (let i = 0; i < SEGMENTS; i++) {
      if (!Edges.growIfCrowded(Edges.segment(i as u32))) return false
    }
    crowded = false
    return true
  }

  /** Enters a child; room was reserved. */
  static add(parent: usize, node: usize): void {
    const hash = Edges.hashOf(node)
    const edge = Edges.edge(parent, hash)
    const segment = Edges.segment(edge)
    store<u32>(parent, load<u32>(parent, NODE_HINT) | Edges.hint(hash), NODE_HINT)
    store<i32>(segment, load<i32>(segment, SEGMENT_USED) + 1, SEGMENT_USED)
    Edges.place(segment, edge, node)
    // Without memory the rest of the slots will do for the insertion in hand, but for no other.
    if (!Edges.growIfCrowded(segment)) crowded = true
  }

  /** Takes a child out; its hint stays until the parent's last child has gone. */
  static remove(parent: usize, node: usize): void {
    if (load<u32>(parent, NODE_FIRST) === 0) store<u32>(parent, 0, NODE_HINT)
    const edge = Edges.edge(parent, Edges.hashOf(node))
    const segment = Edges.segment(edge)
    store<i32>(segment, load<i32>(segment, SEGMENT_USED) - 1, SEGMENT_USED)
    let hole = Edges.home(segment, edge)
    while ((load<u32>(hole, SLOT_NODE) as usize) !== node) hole = Edges.after(segment, hole)
    let slot = hole
    while (true) {
      slot = Edges.after(segment, slot)
      if (load<u32>(slot, SLOT_NODE) === 0) break
      const home = Edges.home(segment, load<u32>(slot, SLOT_EDGE))
      // It stays when its home lies behind the hole, counted round the end of the table.
      const stays = hole < slot ? home > hole && home <= slot : home > hole || home <= slot
      if (stays) continue
      store<u64>(hole, load<u64>(slot))
      hole = slot
    }
    store<u64>(hole, 0)
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
  private static segment(edge: u32): usize {
    return segments + ((edge & (SEGMENTS - 1)) as usize) * SEGMENT_SIZE
  }

  @inline
  private static home(segment: usize, edge: u32): usize {
    const slots = load<u32>(segment, SEGMENT_SLOTS) as u64
    const position = (((edge as u64) * slots) >> 32) as usize
    return (load<u32>(segment, SEGMENT_TABLE) as usize) + position * SLOT_SIZE
  }

  @inline
  private static after(segment: usize, slot: usize): usize {
    const table = load<u32>(segment, SEGMENT_TABLE) as usize
    const next = slot + SLOT_SIZE
    return next === table + load<u32>(segment, SEGMENT_SLOTS) * SLOT_SIZE ? table : next
  }

  private static place(segment: usize, edge: u32, node: usize): void {
    let slot = Edges.home(segment, edge)
    while (load<u32>(slot, SLOT_NODE) !== 0) slot = Edges.after(segment, slot)
    store<u32>(slot, edge, SLOT_EDGE)
    store<u32>(slot, node as u32, SLOT_NODE)
  }

  /** False when more than two thirds of the slots are used and there is no memory for more. */
  private static growIfCrowded(segment: usize): bool {
    if (load<i32>(segment, SEGMENT_USED) * 3 <= load<i32>(segment, SEGMENT_SLOTS) * 2) return true
    const bytes = Arena.capacity(load<u32>(segment, SEGMENT_TABLE)) + SLOT_SIZE
    return Edges.resize(segment, bytes)
  }

  private static resize(segment: usize, bytes: i32): bool {
    const table = Arena.allocate(bytes)
    if (table === 0) return false
    const old = load<u32>(segment, SEGMENT_TABLE) as usize
    const oldEnd = old + load<u32>(segment, SEGMENT_SLOTS) * SLOT_SIZE
    const slots = Arena.capacity(table) / SLOT_SIZE
    memory.fill(table, 0, slots * SLOT_SIZE)
    store<u32>(segment, table as u32, SEGMENT_TABLE)
    store<i32>(segment, slots, SEGMENT_SLOTS)
    for (let slot = old; slot < oldEnd; slot += SLOT_SIZE) {
      const node = load<u32>(slot, SLOT_NODE) as usize
      if (node !== 0) Edges.place(segment, load<u32>(slot, SLOT_EDGE), node)
    }
    Arena.free(old)
    return true
  }
}
