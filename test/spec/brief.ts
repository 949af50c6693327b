// A packet as one short line, the way the chapters of test/spec state what they expect:
// `connack 0x00 present`, `publish a/b=hello q1 id1 retain`, `puback 1 0x10`, `suback 1 0x00 0x80`.
// Properties are left out: a test of properties looks at the packet itself.

import type { Packet } from 'mqtt-packet'

function code(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`
}

/** A reason other than success, after a space. */
function failure(reason: number | undefined): string {
  return reason ? ` ${code(reason)}` : ''
}

function publish(packet: Extract<Packet, { cmd: 'publish' }>): string {
  const id = packet.qos > 0 ? ` id${packet.messageId}` : ''
  const flags = `${packet.retain ? ' retain' : ''}${packet.dup ? ' dup' : ''}`
  return `publish ${packet.topic}=${packet.payload} q${packet.qos}${id}${flags}`
}

export function brief(packet: Packet): string {
  switch (packet.cmd) {
    case 'connack': {
      const reason = packet.returnCode ?? packet.reasonCode ?? 0
      return `connack ${code(reason)}${packet.sessionPresent ? ' present' : ''}`
    }
    case 'publish':
      return publish(packet)
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return `${packet.cmd} ${packet.messageId}${failure(packet.reasonCode)}`
    case 'suback':
    case 'unsuback': {
      const granted = (packet.granted ?? []) as number[]
      return [packet.cmd, packet.messageId, ...granted.map(code)].join(' ')
    }
    case 'disconnect':
    case 'auth':
      return `${packet.cmd} ${code(packet.reasonCode ?? 0)}`
    default:
      return packet.cmd
  }
}
