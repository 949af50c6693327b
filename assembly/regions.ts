// The input region: where the host puts the bytes to decode. It starts at INPUT_SIZE bytes and is
// replaced by a larger block when a larger packet has to fit. Called by the host only.

import { Arena } from './arena'
import {
  INPUT_SIZE,
  REGISTER_INPUT,
  REGISTER_INPUT_SIZE,
  REGISTERS_SIZE,
  REGISTERS_START,
} from './layout'

export class Regions {
  static initialize(): void {
    memory.fill(REGISTERS_START, 0, REGISTERS_SIZE)
    Arena.initialize()
    Regions.reserve(INPUT_SIZE)
  }

  /** An input region of at least `bytes`; what the old one held is gone. 0: no memory. */
  static reserve(bytes: i32): usize {
    const old = load<u32>(REGISTER_INPUT) as usize
    if (bytes <= load<i32>(REGISTER_INPUT_SIZE)) return old
    const input = Arena.allocate(bytes)
    if (input === 0) return 0
    Arena.free(old)
    store<u32>(REGISTER_INPUT, input as u32)
    store<i32>(REGISTER_INPUT_SIZE, Arena.capacity(input))
    return input
  }
}
