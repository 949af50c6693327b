// The nodes of all tries: their words, and the slab they come from. A node stands for one level
// of the filters that run through it. Called by edges.ts, paths.ts and trie.ts; knows no subscriber.
// Slabs are never given back; a released node is the next one handed out.
//
//   node (64 bytes, one cache line)
//   +0   PARENT       0 = a root
//   +4   PLUS         child for the level `+`, 0 = none
//   +8   HASH         child for the level `#`, 0 = none
//   +12  FIRST        first literal child, 0 = none
//   +16  NEXT         next literal child of the same parent; of a released node: the next such
//   +20  PREVIOUS     previous one, 0 = this is the first
//   +24  SUBSCRIBERS  set of plain subscribers (sets.ts), 0 = none
//   +28  GROUPS       first shared group (groups.ts), 0 = none
//   +32  EDGE         hash under which edges.ts knows it
//   +36  LENGTH       of the level's bytes
//   +40  LEVEL        the bytes, if 24 or less, else the address of a block that has them
//
//   root: no level, instead
//   +40  COUNT        subscriptions of this trie
//   +44  GENERATION   of its cached matches, never 0
//
//        root --FIRST--> "a" --NEXT--> "b" --NEXT--> "c"      edges.ts finds (root, "b") at once
//          |  <-PARENT--  |  <-PREVIOUS-  ...
//          |              +--PLUS--> `+` of the filter a/+
//          +--HASH--> `#` of the filter #

import { Arena } from './arena'
import { Bytes } from './bytes'
import { Levels } from './levels'

export const NODE_PARENT: i32 = 0
export const NODE_PLUS: i32 = 4
export const NODE_HASH: i32 = 8
export const NODE_FIRST: i32 = 12
export const NODE_NEXT: i32 = 16
export const NODE_PREVIOUS: i32 = 20
export const NODE_SUBSCRIBERS: i32 = 24
export const NODE_GROUPS: i32 = 28
export const NODE_EDGE: i32 = 32
const NODE_LENGTH: i32 = 36
const NODE_LEVEL: i32 = 40
export const ROOT_COUNT: i32 = 40
export const ROOT_GENERATION: i32 = 44

const NODE_SIZE: i32 = 64
const INLINE_MAX: i32 = NODE_SIZE - NODE_LEVEL
// With the arena's 8 bytes in front this is exactly one of its size classes.
const SLAB_SIZE: i32 = 65536 - 8

let released: usize = 0
let fresh: usize = 0
let freshEnd: usize = 0

export class Nodes {
  static initialize(): void {
    released = 0
    fresh = 0
    freshEnd = 0
  }

  /** A node with all words 0; 0 when there is no memory. */
  static create(): usize {
    let node = released
    if (node !== 0) {
      released = load<u32>(node, NODE_NEXT)
    } else {
      if (fresh === freshEnd && !Nodes.addSlab()) return 0
      node = fresh
      fresh += NODE_SIZE
    }
    memory.fill(node, 0, NODE_SIZE)
    return node
  }

  /** A node for a literal level, not yet linked to its parent; 0 when there is no memory. */
  static createLiteral(level: usize): usize {
    const length = Levels.length(level)
    const node = Nodes.create()
    if (node === 0) return 0
    store<i32>(node, length, NODE_LENGTH)
    if (length > INLINE_MAX) {
      const block = Arena.allocate(length)
      if (block === 0) {
        store<i32>(node, 0, NODE_LENGTH)
        Nodes.release(node)
        return 0
      }
      store<u32>(node, block as u32, NODE_LEVEL)
    }
    Bytes.copy(Nodes.bytes(node), Levels.start(level), length)
    return node
  }

  static release(node: usize): void {
    if (load<i32>(node, NODE_LENGTH) > INLINE_MAX) Arena.free(load<u32>(node, NODE_LEVEL))
    store<u32>(node, released as u32, NODE_NEXT)
    released = node
  }

  /** Whether filters end here: somebody is subscribed, plainly or in a group. */
  @inline
  static isFilter(node: usize): bool {
    return load<u64>(node, NODE_SUBSCRIBERS) !== 0 // SUBSCRIBERS and GROUPS
  }

  /** Whether nothing keeps it: neither a filter nor a child. */
  @inline
  static isEmpty(node: usize): bool {
    return !Nodes.isFilter(node) && (load<u64>(node, NODE_PLUS) | load<u32>(node, NODE_FIRST)) === 0
  }

  /** Whether it is the child of `parent` for `level`. */
  @inline
  static isChild(node: usize, parent: usize, level: usize): bool {
    const length = Levels.length(level)
    if (
      (load<u32>(node, NODE_PARENT) as usize) !== parent ||
      load<i32>(node, NODE_LENGTH) !== length
    ) {
      return false
    }
    return Bytes.equal(Nodes.bytes(node), Levels.start(level), length)
  }

  /** Whether its level begins with `byte`. */
  static beginsWith(node: usize, byte: i32): bool {
    return load<i32>(node, NODE_LENGTH) > 0 && (load<u8>(Nodes.bytes(node)) as i32) === byte
  }

  @inline
  private static bytes(node: usize): usize {
    return load<i32>(node, NODE_LENGTH) > INLINE_MAX
      ? (load<u32>(node, NODE_LEVEL) as usize)
      : node + NODE_LEVEL
  }

  private static addSlab(): bool {
    const slab = Arena.allocate(SLAB_SIZE)
    if (slab === 0) return false
    fresh = (slab + NODE_SIZE - 1) & ~(NODE_SIZE - 1)
    freshEnd = (slab + SLAB_SIZE) & ~(NODE_SIZE - 1)
    return true
  }
}
