// The face `wasmqtt/aedes`: this broker with the interface of aedes 1.x, so that an application
// changes one line to use it. The list of exports, and nothing else.

export { Aedes, type DeliverFunction } from './aedes/broker.ts'
export { Client } from './aedes/client.ts'
export type { AuthenticateError, Handlers } from './aedes/handlers.ts'
export type { AedesOptions } from './aedes/options.ts'
export type {
  AedesPublishPacket,
  ConnackPacket,
  ConnectPacket,
  PingreqPacket,
  PublishPacket,
  PubrelPacket,
  SubscribePacket,
  Subscription,
  UnsubscribePacket,
} from './aedes/packets.ts'
