// Loads a configuration file for a command: what is wrong with it becomes a Failure. The readers
// take a while to load, so they are imported only when there is a file.

import type { Config } from '../config/config.ts'
import { ConfigError } from '../config/error.ts'
import { Failure } from './failure.ts'

/** @throws Failure with all mistakes, a line each */
export async function loadConfig(file: string): Promise<{ config: Config; warnings: string[] }> {
  const { readAnyConfig } = await import('../config/read.ts')
  try {
    return await readAnyConfig(file)
  } catch (error) {
    if (error instanceof ConfigError) throw new Failure(error.code, error.lines)
    throw error
  }
}

/** A broker without a file has nothing to read. */
export async function readConfiguration(
  file: string | undefined,
): Promise<{ config: Config; warnings: string[] }> {
  return file === undefined ? { config: {}, warnings: [] } : loadConfig(file)
}
