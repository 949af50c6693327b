// What the process is to the system: its file with the process id, and the user it becomes once it
// has bound its ports. Called by serve.ts.

import { execFileSync } from 'node:child_process'
import { lchownSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../config/options.ts'
import { Failure } from './failure.ts'

/** Writes the process id; the file goes when the process ends. @throws Failure */
export function writePidFile(path: string): void {
  const text = `${process.pid}\n`
  try {
    writeFileSync(path, text, { mode: 0o644 })
  } catch (error) {
    throw new Failure('WASMQTT_PID_FILE', [`pid file ${path}: ${(error as Error).message}`])
  }
  process.on('exit', () => {
    try {
      if (readFileSync(path, 'utf8') === text) rmSync(path)
    } catch {
      // The user it runs as may not remove it: the next start writes over it.
    }
  })
}

/** A user of the system, by number. */
export interface User {
  name: string
  uid: number
  gid: number
}

/**
 * The user to become; undefined when the process is that user, or may not choose.
 * @throws Failure when there is none of that name
 */
export function findUser(name: string | undefined, log: Log): User | undefined {
  if (name === undefined) return undefined
  if (process.getuid?.() !== 0) {
    log('notice', 'not started as root: the setting user is ignored', { user: name })
    return undefined
  }
  if (name === 'root') return undefined
  return { name, uid: idOf(name, '-u'), gid: idOf(name, '-g') }
}

function idOf(name: string, flag: '-u' | '-g'): number {
  try {
    const text = execFileSync('id', [flag, '--', name], { stdio: 'pipe', encoding: 'utf8' })
    return Number(text)
  } catch {
    throw new Failure('WASMQTT_USER', [`user ${name}: there is no such user on this system`])
  }
}

/** Cannot be undone: the process has only that user's rights from now on. */
export function becomeUser({ name, uid, gid }: User): void {
  const { initgroups } = process as { initgroups?(user: string, group: number): void }
  initgroups?.(name, gid)
  process.setgid?.(gid)
  process.setuid?.(uid)
}

/**
 * Gives what root has made below a path to the user, so that it can go on writing there. Links are
 * left alone: whoever may write there already could have made them to files of root's elsewhere.
 */
export function giveTo({ uid, gid }: User, path: string): void {
  const facts = lstatSync(path, { throwIfNoEntry: false })
  if (facts === undefined) return
  const isLink = facts.isSymbolicLink() || (facts.isFile() && facts.nlink > 1)
  if (facts.uid === 0 && !isLink) lchownSync(path, uid, gid)
  if (!facts.isDirectory()) return
  for (const name of readdirSync(path)) giveTo({ name: '', uid, gid }, join(path, name))
}
