// Configuration files that are wrong: for each, everything that is said about it, with line and
// column. The tables are the test; a title is the text of the file.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the file, not of the test

import { writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readConfig } from '../../host/config/yaml.ts'
import { mistakesIn, write } from './kit.ts'

const ENV = { NUMBER: '70000', WORD: 'abc', SECRET: 'hunter2' }
const U16 = 'expected an integer from 0 to 65535'
const NO_KEYS =
  ' expected keys and values in YAML or JSON (the name of a mosquitto.conf must end in .conf)'

type Case = [text: string, ...mistakes: string[]]

const SYNTAX: Case[] = [
  ['listener 1883', NO_KEYS],
  ['[1]', NO_KEYS],
  [
    'a: 1\n b: 2',
    '1:4: is not YAML or JSON: a key where none can be: indent alike, or quote a value that holds ": "',
  ],
  ['log:\n\tlevel: info', '2:1: is not YAML or JSON: indent with spaces, not with tabs'],
  ['data: "x\nqosMax: 1', '2:10: is not YAML or JSON: Missing closing "quote'],
  ['{"data": "x"', '1:13: is not YAML or JSON: Flow map must end with a }'],
  ['data: a\n---\ndata: b', '2:1: is not YAML or JSON: a second document begins here'],
  ['data: !dir a', '1:7: is not YAML or JSON: a tag (!word) means nothing here: quote the value'],
  ['user: @admin', '1:7: is not YAML or JSON: Plain value cannot start with reserved character @'],
  ['data: a\n]', '2:1: is not YAML or JSON: something that belongs to nothing before it'],
  ['data: *d', '1:7: data: there is no &d before *d'],
  ['data: &d [*d]', ' is nested too deeply'],
  [
    `a: &a [${'1,'.repeat(99)}]\nb: &b [${'*a,'.repeat(99)}]\nc: [${'*b,'.repeat(99)}]`,
    ' holds too many values',
  ],
  ['qosMax: 1\nqosMax: 2', '2:1: qosMax: is given twice, first in line 1'],
  ['log: {level: info, level: warn}', '1:20: log.level: is given twice, first in line 1'],
]

const KEYS: Case[] = [
  ['queueMessageMax: 5', '1:1: queueMessageMax: is not a key here; did you mean queueMessagesMax?'],
  [
    'queue_messages_max: 5',
    '1:1: queue_messages_max: is not a key here; did you mean queueMessagesMax?',
  ],
  ['inFlightMax: 1', '1:1: inFlightMax: is not a key here; did you mean inflightMax?'],
  ['lisetners: []', '1:1: lisetners: is not a key here; did you mean listeners?'],
  ['port: 1883', '1:1: port: is not a key here; it belongs to listeners'],
  ['certificate: x', '1:1: certificate: is not a key here; it belongs to listeners[].tls'],
  ['messagesPerSecond: 1', '1:1: messagesPerSecond: is not a key here; it belongs to limits.rates'],
  ['log:\n  data: x', '2:3: log.data: is not a key here; it belongs to the top of the file'],
  ['bridge: x', '1:1: bridge: is not a key here'],
  [
    'toString: 1\n__proto__: {qosMax: 1}',
    '1:1: toString: is not a key here',
    '2:1: __proto__: is not a key here',
  ],
  ['1: x', '1:1: 1: is not a key here'],
  ['? [a]\n: x', '1:1: a key must be a word', '1:3: [""]: is not a key here'],
  ['"a b\\nc": x', '1:1: ["a b\\nc"]: is not a key here'],
  ['log:\n  levl: info', '2:3: log.levl: is not a key here; did you mean level?'],
  ['admin: {prt: 1}', '1:9: admin.prt: is not a key here; did you mean port?'],
]

const VALUES: Case[] = [
  ['inflightMax: 0', '1:14: inflightMax: expected an integer from 1 to 65535, got 0'],
  [
    'queueBytesMax: 1.5',
    '1:16: queueBytesMax: expected an integer from 0 to 9007199254740991, got 1.5',
  ],
  ['keepAliveFactor: x', '1:18: keepAliveFactor: expected a number from 1 to 100, got "x"'],
  ['qosMax: 3', '1:9: qosMax: expected 0 or 1 or 2, got 3'],
  ['wasm: fast', '1:7: wasm: expected "release" or "debug", got "fast"'],
  ['retainAvailable: yes', '1:18: retainAvailable: expected true or false, got "yes"'],
  ['retainAvailable: 1', '1:18: retainAvailable: expected true or false, got 1'],
  ['retainAvailable: "true "', '1:18: retainAvailable: expected true or false, got "true "'],
  ['data:', '1:6: data: expected a directory, got nothing'],
  ['data: [a]', '1:7: data: expected a directory, got a list'],
  ['responseInformation: true', '1:22: responseInformation: expected a string, got true'],
  ['log: info', '1:6: log: expected keys and values, got "info"'],
  ['admin: true', '1:8: admin: expected false, or keys and values, got true'],
  ['admin: {port: -1}', `1:15: admin.port: ${U16}, got -1`],
  ['pidFile: {}', '1:10: pidFile: expected the name of a file, got keys and values'],
  [
    `wasm: ${'x'.repeat(200)}`,
    `1:7: wasm: expected "release" or "debug", got "${'x'.repeat(55)}..."`,
  ],
  [
    'log:\n  destinations: [stderr, nowhere, {fil: x}]',
    '2:26: log.destinations[1]: expected "stdout" or "stderr" or "topic" or "syslog" or file: NAME, got "nowhere"',
    '2:35: log.destinations[2].file: expected the name of a file, got nothing',
    '2:36: log.destinations[2].fil: is not a key here; did you mean file?',
  ],
  [
    'limits: {flapping: {connects: 3}}',
    '1:10: limits.flapping.withinSeconds: expected an integer from 1 to 2147483647, got nothing',
    '1:10: limits.flapping.banSeconds: expected an integer from 1 to 2147483647, got nothing',
  ],
]

const VARIABLES: Case[] = [
  ['user: ${NOBODY}', '1:7: user: the environment variable NOBODY is not set'],
  ['admin:\n  port: ${NUMBER}', `2:9: admin.port: ${U16}, got 70000`],
  ['admin:\n  port: ${WORD}', `2:9: admin.port: ${U16}, got "abc"`],
  ['data: a${', '1:7: data: expected ${NAME} or ${NAME:-default}, and $${ for a plain ${'],
  ['data: ${a-b}', '1:7: data: expected ${NAME} or ${NAME:-default}, and $${ for a plain ${'],
  [
    'qosMax: ${NO}\nwasm: ${NO}',
    '1:9: qosMax: the environment variable NO is not set',
    '2:7: wasm: the environment variable NO is not set',
  ],
]

const NEITHER = 'expected port or socket, got neither'
const BESIDE_SOCKET = 'cannot stand beside socket, which takes the place of an address'
const LISTENERS: Case[] = [
  ['listeners: []', '1:12: listeners: expected a list of at least one, got an empty list'],
  ['listeners: {}', '1:12: listeners: expected a list of at least one, got keys and values'],
  ['listeners:', '1:11: listeners: expected a list of at least one, got nothing'],
  ['- type: mqtt', `2:3: listeners[0]: ${NEITHER}`],
  ['- port: 1', '2:3: listeners[0].type: expected "mqtt" or "ws", got nothing'],
  ['- 7', '2:3: listeners[0]: expected keys and values, got 7'],
  [
    '- type: mqtts\n  port: 65536\n  host: ""',
    '2:9: listeners[0].type: expected "mqtt" or "ws", got "mqtts"',
    `3:9: listeners[0].port: ${U16}, got 65536`,
    '4:9: listeners[0].host: expected an address or host name, got ""',
  ],
  [
    '- type: ws\n  port: "1x"\n  path: mqtt\n  tls: true',
    `3:9: listeners[0].port: ${U16}, got "1x"`,
    '4:9: listeners[0].path: expected a path that begins with /, or *, got "mqtt"',
    '5:8: listeners[0].tls: expected keys and values, got true',
  ],
  [
    '- type: mqtt\n  port: 1\n  path: /x\n  origins: []',
    '4:3: listeners[0].path: is for type: ws, not for mqtt',
    '5:3: listeners[0].origins: is for type: ws, not for mqtt',
  ],
  [
    '- type: mqtt\n  socket: /s\n  port: 1\n  host: a',
    `4:3: listeners[0].port: ${BESIDE_SOCKET}`,
    `5:3: listeners[0].host: ${BESIDE_SOCKET}`,
  ],
  ['- {type: mqtt, port: 1, socketMode: "0660"}', '2:25: listeners[0].socketMode: needs socket'],
  [
    '- {type: mqtt, socket: /s, socketMode: rw}',
    `2:40: listeners[0].socketMode: expected octal permissions such as '0660', got "rw"`,
  ],
  [
    '- {type: mqtt, port: 1, host: 10.0.0.1, family: ipv6}',
    '2:49: listeners[0].family: is not of host 10.0.0.1; leave it out',
  ],
  [
    '- {type: mqtt, port: 1, proxyProtocol: any, proxyRequiresTls: true}',
    '2:45: listeners[0].proxyRequiresTls: needs proxyProtocol: v2, which alone tells of TLS',
  ],
  [
    '- {type: mqtt, port: 1, versions: [4]}',
    '2:36: listeners[0].versions[0]: expected "3.1" or "3.1.1" or "5.0", got 4',
  ],
]

const PLACES: Case[] = [
  [
    '- {type: mqtt, port: 1883}\n- {type: ws, port: 1883}',
    '3:20: listeners[1].port: 1883 is taken by listeners[0] at every address',
  ],
  [
    '- {type: mqtt, port: 1883, host: 10.0.0.1}\n- {type: ws, port: 1883}',
    '3:20: listeners[1].port: 1883 is taken by listeners[0] at 10.0.0.1',
  ],
  [
    '- {type: mqtt, port: 1, host: a}\n- {type: ws, port: 1, host: a}',
    '3:20: listeners[1].port: 1 is taken by listeners[0] at a',
  ],
  [
    '- {type: mqtt, socket: /s}\n- {type: ws, socket: /s}',
    '3:22: listeners[1].socket: is taken by listeners[0]',
  ],
  [
    '- {type: mqtt, port: 18083}\nadmin: {host: 127.0.0.1}',
    '3:1: admin.port: 18083 is taken by listeners[0] at every address',
  ],
  [
    '- {type: mqtt, port: 1, name: a}\n- {type: ws, port: 2, name: a}',
    '3:29: listeners[1].name: is that of listeners[0], too',
  ],
]

const BESIDE_PSK = 'cannot stand beside pskFile: TLS-PSK takes the place of certificates'
const TLS: Case[] = [
  ['{}', '3: expected certificate and key, or pskFile, got neither'],
  ['{certificate: c}', '9: certificate: needs key'],
  ['{key: k, keyPassphraseFile: p}', '9: key: needs certificate'],
  [
    '{pskFile: p, certificate: c, key: k}',
    `21: certificate: ${BESIDE_PSK}`,
    `37: key: ${BESIDE_PSK}`,
  ],
  ['{certificate: c, key: k, pskHint: h}', '33: pskHint: needs pskFile'],
  [
    '{certificate: c, key: k, clientCertificate: required}',
    '33: clientCertificate: required needs ca or caDirectory',
  ],
  [
    '{certificate: c, key: k, crl: l, ignoreClientDates: true}',
    '33: crl: needs ca or caDirectory',
    '41: ignoreClientDates: needs ca or caDirectory',
  ],
  [
    '{certificate: c, key: k, usernameFrom: commonName}',
    '33: usernameFrom: needs clientCertificate: required or optional',
  ],
  [
    '{certificate: c, key: k, names: [{name: a}]}',
    '41: names[0].certificate: expected the name of a file, got nothing',
    '41: names[0].key: expected the name of a file, got nothing',
  ],
  ['{certificate: c, key: k, minVersion: 1.1}', '45: minVersion: expected "1.2" or "1.3", got 1.1'],
]

const KEYS_OF_JWT = 'secret, secretFile, publicKeyFile, jwksFile or jwksUrl'
const RANGE = 'expected an address or a range like 10.0.0.0/8'
const TYPES = '"password-file" or "jwt" or "http" or "certificate" or "device" or "scram"'
const CERTIFICATE = '[{type: mqtt, port: 1, authentication: [{type: certificate}]}]'
const ACCESS: Case[] = [
  [
    'listeners: [{type: ws, port: 1, trustedProxies: [10.0.0.0/8, proxy]}]',
    `1:62: listeners[0].trustedProxies[1]: ${RANGE}, got "proxy"`,
  ],
  [
    'authorization: {rules: [{effect: deny, action: both, topics: [a], address: 10.0.0.0/33}]}',
    `1:76: authorization.rules[0].address: ${RANGE}, got "10.0.0.0/33"`,
  ],
  [
    `listeners: ${CERTIFICATE}`,
    '1:59: listeners[0].authentication[0].type: needs tls.clientCertificate (required or optional) or tls.pskFile on this listener',
  ],

  ['authentication: [{type: jwt}]', `1:18: authentication[0]: expected ${KEYS_OF_JWT}, got none`],
  [
    'authentication: [{type: jwt, secret: a, jwksFile: b}]',
    '1:41: authentication[0].jwksFile: cannot stand beside secret: a jwt step has one source of keys',
  ],
  [
    'authentication: [{type: jwt, secretFile: a, algorithms: [HS256, RS256]}]',
    '1:65: authentication[0].algorithms[1]: needs a public key, not secretFile',
  ],
  [
    'authentication: [{type: jwt, publicKeyFile: a, algorithms: [HS256]}]',
    '1:61: authentication[0].algorithms[0]: needs a secret, not publicKeyFile',
  ],
  [
    'authentication: [{type: password}]',
    `1:25: authentication[0].type: expected ${TYPES}, got "password"`,
  ],
  ['authentication: [{}]', `1:18: authentication[0].type: expected ${TYPES}, got nothing`],
  [
    'authentication: [{type: password-file, path: x}]',
    '1:18: authentication[0].file: expected the name of a file, got nothing',
    '1:40: authentication[0].path: is not a key here; it belongs to listeners',
  ],
  [
    'authentication: [{type: http, url: "ftp://me:hunter2@x"}]',
    '1:36: authentication[0].url: expected an http:// or https:// address, got "ftp://***@x"',
  ],
  [
    'authorization: {rules: [{effect: allow, action: both, topics: ["${user}"]}]}',
    '1:64: authorization.rules[0].topics[0]: expected a filter; of ${...} it knows username, clientid, productkey, devicename, commonname, got "${user}"',
  ],
  [
    'authorization: {rules: [{effect: allow, action: both, topics: [a], anonymous: true, username: u}]}',
    '1:85: authorization.rules[0].username: cannot stand beside anonymous: true, which is about clients without one',
  ],
  [
    'log: {level: info, types: [error]}',
    '1:20: log.types: cannot stand beside level: it takes its place',
  ],
  [
    'log: {format: json, timestampFormat: "%s"}',
    '1:21: log.timestampFormat: is for format: pretty, not for json',
  ],
]

const tests = suite('mistakes in configuration files')

function add(cases: Case[], wrap: (text: string) => string = (text) => text): void {
  for (const [text, ...mistakes] of cases) {
    tests(JSON.stringify(text).slice(0, 90), () => {
      assert.equal(mistakesIn(wrap(text), ENV), mistakes)
    })
  }
}

const asListeners = (text: string): string => (text.startsWith('-') ? `listeners:\n${text}` : text)
add([...SYNTAX, ...KEYS, ...VALUES, ...VARIABLES, ...ACCESS])
add([...LISTENERS, ...PLACES], asListeners)

for (const [text, ...mistakes] of TLS) {
  tests(`tls: ${text}`, () => {
    const found = mistakesIn(`listeners:\n- type: mqtt\n  port: 1\n  tls: ${text}`)
    const expected = mistakes.map((mistake) =>
      mistake.replace(/^(\d+): ([a-zA-Z[\]\d.]+: )?(.*)$/, (_, column, key = ': ', problem) => {
        const path = key === ': ' ? 'tls: ' : `tls.${key}`
        return `4:${column}: listeners[0].${path}${problem}`
      }),
    )
    assert.equal(found, expected)
  })
}

tests('all mistakes are found at once, in the order of the file', () => {
  const text = 'log: 1\nlisteners:\n- {type: mqtt, path: /}\nqosMax: 9\nuser: ${NO}\nqosmax: 1\n'
  assert.equal(mistakesIn(text), [
    '1:6: log: expected keys and values, got 1',
    `3:3: listeners[0]: ${NEITHER}`,
    '3:16: listeners[0].path: is for type: ws, not for mqtt',
    '4:9: qosMax: expected 0 or 1 or 2, got 9',
    '5:7: user: the environment variable NO is not set',
    '6:1: qosmax: is not a key here; did you mean qosMax?',
  ])
})

tests('a secret is not shown, wherever it stands and wherever it came from', () => {
  for (const secret of ['hunter2', '${SECRET}']) {
    const text = `
authentication:
- {type: jwt, secert: "${secret}"}
- {type: jwt, secret: ["${secret}"]}
- {type: jwt, secret: "${secret}\\0"}
- {type: http, url: "http://a", headers: "${secret}"}
- {type: http, url: "http://a", headers: {A: ["${secret}"]}}
- {type: http, url: "http://me:${secret}@ x"}
`
    const mistakes = mistakesIn(text, ENV)
    assert.is(mistakes.length, 7)
    assert.not.match(mistakes.join('\n'), /hunter2/)
  }
})

tests('a file nested so deeply that the parser gives up is one line', () => {
  const mistakes = mistakesIn(`data: ${'['.repeat(20_000)}`)
  assert.is(mistakes.length, 1)
  assert.match(`${mistakes[0]}`, /^1:\d+: is not YAML or JSON: it is nested too deeply$/)
})

tests('a file that cannot be read is one line', () => {
  const messageOf = (file: string): string => {
    try {
      readConfig(file)
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }
  const missing = '/nowhere/wasmqtt.yaml'
  assert.is(messageOf(missing), `${missing}: cannot be read: there is no such file`)
  assert.is(messageOf('/'), '/: cannot be read: it is a directory')
  const file = write('')
  writeFileSync(file, new Uint8Array([0xff]))
  assert.is(messageOf(file), `${file}: cannot be read: it is not UTF-8`)
})

tests.run()
