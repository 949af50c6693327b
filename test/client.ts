// A raw MQTT client for tests, over TCP or WebSocket: it sends whatever a test asks for, legal or
// not, and hands back every packet in the order received. Packets go through the npm package
// mqtt-packet, never through our own codec, so that a mistake there cannot hide itself. It knows
// nothing about the broker under test.

import {
  generate,
  type ISubscription,
  type Packet,
  type PacketCmd,
  type Parser,
  parser,
} from 'mqtt-packet'
import { describe, frameSize, openTcp, openWebSocket, plain, type Wire } from './wire.ts'

const PATIENCE_MS = 10_000
const MALFORMED = 'the broker sent a malformed packet'

export type PacketOf<C extends PacketCmd> = Extract<Packet, { cmd: C }>
/** Fields may be left out; what mqtt-packet refuses to write goes out by `sendBytes`. */
export type Outgoing = { [C in PacketCmd]: Partial<PacketOf<C>> & { cmd: C } }[PacketCmd]
export type Ack = PacketOf<'puback' | 'pubrec' | 'pubcomp'>

/** Where to connect: with a `path` over WebSocket (subprotocol mqtt), else over TCP. */
export interface Target {
  port: number
  host?: string
  path?: string
  version?: 3 | 4 | 5
  /** Send PUBACK, PUBREC, PUBCOMP unasked and keep PUBRELs from the test. Default true. */
  autoAck?: boolean
  /** How long any one wait may last before it fails the test. */
  patienceMs?: number
}

/** Fields of CONNECT. Defaults: a clientId of its own, clean, keep-alive 0. */
export interface Connect extends Omit<Partial<PacketOf<'connect'>>, 'cmd' | 'password'> {
  password?: string | Buffer
}

export interface Publish extends Partial<Omit<PacketOf<'publish'>, 'cmd'>> {
  topic: string
}

export interface SubscribeOptions extends Partial<Omit<ISubscription, 'topic'>> {
  messageId?: number
  properties?: NonNullable<PacketOf<'subscribe'>['properties']>
}

interface Waiter {
  /** True when it took the packet. */
  take(packet: Packet): boolean
  close(): void
}

export class RawClient {
  static #count = 0
  readonly version: 3 | 4 | 5
  /** The bytes of every packet received, CONNACK included, one Buffer a packet. */
  readonly received: Buffer[] = []
  /** Undefined until `handshake` has returned. */
  connack: PacketOf<'connack'> | undefined
  readonly #autoAck: boolean
  readonly #patienceMs: number
  readonly #parser: Parser
  readonly #queue: Packet[] = []
  readonly #claims = new Set<Waiter>()
  readonly #readers = new Set<Waiter>()
  #wire!: Wire
  #tail: Buffer = Buffer.alloc(0)
  #ended = false
  #failure: Error | undefined
  #lastId = 0

  private constructor(target: Target) {
    this.version = target.version ?? 5
    this.#autoAck = target.autoAck ?? true
    this.#patienceMs = target.patienceMs ?? PATIENCE_MS
    this.#parser = parser({ protocolVersion: this.version })
    this.#parser.on('packet', (packet) => this.#onPacket(packet))
    this.#parser.on('error', (error: Error) => this.#fail(`${MALFORMED}: ${error.message}`))
  }

  /** Only opens the socket; nothing is sent. */
  static async open(target: Target): Promise<RawClient> {
    const client = new RawClient(target)
    client.#wire = await (target.path === undefined ? openTcp : openWebSocket)(
      target,
      (chunk) => client.#onData(chunk),
      () => client.#onClose(),
    )
    return client
  }

  /** Rejects unless CONNACK accepts; to see a refusal, use `open` and `handshake`. */
  static async connect(options: Target & Connect): Promise<RawClient> {
    const client = await RawClient.open(options)
    const { returnCode = 0, reasonCode = 0 } = await client.handshake(options)
    if (returnCode === 0 && reasonCode === 0) return client
    client.drop()
    throw new Error(`connection refused: ${describe([client.connack as Packet])}`)
  }

  /** Sends CONNECT and returns the CONNACK, whatever it says. */
  async handshake(options: Partial<Target> & Connect = {}): Promise<PacketOf<'connack'>> {
    const { host, port, path, version, autoAck, patienceMs, ...fields } = options
    const defaults = { clientId: `client-${++RawClient.#count}`, clean: true, keepalive: 0 }
    this.send({ ...defaults, ...(fields as Partial<PacketOf<'connect'>>), cmd: 'connect' })
    this.connack = await this.next('connack')
    return this.connack
  }

  send(packet: Outgoing): void {
    const protocolVersion = this.version
    const protocolId = protocolVersion === 3 ? 'MQIsdp' : 'MQTT'
    const whole = packet.cmd === 'connect' ? { protocolId, protocolVersion, ...packet } : packet
    this.sendBytes(generate(whole as Packet, { protocolVersion }))
  }

  sendBytes(bytes: Uint8Array): void {
    this.#wire.write(bytes)
  }

  /** The next packet in the order received, which must be a `cmd` when that is given. */
  next(): Promise<Packet>
  next<C extends PacketCmd>(cmd: C): Promise<PacketOf<C>>
  async next(cmd?: PacketCmd): Promise<Packet> {
    const what = cmd ?? 'packet'
    const packet = this.#queue.shift() ?? (await this.#wait(this.#readers, what, (found) => found))
    if (cmd === undefined || packet.cmd === cmd) return packet
    throw new Error(`expected ${cmd}, received ${describe([packet, ...this.#queue])}`)
  }

  /** The first `cmd` (with that packet id), past other packets, which stay unread and in order. */
  async take<C extends PacketCmd>(cmd: C, messageId?: number): Promise<PacketOf<C>> {
    const fits = (packet: Packet): boolean =>
      packet.cmd === cmd && (messageId === undefined || packet.messageId === messageId)
    const at = this.#queue.findIndex(fits)
    if (at >= 0) return this.#queue.splice(at, 1)[0] as PacketOf<C>
    const what = messageId === undefined ? cmd : `${cmd} ${messageId}`
    const found = await this.#wait(this.#claims, what, (packet) => (fits(packet) ? packet : null))
    return found as PacketOf<C>
  }

  /**
   * Sends PINGREQ and returns the unread packets that came before the PINGRESP. What another client
   * has published is among them for certain only if that client has its ack, or for QoS 0 has
   * passed a barrier itself.
   */
  barrier(): Promise<Packet[]> {
    this.send({ cmd: 'pingreq' })
    // The queue is emptied while the PINGRESP is being handled: what follows it in the same chunk
    // stays.
    return this.#wait(this.#claims, 'pingresp', (packet) =>
      packet.cmd === 'pingresp' ? this.#queue.splice(0) : null,
    )
  }

  /** Fails if any packet is unread before the PINGRESP of a barrier. */
  async expectNothing(): Promise<void> {
    const packets = await this.barrier()
    if (packets.length > 0) throw new Error(`expected nothing, received ${describe(packets)}`)
  }

  /** At the end of the connection, what nobody has read (and still can read). */
  get closed(): Promise<Packet[]> {
    const never = (): null => null
    return this.#wait(this.#claims, 'end of the connection', never, () => [...this.#queue])
  }

  /** One filter or several; QoS 0 unless said. */
  async subscribe(
    filters: string | ISubscription[],
    options: SubscribeOptions = {},
  ): Promise<PacketOf<'suback'>> {
    const { messageId = this.nextId(), properties, ...rest } = options
    const subscriptions =
      typeof filters === 'string' ? [{ qos: 0, ...rest, topic: filters } as const] : filters
    this.send({ cmd: 'subscribe', messageId, subscriptions, ...(properties && { properties }) })
    return this.take('suback', messageId)
  }

  async unsubscribe(...unsubscriptions: string[]): Promise<PacketOf<'unsuback'>> {
    const messageId = this.nextId()
    this.send({ cmd: 'unsubscribe', messageId, unsubscriptions })
    return this.take('unsuback', messageId)
  }

  /** QoS 0: [], QoS 1: [puback], QoS 2: [pubrec, pubcomp] or [pubrec] with an error. */
  async publish(message: Publish): Promise<Ack[]> {
    const { qos = 0, messageId = qos === 0 ? 0 : this.nextId(), ...fields } = message
    this.send({ cmd: 'publish', payload: '', ...fields, qos, ...(qos > 0 && { messageId }) })
    if (qos === 0) return []
    if (qos === 1) return [await this.take('puback', messageId)]
    const pubrec = await this.take('pubrec', messageId)
    if ((pubrec.reasonCode ?? 0) >= 0x80) return [pubrec]
    this.send({ cmd: 'pubrel', messageId })
    return [pubrec, await this.take('pubcomp', messageId)]
  }

  /** Sends DISCONNECT, ends the socket and returns what was unread then. */
  disconnect(
    reasonCode = 0,
    properties?: NonNullable<PacketOf<'disconnect'>['properties']>,
  ): Promise<Packet[]> {
    this.send({ cmd: 'disconnect', reasonCode, ...(properties && { properties }) })
    this.#wire.end()
    return this.closed
  }

  /** Destroys the socket without DISCONNECT, as a client that dies does. */
  drop(): void {
    this.#wire.destroy()
  }

  nextId(): number {
    return ++this.#lastId
  }

  #onData(chunk: Buffer): void {
    this.#tail = this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk])
    let size = frameSize(this.#tail)
    while (size > 0 && size <= this.#tail.length && !this.#failure) {
      const frame = this.#tail.subarray(0, size)
      this.#tail = this.#tail.subarray(size)
      this.received.push(frame)
      this.#parse(frame)
      size = frameSize(this.#tail)
    }
    if (size < 0) this.#fail(`${MALFORMED}: a remaining length of more than 4 bytes`)
  }

  #parse(frame: Buffer): void {
    try {
      this.#parser.parse(frame)
    } catch (error) {
      this.#fail(`${MALFORMED}: ${error}`)
    }
  }

  #onPacket(parsed: Packet): void {
    const packet = plain(parsed)
    if ((packet.messageId ?? 1) <= 0) this.#fail(`${MALFORMED}: packet id ${packet.messageId}`)
    if (this.#failure) return
    if (this.#autoAck && this.#acknowledge(packet)) return
    for (const waiters of [this.#claims, this.#readers]) {
      for (const waiter of waiters) if (waiter.take(packet)) return
    }
    this.#queue.push(packet)
  }

  /** True when the test is not to see the packet. */
  #acknowledge(packet: Packet): boolean {
    const messageId = packet.messageId as number
    if (packet.cmd === 'publish' && packet.qos === 1) this.send({ cmd: 'puback', messageId })
    if (packet.cmd === 'publish' && packet.qos === 2) this.send({ cmd: 'pubrec', messageId })
    if (packet.cmd === 'pubrel') this.send({ cmd: 'pubcomp', messageId })
    return packet.cmd === 'pubrel'
  }

  #fail(message: string): void {
    this.#failure = new Error(`${message}: ${this.received.at(-1)?.toString('hex') ?? ''}`)
    this.#wire.destroy()
  }

  #onClose(): void {
    this.#ended = true
    for (const waiter of [...this.#claims, ...this.#readers]) waiter.close()
  }

  /** For a packet of which `pick` makes something, or the connection's end if `ended`. */
  #wait<T>(
    among: Set<Waiter>,
    what: string,
    pick: (packet: Packet) => T | null,
    ended?: () => T,
  ): Promise<T> {
    const vain = (why: string): Error =>
      this.#failure ?? new Error(`${why} ${what}; unread: ${describe(this.#queue)}`)
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(timer)
        among.delete(waiter)
        settle()
      }
      const late = (): void => reject(vain(`waited ${this.#patienceMs} ms in vain for`))
      const timer = setTimeout(() => done(late), this.#patienceMs)
      const waiter: Waiter = {
        take: (packet) => {
          const found = pick(packet)
          if (found !== null) done(() => resolve(found))
          return found !== null
        },
        close: () => {
          if (ended && !this.#failure) done(() => resolve(ended()))
          else done(() => reject(vain('the connection closed before')))
        },
      }
      among.add(waiter)
      if (this.#ended) waiter.close()
    })
  }
}
