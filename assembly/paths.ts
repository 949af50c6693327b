// The path of a filter through the nodes: found, made where it is missing, pruned where nothing is
// left. Called by trie.ts with a filter that levels.ts has split; knows no subscriber.
// Labels are split when filters part, and not joined again: removing must not need memory.

import { Bytes } from './bytes'
import { Edges } from './edges'
import { LEVEL_SIZE, Levels } from './levels'
import {
  NODE_FIRST,
  NODE_HASH,
  NODE_NEXT,
  NODE_PARENT,
  NODE_PLUS,
  NODE_PREVIOUS,
  Nodes,
} from './nodes'
import { PLUS, SLASH } from './topic'

export class Paths {
  /** The node of the filter last split, 0 = none. */
  static find(root: usize): usize {
    let node = root
    let level = Levels.first
    while (level < Levels.end) {
      const wildcard = Levels.wildcard(level)
      node = wildcard === 0 ? Edges.follow(node, level) : Paths.wildcardChild(node, wildcard)
      if (node === 0) return 0
      level += wildcard === 0 ? Nodes.levels(node) * LEVEL_SIZE : LEVEL_SIZE
    }
    return node
  }

  /** The node of the filter last split, made if it is missing; 0 when there is no memory. */
  static make(root: usize): usize {
    let node = root
    let level = Levels.first
    while (level < Levels.end) {
      const wildcard = Levels.wildcard(level)
      const child =
        wildcard === 0 ? Paths.makeLiteral(node, level) : Paths.makeWildcard(node, wildcard)
      if (child === 0) {
        Paths.prune(node)
        return 0
      }
      node = child
      level += wildcard === 0 ? Nodes.levels(node) * LEVEL_SIZE : LEVEL_SIZE
    }
    return node
  }

  /** Releases a node and its ancestors as far as they are empty. Roots stay. */
  static prune(node: usize): void {
    while (Nodes.isEmpty(node)) {
      const parent = load<u32>(node, NODE_PARENT) as usize
      if (parent === 0) return
      Paths.unlink(node, parent)
      Nodes.release(node)
      node = parent
    }
  }

  @inline
  private static wildcardChild(node: usize, wildcard: i32): usize {
    return wildcard === PLUS ? load<u32>(node, NODE_PLUS) : load<u32>(node, NODE_HASH)
  }

  private static makeWildcard(parent: usize, wildcard: i32): usize {
    const child = Paths.wildcardChild(parent, wildcard)
    if (child !== 0) return child
    const node = Nodes.create()
    if (node === 0) return 0
    store<u32>(node, parent as u32, NODE_PARENT)
    if (wildcard === PLUS) store<u32>(parent, node as u32, NODE_PLUS)
    else store<u32>(parent, node as u32, NODE_HASH)
    return node
  }

  /** The child for as many levels from `level` on as there are literal ones, or fewer. */
  private static makeLiteral(parent: usize, level: usize): usize {
    if (!Edges.reserve()) return 0
    const child = Edges.find(parent, level)
    if (child === 0) {
      const node = Nodes.createLiteral(level, Paths.literals(level))
      if (node !== 0) Paths.link(parent, node)
      return node
    }
    const common = Paths.common(child, level)
    return common === Nodes.levels(child) ? child : Paths.split(child, level, common)
  }

  /**
   * Puts a node for the first levels of a label above the node that has them. That one keeps its
   * address, so that whoever knows it is not disturbed.
   *
   *   parent --> "a/b/c"      becomes      parent --> "a" --> "b/c"
   */
  private static split(node: usize, level: usize, levels: i32): usize {
    const upper = Nodes.createLiteral(level, levels)
    if (upper === 0) return 0
    const parent = load<u32>(node, NODE_PARENT) as usize
    Paths.unlink(node, parent)
    Nodes.behead(node, levels, Nodes.length(upper))
    Paths.link(parent, upper)
    Paths.link(upper, node)
    return upper
  }

  /** Number of literal levels from `level` on. */
  private static literals(level: usize): i32 {
    let count = 0
    for (; level < Levels.end && Levels.wildcard(level) === 0; level += LEVEL_SIZE) count++
    return count
  }

  /** Number of levels at the beginning of the label that the filter has too, at least the first. */
  private static common(node: usize, level: usize): i32 {
    const label = Nodes.label(node)
    const end = label + Nodes.length(node)
    let count = 0
    let at = label
    for (; at <= end && level < Levels.end; level += LEVEL_SIZE) {
      const length = Levels.length(level)
      const behind = at + length
      if (behind > end || (behind < end && (load<u8>(behind) as i32) !== SLASH)) break
      if (!Bytes.equal(at, Levels.start(level), length)) break
      at = behind + 1
      count++
    }
    return count
  }

  private static link(parent: usize, node: usize): void {
    const first = load<u32>(parent, NODE_FIRST) as usize
    if (first !== 0) store<u32>(first, node as u32, NODE_PREVIOUS)
    store<u32>(node, first as u32, NODE_NEXT)
    store<u32>(node, 0, NODE_PREVIOUS)
    store<u32>(node, parent as u32, NODE_PARENT)
    store<u32>(parent, node as u32, NODE_FIRST)
    Edges.add(parent, node)
  }

  private static unlink(node: usize, parent: usize): void {
    if ((load<u32>(parent, NODE_PLUS) as usize) === node) {
      store<u32>(parent, 0, NODE_PLUS)
      return
    }
    if ((load<u32>(parent, NODE_HASH) as usize) === node) {
      store<u32>(parent, 0, NODE_HASH)
      return
    }
    const next = load<u32>(node, NODE_NEXT) as usize
    const previous = load<u32>(node, NODE_PREVIOUS) as usize
    if (next !== 0) store<u32>(next, previous as u32, NODE_PREVIOUS)
    if (previous !== 0) store<u32>(previous, next as u32, NODE_NEXT)
    else store<u32>(parent, next as u32, NODE_FIRST)
    Edges.remove(parent, node)
  }
}
