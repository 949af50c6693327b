// The arena: all memory behind the fixed regions, in blocks of 32, 48, 64, 96, 128 … bytes with one
// free list per size. Called by the trie, the outboxes and the messages; knows none of them.
// Blocks are never merged or given back: a size once used is used again. Only `allocate` grows
// memory.
//
//   block      +-----------+-----------+---------------------------------+
//              | class i32 | (padding) | bytes, 8-aligned                |
//              +-----------+-----------+---------------------------------+
//              ^ -8                    ^ the address handed out; of a free block: the next one

import { REGISTER_ALLOCATED } from './layout'

const HEADER: i32 = 8
const CLASSES: i32 = 56
const PAGE_SHIFT: i32 = 16

let top: usize = 0
let freeLists: usize = 0

export class Arena {
  /** Called once, before anything else. */
  static initialize(): void {
    freeLists = (__heap_base + 15) & ~15
    memory.fill(freeLists, 0, CLASSES * 4)
    top = (freeLists + CLASSES * 4 + 15) & ~15
  }

  /** A block of at least `bytes` bytes, contents undefined; 0 when the memory cannot grow. */
  static allocate(bytes: i32): usize {
    if (bytes < 0 || bytes > 0x40000000) return 0
    const size = bytes + HEADER
    const kind = Arena.kindOf(size)
    const list = freeLists + (kind << 2)
    let block = load<u32>(list) as usize
    if (block !== 0) {
      store<u32>(list, load<u32>(block))
    } else {
      block = Arena.extend(Arena.sizeOf(kind))
      if (block === 0) return 0
      store<i32>(block - HEADER, kind)
    }
    store<i32>(REGISTER_ALLOCATED, load<i32>(REGISTER_ALLOCATED) + Arena.sizeOf(kind))
    return block
  }

  /** Gives a block back; 0 is allowed and ignored. */
  static free(block: usize): void {
    if (block === 0) return
    const kind = load<i32>(block - HEADER)
    const list = freeLists + (kind << 2)
    store<u32>(block, load<u32>(list))
    store<u32>(list, block as u32)
    store<i32>(REGISTER_ALLOCATED, load<i32>(REGISTER_ALLOCATED) - Arena.sizeOf(kind))
  }

  /** Bytes that fit a block, at least what was asked for. */
  static capacity(block: usize): i32 {
    return Arena.sizeOf(load<i32>(block - HEADER)) - HEADER
  }

  /** Sizes go 32, 48, 64, 96 …: even kinds are powers of two, odd ones half as much again. */
  private static sizeOf(kind: i32): i32 {
    return (kind & 1 ? 48 : 32) << (kind >> 1)
  }

  private static kindOf(size: i32): i32 {
    if (size <= 32) return 0
    const shift = 26 - clz(size - 1) // size is in (32 << shift, 64 << shift]
    return size <= 48 << shift ? (shift << 1) + 1 : (shift << 1) + 2
  }

  private static extend(size: i32): usize {
    const block = top + HEADER
    const end = top + size
    const missing = (end as i64) - ((memory.size() as i64) << PAGE_SHIFT)
    if (missing > 0) {
      const pages = ((missing + 0xffff) >> PAGE_SHIFT) as i32
      const generous = max(pages, memory.size() >> 2)
      if (memory.grow(generous) < 0 && memory.grow(pages) < 0) return 0
    }
    top = end
    return block
  }
}
