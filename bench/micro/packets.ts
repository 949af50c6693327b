// The packets the codec suites work on, as mqtt-packet's objects: one of each shape that matters.
// Bytes are made by mqtt-packet, so that our decoder is not tested on our own encoder.
import { generate, type Packet } from 'mqtt-packet'

export type Version = 4 | 5

export interface Sample {
  readonly title: string
  readonly version: Version
  readonly packet: Packet
}

function publish(payloadBytes: number, qos: 0 | 1, properties?: object): Packet {
  const payload = Buffer.alloc(payloadBytes, 'x')
  const base = {
    cmd: 'publish',
    dup: false,
    retain: false,
    topic: 'sensors/17/state',
    payload,
    qos,
  }
  return { ...base, ...(qos && { messageId: 7 }), ...(properties && { properties }) } as Packet
}

const PROPERTIES = {
  messageExpiryInterval: 3600,
  topicAlias: 1,
  userProperties: { unit: 'celsius', source: 'sensor-17' },
}

const CONNECT = {
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 4,
  clean: true,
  clientId: 'device-000017',
  keepalive: 60,
  username: 'device',
  password: Buffer.from('secret-secret'),
} as const

const FILTERS = ['sensors/+/state', 'sensors/17/#', 'commands/17'].map((topic) => ({
  topic,
  qos: 1,
}))

export const SAMPLES: readonly Sample[] = [
  { title: 'PUBLISH QoS 0, 16 bytes', version: 4, packet: publish(16, 0) },
  { title: 'PUBLISH QoS 1, 16 bytes', version: 4, packet: publish(16, 1) },
  { title: 'PUBLISH QoS 0, 1 KiB', version: 4, packet: publish(1024, 0) },
  { title: 'PUBLISH MQTT 5, 16 bytes', version: 5, packet: publish(16, 1, {}) },
  { title: 'PUBLISH MQTT 5, four properties', version: 5, packet: publish(16, 1, PROPERTIES) },
  { title: 'PUBACK', version: 4, packet: { cmd: 'puback', messageId: 7 } },
  {
    title: 'SUBSCRIBE, three filters',
    version: 4,
    packet: { cmd: 'subscribe', messageId: 7, subscriptions: FILTERS } as unknown as Packet,
  },
  { title: 'CONNECT', version: 4, packet: CONNECT as unknown as Packet },
  { title: 'PINGREQ', version: 4, packet: { cmd: 'pingreq' } },
]

export function bytesOf({ packet, version }: Sample): Buffer {
  return generate(packet, { protocolVersion: version })
}
