// Notices that files were replaced: the folders they are in tell at once where the system can, and
// a slow poll finds what they do not (links into other folders, network drives). A file counts as
// changed when its inode, size or time of change has. Used by tls.ts.

import { type FSWatcher, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import { filesOf } from './pem.ts'

/** Certificate and key are two files: both should be there before they are read. */
const SETTLE_MS = 200
const POLL_MS = 30_000

export class FileWatch {
  readonly #files: readonly string[]
  readonly #onChange: () => void
  readonly #watchers: FSWatcher[]
  readonly #poll: NodeJS.Timeout
  #settling: NodeJS.Timeout | undefined
  #seen: string

  constructor(files: readonly string[], onChange: () => void) {
    this.#files = files
    this.#onChange = onChange
    this.#seen = this.#look()
    this.#settling = undefined
    this.#watchers = []
    // A directory of authorities is watched itself, too.
    const folders = new Set(files.flatMap((file) => [dirname(file), file]))
    for (const folder of folders) this.#watchFolder(folder)
    this.#poll = setInterval(() => this.#check(), POLL_MS).unref()
  }

  /** What is there now is known. */
  mark(): void {
    this.#seen = this.#look()
  }

  close(): void {
    clearInterval(this.#poll)
    clearTimeout(this.#settling)
    for (const watcher of this.#watchers) watcher.close()
  }

  #watchFolder(folder: string): void {
    try {
      if (!statSync(folder).isDirectory()) return
      const watcher = watch(folder, { persistent: false }, () => this.#settle())
      watcher.on('error', () => watcher.close())
      this.#watchers.push(watcher)
    } catch {
      // No watches are left, or none on this kind of drive: the poll is there.
    }
  }

  #settle(): void {
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => this.#check(), SETTLE_MS).unref()
  }

  #check(): void {
    const now = this.#look()
    if (now === this.#seen) return
    this.#seen = now
    this.#onChange()
  }

  #look(): string {
    return this.#files.map(stamp).join('\n')
  }
}

/** Of a directory, also of what is in it. */
function stamp(path: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
    const own = `${ino} ${size} ${mtimeNs} ${ctimeNs}`
    const inside = filesOf(path).filter((file) => file !== path)
    return [own, ...inside.map(stamp)].join(' ')
  } catch {
    return '-'
  }
}
