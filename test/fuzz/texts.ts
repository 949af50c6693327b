// Text, topic names and topic filters judged by the module and by a few lines of JavaScript:
// whatever the bytes are, both say the same. The words of MQTT 5.0 sections 1.5.4, 4.7 and 4.8.2.

import { isUtf8 } from 'node:buffer'
import { STRING_LENGTH_MAX, TOPIC_LEVELS_MAX } from '../../assembly/layout.ts'
import type { Random } from './random.ts'
import { must, type Side } from './stream.ts'

const SHARED = /^\$share\/[^/+#]+\/(.+)$/su

export function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0)
}

export function isTopic(bytes: Buffer): boolean {
  if (bytes.length === 0 || bytes.length > STRING_LENGTH_MAX || !isText(bytes)) return false
  const text = bytes.toString()
  return !/[+#]/.test(text) && text.split('/').length <= TOPIC_LEVELS_MAX
}

export function isFilter(bytes: Buffer): boolean {
  if (bytes.length === 0 || bytes.length > STRING_LENGTH_MAX || !isText(bytes)) return false
  let text = bytes.toString()
  if (text.startsWith('$share/')) {
    const inner = SHARED.exec(text)?.[1]
    if (inner === undefined) return false
    text = inner
  }
  const levels = text.split('/')
  if (levels.length > TOPIC_LEVELS_MAX) return false
  return levels.every((level, i) => {
    if (level === '#') return i === levels.length - 1
    return level === '+' || !/[+#]/.test(level)
  })
}

/** The whole of the bytes, and some pieces of them. */
export function checkTexts(sides: readonly Side[], bytes: Buffer, random: Random): void {
  checkText(sides, bytes)
  for (let i = 0; i < 3; i++) {
    const from = random.below(bytes.length + 1)
    checkText(sides, bytes.subarray(from, from + random.below(40)))
  }
}

export function checkText(sides: readonly Side[], bytes: Buffer): void {
  const [text, topic, filter] = [isText(bytes), isTopic(bytes), isFilter(bytes)]
  for (const side of sides) {
    const start = side.place(bytes, bytes.length & 7)
    const { check_filter, check_text, check_topic } = side.module.call
    compare('check_text', side, bytes, check_text(start, bytes.length) === 1, text)
    compare('check_topic', side, bytes, check_topic(start, bytes.length) === 0, topic)
    compare('check_filter', side, bytes, check_filter(start, bytes.length) === 0, filter)
  }
}

function compare(name: string, side: Side, bytes: Buffer, said: boolean, expected: boolean): void {
  must(said === expected, () => `${name} (${side.build}) said ${said}: ${bytes.toString('hex')}`)
}
