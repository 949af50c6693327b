// The topic trie of wasmqtt.wasm: filters matched by topics (subscriptions), or stored topics
// searched by filters (retained messages). To copy beside wasmqtt.ts.

import { ERROR_NO_MEMORY } from '../../../assembly/codes.ts'
import * as at from '../../../assembly/layout.ts'
import { type Wasmqtt, WasmqttError } from './wasmqtt.ts'

/** One delivery: `options` has the QoS in bits 0 and 1, 0x100 from a shared subscription. */
export type Row = { subscriber: number; options: number; identifiers: number[] }

export class Trie {
  private readonly module: Wasmqtt
  private readonly root: number

  constructor(module: Wasmqtt) {
    this.module = module
    this.root = module.call.trie_create()
    if (this.root === 0) throw new WasmqttError(ERROR_NO_MEMORY)
  }

  /** Subscriptions. */
  get size(): number {
    return this.module.call.trie_count(this.root)
  }

  /** Whether it replaced a subscription of the same subscriber to the same filter. */
  insert(filter: string, subscriber: number, options: number = 0, identifier: number = 0): boolean {
    const text = [at.SCRATCH_START, this.module.put(filter)]
    const result = this.module.call.insert(this.root, ...text, subscriber, options, identifier)
    if (result < 0) throw new WasmqttError(result)
    return result === 1
  }

  /** Whether it was there. */
  remove(filter: string, subscriber: number): boolean {
    const length = this.module.put(filter)
    return this.module.call.remove(this.root, at.SCRATCH_START, length, subscriber) === 1
  }

  /** Who gets a message, without the no-local subscriptions of its publisher (-1 = none). */
  match(topic: string, publisher: number = -1): Row[] {
    const { module } = this
    const length = module.put(topic)
    const count = module.call.match(this.root, at.SCRATCH_START, length, publisher)
    if (count < 0) throw new WasmqttError(count)
    const first = module.word(at.REGISTER_ROWS)
    return Array.from({ length: count }, (_, i) => this.row(first + i * at.ROW_SIZE))
  }

  private row(start: number): Row {
    const { module } = this
    const [subscriber, options] = [at.ROW_SUBSCRIBER, at.ROW_OPTIONS].map((offset) =>
      module.word(start + offset),
    ) as [number, number]
    const identifiers: number[] = []
    for (let row = start; row !== 0; row = module.word(row + at.ROW_NEXT)) {
      const identifier = module.word(row + at.ROW_IDENTIFIER)
      if (identifier !== 0) identifiers.push(identifier)
    }
    return { subscriber, options, identifiers }
  }

  /** The identifiers of the stored topics that a filter matches. */
  search(filter: string): number[] {
    const { module } = this
    const count = module.call.search(this.root, at.SCRATCH_START, module.put(filter))
    if (count < 0) throw new WasmqttError(count)
    const first = module.word(at.REGISTER_ROWS)
    return Array.from({ length: count }, (_, i) => module.word(first + i * 4))
  }

  /** Shared groups prefer subscribers that are online. */
  setOnline(subscriber: number, online: boolean): void {
    const error = this.module.call.set_online(subscriber, online ? 1 : 0)
    if (error !== 0) throw new WasmqttError(error)
  }
}
