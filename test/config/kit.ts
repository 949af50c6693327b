// A configuration file of a test: written to a temporary directory, read, and what is said about it
// without its name.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { Config } from '../../host/config/config.ts'
import { ConfigError } from '../../host/config/error.ts'
import { readConfig } from '../../host/config/yaml.ts'
import { temporaryDirectory } from '../process.ts'

const directory = temporaryDirectory()

export function write(text: string, name = 'wasmqtt.yaml'): string {
  const file = join(directory, name)
  writeFileSync(file, text)
  return file
}

export function read(text: string, env: NodeJS.ProcessEnv = {}): Config {
  return readConfig(write(text), env)
}

/** `1:2: key: …` for each mistake; none = the file is read. */
export function mistakesIn(text: string, env: NodeJS.ProcessEnv = {}): string[] {
  const file = write(text)
  try {
    readConfig(file, env)
  } catch (error) {
    assert.instance(error, ConfigError)
    const { code, lines } = error as ConfigError
    assert.is(code, 'WASMQTT_CONFIG')
    return lines.map((line) => {
      assert.is(line.slice(0, file.length + 1), `${file}:`)
      return line.slice(file.length + 1)
    })
  }
  return []
}
