// The path of a filter through the nodes: found, made where it is missing, pruned where nothing is
// left. Called by trie.ts with a filter that levels.ts has split; knows no subscriber.

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
import { PLUS } from './topic'

export class Paths {
  /** The node of the filter last split, 0 = none. */
  static find(root: usize): usize {
    let node = root
    for (let level = Levels.first; level < Levels.end; level += LEVEL_SIZE) {
      node = Paths.child(node, level)
      if (node === 0) return 0
    }
    return node
  }

  /** The node of the filter last split, made if it is missing; 0 when there is no memory. */
  static make(root: usize): usize {
    let node = root
    for (let level = Levels.first; level < Levels.end; level += LEVEL_SIZE) {
      let child = Paths.child(node, level)
      if (child === 0) child = Paths.addChild(node, level)
      if (child === 0) {
        Paths.prune(node)
        return 0
      }
      node = child
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

  private static child(node: usize, level: usize): usize {
    const wildcard = Levels.wildcard(level)
    if (wildcard === 0) return Edges.find(node, level)
    return wildcard === PLUS ? load<u32>(node, NODE_PLUS) : load<u32>(node, NODE_HASH)
  }

  private static addChild(parent: usize, level: usize): usize {
    const wildcard = Levels.wildcard(level)
    if (wildcard === 0) return Paths.addLiteral(parent, level)
    const node = Nodes.create()
    if (node === 0) return 0
    store<u32>(node, parent as u32, NODE_PARENT)
    if (wildcard === PLUS) store<u32>(parent, node as u32, NODE_PLUS)
    else store<u32>(parent, node as u32, NODE_HASH)
    return node
  }

  private static addLiteral(parent: usize, level: usize): usize {
    if (!Edges.reserve()) return 0
    const node = Nodes.createLiteral(level)
    if (node === 0) return 0
    const first = load<u32>(parent, NODE_FIRST) as usize
    if (first !== 0) store<u32>(first, node as u32, NODE_PREVIOUS)
    store<u32>(node, first as u32, NODE_NEXT)
    store<u32>(node, parent as u32, NODE_PARENT)
    store<u32>(parent, node as u32, NODE_FIRST)
    Edges.add(parent, level, node)
    return node
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
    Edges.remove(node)
  }
}
