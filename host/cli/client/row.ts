// One option of `wasmqtt pub` and `wasmqtt sub`: its shape, and the checks that several options
// share. Used by the two tables of options.

import { Mistake } from './mistake.ts'
import type { ClientKind, ClientSettings, Qos } from './settings.ts'
import { isTopicFilter, isTopicName } from './topics.ts'

interface OptionBase {
  names: string[]
  /** Left out: both commands. */
  only?: ClientKind
  help: string
}

export type OptionRow = OptionBase &
  (
    | { set: (settings: ClientSettings) => void }
    /** `value`: what to call the word that follows. */
    | { value: string; take: (settings: ClientSettings, text: string) => void }
    /** Takes the words that follow as it likes, and says how many. */
    | { value: string; takeWords: (settings: ClientSettings, words: readonly string[]) => number }
  )

/** A publisher has one topic, the last one named. */
export function addTopic(settings: ClientSettings, text: string): void {
  if (settings.kind === 'sub') {
    if (!isTopicFilter(text)) wrongFilter('subscription', text)
    settings.topics.push(text)
    return
  }
  if (!isTopicName(text)) {
    fail(`Invalid publish topic '${text}', does it contain '+' or '#'?`)
  }
  settings.topics = [text]
}

export function wrongFilter(what: string, text: string): never {
  fail(`Invalid ${what} topic '${text}', are all '+' and '#' wildcards correct?`)
}

export function qos(text: string, error: string): Qos {
  return integer(text, 0, 2, error) as Qos
}

export function integer(text: string, min: number, max: number, error: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < min || number > max) fail(error)
  return number
}

export function decimal(text: string, error: string): number {
  if (!/^(\d+\.?\d*|\.\d+)$/.test(text)) fail(error)
  return Number(text)
}

export function fail(text: string): never {
  throw new Mistake(`Error: ${text}`)
}
