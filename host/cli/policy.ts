// Who decides about the clients of each listener. Between the plan, which names the listeners, and
// access/, which reads password and ACL files: at a reload, and when one of them is replaced.

import { join } from 'node:path'
import { REASON_SERVER_UNAVAILABLE } from '../../assembly/codes.ts'
import { DEVICES_FOLDER, type DeviceHost, Devices } from '../access/devices/devices.ts'
import { AccessManager, type ManagerOptions } from '../access/manager.ts'
import type { Access } from '../broker/access.ts'
import { nameOf, type Policy } from '../broker/policy.ts'
import type { Config, ListenerConfig } from '../config/config.ts'
import type { Log } from '../config/options.ts'
import { FileWatch } from '../net/watch.ts'
import { Failure } from './failure.ts'

/** Of a listener that is opened by a reload which may still be refused. */
const NOT_YET: Access = {
  admit: () => ({ refused: REASON_SERVER_UNAVAILABLE }),
  exchange: () => undefined,
}

export class Policies {
  readonly manager: AccessManager
  readonly devices: Devices
  readonly #log: Log | undefined
  #controls: ReadonlyMap<string, Access>
  #watch: FileWatch | undefined

  private constructor(manager: AccessManager, devices: Devices, log: Log | undefined) {
    this.#log = log
    this.#watch = undefined
    this.manager = manager
    this.devices = devices
    this.#controls = new Map()
  }

  /** @throws Failure when the ban list or the device registry cannot be read */
  static async open(options: ManagerOptions): Promise<Policies> {
    const { data, log } = options
    const directory = data && join(data, DEVICES_FOLDER)
    const devices = await Devices.open({ directory, log }).catch(fail)
    return new Policies(
      orFail(() => new AccessManager({ ...options, devices })),
      devices,
      log,
    )
  }

  /** From now on devices are told, called and disconnected through `host`. */
  attach(host: DeviceHost): void {
    this.devices.attach(host)
  }

  /** Takes the directory of the registry, where there are to be devices. @throws Failure */
  async hold(listeners: readonly ListenerConfig[]): Promise<void> {
    if (listeners.some(hasDevices)) await this.devices.registry.hold().catch(fail)
  }

  close(): Promise<void> {
    this.#watch?.close()
    return this.devices.close()
  }

  /** @throws Failure that says which file or option is wrong; all is as it was then */
  apply(config: Config, listeners: readonly ListenerConfig[]): void {
    this.#controls = orFail(() => this.manager.apply(config, listeners))
    this.#watchFiles(listeners)
  }

  /** As `apply`, with password, key and ACL files read again. */
  reload(config: Config, listeners: readonly ListenerConfig[]): void {
    this.#controls = orFail(() => this.manager.reload(config, listeners))
    this.#watchFiles(listeners)
  }

  #watchFiles(listeners: readonly ListenerConfig[]): void {
    this.#watch?.close()
    const files = [...new Set(listeners.flatMap(filesOf))]
    this.#watch = files.length === 0 ? undefined : new FileWatch(files, () => void this.#reread())
  }

  /** A file that is broken changes nothing. */
  async #reread(): Promise<void> {
    try {
      await this.manager.refresh()
      this.#log?.('notice', 'password, key and ACL files read again', {})
    } catch (error) {
      this.#log?.('error', 'nothing has changed', { error: (error as Error).message })
    }
  }

  /** What `Broker.listen` and `adjust` are given for a listener. */
  of(listener: ListenerConfig): Partial<Policy> {
    const access = this.#controls.get(nameOf(listener)) ?? NOT_YET
    return { access, guard: this.manager.limits }
  }
}

/** What a listener's access control reads. */
function filesOf({ authentication = [], authorization }: ListenerConfig): string[] {
  const named = authentication.flatMap((step) => {
    if (step.type === 'password-file' || step.type === 'scram') return [step.file]
    return step.type === 'jwt' ? [step.secretFile, step.publicKeyFile, step.jwksFile] : []
  })
  return [...named, authorization?.aclFile].filter((file) => file !== undefined)
}

function hasDevices({ authentication = [] }: ListenerConfig): boolean {
  return authentication.some(({ type }) => type === 'device')
}

function orFail<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    return fail(error as Error)
  }
}

function fail(error: Error): never {
  throw new Failure('WASMQTT_ACCESS', [error.message])
}
