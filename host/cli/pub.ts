// `wasmqtt pub`: publishes one message, or each line of standard input, and ends; options, output
// and exit codes are mosquitto_pub's. Called by main.ts.

import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { IClientPublishOptions, IConnackPacket } from 'mqtt'
import { reasonText } from '../protocol/reasons.ts'
import { runClient } from './client/command.ts'
import { EXIT, Link } from './client/link.ts'
import { Mistake } from './client/mistake.ts'
import type { ClientSettings, Source } from './client/settings.ts'

/** Messages of QoS 0 given to the socket and not yet taken. */
const UNSENT_MAX = 1000
const NEWLINE = 10

/** @param words what follows `pub` */
export async function runPub(words: readonly string[]): Promise<never> {
  return runClient('pub', words, async (settings) => {
    const source = settings.source as Source
    const payload = await readPayload(source)
    const link = new Link(settings, { reconnect: source.from === 'lines' })
    link.client.once('connect', (connack) => {
      new Publisher(link, connack).run(payload).then(
        (code) => link.end(code),
        (error: Error) => {
          link.say(`Error: ${error.message}`)
          link.end(EXIT.failed)
        },
      )
    })
    return link.ended
  })
}

/** The one payload to publish; undefined when lines are. */
async function readPayload(source: Source): Promise<Buffer | undefined> {
  if (source.from === 'text') return Buffer.from(source.text)
  if (source.from === 'nothing') return Buffer.alloc(0)
  if (source.from === 'lines') return undefined
  if (source.from === 'file') {
    try {
      return readFileSync(source.path)
    } catch {
      throw new Mistake(`Error: Unable to open file "${source.path}".`)
    }
  }
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  const payload = Buffer.concat(chunks)
  if (payload.length === 0) throw new Mistake('Error: Zero length input.')
  return payload
}

/** Publishes over one connection, with at most so many messages under way. */
class Publisher {
  readonly #link: Link
  readonly #settings: ClientSettings
  readonly #inflightMax: number
  readonly #refusal: string | undefined
  #inflight = 0
  #changed: () => void = () => {}

  constructor(link: Link, connack: IConnackPacket) {
    this.#link = link
    this.#settings = link.settings
    const {
      receiveMaximum = 65_535,
      maximumQoS = 2,
      retainAvailable = true,
    } = connack.properties ?? {}
    const { qos, retain, inflightMax } = link.settings
    this.#inflightMax = qos === 0 ? UNSENT_MAX : Math.min(inflightMax, receiveMaximum)
    if (qos > maximumQoS) {
      this.#refusal = 'Error: Message QoS not supported on broker, try a lower QoS.'
    } else if (retain && !retainAvailable) {
      this.#refusal = 'Error: Retained messages are not supported on broker.'
    }
  }

  /** All messages, acknowledged; resolves with the exit code. */
  async run(payload: Buffer | undefined): Promise<number> {
    if (this.#refusal !== undefined) {
      this.#link.say(this.#refusal)
      return EXIT.failed
    }
    if (payload === undefined) await this.#publishLines()
    else await this.#publishRepeatedly(payload)
    await this.#untilBelow(1)
    return 0
  }

  async #publishLines(): Promise<void> {
    for await (const line of linesOf(process.stdin)) {
      await this.#untilBelow(this.#inflightMax)
      this.#publish(line)
    }
  }

  async #publishRepeatedly(payload: Buffer): Promise<void> {
    const { repeat, repeatDelayMs } = this.#settings
    for (let i = 0; i < repeat; i++) {
      if (i > 0 && repeatDelayMs > 0) await delay(repeatDelayMs)
      this.#publish(payload)
      await this.#untilBelow(1)
    }
  }

  #publish(payload: Buffer): void {
    const { qos, retain, properties, protocolVersion, topics } = this.#settings
    const options: IClientPublishOptions = { qos, retain }
    if (protocolVersion === 5) options.properties = { ...properties.publish }
    this.#inflight++
    this.#link.client.publish(topics[0] as string, payload, options, (error, packet) => {
      this.#inflight--
      if (error) this.#warn(error, packet as { messageId?: number } | undefined)
      this.#changed()
    })
  }

  /** A refused message does not end the command: the next one may be taken. */
  #warn(error: Error, packet: { messageId?: number; properties?: object } | undefined): void {
    if (this.#link.ending) return
    const { code } = error as { code?: unknown }
    if (typeof code !== 'number') {
      this.#link.say(`Error: ${error.message}.`)
      return
    }
    this.#link.say(`Warning: Publish ${packet?.messageId ?? 0} failed: ${reasonText(code)}.`)
    const { reasonString } = (packet?.properties ?? {}) as { reasonString?: string }
    if (reasonString !== undefined) this.#link.say(reasonString)
  }

  async #untilBelow(limit: number): Promise<void> {
    while (this.#inflight >= limit) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve
      })
    }
  }
}

/** Lines without their newline; bytes, so that any encoding passes. */
async function* linesOf(input: NodeJS.ReadStream): AsyncGenerator<Buffer> {
  let pending: Buffer[] = []
  for await (const chunk of input) {
    let start = 0
    const bytes = chunk as Buffer
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      yield Buffer.concat([...pending, bytes.subarray(start, end)])
      pending = []
      start = end + 1
    }
    if (start < bytes.length) pending.push(bytes.subarray(start))
  }
  if (pending.length > 0) yield Buffer.concat(pending)
}
