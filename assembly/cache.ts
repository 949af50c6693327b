// What recent topics matched: topic -> the nodes of its filters, not the subscribers, so that
// clients may come and go below filters that stay. Called by trie.ts; a slot may vanish any time.
// A slot is right while its generation is its root's: that changes when a filter with a wildcard
// appears or goes. A filter without one concerns a single topic, whose slot is forgotten.
//
//   slot (192 bytes, three cache lines), found by the topic's hash
//   +0   ROOT    +4  GENERATION (0 = empty)    +8  HASH of the topic
//   +12  CANDIDATE  hash of the topic that missed here last: it gets the slot if it comes again
//                   before another, so that topics seen once do not drive out those seen often
//   +16  LENGTH of the topic (16 bits)         +18 COUNT of nodes (16 bits)
//   +20  SERIAL  of the topic: no two slots filled for different topics have had the same
//   +24  TOPIC   104 bytes
//   +128 NODES   16 addresses

import { Arena } from './arena'
import { Bytes } from './bytes'
import { ROOT_GENERATION } from './nodes'

const SLOT_SIZE: i32 = 192
const SLOT_ROOT: i32 = 0
const SLOT_GENERATION: i32 = 4
const SLOT_HASH: i32 = 8
const SLOT_CANDIDATE: i32 = 12
const SLOT_LENGTH: i32 = 16
const SLOT_COUNT: i32 = 18
const SLOT_SERIAL: i32 = 20
const SLOT_TOPIC: i32 = 24
const SLOT_NODES: i32 = 128

const SLOTS: i32 = 8192
const TOPIC_MAX: i32 = SLOT_NODES - SLOT_TOPIC
const NODES_MAX: i32 = (SLOT_SIZE - SLOT_NODES) / 4
const SPREAD_ROOT: u32 = 0x9e3779b1

let slots: usize = 0
let serial: u32 = 0

export class Cache {
  /** False when there is no memory. */
  static initialize(): bool {
    const block = Arena.allocate(SLOTS * SLOT_SIZE + 64)
    if (block === 0) return false
    slots = (block + 63) & ~63
    memory.fill(slots, 0, SLOTS * SLOT_SIZE)
    return true
  }

  /** The slot of a topic, 0 = not there. */
  static find(root: usize, hash: u32, topic: usize, length: i32): usize {
    const slot = Cache.slot(root, hash)
    if (load<u32>(slot, SLOT_GENERATION) !== load<u32>(root, ROOT_GENERATION)) return 0
    return Cache.holds(slot, root, hash, topic, length) ? slot : 0
  }

  /** Whether a slot is about this topic, right or not. */
  @inline
  private static holds(slot: usize, root: usize, hash: u32, topic: usize, length: i32): bool {
    if (load<u32>(slot, SLOT_HASH) !== hash || (load<u32>(slot, SLOT_ROOT) as usize) !== root)
      return false
    if ((load<u16>(slot, SLOT_LENGTH) as i32) !== length) return false
    return Bytes.equal(slot + SLOT_TOPIC, topic, length)
  }

  @inline
  static nodes(slot: usize): usize {
    return slot + SLOT_NODES
  }

  /** What the host may remember a topic by, never 0. */
  @inline
  static serial(slot: usize): i32 {
    return load<i32>(slot, SLOT_SERIAL)
  }

  @inline
  static count(slot: usize): i32 {
    return load<u16>(slot, SLOT_COUNT) as i32
  }

  /**
   * Remembers what a topic matched, unless that is too much for a slot or nobody may ask again.
   * Returns the slot, 0 = not remembered.
   */
  static store(root: usize, hash: u32, topic: usize, length: i32, nodes: usize, count: i32): usize {
    if (length > TOPIC_MAX || count > NODES_MAX) return 0
    const slot = Cache.slot(root, hash)
    if (load<u32>(slot, SLOT_HASH) !== hash && load<u32>(slot, SLOT_CANDIDATE) !== hash) {
      store<u32>(slot, hash, SLOT_CANDIDATE)
      return 0
    }
    if (!Cache.holds(slot, root, hash, topic, length)) {
      serial = serial + 1 === 0 ? 1 : serial + 1
      store<u32>(slot, serial, SLOT_SERIAL)
    }
    store<u32>(slot, root as u32, SLOT_ROOT)
    store<u32>(slot, load<u32>(root, ROOT_GENERATION), SLOT_GENERATION)
    store<u32>(slot, hash, SLOT_HASH)
    store<u16>(slot, length as u16, SLOT_LENGTH)
    store<u16>(slot, count as u16, SLOT_COUNT)
    Bytes.copy(slot + SLOT_TOPIC, topic, length)
    Bytes.copy(slot + SLOT_NODES, nodes, count << 2)
    return slot
  }

  /** A filter without wildcards appeared or went: what its topic matched is not right any more. */
  static forget(root: usize, hash: u32): void {
    const slot = Cache.slot(root, hash)
    if (load<u32>(slot, SLOT_HASH) === hash) store<u32>(slot, 0, SLOT_GENERATION)
  }

  /** A filter with a wildcard appeared or went: nothing known of this root is right any more. */
  static forgetAll(root: usize): void {
    const generation = load<u32>(root, ROOT_GENERATION) + 1
    store<u32>(root, generation === 0 ? 1 : generation, ROOT_GENERATION)
    if (generation === 0) memory.fill(slots, 0, SLOTS * SLOT_SIZE)
  }

  @inline
  private static slot(root: usize, hash: u32): usize {
    return slots + ((hash ^ (((root as u32) * SPREAD_ROOT) >> 8)) & (SLOTS - 1)) * SLOT_SIZE
  }
}
