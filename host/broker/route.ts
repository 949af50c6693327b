// The routing of any message to its subscribers, and what its publisher is answered. On the hot
// path: no object, string or closure is made for a QoS 0 message that everybody takes at once.

import { PUBACK, PUBREC } from '../../assembly/codes.ts'
import { Rows } from '../wasm/topics.ts'
import type { Core } from './core.ts'
import { answer, promise } from './gate.ts'
import type { Peer } from './peer.ts'
import type { Source } from './retained.ts'

const PUBACK_HEAD = PUBACK << 4
const PUBREC_HEAD = PUBREC << 4

/**
 * Gives a message to everyone subscribed to its topic, and keeps it if it was published with
 * RETAIN.
 * @param message staged or held; a held one stays the caller's
 * @param publisher slot of the session that published it, -1 = none
 * @param source whether its publisher may do that later, remembered with a retained message
 * @returns how many subscribers it matched
 */
export function route(core: Core, message: number, publisher: number, source?: Source): number {
  const { messages, module, sessions, subscriptions } = core
  const qos = messages.qos(message)
  const retain = messages.isRetained(message)
  let count = core.matched
  core.matched = -1
  if (retain) core.retained.set(message, source) // [MQTT-3.3.1-5]
  if (retain || count < 0) {
    const start = messages.topicStart(message)
    count = subscriptions.match(start, messages.topicLength(message), publisher)
  }
  let row = subscriptions.rows()
  for (let i = 0; i < count; i++) {
    const subscriber = sessions.at(Rows.subscriber(module, row))
    subscriber?.deliver(message, qos, retain, Rows.options(module, row), row)
    row += Rows.size
  }
  core.dropTwin()
  if (core.pressure.met > 0) core.pressure.judge(count)
  core.deliveries += count
  return count
}

/**
 * PUBACK or PUBREC, after the commit if the publication told the store something since it stood at
 * `told`. [MQTT-4.3.2-4] [MQTT-4.3.3-8]
 */
export function acknowledge(
  core: Core,
  peer: Peer,
  packetId: number,
  qos: number,
  reason: number,
  told: number,
): number {
  const head = qos === 1 ? PUBACK_HEAD : PUBREC_HEAD
  if (core.store.told === told) answer(peer, head, packetId, reason)
  else promise(core.store, peer, head, packetId, reason)
  return 0
}
