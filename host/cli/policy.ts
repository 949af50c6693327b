// Who decides about the clients of each listener. Between the plan, which names the listeners, and
// access/, which reads password and ACL files.

import { REASON_SERVER_UNAVAILABLE } from '../../assembly/codes.ts'
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
  #controls: ReadonlyMap<string, Access>

  /** @throws Failure when the ban list cannot be read */
  constructor(options: ManagerOptions) {
    this.manager = orFail(() => new AccessManager(options))
    this.#controls = new Map()
  }

  /** @throws Failure that says which file or option is wrong; all is as it was then */
  apply(config: Config, listeners: readonly ListenerConfig[]): void {
    this.#controls = orFail(() => this.manager.apply(config, listeners))
  }

  /** Reads password and ACL files again. @throws Failure */
  async refresh(): Promise<void> {
    await this.manager.refresh().catch(fail)
  }

  /** What `Broker.listen` and `adjust` are given for a listener. */
  of(listener: ListenerConfig): Partial<Policy> {
    const access = this.#controls.get(nameOf(listener)) ?? NOT_YET
    return { access, guard: this.manager.limits }
  }
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
