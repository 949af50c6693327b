// Session records between objects and bytes: JSON, because they are rare and tools should be able to
// read them; payloads and correlation data in base64. Used by the store and the store's tools.

import type { Properties } from '../protocol/packets.ts'
import type { SessionRecord, StoredWill } from './store.ts'

interface PackedWill extends Omit<StoredWill, 'payload' | 'properties'> {
  payload: string
  properties: Omit<Properties, 'correlationData'> & { correlationData?: string }
}

export interface PackedSession extends Omit<SessionRecord, 'will'> {
  will?: PackedWill
}

export function packSession(record: SessionRecord): PackedSession {
  const { will, ...rest } = record
  if (will === undefined) return rest
  const { correlationData, ...properties } = will.properties
  const packed: PackedWill = { ...will, payload: will.payload.toString('base64'), properties }
  if (correlationData !== undefined) {
    packed.properties = { ...properties, correlationData: correlationData.toString('base64') }
  }
  return { ...rest, will: packed }
}

export function unpackSession({ will, ...rest }: PackedSession): SessionRecord {
  if (will === undefined) return { ...rest, will: undefined }
  const { correlationData, ...properties } = will.properties
  const unpacked: StoredWill = { ...will, payload: Buffer.from(will.payload, 'base64'), properties }
  if (correlationData !== undefined) {
    unpacked.properties.correlationData = Buffer.from(correlationData, 'base64')
  }
  return { ...rest, will: unpacked }
}

export function encodeSession(record: SessionRecord): Buffer {
  return Buffer.from(JSON.stringify(packSession(record)))
}

export function decodeSession(bytes: Buffer): SessionRecord {
  return unpackSession(JSON.parse(bytes.toString('utf8')) as PackedSession)
}
