// The exports of the module, and nothing else.

import { Arena } from './arena'
import { ABI_VERSION } from './layout'

export function abi_version(): i32 {
  return ABI_VERSION
}

export function initialize(_seed: i32): void {
  Arena.initialize()
}

export function allocate(bytes: i32): usize {
  return Arena.allocate(bytes)
}
