// Reads a configuration file in YAML or JSON. Whatever is wrong with it is found in one go and
// thrown as one ConfigError with a line each. Names of files in it stay as they are: relative to
// the working directory. Loads zod and yaml: read.ts imports it only when there is such a file.

import { readFileSync } from 'node:fs'
import { checkConfig } from './check.ts'
import type { Config } from './config.ts'
import { keyOf, SourceDocument } from './document.ts'
import { ConfigError } from './error.ts'
import { formatPath, isObject, type Mistake } from './mistake.ts'
import { findWarnings } from './warnings.ts'

/** A configuration, and what is strange about it but no mistake. @throws ConfigError */
export function readYaml(
  file: string,
  env: NodeJS.ProcessEnv,
): { config: Config; warnings: string[] } {
  const { config, document } = readDocument(file, env)
  const warnings = findWarnings(config).map((warning) => formatMistake(file, document, warning))
  return { config, warnings }
}

/** YAML or JSON, whatever the name. @throws ConfigError */
export function readConfig(file: string, env: NodeJS.ProcessEnv = process.env): Config {
  return readDocument(file, env).config
}

function readDocument(
  file: string,
  env: NodeJS.ProcessEnv,
): { config: Config; document: SourceDocument } {
  const document = new SourceDocument(file, readText(file), env)
  // Nothing but comments is a configuration that says nothing.
  const value = document.value ?? {}
  if (!isObject(value)) throw new ConfigError([`${file}: ${NO_KEYS}`])
  const checked = checkConfig(value, (path) => document.readings.get(keyOf(path)))
  const own = new Set(document.mistakes.map(({ path }) => keyOf(path)))
  const others = checked.mistakes.filter(({ path }) => !own.has(keyOf(path)))
  const mistakes = [...document.mistakes, ...others]
  if (mistakes.length > 0) throw new ConfigError(formatAll(file, document, mistakes))
  return { config: checked.config, document }
}

const NO_KEYS =
  'expected keys and values in YAML or JSON (the name of a mosquitto.conf must end in .conf)'

function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = (code && REASONS[code]) ?? message
    throw new ConfigError([`${file}: cannot be read: ${reason}`])
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'not permitted',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8',
}

/** In the order of the file. */
function formatAll(file: string, document: SourceDocument, mistakes: Mistake[]): string[] {
  return mistakes
    .map((mistake) => ({ mistake, place: document.placeOf(mistake) }))
    .sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
    .map(({ mistake }) => formatMistake(file, document, mistake))
}

function formatMistake(file: string, document: SourceDocument, mistake: Mistake): string {
  const { line, column } = document.placeOf(mistake)
  const key = formatPath(mistake.path)
  return `${file}:${line}:${column}: ${key === '' ? '' : `${key}: `}${mistake.problem}`
}
