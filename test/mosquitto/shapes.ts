// Shapes of mosquitto.conf as people write them, and each trap of the syntax: what Mosquitto 2.0.11
// does with the file, what we do when that differs, and what clients get. One line a case;
// trial.ts starts both brokers with each.

/**
 * A client: mosquitto_pub's further arguments, and its exit code: CONNACK's, or 0; `fails` where
 * TLS decides and the code is a matter of timing. At the other port after `OTHER: `, and after
 * `WEBSOCKET: ` there, too, with a path instead of arguments.
 */
export type Ask = readonly [args: string, code: number | 'fails']

export interface Shape {
  title: string
  /** PORT, OTHER and DIR stand for free ports and a fresh directory. */
  conf: string
  /** In DIR. */
  files?: Record<string, string>
  mosquitto: 'starts' | 'refuses'
  /** What we do instead, and why. */
  here?: ['starts' | 'refuses', why: string]
  /** More of the command line; for local-only files a port. */
  args?: string
  /** Asked of both. */
  asks?: Ask[]
  /** Different from Mosquitto's on purpose. */
  asksHere?: Ask[]
}

const LATER = 'a later Mosquitto knows it, 2.0.11 does not'
const WEAKER = 'would protect less than the file says'
const ROGER =
  'roger:$6$clQ4Ocu312S0qWgl$Cv2wUxgEN73c6C6jlBkswqR4AkHsvDLWvtEXZZ8NpsBLgP1WAo/qA+WXcmEN/mjDNgd' +
  'UwcxRAveqNMs2xUVQYA==\n'
const GEN =
  'gen:$7$101$AAECAwQFBgcICQoL$DEO14ViPofBJRJpN8uZINnuFUWj8eUeWhlyZ2QOQ+5LgiM0kGXMwv2HwhIvlBQTsH' +
  'kd+uve2/GFOr/KZ8Y/8Hw==\n'
const ANONYMOUS: Ask = ['', 0]
const REFUSED: Ask = ['', 5]
const REFUSED_5: Ask = ['-V mqttv5', 135]
const AS_ROGER: Ask = ['-u roger -P password', 0]
const WRONG: Ask = ['-u roger -P wrong', 5]

/** As the usage of public files goes: what most files are. */
export const COMMON: Shape[] = [
  { title: 'an empty file', conf: '', args: '-p PORT', mosquitto: 'starts', asks: [ANONYMOUS] },
  {
    title: 'comments, empty lines, CR LF',
    conf: '# c\r\n\r\n   \r\npersistence false\r\n#\r\n',
    args: '-p PORT',
    mosquitto: 'starts',
    asks: [ANONYMOUS],
  },
  {
    title: 'a listener alone lets nobody in',
    conf: 'listener PORT 127.0.0.1',
    mosquitto: 'starts',
    asks: [REFUSED, REFUSED_5, ['-u x -P y', 5]],
  },
  {
    title: 'a listener and allow_anonymous true',
    conf: 'listener PORT 127.0.0.1\nallow_anonymous true',
    mosquitto: 'starts',
    asks: [ANONYMOUS, ['-V mqttv5', 0], ['-V mqttv31', 0], ['-u x -P y', 0]],
  },
  {
    title: 'a listener on all addresses, with a comment behind it',
    conf: 'listener PORT # everywhere\nallow_anonymous true # yes',
    mosquitto: 'starts',
    asks: [ANONYMOUS],
  },
  {
    title: 'port, as before 2.0',
    conf: 'port PORT\nallow_anonymous true',
    mosquitto: 'starts',
    asks: [ANONYMOUS],
  },
  {
    title: 'bind_address and port',
    conf: 'bind_address 127.0.0.1\nport PORT\nallow_anonymous true',
    mosquitto: 'starts',
    asks: [ANONYMOUS],
  },
  {
    title: 'the file of the Docker examples',
    conf:
      'persistence true\npersistence_location DIR/\nlog_dest file DIR/mosquitto.log\n' +
      'log_dest stdout\nlistener PORT\nallow_anonymous true',
    mosquitto: 'starts',
    asks: [ANONYMOUS],
  },
  {
    title: "Debian's own file",
    conf:
      'pid_file DIR/mosquitto.pid\npersistence true\npersistence_location DIR/\n' +
      'log_dest file DIR/mosquitto.log\ninclude_dir DIR',
    args: '-p PORT',
    mosquitto: 'starts',
    asks: [ANONYMOUS],
  },
  {
    title: 'a password file',
    conf: 'listener PORT 127.0.0.1\npassword_file DIR/passwd',
    files: { passwd: ROGER + GEN },
    mosquitto: 'starts',
    asks: [REFUSED, AS_ROGER, WRONG, ['-u gen -P password', 0], ['-u who -P x', 5], REFUSED_5],
  },
  {
    title: 'a password file beside allow_anonymous true',
    conf: 'allow_anonymous true\npassword_file DIR/passwd\nlistener PORT',
    files: { passwd: ROGER },
    mosquitto: 'starts',
    asks: [ANONYMOUS, AS_ROGER, WRONG],
  },
  {
    title: 'a password file that is missing',
    conf: 'listener PORT\npassword_file DIR/none',
    mosquitto: 'refuses',
  },
  {
    title: 'an ACL file',
    conf: 'listener PORT 127.0.0.1\npassword_file DIR/passwd\nacl_file DIR/acl',
    files: { passwd: ROGER, acl: 'user roger\ntopic write open/#\n' },
    mosquitto: 'starts',
    asks: [AS_ROGER, ['-u roger -P password -V mqttv5 -q 1', 0], REFUSED],
  },
  {
    title: 'an ACL file that is missing',
    conf: 'listener PORT\nallow_anonymous true\nacl_file DIR/none',
    mosquitto: 'refuses',
  },
  {
    title: 'per_listener_settings: one open, one with passwords',
    conf:
      'per_listener_settings true\nlistener PORT 127.0.0.1\nallow_anonymous true\n' +
      'listener OTHER 127.0.0.1\npassword_file DIR/passwd',
    files: { passwd: ROGER },
    mosquitto: 'starts',
    asks: [ANONYMOUS, ['OTHER: ', 5], ['OTHER: -u roger -P password', 0], ['OTHER: -u x -P y', 5]],
  },
  {
    title: 'MQTT and WebSocket',
    conf: 'allow_anonymous true\nlistener PORT 127.0.0.1\nlistener OTHER\nprotocol websockets',
    mosquitto: 'starts',
    asks: [ANONYMOUS, ['WEBSOCKET: /mqtt', 0], ['WEBSOCKET: /any/path', 0]],
  },
  {
    title: 'limits',
    conf:
      'listener PORT\nallow_anonymous true\nmax_connections 100\nmax_qos 1\nmax_inflight_messages ' +
      '10\nmax_queued_messages 200\nmax_packet_size 4000\nmessage_size_limit 1000\nmax_keepalive 60',
    mosquitto: 'starts',
    asks: [ANONYMOUS, ['-q 1 -V mqttv5', 0], ['-k 60', 0]],
  },
  {
    title: 'sessions, retained messages and identifiers',
    conf:
      'listener PORT\nallow_anonymous true\npersistent_client_expiration 14d\nretain_available ' +
      'false\nallow_zero_length_clientid false\nauto_id_prefix x-\nqueue_qos0_messages true\n' +
      'upgrade_outgoing_qos true\nautosave_interval 300\nsys_interval 30\nset_tcp_nodelay true',
    mosquitto: 'starts',
    asks: [
      ['', 2],
      ['-i a', 0],
      ['-i a -r', 0],
    ],
  },
  {
    title: 'every kind of logging',
    conf:
      'listener PORT\nallow_anonymous true\nlog_dest none\nlog_dest stdout\nlog_dest topic\n' +
      'log_type error\nlog_type warning\nlog_type notice\nlog_type all\nlog_timestamp true\n' +
      'log_timestamp_format %Y-%m-%dT%H:%M:%S\nconnection_messages false',
    mosquitto: 'starts',
    asks: [ANONYMOUS],
  },
  {
    title: 'a unix socket',
    conf: 'listener 0 DIR/mqtt.sock\nallow_anonymous true',
    mosquitto: 'starts',
    asks: [['--unix DIR/mqtt.sock', 0]],
  },
  {
    title: 'pre-shared keys as user names',
    conf: 'listener PORT\npsk_file DIR/psk\npsk_hint hint\nuse_identity_as_username true',
    files: { psk: 'device:0123456789abcdef\n' },
    mosquitto: 'starts',
    asks: [['--psk 0123456789abcdef --psk-identity device', 0]],
  },
  {
    title: 'one family of addresses',
    conf: 'listener PORT\nsocket_domain ipv4\nallow_anonymous true',
    mosquitto: 'starts',
    asks: [ANONYMOUS],
  },
  {
    title: 'WebSocket that lets nobody in',
    conf: 'listener PORT\nlistener OTHER\nprotocol websockets',
    mosquitto: 'starts',
    asks: [['WEBSOCKET: /mqtt', 5]],
  },
  {
    title: 'a mount point and user names as identifiers',
    conf: 'listener PORT\nallow_anonymous true\nmount_point a/b/\nuse_username_as_clientid true',
    mosquitto: 'starts',
    asks: [['-u someone', 0]],
  },
  {
    title: 'a bridge',
    conf: 'connection home\naddress 127.0.0.1:OTHER\ntopic # both 2 "" home/',
    args: '-p PORT',
    mosquitto: 'starts',
    here: ['refuses', 'there are no bridges yet'],
  },
]

const TLS = 'certfile CERT\nkeyfile KEY'
const AS_CLIENT: Ask = ['--cafile CA --cert CLIENT_CERT --key CLIENT_KEY', 0]
const AS_STRANGER: Ask = ['--cafile CA --cert STRANGER_CERT --key STRANGER_KEY', 'fails']

export const SECURE: Shape[] = [
  {
    title: 'TLS',
    conf: `listener PORT\nallow_anonymous true\n${TLS}`,
    mosquitto: 'starts',
    asks: [
      ['--cafile CA', 0],
      ['', 'fails'],
    ],
  },
  {
    title: 'TLS above port, as before 2.0',
    conf: `cafile CA\n${TLS}\ntls_version tlsv1.2\nport PORT\nallow_anonymous true`,
    mosquitto: 'starts',
    asks: [['--cafile CA', 0]],
  },
  {
    title: 'TLS with client certificates',
    conf: `listener PORT\nallow_anonymous true\n${TLS}\ncafile CA\nrequire_certificate true`,
    mosquitto: 'starts',
    asks: [AS_CLIENT, ['--cafile CA', 'fails'], AS_STRANGER],
  },
  {
    title: 'client certificates as user names',
    conf: `listener PORT\n${TLS}\ncafile CA\nrequire_certificate true\nuse_identity_as_username true`,
    mosquitto: 'starts',
    asks: [AS_CLIENT, ['--cafile CA', 'fails'], AS_STRANGER],
  },
  {
    title: 'certificates as user names without requiring them',
    conf: `listener PORT\nallow_anonymous true\n${TLS}\ncafile CA\nuse_identity_as_username true`,
    mosquitto: 'starts',
    here: ['refuses', 'Mosquitto asks for no certificate then, and lets nobody in'],
  },
  {
    title: 'a certificate that is missing',
    conf: 'listener PORT\ncertfile DIR/none\nkeyfile KEY',
    mosquitto: 'refuses',
  },
  {
    title: 'TLS with an unknown version',
    conf: `listener PORT\n${TLS}\ntls_version tlsv9`,
    mosquitto: 'refuses',
  },
  {
    title: 'a certificate without key',
    conf: 'listener PORT\ncertfile CERT',
    mosquitto: 'starts',
    here: ['refuses', `Mosquitto listens without TLS: ${WEAKER}`],
  },
  {
    title: 'require_certificate without TLS',
    conf: 'listener PORT\nrequire_certificate true',
    mosquitto: 'starts',
    here: ['refuses', `Mosquitto listens without TLS: ${WEAKER}`],
  },
  {
    title: 'pre-shared keys',
    conf: 'listener PORT\nallow_anonymous true\npsk_file DIR/psk\npsk_hint hint',
    files: { psk: 'device:0123456789abcdef\n' },
    mosquitto: 'starts',
    asks: [
      ['--psk 0123456789abcdef --psk-identity device', 0],
      ['--psk 0123456789abcdee --psk-identity device', 'fails'],
      ['--psk 0123456789abcdef --psk-identity nobody', 'fails'],
    ],
  },
  {
    title: 'a plugin that is not there',
    conf: 'listener PORT\nplugin DIR/go-auth.so',
    mosquitto: 'refuses',
  },
  {
    title: 'clientid_prefixes',
    conf: 'clientid_prefixes a',
    args: '-p PORT',
    mosquitto: 'starts',
    here: ['refuses', `there is no such option here: ${WEAKER}`],
  },
]

/** A line or two that is refused or not. */
export const TRAPS: Shape[] = [
  trap('a TAB instead of a space', 'persistence\ttrue', 'refuses'),
  trap('a comment behind a space', ' # comment', 'refuses'),
  trap('a flag with a capital', 'allow_anonymous True', 'refuses'),
  trap('a flag as yes', 'persistence yes', 'refuses'),
  trap('a flag and a comment', 'persistence false # no', 'starts'),
  trap('a flag without value', 'persistence', 'refuses'),
  trap('a path without value', 'pid_file', 'refuses'),
  trap('an option that does not exist', 'max_inflight_message 20', 'refuses'),
  trap('an option with a capital', 'Persistence true', 'refuses'),
  trap('a path twice', 'persistence_file a\npersistence_file b', 'refuses'),
  trap('a flag twice', 'persistence true\npersistence false', 'starts'),
  trap('text that is not UTF-8', 'persistence_file \xe9', 'refuses'),
  trap('a comment that is not UTF-8', '# \xe9', 'starts'),
  trap('a TAB in a value', 'persistence_file a\tb', 'refuses'),
  trap('a byte order mark', '\xef\xbb\xbf# comment', 'refuses'),
  trap('max_qos 3', 'listener PORT\nmax_qos 3', 'refuses'),
  trap('a port above 65535', 'listener 65536', 'refuses'),
  trap('a listener without port', 'listener', 'refuses'),
  trap('port 0 without path', 'listener 0', 'refuses'),
  trap('an address that does not exist', 'listener PORT 203.0.113.1', 'refuses'),
  trap('the same listener twice', 'listener PORT 127.0.0.1\nlistener PORT 127.0.0.1', 'refuses'),
  trap('an unknown protocol', 'listener PORT\nprotocol mqttsn', 'refuses'),
  trap('an unknown log_type', 'log_type verbose', 'refuses'),
  trap('an unknown log_dest', 'log_dest tty', 'refuses'),
  trap('mount_point above every listener', 'mount_point a/\nlistener PORT', 'refuses'),
  trap('mount_point with a wildcard', 'listener PORT\nmount_point a/#/', 'refuses'),
  trap('max_packet_size below 20', 'max_packet_size 19', 'refuses'),
  trap('a duration without unit', 'persistent_client_expiration 14', 'refuses'),
  trap('retry_interval, no longer there', 'retry_interval 20', 'starts'),
  trap(
    'security above per_listener_settings',
    'allow_anonymous true\nper_listener_settings true',
    'refuses',
  ),
  trap('plugin_opt without plugin', 'plugin_opt_x abc', 'refuses'),
  trap('a bridge option without bridge', 'topic # both', 'refuses'),
  trap('a bridge without address', 'connection a\ntopic #', 'refuses'),
  trap('an include_dir that is not there', 'include_dir DIR/none', 'refuses'),
  trap('an unknown user', 'user no-such-user', 'refuses'),
  trap('a pid file that cannot be written', 'pid_file DIR/none/mosquitto.pid', 'refuses'),
  differs('an integer with letters behind it', 'max_qos 1x', 'starts', 'an error since 2.1'),
  differs('log_type without value', 'log_type', 'starts', 'an error since 2.1'),
  differs('accept_protocol_versions', 'accept_protocol_versions 4', 'refuses', LATER),
  differs('max_keepalive 0', 'max_keepalive 0', 'refuses', LATER),
  differs('a duration in seconds', 'persistent_client_expiration 30s', 'refuses', LATER),
  differs('retain_expiry_interval', 'retain_expiry_interval 5', 'refuses', LATER),
  differs('max_topic_alias_broker', 'max_topic_alias_broker 5', 'refuses', LATER),
  differs('enable_proxy_protocol', 'enable_proxy_protocol 1', 'refuses', LATER),
]

/** Included files. */
export const INCLUDES: Shape[] = [
  {
    title: 'include_dir: what follows holds for the listener before it',
    conf: 'listener PORT\ninclude_dir DIR\nmax_qos 0',
    files: { 'a.conf': 'allow_anonymous true', 'b.txt': 'nonsense' },
    mosquitto: 'starts',
    asks: [ANONYMOUS],
  },
  {
    title: 'include_dir: a mistake in an included file',
    conf: 'include_dir DIR',
    files: { 'a.conf': 'nonsense 1' },
    mosquitto: 'refuses',
  },
  {
    title: 'include_dir in an included file',
    conf: 'include_dir DIR',
    files: { 'a.conf': 'include_dir DIR' },
    args: '-p PORT',
    mosquitto: 'starts',
    here: ['refuses', 'an error since 2.1'],
  },
  {
    title: 'allow_anonymous false without a listener',
    conf: 'allow_anonymous false',
    args: '-p PORT',
    mosquitto: 'starts',
    asks: [ANONYMOUS],
    asksHere: [REFUSED],
  },
  {
    title: '-p beside a listener is passed over',
    conf: 'listener PORT\nallow_anonymous true',
    args: '-p OTHER',
    mosquitto: 'starts',
    asks: [ANONYMOUS, ['OTHER: ', 1]],
  },
]

function trap(title: string, conf: string, mosquitto: Shape['mosquitto']): Shape {
  return { title, conf, mosquitto, ...(conf.includes('PORT') ? {} : { args: '-p PORT' }) }
}

/** Below a listener, as most of these belong to one. */
function differs(title: string, line: string, mosquitto: Shape['mosquitto'], why: string): Shape {
  const conf = `listener PORT\n${line}`
  return { title, conf, mosquitto, here: [mosquitto === 'starts' ? 'refuses' : 'starts', why] }
}

export const SHAPES: readonly Shape[] = [...COMMON, ...SECURE, ...TRAPS, ...INCLUDES]
