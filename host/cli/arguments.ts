// The command line's words: options, their help, and their checks. A mistake is one line on
// standard error and exit code 1. Called by main.ts; knows nothing of what the options lead to.

import { Command, InvalidArgumentError, Option } from 'commander'

/** What was said on the command line; undefined = not said. */
export interface Arguments {
  port?: number
  host?: string
  config?: string
  verbose?: boolean
  quiet?: boolean
  daemon?: boolean
  testConfig?: boolean
  wsPort?: number | 'off'
  adminPort?: number | 'off'
  data?: string
  durability?: 'disk' | 'process' | 'memory'
  control?: string
}

const COMMANDS = `
Commands, each with a --help of its own:
  pub, sub                   publish and subscribe, as mosquitto_pub and mosquitto_sub do
  passwd                     password files
  check, config              look at configuration files; schema, example, convert
  status, reload, trace      ask a running broker
  store                      look into the data of a stopped one

Signals: SIGHUP reloads, SIGUSR1 saves, SIGUSR2 prints the subscriptions, SIGTERM closes.`

/** Ends the process by itself after `--help`, `--version` and mistakes. */
export function parseArguments(words: readonly string[], version: string): Arguments {
  const command = new Command('wasmqtt')
    .description('An MQTT 3.1, 3.1.1 and 5.0 broker.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .option('-p, --port <number>', 'port for MQTT, 0 = any free one (default: 1883)', parsePort)
    .option('--host <address>', 'address to listen on (default: 127.0.0.1 and ::1)')
    .option('-c, --config <file>', 'YAML or JSON (`wasmqtt config schema`), or a mosquitto.conf')
    .option('-v, --verbose', 'log every connection, subscription and refusal')
    .option('-q, --quiet', 'print and log nothing; wins over -v and the file')
    .option('-d, --daemon', 'go on in the background once it listens')
    .option('--test-config', 'only look whether the file of -c can be used')
    .option(
      '--ws-port <number|off>',
      'port for MQTT over WebSocket at /mqtt (default: 8083)',
      parsePortOrOff,
    )
    .option('--admin-port <number|off>', 'port for GET /healthz (default: 18083)', parsePortOrOff)
    .option('--data <directory>', 'where data is kept (default: ./wasmqtt-data)')
    .option('--control <path|off>', 'control socket (default: control.sock in the data directory)')
    .addOption(
      new Option(
        '--durability <level>',
        'what an acknowledgement promises (default: disk)',
      ).choices(['disk', 'process', 'memory']),
    )
    .addHelpText('after', COMMANDS)
    .showSuggestionAfterError(false)
    .allowExcessArguments(true)
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'wasmqtt: ')),
    })
    .parse(words, { from: 'user' })
  const stray = command.args[0]
  if (stray !== undefined) command.error(`error: unexpected argument '${stray}'`)
  return command.opts<Arguments>()
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65535) {
    throw new InvalidArgumentError('Expected a number from 0 to 65535.')
  }
  return port
}

function parsePortOrOff(text: string): number | 'off' {
  if (text === 'off') return 'off'
  if (!/^\d+$/.test(text)) {
    throw new InvalidArgumentError("Expected a number from 0 to 65535, or 'off'.")
  }
  return parsePort(text)
}
