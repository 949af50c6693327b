// Each shape of shapes.ts given to Debian's mosquitto and to the built binary: whether they start,
// and what mosquitto_pub gets from them.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Authority } from '../net/certificates.ts'
import {
  freePort,
  isMissing,
  type Program,
  run,
  runMain,
  runMosquitto,
  stopAll,
  temporaryDirectory,
} from '../process.ts'
import { type Ask, SHAPES, type Shape } from './shapes.ts'

const tests = suite('mosquitto.conf: shapes')
tests.after.each(stopAll)

/** Keeps Mosquitto's log where the harness reads it, and its rights to read the test's files. */
const TAIL = process.getuid?.() === 0 ? '\nuser root' : ''
const LOG = '\nlog_dest stderr\nlog_type information\n'

/** What the words in capitals stand for. */
type Names = Record<string, string>

function makeNames(): Names {
  const authority = new Authority()
  const server = authority.issue('server')
  const client = authority.issue('client')
  return {
    CA: authority.file,
    CERT: server.certificate,
    KEY: server.key,
    CLIENT_CERT: client.certificate,
    CLIENT_KEY: client.key,
  }
}

async function place(shape: Shape, common: Names): Promise<{ file: string; names: Names }> {
  const DIR = join(temporaryDirectory(), 'conf.d')
  mkdirSync(DIR)
  const names = { ...common, DIR, PORT: `${await freePort()}`, OTHER: `${await freePort()}` }
  for (const [name, text] of Object.entries(shape.files ?? {})) {
    writeFileSync(join(DIR, name), fill(text, names))
  }
  const file = join(DIR, '..', 'mosquitto.conf')
  const user = /^user /m.test(shape.conf) ? '' : TAIL
  writeFileSync(file, fill(shape.conf, names) + user + LOG, 'latin1')
  return { file, names }
}

function fill(text: string, names: Names): string {
  return text.replace(/\b(CA|CERT|KEY|CLIENT_CERT|CLIENT_KEY|DIR|PORT|OTHER)\b/g, (word) =>
    String(names[word]),
  )
}

/** Resolves when it listens or has ended. */
async function outcome(program: Program, line: RegExp): Promise<'starts' | 'refuses'> {
  return program.untilLine(line).then(
    () => 'starts',
    () => 'refuses',
  )
}

async function ask(asks: readonly Ask[], names: Names): Promise<Ask[]> {
  const answers: Ask[] = []
  for (const [args] of asks) {
    const [, other, rest = ''] = /^(OTHER: ?)?(.*)$/.exec(args) ?? []
    const port = String(other === undefined ? names.PORT : names.OTHER)
    const words = fill(rest, names)
      .split(' ')
      .filter((word) => word !== '')
    const host = words.includes('-h') ? [] : ['-h', '127.0.0.1']
    const client = run('mosquitto_pub', [...host, '-p', port, '-t', 'a', '-m', 'b', ...words])
    answers.push([args, (await client.untilExit()) as number])
  }
  return answers
}

const isReady = !isMissing('mosquitto', 'mosquitto_pub', 'openssl')
const common = isReady ? makeNames() : {}

for (const shape of isReady ? SHAPES : []) {
  tests(shape.title, async () => {
    const { file, names } = await place(shape, common)
    const args = [
      '-c',
      file,
      ...fill(shape.args ?? '', names)
        .split(' ')
        .filter(Boolean),
    ]
    const theirs = runMosquitto(args)
    assert.is(await outcome(theirs, /mosquitto version .* running$/), shape.mosquitto)
    if (shape.mosquitto === 'starts') {
      assert.equal(await ask(shape.asks ?? [], names), shape.asks ?? [])
      await theirs.stop()
    }
    const ours = runMain(args)
    const [expected] = shape.here ?? [shape.mosquitto]
    const got = await outcome(ours, /^ready$/)
    assert.is(got, expected, ours.stderr)
    if (got === 'refuses') {
      assert.is(await ours.untilExit(), 1)
      assert.match(ours.stderr, /^wasmqtt: [^\n]+\n/)
      return
    }
    const asks = shape.asksHere ?? shape.asks ?? []
    assert.equal(await ask(asks, names), asks)
    assert.is(await ours.stop(), 0)
  })
}

tests.run()
