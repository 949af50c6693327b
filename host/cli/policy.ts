// Who decides about the clients of each listener. Between the plan, which names the listeners, and
// access/, which reads password and ACL files.

import { join } from 'node:path'
import { REASON_SERVER_UNAVAILABLE } from '../../assembly/codes.ts'
import { DEVICES_FOLDER, type DeviceHost, Devices } from '../access/devices/devices.ts'
import { AccessManager, type ManagerOptions } from '../access/manager.ts'
import type { Access } from '../broker/access.ts'
import { nameOf, type Policy } from '../broker/policy.ts'
import type { Config, ListenerConfig } from '../config/config.ts'
import { Failure } from './failure.ts'

/** Of a listener that is opened by a reload which may still be refused. */
const NOT_YET: Access = {
  admit: () => ({ refused: REASON_SERVER_UNAVAILABLE }),
  exchange: () => undefined,
}

export class Policies {
  readonly manager: AccessManager
  readonly devices: Devices
  #controls: ReadonlyMap<string, Access>

  private constructor(manager: AccessManager, devices: Devices) {
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
    return this.devices.close()
  }

  /** @throws Failure that says which file or option is wrong; all is as it was then */
  apply(config: Config, listeners: readonly ListenerConfig[]): void {
    this.#controls = orFail(() => this.manager.apply(config, listeners))
  }

  /** As `apply`, with password, key and ACL files read again. */
  reload(config: Config, listeners: readonly ListenerConfig[]): void {
    this.#controls = orFail(() => this.manager.reload(config, listeners))
  }

  /** What `Broker.listen` and `adjust` are given for a listener. */
  of(listener: ListenerConfig): Partial<Policy> {
    const access = this.#controls.get(nameOf(listener)) ?? NOT_YET
    return { access, guard: this.manager.limits }
  }
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
