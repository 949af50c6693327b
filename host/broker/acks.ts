// PUBACK, PUBREC, PUBREL, PUBCOMP from a client. Each answers 0: an ack for an identifier that is
// not in flight ends no connection. MQTT 5.0 section 4.3.

import {
  PUBCOMP,
  PUBREL,
  REASON_PACKET_IDENTIFIER_NOT_FOUND,
  REASON_UNSPECIFIED_ERROR,
} from '../../assembly/codes.ts'
import { Records } from '../wasm/records.ts'
import type { Core } from './core.ts'
import { answer, promise } from './gate.ts'
import { SENT_1, SENT_2 } from './inflight.ts'
import type { Peer } from './peer.ts'
import type { Session } from './session.ts'

const PUBREL_HEAD = (PUBREL << 4) | 2 // [MQTT-3.6.1-1]
const PUBCOMP_HEAD = PUBCOMP << 4

export function onPuback(core: Core, peer: Peer, record: number): number {
  const session = peer.session as Session
  const id = Records.packetId(core.module, record)
  const { inflight } = session
  if (core.watcher !== undefined && inflight.state(id) === SENT_1) {
    core.watcher.acked(session, id, 1, inflight.message(id))
  }
  session.acknowledge(id, SENT_1)
  return 0
}

export function onPubrec(core: Core, peer: Peer, record: number): number {
  const session = peer.session as Session
  const id = Records.packetId(core.module, record)
  if (Records.reason(core.module, record) >= REASON_UNSPECIFIED_ERROR) {
    session.acknowledge(id, SENT_2) // [MQTT-4.3.3-4]: refused, and done with
    return 0
  }
  const reason = session.receive(id) ? 0 : REASON_PACKET_IDENTIFIER_NOT_FOUND
  // Else a crash would forget that the message is the client's, and send it once more.
  if (session.number === 0) answer(peer, PUBREL_HEAD, id, reason)
  else promise(core.store, peer, PUBREL_HEAD, id, reason)
  return 0
}

export function onPubrel(core: Core, peer: Peer, record: number): number {
  const id = Records.packetId(core.module, record)
  const session = peer.session as Session
  const reason = session.received?.delete(id) ? 0 : REASON_PACKET_IDENTIFIER_NOT_FOUND
  if (session.number === 0) {
    answer(peer, PUBCOMP_HEAD, id, reason) // [MQTT-4.3.3-11]
    return 0
  }
  if (reason === 0) core.store.forgotten(session, id)
  promise(core.store, peer, PUBCOMP_HEAD, id, reason) // [MQTT-4.3.3-11]
  return 0
}

export function onPubcomp(core: Core, peer: Peer, record: number): number {
  const session = peer.session as Session
  const id = Records.packetId(core.module, record)
  if (session.complete(id)) core.watcher?.acked(session, id, 2, 0)
  return 0
}
