// A mosquitto.conf beside the schema of our own files: what is read of one is a configuration
// without mistakes, and as YAML it means the same. What each option means is tested elsewhere.

import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkConfig } from '../../host/config/check.ts'
import { readMosquittoConf } from '../../host/config/mosquitto.ts'
import { toYaml } from '../../host/config/write.ts'
import { runMain, stopAll } from '../process.ts'
import { read, write } from './kit.ts'

const tests = suite('mosquitto.conf as YAML')
tests.after.each(stopAll)

const TLS = 'cafile /c/ca.crt\ncertfile /c/c.crt\nkeyfile /c/c.key\n'
const CONFS: [title: string, text: string][] = [
  ['an empty file', ''],
  ['two listeners', 'listener 1883\nlistener 9001\nprotocol websockets\nallow_anonymous true\n'],
  ['passwords and ACL', 'listener 1883 127.0.0.1\npassword_file /p\nacl_file /a\n'],
  ['TLS', `listener 8883\n${TLS}require_certificate true\nuse_identity_as_username true\n`],
  ['TLS without client certificates', `listener 8883\n${TLS}tls_version tlsv1.2\n`],
  ['TLS-PSK', 'psk_file /p\nlistener 8884\npsk_hint hint\nuse_identity_as_username true\n'],
  [
    'per listener',
    'per_listener_settings true\nlistener 1\nallow_anonymous true\nlistener 2\npassword_file /p\n',
  ],
  [
    'limits',
    'max_inflight_messages 5\nmax_queued_messages 10\nmax_packet_size 5000\nmax_keepalive 60\nmessage_size_limit 100\npersistent_client_expiration 2d\n',
  ],
  [
    'logs',
    'log_dest file /l/m.log\nlog_dest stdout\nlog_type error\nlog_type subscribe\nlog_timestamp_format %Y\nconnection_messages false\n',
  ],
  [
    'persistence',
    'persistence true\npersistence_location /var/lib/mosquitto/\nautosave_interval 60\n',
  ],
  ['a unix socket', 'listener 0 /run/mqtt.sock\nallow_anonymous true\n'],
  [
    'the rest',
    'pid_file /run/m.pid\nuser nobody\nsys_interval 5\nset_tcp_nodelay true\nqueue_qos0_messages true\nretain_available false\nupgrade_outgoing_qos true\nauto_id_prefix x-\nallow_zero_length_clientid false\n',
  ],
]

for (const [title, text] of CONFS) {
  tests(`${title}: without mistakes, and the same as YAML`, () => {
    const { config } = readMosquittoConf(write(text, 'mosquitto.conf'))
    assert.equal(checkConfig(config).mistakes, [])
    assert.equal(read(toYaml(config)), config)
  })
}

tests('config convert prints YAML that check accepts', async () => {
  const conf = write('listener 1883\nallow_anonymous true\n', 'mosquitto.conf')
  const converted = runMain(['config', 'convert', conf])
  assert.is(await converted.untilExit(), 0, converted.stderr)
  const file = write(`${converted.lines.join('\n')}\n`, 'converted.yaml')
  assert.match(readFileSync(file, 'utf8'), /^# Where clients connect\.$/m)
  const check = runMain(['check', conf, file])
  assert.is(await check.untilExit(), 0, check.stderr)
  assert.equal(check.lines, [`${conf}: ok`, `${file}: ok`])
})

tests.run()
