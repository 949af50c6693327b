// Where one trace goes: to somebody who follows it, or to a file, where lines are appended in order
// and never wait for the disk; when it is too slow, they are left out and counted. For trace.ts.

import { createWriteStream, openSync, type WriteStream } from 'node:fs'
import type { Log } from '../config/options.ts'

const WAITING_BYTES_MAX = 16 * 1024 * 1024
const OWNER_ONLY = 0o600

/** Where the lines of a trace go. */
export interface TraceLines {
  /** `''` when it is no file. */
  readonly path: string
  readonly closed: Promise<void>
  write(line: string): void
  close(): void
}

/** Lines for whoever follows the trace as it goes. */
export function linesTo(take: (line: string) => void): TraceLines {
  let end = (): void => {}
  const closed = new Promise<void>((resolve) => {
    end = resolve
  })
  return { path: '', closed, write: take, close: () => end() }
}

export class TraceFile implements TraceLines {
  readonly path: string
  /** Resolves when all lines are written, or none can be. */
  readonly closed: Promise<void>
  private readonly stream: WriteStream
  private leftOut = 0
  private isOpen = true

  /** @throws the system's error when the file cannot be opened */
  constructor(path: string, log: Log | undefined) {
    this.path = path
    const fd = openSync(path, 'a', OWNER_ONLY)
    this.stream = createWriteStream(path, { fd })
    this.stream.on('error', ({ message }) => {
      this.isOpen = false
      log?.('error', 'a trace ends: its file cannot be written', { file: path, error: message })
    })
    this.closed = new Promise((resolve) => {
      this.stream.on('close', resolve)
    })
  }

  write(line: string): void {
    if (!this.isOpen) return
    if (this.stream.writableLength > WAITING_BYTES_MAX) {
      this.leftOut++
      return
    }
    this.sayLeftOut()
    this.stream.write(`${line}\n`)
  }

  close(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.sayLeftOut()
    this.stream.end()
  }

  private sayLeftOut(): void {
    if (this.leftOut === 0) return
    this.stream.write(`… ${this.leftOut} packets left out: the disk is too slow\n`)
    this.leftOut = 0
  }
}
