// One listener of a mosquitto.conf as an entry of Config.listeners: address, protocol, TLS and who
// its clients are. What cannot be honoured, and what would silently protect less than it seems to,
// is a mistake.

import type { ListenerConfig, TlsConfig } from '../config.ts'
import { type AccessConfig, accessOf, type PluginFiles } from './access.ts'
import { defined } from './object.ts'
import type { Report } from './place.ts'
import type { Listener, Settings } from './settings.ts'

export interface Surroundings {
  readonly broker: Settings
  readonly isPerListener: boolean
  readonly files: PluginFiles
}

/** What `accept_protocol_versions` calls them. */
const VERSIONS = { '3': '3.1', '4': '3.1.1', '5': '5.0' } as const
/** Options that promise something only TLS can keep. */
const NEEDS_TLS = [
  'crlfile',
  'require_certificate',
  'use_identity_as_username',
  'use_subject_as_username',
]
const ONLY_WITH_TLS = [
  'cafile',
  'capath',
  'ciphers',
  'ciphers_tls1.3',
  'dhparamfile',
  'tls_version',
]

/** None or one: a listener of a protocol that does not exist here is left out. */
export function translateListener(
  listener: Listener,
  surroundings: Surroundings,
  report: Report,
): ListenerConfig[] {
  const { settings } = listener
  if (settings.text('protocol') === 'http_api') {
    report.warn(settings.at('protocol'), 'an http_api listener is not opened: see admin')
    return []
  }
  const isWebSocket = settings.text('protocol') === 'websockets'
  return [
    {
      type: isWebSocket ? 'ws' : 'mqtt',
      ...addressOf(listener),
      ...(isWebSocket ? { path: '*' } : {}),
      ...originsOf(settings),
      ...tlsOf(listener, surroundings, report),
      ...proxyOf(settings, report),
      ...limitsOf(listener, surroundings, report),
      ...accessOfListener(listener, surroundings, report),
    },
  ]
}

function addressOf({ port, address, isDefault, settings }: Listener): Partial<ListenerConfig> {
  if (!isDefault && port === 0) return { socket: address as string }
  return {
    ...defined('host', isDefault ? settings.text('bind_address') : address),
    port: isDefault ? (settings.number('port') ?? port) : port,
    ...defined('interface', settings.text('bind_interface')),
    ...defined('family', settings.text('socket_domain') as 'ipv4' | 'ipv6' | undefined),
  }
}

function originsOf(settings: Settings): Partial<ListenerConfig> {
  const origins = settings.all('websockets_origin').map(({ value }) => value as string)
  return origins.length === 0 ? {} : { origins }
}

function limitsOf(
  { settings }: Listener,
  { broker }: Surroundings,
  report: Report,
): Partial<ListenerConfig> {
  const connections = settings.number('max_connections') ?? 0
  return {
    ...mountPointOf(settings, report),
    ...(connections > 0 ? { connectionsMax: connections } : {}),
    ...defined('qosMax', settings.number('max_qos') as 0 | 1 | 2 | undefined),
    ...versionsOf(settings, report),
    ...defined('topicAliasMaxIn', settings.number('max_topic_alias')),
    ...defined('topicAliasMaxOut', settings.number('max_topic_alias_broker')),
    ...defined('noDelay', broker.flag('set_tcp_nodelay')),
    ...defined('usernameAsClientId', settings.flag('use_username_as_clientid')),
  }
}

function mountPointOf(settings: Settings, report: Report): Partial<ListenerConfig> {
  const mountPoint = settings.text('mount_point')
  if (mountPoint !== undefined && /[+#]/.test(mountPoint)) {
    report.mistake(settings.at('mount_point'), `mount_point: '${mountPoint}' has a wildcard in it`)
  }
  return defined('mountPoint', mountPoint)
}

/** Words that are no version are not looked at, as in Mosquitto. */
function versionsOf(settings: Settings, report: Report): Partial<ListenerConfig> {
  const value = settings.text('accept_protocol_versions')
  if (value === undefined) return {}
  const words = value.split(/[, \t]+/)
  const versions = (['3', '4', '5'] as const)
    .filter((word) => words.includes(word))
    .map((word) => VERSIONS[word])
  if (versions.length === 0) {
    const words = `accept_protocol_versions: expected some of 3, 4, 5, got '${value}'`
    report.mistake(settings.at('accept_protocol_versions'), words)
  }
  return { versions }
}

function proxyOf(settings: Settings, report: Report): Partial<ListenerConfig> {
  const version = settings.number('enable_proxy_protocol')
  if (version === undefined) return {}
  const forbidden = ['certfile', 'keyfile', 'use_subject_as_username', 'use_identity_as_username']
  for (const name of version === 2 ? forbidden : []) {
    if (settings.has(name) && settings.flag(name) !== false) {
      const words = `${name} cannot be honoured together with enable_proxy_protocol 2`
      report.mistake(settings.at(name), words)
    }
  }
  return {
    proxyProtocol: version === 1 ? 'v1' : 'v2',
    ...defined('proxyRequiresTls', settings.flag('proxy_protocol_v2_require_tls')),
  }
}

function tlsOf(
  { settings }: Listener,
  surroundings: Surroundings,
  report: Report,
): { tls?: TlsConfig } {
  const certificate = settings.text('certfile')
  const key = settings.text('keyfile')
  if (settings.has('psk_hint')) return pskOf(settings, surroundings, report)
  if (certificate === undefined && key === undefined) {
    complainOfMissingTls(settings, report)
    return {}
  }
  if (certificate === undefined || key === undefined) {
    const [one, other] = key === undefined ? ['certfile', 'keyfile'] : ['keyfile', 'certfile']
    const words = `${one} without ${other}: Mosquitto would listen without TLS; add ${other}`
    report.mistake(settings.at(one as string), words)
    return {}
  }
  complainIfUnasked(settings, report)
  const required = settings.flag('require_certificate') === true
  if (required && !settings.has('cafile') && !settings.has('capath')) {
    const words = 'require_certificate has no cafile or capath to check certificates with'
    report.mistake(settings.at('require_certificate'), words)
  }
  return {
    tls: {
      certificate,
      key,
      ...defined('ca', settings.text('cafile')),
      ...defined('caDirectory', settings.text('capath')),
      clientCertificate: required ? 'required' : 'none',
      ...usernameFrom(settings),
      ...defined('crl', settings.text('crlfile')),
      ...defined('ignoreClientDates', settings.flag('disable_client_cert_date_checks')),
      ...minVersionOf(settings, report),
      ...ciphersOf(settings),
      ...defined('ciphers13', settings.text('ciphers_tls1.3')),
      ...defined('dhparam', settings.text('dhparamfile')),
    },
  }
}

function complainOfMissingTls(settings: Settings, report: Report): void {
  for (const name of NEEDS_TLS.filter((name) => settings.has(name))) {
    if (settings.flag(name) === false) continue
    report.mistake(settings.at(name), `${name} needs a certfile and a keyfile in the same listener`)
  }
  for (const name of ONLY_WITH_TLS.filter((name) => settings.has(name))) {
    const words = `${name} has no effect: the listener has no certfile and keyfile, so no TLS`
    report.warn(settings.at(name), words)
  }
}

function pskOf(
  settings: Settings,
  { broker, isPerListener }: Surroundings,
  report: Report,
): { tls?: TlsConfig } {
  const at = settings.at('psk_hint')
  const pskFile = (isPerListener ? settings : broker).text('psk_file')
  if (settings.has('certfile') || settings.has('cafile')) {
    report.mistake(at, 'psk_hint: certificates and pre-shared keys exclude each other')
  }
  if (pskFile === undefined) {
    report.mistake(at, 'psk_hint needs a psk_file: nobody could connect without')
    return {}
  }
  return {
    tls: {
      pskFile,
      ...defined('pskHint', settings.text('psk_hint')),
      ...usernameFrom(settings),
      ...minVersionOf(settings, report),
      ...ciphersOf(settings),
    },
  }
}

function ciphersOf(settings: Settings): Partial<TlsConfig> {
  return defined('ciphers', settings.text('ciphers'))
}

function usernameFrom(settings: Settings): Partial<TlsConfig> {
  if (settings.flag('use_identity_as_username')) return { usernameFrom: 'commonName' }
  return settings.flag('use_subject_as_username') ? { usernameFrom: 'subject' } : {}
}

function minVersionOf(settings: Settings, report: Report): Partial<TlsConfig> {
  const version = settings.text('tls_version')
  if (version === undefined) return {}
  const at = settings.at('tls_version')
  if (version === 'tlsv1.1') report.warn(at, 'tls_version tlsv1.1: 1.2 is the lowest spoken')
  else if (version !== 'tlsv1.2' && version !== 'tlsv1.3') {
    report.mistake(at, `tls_version: expected tlsv1.3, tlsv1.2 or tlsv1.1, got '${version}'`)
  }
  return { minVersion: version === 'tlsv1.3' ? '1.3' : '1.2' }
}

/** A certificate or key that names its user is asked alone, password files are not. */
function accessOfListener(
  listener: Listener,
  { broker, isPerListener, files }: Surroundings,
  report: Report,
): Partial<ListenerConfig> {
  const { settings } = listener
  const scopes = isPerListener ? [settings] : [broker, settings]
  const hasOwn = isPerListener || files.passwords.has(settings) || files.acls.has(settings)
  const access: AccessConfig = accessOf(scopes, files, report)
  const { authentication, authorization, ...clientIds } = access
  const namesUser = Object.keys(usernameFrom(settings)).length > 0
  const anonymous = isPerListener
    ? (settings.flag('listener_allow_anonymous') ?? settings.flag('allow_anonymous') ?? false)
    : settings.flag('listener_allow_anonymous')
  if (!namesUser && authentication === undefined) {
    warnIfClosed(listener, anonymous ?? broker.flag('allow_anonymous') ?? false, report)
  }
  return {
    ...defined('anonymous', namesUser ? false : anonymous),
    ...(hasOwn ? defined('authentication', authentication) : {}),
    ...(hasOwn ? defined('authorization', authorization) : {}),
    ...(namesUser ? { authentication: [{ type: 'certificate' }] } : {}),
    ...clientIds,
  }
}

/** Since 2.0 a listener alone lets nobody in: the commonest surprise. */
function warnIfClosed({ at, port, address }: Listener, anonymous: boolean, report: Report): void {
  if (anonymous) return
  const name = port === 0 ? address : port
  const words = `listener ${name} lets nobody in without allow_anonymous true or a password_file`
  report.warn(at, words)
}

/** Certificates are only asked for when they are required. */
function complainIfUnasked(settings: Settings, report: Report): void {
  if (settings.flag('require_certificate') || settings.has('psk_hint')) return
  const names = ['use_identity_as_username', 'use_subject_as_username']
  for (const name of names.filter((each) => settings.flag(each))) {
    report.mistake(settings.at(name), `${name} lets nobody in without require_certificate true`)
  }
}
