// The `$SYS` tree: Mosquitto's topics with its units and formats, retained, published again when a
// value has changed. Driven by the broker's tick; clients cannot publish here, nothing is stored.
// What differs from Mosquitto stands in README.md.

import type { Core } from '../broker/core.ts'
import { route } from '../broker/route.ts'
import { packageVersion } from '../config/version.ts'
import { Load } from './load.ts'

const ROOT = '$SYS/broker/'
// Ticks come once a second, a little early or late.
const EARLY_MS = 500

/** Error, warning, notice, information, debug. */
export type SysLogLevel = 'E' | 'W' | 'N' | 'I' | 'D'

/** What load averages are made of. */
const LOADS: [name: string, total: (core: Core) => number][] = [
  ['messages/received', ({ counters }) => counters.packetsReceived],
  ['messages/sent', ({ counters }) => counters.packetsSent],
  ['publish/dropped', ({ counters }) => counters.dropped],
  ['publish/received', ({ counters }) => counters.received.messagesTotal],
  ['publish/sent', ({ counters }) => counters.sent.messagesTotal],
  ['bytes/received', ({ counters }) => counters.bytesReceived],
  ['bytes/sent', ({ counters }) => counters.bytesSent],
  ['sockets', ({ counters }) => counters.connectionsAccepted],
  ['connections', ({ counters }) => counters.clientsAccepted],
]

export class SysTree {
  private readonly core: Core
  private readonly startedAt: number
  private readonly loads: [name: string, total: (core: Core) => number, load: Load][]
  /** What stands in each topic. */
  private readonly texts: Map<string, string> = new Map()
  private updatedAt: number | undefined = undefined
  private clientsMax = 0
  private heapMax = 0

  constructor(core: Core) {
    this.core = core
    this.startedAt = core.now
    this.loads = LOADS.map(([name, total]) => [name, total, new Load(total(core))])
  }

  /** Publishes what has changed, if `sysInterval` seconds have passed; at once the first time. */
  tick(): void {
    const { core } = this
    const { now, options, sessions } = core
    this.clientsMax = Math.max(this.clientsMax, sessions.byId.size)
    if (options.sysInterval === 0) return
    if (this.updatedAt === undefined) this.change(`${ROOT}version`, versionText())
    else if (now - this.updatedAt < options.sysInterval * 1000 - EARLY_MS) return
    else this.updateLoads((now - this.updatedAt) / 1000)
    this.updatedAt = now
    for (const [name, text] of this.values()) this.change(ROOT + name, text)
  }

  /** A log line for who listens on `$SYS/broker/log/…`; not retained. */
  log(level: SysLogLevel, text: string): void {
    this.core.defer(() => this.publish(`${ROOT}log/${level}`, text, false))
  }

  private updateLoads(seconds: number): void {
    if (seconds <= 0) return
    for (const [, total, load] of this.loads) load.update(total(this.core), seconds)
  }

  private *values(): Generator<[name: string, text: string]> {
    const uptime = Math.floor((this.core.now - this.startedAt) / 1000)
    yield ['uptime', `${uptime} seconds`]
    yield* this.numbers()
    for (const [name, , load] of this.loads) {
      for (const [span, text] of load.texts()) yield [`load/${name}/${span}`, text]
    }
  }

  private *numbers(): Generator<[name: string, text: string]> {
    const { counters, sessions, store, subscriptions, retained, module, messages } = this.core
    const { received, sent } = counters
    const total = sessions.byId.size
    const connected = counters.clientsNow
    const { heapUsed, external } = process.memoryUsage()
    const heap = heapUsed + external
    this.heapMax = Math.max(this.heapMax, heap)
    const numbers: Record<string, number> = {
      'clients/total': total,
      'clients/maximum': this.clientsMax,
      'clients/connected': connected,
      'clients/active': connected,
      'clients/disconnected': total - connected,
      'clients/inactive': total - connected,
      'clients/expired': counters.sessionsExpired,
      'connections/socket/count': counters.connectionsNow,
      'subscriptions/count': subscriptions.size - subscriptions.shared,
      'shared_subscriptions/count': subscriptions.shared,
      'retained messages/count': retained.count,
      'messages/stored': module.held(),
      'store/messages/count': module.held(),
      'store/messages/bytes': messages.bytesHeld,
      'store/failing': store.state.failing ? 1 : 0,
      'heap/current': heap,
      'heap/maximum': this.heapMax,
      'messages/received': counters.packetsReceived,
      'messages/sent': counters.packetsSent,
      'bytes/received': counters.bytesReceived,
      'bytes/sent': counters.bytesSent,
      'publish/messages/received': received.messagesTotal,
      'publish/messages/sent': sent.messagesTotal,
      'publish/messages/dropped': counters.dropped,
      'publish/bytes/received': received.bytesTotal,
      'publish/bytes/sent': sent.bytesTotal,
    }
    for (const name in numbers) yield [name, String(numbers[name])]
  }

  private change(topic: string, text: string): void {
    if (this.texts.get(topic) === text) return
    this.core.defer(() => {
      this.publish(topic, text, true)
      this.texts.set(topic, text)
    })
  }

  /** Deferred, because a tick or a log line may come while a packet is in hand. */
  private publish(topic: string, text: string, retain: boolean): void {
    const { core } = this
    const payload = Buffer.from(text)
    const message = core.messages.compose({ topic, payload, qos: 2, retain, properties: {} })
    route(core, message, -1)
    core.messages.drop(message)
  }
}

function versionText(): string {
  return `wasmqtt version ${packageVersion()}`
}
