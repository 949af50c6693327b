// Log lines: their form as text and as JSON, what must not get through in a fact that a client
// chose, where they go, and what becomes of them when a log file is moved away or cannot be opened.

import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createFilter, createStamp, formatLine, typeOf } from '../../host/cli/log.ts'
import { Logger } from '../../host/cli/logger.ts'
import { formatTime } from '../../host/cli/time.ts'
import type { LogConfig } from '../../host/config/config.ts'
import type { LogLevel } from '../../host/config/options.ts'
import { RawClient } from '../client.ts'
import { startBroker, stopAll, temporaryDirectory } from '../process.ts'
import { configured, refusal, reload, writeConfig } from './running.ts'

const tests = suite('log')
tests.after.each(stopAll)
const TIME = new Date(2026, 0, 2, 3, 4, 5, 6)
const LEVELS: LogLevel[] = ['error', 'warn', 'notice', 'info', 'debug']
const EVIL = 'a\nb\u001b[2J\u009b\u2028"=\u202e'

function line(facts: Record<string, unknown>): string {
  return formatLine('info', 'connected', facts)
}

/** What a file ends up with after each level has been logged once as `x`, with facts. */
async function written(config: LogConfig, facts: object = {}, message = 'x'): Promise<string[]> {
  const file = join(temporaryDirectory(), 'log')
  const logger = await Logger.open({ ...config, destinations: [{ file }] })
  for (const level of LEVELS) logger.log(level, message, facts as Record<string, unknown>)
  return readFileSync(file, 'utf8').split('\n').slice(0, -1)
}

tests('a line is level, message, facts', () => {
  const facts = { client: 'ab-1', address: '[::1]:5', version: 5, clean: true }
  assert.is(line(facts), 'info connected client=ab-1 address=[::1]:5 version=5 clean=true')
  assert.is(line({}), 'info connected')
})

tests('facts that are undefined are left out, errors are their message', () => {
  const facts = { a: undefined, error: new Error('no luck'), b: null, list: [1, 'x'] }
  assert.is(line(facts), 'info connected error="no luck" b=null list="[1,\\"x\\"]"')
})

tests('facts from the network cannot begin a line, forge a fact or steer a terminal', () => {
  for (const [value, wanted] of [
    ['', '""'],
    ['a b', '"a b"'],
    ['a=b', '"a=b"'],
    ['a"b', '"a\\"b"'],
    ['a\nb', '"a\\nb"'],
    ['\u001b[2J', '"\\u001b[2J"'],
    ['\u009b2J', '"\\u009b2J"'],
    ['\u202etxt', '"\\u202etxt"'],
    ['\u2028', '"\\u2028"'],
    ['Grüße/東京/+', 'Grüße/東京/+'],
  ]) {
    assert.is(line({ client: value }), `info connected client=${wanted}`)
  }
})

tests('the stamp is ISO 8601, or strftime in local time, or nothing', () => {
  assert.is(createStamp({})(TIME), `${TIME.toISOString()} `)
  assert.is(createStamp({ timestampFormat: '%d.%m.%Y %T' })(TIME), '02.01.2026 03:04:05 ')
  assert.is(createStamp({ timestamp: false, timestampFormat: '%Y' })(TIME), '')
})

tests('strftime: every word, and unknown ones as they stand', () => {
  for (const [format, wanted] of [
    ['%Y-%m-%dT%H:%M:%S', '2026-01-02T03:04:05'],
    ['%F %R %D', '2026-01-02 03:04 01/02/26'],
    ['%y %C %j %e %u %w', '26 20 002  2 5 5'],
    ['%I %p %r', '03 AM 03:04:05 AM'],
    ['%a %A %b %B %h', 'Fri Friday Jan January Jan'],
    ['%c', 'Fri Jan  2 03:04:05 2026'],
    ['%s', `${Math.floor(TIME.getTime() / 1000)}`],
    ['100%% %Q %', '100% %Q %'],
  ] as const) {
    assert.is(formatTime(TIME, format), wanted)
  }
  assert.match(formatTime(TIME, '%z'), /^[+-]\d{4}$/)
  assert.is(formatTime(new Date(2026, 5, 7, 0), '%I %p'), '12 AM')
  assert.is(formatTime(new Date(2026, 5, 7, 12), '%I %p'), '12 PM')
})

tests('a level lets through itself and what is more severe', async () => {
  for (const [i, level] of LEVELS.entries()) {
    const lines = await written({ level, timestamp: false })
    assert.equal(
      lines,
      LEVELS.slice(0, i + 1).map((each) => `${each} x`),
    )
  }
  assert.equal(await written({ timestamp: false }), ['error x', 'warn x'])
})

tests('types let through exactly these kinds, whatever the level', async () => {
  const types = ['debug', 'warning', 'subscribe'] as const
  assert.equal(await written({ types: [...types], level: 'error', timestamp: false }), [
    'warn x',
    'debug x',
  ])
  assert.is(typeOf('debug', 'subscribed'), 'subscribe')
  assert.is(typeOf('info', 'x'), 'information')
})

tests('connections: false hides connects and disconnects, and nothing else', () => {
  const wants = createFilter({ level: 'debug', connections: false })
  const isShown = (message: string): boolean => wants('info', message, 'information')
  assert.equal(['client connected', 'connection closed', 'x'].map(isShown), [false, false, true])
})

tests('JSON lines parse, with level, ISO time, message and facts', async () => {
  const facts = { client: EVIL, error: new Error('no luck'), count: 1, none: undefined }
  const lines = await written({ format: 'json', level: 'debug' }, facts)
  assert.is(lines.length, LEVELS.length)
  lines.forEach((text, i) => {
    assert.match(text, /^[\x20-\x7e]*$/)
    const { time, ...rest } = JSON.parse(text)
    assert.equal(rest, {
      ...{ level: LEVELS[i], msg: 'x' },
      ...{ client: EVIL, error: 'no luck', count: 1 },
    })
    assert.is(new Date(time).toISOString(), time)
  })
  const [bare] = await written({ format: 'json', timestamp: false })
  assert.equal(JSON.parse(bare as string), { level: 'error', msg: 'x' })
})

tests('the destination topic is given kind and text, and not what it causes itself', async () => {
  const logger = await Logger.open({ level: 'debug', destinations: ['topic'] })
  const published: string[][] = []
  logger.publish = (type, text) => {
    published.push([type, text])
    logger.log('debug', 'published', {})
  }
  logger.log('warn', 'x', { a: 1 })
  assert.equal(published, [['warning', 'warn x a=1']])
})

tests('a client identifier of the binary cannot begin a line in its log', async () => {
  const broker = await startBroker({ args: ['-v'] })
  const client = await RawClient.connect({ port: broker.port, clientId: 'x\u001b[2J y=z' })
  await client.disconnect()
  await broker.stop()
  const lines = broker.program.stderr.split('\n').slice(0, -1)
  assert.ok(lines.length >= 2, broker.program.stderr)
  assert.equal(
    lines.filter((text) => !/^\d{4}-[\x20-\x7e]*$/.test(text)),
    [],
  )
  assert.match(broker.program.stderr, 'client="x\\u001b[2J y=z"')
})

tests('subscriptions are kinds of their own', async () => {
  const types = ['subscribe' as const, 'unsubscribe' as const]
  const config = writeConfig({ log: { types, timestamp: false, destinations: ['stdout'] } })
  const broker = await startBroker(configured(config))
  const client = await RawClient.connect({ port: broker.port, clientId: 'a' })
  await client.subscribe('t/#', { qos: 1 })
  await client.unsubscribe('t/#')
  await broker.program.untilLine(/^debug unsubscribed/)
  assert.equal(broker.lines.slice(broker.lines.indexOf('ready') + 1), [
    'debug subscribed client=a filter=t/# qos=1',
    'debug unsubscribed client=a filter=t/#',
  ])
})

tests('log lines are published under $SYS where the destination is topic', async () => {
  const log = { level: 'info' as const, timestamp: false, destinations: ['topic' as const] }
  const broker = await startBroker(configured(writeConfig({ log })))
  const client = await RawClient.connect({ port: broker.port, clientId: 'a' })
  await client.subscribe('$SYS/broker/log/#')
  const other = await RawClient.connect({ port: broker.port, clientId: 'b' })
  const { topic, payload } = await client.take('publish')
  assert.is(topic, '$SYS/broker/log/I')
  assert.match(payload.toString(), /^info client connected client=b /)
  await other.disconnect()
})

tests('a log file goes on in a new one after it was moved away and SIGHUP came', async () => {
  const directory = temporaryDirectory()
  const [file, old] = [join(directory, 'log'), join(directory, 'log.1')]
  const config = writeConfig({ log: { level: 'info', format: 'json', destinations: [{ file }] } })
  const broker = await startBroker(configured(config))
  const first = await RawClient.connect({ port: broker.port, clientId: 'first' })
  renameSync(file, old)
  assert.is((await reload(broker)).code, 0)
  const second = await RawClient.connect({ port: broker.port, clientId: 'second' })
  await Promise.all([first.disconnect(), second.disconnect()])
  await broker.stop()
  const clients = (path: string): string[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((text) => JSON.parse(text))
      .filter(({ msg }) => msg === 'client connected')
      .map(({ client }) => client)
  assert.equal([clients(old), clients(file)], [['first'], ['second']])
})

tests('a reload changes level and format of the log', async () => {
  const config = writeConfig({ log: { level: 'warn', destinations: ['stdout'] } })
  const broker = await startBroker(configured(config))
  writeConfig({ log: { level: 'info', format: 'json', destinations: ['stdout'] } }, config)
  const { lines } = await reload(broker)
  assert.equal(lines, ['changed log.level: warn -> info', 'changed log.format: unset -> json'])
  await RawClient.connect({ port: broker.port, clientId: 'a' })
  const [text] = await broker.program.untilLine(/^\{.*client connected.*\}$/)
  assert.is(JSON.parse(text).client, 'a')
})

tests('a log file that cannot be opened is one line, and exit 1', async () => {
  const directory = join(temporaryDirectory(), 'log')
  mkdirSync(directory)
  const config = writeConfig({ log: { destinations: [{ file: directory }] } })
  const text = await refusal('-c', config)
  assert.match(text, `wasmqtt: log file ${directory}: `)
})

tests('on reload it changes nothing', async () => {
  const config = writeConfig({ inflightMax: 7 })
  const broker = await startBroker(configured(config))
  const file = join(temporaryDirectory(), 'none', 'log')
  writeConfig({ inflightMax: 8, log: { destinations: [{ file }] } }, config)
  const { code, stderr } = await reload(broker)
  assert.is(code, 1)
  assert.match(stderr, `log file ${file}: ENOENT`)
  writeConfig({ inflightMax: 8 }, config)
  assert.equal((await reload(broker)).lines, ['changed inflightMax: 7 -> 8'])
})

tests('syslog without systemd is one line, and exit 1', async () => {
  const config = writeConfig({ log: { destinations: ['syslog'] } })
  assert.match(await refusal('-c', config), 'log destination syslog')
})

tests.run()
