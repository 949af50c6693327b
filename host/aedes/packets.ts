// Packets as aedes gives them to handlers and listeners: plain objects in the words of mqtt-packet,
// made of what the broker shows, and what a handler has changed put back into it.

import type { SubscriptionRequest } from '../broker/hooks.ts'
import type { MessageView } from '../broker/view.ts'
import type { Connect, Properties } from '../protocol/packets.ts'

export interface PublishPacket {
  cmd?: 'publish'
  topic: string
  payload?: Buffer | string
  qos?: 0 | 1 | 2
  retain?: boolean
  dup?: boolean
  messageId?: number
  properties?: Properties
}

/** With where it came from; of a client's packet only once it is being routed. */
export interface AedesPublishPacket extends PublishPacket {
  cmd: 'publish'
  payload: Buffer
  qos: 0 | 1 | 2
  retain: boolean
  dup: boolean
  brokerId?: string
  brokerCounter?: number
  clientId?: string
}

export interface WillPacket {
  topic: string
  payload: Buffer
  qos: number
  retain: boolean
}

export interface ConnectPacket {
  cmd: 'connect'
  protocolId: string
  protocolVersion: number
  clean: boolean
  clientId: string
  keepalive: number
  username: string | undefined
  password: Buffer | undefined
  will?: WillPacket
  properties?: Properties
}

export interface ConnackPacket {
  cmd: 'connack'
  returnCode: number
  sessionPresent: boolean
}

export interface PubrelPacket {
  cmd: 'pubrel'
  messageId: number
}

export interface PingreqPacket {
  cmd: 'pingreq'
}

export interface Subscription {
  topic: string
  qos: number
  nl?: boolean
  rap?: boolean
  rh?: number
}

export interface SubscribePacket {
  cmd?: 'subscribe'
  messageId?: number
  subscriptions: Subscription[]
}

export interface UnsubscribePacket {
  cmd?: 'unsubscribe'
  messageId?: number
  unsubscriptions: string[]
}

export function connectPacket(connect: Connect): ConnectPacket {
  const { will } = connect
  return {
    cmd: 'connect',
    protocolId: connect.version === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion: connect.version,
    clean: connect.cleanStart,
    clientId: connect.clientId,
    keepalive: connect.keepAlive,
    username: connect.userName,
    password: connect.password,
    ...(will && { will: willPacket(will) }),
    ...(connect.version === 5 && { properties: connect.properties }),
  }
}

function willPacket({ payload, qos, retain, topic }: NonNullable<Connect['will']>): WillPacket {
  return { topic, payload, qos, retain }
}

/** What `preConnect` has made of a packet. */
export function adoptConnect(connect: Connect, packet: ConnectPacket): void {
  connect.cleanStart = packet.clean
  connect.clientId = packet.clientId
  connect.keepAlive = packet.keepalive
  connect.userName = packet.username
  connect.password = packet.password
}

/** Fields that are not read are not copied out of the broker's memory. */
export class ViewPacket implements AedesPublishPacket {
  readonly cmd = 'publish' as const
  dup = false
  brokerId?: string
  brokerCounter?: number
  clientId?: string
  readonly #view: MessageView

  constructor(view: MessageView) {
    this.#view = view
  }

  get topic(): string {
    return this.#view.topic
  }

  set topic(topic: string) {
    this.#view.topic = topic
  }

  get payload(): Buffer {
    return this.#view.payload
  }

  set payload(payload: Buffer | string) {
    this.#view.payload = payload
  }

  get qos(): 0 | 1 | 2 {
    return this.#view.qos
  }

  set qos(qos: 0 | 1 | 2) {
    this.#view.qos = qos
  }

  get retain(): boolean {
    return this.#view.retain
  }

  set retain(retain: boolean) {
    this.#view.retain = retain
  }

  get properties(): Properties {
    return this.#view.properties
  }
}

/** A packet that stays, for listeners. */
export function publishPacket(view: MessageView): AedesPublishPacket {
  const { payload, properties, qos, retain, topic } = view
  const packet: AedesPublishPacket = { cmd: 'publish', topic, payload, qos, retain, dup: false }
  if (Object.keys(properties).length > 0) packet.properties = properties
  return packet
}

export function subscriptionOf(request: SubscriptionRequest): Subscription {
  const { filter, noLocal, qos, retainAsPublished, retainHandling } = request
  const v5 = { nl: noLocal, rap: retainAsPublished, rh: retainHandling }
  const isPlain = !noLocal && !retainAsPublished && retainHandling === 0
  return { topic: filter, qos, ...(isPlain ? {} : v5) }
}
