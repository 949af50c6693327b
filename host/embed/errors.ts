// What is thrown for bytes that are no MQTT: the module's error codes, with names that stay the
// same. Used by the decoder, the encoder and the tries.

import * as codes from '../../assembly/codes.ts'
import type { Packet } from './packets.ts'

const PREFIX = 'ERROR_'
const NAMES = new Map<number, string>(
  Object.entries(codes).flatMap(([name, code]) =>
    name.startsWith(PREFIX) ? [[code, name.slice(PREFIX.length)]] : [],
  ),
)

/** The name of an error of the module, like `WASMQTT_MALFORMED_LENGTH`. */
export function nameOf(error: number): string {
  return `WASMQTT_${NAMES.get(error) ?? 'UNKNOWN'}`
}

/** The bytes are not what the specification allows. The connection is to be closed. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  /** Like `WASMQTT_MALFORMED_LENGTH`. */
  readonly code: string
  /** The ERROR_ code of the module, see assembly/codes.ts; negative. */
  readonly error: number
  /** Reason code to answer with, of MQTT 5. */
  readonly reason: number
  /** First byte of the packet at fault. */
  readonly head: number
  /** Bytes of the stream before the byte at fault. */
  readonly position: number
  /** What the same chunk held before the packet at fault. */
  readonly packets: Packet[]

  constructor(error: number, reason: number, head: number, position: number, packets: Packet[]) {
    const code = nameOf(error)
    super(`${code} at byte ${position} (reason code 0x${reason.toString(16)})`)
    this.code = code
    this.error = error
    this.reason = reason
    this.head = head
    this.position = position
    this.packets = packets
  }
}
