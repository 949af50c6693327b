// Which handler takes which packet, and which packets have no business here. Called by the
// connection for each record; answers 0, CLOSE, WAIT, or the reason to end the connection with.

import {
  AUTH,
  CONNECT,
  DISCONNECT,
  PINGREQ,
  PUBACK,
  PUBCOMP,
  PUBLISH,
  PUBREC,
  PUBREL,
  REASON_PROTOCOL_ERROR,
  SUBSCRIBE,
  UNSUBSCRIBE,
} from '../../assembly/codes.ts'
import { Records } from '../wasm/records.ts'
import { onPuback, onPubcomp, onPubrec, onPubrel } from './acks.ts'
import { onAuth, onConnect } from './admission.ts'
import type { Core } from './core.ts'
import { onDisconnect } from './handshake.ts'
import type { Outbox } from './outbox.ts'
import type { Peer } from './peer.ts'
import { onPublish } from './publish.ts'
import type { Session } from './session.ts'
import { onSubscribe, onUnsubscribe } from './subscribe.ts'

export function dispatch(core: Core, peer: Peer, record: number): number {
  const error = Records.error(core.module, record)
  const type = Records.type(core.module, record)
  if (error !== 0) {
    if (type === CONNECT && peer.session !== undefined) return REASON_PROTOCOL_ERROR // [MQTT-3.1.0-2]
    // A faulty CONNECT is answered as far as it told its version.
    if (type === CONNECT && peer.version === 0) peer.version = Records.connectLevel(core.module)
    return Records.reason(core.module, record)
  }
  if (peer.session === undefined) {
    if (peer.method !== undefined && type === AUTH) return onAuth(core, peer, record) // [MQTT-3.1.4-6]
    if (type !== CONNECT || peer.method !== undefined) return REASON_PROTOCOL_ERROR // [MQTT-3.1.0-1]
    return onConnect(core, peer, record)
  }
  switch (type) {
    case PUBLISH:
      return onPublish(core, peer, record)
    case PUBACK:
      return onPuback(core, peer, record)
    case PUBREC:
      return onPubrec(core, peer, record)
    case PUBREL:
      return onPubrel(core, peer, record)
    case PUBCOMP:
      return onPubcomp(core, peer, record)
    case SUBSCRIBE:
      return onSubscribe(core, peer, record)
    case UNSUBSCRIBE:
      return onUnsubscribe(core, peer, record)
    case PINGREQ:
      return onPingreq(core, peer)
    case DISCONNECT:
      return onDisconnect(core, peer, record)
    case AUTH:
      return onAuth(core, peer, record)
    default: // a second CONNECT [MQTT-3.1.0-2]
      return REASON_PROTOCOL_ERROR
  }
}

function onPingreq({ watcher }: Core, peer: Peer): number {
  const { gate } = peer
  if (watcher !== undefined) watcher.pinged(peer.session as Session)
  const pong = () => (peer.outbox as Outbox).pong() // [MQTT-3.12.4-1]
  if (gate?.isGreeting) gate.followWork({ run: pong })
  else pong()
  return 0
}
