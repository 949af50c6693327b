// Reading a mosquitto.conf given as text: the Config, the mistakes, the warnings. Every character
// of the text is one byte of the file. Places are shown without the name of the file.

import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Config } from '../../host/config/config.ts'
import { ConfigError } from '../../host/config/error.ts'
import { readMosquittoConf } from '../../host/config/mosquitto.ts'
import { temporaryDirectory } from '../process.ts'

const file = join(temporaryDirectory(), 'mosquitto.conf')

export function read(text: string): Config {
  return readText(text).config
}

/** Included files are shown by their last name: `a.conf:1: …`. */
export function mistakesIn(text: string): string[] {
  try {
    readText(text)
  } catch (error) {
    if (error instanceof ConfigError) return error.lines.map(shorten)
    throw error
  }
  return []
}

export function warningsIn(text: string): string[] {
  return readText(text).warnings.map(shorten)
}

function readText(text: string): ReturnType<typeof readMosquittoConf> {
  writeFileSync(file, text, 'latin1')
  return readMosquittoConf(file)
}

function shorten(line: string): string {
  const [place, ...words] = line.replaceAll(`${file}:`, 'FILE:').split(': ')
  const short = (place as string)
    .replace(/^FILE:/, '')
    .replace(/^\/.*\//, (path) => (basename(path) === 'conf.d' ? '' : path))
  return [short, ...words].join(': ')
}
