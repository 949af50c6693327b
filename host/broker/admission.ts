// Who is let in: CONNECT is judged by what the listener allows and by whoever decides there
// (access.ts), perhaps over several AUTH packets, perhaps with answers that take time; then
// handshake.ts begins the session. MQTT 5.0 section 4.12.
//
//   CONNECT --refusalOf--> admit ----------------------------> accept
//                      \-> dialogue: AUTH 0x18, AUTH 0x18, … -> accept
//   AUTH 0x19 when connected: the same dialogue, then AUTH 0x00 and a new grant

import { randomUUID } from 'node:crypto'
import {
  REASON_BAD_AUTHENTICATION_METHOD,
  REASON_CLIENT_IDENTIFIER_NOT_VALID,
  REASON_CONTINUE_AUTHENTICATION,
  REASON_NOT_AUTHORIZED,
  REASON_PACKET_TOO_LARGE,
  REASON_PROTOCOL_ERROR,
  REASON_QOS_NOT_SUPPORTED,
  REASON_QUOTA_EXCEEDED,
  REASON_RE_AUTHENTICATE,
  REASON_RETAIN_NOT_SUPPORTED,
  REASON_SUCCESS,
  REASON_TOPIC_NAME_INVALID,
  REASON_UNSUPPORTED_PROTOCOL_VERSION,
  VERSION_5_0,
} from '../../assembly/codes.ts'
import { STRING_LENGTH_MAX } from '../../assembly/layout.ts'
import type { Connect, Properties } from '../protocol/packets.ts'
import { Records } from '../wasm/records.ts'
import { type Admission, type Applicant, type Grant, isRefusal, type Step } from './access.ts'
import type { Core } from './core.ts'
import { accept } from './handshake.ts'
import type { Outbox } from './outbox.ts'
import { type Peer, WAIT } from './peer.ts'

const REASON_MASK = 0xff

/** @returns 0, WAIT, or the reason to refuse the connection with */
export function onConnect(core: Core, peer: Peer, record: number): number {
  const said = core.codec.readConnect(record)
  const { properties, version } = said
  const { policy } = peer
  peer.version = version
  peer.wantsProblems = properties.requestProblemInformation !== 0
  // [MQTT-3.1.2-24] [MQTT-3.1.2-26] [MQTT-3.1.2-27]
  const aliasMax = Math.min(properties.topicAliasMaximum ?? 0, policy.topicAliasMaxOut)
  peer.outbox = peer.owner.openOutbox(version, properties.maximumPacketSize ?? 0, aliasMax)
  const refusal = refusalOf(core, peer, said)
  if (refusal !== 0) return refusal
  const { preConnect } = core.hooks
  if (preConnect === undefined) return admit(core, peer, said)
  return resolve(peer, preConnect(peer, said), (reason) =>
    reason === 0 ? admit(core, peer, said) : reason & REASON_MASK,
  )
}

/** Asks whoever decides. @returns as `onConnect` */
function admit(core: Core, peer: Peer, said: Connect): number {
  const { properties } = said
  const { policy } = peer
  const { access } = policy
  const named = policy.usernameAsClientId ? (said.userName ?? '') : said.clientId
  const clientId = named === '' ? `${policy.clientIdPrefix}${randomUUID()}` : named
  const connect = { ...said, clientId }
  // [MQTT-3.2.2-16]
  const answer: Properties =
    clientId === said.clientId ? {} : { assignedClientIdentifier: clientId }
  const method = properties.authenticationMethod
  if (access === undefined) {
    if (method !== undefined) return REASON_BAD_AUTHENTICATION_METHOD // [MQTT-4.12.0-1]
    return welcome(core, peer, connect, answer)
  }
  const applicant = applicantOf(peer, connect)
  peer.applicant = { ...applicant, password: undefined }
  if (method !== undefined) {
    return startDialogue(core, peer, method, applicant, (admission, data) =>
      enter(core, peer, connect, admission, { ...answer, ...data }),
    )
  }
  return resolve(peer, access.admit(applicant), (admission) =>
    enter(core, peer, connect, admission, answer),
  )
}

/** AUTH from a client. @returns 0, WAIT, or the reason to end the connection with */
export function onAuth(core: Core, peer: Peer, record: number): number {
  const reason = Records.reason(core.module, record)
  const { authenticationMethod, authenticationData } = core.codec.readProperties(record)
  const { applicant, dialogue } = peer
  if (peer.method === undefined || applicant === undefined) return REASON_PROTOCOL_ERROR // [MQTT-4.12.0-6]
  if (authenticationMethod !== peer.method) return REASON_PROTOCOL_ERROR // [MQTT-4.12.0-5]
  if (reason === REASON_CONTINUE_AUTHENTICATION && dialogue !== undefined) {
    return dialogue.take(authenticationData)
  }
  const isAgain = reason === REASON_RE_AUTHENTICATE && dialogue === undefined
  if (!isAgain || peer.session === undefined) return REASON_PROTOCOL_ERROR // [MQTT-4.12.1-1]
  const properties = { ...applicant.properties, authenticationData }
  const said = { ...applicant, properties: properties as Properties }
  const again: Applicant = { ...said, isConnected: true }
  return startDialogue(core, peer, peer.method, again, (admission, answer) => {
    if (isRefusal(admission)) return refuse(peer, admission) // [MQTT-4.12.1-2]
    if (admission.username !== peer.grant?.username) return REASON_NOT_AUTHORIZED // its session
    peer.setGrant(admission)
    peer.session?.setGrant(admission)
    peer.owner.granted()
    return say(peer, core.codec.auth(REASON_SUCCESS, answer))
  })
}

/** Why a CONNECT that is well-formed is refused all the same, 0 if it is not. */
function refusalOf(core: Core, peer: Peer, connect: Connect): number {
  const { options } = core
  const { policy } = peer
  if (!policy.versions.includes(connect.version)) return REASON_UNSUPPORTED_PROTOCOL_VERSION
  if (isFull(options.connectionsMax, core.counters.connectionsNow)) return REASON_QUOTA_EXCEEDED
  if (isFull(policy.connectionsMax, policy.load.connections)) return REASON_QUOTA_EXCEEDED
  const hasId = connect.clientId !== '' || policy.usernameAsClientId
  if (!hasId && !policy.emptyClientIds) return REASON_CLIENT_IDENTIFIER_NOT_VALID
  if (policy.usernameAsClientId && !connect.userName) return REASON_CLIENT_IDENTIFIER_NOT_VALID
  // What MQTT 5 is told by Server Keep Alive, 3.x can only be refused for.
  const isLong = connect.keepAlive === 0 || connect.keepAlive > options.keepAliveMax
  if (options.keepAliveMax > 0 && connect.version !== VERSION_5_0 && isLong) {
    return REASON_CLIENT_IDENTIFIER_NOT_VALID
  }
  const { will } = connect
  if (will === undefined) return 0
  if (will.qos > policy.qosMax) return REASON_QOS_NOT_SUPPORTED // [MQTT-3.2.2-12]
  if (will.retain && !options.retainAvailable) return REASON_RETAIN_NOT_SUPPORTED // [MQTT-3.2.2-13]
  const topicBytes = Buffer.byteLength(policy.mountPoint) + Buffer.byteLength(will.topic)
  return topicBytes > STRING_LENGTH_MAX ? REASON_TOPIC_NAME_INVALID : 0
}

function isFull(max: number, now: number): boolean {
  return max > 0 && now > max
}

function applicantOf(peer: Peer, connect: Connect): Applicant {
  const { clientId, userName, password, version, keepAlive, cleanStart, properties } = connect
  const { owner, policy } = peer
  const { origin } = owner
  const willTopic = connect.will?.topic
  const listener = policy.name
  const said = { clientId, username: userName, password, version, keepAlive, cleanStart }
  return { ...said, properties, willTopic, origin, listener }
}

/**
 * What the applicant was told decides: in with a grant, or out with a reason. A will it may not
 * publish is left out: when it is due, perhaps nobody is left to ask.
 */
function enter(
  core: Core,
  peer: Peer,
  connect: Connect,
  admission: Admission,
  answer: Properties,
): number {
  if (isRefusal(admission)) return refuse(peer, admission)
  peer.setGrant(admission)
  const { will } = connect
  if (will === undefined || !admission.checksPublish) return welcome(core, peer, connect, answer)
  return resolve(peer, admission.publish(will.topic), (reason) => {
    if (reason === 0) return welcome(core, peer, connect, answer)
    core.counters.publishRefused++
    core.audit.refused(core.now, peer, 'will', will.topic, reason)
    const refusal = welcome(core, peer, { ...connect, will: undefined }, answer)
    if (peer.session !== undefined) core.watcher?.willDropped(peer.session, will, reason)
    return refusal
  })
}

/** Lets in whom the hook, asked last, lets in. */
function welcome(core: Core, peer: Peer, connect: Connect, answer: Properties): number {
  const { authenticate } = core.hooks
  if (authenticate === undefined) return accept(core, peer, connect, answer)
  return resolve(peer, authenticate(peer, connect), (reason) =>
    reason === 0 ? accept(core, peer, connect, answer) : reason & REASON_MASK,
  )
}

function refuse(peer: Peer, admission: Extract<Admission, { refused: number }>): number {
  peer.refusalText = admission.reasonString
  return admission.refused
}

type Finish = (
  admission: Grant | Extract<Admission, { refused: number }>,
  answer: Properties,
) => number

function startDialogue(
  core: Core,
  peer: Peer,
  method: string,
  applicant: Applicant,
  finish: Finish,
): number {
  const exchange = peer.policy.access?.exchange(method, applicant)
  if (exchange === undefined) return REASON_BAD_AUTHENTICATION_METHOD // [MQTT-4.12.0-1]
  const properties = (data: Buffer | undefined): Properties => ({
    authenticationMethod: method, // [MQTT-4.12.0-5]
    ...(data && { authenticationData: data }),
  })
  const advance = (step: Step): number => {
    if ('next' in step) {
      // [MQTT-4.12.0-2]
      return say(peer, core.codec.auth(REASON_CONTINUE_AUTHENTICATION, properties(step.next)))
    }
    peer.dialogue = undefined
    return finish(step.admission, properties(step.data))
  }
  peer.method = method
  peer.dialogue = { take: (data) => resolve(peer, exchange.step(data), advance) }
  return peer.dialogue.take(applicant.properties.authenticationData)
}

function say(peer: Peer, { start, length }: { start: number; length: number }): number {
  return (peer.outbox as Outbox).append(start, length) ? 0 : REASON_PACKET_TOO_LARGE
}

/** Goes on with an answer, now or when it is there. @returns as a handler */
function resolve<T>(peer: Peer, answer: T | Promise<T>, next: (answer: T) => number): number {
  if (!(answer instanceof Promise)) return next(answer)
  let found: { answer: T } | undefined
  const noted = answer.then((value) => {
    found = { answer: value }
  })
  peer.owner.wait(noted, () => next((found as { answer: T }).answer))
  return WAIT
}
