// The packets that are read whole, as JavaScript objects, because they are rare: CONNECT, SUBSCRIBE
// and friends. PUBLISH and its acks never become objects on their way through the broker.

/** Properties of a packet, by the names of MQTT 5.0 section 2.2.2.2. Absent = not in the packet. */
export interface Properties {
  payloadFormatIndicator?: number
  messageExpiryInterval?: number
  contentType?: string
  responseTopic?: string
  correlationData?: Buffer
  subscriptionIdentifier?: number[]
  sessionExpiryInterval?: number
  assignedClientIdentifier?: string
  serverKeepAlive?: number
  authenticationMethod?: string
  authenticationData?: Buffer
  requestProblemInformation?: number
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
  maximumPacketSize?: number
  wildcardSubscriptionAvailable?: number
  subscriptionIdentifierAvailable?: number
  sharedSubscriptionAvailable?: number
}

/** A message as the library's face publishes it. */
export interface Publication {
  topic: string
  payload: Buffer
  qos: number
  retain: boolean
  /** Forwarded as they are; Message Expiry Interval counts from the moment of publishing. */
  properties: Properties
}

/** A message of the host's own with its properties as they go over the wire. */
export interface Parts extends Omit<Publication, 'properties'> {
  /** All but Message Expiry Interval. */
  propertyBytes: Uint8Array
  /** Seconds from the publishing on, undefined = for ever. */
  expirySeconds: number | undefined
}

/** The will of a CONNECT. MQTT 5.0 section 3.1.3.2. */
export interface Will extends Parts {
  /** Seconds between the end of the connection and the publishing, unless the client is back. */
  delaySeconds: number
}

/** CONNECT. MQTT 5.0 section 3.1. */
export interface Connect {
  /** Protocol level: 3, 4 or 5. */
  version: number
  cleanStart: boolean
  /** Seconds, 0 = none. */
  keepAlive: number
  clientId: string
  userName: string | undefined
  password: Buffer | undefined
  will: Will | undefined
  properties: Properties
}

/** One filter of a SUBSCRIBE or UNSUBSCRIBE, in the module's memory while the packet is in hand. */
export interface Item {
  start: number
  length: number
  /** Subscription options byte; 0 in UNSUBSCRIBE. */
  options: number
  /** What stands in its place. */
  filter?: string
}
