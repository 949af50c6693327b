// Every option of Mosquitto 2.0 and 2.1 outside bridges: how its value is read, what it belongs to,
// and what wasmqtt does with it. The table of host/config/README.md is printed from here. Bridges
// have a table of their own, bridge.ts.

import {
  ANYTHING,
  COUNT,
  DURATION,
  FLAG,
  integer,
  type Kind,
  oneOf,
  PATH,
  raw,
  TEXT,
  type Value,
} from './values.ts'

/**
 * What an option belongs to. `security`: to the broker, or with per_listener_settings to the
 * listener above. `listener`: to the listener above, or to the default one, which it opens.
 */
export type Scope = 'broker' | 'security' | 'listener' | 'plugin'

/**
 * `works`: honoured. `nothing`: taken silently, there is nothing to do. `warns`: taken with a
 * warning. `refused`: an error, because leaving it out would protect less or mean something else.
 */
export type Fate = 'works' | 'nothing' | 'warns' | 'refused'

export interface ConfOption {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly scope: Scope
  readonly kind: Kind
  readonly fate: Fate
  /** What becomes of it, or why not: the words of the table, and of the warning or the error. */
  readonly means: string
  /** May stand more than once and collects; else text twice is an error and the rest renews. */
  readonly repeats?: true
  /** The value with which `warns` and `refused` are silent. */
  readonly harmless?: Value
  /** Needs a `listener` or `port` above it and never opens the default listener by itself. */
  readonly needsListener?: true
  /** A version of Mosquitto that knows it, when 2.0.11 does not. */
  readonly since?: '2.1' | '2.0.22'
}

const HIGH = 65_535

const BROKER: ConfOption[] = [
  works('allow_duplicate_messages', FLAG, 'a client whose subscriptions overlap gets one copy', {
    fate: 'warns',
    harmless: false,
  }),
  works('autosave_interval', COUNT, 'every acknowledged message is stored at once', {
    fate: 'nothing',
  }),
  works('autosave_on_changes', FLAG, 'every acknowledged message is stored at once', {
    fate: 'nothing',
  }),
  works('check_retain_source', FLAG, '`retainSourceCheck`'),
  works('clientid_prefixes', TEXT, 'lets in only some clients, which wasmqtt has no option for', {
    fate: 'refused',
  }),
  works('connection_messages', FLAG, '`log.connections`'),
  works('enable_control_api', FLAG, 'has no effect: `$CONTROL/broker/v1` is not served', {
    fate: 'warns',
    harmless: false,
    since: '2.1',
  }),
  works('global_max_clients', COUNT, 'has no effect: only connections can be limited', {
    fate: 'warns',
    harmless: -1,
    since: '2.1',
  }),
  works('global_max_connections', COUNT, '`connectionsMax`; 0 and less = no limit', {
    since: '2.1',
  }),
  works('include_dir', raw('a directory'), 'every `*.conf` of it, read in this place'),
  works(
    'log_dest',
    raw('stdout, stderr, syslog, topic, file PATH, dlt, none'),
    '`log.destinations`; `dlt` is left out with a warning',
    { repeats: true },
  ),
  works('log_facility', integer(0, 7), 'has no effect: syslog gets everything as from a daemon', {
    fate: 'warns',
  }),
  works('log_timestamp', FLAG, '`log.timestamp`'),
  works('log_timestamp_format', TEXT, '`log.timestampFormat`; seconds since the epoch if not said'),
  works(
    'log_type',
    oneOf(
      ...['debug', 'error', 'warning', 'notice', 'information', 'subscribe', 'unsubscribe'],
      ...['websockets', 'internal', 'none', 'all'],
    ),
    '`log.types`; `internal` has no messages of its own',
    { repeats: true },
  ),
  works(
    'max_inflight_bytes',
    COUNT,
    'has no effect: messages in flight are limited by number only',
    {
      fate: 'warns',
      harmless: 0,
    },
  ),
  works(
    'max_inflight_messages',
    integer(-0x80000000, HIGH),
    '`inflightMax` and `receiveMax`; 20 if not said, 0 = 65535',
  ),
  works('max_keepalive', integer(0, HIGH), '`keepAliveMax`'),
  works('max_packet_size', integer(20), '`packetSizeMax`, at least 64; 2000000 if not said'),
  works('max_queued_bytes', COUNT, '`queueBytesMax`; 0 = no limit'),
  works('max_queued_messages', COUNT, '`queueMessagesMax`; 1000 if not said, 0 = no limit'),
  works(
    'memory_limit',
    integer(0),
    'limits the queues of all sessions (`queueTotalBytesMax`), not all memory',
    {
      fate: 'warns',
      harmless: 0,
    },
  ),
  works('message_size_limit', integer(0, 268_435_455), '`payloadSizeMax`'),
  works('packet_buffer_size', integer(0, HIGH), 'has no effect: buffers have the size they need', {
    aliases: ['websockets_headers_size'],
    fate: 'warns',
    since: '2.1',
  }),
  works(
    'per_listener_settings',
    FLAG,
    'whether security options belong to the listener above them; must stand before them',
  ),
  works('persistence', FLAG, '`durability`: `disk` if true, else `memory`', {
    aliases: ['retained_persistence'],
  }),
  works(
    'persistence_file',
    TEXT,
    'a name other than `mosquitto.db` becomes a directory below persistence_location',
  ),
  works('persistence_location', PATH, '`data`; `./wasmqtt-data` if not said'),
  works('persistent_client_expiration', DURATION, '`sessionExpiryMax`; never if not said'),
  works('pid_file', PATH, '`pidFile`'),
  works('queue_qos0_messages', FLAG, '`queueQos0`'),
  works('retain_available', FLAG, '`retainAvailable`'),
  works('retain_expiry_interval', integer(1), '`retainExpiryMax`, minutes made seconds', {
    since: '2.0.22',
  }),
  works('retry_interval', ANYTHING, 'has no effect: messages are sent again on reconnect only', {
    fate: 'warns',
  }),
  works('set_tcp_nodelay', FLAG, '`noDelay` of every listener; as wasmqtt does if not said'),
  works('sys_interval', integer(0, HIGH), '`sysInterval`'),
  works('upgrade_outgoing_qos', FLAG, '`upgradeOutgoingQos`'),
  works('user', TEXT, '`user`; if not said, a broker started as root stays root'),
  works('websockets_log_level', COUNT, 'has no effect: there is log_type websockets', {
    fate: 'warns',
    harmless: 0,
  }),
]

const SECURITY: ConfOption[] = [
  secures('acl_file', PATH, '`authorization.aclFile`'),
  secures(
    'allow_anonymous',
    FLAG,
    '`anonymous`; if not said, false as soon as there is a listener or port, else true',
  ),
  secures('allow_zero_length_clientid', FLAG, '`emptyClientIds`'),
  secures('auto_id_prefix', TEXT, '`clientIdPrefix`'),
  secures('password_file', PATH, '`authentication`: a step `password-file`'),
  secures('psk_file', PATH, '`tls.pskFile` of the listeners that have a psk_hint'),
]

const LISTENERS: ConfOption[] = [
  listens('accept_protocol_versions', raw('3, 4, 5'), '`versions`', {
    needsListener: true,
    since: '2.1',
  }),
  listens('bind_address', TEXT, '`host` of the default listener'),
  listens('bind_interface', TEXT, '`interface`'),
  listens('cafile', PATH, '`tls.ca`'),
  listens('capath', PATH, '`tls.caDirectory`'),
  listens('certfile', PATH, '`tls.certificate`'),
  listens('ciphers', TEXT, '`tls.ciphers`'),
  listens('ciphers_tls1.3', TEXT, '`tls.ciphers13`'),
  listens('crlfile', PATH, '`tls.crl`'),
  listens('dhparamfile', PATH, '`tls.dhparam`'),
  listens('disable_client_cert_date_checks', FLAG, '`tls.ignoreClientDates`', {
    needsListener: true,
    since: '2.1',
  }),
  listens('enable_proxy_protocol', integer(1, 2), '`proxyProtocol`: `v1` or `v2`', {
    needsListener: true,
    since: '2.1',
  }),
  listens('http_dir', PATH, 'has no effect: no files are served', { fate: 'warns' }),
  listens('keyfile', PATH, '`tls.key`'),
  listens(
    'listener',
    { expected: 'a port, or 0 and the path of a unix socket', read: ANYTHING.read },
    'begins an entry of `listeners`',
  ),
  listens('listener_allow_anonymous', FLAG, '`anonymous`', { needsListener: true, since: '2.1' }),
  listens('listener_auto_id_prefix', TEXT, '`clientIdPrefix`', {
    needsListener: true,
    since: '2.1',
  }),
  listens('max_connections', COUNT, '`connectionsMax`; 0 and less = no limit'),
  listens('max_qos', integer(0, 2), '`qosMax`', { aliases: ['maximum_qos'] }),
  listens('max_topic_alias', integer(0, HIGH), '`topicAliasMaxIn`; 10 if not said'),
  listens('max_topic_alias_broker', integer(0, HIGH), '`topicAliasMaxOut`; 10 if not said', {
    needsListener: true,
    since: '2.1',
  }),
  listens('mount_point', TEXT, '`mountPoint`', { needsListener: true }),
  listens('port', integer(1, HIGH), '`port` of the default listener'),
  listens(
    'protocol',
    oneOf('mqtt', 'websockets', 'http_api'),
    '`type`; WebSocket at every path; an `http_api` listener is left out with a warning',
  ),
  listens('proxy_protocol_v2_require_tls', FLAG, '`proxyRequiresTls`', {
    needsListener: true,
    since: '2.1',
  }),
  listens('psk_hint', TEXT, '`tls.pskHint`: TLS by pre-shared keys'),
  listens('require_certificate', FLAG, '`tls.clientCertificate`: `required`'),
  listens('socket_domain', oneOf('ipv4', 'ipv6'), '`family`'),
  listens('tls_engine', TEXT, 'keeps the key in hardware, which wasmqtt cannot use', {
    fate: 'refused',
  }),
  listens('tls_engine_kpass_sha1', TEXT, 'belongs to tls_engine, which wasmqtt cannot use', {
    fate: 'refused',
  }),
  listens('tls_keyform', TEXT, 'only keys in PEM files can be read', {
    fate: 'refused',
    harmless: 'pem',
  }),
  listens('tls_version', TEXT, '`tls.minVersion`; tlsv1.1 is raised to 1.2 with a warning'),
  listens(
    'use_identity_as_username',
    FLAG,
    '`tls.usernameFrom`: `commonName`; the certificate (or PSK) alone says who it is',
  ),
  listens('use_subject_as_username', FLAG, '`tls.usernameFrom`: `subject`, likewise'),
  listens('use_username_as_clientid', FLAG, '`usernameAsClientId`'),
  listens('websockets_origin', TEXT, '`origins`', {
    repeats: true,
    needsListener: true,
    since: '2.1',
  }),
]

const PLUGIN_MEANS =
  '`mosquitto_password_file` and `mosquitto_acl_file` become password_file and acl_file; any ' +
  'other may protect something and is refused'

const PLUGINS: ConfOption[] = [
  plugs('auth_plugin_deny_special_chars', FLAG, 'file patterns never match such names', {
    fate: 'nothing',
  }),
  plugs('global_plugin', TEXT, PLUGIN_MEANS, { since: '2.1' }),
  plugs('plugin', TEXT, PLUGIN_MEANS, { aliases: ['auth_plugin'] }),
  plugs('plugin_load', raw('a name and a path'), PLUGIN_MEANS, { since: '2.1' }),
  plugs('plugin_opt_*', TEXT, 'the option `*` of the plugin above', { aliases: ['auth_opt_*'] }),
  plugs('plugin_use', TEXT, 'a plugin_load of this name for the listener above', {
    since: '2.1',
  }),
]

export const OPTIONS: readonly ConfOption[] = [...BROKER, ...SECURITY, ...LISTENERS, ...PLUGINS]

type More = Partial<Omit<ConfOption, 'name' | 'scope' | 'kind' | 'means'>>

function works(name: string, kind: Kind, means: string, more: More = {}): ConfOption {
  return { name, scope: 'broker', kind, means, fate: 'works', ...more }
}

function secures(name: string, kind: Kind, means: string): ConfOption {
  return { name, scope: 'security', kind, means, fate: 'works' }
}

function listens(name: string, kind: Kind, means: string, more: More = {}): ConfOption {
  return { name, scope: 'listener', kind, means, fate: 'works', ...more }
}

function plugs(name: string, kind: Kind, means: string, more: More = {}): ConfOption {
  return { name, scope: 'plugin', kind, means, fate: 'works', ...more }
}
