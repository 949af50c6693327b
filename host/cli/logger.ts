// The log of a running broker: one `log` function for its whole life, behind which level, format
// and destinations change with each reload. JSON lines are pino's, loaded only when they are asked
// for; text lines are log.ts's.

import type { LogConfig } from '../config/config.ts'
import type { Log, LogLevel } from '../config/options.ts'
import {
  closeAll,
  type Destination,
  type Line,
  openDestination,
  type PublishLog,
} from './destination.ts'
import {
  createFilter,
  createStamp,
  escapeUnprintable,
  type Facts,
  formatLine,
  plainFacts,
  typeOf,
} from './log.ts'

/** pino's number of each level. */
const NUMBERS: Record<LogLevel, number> = { error: 50, warn: 40, notice: 35, info: 30, debug: 20 }

type Format = (level: LogLevel, message: string, facts: Facts) => Pick<Line, 'stamped' | 'text'>

/** Opened, and not in use yet. */
export interface Writing {
  readonly destinations: readonly Destination[]
  readonly wants: ReturnType<typeof createFilter>
  readonly format: Format
}

export class Logger {
  readonly log: Log
  /** What the destination `topic` does; set when there is a broker. */
  publish: PublishLog
  #writing: Writing

  private constructor() {
    this.publish = () => {}
    this.#writing = { destinations: [], wants: () => false, format: () => NO_LINE }
    this.log = (level, message, facts) => this.#write(level, message, facts)
  }

  /** @throws Failure when a destination cannot be written to */
  static async open(config: LogConfig): Promise<Logger> {
    const logger = new Logger()
    logger.use(await logger.prepare(config))
    return logger
  }

  /**
   * Opens the destinations anew, files too: `use` then goes on in the file that has the name now.
   * @throws Failure when one cannot be written to; nothing has changed then
   */
  async prepare(config: LogConfig): Promise<Writing> {
    const format = config.format === 'json' ? await formatJson(config) : formatText(config)
    const destinations: Destination[] = []
    try {
      for (const destination of config.destinations ?? ['stderr']) {
        destinations.push(openDestination(destination, (type, text) => this.publish(type, text)))
      }
    } catch (error) {
      closeAll(destinations)
      throw error
    }
    return { destinations, wants: createFilter(config), format }
  }

  use(writing: Writing): void {
    const { destinations } = this.#writing
    this.#writing = writing
    closeAll(destinations)
  }

  /** Gives log files that root has made to another user. */
  chown(uid: number, gid: number): void {
    for (const destination of this.#writing.destinations) destination.chown?.(uid, gid)
  }

  #write(level: LogLevel, message: string, facts: Facts): void {
    const { destinations, format, wants } = this.#writing
    const type = typeOf(level, message)
    if (!wants(level, message, type)) return
    const line: Line = { level, type, ...format(level, message, facts) }
    for (const destination of destinations) destination.write(line)
  }
}

const NO_LINE = { stamped: '', text: '' }

function formatText(config: LogConfig): Format {
  const stamp = createStamp(config)
  return (level, message, facts) => {
    const text = formatLine(level, message, facts)
    return { stamped: stamp(new Date()) + text, text }
  }
}

/** `{"level":"info","time":"2026-…","client":"a","msg":"client connected"}` */
async function formatJson({ timestamp }: LogConfig): Promise<Format> {
  const { pino } = await import('pino')
  let line = ''
  const logger = pino(
    {
      base: null,
      level: 'debug',
      customLevels: NUMBERS,
      useOnlyCustomLevels: true,
      timestamp: timestamp === false ? false : pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write: (text: string) => {
        line = text
      },
    },
  )
  return (level, message, facts) => {
    logger[level](plainFacts(facts), message)
    const text = escapeUnprintable(line.trimEnd())
    return { stamped: text, text }
  }
}
