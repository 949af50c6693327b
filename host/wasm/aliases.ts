// Inbound topic aliases of one connection: blocks in the module's memory, so that a PUBLISH without
// a topic can be given one by changing its record. MQTT 5.0 section 3.3.2.3.4.
//
//   block  +0 LENGTH  +4 topic bytes

import { REASON_PROTOCOL_ERROR, REASON_TOPIC_ALIAS_INVALID } from '../../assembly/codes.ts'
import { RECORD_ALIAS, RECORD_TOPIC_LENGTH, RECORD_TOPIC_START } from '../../assembly/layout.ts'
import type { Module } from './instance.ts'

const TOPIC = 4

/**
 * Learns or applies the alias of a PUBLISH record.
 * @param aliases block of each alias, index 0 unused; length = maximum + 1
 * @returns 0 or a reason code
 */
export function resolveAlias(module: Module, aliases: Int32Array, record: number): number {
  const alias = module.word(record + RECORD_ALIAS)
  if (alias >= aliases.length) return REASON_TOPIC_ALIAS_INVALID // [MQTT-3.3.2-9]
  const length = module.word(record + RECORD_TOPIC_LENGTH)
  const known = aliases[alias] as number
  if (length === 0) {
    if (known === 0) return REASON_PROTOCOL_ERROR // an alias nobody has set
    module.setWord(record + RECORD_TOPIC_START, known + TOPIC)
    module.setWord(record + RECORD_TOPIC_LENGTH, module.word(known))
    return 0
  }
  if (known !== 0) module.call.free(known)
  const block = module.allocate(TOPIC + length)
  const start = module.word(record + RECORD_TOPIC_START)
  module.setWord(block, length)
  module.u8.copyWithin(block + TOPIC, start, start + length)
  aliases[alias] = block
  return 0
}

/** The topic that an alias stands for, undefined = none that is known. */
export function aliasedTopic(
  module: Module,
  aliases: Int32Array,
  alias: number,
): string | undefined {
  const known = aliases[alias] ?? 0
  return known === 0 ? undefined : module.text(known + TOPIC, module.word(known))
}

/** Frees the blocks when the connection ends. [MQTT-3.3.2-7] */
export function freeAliases(module: Module, aliases: Int32Array): void {
  for (const block of aliases) if (block !== 0) module.call.free(block)
}
