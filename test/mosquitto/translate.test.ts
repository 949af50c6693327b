// What a mosquitto.conf means as a Config: Mosquitto's defaults, who may connect, TLS, plugins, and
// what is refused because leaving it out would protect less. The syntax has tests of its own.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Config, ListenerConfig } from '../../host/config/config.ts'
import { mistakesIn, read, warningsIn } from './kit.ts'

const tests = suite('mosquitto.conf: meaning')

/** What an empty file means. */
const DEFAULTS: Config = {
  inflightMax: 20,
  receiveMax: 20,
  queueMessagesMax: 1000,
  queueBytesMax: Number.MAX_SAFE_INTEGER,
  queueDrop: 'newest',
  packetSizeMax: 2_000_000,
  payloadSizeMax: 0,
  keepAliveMax: 0,
  connectionsMax: 0,
  topicAliasMaxIn: 10,
  topicAliasMaxOut: 10,
  sessionExpiryMax: 0xffffffff,
  retainExpiryMax: 0,
  retainAvailable: true,
  retainSourceCheck: true,
  queueQos0: false,
  upgradeOutgoingQos: false,
  sysInterval: 10,
  durability: 'memory',
  log: {
    types: ['error', 'warning', 'notice', 'information'],
    destinations: ['stderr'],
    timestamp: true,
    timestampFormat: '%s',
    connections: true,
  },
  admin: false,
  anonymous: true,
}

/** The keys of the Config that differ from those of an empty file. */
function differences(text: string): Partial<Config> {
  const config = read(text) as Record<string, unknown>
  const defaults = DEFAULTS as Record<string, unknown>
  const keys = Object.keys(config).filter(
    (key) => JSON.stringify(config[key]) !== JSON.stringify(defaults[key]),
  )
  return Object.fromEntries(keys.map((key) => [key, config[key]])) as Partial<Config>
}

function listener(text: string): Partial<ListenerConfig> {
  const { listeners = [] } = read(text)
  assert.is(listeners.length, 1)
  return listeners[0] as ListenerConfig
}

tests("an empty file means Mosquitto's defaults, on loopback only", () => {
  assert.equal(read(''), DEFAULTS)
})

for (const [line, expected] of [
  ['max_inflight_messages 0', { inflightMax: 65_535, receiveMax: 65_535 }],
  ['max_inflight_messages -1', { inflightMax: 65_535, receiveMax: 65_535 }],
  ['max_inflight_messages 1', { inflightMax: 1, receiveMax: 1 }],
  ['max_queued_messages 0', { queueMessagesMax: 0x7fffffff }],
  ['max_queued_messages 50', { queueMessagesMax: 50 }],
  ['max_queued_bytes 1000000', { queueBytesMax: 1_000_000 }],
  ['max_packet_size 2147483647', { packetSizeMax: 268_435_460 }],
  ['message_size_limit 100', { payloadSizeMax: 100 }],
  ['max_keepalive 600', { keepAliveMax: 600 }],
  ['global_max_connections 9', { connectionsMax: 9 }],
  ['persistent_client_expiration 2w', { sessionExpiryMax: 1_209_600 }],
  ['persistent_client_expiration 1m', { sessionExpiryMax: 2_592_000 }],
  ['persistent_client_expiration 400y', {}],
  ['retain_expiry_interval 5', { retainExpiryMax: 300 }],
  ['retain_available false', { retainAvailable: false }],
  ['check_retain_source false', { retainSourceCheck: false }],
  ['queue_qos0_messages true', { queueQos0: true }],
  ['upgrade_outgoing_qos true', { upgradeOutgoingQos: true }],
  ['allow_zero_length_clientid false', { emptyClientIds: false }],
  ['auto_id_prefix x-', { clientIdPrefix: 'x-' }],
  ['sys_interval 0', { sysInterval: 0 }],
  ['pid_file /run/m.pid', { pidFile: '/run/m.pid' }],
  ['user nobody', { user: 'nobody' }],
  ['persistence true', { durability: 'disk' }],
  ['retained_persistence true', { durability: 'disk' }],
  ['persistence true\npersistence_location /v/', { durability: 'disk', data: '/v/' }],
  ['persistence true\npersistence_file a.db', { durability: 'disk', data: './a.db' }],
  [
    'persistence true\npersistence_location /v/\npersistence_file a.db',
    { durability: 'disk', data: '/v/a.db' },
  ],
  ['persistence_location /v/', {}],
  ['autosave_interval 60\nautosave_on_changes true', {}],
  ['acl_file /a', { authorization: { aclFile: '/a' } }],
  ['password_file /p', { authentication: [{ type: 'password-file', file: '/p' }] }],
  ['allow_anonymous false', { anonymous: false }],
] as Array<[string, Partial<Config>]>) {
  tests(line.replaceAll('\n', ' · '), () => {
    assert.equal(differences(line), expected)
    assert.equal(warningsIn(line), [])
  })
}

tests(
  'anonymous clients are refused as soon as there is a listener or port, unless allowed',
  () => {
    for (const line of ['listener 1884', 'port 1884', 'bind_address 127.0.0.1']) {
      assert.is(read(line).anonymous, false)
      assert.is(read(`${line}\nallow_anonymous true`).anonymous, true)
    }
  },
)

tests('logging: destinations and types collect, none begins anew, all is all', () => {
  const { log } = read(
    [
      ...['log_dest stdout', 'log_dest none', 'log_dest syslog # c', 'log_dest topic'],
      ...['log_dest file /var/log/a b.log', 'log_type all', 'log_type none', 'log_type error'],
      ...['log_type subscribe', 'log_type internal', 'connection_messages false'],
      'log_timestamp_format %H:%M',
    ].join('\n'),
  )
  assert.equal(log, {
    types: ['error', 'subscribe'],
    destinations: ['syslog', 'topic', { file: '/var/log/a b.log' }],
    timestamp: true,
    timestampFormat: '%H:%M',
    connections: false,
  })
  assert.equal(read('log_type all').log?.types?.length, 8)
  assert.equal(read('log_timestamp false\nlog_timestamp_format %H').log?.timestamp, false)
  assert.equal(mistakesIn('log_dest file\nlog_dest tty\nlog_dest file /a\nlog_dest file /b'), [
    '1: log_dest: expected a path after file, got nothing',
    "2: log_dest: expected stdout, stderr, syslog, topic, file PATH, dlt or none, got 'tty'",
    '4: log_dest: file stands here a second time',
  ])
})

tests('every option of a listener', () => {
  const text = [
    ...['set_tcp_nodelay true', 'listener 1884 127.0.0.1', 'max_connections 7', 'max_qos 0'],
    ...['max_topic_alias 3', 'max_topic_alias_broker 4', 'mount_point a/', 'socket_domain ipv4'],
    ...['bind_interface lo', 'accept_protocol_versions 4, 5', 'use_username_as_clientid true'],
    ...['enable_proxy_protocol 1', 'listener_allow_anonymous true', 'listener_auto_id_prefix l-'],
    ...['protocol websockets', 'websockets_origin https://a', 'websockets_origin https://b'],
  ]
  assert.equal(listener(text.join('\n')), {
    type: 'ws',
    host: '127.0.0.1',
    port: 1884,
    interface: 'lo',
    family: 'ipv4',
    path: '*',
    origins: ['https://a', 'https://b'],
    proxyProtocol: 'v1',
    mountPoint: 'a/',
    connectionsMax: 7,
    qosMax: 0,
    versions: ['3.1.1', '5.0'],
    topicAliasMaxIn: 3,
    topicAliasMaxOut: 4,
    noDelay: true,
    usernameAsClientId: true,
    anonymous: true,
    clientIdPrefix: 'l-',
  })
})

const TLS = 'listener 8883\ncertfile /c\nkeyfile /k'

tests('TLS: certificate, key and what goes with them', () => {
  const more = [
    ...['cafile /ca', 'capath /cas', 'crlfile /crl', 'ciphers A:B', 'ciphers_tls1.3 C'],
    ...['dhparamfile /dh', 'tls_version tlsv1.3', 'require_certificate true'],
    'disable_client_cert_date_checks true',
  ]
  assert.equal(listener([TLS, ...more].join('\n')).tls, {
    certificate: '/c',
    key: '/k',
    ca: '/ca',
    caDirectory: '/cas',
    clientCertificate: 'required',
    crl: '/crl',
    ignoreClientDates: true,
    minVersion: '1.3',
    ciphers: 'A:B',
    ciphers13: 'C',
    dhparam: '/dh',
  })
  assert.equal(listener(TLS).tls, { certificate: '/c', key: '/k', clientCertificate: 'none' })
})

tests('a certificate that names its user is asked alone', () => {
  const lines = [TLS, 'cafile /ca', 'require_certificate true', 'password_file /p']
  const named = listener([...lines, 'use_identity_as_username true'].join('\n'))
  assert.is(named.tls?.usernameFrom, 'commonName')
  assert.is(named.anonymous, false)
  assert.equal(named.authentication, [{ type: 'certificate' }])
  const subject = listener([...lines, 'use_subject_as_username true'].join('\n'))
  assert.is(subject.tls?.usernameFrom, 'subject')
})

tests('pre-shared keys need hint and file', () => {
  assert.equal(listener('psk_file /p\nlistener 8883\npsk_hint h\nciphers X').tls, {
    pskFile: '/p',
    pskHint: 'h',
    ciphers: 'X',
  })
  assert.equal(mistakesIn('listener 8883\npsk_hint h'), [
    '2: psk_hint needs a psk_file: nobody could connect without',
  ])
  assert.equal(warningsIn('allow_anonymous true\nlistener 1883\npsk_file /p'), [
    '3: psk_file has no effect: no listener has a psk_hint',
  ])
})

tests('what would protect less than it seems to is a mistake', () => {
  assert.equal(mistakesIn('listener 1\ncertfile /c'), [
    '2: certfile without keyfile: Mosquitto would listen without TLS; add keyfile',
  ])
  const needs = 'needs a certfile and a keyfile in the same listener'
  assert.equal(mistakesIn('listener 1\nrequire_certificate true\ncrlfile /c'), [
    `2: require_certificate ${needs}`,
    `3: crlfile ${needs}`,
  ])
  assert.equal(mistakesIn(`${TLS}\nrequire_certificate true`), [
    '4: require_certificate has no cafile or capath to check certificates with',
  ])
  assert.equal(mistakesIn(`${TLS}\ncafile /ca\nuse_subject_as_username true`), [
    '5: use_subject_as_username lets nobody in without require_certificate true',
  ])
  assert.equal(mistakesIn('clientid_prefixes a\nlistener 1\ntls_engine e\ntls_keyform engine'), [
    '1: clientid_prefixes: cannot be honoured: lets in only some clients, which wasmqtt has no ' +
      'option for',
    '3: tls_engine: cannot be honoured: keeps the key in hardware, which wasmqtt cannot use',
    '4: tls_keyform: cannot be honoured: only keys in PEM files can be read',
  ])
  assert.equal(mistakesIn('per_listener_settings true\nmax_connections 1\npassword_file /p'), [
    '3: password_file has no effect: without listener or port only loopback is listened on',
  ])
})

tests('what has no effect is a warning', () => {
  const text = [
    'allow_anonymous true',
    ...['retry_interval 20', 'max_inflight_bytes 5', 'memory_limit 6', 'log_facility 3'],
    ...['websockets_headers_size 9', 'global_max_clients 3', 'allow_duplicate_messages true'],
    ...['enable_control_api true', 'log_dest dlt', 'max_packet_size 20', 'listener 1'],
    ...['http_dir /w', 'tls_version tlsv1.1', 'cafile /x'],
  ]
  const lines = warningsIn(text.join('\n')).map((line) => Number(line.split(':')[0]))
  assert.equal(
    [...lines].sort((a, b) => a - b),
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15],
  )
})

tests('a listener that lets nobody in is a warning', () => {
  assert.equal(warningsIn('listener 1884\nlistener 1885\nlistener_allow_anonymous true'), [
    '1: listener 1884 lets nobody in without allow_anonymous true or a password_file',
  ])
  assert.equal(warningsIn('listener 1884\npassword_file /p'), [])
})

tests('without listener and port the default listener stays closed, with a warning', () => {
  const text = 'certfile /c\nkeyfile /k'
  assert.equal(differences(text), {})
  assert.equal(warningsIn(text), [
    '1: certfile has no effect: without listener or port only loopback is listened on',
    '2: keyfile has no effect: without listener or port only loopback is listened on',
  ])
})

tests("Mosquitto's plugins for the two files are the files, others are refused", () => {
  const text = [
    'plugin /usr/lib/mosquitto_password_file.so',
    'plugin_opt_password_file /p',
    'auth_plugin /usr/lib/mosquitto_acl_file.so',
    'auth_opt_acl_file /a',
    'auth_plugin_deny_special_chars true',
  ]
  assert.equal(differences(text.join('\n')), {
    authentication: [{ type: 'password-file', file: '/p' }],
    authorization: { aclFile: '/a' },
  })
  assert.equal(mistakesIn('plugin /go-auth.so\nplugin_opt_x abc'), [
    '1: plugin /go-auth.so: wasmqtt has no plugins, and this one may decide who gets in; ' +
      'password_file and acl_file work, authentication in a YAML file can do more',
  ])
  assert.equal(mistakesIn('plugin /mosquitto_acl_file.so'), [
    '1: plugin /mosquitto_acl_file.so: has no plugin_opt_acl_file below it',
  ])
  assert.equal(mistakesIn(`acl_file /b\n${text.join('\n')}`), [
    '4: two ACL files for the same clients cannot be honoured: join them',
  ])
})

tests('plugin_load is for the listeners that plugin_use it', () => {
  const text = [
    'plugin_load pw /mosquitto_password_file.so',
    'plugin_opt_password_file /p',
    'listener 1884',
    'plugin_use pw',
    'listener 1885',
  ]
  const config = read(text.join('\n'))
  assert.equal(config.listeners, [
    { type: 'mqtt', port: 1884, authentication: [{ type: 'password-file', file: '/p' }] },
    { type: 'mqtt', port: 1885 },
  ])
  assert.equal(mistakesIn('listener 1884\nplugin_use nobody'), [
    '2: plugin_use: there is no plugin_load nobody above',
  ])
})

const BRIDGE = ['connection home', 'address a.example:1884 b', 'topic # both 2 l/ r/']

tests('a bridge is read in full and refused in one line', () => {
  const all = [...BRIDGE, 'username u', 'remote_password p # x', 'cleansession true']
  const more = ['restart_timeout 5 30', 'topic "a b" in', 'keepalive_interval 3', 'start_type lazy']
  assert.equal(mistakesIn([...all, ...more].join('\n')), [
    '1: connection home: wasmqtt has no bridges yet; without the blocks that begin with ' +
      'connection the file can be used',
  ])
})

tests('mistakes in a bridge are named beside that', () => {
  const text = [
    ...['connection a', 'address :x', 'topic # sideways', 'topic # out 3', 'topic "" out 0 a'],
    ...['bridge_cafile /c', 'bridge_psk ab', 'start_type manual', 'restart_timeout 9 3'],
    ...['bridge_protocol_version 5', 'connection a'],
  ]
  assert.equal(mistakesIn(text.join('\n')), [
    '1: connection a: wasmqtt has no bridges yet; without the blocks that begin with connection ' +
      'the file can be used',
    "2: address: expected a port from 1 to 65535 after the ':', got ':x'",
    "3: topic: expected out, in or both as direction, got 'sideways'",
    "4: topic: expected a QoS of 0, 1 or 2, got '3'",
    '5: topic: an empty pattern needs a local and a remote prefix',
    '7: bridge_psk: certificates and keys exclude each other: bridge_cafile',
    "8: start_type: expected automatic, lazy, once, got 'manual'",
    '9: restart_timeout: the most is less than the least',
    "10: bridge_protocol_version: expected mqttv31, mqttv311, mqttv50, got '5'",
    '11: connection: there is another connection a above',
  ])
  assert.equal(mistakesIn('connection a\nbridge_psk ab').slice(0, -1), [
    '1: connection a: has no address',
    '1: connection a: has no topic',
    '1: connection a: has a bridge_psk, but no bridge_identity',
  ])
})

tests.run()
