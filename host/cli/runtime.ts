// A broker as the command line runs it: started from a plan, and changed by a reload into what the
// file says then. A reload that fails anywhere changes nothing. Signals and the control socket call
// it; which sockets open and close is sockets.ts's.

import { performance } from 'node:perf_hooks'
import { listenHealth } from '../admin/health.ts'
import type { ListenerConfig, LogType } from '../config/config.ts'
import { type Broker, createBroker } from '../index.ts'
import { StoreError } from '../store/database.ts'
import type { Arguments } from './arguments.ts'
import { differences } from './changes.ts'
import { closeAll } from './destination.ts'
import { Failure } from './failure.ts'
import { readConfiguration } from './load.ts'
import { Logger, type Writing } from './logger.ts'
import { makePlan, type Options, type Plan } from './plan.ts'
import { Policies } from './policy.ts'
import { type Change, type Opener, Sockets } from './sockets.ts'

/** What only a new start can change: options, and what the process is. */
const FIXED: ReadonlySet<string> = new Set(['data', 'durability', 'wasm', 'pidFile', 'user'])

/** Under which Mosquitto's topics a kind of line is published; it has none for all of them. */
const LOG_TOPICS: Record<LogType, 'E' | 'W' | 'N' | 'I' | 'D'> = {
  error: 'E',
  warning: 'W',
  notice: 'N',
  information: 'I',
  debug: 'D',
  subscribe: 'D',
  unsubscribe: 'D',
  websockets: 'D',
}

type Parts = Pick<Runtime, 'broker' | 'logger' | 'policies'>

export class Runtime {
  readonly broker: Broker
  readonly logger: Logger
  readonly sockets: Sockets
  readonly policies: Policies
  readonly startedAt: Date
  readonly #words: Arguments
  #plan: Plan
  /** What is under way. */
  #last: Promise<unknown>
  #reloads: number

  private constructor(words: Arguments, plan: Plan, { broker, logger, policies }: Parts) {
    this.broker = broker
    this.logger = logger
    this.policies = policies
    this.sockets = new Sockets(openerOf(broker, logger, policies), (problem) =>
      logger.log('error', problem, {}),
    )
    this.startedAt = new Date()
    this.#words = words
    this.#plan = plan
    this.#last = Promise.resolve()
    this.#reloads = 0
  }

  /** Opens no socket yet. @throws Failure */
  static async create(words: Arguments, plan: Plan, warnings: readonly string[]): Promise<Runtime> {
    const logger = await Logger.open(plan.log)
    for (const warning of warnings) logger.log('warn', warning, {})
    const data = plan.options.durability === 'memory' ? undefined : plan.options.data
    const policies = await Policies.open({ log: logger.log, data })
    const broker = await createBroker({ ...plan.options, log: logger.log }).catch(failOnStore)
    policies.attach(broker)
    logger.publish = (type, text) => broker.publishLog(LOG_TOPICS[type], text)
    return new Runtime(words, plan, { broker, logger, policies })
  }

  get plan(): Plan {
    return this.#plan
  }

  /** @throws Failure when one cannot be opened */
  listen(): Promise<void> {
    return this.#inTurn(async () => {
      const { config, places } = this.#plan
      await this.policies.hold(listenersOf(this.#plan))
      this.policies.apply(config, listenersOf(this.#plan))
      const change = await this.sockets.change(places)
      await change.commit()
    })
  }

  /**
   * Reads the configuration again and becomes what it says; log files are opened anew and
   * certificates read again in any case.
   * @returns what has changed, a line each
   * @throws Failure when it cannot be; nothing has changed then
   */
  reload(): Promise<string[]> {
    return this.#inTurn(() => this.#reload())
  }

  /** Writes everything to the disk, and logs how that went. */
  async save(): Promise<void> {
    const { log } = this.logger
    try {
      await this.broker.save()
      log('notice', 'saved', {})
    } catch (error) {
      log('error', 'cannot save', { error })
    }
  }

  /** Starts and reloads never overlap. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }

  async #reload(): Promise<string[]> {
    const { log } = this.logger
    try {
      const lines = await this.#become()
      this.#reloads++
      for (const line of lines) log('notice', line, {})
      log('notice', 'configuration read again', { file: this.#words.config, changes: lines.length })
      return lines
    } catch (error) {
      const lines = error instanceof Failure ? error.lines : [String(error)]
      for (const line of lines) log('error', line, {})
      log('error', 'reload refused: nothing has changed', { file: this.#words.config })
      throw error
    }
  }

  async #become(): Promise<string[]> {
    const { config, warnings } = await readConfiguration(this.#words.config)
    const plan = makePlan(this.#words, config)
    const fixed = keepFixed(this.#plan, plan)
    const writing = await this.logger.prepare(plan.log)
    const change = await this.#prepare(plan, writing)
    const lines = [
      ...differences(this.#plan.options, plan.options).map((line) => `changed ${line}`),
      ...differences({ log: this.#plan.log }, { log: plan.log }).map((line) => `changed ${line}`),
      ...change.lines,
    ]
    this.broker.reconfigure(plan.options)
    this.logger.use(writing)
    this.#plan = plan
    await change.commit()
    this.broker.regrant()
    for (const warning of [...warnings, ...fixed]) this.logger.log('warn', warning, {})
    return [...lines, ...fixed]
  }

  /** Everything that can fail; what has been done is undone then. */
  async #prepare(plan: Plan, writing: Writing): Promise<Change> {
    let change: Change | undefined
    try {
      change = await this.sockets.change(plan.places)
      await this.policies.hold(listenersOf(plan))
      this.policies.reload(plan.config, listenersOf(plan)) // the last: nothing undoes it
      return change
    } catch (error) {
      closeAll(writing.destinations)
      await change?.undo()
      throw error
    }
  }

  status(): Record<string, unknown> {
    const { data, durability } = this.#plan.options
    return {
      pid: process.pid,
      started: this.startedAt.toISOString(),
      uptimeSeconds: Math.floor(performance.now() / 1000),
      config: this.#words.config ?? 'none',
      data,
      durability,
      reloads: this.#reloads,
      listening: this.sockets.urls,
      ...this.broker.stats(),
    }
  }
}

/**
 * Takes back what cannot change while the broker runs.
 * @returns a warning for each
 */
function keepFixed(old: Plan, plan: Plan): string[] {
  const warnings = differences(fixedOf(old), fixedOf(plan)).map(
    (line) => `not changed ${line}: needs a new start`,
  )
  Object.assign(plan.options, {
    data: old.options.data,
    durability: old.options.durability,
    wasm: old.options.wasm,
  } satisfies Partial<Options>)
  plan.pidFile = old.pidFile
  plan.user = old.user
  return warnings
}

function fixedOf({ options, pidFile, user }: Plan): object {
  const all = Object.entries({ ...options, pidFile, user })
  return Object.fromEntries(all.filter(([key]) => FIXED.has(key)))
}

/** A store that cannot be used is the operator's to mend. */
function failOnStore(error: unknown): never {
  if (error instanceof StoreError) throw new Failure(error.code, [`store: ${error.message}`])
  throw error
}

function listenersOf({ places }: Plan): ListenerConfig[] {
  return places.flatMap(({ settings }) => (settings.type === 'http' ? [] : [settings]))
}

function openerOf(broker: Broker, { log }: Logger, policies: Policies): Opener {
  return {
    open: (settings) => {
      if (settings.type !== 'http') {
        return broker.listen({ host: '*', ...settings }, policies.of(settings))
      }
      const { host = '127.0.0.1', port = 0 } = settings
      return listenHealth({ host, port, log }, () => healthOf(broker), broker.watched)
    },
    adjust: (listener, settings) => {
      if (settings.type !== 'http') broker.adjust(listener, settings, policies.of(settings))
    },
    dismiss: async (listener) => {
      await listener.close()
      await broker.dismiss(listener)
    },
  }
}

/** `degraded` while the store cannot be written: what needs no disk is served all the same. */
function healthOf(broker: Broker): object {
  const facts = broker.stats()
  return facts.storeFailing === 1 ? { ...facts, status: 'degraded' } : facts
}
