// Topic names and filters given as strings by those who embed the broker: the module judges them
// and a wrong one throws at once. What clients send is judged by decode.

import { SCRATCH_START, STRING_LENGTH_MAX } from '../../assembly/layout.ts'
import type { Module } from './instance.ts'

/**
 * Puts `text` at SCRATCH_START.
 * @returns its length in bytes
 * @throws RangeError when it is not a valid topic name or filter
 */
export function check(module: Module, text: string, kind: 'topic' | 'filter'): number {
  const length = Buffer.byteLength(text)
  if (length <= STRING_LENGTH_MAX) {
    module.bytes.write(text, SCRATCH_START, 'utf8')
    const { check_topic, check_filter } = module.call
    const error = (kind === 'topic' ? check_topic : check_filter)(SCRATCH_START, length)
    if (error === 0) return length
  }
  throw new RangeError(`expected a valid topic ${kind === 'topic' ? 'name' : kind}, got "${text}"`)
}

/** Whether `text` is a valid topic filter. */
export function isFilter(module: Module, text: string): boolean {
  try {
    check(module, text, 'filter')
    return true
  } catch {
    return false
  }
}
