// The options that say what to publish, what to subscribe to and how to print it, as mosquitto_pub
// and mosquitto_sub have them. Read by options.ts.

import { checkFormat } from './format.ts'
import { addTopic, decimal, fail, integer, type OptionRow, qos, wrongFilter } from './row.ts'
import type { ClientSettings, Source } from './settings.ts'
import { isTopicFilter } from './topics.ts'

export const PUBLISHING: readonly OptionRow[] = [
  {
    names: ['-t', '--topic'],
    only: 'pub',
    value: 'topic',
    help: 'topic to publish to',
    take: addTopic,
  },
  {
    names: ['-m', '--message'],
    only: 'pub',
    value: 'message',
    help: 'the payload',
    take: (s, text) => setSource(s, { from: 'text', text }),
  },
  {
    names: ['-f', '--file'],
    only: 'pub',
    value: 'file',
    help: 'the payload is the whole of a file',
    take: (s, path) => setSource(s, { from: 'file', path }),
  },
  {
    names: ['-l', '--stdin-line'],
    only: 'pub',
    help: 'each line of standard input is a message',
    set: (s) => setSource(s, { from: 'lines' }),
  },
  {
    names: ['-s', '--stdin-file'],
    only: 'pub',
    help: 'the payload is the whole of standard input',
    set: (s) => setSource(s, { from: 'stdin' }),
  },
  {
    names: ['-n', '--null-message'],
    only: 'pub',
    help: 'no payload; with -r it clears the retained message',
    set: (s) => setSource(s, { from: 'nothing' }),
  },
  {
    names: ['-r', '--retain'],
    only: 'pub',
    help: 'the broker keeps the message for later subscribers',
    set: (s) => {
      s.retain = true
    },
  },
  {
    names: ['--repeat'],
    only: 'pub',
    value: 'count',
    help: 'publish so many times (not with -l)',
    take: (s, text) => {
      s.repeat = integer(text, 1, 2 ** 31 - 1, '--repeat argument must be >0.')
    },
  },
  {
    names: ['--repeat-delay'],
    only: 'pub',
    value: 'time',
    help: 'seconds between repeats, with a fraction (0)',
    take: (s, text) => {
      s.repeatDelayMs = decimal(text, '--repeat-delay argument must be >=0.0.') * 1000
    },
  },
  {
    names: ['-M'],
    value: 'max_inflight',
    help: 'messages of QoS 1 and 2 under way at once (20)',
    take: (s, text) => {
      s.inflightMax = integer(text, 1, 65_535, 'Maximum inflight messages must be greater than 0.')
    },
  },
]

export const SUBSCRIBING: readonly OptionRow[] = [
  {
    names: ['-t', '--topic'],
    only: 'sub',
    value: 'topic',
    help: 'topic or filter to subscribe to; may be repeated',
    take: addTopic,
  },
  {
    names: ['-U', '--unsubscribe'],
    only: 'sub',
    value: 'unsubscribe topic',
    help: 'then unsubscribe from this one; may be repeated',
    take: (s, text) => {
      if (!isTopicFilter(text)) wrongFilter('unsubscribe', text)
      s.unsubscribe.push(text)
    },
  },
  {
    names: ['-T', '--filter-out'],
    only: 'sub',
    value: 'topic filter',
    help: 'do not print what this matches; may be repeated',
    take: (s, text) => {
      if (!isTopicFilter(text)) wrongFilter('filter', text)
      s.filterOut.push(text)
    },
  },
  {
    names: ['-C'],
    only: 'sub',
    value: 'count',
    help: 'end after so many messages',
    take: (s, text) => {
      s.countMax = integer(text, 1, 2 ** 31 - 1, `Invalid message count "${text}".`)
    },
  },
  {
    names: ['-W'],
    only: 'sub',
    value: 'timeout',
    help: 'end after so many seconds, with exit code 27',
    take: (s, text) => {
      s.timeoutSeconds = integer(text, 1, 2_000_000, `Invalid timeout "${text}".`)
    },
  },
  {
    names: ['-E'],
    only: 'sub',
    help: 'end once the subscriptions are confirmed',
    set: (s) => {
      s.endOnceSubscribed = true
    },
  },
  {
    names: ['-R'],
    only: 'sub',
    help: 'no retained messages',
    set: (s) => {
      s.freshOnly = true
      s.retainHandling = 2
    },
  },
  {
    names: ['--retained-only'],
    only: 'sub',
    help: 'only retained messages; the first other one ends it',
    set: (s) => {
      s.retainedOnly = true
    },
  },
  {
    names: ['--remove-retained'],
    only: 'sub',
    help: 'clear each retained message that arrives',
    set: (s) => {
      s.removeRetained = true
    },
  },
  {
    names: ['--retain-as-published'],
    only: 'sub',
    help: 'show the retain flag the publisher set (MQTT 5)',
    set: (s) => {
      s.retainAsPublished = true
    },
  },
  {
    names: ['--retain-handling'],
    only: 'sub',
    value: 'when',
    help: 'retained messages: always, new (subscriptions only) or never (MQTT 5)',
    take: (s, text) => {
      const handling = { always: 0, new: 1, never: 2 } as const
      if (!Object.hasOwn(handling, text)) fail(`Unknown value '${text}' for --retain-handling.`)
      s.retainHandling = handling[text as keyof typeof handling]
    },
  },
  {
    names: ['--random-filter'],
    only: 'sub',
    value: 'chance',
    help: 'print this percentage of the messages, 0.1 to 100',
    take: (s, text) => {
      const error = '--random-filter chance must be between 0.1-100.0'
      const share = decimal(text, error) / 100
      if (share < 0.001 || share > 1) fail(error)
      s.randomShare = share
    },
  },
]

export const OUTPUT: readonly OptionRow[] = [
  {
    names: ['-v', '--verbose'],
    only: 'sub',
    help: 'print the topic before the payload',
    set: (s) => {
      s.verbose = true
    },
  },
  {
    names: ['-N'],
    only: 'sub',
    help: 'no end of line behind each message',
    set: (s) => {
      s.endOfLine = false
    },
  },
  {
    names: ['-F'],
    only: 'sub',
    value: 'format',
    help: 'print each message like this; see below',
    take: (s, text) => {
      checkFormat(text)
      s.format = text
    },
  },
  {
    names: ['--output'],
    only: 'sub',
    value: 'format',
    help: "plain, json (-F '%j'), hex (-F '%t %x')",
    take: (s, text) => {
      if (!['plain', 'json', 'hex'].includes(text)) fail(`Unknown value '${text}' for --output.`)
      delete s.format
      if (text !== 'plain') s.format = text === 'json' ? '%j' : '%t %x'
    },
  },
  {
    names: ['--pretty'],
    only: 'sub',
    help: 'with %j and %J: JSON over several lines',
    set: (s) => {
      s.pretty = true
    },
  },
]

export const QOS: OptionRow = {
  names: ['-q', '--qos'],
  value: 'QoS',
  help: 'quality of service: 0, 1 or 2 (0)',
  take: (s, text) => {
    s.qos = qos(text, `Invalid QoS given: ${text}`)
  },
}

function setSource(settings: ClientSettings, source: Source): void {
  if (settings.source !== undefined) fail('Only one type of message can be sent at once.')
  settings.source = source
}
