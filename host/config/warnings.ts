// What is allowed in a configuration but hardly meant: shown by `wasmqtt check` and at the start.
// Called by yaml.ts with a configuration that has no mistakes.

import { accessSync, constants, statSync } from 'node:fs'
import type { Config, ListenerConfig } from './config.ts'
import { isObject, type Mistake, type Path } from './mistake.ts'

export function findWarnings(config: Config): Mistake[] {
  return [...findClosed(config), ...findInFiles(config, [])]
}

function findClosed(config: Config): Mistake[] {
  const problem = 'lets nobody in: anonymous clients are refused, and there is no authentication'
  return (config.listeners ?? []).flatMap((listener, i) =>
    isClosed(listener, config) ? [{ path: ['listeners', i], problem }] : [],
  )
}

function isClosed(listener: ListenerConfig, config: Config): boolean {
  const anonymous = listener.anonymous ?? config.anonymous ?? false
  const steps = listener.authentication ?? config.authentication ?? []
  return !anonymous && steps.length === 0 && listener.tls?.pskFile === undefined
}

/** Files and directories that are read, not written. */
const READ_KEYS: ReadonlySet<unknown> = new Set([
  ...['certificate', 'key', 'keyPassphraseFile', 'ca', 'caDirectory', 'crl', 'dhparam', 'pskFile'],
  ...['secretFile', 'publicKeyFile', 'jwksFile', 'aclFile'],
])

/** Windows has no such bits: there nothing is said. */
const READABLE_BY_ALL = process.platform === 'win32' ? 0 : 0o004

/** No mistakes, because they may be there, or be allowed, when the broker starts. */
function findInFiles(value: unknown, path: Path): Mistake[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => findInFiles(item, [...path, i]))
  if (isObject(value)) {
    return Object.entries(value).flatMap(([key, item]) => findInFiles(item, [...path, key]))
  }
  if (typeof value !== 'string' || !isRead(path)) return []
  try {
    accessSync(value, constants.R_OK)
    if (!isSecret(path) || (statSync(value).mode & READABLE_BY_ALL) === 0) return []
    return [{ path, problem: `everybody on this machine may read ${value}` }]
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'does not exist' : 'cannot be read'
    return [{ path, problem: `${value} ${reason}` }]
  }
}

/** Whoever opens a listener warns of the files of TLS, each time it reads them: net/pem.ts. */
function isSecret(path: Path): boolean {
  return path.includes('authentication') && (path.at(-1) === 'file' || path.at(-1) === 'secretFile')
}

function isRead(path: Path): boolean {
  const key = path.at(-1)
  if (path.includes('headers')) return false
  return READ_KEYS.has(key) || (key === 'file' && path.includes('authentication'))
}
