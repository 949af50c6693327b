// Properties out of bytes that the module has checked before and that are not in its memory any
// more. Called by the faces for a packet somebody looks into later.

import type { Properties } from '../protocol/packets.ts'
import { readProperties } from './properties.ts'
import { shared } from './shared.ts'

/** Reads `length` bytes of properties from `start` on. */
export function readHeldProperties(bytes: Uint8Array, start: number, length: number): Properties {
  const memory = shared()
  memory.reserve(length)
  const input = memory.input()
  memory.u8.set(bytes.subarray(start, start + length), input)
  return readProperties(memory, input, length)
}
