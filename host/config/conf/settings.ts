// What a mosquitto.conf says, sorted by what it belongs to: the broker, each listener, each plugin,
// each bridge. Made by interpret.ts, read by translate.ts.

import type { Bridge } from './bridge.ts'
import type { Place } from './place.ts'
import type { Value } from './values.ts'

export interface Setting {
  readonly value: Value
  readonly at: Place
}

/** Options by name; those that may repeat keep all their values. */
export class Settings {
  readonly #settings = new Map<string, Setting[]>()

  get names(): string[] {
    return [...this.#settings.keys()]
  }

  put(name: string, setting: Setting): void {
    this.#settings.set(name, [setting])
  }

  append(name: string, setting: Setting): void {
    this.#settings.set(name, [...this.all(name), setting])
  }

  all(name: string): readonly Setting[] {
    return this.#settings.get(name) ?? []
  }

  has(name: string): boolean {
    return this.#settings.has(name)
  }

  /** Where it stands; call it only for an option that is there. */
  at(name: string): Place {
    return this.all(name).at(-1)?.at as Place
  }

  text(name: string): string | undefined {
    return this.all(name).at(-1)?.value as string | undefined
  }

  number(name: string): number | undefined {
    return this.all(name).at(-1)?.value as number | undefined
  }

  flag(name: string): boolean | undefined {
    return this.all(name).at(-1)?.value as boolean | undefined
  }
}

export interface Plugin {
  readonly at: Place
  readonly path: string
  /** Of plugin_load. */
  readonly name: string | undefined
  readonly options: Map<string, string>
  /** Whose clients it decides about. */
  readonly users: Settings[]
}

export interface Listener {
  readonly at: Place
  /** The one that options before any `listener` make. */
  readonly isDefault: boolean
  readonly port: number
  /** Address, or with port 0 the path of a unix socket. */
  readonly address: string | undefined
  readonly settings: Settings
}

export interface Contents {
  readonly broker: Settings
  readonly listeners: readonly Listener[]
  readonly plugins: readonly Plugin[]
  readonly bridges: readonly Bridge[]
  /** Neither listener nor port: loopback, whatever the default listener was told. */
  readonly isLocalOnly: boolean
  readonly isPerListener: boolean
}
