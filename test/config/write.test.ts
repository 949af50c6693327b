// Configurations written as YAML: read again they are the same, whatever their strings look like,
// and sections say what they are.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the file, not of the test

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Config } from '../../host/config/config.ts'
import { toYaml } from '../../host/config/write.ts'
import { read } from './kit.ts'

const tests = suite('configuration as YAML')

const TLS = { certificate: '/etc/ssl/c.pem', key: 'k: #1', minVersion: '1.2' } as const
const CONFIG: Config = {
  listeners: [
    { type: 'mqtt', port: 8883, host: '::', tls: TLS, versions: ['3.1', '5.0'] },
    { type: 'ws', socket: '/run/x.sock', socketMode: '0660', tls: TLS, path: '*' },
  ],
  anonymous: false,
  admin: false,
  clientIdPrefix: 'yes',
  responseInformation: '${HOME}/$${x}\n second line',
  data: '123',
  authorization: {
    rules: [{ effect: 'allow', action: 'both', topics: ['a/${username}/#', '+/+'], clientId: '*' }],
  },
  authentication: [
    { type: 'http', url: 'https://a/b', headers: { 'X-${A}': 'null', topics: '${A}' } },
  ],
  log: { destinations: ['stdout', { file: '/var/log/x' }], types: [], timestampFormat: '%s' },
}

tests('what is read again is the same', () => {
  assert.equal(read(toYaml(CONFIG)), CONFIG)
  assert.equal(read(toYaml({})), {})
})

tests('a string is quoted where it would be something else', () => {
  for (const value of [
    '1',
    '1e3',
    'true',
    'null',
    '~',
    '- a',
    'a: b',
    '#',
    ' ',
    '',
    '${A}',
    '$${',
    '&a',
    '\t',
    "'",
  ]) {
    assert.equal(read(toYaml({ responseInformation: value })), { responseInformation: value })
  }
})

tests('values that are the same object are written out, without anchors', () => {
  assert.not.match(toYaml(CONFIG), /[&*]a\d/)
})

tests('sections stand below a comment, with a line between them', () => {
  assert.is(
    toYaml({ listeners: [{ type: 'mqtt', port: 1883 }], anonymous: true }),
    `# Where clients connect.
listeners:
  - type: mqtt
    port: 1883

# Whether clients without user name are let in, where the listener does not say it.
anonymous: true
`,
  )
})

tests.run()
