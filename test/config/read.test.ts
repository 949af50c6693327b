// Configuration files that are right: what is read of YAML and JSON, numbers and variables of the
// environment. What is wrong with others is the business of mistakes.test.ts.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the file, not of the test

import { chmodSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DEFAULTS } from '../../host/config/options.ts'
import { readAnyConfig } from '../../host/config/read.ts'
import { readConfig } from '../../host/config/yaml.ts'
import { read, write } from './kit.ts'

const tests = suite('configuration file')

tests('an empty object, an empty file and one of comments say nothing', () => {
  for (const text of ['{}', '', '# nothing\n', '---\n', '\uFEFF']) assert.equal(read(text), {})
})

tests('every option is accepted with its default', () => {
  const { clock: _clock, data: _data, log: _log, ...options } = DEFAULTS
  assert.equal(read(JSON.stringify(options)), options)
})

tests('listeners are read as they are: defaults are for those who listen', () => {
  const listeners = [
    { type: 'mqtt', host: '::', port: 1883 },
    { type: 'ws', host: '127.0.0.1', port: 0 },
    { type: 'ws', host: '127.0.0.1', port: 8083, path: '/other' },
  ]
  assert.equal(read(JSON.stringify({ listeners })), { listeners })
})

tests('JSON with tabs is read, whatever the name of the file', () => {
  const text = JSON.stringify({ qosMax: 1, listeners: [{ type: 'ws', port: 0 }] }, null, '\t')
  for (const name of ['a.json', 'a.yml', 'a.yaml', 'a']) {
    assert.equal(readConfig(write(text, name)), JSON.parse(text))
  }
})

tests('anchors and aliases stand for the same value', () => {
  const text = 'listeners:\n- {type: mqtt, port: 1, tls: &tls {certificate: c, key: k}}\n'
  const { listeners } = read(`${text}- {type: ws, port: 2, tls: *tls}\n`)
  assert.equal(listeners?.[1]?.tls, { certificate: 'c', key: 'k' })
})

tests('a number is read as the string it was written as where a string is wanted', () => {
  const text = 'listeners:\n- type: mqtt\n  socket: /s\n  socketMode: 0660\n'
  const { listeners } = read(`${text}  versions: [3.1, 3.1.1, 5.0]\n`)
  assert.is(listeners?.[0]?.socketMode, '0660')
  assert.equal(listeners?.[0]?.versions, ['3.1', '3.1.1', '5.0'])
  assert.equal(read('responseInformation: 1e3'), { responseInformation: '1e3' })
})

tests('${NAME} is a variable of the environment, of the kind that is wanted', () => {
  const text = `
listeners:
- type: mqtt
  host: \${HOST}
  port: \${PORT}
  anonymous: "\${OPEN}"
  mountPoint: site/\${SITE}/\${PORT}/
`
  const env = { HOST: '::1', PORT: '1884', OPEN: 'true', SITE: 'a' }
  assert.equal(read(text, env).listeners, [
    { type: 'mqtt', host: '::1', port: 1884, anonymous: true, mountPoint: 'site/a/1884/' },
  ])
})

tests('${NAME:-default} is the default where the variable is not set or empty', () => {
  const text = 'qosMax: ${QOS:-1}\nclientIdPrefix: ${PREFIX:-}'
  assert.equal(read(text, { QOS: '' }), { qosMax: 1, clientIdPrefix: '' })
  assert.equal(read(text, { QOS: '2', PREFIX: '7' }), { qosMax: 2, clientIdPrefix: '7' })
})

tests('$${ is a plain ${, and a lone $ is itself', () => {
  assert.equal(read('clientIdPrefix: $${A}$B$'), { clientIdPrefix: '${A}$B$' })
})

tests('in topics of rules ${...} stands for something of the client', () => {
  const rule = {
    effect: 'allow',
    action: 'both',
    topics: ['a/${username}/#', '$SYS/#', '${clientid}'],
  }
  const config = { authorization: { rules: [rule] } }
  assert.equal(read(JSON.stringify(config), { username: 'x' }), config)
})

tests('a value of a variable that looks like YAML is text', () => {
  assert.equal(read('clientIdPrefix: ${A}', { A: '{x: [y], "z' }), {
    clientIdPrefix: '{x: [y], "z',
  })
})

tests('everything there is can stand in one file', () => {
  const http = { url: 'https://example.org/auth', headers: { 'X-Key': 'k' }, timeoutMs: 100 }
  const config = {
    listeners: [
      {
        ...{ name: 'tls', type: 'mqtt', host: '*', port: 8883, interface: 'lo', family: 'ipv4' },
        tls: {
          ...{ certificate: 'c.pem', key: 'k.pem', keyPassphraseFile: 'p', ca: 'ca.pem' },
          names: [{ name: '*.example.org', certificate: 'x', key: 'y' }],
          ...{ clientCertificate: 'required', usernameFrom: 'commonName', clientIdFrom: 'san' },
          ...{ crl: 'crl.pem', ignoreClientDates: false, minVersion: '1.3', alpn: ['mqtt'] },
        },
        ...{ proxyProtocol: 'v2', proxyRequiresTls: true, mountPoint: 'm/', connectionsMax: 1 },
        ...{ qosMax: 1, versions: ['5.0'], topicAliasMaxIn: 0, topicAliasMaxOut: 0 },
        ...{ noDelay: true, anonymous: false, emptyClientIds: false, clientIdPrefix: 'x' },
        ...{ usernameAsClientId: true, authentication: [{ type: 'certificate' }] },
        ...{ authorization: { aclFile: 'acl' }, rates: { messagesPerSecond: 0.5 } },
      },
      { type: 'ws', port: 80, path: '*', origins: ['https://a'], trustedProxies: ['10.0.0.0/8'] },
      { type: 'mqtt', port: 8884, tls: { pskFile: 'psk', pskHint: 'h', usernameFrom: 'subject' } },
      { type: 'mqtt', socket: '/run/mqtt.sock', socketMode: '660' },
    ],
    admin: { host: '127.0.0.1', port: 9000 },
    log: {
      ...{ types: ['error', 'subscribe'], format: 'pretty', timestampFormat: '%s' },
      ...{ destinations: ['syslog', { file: 'x.log' }], connections: false },
    },
    ...{ pidFile: 'pid', user: 'nobody', anonymous: false, data: 'd' },
    authentication: [
      { type: 'password-file', file: 'f' },
      { type: 'jwt', jwksUrl: 'https://a/jwks', algorithms: ['ES256'], from: 'username' },
      { type: 'http', ...http },
      { type: 'device', clockSkewSeconds: 60 },
      { type: 'scram', file: 's', iterations: 4096 },
    ],
    authorization: {
      rules: [{ effect: 'deny', action: 'publish', topics: ['a'], username: 'u*', address: '::1' }],
      http,
    },
    limits: {
      ...{ connectionsPerAddress: 1, connectionsPerUser: 1, connectRate: 9 },
      rates: { bytesPerSecond: 1, burstSeconds: 2, over: 'disconnect' },
      flapping: { connects: 5, withinSeconds: 60, banSeconds: 300 },
    },
  }
  assert.equal(read(JSON.stringify(config)), config)
})

tests('a listener that can let nobody in is a warning', async () => {
  const file = write(
    'listeners:\n- {type: mqtt, port: 1}\n- {type: ws, port: 2, anonymous: true}\n',
  )
  const { config, warnings } = await readAnyConfig(file)
  assert.is(config.listeners?.length, 2)
  assert.equal(warnings, [
    `${file}:2:3: listeners[0]: lets nobody in: anonymous clients are refused, and there is no authentication`,
  ])
})

tests('a file that is to be read and is not there is a warning', async () => {
  const here = write('', 'here')
  chmodSync(here, 0o600)
  const file = write(`authentication:
- {type: password-file, file: ${here}}
- {type: jwt, secretFile: /nowhere/secret}
authorization: {aclFile: /nowhere/acl}
log: {destinations: [{file: /nowhere/log}]}
`)
  assert.equal((await readAnyConfig(file)).warnings, [
    `${file}:3:27: authentication[1].secretFile: /nowhere/secret does not exist`,
    `${file}:4:26: authorization.aclFile: /nowhere/acl does not exist`,
  ])
})

tests('a password or secret file that everybody may read is a warning', async () => {
  const [passwords, secret, acl] = ['p', 's', 'a'].map((name) => write('', name))
  for (const path of [passwords, secret, acl]) chmodSync(path as string, 0o644)
  const file = write(`authentication:
- {type: password-file, file: ${passwords}}
- {type: jwt, secretFile: ${secret}}
- {type: scram, file: ${secret}}
authorization: {aclFile: ${acl}}
`)
  const problem = 'everybody on this machine may read'
  assert.equal((await readAnyConfig(file)).warnings, [
    `${file}:2:31: authentication[0].file: ${problem} ${passwords}`,
    `${file}:3:27: authentication[1].secretFile: ${problem} ${secret}`,
    `${file}:4:23: authentication[2].file: ${problem} ${secret}`,
  ])
})

tests.run()
