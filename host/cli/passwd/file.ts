// A file of secrets, read and replaced: nobody sees half of it, and nobody sees it who could not
// see the one before. Used by `wasmqtt passwd`.

import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { Failure } from '../failure.ts'

const OWNER_ONLY = 0o600

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new Failure('WASMQTT_PASSWD', [`passwd: ${file}: no such file; -c makes one`])
    }
    throw failure(file, 'cannot be read', error)
  }
}

/** Written beside it, on disk, then renamed; mode and owner stay, a new file has 0600. */
export function replaceFile(path: string, text: string): void {
  const before = statOf(path)
  // Through a link, the file it leads to.
  const file = before === undefined ? path : realpathSync(path)
  const draft = `${file}.${process.pid}.new`
  try {
    const descriptor = openSync(draft, 'wx', OWNER_ONLY)
    try {
      if (before !== undefined) keepOwner(descriptor, before)
      writeSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(draft, file)
    syncFolder(dirname(file))
  } catch (error) {
    rmSync(draft, { force: true })
    throw failure(path, 'cannot be written', error)
  }
}

function keepOwner(descriptor: number, { uid, gid, mode }: Stats): void {
  const isOwn = uid === process.getuid?.() && gid === process.getgid?.()
  if (!isOwn && process.getuid !== undefined) fchownSync(descriptor, uid, gid)
  fchmodSync(descriptor, mode & 0o7777)
}

function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

function failure(file: string, what: string, error: unknown): Failure {
  return new Failure('WASMQTT_PASSWD', [`passwd: ${file}: ${what}: ${(error as Error).message}`])
}
