// Who decides about the clients of each listener. Between the plan, which names the listeners, and
// access/, which reads password and ACL files and is loaded only when there is something to decide:
// it costs the start 50 ms and more.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { REASON_SERVER_UNAVAILABLE } from '../../assembly/codes.ts'
import type { DeviceHost } from '../access/devices/devices.ts'
import type { AccessManager, ManagerOptions } from '../access/manager.ts'
import type { Access } from '../broker/access.ts'
import { nameOf, type Policy } from '../broker/policy.ts'
import type { Config, ListenerConfig } from '../config/config.ts'
import { Failure } from './failure.ts'

/** Written by access/bans.ts in the data directory. */
export const BANS_FILE = 'bans.json'
/** Of access/devices, in the data directory. */
export const DEVICES_FOLDER = 'devices'

/** Of a listener that is opened by a reload which may still be refused. */
const NOT_YET: Access = {
  admit: () => ({ refused: REASON_SERVER_UNAVAILABLE }),
  exchange: () => undefined,
}

export class Policies {
  readonly #options: ManagerOptions
  /** What devices are told, called and disconnected through. */
  readonly #host: () => DeviceHost
  #manager: AccessManager | undefined
  #opening: Promise<AccessManager> | undefined
  #controls: ReadonlyMap<string, Access>

  constructor(options: ManagerOptions, host: () => DeviceHost) {
    this.#options = options
    this.#host = host
    this.#manager = undefined
    this.#opening = undefined
    this.#controls = new Map()
  }

  /** Whether anybody has been asked yet. */
  get isOpen(): boolean {
    return this.#manager !== undefined
  }

  /** @throws Failure when the ban list or the device registry cannot be read */
  manager(): Promise<AccessManager> {
    this.#opening ??= this.#open().catch((error) => {
      this.#opening = undefined
      return fail(error)
    })
    return this.#opening
  }

  async close(): Promise<void> {
    await this.#manager?.devices?.close()
  }

  async #open(): Promise<AccessManager> {
    const { AccessManager } = await import('../access/manager.ts')
    const { Devices } = await import('../access/devices/devices.ts')
    const { data, log } = this.#options
    const directory = data && join(data, DEVICES_FOLDER)
    const devices = await Devices.open({ directory, log })
    this.#manager = new AccessManager({ ...this.#options, devices })
    devices.attach(this.#host())
    return this.#manager
  }

  /** @throws Failure that says which file or option is wrong; all is as it was then */
  async apply(config: Config, listeners: readonly ListenerConfig[]): Promise<void> {
    if (this.#manager === undefined && !this.#isNeeded(config, listeners)) return
    const manager = await this.manager()
    if (listeners.some(hasDevices)) await manager.devices?.registry.hold().catch(fail)
    this.#controls = orFail(() => manager.apply(config, listeners))
  }

  /** Reads password and ACL files again. @throws Failure */
  async refresh(): Promise<void> {
    await this.#manager?.refresh().catch(fail)
  }

  /** What `Broker.listen` and `adjust` are given for a listener. */
  of(listener: ListenerConfig): Partial<Policy> {
    if (this.#manager === undefined) return isOpen(listener) ? {} : { access: NOT_YET }
    const access = this.#controls.get(nameOf(listener)) ?? NOT_YET
    return { access, guard: this.#manager.limits }
  }

  #isNeeded({ limits }: Config, listeners: readonly ListenerConfig[]): boolean {
    const { data } = this.#options
    if (limits !== undefined || !listeners.every(isOpen)) return true
    return data !== undefined && existsSync(join(data, BANS_FILE))
  }
}

/** Whether everybody may do everything: then nobody needs to be asked. */
function isOpen({ anonymous, authentication, authorization }: ListenerConfig): boolean {
  return anonymous === true && !authentication?.length && authorization === undefined
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
