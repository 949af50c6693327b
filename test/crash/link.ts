// One MQTT connection of the crash suite: packets out, packets to a handler, and the news that it
// is over. Packets go through the npm package mqtt-packet. Knows nothing of sessions or rounds.

import { connect, type Socket } from 'node:net'
import { generate, type IConnectPacket, type Packet, type Parser, parser } from 'mqtt-packet'

const SESSION_SECONDS = 100_000

export interface LinkHandler {
  onPacket(packet: Packet): void
  onClosed(): void
}

export interface LinkOptions {
  port: number
  clientId: string
  version: 4 | 5
  clean?: boolean
  will?: NonNullable<IConnectPacket['will']>
}

/** Connects at once; everything comes through the handler. */
export class Link {
  isOpen = true
  readonly #socket: Socket
  readonly #version: 4 | 5
  readonly #parser: Parser

  constructor(options: LinkOptions, handler: LinkHandler) {
    const { clientId, port, version, clean = false, will } = options
    this.#version = version
    this.#parser = parser({ protocolVersion: version })
    this.#parser.on('packet', (packet) => {
      if (this.isOpen) handler.onPacket(packet)
    })
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (chunk) => this.#parser.parse(chunk))
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      const wasOpen = this.isOpen
      this.isOpen = false
      if (wasOpen) handler.onClosed()
    })
    this.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: version,
      clientId,
      clean,
      keepalive: 0,
      ...(version === 5 ? { properties: { sessionExpiryInterval: SESSION_SECONDS } } : {}),
      ...(will === undefined ? {} : { will }),
    })
  }

  send(packet: Packet): void {
    if (this.isOpen) this.#socket.write(generate(packet, { protocolVersion: this.#version }))
  }

  /** Goes without a word, and without `onClosed`. */
  drop(): void {
    this.isOpen = false
    this.#socket.destroy()
  }
}
