// The broker's events as aedes' events: the same names, the arguments the other way round where
// aedes has them so, and the messages below `$SYS/ID/` that go with them.

import type { EventEmitter } from 'node:events'
import type { Broker, Client as BrokerClient, EventListener } from '../index.ts'
import type { Client } from './client.ts'
import { type AedesPublishPacket, publishPacket, type Subscription } from './packets.ts'

/** What events are told to: an `Aedes`. */
interface Told extends EventEmitter {
  readonly clients: Record<string, Client>
  announce(topic: string, payload: string): void
  stamp(packet: AedesPublishPacket): AedesPublishPacket
  subscribed(client: Client, subscriptions: Subscription[]): void
  unsubscribed(client: Client, filters: readonly string[]): void
}

type Known = (client: BrokerClient) => Client | undefined

/** Tells `aedes` from now on what happens in `broker`. */
export function relay(broker: Broker, aedes: Told, known: Known): void {
  relayLife(broker, aedes, known)
  relayErrors(broker, aedes, known)
  broker.on('subscribe', (results, client) => {
    const subscriptions = results.map(({ filter, reason }) => ({
      topic: filter,
      qos: reason >= 0x80 ? 128 : reason,
    }))
    aedes.subscribed(known(client) as Client, subscriptions)
  })
  broker.on('unsubscribe', (filters, client) => {
    aedes.unsubscribed(known(client) as Client, [...filters])
  })
  broker.on('ping', (client) => aedes.emit('ping', { cmd: 'pingreq' }, known(client)))
  relayMessages(broker, aedes, known)
}

function relayLife(broker: Broker, aedes: Told, known: Known): void {
  broker.on('client', (brokerClient) => {
    const client = known(brokerClient) as Client
    const { cleanStart, id, version } = brokerClient
    Object.assign(client, { id, clean: cleanStart, version })
    aedes.clients[id] = client
    aedes.emit('client', client)
    aedes.announce('new/clients', id)
  })
  broker.on('connackSent', ({ sessionPresent }, client) => {
    const connack = { cmd: 'connack', returnCode: 0, sessionPresent }
    aedes.emit('connackSent', connack, known(client))
  })
  broker.on('clientReady', (brokerClient) => {
    const client = known(brokerClient) as Client
    client.connecting = false
    client.connected = brokerClient.connected
    for (const filter of brokerClient.subscriptions) client.subscriptions[filter] ??= { qos: 0 }
    aedes.emit('clientReady', client)
    client.emit('connected')
  })
  broker.on('clientDisconnect', (brokerClient) => {
    const client = known(brokerClient) as Client
    const id = client.id as string
    Object.assign(client, { closed: true, connected: false, connecting: false, will: null })
    if (aedes.clients[id] === client) delete aedes.clients[id]
    aedes.emit('clientDisconnect', client)
    aedes.announce('disconnect/clients', id)
    if (client.clean) aedes.unsubscribed(client, Object.keys(client.subscriptions))
  })
}

function relayErrors(broker: Broker, aedes: Told, known: Known): void {
  const tell = (brokerClient: BrokerClient, error: Error): void => {
    const client = known(brokerClient) as Client
    const { errorCode: returnCode } = error as { errorCode?: number }
    if (returnCode !== undefined) {
      const connack = { cmd: 'connack', returnCode, sessionPresent: false }
      aedes.emit('connackSent', connack, client)
    }
    Object.assign(client, { closed: true, connecting: false })
    aedes.emit(client.id === null ? 'connectionError' : 'clientError', client, error)
    client.emit('error', error)
  }
  broker.on('clientError', tell)
  broker.on('connectionError', tell)
  broker.on('keepaliveTimeout', (client) => aedes.emit('keepaliveTimeout', known(client)))
}

/** What costs something for each message is asked for only while somebody listens. */
function relayMessages(broker: Broker, aedes: Told, known: Known): void {
  const publish: EventListener<'publish'> = (message, client) => {
    const packet = aedes.stamp(publishPacket(message))
    if (client !== undefined) packet.clientId = client.id
    aedes.emit('publish', packet, client === undefined ? null : known(client))
  }
  const ack: EventListener<'ack'> = ({ message, packetId, qos }, client) => {
    const pubrel = { cmd: 'pubrel', messageId: packetId }
    const kept = message && { ...aedes.stamp(publishPacket(message)), messageId: packetId }
    aedes.emit('ack', qos === 2 ? pubrel : kept, known(client))
  }
  const attach = (): void => {
    broker.off('publish', publish)
    broker.off('ack', ack)
    if (aedes.listenerCount('publish') > 0) broker.on('publish', publish)
    if (aedes.listenerCount('ack') > 0) broker.on('ack', ack)
  }
  attach()
  // The listener is added after this is told.
  aedes.on('newListener', (name: string) => {
    if (name === 'publish' && aedes.listenerCount(name) === 0) broker.on('publish', publish)
    if (name === 'ack' && aedes.listenerCount(name) === 0) broker.on('ack', ack)
  })
  aedes.on('removeListener', attach)
}
