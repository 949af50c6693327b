// The properties of a will: what is forwarded stays bytes, however much it is; the two intervals
// that are the broker's to count are taken out. Called by the codec for a CONNECT that decode has
// found well-formed. MQTT 5.0 section 3.1.3.2.

import {
  PROPERTY_MESSAGE_EXPIRY_INTERVAL,
  PROPERTY_PAYLOAD_FORMAT_INDICATOR,
  PROPERTY_USER_PROPERTY,
  PROPERTY_WILL_DELAY_INTERVAL,
} from '../../assembly/codes.ts'
import type { Will } from '../protocol/packets.ts'
import type { Module } from './instance.ts'

const INTERVAL_SIZE = 5 // identifier and four bytes

/** What the properties of a will say. */
export type WillProperties = Pick<Will, 'propertyBytes' | 'expirySeconds' | 'delaySeconds'>

/** Reads validated will properties. */
export function readWillProperties(module: Module, start: number, length: number): WillProperties {
  let bytes = module.copy(start, length)
  let expirySeconds: number | undefined
  let delaySeconds = 0
  let at = 0
  while (at < bytes.length) {
    const id = bytes[at]
    if (id === PROPERTY_MESSAGE_EXPIRY_INTERVAL) expirySeconds = bytes.readUInt32BE(at + 1)
    else if (id === PROPERTY_WILL_DELAY_INTERVAL) delaySeconds = bytes.readUInt32BE(at + 1)
    else {
      at = behind(bytes, at)
      continue
    }
    bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + INTERVAL_SIZE)])
  }
  return { propertyBytes: bytes, expirySeconds, delaySeconds }
}

/** Where the property at `at` ends, which is no interval. */
function behind(bytes: Buffer, at: number): number {
  if (bytes[at] === PROPERTY_PAYLOAD_FORMAT_INDICATOR) return at + 2
  const first = at + 3 + bytes.readUInt16BE(at + 1)
  if (bytes[at] !== PROPERTY_USER_PROPERTY) return first
  return first + 2 + bytes.readUInt16BE(first)
}
