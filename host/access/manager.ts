// Access controls made of a configuration: one for each listener, sharing the authenticators and
// judges that say the same. `apply` puts another configuration in place under the clients that are
// connected; nothing changes when a part of it cannot be made.

import { join } from 'node:path'
import { nameOf } from '../broker/policy.ts'
import type {
  AuthenticationStep,
  AuthorizationConfig,
  Config,
  ListenerConfig,
} from '../config/config.ts'
import type { Log } from '../config/options.ts'
import { AclFile } from './aclFile.ts'
import type { Authenticator } from './authenticator.ts'
import { BANS_FILE, Bans } from './bans.ts'
import { Certificates } from './certificates.ts'
import { AccessControl, type Parts } from './control.ts'
import { DeviceAuthenticator } from './devices/authenticator.ts'
import type { Devices } from './devices/devices.ts'
import { Hashing } from './hashing.ts'
import { HookAuthenticator, HookJudge } from './hook.ts'
import type { Judge } from './judge.ts'
import { Limits } from './limits.ts'
import { Passwords } from './passwords.ts'
import { Rules } from './rules.ts'
import { Scram } from './scram.ts'
import { Tokens } from './tokens.ts'

/** What can be read again, and let go of. */
interface Source {
  reread?(): () => void
  close?(): void
}

/** Authenticators and judges by the text of their configuration. */
type Shared = Map<string, Authenticator | Judge>

/** What is to be put in place, by the name of the listener. */
interface Made {
  readonly parts: ReadonlyMap<string, Parts>
  readonly shared: Shared
}

export interface ManagerOptions {
  log?: Log | undefined
  /** Milliseconds since the epoch. */
  clock?: () => number
  /** Directory for what is stored; undefined = nothing is. */
  data?: string | undefined
  /** For the step `device`. */
  devices?: Devices | undefined
}

export class AccessManager {
  private shared: Shared = new Map()
  /** Who may not come in. */
  readonly bans: Bans
  /** Also the guard of every listener. */
  readonly limits: Limits
  readonly devices: Devices | undefined
  private readonly hashing = new Hashing()
  private readonly log: Log | undefined
  private readonly clock: () => number
  private readonly controls: Map<string, AccessControl> = new Map()

  /** @throws Error that names the ban list when it cannot be read */
  constructor({ clock = Date.now, data, devices, log }: ManagerOptions = {}) {
    this.log = log
    this.clock = clock
    this.bans = new Bans(data === undefined ? undefined : join(data, BANS_FILE), clock)
    this.limits = new Limits({}, this.bans, clock)
    this.devices = devices
    devices?.registry.onEvent(({ type }) => {
      if (type === 'product-changed' || type === 'product-deleted') this.revise()
    })
  }

  /**
   * The controls of a configuration, by the name of their listener.
   * @throws Error that says which file or option is wrong; then everything is as it was
   */
  apply(config: Config, listeners: readonly ListenerConfig[]): ReadonlyMap<string, AccessControl> {
    return this.put(config, this.make(config, listeners))
  }

  /** As `apply`, with all files read again. */
  reload(config: Config, listeners: readonly ListenerConfig[]): ReadonlyMap<string, AccessControl> {
    const made = this.make(config, listeners)
    const places = attempt(made.shared, this.shared, rereadAll)
    for (const place of places) place()
    return this.put(config, made)
  }

  /** What a configuration asks for; nothing is in place yet. */
  private make(config: Config, listeners: readonly ListenerConfig[]): Made {
    const shared: Shared = new Map()
    return attempt(shared, this.shared, () => {
      const parts = listeners.map(
        (listener) => [nameOf(listener), this.partsOf(config, listener, shared)] as const,
      )
      return { parts: new Map(parts), shared }
    })
  }

  private put(config: Config, { parts: made, shared }: Made): ReadonlyMap<string, AccessControl> {
    this.limits.reconfigure(config.limits ?? {})
    for (const name of this.controls.keys()) if (!made.has(name)) this.controls.delete(name)
    for (const [name, parts] of made) {
      const control = this.controls.get(name)
      if (control === undefined) this.controls.set(name, new AccessControl(parts))
      else control.replace(parts)
    }
    for (const [key, source] of this.shared) if (!shared.has(key)) (source as Source).close?.()
    this.shared = shared
    return this.controls
  }

  /** Reads all files again. @throws Error of the first that is wrong; then all is as it was */
  async refresh(): Promise<void> {
    for (const place of rereadAll(this.shared)) place()
    this.revise()
  }

  close(): void {
    for (const source of this.shared.values()) (source as Source).close?.()
  }

  private readonly revise = (): void => {
    for (const control of this.controls.values()) control.revise()
  }

  private partsOf(config: Config, listener: ListenerConfig, shared: Shared): Parts {
    const steps = listener.authentication ?? config.authentication ?? []
    const authorization = listener.authorization ?? config.authorization
    const reuse = <T extends Authenticator | Judge>(key: string, make: () => T): T => {
      const found = (shared.get(key) ?? this.shared.get(key) ?? make()) as T
      shared.set(key, found)
      return found
    }
    return {
      chain: steps.map((step) => reuse(JSON.stringify(step), () => this.authenticatorOf(step))),
      judges: this.judgesOf(authorization, reuse),
      limits: this.limits,
      isGiven:
        this.devices && ((clientId) => this.devices?.registry.isSessionId(clientId) === true),
      usernameFrom: listener.tls?.usernameFrom,
      clientIdFrom: listener.tls?.clientIdFrom,
      anonymous: listener.anonymous ?? config.anonymous ?? false,
    }
  }

  private authenticatorOf(step: AuthenticationStep): Authenticator {
    switch (step.type) {
      case 'password-file':
        return new Passwords(step.file, this.hashing)
      case 'jwt':
        return new Tokens(step, this.clock)
      case 'http':
        return new HookAuthenticator(step, this.log)
      case 'certificate':
        return new Certificates()
      case 'scram':
        return new Scram(step.file)
      case 'device':
        if (this.devices === undefined) throw new RangeError('there is no device registry here')
        return new DeviceAuthenticator(this.devices, step, this.clock)
    }
  }

  private judgesOf(
    authorization: AuthorizationConfig | undefined,
    reuse: <T extends Judge>(key: string, make: () => T) => T,
  ): Judge[] {
    const judges: Judge[] = []
    if (authorization === undefined) return judges
    const { aclFile, http, rules } = authorization
    if (rules !== undefined) {
      judges.push(reuse(`rules ${JSON.stringify(rules)}`, () => new Rules(rules)))
    }
    if (aclFile !== undefined) judges.push(reuse(`acl ${aclFile}`, () => new AclFile(aclFile)))
    if (http !== undefined) {
      const make = (): HookJudge => new HookJudge(http, this.log, this.revise)
      judges.push(reuse(`judge ${JSON.stringify(http)}`, make))
    }
    return judges
  }
}

function rereadAll(shared: Shared): (() => void)[] {
  return [...shared.values()].flatMap((source) => (source as Source).reread?.() ?? [])
}

/** Does what may fail; then what has been made for it and is not `kept` is let go of. */
function attempt<T>(made: Shared, kept: Shared, work: (made: Shared) => T): T {
  try {
    return work(made)
  } catch (error) {
    for (const [key, source] of made) if (!kept.has(key)) (source as Source).close?.()
    throw error
  }
}
