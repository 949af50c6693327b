// A publication as it passes when a hook or a listener looks at it: what publish.ts and
// handshake.ts do straight away is done here around the hook's answer, which may take time.
//
//   PUBLISH --authorize--> staged, or composed anew of what the hook made of it --> routed
//        \-> refused        --published--> acknowledged, when the hook has done with it

import {
  REASON_NO_MATCHING_SUBSCRIBERS,
  REASON_NOT_AUTHORIZED,
  REASON_PAYLOAD_FORMAT_INVALID,
  REASON_RETAIN_NOT_SUPPORTED,
  REASON_TOPIC_NAME_INVALID,
} from '../../assembly/codes.ts'
import type { Will } from '../protocol/packets.ts'
import { isReserved, Records } from '../wasm/records.ts'
import type { Core } from './core.ts'
import { ENDS, type PublishHook } from './hooks.ts'
import { type Peer, WAIT } from './peer.ts'
import { acknowledge, route } from './route.ts'
import type { Session } from './session.ts'
import { MessageView } from './view.ts'

const REASON_MASK = 0xff

/** A PUBLISH that everybody else has let pass. @returns as a handler */
export function onPublishHooked(core: Core, peer: Peer, record: number, hook: PublishHook): number {
  const session = peer.session as Session
  const qos = (Records.flags(core.module, record) >> 1) & 3
  // Staging cuts properties out of the packet: one that is taken again needs them back.
  const original = Records.hasProperties(core.module, record)
    ? Records.packet(core.module, record)
    : undefined
  const message = core.messages.stage(record, peer.version) // which counts it as received
  if (peer.mount !== undefined) core.messages.forgetPacket()
  const { judged } = peer
  peer.judged = undefined
  core.matched = -1 // the hook may have changed what matches
  const view = judged?.view ?? new MessageView(core, message, peer.mount?.prefix)
  const answer = judged?.reason ?? hook.authorize(peer, session, view)
  if (typeof answer !== 'number') {
    view.keep()
    core.counters.received.takeBack(qos, core.messages.payloadLength(message))
    if (original !== undefined) Records.restore(core.module, record, original)
    peer.owner.wait(
      answer.then((reason) => {
        peer.judged = { view, reason }
      }),
    )
    return WAIT
  }
  const packetId = Records.packetId(core.module, record)
  const own = answer === 0 && view.isChanged ? composed(core, view) : message
  view.release()
  const reason = own < 0 ? -own : answer
  if (reason !== 0) {
    core.counters.publishRefused++
    core.audit.refused(
      core.now,
      peer,
      'publish',
      core.messages.topic(message),
      reason & REASON_MASK,
    )
    if (reason >= ENDS) return reason & REASON_MASK
    return qos === 0 ? 0 : acknowledge(core, peer, packetId, qos, reason, core.store.told)
  }
  return pass(core, peer, hook, { message: own, isOwn: own !== message, qos, packetId })
}

interface Passing {
  message: number
  /** Whether the message is held by us, and to be let go of. */
  isOwn: boolean
  /** Of the packet, whatever has become of it. */
  qos: number
  packetId: number
}

function pass(core: Core, peer: Peer, hook: PublishHook, passing: Passing): number {
  const { store } = core
  const { isOwn, message, packetId, qos } = passing
  const { told } = store
  const session = peer.session as Session
  const matched = route(core, message, session.slot, peer.source)
  if (matched === 0) core.counters.publishUnmatched++
  if (qos === 2) {
    session.remember(packetId) // [MQTT-4.3.3-10]
    if (session.number !== 0) store.received(session, packetId)
  }
  const waited = hook.published(message, session, peer.mount?.prefix ?? '')
  if (isOwn) core.messages.drop(message)
  const reason = matched === 0 ? REASON_NO_MATCHING_SUBSCRIBERS : 0
  if (waited === undefined) {
    return qos === 0 ? 0 : acknowledge(core, peer, packetId, qos, reason, told)
  }
  peer.owner.wait(waited, () =>
    qos === 0 ? 0 : acknowledge(core, peer, packetId, qos, reason, told),
  )
  return WAIT
}

/** A held message of what a hook has made, or the negative reason why there can be none. */
function composed({ options }: Core, view: MessageView): number {
  const { qos, retain, topic } = view
  if (retain && !options.retainAvailable) return -REASON_RETAIN_NOT_SUPPORTED
  if (isReserved(topic)) return -REASON_NOT_AUTHORIZED
  if (qos !== 0 && qos !== 1 && qos !== 2) return -REASON_PAYLOAD_FORMAT_INVALID
  return view.compose() || -REASON_TOPIC_NAME_INVALID
}

/** A will that is due, `message` of it held; it is let go of when it is done with. */
export function publishWillHooked(
  core: Core,
  session: Session,
  hook: PublishHook,
  { message, will }: { message: number; will: Will },
): void {
  const prefix = session.mount?.prefix ?? ''
  const view = new MessageView(core, message, prefix)
  const finish = (reason: number): void => {
    const own = reason === 0 && view.isChanged ? composed(core, view) : message
    view.release()
    const refusal = own < 0 ? -own : reason & REASON_MASK
    if (refusal !== 0) core.counters.publishRefused++
    if (refusal !== 0) core.watcher?.willDropped(session, will, refusal)
    else {
      core.counters.willsPublished++
      core.matched = -1
      route(core, own, -1)
      void hook.published(own, session, prefix)
      if (own !== message) core.messages.drop(own)
    }
    core.messages.drop(message)
    if (session.number !== 0) core.store.save(session) // that it is out, in the same commit
  }
  const answer = hook.authorize(undefined, session, view)
  if (typeof answer === 'number') {
    finish(answer)
    return
  }
  void answer.then((reason) => {
    core.updateClock()
    core.defer(() => finish(reason))
    core.settle()
  })
}
