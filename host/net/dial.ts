// Outgoing TCP connections from a given address of the machine, for the command-line clients. Knows
// nothing of MQTT.

import net from 'node:net'

export function dial(address: { host: string; port: number; localAddress: string }): net.Socket {
  return net.connect(address)
}
