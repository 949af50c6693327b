// The sockets of a running broker, and how one set of them becomes another: all that can fail is
// done first, and undone again when something does; only then are the old ones let go.
//
//   same address, same socket settings   stays open; its policy is the new one
//   same address, other socket settings  closed and opened again; its clients are disconnected
//   a new address                        opened
//   an address no longer asked for       closed; its clients are disconnected

import type { ListenerConfig } from '../config/config.ts'
import type { Listener } from '../net/transport.ts'
import { differences, isSame } from './changes.ts'
import { Failure } from './failure.ts'
import type { Place, PlaceSettings } from './plan.ts'

/** Settings that need no other socket: they are read for each client that connects. */
const POLICY_KEYS: ReadonlySet<string> = new Set<keyof ListenerConfig>([
  ...(['name', 'mountPoint', 'connectionsMax', 'qosMax', 'versions'] as const),
  ...(['topicAliasMaxIn', 'topicAliasMaxOut', 'anonymous', 'emptyClientIds'] as const),
  ...(['clientIdPrefix', 'usernameAsClientId', 'authentication', 'authorization'] as const),
  'rates',
])

/** What sockets are made and ended with. */
export interface Opener {
  open(settings: PlaceSettings): Promise<Listener>
  /** Clients that connect from now on are treated as `settings` say. */
  adjust(listener: Listener, settings: PlaceSettings): void
  /** Stops listening and ends the connections it has accepted. */
  dismiss(listener: Listener): Promise<void>
}

interface Opened {
  place: Place
  /** undefined: an optional one that the machine does not have. */
  listener: Listener | undefined
  /** Closed ones that had the same address, whose connections are still there. */
  former: Listener[]
}

/** A change that has been made as far as it can fail. */
export interface Change {
  /** What it does, a line each. */
  readonly lines: string[]
  /** Lets the old sockets and their clients go. */
  commit(): Promise<void>
  undo(): Promise<void>
}

export class Sockets {
  readonly #opener: Opener
  readonly #report: (problem: string) => void
  #opened: Map<string, Opened>

  /** @param report told when an undone change cannot be undone */
  constructor(opener: Opener, report: (problem: string) => void) {
    this.#opener = opener
    this.#report = report
    this.#opened = new Map()
  }

  get urls(): string[] {
    return [...this.#opened.values()].flatMap(({ listener }) => listener?.url ?? [])
  }

  /** @throws Failure when one cannot be opened; everything is as before then */
  async change(places: readonly Place[]): Promise<Change> {
    const step = new Step(this.#opener, this.#report, this.#opened, places)
    try {
      for (const place of places) await step.take(place)
      await step.refresh()
    } catch (error) {
      await step.undo()
      throw error
    }
    return {
      lines: step.lines,
      undo: () => step.undo(),
      commit: async () => {
        this.#opened = step.next
        await step.commit()
      },
    }
  }
}

/** One change under way. */
class Step {
  readonly lines: string[] = []
  readonly next: Map<string, Opened> = new Map()
  readonly #opener: Opener
  readonly #report: (problem: string) => void
  readonly #before: ReadonlyMap<string, Opened>
  readonly #removed: Opened[]
  readonly #reopened: Opened[] = []
  readonly #suspended: Set<Listener> = new Set()
  readonly #undo: (() => Promise<unknown>)[] = []

  constructor(
    opener: Opener,
    report: (problem: string) => void,
    before: ReadonlyMap<string, Opened>,
    places: readonly Place[],
  ) {
    this.#opener = opener
    this.#report = report
    this.#before = before
    const kept = new Set(places.map(({ key }) => key))
    this.#removed = [...before.values()].filter(({ place }) => !kept.has(place.key))
    for (const { place } of this.#removed) this.lines.push(`removed listener ${place.url}`)
  }

  async take(place: Place): Promise<void> {
    const old = this.#before.get(place.key)
    if (old === undefined) {
      for (const removed of this.#removed) {
        if (portOf(removed.place) === portOf(place)) await this.#suspend(removed)
      }
      this.next.set(place.key, { place, listener: await this.#open(place), former: [] })
      this.lines.push(`added listener ${place.url}`)
      return
    }
    for (const line of differences(old.place.settings, place.settings)) {
      this.lines.push(`changed listener ${place.url} ${line}`)
    }
    const stays = isSame(socketSettings(old.place), socketSettings(place))
    this.next.set(place.key, stays ? { ...old, place } : await this.#reopen(old, place))
  }

  /** Certificates and the like are read again, whether or not the configuration has changed. */
  async refresh(): Promise<void> {
    for (const { listener, place } of this.next.values()) {
      try {
        await listener?.refresh()
      } catch (error) {
        throw new Failure('WASMQTT_LISTEN', [`${place.url}: ${(error as Error).message}`])
      }
    }
  }

  async commit(): Promise<void> {
    for (const { listener, place } of this.next.values()) {
      if (listener !== undefined) this.#opener.adjust(listener, place.settings)
    }
    for (const { listener, former } of [...this.#removed, ...this.#reopened]) {
      for (const each of listener === undefined ? former : [listener, ...former]) {
        await this.#opener.dismiss(each)
      }
    }
  }

  async undo(): Promise<void> {
    for (const undo of this.#undo.reverse()) {
      await undo().catch((error: Error) => this.#report(error.message))
    }
  }

  async #reopen(old: Opened, place: Place): Promise<Opened> {
    this.#reopened.push({ ...old })
    const port = old.listener?.port
    await this.#suspend(old)
    return { place, listener: await this.#open(place, port), former: [] }
  }

  /** Stops accepting, until it is undone. */
  async #suspend(old: Opened): Promise<void> {
    const { listener } = old
    if (listener === undefined || this.#suspended.has(listener)) return
    this.#suspended.add(listener)
    await listener.close()
    this.#undo.push(async () => {
      old.listener = await open(this.#opener, old.place, listener.port)
      old.former.push(listener)
    })
  }

  async #open(place: Place, port?: number): Promise<Listener | undefined> {
    const listener = await open(this.#opener, place, port)
    this.#undo.push(async () => {
      if (listener !== undefined) await this.#opener.dismiss(listener)
    })
    return listener
  }
}

/** @param port the one that a place with any free port had before */
async function open(opener: Opener, place: Place, port?: number): Promise<Listener | undefined> {
  const { settings } = place
  try {
    return await opener.open(port && settings.port === 0 ? { ...settings, port } : settings)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const missing = code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT'
    if (missing && place.optional) return undefined
    const reason = (code && REASONS[code]) ?? message
    throw new Failure('WASMQTT_LISTEN', [`cannot listen on ${place.url}: ${reason}`])
  }
}

const REASONS: Record<string, string> = {
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'not permitted (ports below 1024 need a privilege)',
  ENOTFOUND: 'no such host name is known',
}

function portOf({ settings }: Place): number {
  return settings.port === 0 ? -1 : (settings.port ?? -1)
}

function socketSettings({ settings }: Place): object {
  return Object.fromEntries(Object.entries(settings).filter(([key]) => !POLICY_KEYS.has(key)))
}
