// `wasmqtt sub`: subscribes and prints what arrives; options, output and exit codes are
// mosquitto_sub's. Called by main.ts.

import type { IClientSubscribeOptions, Packet } from 'mqtt'
import { runClient } from './client/command.ts'
import { createPrinter, type Received } from './client/format.ts'
import { EXIT, Link, WITH_WILL } from './client/link.ts'
import type { ClientSettings } from './client/settings.ts'
import { filterMatches } from './client/topics.ts'

const DENIED = 0x80

/** @param words what follows `sub` */
export async function runSub(words: readonly string[]): Promise<never> {
  return runClient('sub', words, (settings) => {
    const link = new Link(settings, { reconnect: true })
    new Subscriber(link).start()
    return link.ended
  })
}

class Subscriber {
  readonly #link: Link
  readonly #settings: ClientSettings
  readonly #print: (message: Received) => Buffer
  #count = 0
  /** Nothing is printed or acknowledged any more, but this packet. */
  #last: Packet | undefined
  #done = false
  #clearing = 0

  constructor(link: Link) {
    this.#link = link
    this.#settings = link.settings
    this.#print = createPrinter({ ...link.settings, complain: (text) => link.say(text) })
  }

  start(): void {
    const { client } = this.#link
    client.once('connect', () => this.#subscribe())
    client.on('message', (topic, payload, packet) => {
      if (this.#done) return
      const { qos, retain, messageId = 0, properties } = packet
      const fields = properties === undefined ? {} : { properties: { ...properties } }
      this.#receive({ topic, payload, qos, retain, id: messageId, time: new Date(), ...fields })
      if (this.#done) this.#last = packet
    })
    // A message that came after the last one wanted stays with the broker: no acknowledgement.
    client.handleMessage = (packet, callback) => {
      if (!this.#done || packet === this.#last) callback()
    }
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'suback') this.#subscribed(packet.granted as number[], packet.messageId)
    })
    this.#endOnSignals()
  }

  #subscribe(): void {
    const { topics, qos, properties, retainAsPublished, retainHandling } = this.#settings
    const { client } = this.#link
    const options: IClientSubscribeOptions = { qos }
    if (this.#settings.protocolVersion === 5) {
      Object.assign(options, { nl: false, rap: retainAsPublished, rh: retainHandling })
      if (properties.subscribe !== undefined) options.properties = properties.subscribe
    }
    client.subscribe(topics, options, () => {})
    for (const topic of this.#settings.unsubscribe) {
      const extra = { properties: properties.unsubscribe ?? {} }
      client.unsubscribe(topic, extra, () => {})
    }
  }

  #subscribed(granted: number[], id = 0): void {
    const { debug, quiet, endOnceSubscribed } = this.#settings
    if (debug && !quiet) process.stdout.write(`Subscribed (mid: ${id}): ${granted.join(', ')}\n`)
    if (granted.every((code) => code >= DENIED)) {
      this.#link.say('All subscription requests were denied.')
      this.#link.end(0)
    } else if (endOnceSubscribed) this.#link.end(0)
  }

  #receive(message: Received): void {
    const { retainedOnly, freshOnly, filterOut, removeRetained, countMax } = this.#settings
    if (retainedOnly && !message.retain) {
      this.#finish()
      return
    }
    if (message.retain && freshOnly) return
    if (filterOut.some((filter) => filterMatches(filter, message.topic))) return
    if (removeRetained && message.retain) this.#clear(message.topic)
    if (Math.random() < this.#settings.randomShare) process.stdout.write(this.#print(message))
    this.#count++
    if (this.#count === countMax) this.#finish()
  }

  #finish(): void {
    this.#done = true
    if (this.#clearing === 0) this.#link.end(0)
  }

  /** QoS 1, so that the end can wait for it. */
  #clear(topic: string): void {
    this.#clearing++
    this.#link.client.publish(topic, '', { qos: 1, retain: true }, () => {
      this.#clearing--
      if (this.#done && this.#clearing === 0) this.#link.end(0)
    })
  }

  #endOnSignals(): void {
    const { timeoutSeconds } = this.#settings
    const end = (code: number): void => {
      if (!this.#link.connected) process.exit(EXIT.notYetConnected)
      this.#done = true
      this.#link.end(code, WITH_WILL)
    }
    process.on('SIGTERM', () => end(0))
    process.on('SIGINT', () => end(0))
    // Who reads the output has gone.
    process.stdout.on('error', () => process.exit(0))
    if (timeoutSeconds === 0) return
    setTimeout(() => {
      this.#link.say('Timed out')
      end(EXIT.timedOut)
    }, timeoutSeconds * 1000)
  }
}
