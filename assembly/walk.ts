// The two walks through the nodes: from a topic to the filters that match it, and from a filter to
// the stored topics that it matches. Called by trie.ts after levels.ts has split the one in hand.
// A walk enters a node at most once, so its time is bounded by the nodes there are.

import { Arena } from './arena'
import { Bytes } from './bytes'
import { Edges } from './edges'
import { REGISTER_WALKED } from './layout'
import { LEVEL_SIZE, Levels } from './levels'
import { NODE_FIRST, NODE_HASH, NODE_NEXT, NODE_PLUS, NODE_SUBSCRIBERS, Nodes } from './nodes'
import { Rows } from './rows'
import { DOLLAR, HASH, SLASH } from './topic'

let capacity: i32 = 0
let walked: i32 = 0

export class Walk {
  /** Addresses of the nodes the last match found. */
  static nodes: usize = 0
  static count: i32 = 0

  static initialize(): void {
    Walk.nodes = 0
    capacity = 0
  }

  /** Makes the list hold `count` nodes; false when there is no memory. */
  static reserve(count: i32): bool {
    if (count <= capacity) return true
    const block = Arena.allocate(count << 2)
    if (block === 0) return false
    Arena.free(Walk.nodes)
    Walk.nodes = block
    capacity = Arena.capacity(block) >> 2
    return true
  }

  /** Finds the filters that match the topic last split. */
  static match(root: usize): void {
    Walk.count = 0
    walked = 0
    const first = Levels.first
    if (!Walk.isReserved(first)) {
      Walk.matchFrom(root, first)
    } else {
      // No wildcard in front matches a topic that begins with `$`. [MQTT-4.7.2-1]
      const node = Edges.follow(root, first)
      if (node !== 0) Walk.matchFrom(node, first + Nodes.levels(node) * LEVEL_SIZE)
    }
    Walk.report()
  }

  /** Lists the identifiers of the stored topics that the filter last split matches. */
  static search(root: usize): void {
    walked = 0
    Walk.searchFrom(root, root, Levels.first)
    Walk.report()
  }

  /** Adds to what the host may look at, so that it can share its time out. */
  private static report(): void {
    store<i32>(REGISTER_WALKED, load<i32>(REGISTER_WALKED) + walked)
  }

  private static matchFrom(node: usize, level: usize): void {
    while (true) {
      walked++
      const hash = load<u32>(node, NODE_HASH) as usize
      if (hash !== 0) Walk.add(hash) // also where the topic ends: a/# matches a
      if (level === Levels.end) {
        if (Nodes.isFilter(node)) Walk.add(node)
        return
      }
      const plus = load<u32>(node, NODE_PLUS) as usize
      if (plus !== 0) Walk.matchFrom(plus, level + LEVEL_SIZE)
      node = Edges.follow(node, level)
      if (node === 0) return
      level += Nodes.levels(node) * LEVEL_SIZE
    }
  }

  /** Goes on from a node that the filter has matched up to `level`. */
  private static searchFrom(root: usize, node: usize, level: usize): void {
    walked++
    if (level === Levels.end) {
      Walk.addStored(node)
      return
    }
    const wildcard = Levels.wildcard(level)
    if (wildcard === 0) {
      const child = Edges.find(node, level)
      if (child !== 0) Walk.searchLabel(root, child, level)
      return
    }
    if (wildcard === HASH) Walk.addStored(node) // a/# matches a
    let child = load<u32>(node, NODE_FIRST) as usize
    for (; child !== 0; child = load<u32>(child, NODE_NEXT) as usize) {
      if (node === root && Walk.beginsReserved(child)) continue // [MQTT-4.7.2-1]
      if (wildcard === HASH) Walk.searchFrom(root, child, level)
      else Walk.searchLabel(root, child, level)
    }
  }

  /** Compares a label with the filter from `level` on, and goes on where it matches. */
  private static searchLabel(root: usize, node: usize, level: usize): void {
    walked++
    const end = Nodes.label(node) + Nodes.length(node)
    for (let at = Nodes.label(node); at <= end; level += LEVEL_SIZE) {
      if (level === Levels.end) return
      const wildcard = Levels.wildcard(level)
      if (wildcard === HASH) break
      let behind = at
      while (behind < end && (load<u8>(behind) as i32) !== SLASH) behind++
      if (wildcard === 0) {
        const length = Levels.length(level)
        if (((behind - at) as i32) !== length) return
        if (!Bytes.equal(at, Levels.start(level), length)) return
      }
      at = behind + 1
    }
    Walk.searchFrom(root, node, level)
  }

  @inline
  private static beginsReserved(node: usize): bool {
    return Nodes.length(node) > 0 && (load<u8>(Nodes.label(node)) as i32) === DOLLAR
  }

  @inline
  private static isReserved(level: usize): bool {
    return Levels.length(level) > 0 && (load<u8>(Levels.start(level)) as i32) === DOLLAR
  }

  /** The list has room: a topic matches at most every filter with a wildcard and one without. */
  @inline
  private static add(node: usize): void {
    store<u32>(Walk.nodes + (Walk.count << 2), node as u32)
    Walk.count++
  }

  private static addStored(node: usize): void {
    const set = load<u32>(node, NODE_SUBSCRIBERS) as usize
    if (set !== 0) Rows.addValues(set)
  }
}
