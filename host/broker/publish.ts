// PUBLISH from a client: what it may not, and on to its subscribers (route.ts). The hot path: no
// object, string or closure is made for a QoS 0 message that everybody takes at once.

import {
  PUBREC,
  REASON_NO_MATCHING_SUBSCRIBERS,
  REASON_NOT_AUTHORIZED,
  REASON_PAYLOAD_FORMAT_INVALID,
  REASON_QOS_NOT_SUPPORTED,
  REASON_QUOTA_EXCEEDED,
  REASON_RECEIVE_MAXIMUM_EXCEEDED,
  REASON_RETAIN_NOT_SUPPORTED,
  REASON_TOPIC_NAME_INVALID,
  VERSION_5_0,
} from '../../assembly/codes.ts'
import { resolveAlias } from '../wasm/aliases.ts'
import { Records } from '../wasm/records.ts'
import type { Grant } from './access.ts'
import type { Core } from './core.ts'
import { promise } from './gate.ts'
import { onPublishHooked } from './hooked.ts'
import { type Peer, WAIT } from './peer.ts'
import { acknowledge, route } from './route.ts'
import type { Session } from './session.ts'
import type { Verdicts } from './verdicts.ts'

const PUBREC_HEAD = PUBREC << 4

/** @returns 0, WAIT, or the reason to end the connection with */
export function onPublish(core: Core, peer: Peer, record: number): number {
  const { module, options, store } = core
  const session = peer.session as Session
  const { told } = store
  const flags = Records.flags(module, record)
  const qos = (flags >> 1) & 3
  const retain = (flags & 1) !== 0
  const packetId = Records.packetId(module, record)
  if (peer.aliases !== undefined && Records.alias(module, record) !== 0) {
    const reason = resolveAlias(module, peer.aliases, record)
    if (reason !== 0) return reason
  }
  if (qos > peer.policy.qosMax) return REASON_QOS_NOT_SUPPORTED // [MQTT-3.2.2-11]
  if (retain && !options.retainAvailable) return REASON_RETAIN_NOT_SUPPORTED // [MQTT-3.2.2-14]
  if (qos === 2) {
    const { received } = session
    if (received?.has(packetId)) {
      core.counters.received.add(qos, Records.payloadLength(module, record))
      promise(store, peer, PUBREC_HEAD, packetId, 0)
      return 0
    }
    if (peer.version === VERSION_5_0 && (received?.size ?? 0) >= options.receiveMax) {
      return REASON_RECEIVE_MAXIMUM_EXCEEDED // [MQTT-3.3.4-7]
    }
  }
  const refusal = refusalOf(core, peer, record)
  if (refusal === WAIT) return WAIT
  const hook = core.hooks.publish
  if (hook !== undefined && refusal === 0) return onPublishHooked(core, peer, record, hook)
  if (refusal !== 0) {
    core.counters.publishRefused++
    core.counters.received.add(qos, Records.payloadLength(module, record))
    core.audit.refused(core.now, peer, 'publish', topicOf(core, peer, record), refusal)
    return qos === 0 ? 0 : acknowledge(core, peer, packetId, qos, refusal, told)
  }
  const message = core.messages.stage(record, peer.version)
  if (peer.mount !== undefined) core.messages.forgetPacket()
  const matched = route(core, message, session.slot, peer.source)
  if (matched === 0) core.counters.publishUnmatched++
  if (qos === 0) return 0
  if (qos === 2) {
    session.remember(packetId) // [MQTT-4.3.3-10]
    if (session.number !== 0) store.received(session, packetId)
  }
  const reason = matched === 0 ? REASON_NO_MATCHING_SUBSCRIBERS : 0
  return acknowledge(core, peer, packetId, qos, reason, told)
}

/** Why a publication may not pass, 0 if it may, or WAIT. */
function refusalOf(core: Core, peer: Peer, record: number): number {
  const { module, options } = core
  if (Records.topicIsReserved(module, record)) return REASON_NOT_AUTHORIZED // [MQTT-4.7.2-1]
  if (options.payloadFormatCheck && !Records.payloadIsWellFormed(module, record)) {
    return REASON_PAYLOAD_FORMAT_INVALID // [MQTT-3.3.2-4]
  }
  const { payloadSizeMax } = options
  if (payloadSizeMax > 0 && Records.payloadLength(module, record) > payloadSizeMax) {
    return REASON_QUOTA_EXCEEDED
  }
  if (peer.mount !== undefined && !peer.mount.enter(record)) return REASON_TOPIC_NAME_INVALID
  return peer.verdicts === undefined ? 0 : judge(core, peer, peer.verdicts, record)
}

/** The topic of a PUBLISH as the client said it. */
function topicOf({ module }: Core, { mount }: Peer, record: number): string {
  const topic = module.text(Records.topicStart(module, record), Records.topicLength(module, record))
  return mount !== undefined && topic.startsWith(mount.prefix)
    ? topic.slice(mount.prefix.length)
    : topic
}

/** What the client's grant says about the topic of a publication: 0, a reason, or WAIT. */
function judge(core: Core, peer: Peer, verdicts: Verdicts, record: number): number {
  const { module, subscriptions } = core
  const grant = peer.grant as Grant
  const start = Records.topicStart(module, record)
  const length = Records.topicLength(module, record)
  const count = subscriptions.match(start, length, (peer.session as Session).slot)
  const serial = subscriptions.serial()
  const known = verdicts.find(serial, grant.revision)
  if (known === 0) core.matched = count // for `route`
  if (known >= 0) return known
  const { revision } = grant
  const waited = peer.decisions?.[0]
  const asked = peer.decisions?.[1] ?? revision
  peer.decisions = undefined
  const prefix = peer.mount?.length ?? 0
  const answer = waited ?? grant.publish(module.text(start + prefix, length - prefix))
  if (typeof answer === 'number') {
    if (asked === revision) verdicts.add(serial, answer)
    return answer
  }
  peer.owner.wait(
    answer.then((reason) => {
      peer.decisions = [reason, revision]
    }),
  )
  return WAIT
}
