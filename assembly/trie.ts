// The subscription tries: who subscribed to what, and whom a topic concerns. Called by the host
// once per SUBSCRIBE item, UNSUBSCRIBE item and PUBLISH; knows no packets or sessions.
// A root is one trie: subscriptions, the filters of peers, or stored topics (as literal filters).
//
//   insert, remove   topic.ts -> levels.ts -> paths.ts (nodes.ts, edges.ts) -> sets.ts, groups.ts
//   match            cache.ts, else levels.ts -> walk.ts; then rows.ts
//   search           levels.ts -> walk.ts -> rows.ts
//
// Only `create`, `insert` and `setOnline` may grow memory: what the others need is reserved then.

import { Cache } from './cache'
import { ERROR_ARGUMENT, ERROR_NO_MEMORY, ERROR_TOPIC_LEVELS, OPTION_SHARED } from './codes'
import { Edges } from './edges'
import { Groups } from './groups'
import { REGISTER_PREVIOUS, REGISTER_TOPIC, ROW_IDENTIFIER, ROW_SIZE } from './layout'
import { Levels } from './levels'
import { NODE_SUBSCRIBERS, Nodes, ROOT_COUNT, ROOT_GENERATION } from './nodes'
import { Paths } from './paths'
import { Rows } from './rows'
import { Sets } from './sets'
import { Topic } from './topic'
import { Walk } from './walk'

// What a match can give at most: all filters with a wildcard, and one without.
let wildcardFilters: i32 = 0
let wildcardRows: i32 = 0
let literalRowsMax: i32 = 0

let ready: bool = false
let secretSeed: i32 = 0

// The filter in hand: without `$share/<name>/`, of which NAME is kept (nameLength 0 = no group).
let filter: usize = 0
let filterLength: i32 = 0
let name: usize = 0
let nameLength: i32 = 0

export class Trie {
  /** Called once; the seed makes hashes unguessable. */
  static initialize(seed: i32): void {
    secretSeed = seed
    ready = false
    wildcardFilters = 0
    wildcardRows = 0
    literalRowsMax = 0
    Rows.initialize()
    Walk.initialize()
  }

  /** A new trie; 0 when there is no memory. */
  static create(): usize {
    if (!ready) ready = Levels.initialize(secretSeed) && Edges.initialize() && Cache.initialize()
    if (!ready) return 0
    const root = Nodes.create()
    if (root !== 0) store<u32>(root, 1, ROOT_GENERATION)
    return root
  }

  /** Subscriptions in a trie. */
  static count(root: usize): i32 {
    return load<i32>(root, ROOT_COUNT)
  }

  /** 0 = new, 1 = replaced (the identifier that was there is in REGISTER_PREVIOUS), or an error. */
  static insert(
    root: usize,
    start: usize,
    length: i32,
    subscriber: i32,
    options: i32,
    identifier: i32,
  ): i32 {
    if (root === 0 || subscriber < 0) return ERROR_ARGUMENT
    const error = Topic.checkFilter(start, length)
    if (error !== 0) return error
    if (!Trie.parse(start, length)) return ERROR_TOPIC_LEVELS
    options = nameLength === 0 ? options & ~OPTION_SHARED : options | OPTION_SHARED
    const node = Paths.make(root)
    if (node === 0) return ERROR_NO_MEMORY
    const row = Trie.find(node, subscriber)
    if (row !== 0) {
      store<i32>(REGISTER_PREVIOUS, load<i32>(row, ROW_IDENTIFIER))
      Sets.change(row, options, identifier)
      return 1
    }
    const isNew = !Nodes.isFilter(node)
    if (!Trie.reserve(root, node, subscriber) || !Trie.add(node, subscriber, options, identifier)) {
      Paths.prune(node)
      return ERROR_NO_MEMORY
    }
    Trie.account(root, 1, isNew)
    return 0
  }

  /** 1 = removed (its identifier is in REGISTER_PREVIOUS), 0 = was not there. */
  static remove(root: usize, start: usize, length: i32, subscriber: i32): i32 {
    if (root === 0 || length <= 0 || !Trie.parse(start, length)) return 0
    const node = Paths.find(root)
    if (node === 0) return 0
    const row = Trie.find(node, subscriber)
    if (row === 0) return 0
    store<i32>(REGISTER_PREVIOUS, load<i32>(row, ROW_IDENTIFIER))
    if (nameLength !== 0) {
      Groups.remove(node, Groups.find(node, name, nameLength), row)
    } else {
      const set = Sets.remove(load<u32>(node, NODE_SUBSCRIBERS), Nodes.home(node), row)
      store<u32>(node, set as u32, NODE_SUBSCRIBERS)
    }
    Trie.account(root, -1, !Nodes.isFilter(node))
    Paths.prune(node)
    return 1
  }

  /** Number of rows at REGISTER_ROWS: whom a message to this topic concerns. */
  static match(root: usize, start: usize, length: i32, publisher: i32): i32 {
    if (root === 0 || length <= 0) return 0
    const hash = Levels.hash(start, length)
    const slot = Cache.find(root, hash, start, length)
    if (slot !== 0) {
      store<i32>(REGISTER_TOPIC, Cache.serial(slot))
      return Rows.gather(Cache.nodes(slot), Cache.count(slot), publisher)
    }
    store<i32>(REGISTER_TOPIC, 0)
    if (!Levels.split(start, length)) return 0
    Walk.match(root)
    const filled = Cache.store(root, hash, start, length, Walk.nodes, Walk.count)
    if (filled !== 0) store<i32>(REGISTER_TOPIC, Cache.serial(filled))
    return Rows.gather(Walk.nodes, Walk.count, publisher)
  }

  /** Number of words at REGISTER_ROWS: the identifiers of stored topics that the filter matches. */
  static search(root: usize, start: usize, length: i32): i32 {
    if (root === 0 || length <= 0 || !Levels.split(start, length)) return 0
    Rows.beginValues()
    Walk.search(root)
    return Rows.countValues()
  }

  /** Splits the filter into group name and levels; false when it cannot be one. */
  private static parse(start: usize, length: i32): bool {
    filter = start
    filterLength = length
    nameLength = 0
    if (Topic.isShared(start, length)) {
      filter = Topic.afterShare(start, length)
      if (filter === 0) return false
      filterLength = (start + length - filter) as i32
      name = Topic.shareName(start)
      nameLength = ((filter - name) as i32) - 1
    }
    return Levels.split(filter, filterLength)
  }

  /** The subscriber's row at the node of the filter in hand, 0 = none. */
  private static find(node: usize, subscriber: i32): usize {
    if (nameLength === 0) return Sets.find(load<u32>(node, NODE_SUBSCRIBERS), subscriber)
    return Sets.find(Groups.members(Groups.find(node, name, nameLength)), subscriber)
  }

  private static add(node: usize, subscriber: i32, options: i32, identifier: i32): bool {
    if (nameLength !== 0) {
      return Groups.add(node, name, nameLength, subscriber, options, identifier)
    }
    const old = load<u32>(node, NODE_SUBSCRIBERS) as usize
    const set = Sets.add(old, Nodes.home(node), subscriber, options, identifier)
    if (set === 0) return false
    store<u32>(node, set as u32, NODE_SUBSCRIBERS)
    return true
  }

  /** Room for whatever match and search can give after one more subscription. */
  private static reserve(root: usize, node: usize, subscriber: i32): bool {
    const wildcard = Levels.hasWildcard() ? 1 : 0
    if (wildcard === 0) literalRowsMax = max(literalRowsMax, Rows.countOf(node) + 1)
    const rows = (wildcardRows + wildcard + literalRowsMax) * ROW_SIZE
    const values = (Trie.count(root) + 1) << 2
    return (
      Rows.reserveSubscriber(subscriber) &&
      Rows.reserve(max(rows, values)) &&
      Walk.reserve(wildcardFilters + wildcard + 1)
    )
  }

  /** Keeps the counts after a subscription came (1) or went (-1), and the filter with it. */
  private static account(root: usize, change: i32, filterChanged: bool): void {
    store<i32>(root, Trie.count(root) + change, ROOT_COUNT)
    if (Levels.hasWildcard()) {
      wildcardRows += change
      if (!filterChanged) return
      wildcardFilters += change
      Cache.forgetAll(root)
    } else if (filterChanged) {
      Cache.forget(root, Levels.hash(filter, filterLength))
    }
  }
}
