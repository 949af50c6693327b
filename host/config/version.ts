// The version of this package, as `--version`, the logs and `$SYS/broker/version` say it. Sources
// are two folders below package.json, the bundle is one.

import { readFileSync } from 'node:fs'

/** Of package.json; read at each call. */
export function packageVersion(): string {
  for (const up of ['../', '../../']) {
    const found = versionIn(new URL(`${up}package.json`, import.meta.url))
    if (found !== undefined) return found
  }
  return 'unknown'
}

function versionIn(file: URL): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(file, 'utf8'))
    return name === 'wasmqtt' ? version : undefined
  } catch {
    return undefined
  }
}
