// The options of the broker as keys of a file: their ranges, units and meanings. Defaults come from
// options.ts, the only place where they stand.

import type { FileOptions } from '../config.ts'
import { DEFAULTS } from '../options.ts'
import {
  type About,
  boolean,
  integer,
  number,
  oneOf,
  oneOfNumbers,
  type Shape,
  text,
  word,
} from './kinds.ts'

const COUNT_MAX = 0x7fffffff
const BYTES_MAX: number = Number.MAX_SAFE_INTEGER
const U16_MAX = 65_535
const U32_MAX = 0xffffffff

export const BROKER: Shape<Partial<FileOptions>> = {
  data: word(
    'a directory',
    about('data', 'Directory of the store. Not changed by a reload.', {
      unset: '`./wasmqtt-data`',
      example: '/var/lib/wasmqtt',
    }),
  ),
  durability: oneOf(
    ['disk', 'process', 'memory'],
    about(
      'durability',
      'What an acknowledgement promises: `disk` = written and synced, survives a power cut; `process` = given to the operating system, survives the end of the process; `memory` = nothing.',
    ),
  ),
  ...sizes(),
  ...sessions(),
  ...queues(),
  ...features(),
}

function about(key: keyof FileOptions, meaning: string, more: Partial<About> = {}): About {
  return { meaning, default: DEFAULTS[key], ...more }
}

function sizes(): Pick<
  Shape<Partial<FileOptions>>,
  'packetSizeMax' | 'payloadSizeMax' | 'connectionsMax' | 'connectTimeoutMs' | 'outboxBytesMax'
> {
  return {
    packetSizeMax: integer({
      from: 64,
      to: 268_435_460,
      ...about('packetSizeMax', 'Most bytes of one packet, both directions.', { unit: 'bytes' }),
    }),
    payloadSizeMax: integer({
      from: 0,
      to: 268_435_455,
      ...about(
        'payloadSizeMax',
        'Most bytes of a payload; larger publications are acknowledged and dropped. 0 = no limit.',
        { unit: 'bytes' },
      ),
    }),
    connectionsMax: integer({
      from: 0,
      to: COUNT_MAX,
      ...about('connectionsMax', 'Connections at once. 0 = no limit.'),
    }),
    connectTimeoutMs: integer({
      from: 1,
      to: COUNT_MAX,
      ...about('connectTimeoutMs', 'Time within which CONNECT must arrive.', {
        unit: 'milliseconds',
      }),
    }),
    outboxBytesMax: integer({
      from: 1,
      to: BYTES_MAX,
      ...about(
        'outboxBytesMax',
        'Bytes waiting to be written to one connection before QoS 0 is dropped and QoS 1 and 2 are queued.',
        { unit: 'bytes' },
      ),
    }),
  }
}

function sessions(): Pick<
  Shape<Partial<FileOptions>>,
  | 'keepAliveFactor'
  | 'keepAliveMax'
  | 'sessionExpiryMax'
  | 'emptyClientIds'
  | 'clientIdPrefix'
  | 'topicAliasMaxIn'
  | 'topicAliasMaxOut'
> {
  const aliases = { from: 0, to: U16_MAX }
  return {
    keepAliveFactor: number({
      from: 1,
      to: 100,
      ...about('keepAliveFactor', 'A client is gone after this multiple of its keep-alive.'),
    }),
    keepAliveMax: integer({
      from: 0,
      to: U16_MAX,
      ...about(
        'keepAliveMax',
        'Longest keep-alive granted; longer ones get Server Keep Alive (MQTT 5). 0 = no limit.',
        { unit: 'seconds' },
      ),
    }),
    sessionExpiryMax: integer({
      from: 0,
      to: U32_MAX,
      ...about(
        'sessionExpiryMax',
        'Longest a session outlives its connection, also for 3.x clients with clean_session 0. 4294967295 = it never expires.',
        { unit: 'seconds' },
      ),
    }),
    emptyClientIds: boolean(
      about('emptyClientIds', 'Whether a client may leave its identifier empty and be given one.'),
    ),
    clientIdPrefix: text(
      about('clientIdPrefix', 'What an identifier given by the broker begins with.'),
    ),
    topicAliasMaxIn: integer({
      ...aliases,
      ...about('topicAliasMaxIn', 'Topic aliases a client may use towards the broker.'),
    }),
    topicAliasMaxOut: integer({
      ...aliases,
      ...about('topicAliasMaxOut', 'Topic aliases used towards a client that allows them.'),
    }),
  }
}

function queues(): Pick<
  Shape<Partial<FileOptions>>,
  | 'inflightMax'
  | 'receiveMax'
  | 'queueMessagesMax'
  | 'queueBytesMax'
  | 'queueTotalBytesMax'
  | 'queueDrop'
  | 'queueQos0'
  | 'retainedWaitingMax'
> {
  const window = { from: 1, to: U16_MAX }
  return {
    inflightMax: integer({
      ...window,
      ...about('inflightMax', 'QoS 1 and 2 messages in flight to one session.'),
    }),
    receiveMax: integer({
      ...window,
      ...about('receiveMax', 'QoS 1 and 2 publications a client may have unacknowledged.'),
    }),
    queueMessagesMax: integer({
      from: 0,
      to: COUNT_MAX,
      ...about('queueMessagesMax', 'Messages waiting for one session, beyond those in flight.'),
    }),
    queueBytesMax: integer({
      from: 0,
      to: BYTES_MAX,
      ...about('queueBytesMax', 'Bytes waiting for one session.', { unit: 'bytes' }),
    }),
    queueTotalBytesMax: integer({
      from: 0,
      to: BYTES_MAX,
      ...about('queueTotalBytesMax', 'Bytes waiting for all sessions together.', { unit: 'bytes' }),
    }),
    queueDrop: oneOf(['oldest', 'newest'], about('queueDrop', 'What a full queue drops.')),
    queueQos0: boolean(
      about('queueQos0', 'Whether QoS 0 messages wait for a persistent session that is away, too.'),
    ),
    retainedWaitingMax: integer({
      from: 1,
      to: COUNT_MAX,
      ...about(
        'retainedWaitingMax',
        'Retained messages waiting for one session before it may not ask for more.',
      ),
    }),
  }
}

function features(): Pick<
  Shape<Partial<FileOptions>>,
  | 'qosMax'
  | 'retainAvailable'
  | 'retainSourceCheck'
  | 'retainExpiryMax'
  | 'upgradeOutgoingQos'
  | 'payloadFormatCheck'
  | 'responseInformation'
  | 'sysInterval'
  | 'wasm'
> {
  return {
    qosMax: oneOfNumbers([0, 1, 2], about('qosMax', 'Highest QoS accepted and granted.')),
    retainAvailable: boolean(about('retainAvailable', 'Whether retained messages are kept.')),
    retainSourceCheck: boolean(
      about(
        'retainSourceCheck',
        'Whether a retained message is sent only while its publisher may still publish there.',
      ),
    ),
    retainExpiryMax: integer({
      from: 0,
      to: U32_MAX,
      ...about(
        'retainExpiryMax',
        'How long a retained message is kept when its publisher sets no expiry. 0 = for ever.',
        { unit: 'seconds' },
      ),
    }),
    upgradeOutgoingQos: boolean(
      about(
        'upgradeOutgoingQos',
        "Whether a message goes out at the subscription's QoS even when it was published with less.",
      ),
    ),
    payloadFormatCheck: boolean(
      about(
        'payloadFormatCheck',
        'Checks that a payload whose indicator says UTF-8 is UTF-8 (MQTT 5).',
      ),
    ),
    responseInformation: text(
      about(
        'responseInformation',
        'Answer to Request Response Information (MQTT 5). Empty = none.',
      ),
    ),
    sysInterval: integer({
      from: 0,
      to: COUNT_MAX,
      ...about('sysInterval', 'Time between updates of the `$SYS` topics. 0 = no `$SYS`.', {
        unit: 'seconds',
      }),
    }),
    wasm: oneOf(
      ['release', 'debug'],
      about('wasm', 'The module to run: as released, or with its assertions, slower.'),
    ),
  }
}
