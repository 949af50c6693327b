// The schema of a whole configuration file: what stands in it, in what ranges, and what each key
// means. read.ts checks files with it; the JSON Schema and the README's table are made of it.
// It imports zod, which takes 70 ms: only what reads a file may import it.

import type * as z from 'zod'
import type { AdminConfig, Config, LogConfig, LogDestination } from './config.ts'
import { AUTHENTICATION, AUTHORIZATION, LIMITS } from './schema/access.ts'
import { BROKER } from './schema/broker.ts'
import {
  boolean,
  constant,
  either,
  file,
  list,
  needed,
  object,
  oneOf,
  port,
  text,
  word,
} from './schema/kinds.ts'
import { LISTENER } from './schema/listener.ts'

const DESTINATION: z.ZodType<LogDestination> = either(
  [
    oneOf(['stdout', 'stderr', 'topic', 'syslog'], {
      meaning: '`topic` = published under `$SYS/broker/log/`.',
    }),
    object<{ file: string }>(
      { meaning: 'A file, opened again on a reload.' },
      { file: needed(file({ meaning: 'Name of the file.' })) },
    ),
  ],
  '"stdout" or "stderr" or "topic" or "syslog" or file: NAME',
  { meaning: 'Where lines go.' },
)

const LOG: z.ZodType<LogConfig> = object<LogConfig>(
  { meaning: 'What is logged, how and where.' },
  {
    level: oneOf(['error', 'warn', 'notice', 'info', 'debug'], {
      meaning: 'Least severe level written.',
      unset: '`notice`; without a file `warn`',
    }),
    types: list(
      oneOf(
        [
          ...(['error', 'warning', 'notice', 'information', 'debug'] as const),
          ...(['subscribe', 'unsubscribe', 'websockets'] as const),
        ],
        { meaning: 'A kind.' },
      ),
      { meaning: "Exactly these kinds instead of a level, as Mosquitto's `log_type` says them." },
    ),
    format: oneOf(['pretty', 'json'], { meaning: 'Lines to read, or JSON.', default: 'pretty' }),
    destinations: list(DESTINATION, { meaning: 'Where lines go.', default: ['stderr'] }),
    timestamp: boolean({ meaning: 'Whether lines begin with the time.', default: true }),
    timestampFormat: word('a format in the words of strftime', {
      meaning: "The time in strftime's words, for `pretty`.",
      unset: 'ISO 8601',
      example: '%Y-%m-%dT%H:%M:%S',
    }),
    connections: boolean({
      meaning: 'Whether connects and disconnects are logged.',
      default: true,
    }),
  },
)

const ADMIN: z.ZodType<AdminConfig | false> = either(
  [
    constant(false, { meaning: 'No such listener.' }),
    object<AdminConfig>(
      { meaning: 'Where it listens.' },
      {
        host: word('an address or host name', {
          meaning: 'Address to bind.',
          unset: '127.0.0.1 and ::1',
        }),
        port: port({ meaning: 'Port to bind; 0 = any free one.', default: 18083 }),
      },
    ),
  ],
  'false, or keys and values',
  { meaning: 'HTTP listener of health, metrics and the console; `false` = none.' },
)

/** The output is a Config; `object` holds its keys to be exactly those of the type. */
export const SCHEMA: z.ZodType<Config> = object<Config>(
  { meaning: 'Configuration of wasmqtt. Every key may be left out.' },
  {
    listeners: list(
      LISTENER,
      { meaning: 'Where clients connect.', unset: 'loopback: MQTT 1883, WebSocket 8083' },
      1,
    ),
    admin: ADMIN,
    anonymous: boolean({
      meaning: 'Whether clients without user name are let in, where the listener does not say it.',
      unset: '`false`; `true` without `listeners`',
    }),
    authentication: AUTHENTICATION,
    authorization: AUTHORIZATION,
    limits: LIMITS,
    log: LOG,
    pidFile: file({ meaning: 'File that holds the process id while the broker runs.' }),
    user: text({
      meaning: 'System user the process becomes after it has bound its ports, when run by root.',
      example: 'wasmqtt',
    }),
    ...BROKER,
  },
)
