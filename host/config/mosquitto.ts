// Reads a mosquitto.conf, with the files its include_dir names, as Mosquitto 2.0 and 2.1 read it.
// conf/ holds the parts: syntax (lines), options and bridge (tables), interpret (cursors),
// translate (meaning). Called by read.ts.

import { interpretConf } from './conf/interpret.ts'
import { Report } from './conf/place.ts'
import { translateConf } from './conf/translate.ts'
import type { Config } from './config.ts'
import { ConfigError } from './error.ts'

/** @throws ConfigError with every mistake of the file, each `file:line: words` */
export function readMosquittoConf(file: string): { config: Config; warnings: string[] } {
  const report = new Report()
  const config = translateConf(interpretConf(file, report), report)
  const { mistakes, warnings } = report
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return { config, warnings }
}
