// mosquitto.conf as lines: which ones count, where the option's name ends, and the files that
// include_dir puts in their place. Knows no option but include_dir. Lines are handled as latin1,
// one character a byte, because Mosquitto looks at the encoding of single values only.

import { readdirSync, readFileSync } from 'node:fs'
import { ConfigError } from '../error.ts'
import type { Place, Report } from './place.ts'

/** One opened file: what a line's cursors (listener, bridge, plugin) belong to. */
export interface Source {
  readonly file: string
  readonly isMain: boolean
}

export interface ConfLine extends Place {
  readonly source: Source
  readonly name: string
  /** What follows the one space behind the name, latin1; `''` = nothing. */
  readonly rest: string
}

const BYTE_ORDER_MARK = '\xef\xbb\xbf'

/** Calls `visit` with every line that holds an option, those of included files in their place. */
export function readConfLines(file: string, report: Report, visit: (line: ConfLine) => void): void {
  readSource({ file, isMain: true }, readBytes(file), report, visit)
}

function readSource(
  source: Source,
  text: string,
  report: Report,
  visit: (line: ConfLine) => void,
): void {
  for (const [i, raw] of text.split('\n').entries()) {
    const line = asOption(raw, { source, file: source.file, line: i + 1 })
    if (line === undefined || isMisplaced(line, report)) continue
    if (line.name !== 'include_dir') visit(line)
    else include(line, report, visit)
  }
}

/** Only the first byte makes a comment; spaces alone make an empty line. */
function asOption(raw: string, at: Place & { source: Source }): ConfLine | undefined {
  if (raw.startsWith('#') || raw.startsWith('\r')) return undefined
  const text = raw.replace(/\r+$/, '')
  const found = /^ *([^ ]+)(?: (.*))?$/s.exec(text)
  return found === null ? undefined : { ...at, name: found[1] as string, rest: found[2] ?? '' }
}

/** Mistakes that would otherwise look like strange options. */
function isMisplaced(line: ConfLine, report: Report): boolean {
  const { name } = line
  if (`${name} ${line.rest}`.includes('\0')) {
    report.mistake(line, 'has a NUL byte in it: is this a text file?')
  } else if (name.startsWith(BYTE_ORDER_MARK)) {
    report.mistake(line, 'begins with a byte order mark: save the file as UTF-8 without one')
  } else if (name.startsWith('#')) {
    report.mistake(line, "a comment's # must be the first character of its line")
  } else if (name.includes('\t')) {
    report.mistake(
      line,
      `'${asText(name.replaceAll('\t', '\\t'))}' has a TAB in it: ` +
        'an option and its value are separated by spaces',
    )
  } else return false
  return true
}

function include(line: ConfLine, report: Report, visit: (line: ConfLine) => void): void {
  if (!line.source.isMain) {
    report.mistake(line, 'include_dir stands only in the main file, not in an included one')
    return
  }
  if (line.rest === '') {
    report.mistake(line, 'include_dir: expected a directory, got nothing')
    return
  }
  const directory = asText(line.rest)
  for (const name of listConfFiles(directory, line, report)) {
    const file = `${directory}/${name}`
    try {
      readSource({ file, isMain: false }, readBytes(file), report, visit)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      report.mistake(line, `include_dir: ${error.lines[0]}`)
    }
  }
}

function listConfFiles(directory: string, line: ConfLine, report: Report): string[] {
  try {
    const names = readdirSync(directory)
    return names
      .filter((name) => name.endsWith('.conf') && Buffer.byteLength(name) > 5)
      .sort(compareNames)
  } catch (error) {
    const quoted = `'${directory}'`
    report.mistake(line, `include_dir: ${quoted} cannot be read: ${reasonOf(error)}`)
    return []
  }
}

/** Character by character without case, and where only the case differs, capitals first. */
function compareNames(one: string, other: string): number {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number]
    if (x !== y) return toUpper(x) - toUpper(y) || x - y
  }
  return a.length - b.length
}

function toUpper(byte: number): number {
  return byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte
}

function readBytes(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch (error) {
    throw new ConfigError([`${file}: cannot be read: ${reasonOf(error)}`])
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'it does not exist'
  if (code === 'EISDIR') return 'it is a directory'
  if (code === 'ENOTDIR') return 'it is not a directory'
  if (code === 'EACCES') return 'permission denied'
  return message
}

/** Latin1 back to what was meant, for showing and for paths. */
export function asText(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString()
}
