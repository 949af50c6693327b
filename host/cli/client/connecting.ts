// The options that say where and how to connect, as mosquitto_pub and mosquitto_sub have them: what
// each sets, and the line that tells it. Read by options.ts.

import { addProperty } from './properties.ts'
import { fail, integer, type OptionRow, qos } from './row.ts'
import { EXPIRY_NEVER } from './settings.ts'
import { isTopicName } from './topics.ts'
import { readUrl } from './url.ts'

export const CONNECTION: readonly OptionRow[] = [
  {
    names: ['-h', '--host'],
    value: 'host',
    help: 'broker to connect to (localhost)',
    take: (s, text) => {
      s.host = text
    },
  },
  {
    names: ['-p', '--port'],
    value: 'port',
    help: 'its port (1883, with TLS 8883; over WebSocket 8083 and 8084)',
    take: (s, text) => {
      s.port = integer(text, 0, 65_535, `Invalid port given: ${text}`)
    },
  },
  {
    names: ['-L', '--url'],
    value: 'URL',
    help: 'all at once: mqtt|mqtts|ws|wss://[user[:password]@]host[:port]/topic',
    take: readUrl,
  },
  {
    names: ['--unix'],
    value: 'socket path',
    help: 'connect to a Unix domain socket',
    take: (s, text) => {
      s.unixPath = text
    },
  },
  {
    names: ['--ws'],
    help: 'speak MQTT over WebSocket',
    set: (s) => {
      s.webSocket = true
    },
  },
  {
    names: ['--ws-path'],
    value: 'path',
    help: 'path of the WebSocket (/mqtt)',
    take: (s, text) => {
      s.webSocketPath = text.startsWith('/') ? text : `/${text}`
    },
  },
  {
    names: ['-A'],
    value: 'address',
    help: 'connect from this address of the machine',
    take: (s, text) => {
      s.bindAddress = text
    },
  },
  {
    names: ['--proxy'],
    value: 'proxy url',
    help: 'connect through socks5h://[user[:password]@]host[:port]',
    take: (s, text) => {
      if (!text.startsWith('socks5h://')) fail(`Unsupported proxy protocol: ${text}`)
      s.proxy = text
    },
  },
  {
    names: ['--nodelay'],
    help: "disable Nagle's algorithm",
    set: (s) => {
      s.noDelay = true
    },
  },
  {
    names: ['-u', '--username'],
    value: 'username',
    help: 'name to log in with',
    take: (s, text) => {
      s.username = text
    },
  },
  {
    names: ['-P', '--pw'],
    value: 'password',
    help: 'password to log in with',
    take: (s, text) => {
      s.password = text
    },
  },
]

export const SESSION: readonly OptionRow[] = [
  {
    names: ['-i', '--id'],
    value: 'id',
    help: 'client identifier (made up)',
    take: (s, text) => {
      if (s.idPrefix !== undefined) fail('-i and -I argument cannot be used together.')
      s.id = text
    },
  },
  {
    names: ['-I', '--id-prefix'],
    value: 'id prefix',
    help: 'client identifier: this, then the process id',
    take: (s, text) => {
      if (s.id !== undefined) fail('-i and -I argument cannot be used together.')
      s.idPrefix = text
    },
  },
  {
    names: ['-V', '--protocol-version'],
    value: 'version',
    help: 'mqttv31, mqttv311 or mqttv5; or 31, 311, 5 (mqttv311)',
    take: (s, text) => {
      const versions = { '31': 3, '311': 4, '5': 5 } as const
      const name = text.replace(/^mqttv/, '')
      if (!Object.hasOwn(versions, name)) fail('Invalid protocol version argument given.')
      s.protocolVersion = versions[name as keyof typeof versions]
    },
  },
  {
    names: ['-k', '--keepalive'],
    value: 'keepalive',
    help: 'seconds between pings, 5 to 65535 (60)',
    take: (s, text) => {
      const range = 'it must be between 5 and 65535 inclusive.'
      s.keepAliveSeconds = integer(text, 5, 65_535, `Invalid keepalive given, ${range}`)
    },
  },
  {
    names: ['-c', '--disable-clean-session'],
    help: 'keep the session after the end, and resume it at the next start; needs -i',
    set: (s) => {
      s.clean = false
    },
  },
  {
    names: ['-x'],
    value: 'session expiry interval',
    help: 'seconds the session lives on (MQTT 5); -1 or ∞ = for ever',
    take: (s, text) => {
      const never = text === '∞' || text === '-1'
      const error = 'session-expiry-interval out of range.'
      s.sessionExpirySeconds = never ? EXPIRY_NEVER : integer(text, 0, EXPIRY_NEVER, error)
    },
  },
  {
    names: ['-D', '--property'],
    value: 'COMMAND NAME VALUE',
    help: 'MQTT 5 property; of connect, publish, subscribe, disconnect, will ...',
    takeWords: (s, words) => {
      s.protocolVersion = 5
      return addProperty(s.properties, words)
    },
  },
]

export const WILL: readonly OptionRow[] = [
  {
    names: ['--will-topic'],
    value: 'will topic',
    help: 'where the broker publishes the will when this client vanishes',
    take: (s, text) => {
      if (!isTopicName(text)) {
        fail(`Invalid will topic '${text}', does it contain '+' or '#'?`)
      }
      s.will.topic = text
    },
  },
  {
    names: ['--will-payload'],
    value: 'will payload',
    help: 'payload of the will (none)',
    take: (s, text) => {
      s.will.payload = text
    },
  },
  {
    names: ['--will-qos'],
    value: 'will QoS',
    help: 'QoS of the will (0)',
    take: (s, text) => {
      s.will.qos = qos(text, `Invalid will QoS ${text}.`)
    },
  },
  {
    names: ['--will-retain'],
    help: 'retain the will',
    set: (s) => {
      s.will.retain = true
    },
  },
]

export const TLS: readonly OptionRow[] = [
  {
    names: ['--cafile'],
    value: 'file',
    help: 'certificates of the authorities to trust; turns TLS on',
    take: (s, text) => {
      s.tls.caFile = text
    },
  },
  {
    names: ['--capath'],
    value: 'directory',
    help: 'a directory of such files; turns TLS on',
    take: (s, text) => {
      s.tls.caPath = text
    },
  },
  {
    names: ['--tls-use-os-certs'],
    help: "trust the operating system's authorities; turns TLS on",
    set: (s) => {
      s.tls.wanted = true
    },
  },
  {
    names: ['--cert'],
    value: 'file',
    help: 'certificate of this client; turns TLS on',
    take: (s, text) => {
      s.tls.certFile = text
    },
  },
  {
    names: ['--key'],
    value: 'file',
    help: 'its private key',
    take: (s, text) => {
      s.tls.keyFile = text
    },
  },
  {
    names: ['--keyform'],
    value: 'keyform',
    help: 'pem; keys in engines are not supported',
    take: (_, text) => {
      if (text !== 'pem') fail(`--keyform ${text} is not supported: keys are PEM files.`)
    },
  },
  {
    names: ['--insecure'],
    help: "do not look whether the broker's certificate is for its name; for tests only",
    set: (s) => {
      s.tls.insecure = true
    },
  },
  {
    names: ['--tls-version'],
    value: 'version',
    help: 'the oldest TLS to speak: tlsv1.1, tlsv1.2 or tlsv1.3 (tlsv1.2)',
    take: (s, text) => {
      const versions = { 'tlsv1.1': 'TLSv1.1', 'tlsv1.2': 'TLSv1.2', 'tlsv1.3': 'TLSv1.3' } as const
      if (!Object.hasOwn(versions, text)) fail(`Invalid TLS version ${text}.`)
      s.tls.version = versions[text as keyof typeof versions]
    },
  },
  {
    names: ['--ciphers'],
    value: 'ciphers',
    help: 'ciphers to offer, as OpenSSL lists them',
    take: (s, text) => {
      s.tls.ciphers = text
    },
  },
  {
    names: ['--tls-alpn'],
    value: 'protocol',
    help: 'protocol to ask for in the handshake (ALPN)',
    take: (s, text) => {
      s.tls.alpn = text
    },
  },
  {
    names: ['--psk'],
    value: 'key',
    help: 'pre-shared key in hexadecimal; turns TLS on',
    take: (s, text) => {
      if (!/^([0-9a-f]{2})+$/i.test(text)) fail('Problem setting TLS-PSK options.')
      s.tls.psk = Buffer.from(text, 'hex')
    },
  },
  {
    names: ['--psk-identity'],
    value: 'identity',
    help: 'the name the broker knows that key by',
    take: (s, text) => {
      s.tls.pskIdentity = text
    },
  },
  {
    names: ['--no-tls'],
    help: 'no TLS, whatever the port is',
    set: (s) => {
      s.tls.refused = true
    },
  },
]

export const REPORTING: readonly OptionRow[] = [
  {
    names: ['-d', '--debug'],
    help: 'print every packet sent and received',
    set: (s) => {
      s.debug = true
    },
  },
  {
    names: ['--quiet'],
    help: 'no errors on standard error',
    set: (s) => {
      s.quiet = true
    },
  },
]
