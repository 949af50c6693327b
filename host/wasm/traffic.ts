// What the module counts of PUBLISH packets: staged ones (received) and delivered ones (sent), by
// QoS. Read when somebody asks, so a view is made for each reading.

import { TRAFFIC_BYTES, TRAFFIC_RECEIVED, TRAFFIC_SENT } from '../../assembly/layout.ts'
import type { Module } from './instance.ts'

const LEVELS = 3

export interface TrafficCounts {
  /** By QoS. */
  messages: Float64Array
  /** Of payloads, by QoS. */
  bytes: Float64Array
}

export function stagedTraffic(module: Module): TrafficCounts {
  return countsAt(module, TRAFFIC_RECEIVED)
}

export function deliveredTraffic(module: Module): TrafficCounts {
  return countsAt(module, TRAFFIC_SENT)
}

function countsAt({ u8 }: Module, address: number): TrafficCounts {
  const at = u8.byteOffset + address
  return {
    messages: new Float64Array(u8.buffer, at, LEVELS).slice(),
    bytes: new Float64Array(u8.buffer, at + TRAFFIC_BYTES, LEVELS).slice(),
  }
}
