// Reason codes in words, and what they become in versions that have fewer. MQTT 5.0 section 2.4,
// MQTT 3.1.1 table 3.1.

import * as codes from '../../assembly/codes.ts'

const TEXTS = new Map<number, string>()
for (const [name, value] of Object.entries(codes)) {
  if (!name.startsWith('REASON_') || TEXTS.has(value)) continue
  TEXTS.set(value, name.slice('REASON_'.length).toLowerCase().replaceAll('_', ' '))
}

/** `topic filter invalid` for 0x8F; `reason 0xNN` for what the specification does not know. */
export function reasonText(reason: number): string {
  return TEXTS.get(reason) ?? `reason 0x${reason.toString(16)}`
}

const RETURN_CODES = new Map<number, number>([
  [codes.REASON_UNSUPPORTED_PROTOCOL_VERSION, codes.RETURN_UNACCEPTABLE_PROTOCOL_VERSION],
  [codes.REASON_CLIENT_IDENTIFIER_NOT_VALID, codes.RETURN_IDENTIFIER_REJECTED],
  [codes.REASON_SERVER_UNAVAILABLE, codes.RETURN_SERVER_UNAVAILABLE],
  [codes.REASON_SERVER_BUSY, codes.RETURN_SERVER_UNAVAILABLE],
  [codes.REASON_QUOTA_EXCEEDED, codes.RETURN_SERVER_UNAVAILABLE],
  [codes.REASON_CONNECTION_RATE_EXCEEDED, codes.RETURN_SERVER_UNAVAILABLE],
  [codes.REASON_BAD_USER_NAME_OR_PASSWORD, codes.RETURN_BAD_USER_NAME_OR_PASSWORD],
  [codes.REASON_NOT_AUTHORIZED, codes.RETURN_NOT_AUTHORIZED],
  [codes.REASON_BANNED, codes.RETURN_NOT_AUTHORIZED],
])

/** CONNACK return code of 3.x for a reason; undefined = close without CONNACK. [MQTT-3.2.2-6] */
export function returnCode(reason: number): number | undefined {
  return RETURN_CODES.get(reason)
}
