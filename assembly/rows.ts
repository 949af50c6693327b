// The rows a match gives out, and the subscribers they name. Called by trie.ts; knows no topic.
// Both regions grow when subscriptions are inserted, so that gathering always has room.
//
//   rows       +--------+--------+--------+--------------------+--------+--------+
//              | head 0 | head 1 | head 2 |   free             | extra  | extra  |
//              +--------+--------+--------+--------------------+--------+--------+
//              ^ rowsStart                ^ top                ^ bottom          ^ rowsEnd
//
// An extra row holds one more identifier of the delivery that a head begins (ROW_NEXT).
//
//   subscriber +-----------+-----------+    indexed by the subscriber's integer
//              | HEAD      | ONLINE    |    HEAD: its row of the last match, from rowsStart
//              +-----------+-----------+    ONLINE: 1 = shared groups should prefer it
//
// HEAD is never cleared. It is right when it lies below top and the row there, no shared one, names
// the same subscriber: whatever it says then was written by this very match (a sparse set).

import { Arena } from './arena'
import {
  OPTION_NO_LOCAL,
  OPTION_QOS_MASK,
  OPTION_RETAIN_AS_PUBLISHED,
  OPTION_SHARED,
} from './codes'
import { Groups } from './groups'
import {
  REGISTER_ROWS,
  ROW_IDENTIFIER,
  ROW_NEXT,
  ROW_OPTIONS,
  ROW_SIZE,
  ROW_SUBSCRIBER,
} from './layout'
import { NODE_SUBSCRIBERS } from './nodes'
import { Sets } from './sets'

const SUBSCRIBER_SIZE: i32 = 8
const SUBSCRIBER_HEAD: i32 = 0
const SUBSCRIBER_ONLINE: i32 = 4
const SUBSCRIBERS_MAX: i32 = 1 << 26

let rowsStart: usize = 0
let rowsEnd: usize = 0
let top: usize = 0
let bottom: usize = 0
let subscribers: usize = 0
let subscriberCount: i32 = 0

export class Rows {
  static initialize(): void {
    rowsStart = 0
    rowsEnd = 0
    subscribers = 0
    subscriberCount = 0
  }

  /** Makes the region hold `bytes`; its contents are lost. False when there is no memory. */
  static reserve(bytes: i32): bool {
    if (((rowsEnd - rowsStart) as i32) >= bytes) return true
    const block = Arena.allocate((bytes + ROW_SIZE - 1) & ~(ROW_SIZE - 1))
    if (block === 0) return false
    Arena.free(rowsStart)
    rowsStart = block
    rowsEnd = block + (Arena.capacity(block) & ~(ROW_SIZE - 1))
    store<u32>(REGISTER_ROWS, rowsStart as u32)
    return true
  }

  /** Makes the table hold `subscriber`; false when there is no memory. */
  static reserveSubscriber(subscriber: i32): bool {
    if (subscriber < subscriberCount) return true
    if (subscriber >= SUBSCRIBERS_MAX) return false
    const block = Arena.allocate((subscriber + 1) * SUBSCRIBER_SIZE)
    if (block === 0) return false
    const used = subscriberCount * SUBSCRIBER_SIZE
    const capacity = Arena.capacity(block)
    memory.copy(block, subscribers, used)
    memory.fill(block + used, 0, capacity - used)
    Arena.free(subscribers)
    subscribers = block
    subscriberCount = capacity / SUBSCRIBER_SIZE
    return true
  }

  static setOnline(subscriber: i32, online: i32): bool {
    if (online === 0 && subscriber >= subscriberCount) return true
    if (!Rows.reserveSubscriber(subscriber)) return false
    store<i32>(subscribers + subscriber * SUBSCRIBER_SIZE, online, SUBSCRIBER_ONLINE)
    return true
  }

  /** Rows that one filter gives at most. */
  static countOf(node: usize): i32 {
    return Sets.count(load<u32>(node, NODE_SUBSCRIBERS)) + Groups.count(node)
  }

  /** Gathers the rows of `count` nodes, addresses of which lie at `nodes`. Number of heads. */
  static gather(nodes: usize, count: i32, publisher: i32): i32 {
    top = rowsStart
    bottom = rowsEnd
    if (count === 1) {
      const node = load<u32>(nodes) as usize
      Rows.copy(load<u32>(node, NODE_SUBSCRIBERS), publisher)
      Rows.pickEach(node)
    } else {
      for (const end = nodes + (count << 2); nodes < end; nodes += 4) {
        const node = load<u32>(nodes) as usize
        Rows.merge(load<u32>(node, NODE_SUBSCRIBERS), publisher)
        Rows.pickEach(node)
      }
    }
    return ((top - rowsStart) / ROW_SIZE) as i32
  }

  /** Begins a list of single words in the region. */
  static beginValues(): void {
    top = rowsStart
  }

  /** Adds the identifiers of a set to the list. */
  static addValues(set: usize): void {
    const end = Sets.row(set, Sets.count(set))
    for (let row = Sets.row(set, 0); row < end; row += ROW_SIZE) {
      store<i32>(top, load<i32>(row, ROW_IDENTIFIER))
      top += 4
    }
  }

  static countValues(): i32 {
    return ((top - rowsStart) >> 2) as i32
  }

  /** Copies the rows of the only set that matched. */
  private static copy(set: usize, publisher: i32): void {
    if (set === 0) return
    let to = top
    const end = Sets.row(set, Sets.count(set))
    for (let row = Sets.row(set, 0); row < end; row += ROW_SIZE) {
      if (Rows.isOwn(row, publisher)) continue
      store<u64>(to, load<u64>(row))
      store<u64>(to, load<u64>(row, 8), 8)
      to += ROW_SIZE
    }
    top = to
  }

  /** Adds the rows of one set of several: a subscriber gets one head for all its filters. */
  private static merge(set: usize, publisher: i32): void {
    if (set === 0) return
    const end = Sets.row(set, Sets.count(set))
    for (let row = Sets.row(set, 0); row < end; row += ROW_SIZE) {
      if (Rows.isOwn(row, publisher)) continue
      const subscriber = load<i32>(row, ROW_SUBSCRIBER)
      const entry = subscribers + subscriber * SUBSCRIBER_SIZE
      const head = rowsStart + load<u32>(entry, SUBSCRIBER_HEAD)
      if (head < top && Rows.isHead(head, subscriber)) {
        Rows.join(head, row)
        continue
      }
      store<u32>(entry, (top - rowsStart) as u32, SUBSCRIBER_HEAD)
      Rows.put(row)
    }
  }

  /** A subscriber that wants no messages of its own published this one. [MQTT-3.8.3-3] */
  @inline
  private static isOwn(row: usize, publisher: i32): bool {
    if (load<i32>(row, ROW_SUBSCRIBER) !== publisher) return false
    return (load<i32>(row, ROW_OPTIONS) & OPTION_NO_LOCAL) !== 0
  }

  @inline
  private static isHead(row: usize, subscriber: i32): bool {
    if (load<i32>(row, ROW_SUBSCRIBER) !== subscriber) return false
    return (load<i32>(row, ROW_OPTIONS) & OPTION_SHARED) === 0
  }

  /** One delivery for both: the higher QoS, and every identifier. [MQTT-3.3.4-2] [MQTT-3.3.4-3] */
  private static join(head: usize, row: usize): void {
    const a = load<i32>(head, ROW_OPTIONS)
    const b = load<i32>(row, ROW_OPTIONS)
    const qos = max(a & OPTION_QOS_MASK, b & OPTION_QOS_MASK)
    store<i32>(head, qos | ((a | b) & OPTION_RETAIN_AS_PUBLISHED), ROW_OPTIONS)
    const identifier = load<i32>(row, ROW_IDENTIFIER)
    if (identifier === 0) return
    if (load<i32>(head, ROW_IDENTIFIER) === 0) {
      store<i32>(head, identifier, ROW_IDENTIFIER)
      return
    }
    bottom -= ROW_SIZE
    store<u64>(bottom, load<u64>(head))
    store<i32>(bottom, identifier, ROW_IDENTIFIER)
    store<u32>(bottom, load<u32>(head, ROW_NEXT), ROW_NEXT)
    store<u32>(head, bottom as u32, ROW_NEXT)
  }

  /** Adds one member of each shared group of a node. */
  private static pickEach(node: usize): void {
    for (let group = Groups.first(node); group !== 0; group = Groups.next(group)) {
      Rows.put(Rows.pick(group))
    }
  }

  /** The next member in turn that is online; if none is, the next in turn. */
  private static pick(group: usize): usize {
    const members = Groups.members(group)
    const count = Sets.count(members)
    const turn = Groups.cursor(group) < count ? Groups.cursor(group) : 0
    let position = turn
    do {
      const row = Sets.row(members, position)
      position = position + 1 === count ? 0 : position + 1
      if (Rows.isOnline(load<i32>(row, ROW_SUBSCRIBER))) {
        Groups.setCursor(group, position)
        return row
      }
    } while (position !== turn)
    Groups.setCursor(group, turn + 1)
    return Sets.row(members, turn)
  }

  @inline
  private static isOnline(subscriber: i32): bool {
    return load<i32>(subscribers + subscriber * SUBSCRIBER_SIZE, SUBSCRIBER_ONLINE) !== 0
  }

  @inline
  private static put(row: usize): void {
    store<u64>(top, load<u64>(row))
    store<u64>(top, load<u64>(row, 8), 8)
    top += ROW_SIZE
  }
}
