// Packet traces: what clients and broker say to each other, in words, a line a packet, into a file.
// Started and stopped while the broker runs. Received packets are read from the records the broker
// works on; what is sent is decoded again, in a module of its own, as it goes to the socket.
//
//   2026-11-23T10:00:00.000Z client-7 > PUBLISH q1 id 12 topic "a/b" 16 bytes      from the client
//   2026-11-23T10:00:00.001Z client-7 < PUBACK id 12                               to the client

import { CONNECT, PUBLISH } from '../../assembly/codes.ts'
import type { Core } from '../broker/core.ts'
import type { Traced, Tracer } from '../broker/trace.ts'
import { aliasedTopic } from '../wasm/aliases.ts'
import { check } from '../wasm/check.ts'
import { Codec } from '../wasm/codec.ts'
import { loadModule } from '../wasm/instance.ts'
import { Records } from '../wasm/records.ts'
import { Outgoing } from './outgoing.ts'
import { Selection } from './selection.ts'
import { linesTo, TraceFile, type TraceLines } from './tracefile.ts'
import { describe, nameText } from './words.ts'

const PACKETS_MAX = 1_000_000

/** What to trace; of what is given, everything must hold. */
export interface TraceOptions {
  /** Client identifier. */
  client?: string
  /** Filter: PUBLISHes it matches with their acks, and SUBSCRIBEs to just this filter. */
  topic?: string
  /** Address of the client, with or without port. */
  address?: string
  /** File appended to, made with permissions for its owner only; or what takes each line. */
  file: string | ((line: string) => void)
  /** Lines after which it ends by itself; default 1,000,000. */
  packetsMax?: number
  /** Seconds after which it ends by itself; default: never. */
  secondsMax?: number
  /** Whether payloads are shown, of each at most 1 KiB; default false. Passwords never are. */
  payload?: boolean
}

/** A running trace. */
export interface Trace {
  readonly file: string
  /** Packets written. */
  readonly packets: number
  /** Ends it. Resolves when everything is in the file. */
  close(): Promise<void>
  /** Resolves when it has ended, by `close`, a limit, or a file that cannot be written. */
  readonly ended: Promise<void>
}

/** What is remembered of a connection while there are traces. */
interface Known {
  /** Client identifier as CONNECT said it, for as long as there is no session. */
  client: string
  outgoing: Outgoing
  /** Outgoing topic aliases. */
  aliases: Map<number, string>
}

/** All traces of a broker. It is the broker's `tracer` while there are any. */
export class Traces implements Tracer {
  private readonly core: Core
  /** Decodes what is sent: the broker's own module may have packets in hand. */
  private readonly codec: Codec
  private readonly runs: Set<Run> = new Set()
  private known: WeakMap<Traced, Known> = new WeakMap()

  constructor(core: Core) {
    this.core = core
    this.codec = new Codec(loadModule(core.options.wasm))
  }

  /** @throws RangeError when topic is no filter, the system's error when the file does not open */
  start(options: TraceOptions): Trace {
    const { core } = this
    if (options.topic !== undefined) check(core.module, options.topic, 'filter')
    const { file } = options
    const lines = typeof file === 'string' ? new TraceFile(file, core.options.log) : linesTo(file)
    const run = new Run(options, lines, new Selection(options, this.codec.module))
    this.runs.add(run)
    core.tracer = this
    void run.ended.then(() => this.forget(run))
    return run
  }

  received(peer: Traced, record: number): void {
    if (peer.decisions !== undefined) return // taken again
    const { codec, module } = this.core
    const known = this.knownOf(peer)
    const type = Records.type(module, record)
    if (type === CONNECT && Records.error(module, record) === 0) {
      known.client = codec.readConnect(record).clientId
    }
    const topic = type === PUBLISH ? this.receivedTopic(peer, record) : undefined
    this.write(peer, codec, record, { sign: '>', topic })
  }

  sent(peer: Traced, bytes: Buffer): void {
    const { codec } = this
    const known = this.knownOf(peer)
    known.outgoing.take(codec, bytes, peer, (record) => {
      const topic =
        Records.type(codec.module, record) === PUBLISH ? this.sentTopic(known, record) : undefined
      this.write(peer, codec, record, { sign: '<', topic })
    })
  }

  ended(peer: Traced): void {
    for (const run of this.runs) {
      if (run.selection.takesPeer(peer, this.nameOf(peer))) {
        run.put(`${this.head(peer)} - connection closed`)
      }
    }
    this.known.delete(peer)
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    await Promise.all([...this.runs].map((run) => run.close()))
  }

  private write(
    peer: Traced,
    codec: Codec,
    record: number,
    { sign, topic }: { sign: '<' | '>'; topic: string | undefined },
  ): void {
    const name = this.nameOf(peer)
    for (const run of this.runs) {
      if (!run.selection.takes(peer, name, codec, record, { sign, topic })) continue
      const { version } = peer
      const words = describe(codec, record, { topic, version, payload: run.payload })
      const from =
        Records.type(codec.module, record) === CONNECT ? ` from ${peer.remoteAddress}` : ''
      run.put(`${this.head(peer)} ${sign} ${words}${from}`)
    }
  }

  private head(peer: Traced): string {
    return `${new Date(this.core.now).toISOString()} ${nameText(this.nameOf(peer))}`
  }

  /** Its identifier, or its address while it has none. */
  private nameOf(peer: Traced): string {
    return peer.session?.id || this.knownOf(peer).client || peer.remoteAddress
  }

  private receivedTopic({ aliases }: Traced, record: number): string | undefined {
    const { module } = this.core
    if (Records.error(module, record) !== 0) return undefined
    if (Records.topicLength(module, record) > 0) return Records.topic(module, record)
    return aliases && aliasedTopic(module, aliases, Records.alias(module, record))
  }

  private sentTopic({ aliases }: Known, record: number): string | undefined {
    const { module } = this.codec
    const alias = Records.alias(module, record)
    if (Records.topicLength(module, record) === 0) return aliases.get(alias)
    const topic = Records.topic(module, record)
    if (alias !== 0) aliases.set(alias, topic)
    return topic
  }

  private knownOf(peer: Traced): Known {
    let known = this.known.get(peer)
    if (known === undefined) {
      known = { client: '', outgoing: new Outgoing(), aliases: new Map() }
      this.known.set(peer, known)
    }
    return known
  }

  private forget(run: Run): void {
    run.selection.end()
    this.runs.delete(run)
    if (this.runs.size > 0) return
    this.core.tracer = undefined
    this.known = new WeakMap() // what passes from now on is not seen
  }
}

class Run implements Trace {
  readonly ended: Promise<void>
  readonly payload: boolean
  readonly selection: Selection
  packets = 0
  private readonly lines: TraceLines
  private readonly packetsMax: number
  private readonly timer: NodeJS.Timeout | undefined

  constructor(options: TraceOptions, lines: TraceLines, selection: Selection) {
    const { packetsMax = PACKETS_MAX, payload = false, secondsMax } = options
    this.lines = lines
    this.selection = selection
    this.packetsMax = packetsMax
    this.payload = payload
    this.timer =
      secondsMax === undefined ? undefined : setTimeout(() => this.lines.close(), secondsMax * 1000)
    this.timer?.unref()
    this.ended = lines.closed.then(() => clearTimeout(this.timer))
  }

  get file(): string {
    return this.lines.path
  }

  put(line: string): void {
    if (this.packets >= this.packetsMax) return
    this.packets++
    this.lines.write(line)
    if (this.packets === this.packetsMax) this.lines.close()
  }

  close(): Promise<void> {
    this.lines.close()
    return this.ended
  }
}
