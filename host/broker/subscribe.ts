// SUBSCRIBE and UNSUBSCRIBE: the session's subscriptions, the trie's, and the answers. The SUBACK
// goes before the retained messages it causes.

import {
  OPTION_NO_LOCAL,
  OPTION_QOS_MASK,
  OPTION_RETAIN_AS_PUBLISHED,
  OPTION_RETAIN_HANDLING_MASK,
  OPTION_RETAIN_HANDLING_SHIFT,
  REASON_NO_SUBSCRIPTION_EXISTED,
  REASON_PACKET_TOO_LARGE,
  REASON_QUOTA_EXCEEDED,
  REASON_TOPIC_FILTER_INVALID,
  SUBACK,
  SUBACK_FAILURE,
  UNSUBACK,
  VERSION_5_0,
} from '../../assembly/codes.ts'
import type { Item } from '../protocol/packets.ts'
import { isFilter } from '../wasm/check.ts'
import { Records } from '../wasm/records.ts'
import type { Core } from './core.ts'
import { promiseWork } from './gate.ts'
import { ENDS, type SubscriptionRequest, type SubscriptionResult } from './hooks.ts'
import type { Outbox } from './outbox.ts'
import { type Peer, type Requested, WAIT } from './peer.ts'
import type { Session } from './session.ts'

const SHARE = '$share/'
// Nodes that the filters of one SUBSCRIBE may make the tries visit; the rest are refused.
const WALK_MAX = 2_000_000
const REPLACED = 1
const REASON_MASK = 0xff
const RETAIN_IF_NEW = 1
const RETAIN_NEVER = 2

/** @returns 0, WAIT, or the reason to end the connection with */
export function onSubscribe(core: Core, peer: Peer, record: number): number {
  const { codec, messages, module, store } = core
  const session = peer.session as Session
  const { told } = store
  if (Records.items(module, record) > Records.itemsMax) return REASON_QUOTA_EXCEEDED
  const identifier = codec.readProperties(record).subscriptionIdentifier?.[0] ?? 0
  const items = codec.readItems(record)
  const decisions = judge(core, peer, items)
  if (decisions === WAIT) return WAIT
  const asked = consult(core, peer, items, decisions)
  if (asked === WAIT) return WAIT
  const end = asked?.reasons.find((reason) => reason >= ENDS)
  if (end !== undefined) return end & REASON_MASK
  const reasons = new Uint8Array(items.length)
  const retained: { handles: Int32Array; qos: number }[] = []
  let waiting = session.retainedWaiting
  items.forEach((item, i) => {
    const decision = decisions?.[i] || asked?.reasons[i] || 0
    const request = { identifier, waiting, qosMax: peer.policy.qosMax }
    const { reason, handles } =
      decision === 0 ? subscribe(core, session, item, request) : { reason: decision }
    if (reason >= SUBACK_FAILURE) refused(core, peer, item, reason)
    const failed = reason >= SUBACK_FAILURE && peer.version !== VERSION_5_0
    reasons[i] = failed ? SUBACK_FAILURE : reason
    if (handles === undefined) return
    retained.push({ handles, qos: reason })
    waiting += handles.length
  })
  const packetId = Records.packetId(module, record)
  const results = core.watcher && items.map((item, i) => resultOf(core, item, reasons[i] as number))
  const run = (): void => {
    if (!respond(core, peer, SUBACK, packetId, reasons)) return // [MQTT-3.8.4-1]
    if (results !== undefined) core.watcher?.subscribed(session, results)
    for (const { handles, qos } of retained) session.addRetained(handles, qos, identifier)
  }
  const discard = (): void => {
    for (const { handles } of retained) for (const handle of handles) messages.drop(handle)
  }
  promiseWork(store, peer, { run, discard }, told)
  return 0
}

/** SUBACK or UNSUBACK. @returns whether the client takes so large a packet */
function respond(
  core: Core,
  peer: Peer,
  type: typeof SUBACK | typeof UNSUBACK,
  packetId: number,
  reasons: Uint8Array,
): boolean {
  const { start, length } = core.codec.itemsAck(type, peer.version, packetId, reasons)
  const fits = (peer.outbox as Outbox).append(start, length)
  if (!fits) peer.owner.fail(REASON_PACKET_TOO_LARGE)
  return fits
}

/** What the filters of one SUBSCRIBE have in common. */
interface Request {
  identifier: number
  /** Retained messages already waiting for the session. */
  waiting: number
  qosMax: number
}

interface Subscribed {
  /** Granted QoS, or a reason why not. */
  reason: number
  /** Retained messages it asks for. */
  handles?: Int32Array
}

function subscribe(core: Core, session: Session, item: Item, request: Request): Subscribed {
  const { identifier } = request
  if (core.module.walked() > WALK_MAX) return { reason: REASON_QUOTA_EXCEEDED }
  const qos = Math.min(item.options & OPTION_QOS_MASK, request.qosMax) // [MQTT-3.8.4-7]
  const options = (item.options & ~OPTION_QOS_MASK) | qos
  const filter = filterOf(core, session, item)
  const handling = (options & OPTION_RETAIN_HANDLING_MASK) >> OPTION_RETAIN_HANDLING_SHIFT
  const mayAsk = handling !== RETAIN_NEVER && !filter.startsWith(SHARE) // [MQTT-3.3.1-11]
  if (mayAsk && request.waiting >= core.options.retainedWaitingMax) {
    return { reason: REASON_QUOTA_EXCEEDED }
  }
  const result = core.subscriptions.tryInsert(filter, session.slot, options, identifier)
  if (result < 0) return { reason: REASON_QUOTA_EXCEEDED } // decode has judged the filter
  session.subscriptions.set(filter, { options, identifier }) // [MQTT-3.8.4-3]
  if (session.number !== 0) core.store.subscribed(session, filter, options, identifier)
  core.options.log?.('debug', 'subscribed', { client: session.id, filter, qos })
  const isAgain = handling === RETAIN_IF_NEW && result === REPLACED
  if (!mayAsk || isAgain) return { reason: qos } // [MQTT-3.3.1-10]
  return { reason: qos, handles: core.retained.takeText(filter) } // [MQTT-3.3.1-9]
}

function refused(core: Core, peer: Peer, item: Item, reason: number): void {
  core.counters.subscribeRefused++
  core.audit.refused(core.now, peer, 'subscribe', textOf(core, item), reason)
}

/** The filter under which it is really subscribed to. */
function filterOf(core: Core, session: Session, item: Item): string {
  const filter = textOf(core, item)
  return session.mount === undefined ? filter : session.mount.filter(filter)
}

/** What the client's grant says about each filter, undefined = everything may be; or WAIT. */
function judge(
  core: Core,
  peer: Peer,
  items: readonly Item[],
): readonly number[] | typeof WAIT | undefined {
  const { decisions, grant } = peer
  peer.decisions = undefined
  if (grant === undefined || decisions !== undefined) return decisions
  const answers = items.map((item) => grant.subscribe(core.module.text(item.start, item.length)))
  if (answers.every((answer) => typeof answer === 'number')) return answers
  peer.owner.wait(
    Promise.all(answers).then((all) => {
      peer.decisions = all
    }),
  )
  return WAIT
}

/** As a SUBSCRIBE of the client would, without an answer. @returns granted QoS or a reason */
export function subscribeFor(core: Core, session: Session, filter: string, qos: number): number {
  if (!isFilter(core.module, filter)) return REASON_TOPIC_FILTER_INVALID
  const item = { start: 0, length: 0, options: qos, filter }
  const request = { identifier: 0, waiting: session.retainedWaiting, qosMax: 2 }
  const { reason, handles } = subscribe(core, session, item, request)
  if (handles !== undefined) session.addRetained(handles, reason, 0)
  return reason
}

/** As an UNSUBSCRIBE of the client would, without an answer. @returns whether there was one */
export function unsubscribeFor(core: Core, session: Session, filter: string): boolean {
  return unsubscribe(core, session, { start: 0, length: 0, options: 0, filter })
}

/** Asks the hook about what nobody else refuses, and puts what it changes into the items. */
function consult(
  core: Core,
  peer: Peer,
  items: readonly Item[],
  decisions: readonly number[] | undefined,
): Requested | typeof WAIT | undefined {
  const { subscribe: hook } = core.hooks
  if (hook === undefined) return undefined
  const { requested } = peer
  peer.requested = undefined
  if (requested !== undefined) return adopted(core, items, requested)
  const requests = items.map((item) => requestOf(core, item))
  const answers = requests.map((request, i) => (decisions?.[i] ? 0 : hook(peer, request)))
  if (answers.every((answer) => typeof answer === 'number')) {
    return adopted(core, items, { requests, reasons: answers })
  }
  peer.owner.wait(
    Promise.all(answers).then((reasons) => {
      peer.requested = { requests, reasons }
    }),
  )
  return WAIT
}

/** @returns `requested`, in which what the hook made invalid is refused */
function adopted(core: Core, items: readonly Item[], requested: Requested): Requested {
  const reasons = requested.requests.map(({ filter, qos }, i) => {
    const item = items[i] as Item
    const isValid = filter === textOf(core, item) || isFilter(core.module, filter)
    if (!isValid || ![0, 1, 2].includes(qos)) return REASON_TOPIC_FILTER_INVALID
    item.filter = filter
    item.options = (item.options & ~OPTION_QOS_MASK) | qos
    return requested.reasons[i] as number
  })
  return { ...requested, reasons }
}

function requestOf(core: Core, item: Item): SubscriptionRequest {
  const { options } = item
  return {
    filter: textOf(core, item),
    qos: options & OPTION_QOS_MASK,
    noLocal: (options & OPTION_NO_LOCAL) !== 0,
    retainAsPublished: (options & OPTION_RETAIN_AS_PUBLISHED) !== 0,
    retainHandling: (options & OPTION_RETAIN_HANDLING_MASK) >> OPTION_RETAIN_HANDLING_SHIFT,
  }
}

/** The filter as the client says it, or as a hook wants it. */
function textOf({ module }: Core, { filter, start, length }: Item): string {
  return filter ?? module.text(start, length)
}

function resultOf(core: Core, item: Item, reason: number): SubscriptionResult {
  return { filter: textOf(core, item), reason }
}

/** @returns whether there was such a subscription */
function unsubscribe(core: Core, session: Session, item: Item): boolean {
  const filter = filterOf(core, session, item)
  const existed = core.subscriptions.removeText(filter, session.slot) // [MQTT-3.10.4-1]
  session.subscriptions.delete(filter)
  if (existed && session.number !== 0) core.store.unsubscribed(session, filter)
  core.options.log?.('debug', 'unsubscribed', { client: session.id, filter })
  return existed
}

/** @returns 0, or the reason to end the connection with */
export function onUnsubscribe(core: Core, peer: Peer, record: number): number {
  const { codec, module, store } = core
  const session = peer.session as Session
  const { told } = store
  if (Records.items(module, record) > Records.itemsMax) return REASON_QUOTA_EXCEEDED
  const items = codec.readItems(record)
  const reasons = new Uint8Array(items.length)
  items.forEach((item, i) => {
    const existed = unsubscribe(core, session, item)
    reasons[i] = existed ? 0 : REASON_NO_SUBSCRIPTION_EXISTED
  })
  const packetId = Records.packetId(module, record)
  const filters = core.watcher && items.map((item) => textOf(core, item))
  const run = (): void => {
    respond(core, peer, UNSUBACK, packetId, reasons) // [MQTT-3.10.4-4]
    if (filters !== undefined) core.watcher?.unsubscribed(session, filters)
  }
  promiseWork(store, peer, { run }, told)
  return 0
}
