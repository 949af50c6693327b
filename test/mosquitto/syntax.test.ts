// The syntax of mosquitto.conf, trap by trap: what counts as an option, where values end, and which
// line belongs to what. What the options mean is the business of translate.test.ts.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryDirectory } from '../process.ts'
import { mistakesIn, read, warningsIn } from './kit.ts'

const tests = suite('mosquitto.conf: syntax')

tests('an empty file, comments and empty lines say nothing', () => {
  const nothing = read('')
  assert.equal(read('# x\n\n\r\n   \n#listener 1\n'), nothing)
  assert.is(nothing.listeners, undefined)
})

tests('spaces may stand before an option, and more than one between it and its value', () => {
  assert.is(read('   persistence   true').durability, 'disk')
})

tests('a TAB separates nothing and is named', () => {
  assert.equal(mistakesIn('persistence\ttrue'), [
    "1: 'persistence\\ttrue' has a TAB in it: an option and its value are separated by spaces",
  ])
  assert.equal(mistakesIn('\tpersistence true'), [
    "1: '\\tpersistence' has a TAB in it: an option and its value are separated by spaces",
  ])
})

tests('a # behind a space begins no comment line', () => {
  const words = "a comment's # must be the first character of its line"
  assert.equal(mistakesIn('# fine\n # not'), [`2: ${words}`])
})

tests('what follows the first word of flags and integers is not looked at', () => {
  const config = read('persistence true # yes\nmax_inflight_messages 7 # and more')
  assert.is(config.durability, 'disk')
  assert.is(config.inflightMax, 7)
})

tests('a # belongs to text, and the text ends with the line', () => {
  const config = read('pid_file /run/a b.pid # mine  ')
  assert.is(config.pidFile, '/run/a b.pid # mine')
})

tests('the address of a listener stops at a #', () => {
  const { listeners } = read('listener 1884 # all\nlistener 1885 127.0.0.1 # one')
  assert.equal(listeners, [
    { type: 'mqtt', port: 1884 },
    { type: 'mqtt', host: '127.0.0.1', port: 1885 },
  ])
})

tests('flags are true, false, 1 and 0, exactly', () => {
  assert.is(read('persistence 1').durability, 'disk')
  assert.is(read('persistence 0').durability, 'memory')
  for (const word of ['True', 'yes', 'on', 'true,', 'true\t', '2']) {
    assert.equal(mistakesIn(`persistence ${word}`), [
      `1: persistence: expected true or false, got '${word}'`,
    ])
  }
})

tests('integers are decimal, 0x and octal, and nothing behind the digits', () => {
  assert.is(read('max_queued_messages 0x10').queueMessagesMax, 16)
  assert.is(read('max_queued_messages 010').queueMessagesMax, 8)
  assert.is(read('max_queued_messages +5').queueMessagesMax, 5)
  for (const word of ['10k', 'ten', '1.5', '0x', '2147483648']) {
    assert.equal(mistakesIn(`max_queued_messages ${word}`), [
      `1: max_queued_messages: expected an integer, got '${word}'`,
    ])
  }
})

tests('text that stands twice is a mistake, flags, integers and words renew', () => {
  assert.equal(mistakesIn('pid_file /a\nuser x\npid_file /b'), [
    '3: pid_file: stands here a second time, the first was FILE:1',
  ])
  const config = read('persistence true\npersistence false\nsys_interval 1\nsys_interval 2')
  assert.is(config.durability, 'memory')
  assert.is(config.sysInterval, 2)
})

tests('an option without value is a mistake', () => {
  assert.equal(mistakesIn('persistence\npid_file \nsys_interval  \nlistener\nlog_type\nlog_dest'), [
    '1: persistence: expected true or false, got nothing',
    '2: pid_file: expected path, got nothing',
    '3: sys_interval: expected an integer from 0 to 65535, got nothing',
    '4: listener: expected an integer from 0 to 65535, got nothing',
    '5: log_type: expected debug, error, warning, notice, information, subscribe, unsubscribe, ' +
      'websockets, internal, none, all, got nothing',
    '6: log_dest: expected stdout, stderr, syslog, topic, file PATH, dlt, none, got nothing',
  ])
})

tests('an unknown option is named with the nearest one, if one is near', () => {
  assert.equal(mistakesIn('listner 1883\nallow_anonymus true\nfoo_bar_baz 1\nPersistence true'), [
    "1: 'listner' is not an option of mosquitto.conf; the nearest one is 'listener'",
    "2: 'allow_anonymus' is not an option of mosquitto.conf; the nearest one is 'allow_anonymous'",
    "3: 'foo_bar_baz' is not an option of mosquitto.conf",
    "4: 'Persistence' is not an option of mosquitto.conf; the nearest one is 'persistence'",
  ])
})

tests('lines may end in CR LF', () => {
  const config = read('persistence true\r\npid_file /run/x.pid\r\n\r\n# c\r\nlistener 1884\r\n')
  assert.is(config.durability, 'disk')
  assert.is(config.pidFile, '/run/x.pid')
  assert.equal(config.listeners, [{ type: 'mqtt', port: 1884 }])
})

tests('text must be UTF-8 without control characters, comments may be anything', () => {
  assert.is(read('# \xff\npid_file /run/\xc3\xa9').pidFile, '/run/é')
  assert.equal(mistakesIn('pid_file /run/\xe9\npid_file /run/a\tb\nuser \xef\xbf\xbe'), [
    '1: pid_file: is not UTF-8',
    '2: pid_file: has a control character in it, such as a TAB',
    '3: user: has a control character in it, such as a TAB',
  ])
})

tests('a byte order mark and NUL bytes are named', () => {
  assert.equal(mistakesIn('\xef\xbb\xbf# x\npersistence \0true'), [
    '1: begins with a byte order mark: save the file as UTF-8 without one',
    '2: has a NUL byte in it: is this a text file?',
  ])
})

tests('the last line needs no end', () => {
  assert.is(read('#\npersistence true').durability, 'disk')
})

tests('options of a listener belong to the listener above them', () => {
  const { listeners } = read('listener 1884\nmax_qos 1\nlistener 1885\nmax_connections 5')
  assert.equal(listeners, [
    { type: 'mqtt', port: 1884, qosMax: 1 },
    { type: 'mqtt', port: 1885, connectionsMax: 5 },
  ])
})

tests('options of a listener above the first one open the default listener', () => {
  assert.equal(read('max_connections 5\nlistener 1884').listeners, [
    { type: 'mqtt', port: 1883, connectionsMax: 5 },
    { type: 'mqtt', port: 1884 },
  ])
  assert.equal(read('protocol websockets\nport 9001\nbind_address 127.0.0.1').listeners, [
    { type: 'ws', host: '127.0.0.1', port: 9001, path: '*' },
  ])
})

tests('bind_address alone is the default listener at port 1883', () => {
  assert.equal(read('bind_address 127.0.0.1').listeners, [
    { type: 'mqtt', host: '127.0.0.1', port: 1883 },
  ])
})

tests('some options need a listener above them', () => {
  const later = '\nlistener 1884'
  for (const line of ['mount_point a/', 'websockets_origin x', 'enable_proxy_protocol 1']) {
    const [name] = line.split(' ')
    assert.equal(mistakesIn(line + later), [`1: ${name}: needs a listener above it`])
  }
  assert.equal(warningsIn(`max_topic_alias 5${later}\nallow_anonymous true`), [
    '1: max_topic_alias has no effect: it stands above every listener',
  ])
})

tests('port 0 is a unix socket and needs its path', () => {
  assert.equal(read('listener 0 /run/mqtt.sock').listeners, [
    { type: 'mqtt', socket: '/run/mqtt.sock' },
  ])
  assert.equal(mistakesIn('listener 0'), [
    '1: listener: port 0 needs the path of a unix socket behind it',
  ])
})

tests('per_listener_settings must stand above options about who may connect', () => {
  const lines = 'listener 1884\nallow_anonymous true\nper_listener_settings'
  assert.equal(mistakesIn(`${lines} true`), [
    '3: per_listener_settings: must stand before every option about who may connect, such as FILE:2',
  ])
  assert.equal(mistakesIn(`${lines} false`), [])
})

tests('with per_listener_settings they belong to the listener above them and need one', () => {
  const { listeners, anonymous } = read(
    'per_listener_settings true\nlistener 1884\nallow_anonymous true\nlistener 1885',
  )
  assert.is(anonymous, undefined)
  assert.equal(listeners, [
    { type: 'mqtt', port: 1884, anonymous: true },
    { type: 'mqtt', port: 1885, anonymous: false },
  ])
  assert.equal(mistakesIn('per_listener_settings true\nallow_anonymous true\nlistener 1884'), [
    '2: allow_anonymous: needs a listener above it, as per_listener_settings is true',
  ])
})

tests('options of plugins and bridges need one above them', () => {
  assert.equal(
    mistakesIn('plugin_opt_acl_file x\ntopic # both\nauth_plugin_deny_special_chars 1'),
    [
      '1: plugin_opt_acl_file: needs a plugin above it',
      '2: topic: needs a connection above it',
      '3: auth_plugin_deny_special_chars: needs a plugin above it',
    ],
  )
})

/** A main file that includes a directory of these files. */
function withIncluded(main: string, included: Record<string, string>): string {
  const directory = join(temporaryDirectory(), 'conf.d')
  mkdirSync(directory)
  for (const [name, text] of Object.entries(included)) writeFileSync(join(directory, name), text)
  return main.replace('DIR', directory)
}

tests('include_dir reads *.conf in its place, A.conf before a.conf before B.conf', () => {
  const main = withIncluded('listener 1\ninclude_dir DIR\nlistener 9', {
    'a.conf': 'listener 3',
    'B.conf': 'listener 4',
    'A.conf': 'listener 2',
    'b.config': 'listener 5',
    '.conf': 'listener 6',
  })
  const ports = read(main).listeners?.map(({ port }) => port)
  assert.equal(ports, [1, 2, 3, 4, 9])
})

tests('the listener above ends with its file and holds again behind the include_dir', () => {
  const main = withIncluded('listener 1884\ninclude_dir DIR\nmax_qos 1', {
    'a.conf': 'max_connections 5',
  })
  assert.equal(read(main).listeners, [
    { type: 'mqtt', port: 1884, qosMax: 1 },
    { type: 'mqtt', port: 1883, connectionsMax: 5 },
  ])
})

tests('mistakes in included files are named with their file, nesting is one', () => {
  const main = withIncluded('include_dir DIR\nx 1', { 'a.conf': 'max_qos 9\ninclude_dir /tmp' })
  assert.equal(mistakesIn(main), [
    "a.conf:1: max_qos: expected an integer from 0 to 2, got '9'",
    'a.conf:2: include_dir stands only in the main file, not in an included one',
    "2: 'x' is not an option of mosquitto.conf",
  ])
})

tests('an include_dir that cannot be read is one mistake', () => {
  assert.equal(mistakesIn('include_dir /nowhere/at/all\ninclude_dir'), [
    "1: include_dir: '/nowhere/at/all' cannot be read: it does not exist",
    '2: include_dir: expected a directory, got nothing',
  ])
})

tests.run()
