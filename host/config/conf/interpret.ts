// Goes through the lines of a mosquitto.conf with Mosquitto's cursors: the listener, the bridge and
// the plugin that later lines of the same file belong to. Order therefore matters. Collects what is
// said and reports what is wrong with single lines; what it all means is translate.ts's.

import { nearest } from '../nearest.ts'
import { BRIDGE_OPTIONS, type Bridge, checkBridge, findRival } from './bridge.ts'
import { type ConfOption, OPTIONS } from './options.ts'
import { type Place, type Report, ValueError } from './place.ts'
import { type Contents, type Listener, type Plugin, type Setting, Settings } from './settings.ts'
import { asText, type ConfLine, readConfLines, type Source } from './syntax.ts'
import { integer, PATH, unexpected, type Value, wordsOf } from './values.ts'

interface Cursors {
  listener?: Listener
  bridge?: Bridge
  plugin?: Plugin
}

const DEFAULT_PORT = 1883
const PORT = integer(0, 65_535)
/** These alone do not open the default listener. */
const QUIET = ['http_dir', 'max_topic_alias', 'tls_version']
const PLUGIN_OPTION = /^(?:auth|plugin)_opt_(.*)$/s
const BY_NAME = byName(OPTIONS)
const BRIDGE_BY_NAME = byName(BRIDGE_OPTIONS)
const NAMES = [...BY_NAME.keys(), ...BRIDGE_BY_NAME.keys(), 'connection']

export function interpretConf(file: string, report: Report): Contents {
  const reading = new Reading(report)
  readConfLines(file, report, (line) => reading.take(line))
  for (const bridge of reading.bridges) checkBridge(bridge, report)
  return reading
}

class Reading implements Contents {
  readonly broker = new Settings()
  readonly listeners: Listener[] = []
  readonly plugins: Plugin[] = []
  readonly bridges: Bridge[] = []
  isLocalOnly = true
  isPerListener = false
  readonly #report: Report
  readonly #cursors = new Map<Source, Cursors>()
  #defaultListener: Listener | undefined
  /** The first security option so far. */
  #secured: Place | undefined

  constructor(report: Report) {
    this.#report = report
  }

  take(line: ConfLine): void {
    try {
      this.#dispatch(line)
    } catch (error) {
      if (!(error instanceof ValueError)) throw error
      this.#report.mistake(line, `${asText(line.name)}: ${error.message}`)
    }
  }

  #dispatch(line: ConfLine): void {
    const { name } = line
    const option = BY_NAME.get(name)
    const bridgeOption = BRIDGE_BY_NAME.get(name)
    if (name === 'connection') this.#beginBridge(line)
    else if (PLUGIN_OPTION.test(name)) this.#takePluginOption(line)
    else if (option !== undefined) this.#takeOption(line, option)
    else if (bridgeOption !== undefined) this.#takeBridgeOption(line)
    else this.#refuseUnknown(line)
  }

  #takeOption(line: ConfLine, option: ConfOption): void {
    if (option.name === 'listener') this.#beginListener(line)
    else if (option.name === 'per_listener_settings') this.#takePerListener(line, option)
    else if (option.scope === 'plugin') this.#takePlugin(line, option)
    else if (option.scope === 'listener') this.#takeListenerOption(line, option)
    else if (option.scope === 'security') this.#put(this.#secure(line), line, option)
    else this.#put(this.broker, line, option)
  }

  /** Text that stands twice is a mistake, of the rest the last counts. */
  #put(settings: Settings, at: ConfLine, option: ConfOption): void {
    const { name, kind } = option
    const setting: Setting = { value: kind.read(at.rest), at: placeOf(at) }
    const before = settings.all(name).at(-1)
    if (option.repeats) settings.append(name, setting)
    else if (before !== undefined && typeof before.value === 'string' && isText(option)) {
      const { file, line } = before.at
      throw new ValueError(`stands here a second time, the first was ${file}:${line}`)
    } else settings.put(name, setting)
    if (setting.value !== option.harmless) this.#announce(at, option)
  }

  /** Warnings and refusals that depend on nothing but the option. */
  #announce(at: ConfLine, { fate, means }: ConfOption): void {
    if (fate === 'warns') this.#report.warn(at, `${at.name}: ${means}`)
    if (fate === 'refused') throw new ValueError(`cannot be honoured: ${means}`)
  }

  #takePerListener(line: ConfLine, { kind }: ConfOption): void {
    const isOn = kind.read(line.rest) === true || this.isPerListener
    if (isOn && !this.isPerListener && this.#secured !== undefined) {
      const { file, line: number } = this.#secured
      throw new ValueError(
        `must stand before every option about who may connect, such as ${file}:${number}`,
      )
    }
    this.isPerListener = isOn
  }

  /** Where a security option goes. */
  #secure(line: ConfLine): Settings {
    this.#secured ??= placeOf(line)
    if (!this.isPerListener) return this.broker
    const { listener } = this.#cursorsOf(line)
    if (listener !== undefined) return listener.settings
    throw new ValueError('needs a listener above it, as per_listener_settings is true')
  }

  #beginListener(line: ConfLine): void {
    this.isLocalOnly = false
    const [first, second] = wordsOf(line.rest)
    if (first === undefined) throw unexpected(PORT, undefined)
    const port = PORT.read(first) as number
    const address = second?.startsWith('#') ? undefined : second
    if (port === 0 && address === undefined) {
      throw new ValueError('port 0 needs the path of a unix socket behind it')
    }
    const listener: Listener = {
      at: placeOf(line),
      isDefault: false,
      port,
      address: address === undefined ? undefined : asText(address),
      settings: new Settings(),
    }
    this.listeners.push(listener)
    this.#cursorsOf(line).listener = listener
  }

  #takeListenerOption(line: ConfLine, option: ConfOption): void {
    const cursors = this.#cursorsOf(line)
    if (option.name === 'port' || option.name === 'bind_address') {
      this.isLocalOnly = false
      cursors.listener = this.#openDefault(line)
    }
    if (option.name === 'port' && cursors.listener?.settings.has('port')) {
      this.#report.warn(line, 'port stands here again: only the last one is opened')
    }
    if (cursors.listener === undefined) {
      if (option.needsListener) throw new ValueError('needs a listener above it')
      if (QUIET.includes(option.name)) {
        option.kind.read(line.rest)
        this.#report.warn(line, `${option.name} has no effect: it stands above every listener`)
        return
      }
      cursors.listener = this.#openDefault(line)
    }
    this.#put(cursors.listener.settings, line, option)
  }

  #openDefault(line: ConfLine): Listener {
    if (this.#defaultListener === undefined) {
      this.#defaultListener = {
        at: placeOf(line),
        isDefault: true,
        port: DEFAULT_PORT,
        address: undefined,
        settings: new Settings(),
      }
      this.listeners.push(this.#defaultListener)
    }
    return this.#defaultListener
  }

  #takePlugin(line: ConfLine, option: ConfOption): void {
    const cursors = this.#cursorsOf(line)
    if (option.name === 'auth_plugin_deny_special_chars') {
      option.kind.read(line.rest)
      if (cursors.plugin === undefined) throw new ValueError('needs a plugin above it')
    } else if (option.name === 'plugin_use') cursors.plugin = this.#usePlugin(line)
    else {
      const users = this.#usersOf(line, option.name)
      cursors.plugin = this.#loadPlugin(line, users, option.name === 'plugin_load')
    }
  }

  #usersOf(line: ConfLine, name: string): Settings[] {
    if (name === 'plugin_load') return []
    if (name === 'global_plugin') return [this.broker]
    return [this.#secure(line)]
  }

  #loadPlugin(line: ConfLine, users: Settings[], isNamed: boolean): Plugin {
    const [name] = wordsOf(line.rest)
    const rest = isNamed ? line.rest.trimStart().slice(name?.length ?? 0) : line.rest
    const path = PATH.read(rest) as string
    const plugin: Plugin = {
      at: placeOf(line),
      path,
      name: isNamed ? asText(name as string) : undefined,
      options: new Map(),
      users,
    }
    this.plugins.push(plugin)
    return plugin
  }

  #usePlugin(line: ConfLine): Plugin {
    const { listener } = this.#cursorsOf(line)
    if (listener === undefined) throw new ValueError('needs a listener above it')
    const name = asText(line.rest.trim())
    const plugin = this.plugins.find((loaded) => loaded.name === name)
    if (plugin === undefined) throw new ValueError(`there is no plugin_load ${name} above`)
    plugin.users.push(listener.settings)
    return plugin
  }

  #takePluginOption(line: ConfLine): void {
    const { plugin } = this.#cursorsOf(line)
    const [, key = ''] = PLUGIN_OPTION.exec(line.name) ?? []
    if (plugin === undefined) throw new ValueError('needs a plugin above it')
    const value = PATH.read(line.rest) as string
    plugin.options.set(asText(key), value)
  }

  #beginBridge(line: ConfLine): void {
    const [word] = wordsOf(line.rest)
    if (word === undefined) throw unexpected({ expected: 'a name' }, undefined)
    const name = asText(word)
    if (this.bridges.some((bridge) => bridge.name === name)) {
      throw new ValueError(`there is another connection ${name} above`)
    }
    const bridge: Bridge = { name, at: placeOf(line), values: new Map() }
    this.bridges.push(bridge)
    this.#cursorsOf(line).bridge = bridge
  }

  #takeBridgeOption(line: ConfLine): void {
    const option = BRIDGE_BY_NAME.get(line.name)
    const { bridge } = this.#cursorsOf(line)
    if (option === undefined) return
    if (bridge === undefined) throw new ValueError('needs a connection above it')
    const rival = findRival(bridge, option)
    if (rival !== undefined)
      throw new ValueError(`certificates and keys exclude each other: ${rival}`)
    const before: Value[] = bridge.values.get(option.name) ?? []
    bridge.values.set(option.name, before)
    const value = option.kind.read(line.rest)
    if (before.length > 0 && typeof value === 'string' && isOnce(option)) {
      throw new ValueError('stands a second time in this connection')
    }
    bridge.values.set(option.name, option.repeats ? [...before, value] : [value])
  }

  #refuseUnknown(line: ConfLine): void {
    const name = asText(line.name)
    const meant = nearest(line.name, NAMES)
    const hint = meant === undefined ? '' : `; the nearest one is '${meant}'`
    this.#report.mistake(line, `'${name}' is not an option of mosquitto.conf${hint}`)
  }

  #cursorsOf({ source }: ConfLine): Cursors {
    let cursors = this.#cursors.get(source)
    if (cursors === undefined) {
      cursors = {}
      this.#cursors.set(source, cursors)
    }
    return cursors
  }
}

function placeOf({ file, line }: ConfLine): Place {
  return { file, line }
}

/** Words chosen from a list renew each other, text that is the user's own does not. */
function isText({ kind }: { kind: ConfOption['kind'] }): boolean {
  return kind.expected === 'text' || kind.expected === 'path'
}

function isOnce(option: { name: string; repeats?: true; kind: ConfOption['kind'] }): boolean {
  return !option.repeats && (isText(option) || option.name === 'address')
}

function byName<T extends { name: string; aliases?: readonly string[] }>(
  options: readonly T[],
): Map<string, T> {
  const entries = options.flatMap((option) =>
    [option.name, ...(option.aliases ?? [])].map((name) => [name, option] as const),
  )
  return new Map(entries)
}
