// The table of mosquitto.conf's options in host/config/README.md, made from the tables of
// host/config/conf/. `node --import tsx test/mosquitto/table.ts` writes it; table.test.ts compares.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BRIDGE_OPTIONS } from '../../host/config/conf/bridge.ts'
import { type ConfOption, type Fate, OPTIONS, type Scope } from '../../host/config/conf/options.ts'
import { ROOT } from '../source.ts'

export const README: string = join(ROOT, 'host/config/README.md')
const BEGIN = '<!-- options of mosquitto.conf: begin -->\n'
const END = '<!-- options of mosquitto.conf: end -->'

const SCOPES: Record<Scope, string> = {
  broker: 'Of the broker',
  security: 'Of the broker, or with per_listener_settings of the listener above',
  listener: 'Of the listener above, or of the default one',
  plugin: 'Plugins',
}

const FATES: Record<Fate, string> = {
  works: 'works',
  nothing: 'taken',
  warns: 'warning',
  refused: 'error',
}

/** The README with the table as it should be. */
export function withTable(text: string): string {
  const [before, rest] = text.split(BEGIN) as [string, string]
  const after = rest.slice(rest.indexOf(END))
  return `${before}${BEGIN}${tables()}${after}`
}

function tables(): string {
  const parts = (Object.keys(SCOPES) as Scope[]).map((scope) => {
    const options = OPTIONS.filter((option) => option.scope === scope)
    return `\n${SCOPES[scope]}:\n\n${table(options)}`
  })
  const names = BRIDGE_OPTIONS.map((option) => `\`${namesOf(option)}\``).join(', ')
  const bridges = '\nBridges, read and checked, then refused until there are bridges: `connection`'
  return `${parts.join('')}${bridges}, ${names}.\n\n`
}

function table(options: readonly ConfOption[]): string {
  const rows = options.map((option) => {
    const { kind, fate, means, since } = option
    const names = `\`${namesOf(option)}\`${since === undefined ? '' : ` (${since})`}`
    return `| ${names} | ${kind.expected} | ${FATES[fate]} | ${means} |`
  })
  return ['| option | value | here | what becomes of it |', '|---|---|---|---|', ...rows, ''].join(
    '\n',
  )
}

function namesOf({ name, aliases = [] }: { name: string; aliases?: readonly string[] }): string {
  return [name, ...aliases].join('`, `')
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(README, withTable(readFileSync(README, 'utf8')))
}
