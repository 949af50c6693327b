// The command line of `wasmqtt pub` and `wasmqtt sub`: exactly the syntax of mosquitto_pub and
// mosquitto_sub, one option a word, and their files of defaults.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CONNECTION, REPORTING, SESSION, TLS, WILL } from './connecting.ts'
import { OUTPUT, PUBLISHING, QOS, SUBSCRIBING } from './messaging.ts'
import { Mistake } from './mistake.ts'
import type { OptionRow } from './row.ts'
import { type ClientKind, type ClientSettings, checkSettings, defaultSettings } from './settings.ts'

/** In the order of the help. */
export const OPTION_GROUPS: readonly { title: string; rows: readonly OptionRow[] }[] = [
  { title: 'What to publish', rows: [...PUBLISHING, { ...QOS, only: 'pub' }] },
  { title: 'What to subscribe to', rows: [{ ...QOS, only: 'sub' }, ...SUBSCRIBING] },
  { title: 'How to print it', rows: OUTPUT },
  { title: 'Where to connect', rows: CONNECTION },
  { title: 'As whom, and how', rows: SESSION },
  { title: 'Last will', rows: WILL },
  { title: 'TLS', rows: TLS },
  { title: 'Reporting', rows: REPORTING },
]

/** What was asked for; `help` when that was it. Throws a Mistake. */
export function parseClientOptions(
  kind: ClientKind,
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
): ClientSettings | 'help' {
  const settings = defaultSettings(kind)
  for (const line of defaultLines(kind, environment)) {
    if (applyWords(settings, line) === 'help') return 'help'
  }
  if (applyWords(settings, words) === 'help') return 'help'
  checkSettings(settings)
  return settings
}

function applyWords(settings: ClientSettings, words: readonly string[]): 'help' | undefined {
  let i = 0
  while (i < words.length) {
    const word = words[i] as string
    if (word === '--help') return 'help'
    i += 1 + applyOption(settings, word, words.slice(i + 1))
  }
  return undefined
}

/** Says how many of the words behind the option it took. */
function applyOption(settings: ClientSettings, name: string, rest: readonly string[]): number {
  const row = findRow(settings.kind, name)
  if (row === undefined) throw new Mistake(`Error: Unknown option '${name}'.`)
  if ('set' in row) {
    row.set(settings)
    return 0
  }
  if ('takeWords' in row) return row.takeWords(settings, rest)
  const text = rest[0]
  if (text === undefined) {
    throw new Mistake(`Error: ${row.names[0]} argument given but no ${row.value} specified.`)
  }
  row.take(settings, text)
  return 1
}

function findRow(kind: ClientKind, name: string): OptionRow | undefined {
  for (const { rows } of OPTION_GROUPS) {
    const row = rows.find(({ names, only }) => names.includes(name) && (only ?? kind) === kind)
    if (row !== undefined) return row
  }
  return undefined
}

/**
 * The lines of $XDG_CONFIG_HOME/mosquitto_pub or _sub, else of ~/.config/: an option each, its
 * value the rest of the line.
 */
function defaultLines(kind: ClientKind, environment: NodeJS.ProcessEnv): string[][] {
  const { XDG_CONFIG_HOME: config, HOME: home } = environment
  const folder = config ?? (home === undefined ? undefined : join(home, '.config'))
  if (folder === undefined) return []
  let text: string
  try {
    text = readFileSync(join(folder, `mosquitto_${kind}`), 'utf8')
  } catch {
    return []
  }
  return text
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#') && line.trim() !== '')
    .map((line) => {
      const [option, ...rest] = line.trimStart().split(' ')
      return rest.length === 0 ? [`${option}`] : [`${option}`, rest.join(' ')]
    })
}
