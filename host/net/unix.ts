// Unix sockets: what an ended process left behind is removed, what a living one listens on is not,
// and nobody gets in before the permissions are set. Used by listen.ts.

import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { isMainThread } from 'node:worker_threads'

/**
 * Removes a socket nobody listens on. Rejects with EADDRINUSE when somebody does, or when
 * something else than a socket stands there.
 */
export async function clearStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isSocket()) throw inUse(path, 'something that is not a socket is there')
  if (await isAlive(path)) throw inUse(path, 'somebody listens there')
  rmSync(path, { force: true })
}

/** Refuses only what the kernel says is dead: no permission, for example, is no proof. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT')
    })
  })
}

/** Runs `bind`, which creates the socket, so that it never has more permissions than `mode`. */
export function withMode(mode: number | undefined, bind: () => void): void {
  if (mode === undefined || !isMainThread || process.platform === 'win32') {
    bind()
    return
  }
  const before = process.umask(0o777 & ~mode)
  try {
    bind()
  } finally {
    process.umask(before)
  }
}

/** Workers cannot change the umask of the process: there this is what sets the permissions. */
export function setMode(path: string, mode: number | undefined): void {
  if (mode !== undefined && process.platform !== 'win32') chmodSync(path, mode)
}

function inUse(path: string, why: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${path}: ${why}`), { code: 'EADDRINUSE' })
}
