// CONNECT, DISCONNECT and the end of a connection: sessions begin, are taken over, outlive their
// connection or end with it; wills are armed, published or forgotten.
//
//   CONNECT ok      session online                     will remembered
//   DISCONNECT 0x00 session offline or ended           will forgotten        [MQTT-3.14.4-3]
//   anything else   session offline or ended           will armed with its delay, at once if 0
//   CONNECT again   session online (delay cancelled)   or a new one (old will published first)

import {
  REASON_NOT_AUTHORIZED,
  REASON_PACKET_TOO_LARGE,
  REASON_PROTOCOL_ERROR,
  REASON_SESSION_TAKEN_OVER,
  REASON_SUCCESS,
  VERSION_5_0,
} from '../../assembly/codes.ts'
import type { Connect, Properties, Will } from '../protocol/packets.ts'
import { freeAliases } from '../wasm/aliases.ts'
import { isReserved, Records } from '../wasm/records.ts'
import { isStillAllowed } from './access.ts'
import type { Core } from './core.ts'
import { promiseWork } from './gate.ts'
import { publishWillHooked } from './hooked.ts'
import type { Outbox } from './outbox.ts'
import { CLOSE, type Peer } from './peer.ts'
import { route } from './route.ts'
import { type Lifetimes, Session } from './session.ts'

/** Session Expiry Interval of a session that never ends. */
export const NEVER = 0xffffffff
const IDS_MAX = 65535

/**
 * Begins or resumes the session of a client that is let in.
 * @param connect with the client identifier it was given, if it had none
 * @param extra properties of CONNACK beyond the session's own
 * @returns 0, or the reason to refuse the connection with
 */
export function accept(core: Core, peer: Peer, connect: Connect, extra: Properties): number {
  const { properties } = connect
  const { grant, policy } = peer
  const keepAlive = grantedKeepAlive(core, connect)
  const answer = { ...connackProperties(core, peer, connect, keepAlive), ...extra }
  const sizeMax = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY
  if (core.codec.connack(connect.version, false, 0, answer).length > sizeMax) {
    return REASON_PACKET_TOO_LARGE // no CONNACK that says what it must would fit
  }
  peer.mount = core.mount(policy.mountPoint)
  const { told } = core.store
  const { session, present } = beginSession(
    core,
    grant?.clientId ?? connect.clientId,
    connect,
    peer,
  )
  peer.session = session
  if (grant !== undefined && peer.applicant !== undefined) {
    policy.access?.entered?.(peer.applicant, grant)
  }
  session.holder = peer
  core.watcher?.entered(peer, session, connect)
  session.will = mountedWill(peer, connect)
  session.expirySeconds = expiryOf(core, peer, connect)
  session.offlineSince = 0
  session.mount = peer.mount
  session.user = userOf(peer) ?? session.user
  session.setGrant(grant)
  if (session.number !== 0) core.store.save(session)
  else if (session.isPersistent) core.store.open(session)
  if (connect.version === VERSION_5_0) peer.aliases = new Int32Array(policy.topicAliasMaxIn + 1)
  peer.keepAliveMs = keepAlive * 1000 * core.options.keepAliveFactor // [MQTT-3.1.2-22]
  const window = Math.min(properties.receiveMaximum ?? IDS_MAX, core.options.inflightMax)
  const greet = (): void => {
    const outbox = peer.outbox as Outbox
    if (peer.gate !== undefined) peer.gate.isGreeting = false
    // [MQTT-3.2.0-1] [MQTT-3.1.4-5]
    const connack = core.codec.connack(connect.version, present, 0, answer)
    outbox.append(connack.start, connack.length)
    session.goOnline(outbox, window, peer.gate)
    core.watcher?.ready(session, present)
  }
  promiseGreeting(core, peer, greet, told)
  return 0
}

function mountedWill({ mount }: Peer, { will }: Connect): Will | undefined {
  if (will === undefined || mount === undefined) return will
  return { ...will, topic: mount.prefix + will.topic }
}

/** CONNACK with what follows from it, when what it promises is stored. */
function promiseGreeting(core: Core, peer: Peer, greet: () => void, told: number): void {
  promiseWork(core.store, peer, { run: greet }, told)
  if (peer.gate !== undefined) peer.gate.isGreeting = peer.gate.length > 0
}

/** DISCONNECT. @returns CLOSE, or the reason it was wrong */
export function onDisconnect(core: Core, peer: Peer, record: number): number {
  const session = peer.session as Session
  const { sessionExpiryInterval } = core.codec.readProperties(record)
  if (sessionExpiryInterval !== undefined) {
    if (session.expirySeconds === 0 && sessionExpiryInterval !== 0) return REASON_PROTOCOL_ERROR
    session.expirySeconds = Math.min(sessionExpiryInterval, core.options.sessionExpiryMax)
  }
  const isNormal = Records.reason(core.module, record) === REASON_SUCCESS
  if (isNormal) session.will = undefined // [MQTT-3.14.4-3]
  return CLOSE
}

/** The connection is over, for whatever reason; called once. */
export function onEnd(core: Core, peer: Peer): void {
  if (peer.aliases !== undefined) freeAliases(core.module, peer.aliases)
  peer.aliases = undefined
  const { applicant, firstGrant, policy, session } = peer
  peer.session = undefined
  if (session === undefined) return
  if (applicant !== undefined && firstGrant !== undefined) {
    policy.access?.left?.(applicant, firstGrant)
  }
  core.watcher?.left(session, peer)
  if (session.holder !== peer) return
  session.holder = undefined
  session.goOffline()
  session.offlineSince = Math.floor(core.now / 1000)
  if (session.number !== 0) core.store.save(session)
  if (session.expirySeconds === 0) {
    endSession(core, session)
    return
  }
  if (session.expirySeconds !== NEVER) {
    core.timers.arm(session.expiryTimer, core.now + session.expirySeconds * 1000)
  }
  const delaySeconds = session.will?.delaySeconds ?? 0
  if (delaySeconds > 0) core.timers.arm(session.willTimer, core.now + delaySeconds * 1000)
  else publishWill(core, session)
}

/** Whether its client may still publish its will, which was judged at CONNECT. */
function mayLeave({ grant, mount }: Session, { topic }: Will): boolean {
  if (!grant?.checksPublish) return true
  return isStillAllowed(grant.publish(topic.slice(mount?.prefix.length ?? 0)))
}

/** The session is no more: its will is due now, whatever its delay. [MQTT-3.1.2-8] */
export function endSession(core: Core, session: Session): void {
  publishWill(core, session)
  core.sessions.byId.delete(session.id)
  session.end()
  core.sessions.release(session.slot)
}

/** Publishes the will, if there is one, as soon as no packet is in hand. [MQTT-3.1.2-10] */
export function publishWill(core: Core, session: Session): void {
  const { will } = session
  session.will = undefined
  if (will === undefined) return
  if (isReserved(will.topic) || !mayLeave(session, will)) {
    core.counters.publishRefused++
    core.watcher?.willDropped(session, will, REASON_NOT_AUTHORIZED)
    return
  }
  core.defer(() => {
    const message = core.messages.place(will)
    const hook = core.hooks.publish
    if (hook !== undefined) {
      publishWillHooked(core, session, hook, { message, will })
      return
    }
    core.counters.willsPublished++
    route(core, message, -1)
    core.messages.drop(message)
    if (session.number !== 0) core.store.save(session) // that it is out, in the same commit
  })
}

/** Takes over, resumes or makes a session. [MQTT-3.1.4-3] [MQTT-3.1.2-4] [MQTT-3.1.2-5] */
function beginSession(
  core: Core,
  id: string,
  connect: Connect,
  peer: Peer,
): { session: Session; present: boolean } {
  const old = core.sessions.byId.get(id)
  const isNew = connect.cleanStart || (old !== undefined && !isOwn(old, peer))
  if (old?.holder !== undefined) {
    // A clean start ends the session with the old connection, so its will goes out at once.
    if (isNew) old.expirySeconds = 0
    old.holder.owner.fail(REASON_SESSION_TAKEN_OVER)
  }
  const present = core.sessions.byId.get(id)
  if (present !== undefined && !isNew) {
    core.timers.disarm(present.expiryTimer)
    core.timers.disarm(present.willTimer)
    present.will = undefined // [MQTT-3.1.3-9]: back before the delay was over
    return { session: present, present: true }
  }
  if (present !== undefined) endSession(core, present)
  return { session: makeSession(core, id), present: false }
}

/**
 * Whether a session may be resumed: what it is subscribed to and what waits in it was allowed to
 * its user, and is written with its mount point.
 */
function isOwn({ mount, user }: Session, peer: Peer): boolean {
  const now = userOf(peer)
  return mount === peer.mount && (now === undefined || user === undefined || now === user)
}

/** `''` = nobody; undefined = nobody has been asked. */
function userOf({ grant }: Peer): string | undefined {
  return grant && (grant.username ?? '')
}

export function makeSession(core: Core, id: string): Session {
  const session = new Session(core, id, core.sessions.takeSlot(), new SessionTimers(core))
  core.sessions.byId.set(id, session)
  core.sessions.set(session)
  return session
}

/** What a session's timers do. */
class SessionTimers implements Lifetimes {
  private readonly core: Core

  constructor(core: Core) {
    this.core = core
  }

  onExpired(session: Session): void {
    this.core.counters.sessionsExpired++
    this.core.watcher?.expired(session)
    endSession(this.core, session)
  }

  onWillDue(session: Session): void {
    publishWill(this.core, session)
  }
}

/** Seconds the session outlives its connection; 3.x has no interval, only clean_session. */
function expiryOf(core: Core, { grant }: Peer, connect: Connect): number {
  if (grant?.isTemporary) return 0
  const { sessionExpiryMax } = core.options
  if (connect.version === VERSION_5_0) {
    return Math.min(connect.properties.sessionExpiryInterval ?? 0, sessionExpiryMax)
  }
  return connect.cleanStart ? 0 : sessionExpiryMax
}

function grantedKeepAlive(core: Core, connect: Connect): number {
  const { keepAliveMax } = core.options
  if (keepAliveMax === 0 || connect.version !== VERSION_5_0) return connect.keepAlive
  if (connect.keepAlive === 0) return keepAliveMax
  return Math.min(connect.keepAlive, keepAliveMax)
}

/** What CONNACK says beyond its reason; only what differs from the specification's defaults. */
function connackProperties(
  core: Core,
  peer: Peer,
  connect: Connect,
  keepAlive: number,
): Properties {
  const { options } = core
  const { policy } = peer
  const answer: Properties = {
    receiveMaximum: options.receiveMax,
    maximumPacketSize: options.packetSizeMax,
    topicAliasMaximum: policy.topicAliasMaxIn,
  }
  const asked = connect.properties.sessionExpiryInterval ?? 0
  const granted = expiryOf(core, peer, connect)
  if (granted !== asked) answer.sessionExpiryInterval = granted // [MQTT-3.2.2-20]
  if (policy.qosMax < 2) answer.maximumQos = policy.qosMax // [MQTT-3.2.2-9]
  if (!options.retainAvailable) answer.retainAvailable = 0
  if (keepAlive !== connect.keepAlive) answer.serverKeepAlive = keepAlive // [MQTT-3.2.2-21]
  const wantsResponse = connect.properties.requestResponseInformation === 1
  if (wantsResponse && options.responseInformation !== '') {
    answer.responseInformation = options.responseInformation // [MQTT-3.1.2-28]
  }
  return answer
}
