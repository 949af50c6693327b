// Who may connect and what they may do, as a mosquitto.conf says it: password and ACL files, and
// the plugins of Mosquitto that read the same two files. Called by translate.ts and listener.ts.

import type { AuthenticationStep, AuthorizationConfig } from '../config.ts'
import type { Place, Report } from './place.ts'
import type { Plugin, Settings } from './settings.ts'

/** Files that plugins bring, by whose clients they are about. */
export interface PluginFiles {
  readonly passwords: Map<Settings, string[]>
  readonly acls: Map<Settings, { file: string; at: Place }[]>
}

export interface AccessConfig {
  authentication?: AuthenticationStep[]
  authorization?: AuthorizationConfig
  emptyClientIds?: boolean
  clientIdPrefix?: string
}

const KNOWN_PLUGIN = /(?:^|[\\/])mosquitto_(password|acl)_file\.(?:so|dll|dylib)$/

/** Mosquitto's own plugins for the two files become the files; every other one is a mistake. */
export function sortPlugins(plugins: readonly Plugin[], report: Report): PluginFiles {
  const files: PluginFiles = { passwords: new Map(), acls: new Map() }
  for (const plugin of plugins) {
    const kind = KNOWN_PLUGIN.exec(plugin.path)?.[1]
    if (kind === undefined) refusePlugin(plugin, report)
    else {
      const key = `${kind}_file`
      const file = plugin.options.get(key)
      if (file === undefined) {
        report.mistake(plugin.at, `plugin ${plugin.path}: has no plugin_opt_${key} below it`)
      } else for (const user of plugin.users) addFile(files, kind, user, { file, at: plugin.at })
    }
  }
  return files
}

function refusePlugin({ at, path }: Plugin, report: Report): void {
  report.mistake(
    at,
    `plugin ${path}: wasmqtt has no plugins, and this one may decide who gets in; ` +
      'password_file and acl_file work, authentication in a YAML file can do more',
  )
}

function addFile(
  files: PluginFiles,
  kind: string,
  user: Settings,
  found: { file: string; at: Place },
): void {
  if (kind === 'acl') files.acls.set(user, [...(files.acls.get(user) ?? []), found])
  else files.passwords.set(user, [...(files.passwords.get(user) ?? []), found.file])
}

/** @param scopes all settings that hold, from the broker's to the listener's */
export function accessOf(
  scopes: readonly Settings[],
  files: PluginFiles,
  report: Report,
): AccessConfig {
  const passwords = scopes.flatMap((settings) => [
    ...asList(settings.text('password_file')),
    ...(files.passwords.get(settings) ?? []),
  ])
  const acls = scopes.flatMap((settings) => [
    ...settings.all('acl_file').map(({ value, at }) => ({ file: value as string, at })),
    ...(files.acls.get(settings) ?? []),
  ])
  const [acl, second] = acls
  if (second !== undefined) {
    report.mistake(second.at, 'two ACL files for the same clients cannot be honoured: join them')
  }
  const own = scopes.at(-1)
  const emptyClientIds = own?.flag('allow_zero_length_clientid')
  const clientIdPrefix = own?.text('listener_auto_id_prefix') ?? own?.text('auto_id_prefix')
  const steps = passwords.map((file): AuthenticationStep => ({ type: 'password-file', file }))
  return {
    ...(steps.length === 0 ? {} : { authentication: steps }),
    ...(acl === undefined ? {} : { authorization: { aclFile: acl.file } }),
    ...(emptyClientIds === undefined ? {} : { emptyClientIds }),
    ...(clientIdPrefix === undefined ? {} : { clientIdPrefix }),
  }
}

function asList(value: string | undefined): string[] {
  return value === undefined ? [] : [value]
}
