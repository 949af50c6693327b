// A decoded PUBLISH that reads its fields when they are asked for. It holds on to the bytes it came
// in and points into them, so that a program pays only for what it looks at. Made by read.ts.

import { FLAG_DUP, FLAG_QOS_MASK, FLAG_QOS_SHIFT, FLAG_RETAIN } from '../../assembly/codes.ts'
import { readHeldProperties } from '../wasm/held.ts'
import { readText } from '../wasm/text.ts'
import type { Properties, Publish, QoS } from './packets.ts'

/** A PUBLISH over the bytes of a chunk; good as long as those bytes are not written over. */
export class Message implements Publish {
  private readonly bytes: Uint8Array
  private readonly head: number
  private readonly id: number
  private readonly topicStart: number
  private readonly topicEnd: number
  private readonly propertiesStart: number
  private readonly propertiesLength: number
  private readonly payloadStart: number
  private readonly payloadEnd: number

  /** Positions are those in `bytes`. */
  constructor(
    bytes: Uint8Array,
    head: number,
    id: number,
    topicStart: number,
    topicEnd: number,
    propertiesStart: number,
    propertiesLength: number,
    payloadStart: number,
    payloadEnd: number,
  ) {
    this.bytes = bytes
    this.head = head
    this.id = id
    this.topicStart = topicStart
    this.topicEnd = topicEnd
    this.propertiesStart = propertiesStart
    this.propertiesLength = propertiesLength
    this.payloadStart = payloadStart
    this.payloadEnd = payloadEnd
  }

  get type(): 'publish' {
    return 'publish'
  }

  get topic(): string {
    return readText(this.bytes, this.topicStart, this.topicEnd)
  }

  /** A view of the chunk: a Buffer where the chunk was one. */
  get payload(): Uint8Array {
    return this.bytes.subarray(this.payloadStart, this.payloadEnd)
  }

  get payloadLength(): number {
    return this.payloadEnd - this.payloadStart
  }

  get qos(): QoS {
    return ((this.head & FLAG_QOS_MASK) >> FLAG_QOS_SHIFT) as QoS
  }

  get retain(): boolean {
    return (this.head & FLAG_RETAIN) !== 0
  }

  get dup(): boolean {
    return (this.head & FLAG_DUP) !== 0
  }

  /** 0 with QoS 0. */
  get packetId(): number {
    return this.id
  }

  /** Read anew at each call; empty where there are none. */
  get properties(): Properties {
    if (this.propertiesLength === 0) return {}
    return readHeldProperties(this.bytes, this.propertiesStart, this.propertiesLength)
  }

  /** All fields at once, with a payload of its own: nothing of the chunk is held any more. */
  toObject(): Publish {
    const { topic, qos, retain, dup } = this
    const object: Publish = {
      type: 'publish',
      topic,
      payload: new Uint8Array(this.payload),
      qos,
      retain,
    }
    object.dup = dup
    if (qos > 0) object.packetId = this.id
    if (this.propertiesLength > 0) object.properties = this.properties
    return object
  }

  toJSON(): Publish {
    return this.toObject()
  }
}
