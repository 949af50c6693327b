// The packets of MQTT 3.1, 3.1.1 and 5.0 as objects, both ways: what a Decoder gives out and what
// `encode` takes. Fields that a version does not have are absent or disregarded. Nothing here runs.

/** Protocol level as CONNECT carries it: 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0. */
export type Version = 3 | 4 | 5
export type QoS = 0 | 1 | 2

/** Properties of MQTT 5.0 section 2.2.2.2. Absent = not in the packet. */
export interface Properties {
  payloadFormatIndicator?: number
  /** Seconds. */
  messageExpiryInterval?: number
  contentType?: string
  responseTopic?: string
  correlationData?: Uint8Array
  subscriptionIdentifier?: number[]
  /** Seconds. */
  sessionExpiryInterval?: number
  assignedClientIdentifier?: string
  /** Seconds. */
  serverKeepAlive?: number
  authenticationMethod?: string
  authenticationData?: Uint8Array
  requestProblemInformation?: number
  /** Seconds. */
  willDelayInterval?: number
  requestResponseInformation?: number
  responseInformation?: string
  serverReference?: string
  reasonString?: string
  receiveMaximum?: number
  topicAliasMaximum?: number
  topicAlias?: number
  maximumQos?: number
  retainAvailable?: number
  userProperties?: [name: string, value: string][]
  /** Bytes. */
  maximumPacketSize?: number
  wildcardSubscriptionAvailable?: number
  subscriptionIdentifierAvailable?: number
  sharedSubscriptionAvailable?: number
}

export interface Will {
  topic: string
  payload: Uint8Array
  qos?: QoS
  retain?: boolean
  properties?: Properties
}

export interface Connect {
  type: 'connect'
  version: Version
  clientId: string
  /** Clean session before MQTT 5; default true. */
  cleanStart?: boolean
  /** Seconds, 0 = none. */
  keepAlive?: number
  userName?: string
  password?: Uint8Array
  will?: Will
  properties?: Properties
}

export interface Connack {
  type: 'connack'
  sessionPresent?: boolean
  /** Reason code, before MQTT 5 return code. */
  reason?: number
  properties?: Properties
}

export interface Publish {
  type: 'publish'
  /** May be empty in MQTT 5 where a topic alias stands for it. */
  topic: string
  payload: Uint8Array
  qos?: QoS
  retain?: boolean
  dup?: boolean
  /** With QoS 1 and 2 only. */
  packetId?: number
  properties?: Properties
}

/** One of the four acknowledgements of a PUBLISH. */
export interface Ack {
  type: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'
  packetId: number
  reason?: number
  properties?: Properties
}

export interface Subscription {
  filter: string
  qos: QoS
  noLocal?: boolean
  retainAsPublished?: boolean
  /** 0 send retained messages, 1 only for a new subscription, 2 never. */
  retainHandling?: 0 | 1 | 2
}

export interface Subscribe {
  type: 'subscribe'
  packetId: number
  subscriptions: Subscription[]
  properties?: Properties
}

export interface Unsubscribe {
  type: 'unsubscribe'
  packetId: number
  filters: string[]
  properties?: Properties
}

export interface ItemsAck {
  type: 'suback' | 'unsuback'
  packetId: number
  /** One for each filter; an UNSUBACK has none before MQTT 5. */
  reasons: number[]
  properties?: Properties
}

export interface Ping {
  type: 'pingreq' | 'pingresp'
}

/** DISCONNECT, and AUTH of MQTT 5. */
export interface Closing {
  type: 'disconnect' | 'auth'
  reason?: number
  properties?: Properties
}

export type Packet =
  | Connect
  | Connack
  | Publish
  | Ack
  | Subscribe
  | Unsubscribe
  | ItemsAck
  | Ping
  | Closing
