// A message as hooks and listeners see it: what they read is copied out of the module's memory when
// they read it. Valid during the call it is given to, unless `keep` is called; what is set changes
// what is routed, in those hooks that may do that.

import type { Properties } from '../protocol/packets.ts'
import type { Module } from '../wasm/instance.ts'
import type { Messages } from '../wasm/messages.ts'
import { readProperties } from '../wasm/properties.ts'

/** What a view reads from; Services is one. */
interface Memory {
  readonly module: Module
  readonly messages: Messages
}

/** A message. Setting topic, payload, qos or retain makes it another one. */
export class MessageView {
  /** Whether anything was set. */
  isChanged = false
  readonly #memory: Memory
  readonly #prefix: string
  /** 0 = over: only what has been read is there. */
  #message: number
  #topic: string | undefined = undefined
  #payload: Buffer | undefined = undefined
  #properties: Properties | undefined = undefined
  #qos: 0 | 1 | 2
  #retain: boolean

  /** @param prefix mount point, which is not shown */
  constructor(memory: Memory, message: number, prefix: string = '') {
    this.#memory = memory
    this.#message = message
    this.#prefix = prefix
    this.#qos = memory.messages.qos(message) as 0 | 1 | 2
    this.#retain = memory.messages.isRetained(message)
  }

  get topic(): string {
    this.#topic ??= this.#memory.messages.topic(this.#alive()).slice(this.#prefix.length)
    return this.#topic
  }

  set topic(topic: string) {
    this.#topic = topic
    this.isChanged = true
  }

  /** A copy that stays. */
  get payload(): Buffer {
    this.#payload ??= Buffer.from(this.#memory.messages.payload(this.#alive()))
    return this.#payload
  }

  set payload(payload: Buffer | Uint8Array | string) {
    this.#payload = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload)
    this.isChanged = true
  }

  /** Bytes of the payload, without copying it. */
  get payloadLength(): number {
    return this.#payload?.length ?? this.#memory.messages.payloadLength(this.#alive())
  }

  get qos(): 0 | 1 | 2 {
    return this.#qos
  }

  set qos(qos: 0 | 1 | 2) {
    this.#qos = qos
    this.isChanged = true
  }

  get retain(): boolean {
    return this.#retain
  }

  set retain(retain: boolean) {
    this.#retain = retain
    this.isChanged = true
  }

  /** MQTT 5 properties; `{}` of a message without any. */
  get properties(): Properties {
    this.#properties ??= this.#readProperties()
    return this.#properties
  }

  /** Copies everything, so that it may be read at any time. */
  keep(): this {
    if (this.#message === 0) return this
    void this.topic
    void this.payload
    void this.properties
    return this
  }

  /** The message is about to be gone. */
  release(): void {
    this.#message = 0
  }

  /** A held message that is what this has become, with one reference; 0 = it cannot be one. */
  compose(): number {
    const { payload, properties, qos, retain } = this
    const topic = this.#prefix + this.topic
    try {
      return this.#memory.messages.compose({ topic, payload, qos, retain, properties })
    } catch (error) {
      if (error instanceof RangeError) return 0
      throw error
    }
  }

  #readProperties(): Properties {
    const { messages, module } = this.#memory
    const message = this.#alive()
    const { start, length } = messages.properties(message)
    const properties = readProperties(module, start, length)
    const expiry = messages.expiry(message)
    if (expiry !== undefined) properties.messageExpiryInterval = expiry
    return properties
  }

  #alive(): number {
    if (this.#message === 0)
      throw new Error('wasmqtt: a message was read after its call; keep() it')
    return this.#message
  }
}
