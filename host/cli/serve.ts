// `wasmqtt` without a subcommand: starts a broker as the command line and the configuration file
// say, prints where it listens, and obeys signals and the control socket from then on. Called by
// main.ts; all that is MQTT is behind createBroker.
//
//   SIGHUP             reload: configuration, certificates, log files opened anew
//   SIGUSR1, SIGUSR2   save to disk; print the subscription tree
//   SIGTERM, SIGINT    close gracefully; once more, at once

import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { CONTROL_SOCKET, ControlError, ControlServer, makeRoom } from '../admin/control.ts'
import type { Arguments } from './arguments.ts'
import { Failure } from './failure.ts'
import { readConfiguration } from './load.ts'
import { escapeUnprintable } from './log.ts'
import { makePlan, type Plan } from './plan.ts'
import { becomeUser, findUser, giveTo, writePidFile } from './process.ts'
import { Runtime } from './runtime.ts'
import { verbsOf } from './verbs.ts'

/** Listens, prints the addresses and `ready`; resolves then. Throws a Failure when it cannot. */
export async function serve(words: Arguments): Promise<void> {
  let started: Runtime | undefined
  obeySignals(() => started)
  const { config, warnings } = await readConfiguration(words.config)
  const plan = makePlan(words, config)
  const { data, durability } = plan.options
  if (durability !== 'memory') prepareDirectory(data as string)
  const control = controlPath(words, plan)
  if (control !== undefined) await makeRoom(control).catch(failOnControl)
  const runtime = await Runtime.create(words, plan, warnings)
  started = runtime
  const closing = closeOnSignal(runtime)
  const user = findUser(plan.user, runtime.logger.log)
  await runtime.listen()
  if (control !== undefined) {
    const server = await ControlServer.open(control, verbsOf(runtime)).catch(failOnControl)
    void closing.then(() => server.close())
  }
  if (plan.pidFile !== undefined) writePidFile(plan.pidFile)
  if (user !== undefined) {
    if (durability !== 'memory') giveTo(user, data as string)
    if (control !== undefined) giveTo(user, control)
    runtime.logger.chown(user.uid, user.gid)
    becomeUser(user)
  }
  const lines = [...runtime.sockets.urls.map((url) => `listening ${url}`), 'ready']
  if (!words.quiet) process.stdout.write(`${lines.join('\n')}\n`)
}

function prepareDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    const { message } = error as Error
    throw new Failure('WASMQTT_DATA', [`--data ${path}: cannot be used: ${message}`])
  }
}

/** A broker that keeps nothing, and was given no directory, leaves nothing on the disk either. */
function controlPath({ control }: Arguments, { hasData, options }: Plan): string | undefined {
  if (control === 'off') return undefined
  if (control !== undefined) return control
  if (options.durability === 'memory') {
    if (!hasData) return undefined
    prepareDirectory(options.data as string)
  }
  return join(options.data as string, CONTROL_SOCKET)
}

function failOnControl(error: unknown): never {
  if (error instanceof ControlError) throw new Failure(error.code, error.lines)
  throw error
}

/**
 * What a signal asks for is logged; nobody waits for an answer. One that comes before there is a
 * broker asks for nothing, and must not end the process or wake Node's debugger.
 */
function obeySignals(current: () => Runtime | undefined): void {
  process.on('SIGHUP', () => void current()?.reload().catch(ignore))
  process.on('SIGUSR1', () => void current()?.save())
  process.on('SIGUSR2', () => {
    const tree = [...(current()?.broker.subscriptionTree() ?? [])]
    process.stdout.write(tree.map((line) => `${escapeUnprintable(line)}\n`).join(''))
  })
}

/** Whoever refuses a reload has logged why. */
function ignore(): void {}

/** The first signal closes gracefully and exits 0, a second one exits at once. */
function closeOnSignal({ broker, policies }: Runtime): Promise<void> {
  return new Promise((resolve) => {
    let closing = false
    const onSignal = (): void => {
      if (closing) process.exit(1)
      closing = true
      resolve()
      broker
        .close()
        .then(() => policies.close())
        .then(() => process.exit(0))
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}
