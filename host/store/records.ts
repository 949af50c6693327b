// Session records between objects and bytes: JSON, because they are rare and tools should be able
// to read them; binary parts of a will in base64. Used by the store and the store's tools.

import type { Will } from '../protocol/packets.ts'
import type { SessionRecord } from './store.ts'

interface PackedWill extends Omit<Will, 'payload' | 'propertyBytes'> {
  payload: string
  propertyBytes: string
}

export interface PackedSession extends Omit<SessionRecord, 'will'> {
  will?: PackedWill
}

export function packSession({ will, ...rest }: SessionRecord): PackedSession {
  if (will === undefined) return rest
  const payload = will.payload.toString('base64')
  const propertyBytes = Buffer.from(will.propertyBytes).toString('base64')
  return { ...rest, will: { ...will, payload, propertyBytes } }
}

export function unpackSession({ will, ...rest }: PackedSession): SessionRecord {
  if (will === undefined) return { ...rest, will: undefined }
  const payload = Buffer.from(will.payload, 'base64')
  const propertyBytes = Buffer.from(will.propertyBytes, 'base64')
  return { ...rest, will: { ...will, payload, propertyBytes, expirySeconds: will.expirySeconds } }
}

export function encodeSession(record: SessionRecord): Buffer {
  return Buffer.from(JSON.stringify(packSession(record)))
}

export function decodeSession(bytes: Buffer): SessionRecord {
  return unpackSession(JSON.parse(bytes.toString('utf8')) as PackedSession)
}
