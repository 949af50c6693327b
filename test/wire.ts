// What the raw test client stands on: the two kinds of socket behind one face, the cut of a byte
// stream into MQTT frames, and packets as plain literals. Only test/client.ts calls it.

import net from 'node:net'
import { inspect } from 'node:util'
import type { Packet } from 'mqtt-packet'
import { WebSocket } from 'ws'

export interface Wire {
  write(bytes: Uint8Array): void
  end(): void
  destroy(): void
}

interface Address {
  port: number
  host?: string
  path?: string
}

/** Bytes in the frame at the start of `bytes`; 0: not known yet; -1: no MQTT frame. */
export function frameSize(bytes: Buffer): number {
  let length = 0
  for (let i = 1; i <= 4; i++) {
    const byte = bytes[i]
    if (byte === undefined) return 0
    length += (byte & 0x7f) * 128 ** (i - 1)
    if (byte < 0x80) return 1 + i + length
  }
  return -1
}

/**
 * A literal without the fields mqtt-packet sets on every packet, so that a test can compare it
 * whole.
 */
export function plain(parsed: Packet): Packet {
  const { length, ...packet } = parsed as unknown as Record<string, unknown>
  if (packet.cmd !== 'publish') {
    for (const field of ['qos', 'dup', 'retain', 'topic', 'payload']) delete packet[field]
  }
  const properties = packet.properties as Record<string, unknown> | undefined
  if (properties?.userProperties) properties.userProperties = { ...properties.userProperties }
  return packet as unknown as Packet
}

export function describe(packets: Packet[]): string {
  if (packets.length === 0) return 'nothing'
  return packets.map((packet) => inspect(packet, { breakLength: 1e9, depth: 5 })).join(', ')
}

type Opener = (
  address: Address,
  onData: (chunk: Buffer) => void,
  onClose: () => void,
) => Promise<Wire>

export const openTcp: Opener = ({ host = '127.0.0.1', port }, onData, onClose) =>
  new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, noDelay: true })
    const wire = {
      write: (bytes: Uint8Array) => void socket.write(bytes),
      end: () => void socket.end(),
      destroy: () => void socket.destroy(),
    }
    socket.on('connect', () => resolve(wire))
    socket.on('error', reject)
    socket.on('data', onData)
    socket.on('close', onClose)
  })

export const openWebSocket: Opener = (
  { host = '127.0.0.1', port, path = '/mqtt' },
  onData,
  onClose,
) =>
  new Promise((resolve, reject) => {
    const name = host.includes(':') ? `[${host}]` : host
    const socket = new WebSocket(`ws://${name}:${port}${path}`, 'mqtt')
    const wire = {
      write: (bytes: Uint8Array) => socket.send(bytes),
      end: () => socket.close(),
      destroy: () => socket.terminate(),
    }
    socket.on('open', () => resolve(wire))
    socket.on('error', reject)
    socket.on('message', (data: Buffer) => onData(data))
    socket.on('close', onClose)
  })
