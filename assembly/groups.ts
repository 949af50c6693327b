// The shared groups of one filter, `$share/<name>/<filter>`: each message goes to one member of
// each group. Called by trie.ts and rows.ts. MQTT 5.0 section 4.8.2.
//
//   node.GROUPS --> group          +--> group --> …
//                   +--------+-----|--+
//                   | NEXT  -------+  |   0 = the last one
//                   | CURSOR          |   position of the member whose turn it is
//                   | MEMBERS         |   set (sets.ts), never empty
//                   | LENGTH          |   of the name
//                   | HOME            |   place for the set while it has one row
//                   | NAME …          |
//                   +-----------------+

import { Arena } from './arena'
import { Bytes } from './bytes'
import { NODE_GROUPS } from './nodes'
import { HOME_SIZE, Sets } from './sets'

export const GROUP_NEXT: i32 = 0
const GROUP_CURSOR: i32 = 4
const GROUP_MEMBERS: i32 = 8
const GROUP_LENGTH: i32 = 12
const GROUP_HOME: i32 = 16
const GROUP_NAME: i32 = GROUP_HOME + HOME_SIZE

export class Groups {
  @inline
  static first(node: usize): usize {
    return load<u32>(node, NODE_GROUPS)
  }

  @inline
  static next(group: usize): usize {
    return load<u32>(group, GROUP_NEXT)
  }

  /** The members, 0 = there is no such group. */
  @inline
  static members(group: usize): usize {
    return group === 0 ? 0 : (load<u32>(group, GROUP_MEMBERS) as usize)
  }

  static count(node: usize): i32 {
    let count = 0
    for (let group = Groups.first(node); group !== 0; group = Groups.next(group)) count++
    return count
  }

  /** The group of that name, 0 = none. */
  static find(node: usize, name: usize, length: i32): usize {
    let group = Groups.first(node)
    while (group !== 0) {
      if (load<i32>(group, GROUP_LENGTH) === length) {
        if (Bytes.equal(group + GROUP_NAME, name, length)) return group
      }
      group = Groups.next(group)
    }
    return 0
  }

  /** Adds a member to the group of that name, made if need be; false when there is no memory. */
  static add(
    node: usize,
    name: usize,
    length: i32,
    subscriber: i32,
    options: i32,
    identifier: i32,
  ): bool {
    const found = Groups.find(node, name, length)
    const group = found === 0 ? Groups.create(name, length) : found
    if (group === 0) return false
    const home = group + GROUP_HOME
    const members = Sets.add(Groups.members(group), home, subscriber, options, identifier)
    if (members === 0) {
      if (found === 0) Arena.free(group)
      return false
    }
    store<u32>(group, members as u32, GROUP_MEMBERS)
    if (found === 0) {
      store<u32>(group, Groups.first(node) as u32, GROUP_NEXT)
      store<u32>(node, group as u32, NODE_GROUPS)
    }
    return true
  }

  /** Takes a member out; the group goes with its last one. */
  static remove(node: usize, group: usize, row: usize): void {
    const members = Sets.remove(Groups.members(group), group + GROUP_HOME, row)
    store<u32>(group, members as u32, GROUP_MEMBERS)
    if (members !== 0) return
    let link = node + NODE_GROUPS // word that holds the address of the group
    while ((load<u32>(link) as usize) !== group) link = (load<u32>(link) as usize) + GROUP_NEXT
    store<u32>(link, Groups.next(group) as u32)
    Arena.free(group)
  }

  /** Position of the member whose turn it is; it may lie behind the last one, then it is 0. */
  @inline
  static cursor(group: usize): i32 {
    return load<i32>(group, GROUP_CURSOR)
  }

  @inline
  static setCursor(group: usize, position: i32): void {
    store<i32>(group, position, GROUP_CURSOR)
  }

  private static create(name: usize, length: i32): usize {
    const group = Arena.allocate(GROUP_NAME + length)
    if (group === 0) return 0
    memory.fill(group, 0, GROUP_HOME)
    store<i32>(group, length, GROUP_LENGTH)
    Bytes.copy(group + GROUP_NAME, name, length)
    return group
  }
}
