// Which packets a trace wants: those of a client, from an address, about a topic. With a topic, the
// acks of a PUBLISH or SUBSCRIBE that was shown are shown as well. Used by trace.ts.

import {
  PUBACK,
  PUBCOMP,
  PUBLISH,
  PUBREC,
  PUBREL,
  SUBACK,
  SUBSCRIBE,
  UNSUBACK,
  UNSUBSCRIBE,
} from '../../assembly/codes.ts'
import type { Traced } from '../broker/trace.ts'
import type { Codec } from '../wasm/codec.ts'
import type { Module } from '../wasm/instance.ts'
import { Records } from '../wasm/records.ts'
import { Trie } from '../wasm/topics.ts'

const OPTIONS = 0

/** Direction of a packet, and its topic if it has one. */
export interface Passing {
  /** `>` from the client, `<` to it. */
  sign: '<' | '>'
  topic: string | undefined
}

interface Wanted {
  client?: string
  topic?: string
  address?: string
}

export class Selection {
  private readonly wanted: Wanted
  private readonly filters: Trie | undefined
  /** Exchanges that go on: who began them, and the packet identifier. */
  private exchanges: WeakMap<Traced, Set<string>> = new WeakMap()

  /** @param module for the trie of filters */
  constructor(wanted: Wanted, module: Module) {
    this.wanted = wanted
    if (wanted.topic === undefined) return
    this.filters = new Trie(module)
    this.filters.insertText(wanted.topic, 0, OPTIONS)
  }

  /** @param name client identifier */
  takesPeer({ remoteAddress }: Traced, name: string): boolean {
    const { address, client } = this.wanted
    if (client !== undefined && client !== name) return false
    if (address === undefined || address === remoteAddress) return true
    return remoteAddress.replace(/:\d+$/, '').replace(/^\[|\]$/g, '') === address
  }

  takes(peer: Traced, name: string, codec: Codec, record: number, passing: Passing): boolean {
    if (!this.takesPeer(peer, name)) return false
    return this.filters === undefined || this.takesTopic(peer, codec, record, passing)
  }

  /** Lets go of the filter. */
  end(): void {
    if (this.wanted.topic !== undefined) this.filters?.removeText(this.wanted.topic, 0)
  }

  private takesTopic(peer: Traced, codec: Codec, record: number, passing: Passing): boolean {
    const { module } = codec
    if (Records.error(module, record) !== 0) return false
    const type = Records.type(module, record)
    const key = keyOf(type, passing.sign, Records.packetId(module, record))
    if (isBeginning(type)) {
      const isWanted = type === PUBLISH ? this.matches(passing.topic) : this.names(codec, record)
      if (isWanted) this.exchangesOf(peer).add(key)
      return isWanted
    }
    const exchanges = this.exchanges.get(peer)
    if (exchanges?.has(key) !== true) return false
    if (type !== PUBREC && type !== PUBREL) exchanges.delete(key)
    return true
  }

  private matches(topic: string | undefined): boolean {
    if (topic === undefined) return false
    return (this.filters as Trie).matchText(topic, -1) > 0
  }

  private names(codec: Codec, record: number): boolean {
    const items = codec.readItems(record)
    const { module } = codec
    return items.some(({ start, length }) => module.text(start, length) === this.wanted.topic)
  }

  private exchangesOf(peer: Traced): Set<string> {
    const known = this.exchanges.get(peer) ?? new Set()
    this.exchanges.set(peer, known)
    return known
  }
}

function isBeginning(type: number): boolean {
  return type === PUBLISH || type === SUBSCRIBE || type === UNSUBSCRIBE
}

/** Of the exchange that a packet belongs to: answers go the other way than what they answer. */
function keyOf(type: number, sign: '<' | '>', id: number): string {
  const other = sign === '>' ? '<' : '>'
  if (type === PUBLISH || type === PUBREL) return `publish ${sign}${id}`
  if (type === PUBACK || type === PUBREC || type === PUBCOMP) return `publish ${other}${id}`
  if (type === SUBACK || type === UNSUBACK) return `subscribe ${other}${id}`
  return `subscribe ${sign}${id}`
}
