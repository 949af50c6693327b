// What `pub` and `sub` have in common around their work: options in, help and mistakes told, exit
// code out.

import { once } from 'node:events'
import { clientHelp } from './help.ts'
import { Mistake } from './mistake.ts'
import { parseClientOptions } from './options.ts'
import type { ClientKind, ClientSettings } from './settings.ts'

/** Runs one client and ends the process with its exit code. */
export async function runClient(
  kind: ClientKind,
  words: readonly string[],
  work: (settings: ClientSettings) => Promise<number>,
): Promise<never> {
  const code = await attempt(kind, words, work)
  if (process.stdout.writableLength > 0) await once(process.stdout, 'drain')
  process.exit(code)
}

async function attempt(
  kind: ClientKind,
  words: readonly string[],
  work: (settings: ClientSettings) => Promise<number>,
): Promise<number> {
  try {
    const settings = parseClientOptions(kind, words, process.env)
    if (settings !== 'help') return await work(settings)
    process.stdout.write(clientHelp(kind))
    return 0
  } catch (error) {
    if (!(error instanceof Mistake)) throw error
    const hint = `Use 'wasmqtt ${kind} --help' to see usage.`
    process.stderr.write(`${error.message}\n\n${hint}\n`)
    return 1
  }
}
