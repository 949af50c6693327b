// Where finished log lines go: a standard stream, a file, the broker's own topics, the journal.
// Each takes one line at a time and never throws; what cannot be written is lost, and said once on
// standard error.

import { closeSync, fchownSync, fstatSync, openSync, writeSync } from 'node:fs'
import type { LogDestination, LogType } from '../config/config.ts'
import type { LogLevel } from '../config/options.ts'
import { Failure } from './failure.ts'

/** One line on its way. */
export interface Line {
  level: LogLevel
  type: LogType
  /** Time and text, without the line's end. */
  stamped: string
  /** The text alone. */
  text: string
}

export interface Destination {
  write(line: Line): void
  close(): void
  /** Gives what root has made to the user the process becomes. */
  chown?(uid: number, gid: number): void
}

/** Publishes a line under `$SYS/broker/log/`. */
export type PublishLog = (type: LogType, text: string) => void

/** Readable by the group, so that a collector of logs can be put into it. */
const FILE_MODE = 0o640
/** Priorities of syslog(3), which journald reads at the beginning of a line. */
const PRIORITIES: Record<LogLevel, number> = { error: 3, warn: 4, notice: 5, info: 6, debug: 7 }

/** @throws Failure when it cannot be written to */
export function openDestination(destination: LogDestination, publish: PublishLog): Destination {
  if (destination === 'stdout') return streamTo(process.stdout)
  if (destination === 'stderr') return streamTo(process.stderr)
  if (destination === 'topic') return topicTo(publish)
  if (destination === 'syslog') return journal()
  return new LogFile(destination.file)
}

/** What has been opened and is not wanted. */
export function closeAll(destinations: readonly Destination[]): void {
  for (const destination of destinations) destination.close()
}

function streamTo(stream: NodeJS.WriteStream): Destination {
  return { write: ({ stamped }) => stream.write(`${stamped}\n`), close: () => {} }
}

/** What publishing logs is not published again. */
function topicTo(publish: PublishLog): Destination {
  let inside = false
  return {
    write: ({ type, text }) => {
      if (inside) return
      inside = true
      try {
        publish(type, text)
      } finally {
        inside = false
      }
    },
    close: () => {},
  }
}

/** systemd connects standard error to the journal, which hands it on to syslog. */
function journal(): Destination {
  if (process.env.JOURNAL_STREAM === undefined) {
    throw new Failure('WASMQTT_LOG', [
      'log destination syslog: works only under systemd, which takes standard error to syslog; ' +
        "otherwise use 'stderr', or a file",
    ])
  }
  return {
    write: ({ level, text }) => process.stderr.write(`<${PRIORITIES[level]}>${text}\n`),
    close: () => {},
  }
}

class LogFile implements Destination {
  readonly #path: string
  readonly #file: number
  #failing: boolean

  constructor(path: string) {
    this.#path = path
    this.#failing = false
    try {
      this.#file = openSync(path, 'a', FILE_MODE)
    } catch (error) {
      throw new Failure('WASMQTT_LOG', [`log file ${path}: ${(error as Error).message}`])
    }
  }

  write({ stamped }: Line): void {
    try {
      writeSync(this.#file, `${stamped}\n`)
      this.#failing = false
    } catch (error) {
      if (this.#failing) return
      this.#failing = true
      process.stderr.write(`wasmqtt: log file ${this.#path}: ${(error as Error).message}\n`)
    }
  }

  close(): void {
    closeSync(this.#file)
  }

  chown(uid: number, gid: number): void {
    if (fstatSync(this.#file).uid === 0) fchownSync(this.#file, uid, gid)
  }
}
