// `wasmqtt pub --help` and `wasmqtt sub --help`: what the command does, examples to start from,
// then every option, from the tables of options.

import { OPTION_GROUPS } from './options.ts'
import type { OptionRow } from './row.ts'
import type { ClientKind } from './settings.ts'

const INTRODUCTIONS: Record<ClientKind, string> = {
  pub: `Usage: wasmqtt pub -t TOPIC (-m TEXT | -f FILE | -l | -s | -n) [options]
       wasmqtt pub -L mqtt://HOST/TOPIC (-m TEXT | ...) [options]

Publishes a message and ends. Options, output and exit codes are those of mosquitto_pub.

Examples:
  A first message, to the broker on this machine:
    wasmqtt pub -t hello -m world
  A reading that later subscribers get at once, acknowledged by the broker:
    wasmqtt pub -t room/1/temperature -m 21.5 -r -q 1
  Clear it again:
    wasmqtt pub -t room/1/temperature -n -r
  Each line a program prints is a message:
    vmstat 1 | wasmqtt pub -t host/load -l
  With TLS and a login:
    wasmqtt pub -h broker.example -p 8883 --cafile ca.pem -u me -P secret -t a -f photo.jpg
  Through WebSocket, all in one URL:
    wasmqtt pub -L ws://me:secret@broker.example:8083/room/1/light -m on
  MQTT 5: gone in a minute, with a header of its own:
    wasmqtt pub -t a -m b -D publish message-expiry-interval 60 -D publish user-property k v
`,
  sub: `Usage: wasmqtt sub -t FILTER [-t FILTER ...] [options]
       wasmqtt sub -L mqtt://HOST/FILTER [options]

Subscribes and prints what arrives. Options, output and exit codes are those of mosquitto_sub.

Examples:
  Everything on the broker of this machine, with topics:
    wasmqtt sub -t '#' -v
  One reading, then end; exit code 27 when none comes within 5 seconds:
    wasmqtt sub -t room/1/temperature -C 1 -W 5
  JSON lines for another program, payloads that are JSON themselves kept so:
    wasmqtt sub -t 'room/#' -F '%J' | jq .payload
  Time, topic and payload in hexadecimal:
    wasmqtt sub -t 'room/#' -F '@H:@M:@S %t %x'
  Miss nothing between two runs: a session that the broker keeps:
    wasmqtt sub -c -i my-logger -q 1 -t 'room/#'
  Remove all retained messages below a topic:
    wasmqtt sub -t 'old/#' --remove-retained --retained-only
  Payloads as they are, without line ends, into a file:
    wasmqtt sub -t camera -C 1 -N > photo.jpg
`,
}

const FORMAT_HELP = `
Formats (-F): text with
  %t topic     %p payload     %x %X payload in hexadecimal     %l its length
  %q QoS       %r retained    %m packet identifier             %% a percent sign
  %j JSON, payload as a string     %J JSON, payload as JSON
  %I time as ISO 8601     %U seconds.nanoseconds     @X strftime's %X     @N nanoseconds
  MQTT 5: %A topic alias, %C content type, %D correlation data, %E message expiry, %F payload
  format, %P user properties, %R response topic, %S subscription identifier
  \\n \\t \\r \\v \\0 \\a \\e \\\\ characters; %20t, %-20t, %020l, %.5t: width, left, zeros, cut
`

const EXIT_HELP: Record<ClientKind, string> = {
  pub: `
Exit code: 0; 1 = wrong options, or no connection; what the broker refused the connection with
(1 to 5, MQTT 5: 128 and more); 7 = connection lost; 8 = TLS.
`,
  sub: `
Exit code: 0; 1 = wrong options, or no connection; what the broker refused the connection with
(1 to 5, MQTT 5: 128 and more); 8 = TLS; 27 = the time of -W is over.
`,
}

const DEFAULTS_HELP = `
Options are also read from ~/.config/mosquitto_pub and mosquitto_sub, one a line.
`

const COLUMN = 30

export function clientHelp(kind: ClientKind): string {
  const groups = OPTION_GROUPS.map(({ title, rows }) => ({
    title,
    rows: rows.filter(({ only }) => (only ?? kind) === kind),
  }))
  const options = groups
    .filter(({ rows }) => rows.length > 0)
    .map(({ title, rows }) => `\n${title}:\n${rows.map(optionHelp).join('')}`)
  const format = kind === 'sub' ? FORMAT_HELP : ''
  return `${INTRODUCTIONS[kind]}${options.join('')}${format}${EXIT_HELP[kind]}${DEFAULTS_HELP}`
}

function optionHelp(row: OptionRow): string {
  const value = 'value' in row ? ` <${row.value}>` : ''
  const head = `  ${row.names.join(', ')}${value}`
  const gap = head.length < COLUMN ? head.padEnd(COLUMN) : `${head}\n${' '.repeat(COLUMN)}`
  return `${gap}${row.help}\n`
}
