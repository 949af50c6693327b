// The nodes of all tries, their words and labels. A node stands for a run of literal levels of the
// filters through it (its label, like "b/c"), or for one wildcard.
// Called by edges.ts, paths.ts, walk.ts and trie.ts; knows no subscriber.
// All of a node lies in one block, for what matching costs is memory that is far apart.
//
//   node (64 bytes and its label)
//   +0   PARENT       0 = a root
//   +4   PLUS         child for the level `+`, 0 = none
//   +8   HASH         child for the level `#`, 0 = none
//   +12  FIRST        first literal child, 0 = none
//   +16  NEXT         next literal child of the same parent, 0 = this is the last
//   +20  PREVIOUS     previous one, 0 = this is the first
//   +24  SUBSCRIBERS  set of plain subscribers (sets.ts), 0 = none
//   +28  GROUPS       first shared group (groups.ts), 0 = none
//   +32  HINT         a bit for each literal child, by hash: a bit that is 0 saves looking for one
//   +36  LENGTH       of the label in bytes (16 bits), 0 levels and bytes = a wildcard or a root
//   +38  LEVELS       of the label (16 bits)
//   +40  HOME         place for the set while it has one row
//   +64  LABEL        the bytes
//
//   root: no label, instead
//   +40  COUNT        subscriptions of this trie
//   +44  GENERATION   of its cached matches, never 0
//
//   The filters a/b/c, a/b/d, x and a/b/+/e:
//
//        root --FIRST--> "x" --NEXT--> "a/b" --FIRST--> "d" --NEXT--> "c"
//                                        +----PLUS----> `+` --FIRST--> "e"
//
//   Children of one node differ in the first level of their labels: edges.ts finds a child by that.

import { Arena } from './arena'
import { Bytes } from './bytes'
import { LEVEL_SIZE, Levels } from './levels'
import { SLASH } from './topic'

export const NODE_PARENT: i32 = 0
export const NODE_PLUS: i32 = 4
export const NODE_HASH: i32 = 8
export const NODE_FIRST: i32 = 12
export const NODE_NEXT: i32 = 16
export const NODE_PREVIOUS: i32 = 20
export const NODE_SUBSCRIBERS: i32 = 24
export const NODE_GROUPS: i32 = 28
export const NODE_HINT: i32 = 32
const NODE_LENGTH: i32 = 36
const NODE_LEVELS: i32 = 38
const NODE_HOME: i32 = 40
const NODE_LABEL: i32 = 64
export const ROOT_COUNT: i32 = 40
export const ROOT_GENERATION: i32 = 44

export class Nodes {
  /** A node without a label, all its words 0; 0 when there is no memory. */
  @inline
  static create(): usize {
    return Nodes.allocate(0)
  }

  /** A node for a run of literal levels, not linked yet; 0 when there is no memory. */
  static createLiteral(level: usize, levels: i32): usize {
    const length = Nodes.spanOf(level, levels)
    const node = Nodes.allocate(length)
    if (node === 0) return 0
    store<u16>(node, length as u16, NODE_LENGTH)
    store<u16>(node, levels as u16, NODE_LEVELS)
    Bytes.copy(Nodes.label(node), Levels.start(level), length)
    return node
  }

  @inline
  static release(node: usize): void {
    Arena.free(node)
  }

  /** Takes the first levels, `bytes` bytes and a slash, off a label that has more. */
  static behead(node: usize, levels: i32, bytes: i32): void {
    const rest = Nodes.length(node) - bytes - 1
    memory.copy(Nodes.label(node), Nodes.label(node) + bytes + 1, rest)
    store<u16>(node, rest as u16, NODE_LENGTH)
    store<u16>(node, (Nodes.levels(node) - levels) as u16, NODE_LEVELS)
  }

  /** Place for a set of one row. */
  @inline
  static home(node: usize): usize {
    return node + NODE_HOME
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

  /** Whether it is the child of `parent` whose label begins with `level`. */
  @inline
  static isChild(node: usize, parent: usize, level: usize): bool {
    if ((load<u32>(node, NODE_PARENT) as usize) !== parent) return false
    const length = Levels.length(level)
    const label = Nodes.label(node)
    const rest = Nodes.length(node) - length
    if (rest < 0 || (rest > 0 && (load<u8>(label + length) as i32) !== SLASH)) return false
    return Bytes.equal(label, Levels.start(level), length)
  }

  /** Whether its whole label lies at `level`, the first level of which is known to. */
  @inline
  static agrees(node: usize, level: usize): bool {
    const levels = Nodes.levels(node)
    if (levels === 1) return true
    if (level + levels * LEVEL_SIZE > Levels.end) return false
    const length = Nodes.length(node)
    if (Nodes.spanOf(level, levels) !== length) return false
    return Bytes.equal(Nodes.label(node), Levels.start(level), length)
  }

  /** Address of the label's first byte. */
  @inline
  static label(node: usize): usize {
    return node + NODE_LABEL
  }

  @inline
  static length(node: usize): i32 {
    return load<u16>(node, NODE_LENGTH) as i32
  }

  @inline
  static levels(node: usize): i32 {
    return load<u16>(node, NODE_LEVELS) as i32
  }

  /** Bytes that a run of levels takes, slashes between them included. */
  @inline
  private static spanOf(level: usize, levels: i32): i32 {
    return (Levels.behind(level + (levels - 1) * LEVEL_SIZE) - Levels.start(level)) as i32
  }

  private static allocate(length: i32): usize {
    const node = Arena.allocate(NODE_LABEL + length)
    if (node !== 0) memory.fill(node, 0, NODE_LABEL)
    return node
  }
}
