// A mount point: what stands before every topic of the clients of one listener. Names and filters
// get it on their way in, by a copy in a block of the module's memory; messages lose it on their
// way out. One block a mount point; what it holds is dead after the next call.

import {
  MESSAGE_TOPIC_LENGTH,
  MESSAGE_TOPIC_START,
  RECORD_TOPIC_LENGTH,
  RECORD_TOPIC_START,
  STRING_LENGTH_MAX,
} from '../../assembly/layout.ts'
import type { Module } from './instance.ts'
import type { Messages } from './messages.ts'

const SHARE = /^\$share\/[^/]*\//

/** Whether a topic is still one with the prefix of a mount point before it. */
export function fitsBelow(prefix: string, topic: string): boolean {
  return Buffer.byteLength(prefix) + Buffer.byteLength(topic) <= STRING_LENGTH_MAX
}

export class Mount {
  readonly prefix: string
  /** Bytes of the prefix. */
  readonly length: number
  private readonly module: Module
  private readonly block: number

  constructor(module: Module, prefix: string) {
    this.module = module
    this.prefix = prefix
    this.length = Buffer.byteLength(prefix)
    this.block = module.allocate(this.length + STRING_LENGTH_MAX)
    module.bytes.write(prefix, this.block, 'utf8')
  }

  /** Puts the prefix before the topic of a PUBLISH record. @returns false when it gets too long */
  enter(record: number): boolean {
    const { block, module } = this
    const start = module.word(record + RECORD_TOPIC_START)
    const length = module.word(record + RECORD_TOPIC_LENGTH)
    if (this.length + length > STRING_LENGTH_MAX) return false
    module.u8.copyWithin(block + this.length, start, start + length)
    module.setWord(record + RECORD_TOPIC_START, block)
    module.setWord(record + RECORD_TOPIC_LENGTH, this.length + length)
    return true
  }

  /** The filter under the prefix, `$share/name/` before both. */
  filter(text: string): string {
    const share = SHARE.exec(text)?.[0] ?? ''
    return share + this.prefix + text.slice(share.length)
  }

  /** A held copy of a message with the topic as a client below the prefix knows it. */
  leave(messages: Messages, message: number): number {
    const { module } = this
    const held = messages.hold(message, 0)
    module.setWord(
      held + MESSAGE_TOPIC_START,
      module.word(held + MESSAGE_TOPIC_START) + this.length,
    )
    const length = module.word(held + MESSAGE_TOPIC_LENGTH) - this.length
    module.setWord(held + MESSAGE_TOPIC_LENGTH, length)
    return held
  }
}
