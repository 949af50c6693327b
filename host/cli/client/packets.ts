// `-d`: a line of words for each packet that `pub` and `sub` send and receive, as libmosquitto logs
// them. Given MQTT.js's packets; prints nothing itself.

import type { Packet } from 'mqtt'

type Fields = Record<string, unknown>

/** `Client x sending PUBLISH (d0, q1, r0, m1, 'a', ... (2 bytes))`; SUBSCRIBE has one per topic. */
export function describePacket(
  packet: Packet,
  direction: 'sending' | 'received',
  client: string | undefined,
): string[] {
  const name = client === undefined || client === '' ? '(null)' : client
  const fields = packet as unknown as Fields
  return detailsOf(packet.cmd, direction, fields).map(
    (details) => `Client ${name} ${direction} ${packet.cmd.toUpperCase()}${details}`,
  )
}

function detailsOf(command: string, direction: string, fields: Fields): string[] {
  const { messageId: id } = fields
  const code = Number(fields.reasonCode ?? fields.returnCode ?? 0)
  if (command === 'publish') return [publishDetails(fields)]
  if (command === 'subscribe') return subscribeDetails(fields)
  if (command === 'unsubscribe') {
    return (fields.unsubscriptions as string[]).map((topic) => ` (Mid: ${id}, Topic: ${topic})`)
  }
  if (command === 'connack') return [` (${code})`]
  if (command === 'puback' || command === 'pubcomp' || command === 'pubrec') {
    if (direction === 'sending') return [` (m${id}, rc${code})`]
    return [command === 'pubrec' ? ` (Mid: ${id})` : ` (Mid: ${id}, RC:${code})`]
  }
  if (command === 'pubrel') return [direction === 'sending' ? ` (m${id})` : ` (Mid: ${id})`]
  if (command === 'disconnect' && direction === 'received') return [` (${code})`]
  return ['']
}

function publishDetails({ dup, qos, retain, messageId, topic, payload }: Fields): string {
  const bytes = Buffer.byteLength(payload as string | Buffer)
  const flags = `d${Number(dup ?? 0)}, q${qos}, r${Number(retain)}, m${messageId ?? 0}`
  return ` (${flags}, '${topic}', ... (${bytes} bytes))`
}

function subscribeDetails({ messageId, subscriptions }: Fields): string[] {
  return (subscriptions as Fields[]).map(({ topic, qos, rap, rh }) => {
    const options = (rap === true ? 0x08 : 0) | (Number(rh ?? 0) << 4)
    const shown = options.toString(16).padStart(2, '0')
    return ` (Mid: ${messageId}, Topic: ${topic}, QoS: ${qos}, Options: 0x${shown})`
  })
}
