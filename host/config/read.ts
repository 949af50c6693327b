// Reads a configuration file of any kind, told by its name. Each reader is loaded only when it is
// needed: the one of YAML brings zod and yaml, which take 100 ms. Called by cli/.

import type { Config } from './config.ts'

/** A configuration, and what is strange about it but no mistake. */
export interface Reading {
  config: Config
  /** Each with its file and line. */
  warnings: string[]
}

/**
 * `*.conf` as Mosquitto reads it, everything else as YAML, which JSON is, too.
 * @throws ConfigError with everything that is wrong
 */
export async function readAnyConfig(
  file: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Reading> {
  if (isMosquittoConf(file)) return (await import('./mosquitto.ts')).readMosquittoConf(file)
  return (await import('./yaml.ts')).readYaml(file, env)
}

export function isMosquittoConf(file: string): boolean {
  return file.endsWith('.conf')
}
