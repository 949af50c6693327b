// The configuration file: what it may say, and how each mistake in it is reported. What the options
// do is the business of other tests.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../host/cli/failure.ts'
import { readSettings } from '../host/cli/settings.ts'
import { DEFAULTS } from '../host/config/options.ts'
import { temporaryDirectory } from './process.ts'

const tests = suite('configuration file')
const file = join(temporaryDirectory(), 'wasmqtt.json')

function write(text: string): string {
  writeFileSync(file, text)
  return file
}

/** What is said about the file, without its name. */
function mistakesIn(text: string): string[] {
  try {
    readSettings(write(text))
  } catch (error) {
    assert.instance(error, Failure)
    assert.is((error as Failure).code, 'WASMQTT_CONFIG')
    return (error as Failure).lines.map((line) => {
      assert.is(line.slice(0, file.length + 1), `${file}:`)
      return line.slice(file.length)
    })
  }
  return []
}

tests('an empty object says nothing', () => {
  assert.equal(readSettings(write('{}')), { options: {}, listeners: undefined })
})

tests('every option is accepted with its default', () => {
  const { clock: _clock, data: _data, log: _log, ...options } = DEFAULTS
  const settings = readSettings(write(JSON.stringify(options)))
  assert.equal(settings, { options, listeners: undefined })
})

tests('listeners are read, the WebSocket path is /mqtt unless given', () => {
  const listeners = [
    { type: 'mqtt', host: '::', port: 1883 },
    { type: 'ws', host: '127.0.0.1', port: 0 },
    { type: 'ws', host: '127.0.0.1', port: 8083, path: '/other' },
  ]
  assert.equal(readSettings(write(JSON.stringify({ listeners }))).listeners, [
    listeners[0],
    { path: '/mqtt', ...listeners[1] },
    listeners[2],
  ])
})

tests('every mistake is named with its key, what was expected and what was got', () => {
  const text = JSON.stringify({
    inflightMax: 0,
    keepAliveFactor: '1.5',
    wasm: 'fast',
    qosMax: 3,
    retainAvailable: 1,
    responseInformation: null,
    inFlightMax: 1,
    toString: 1,
    log: {},
    queueBytesMax: 1.5,
  })
  assert.equal(mistakesIn(text), [
    ': inflightMax: expected an integer from 1 to 65535, got 0',
    ': keepAliveFactor: expected a number from 1 to 100, got "1.5"',
    ': wasm: expected "release" or "debug", got "fast"',
    ': qosMax: expected 0 or 1 or 2, got 3',
    ': retainAvailable: expected true or false, got 1',
    ': responseInformation: expected a string, got null',
    ': inFlightMax: is not an option',
    ': toString: is not an option',
    ': log: is not an option',
    ': queueBytesMax: expected an integer from 0 to 9007199254740991, got 1.5',
  ])
})

tests('mistakes in listeners are named with their index', () => {
  const listeners = [
    { type: 'mqtt', host: '', port: 65536 },
    { type: 'ws', port: '1', path: 'mqtt', tls: true },
    { type: 'mqtts', host: 'a', port: 1, path: '/x' },
    7,
  ]
  assert.equal(mistakesIn(JSON.stringify({ listeners })), [
    ': listeners[0].host: expected an address or host name, got ""',
    ': listeners[0].port: expected an integer from 0 to 65535, got 65536',
    ': listeners[1].host: expected an address or host name, got nothing',
    ': listeners[1].port: expected an integer from 0 to 65535, got "1"',
    ': listeners[1].path: expected a path that begins with /, got "mqtt"',
    ': listeners[1].tls: is not a key of such a listener',
    ': listeners[2].type: expected "mqtt" or "ws", got "mqtts"',
    ': listeners[2].path: is not a key of such a listener',
    ': listeners[3]: expected an object, got 7',
  ])
  for (const none of ['[]', '{}', '"x"']) {
    assert.equal(mistakesIn(`{"listeners": ${none}}`), [
      `: listeners: expected a list of at least one, got ${none}`,
    ])
  }
})

tests('what is not a JSON object is one line, with the place where V8 tells it', () => {
  assert.equal(mistakesIn('[1]'), [': expected a JSON object, got [1]'])
  for (const text of ['', '{\n  "qosMax": 1,\n}', '{\n  "qosMax": x\n}', 'listener 1883']) {
    const [line, ...more] = mistakesIn(text)
    assert.equal(more, [])
    assert.match(line as string, /^(:\d+:\d+)?: is not JSON: [^\n]+$/)
  }
  assert.match(mistakesIn('{\n  "qosMax": 1,\n}')[0] as string, /^:3:1: is not JSON/)
})

tests('a file that is missing is one line', () => {
  assert.throws(
    () => readSettings('/nowhere/wasmqtt.json'),
    (error: Failure) =>
      error.lines.length === 1 &&
      error.lines[0] === '/nowhere/wasmqtt.json: cannot be read: there is no such file',
  )
})

tests.run()
