// What a broker may answer to bytes: whether they oblige it to close the connection, and whether
// what it said is MQTT of the right version. Judged by the module, which the other target holds to
// account.

import { SENDER_CLIENT, SENDER_SERVER, VERSION_3_1_1, VERSION_5_0 } from '../../assembly/codes.ts'
import {
  RECORD_HEAD,
  RECORD_LENGTH,
  RECORD_PROPERTIES_LENGTH,
  RECORD_PROPERTIES_START,
  RECORDS_START,
} from '../../assembly/layout.ts'
import { readProperties } from '../../host/wasm/properties.ts'
import type { Outcome, Plan } from './attack.ts'
import { unframe } from './frames.ts'
import { Side, Trace } from './stream.ts'

const PACKET_MAX = 1024 * 1024
const CONNACK = 2

export class Judge {
  private readonly side: Side = new Side('release', 1)
  private readonly trace: Trace = new Trace()

  /** Whether a broker must end the connection because of what is wrong with the bytes. */
  isDoomed(bytes: Buffer): boolean {
    return this.read(bytes, 0, SENDER_CLIENT, PACKET_MAX).error !== 0
  }

  /** Protocol version the bytes ask for, 0 = they hold no CONNECT that could be answered. */
  versionOf(bytes: Buffer): number {
    return this.read(bytes, 0, SENDER_CLIENT, PACKET_MAX).version
  }

  /** What is wrong with what the broker did, undefined = nothing. */
  faultOf(bytes: Buffer, plan: Plan, outcome: Outcome): string | undefined {
    if (outcome.late) return 'the connection was not closed in time'
    const answer = plan.transport === 'tcp' ? outcome.received : unframe(outcome.received)
    if (answer === undefined) return `no frames: ${outcome.received.toString('hex')}`
    if (answer.length === 0 || outcome.truncated || !plan.faithful) return undefined
    const version = this.versionOf(bytes)
    const sizeMax = this.sizeMaxOf(bytes)
    const versions = version === 0 ? [VERSION_5_0, VERSION_3_1_1] : [version]
    const faults = versions.map((each) => this.faultIn(answer, each, sizeMax))
    return faults.includes(undefined) ? undefined : `${faults[0]}: ${answer.toString('hex')}`
  }

  /** Maximum Packet Size of the CONNECT it begins with, 0 = any. */
  private sizeMaxOf(bytes: Buffer): number {
    const { count, error } = this.read(bytes, 0, SENDER_CLIENT, PACKET_MAX)
    if (count === (error === 0 ? 0 : 1)) return 0
    this.read(bytes.subarray(0, this.trace.word(0, RECORD_LENGTH)), 0, SENDER_CLIENT, 0)
    const { module } = this.side
    const start = module.word(RECORDS_START + RECORD_PROPERTIES_START)
    const length = module.word(RECORDS_START + RECORD_PROPERTIES_LENGTH)
    return readProperties(module, start, length).maximumPacketSize ?? 0
  }

  private faultIn(answer: Buffer, version: number, sizeMax: number): string | undefined {
    const { error, count } = this.read(answer, version, SENDER_SERVER, sizeMax)
    if (error !== 0) return `an answer nobody can read, error ${error}`
    const isConnack = count === 0 || this.trace.word(0, RECORD_HEAD) >> 4 === CONNACK
    return isConnack ? undefined : 'an answer that does not begin with CONNACK'
  }

  private read(bytes: Buffer, version: number, sender: number, packetSizeMax: number): Trace {
    const start = this.side.place(bytes, 0)
    const way = { version, sender, packetSizeMax }
    this.side.decodeWhole(start, bytes.length, way, this.trace)
    return this.trace
  }
}
