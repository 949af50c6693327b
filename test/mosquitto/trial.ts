// Each shape of shapes.ts given to Debian's mosquitto and to the built binary: whether they start,
// and what mosquitto_pub gets from them.

import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RawClient } from '../client.ts'
import { Authority } from '../net/certificates.ts'
import {
  isMissing,
  type Program,
  run,
  runMain,
  runMosquitto,
  stopAll,
  temporaryDirectory,
} from '../process.ts'
import type { Ask, Shape } from './shapes.ts'

/** Keeps Mosquitto's log where the harness reads it, and its rights to read the test's files. */
const TAIL = process.getuid?.() === 0 ? '\nuser root' : ''
const LOG = '\nlog_dest stderr\nlog_type information\n'

/** What the words in capitals stand for. */
type Names = Record<string, string>

const isReady = !isMissing('mosquitto', 'mosquitto_pub', 'openssl')
const certificates = isReady ? makeCertificates() : {}

function makeCertificates(): Names {
  const authority = new Authority()
  const server = authority.issue('server')
  const client = authority.issue('client')
  const stranger = new Authority('Another authority').issue('stranger')
  return {
    CA: authority.file,
    CERT: server.certificate,
    KEY: server.key,
    CLIENT_CERT: client.certificate,
    CLIENT_KEY: client.key,
    STRANGER_CERT: stranger.certificate,
    STRANGER_KEY: stranger.key,
  }
}

function makeNames(PORT: string, OTHER: string): Names {
  const DIR = join(temporaryDirectory(), 'conf.d')
  mkdirSync(DIR)
  return { ...certificates, DIR, PORT, OTHER }
}

/** Different ones: all are held until the last is found. */
async function freePorts(): Promise<[string, string, string, string]> {
  const find = async (): Promise<net.Server> => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  const servers = [await find(), await find(), await find(), await find()]
  const ports = servers.map((server) => `${(server.address() as net.AddressInfo).port}`)
  for (const server of servers) await new Promise((resolve) => server.close(resolve))
  return ports as [string, string, string, string]
}

/** Writes the files of a shape. @returns the command line that starts a broker with them */
function place(shape: Shape, names: Names): string[] {
  const DIR = String(names.DIR)
  for (const [name, text] of Object.entries(shape.files ?? {})) {
    writeFileSync(join(DIR, name), fill(text, names))
  }
  const file = join(DIR, '..', 'mosquitto.conf')
  const user = /^user /m.test(shape.conf) ? '' : TAIL
  writeFileSync(file, fill(shape.conf, names) + user + LOG, 'latin1')
  return ['-c', file, ...splitWords(fill(shape.args ?? '', names))]
}

function splitWords(text: string): string[] {
  return text.split(' ').filter((word) => word !== '')
}

function fill(text: string, names: Names): string {
  return text.replace(/\b(CA|DIR|PORT|OTHER|(CLIENT_|STRANGER_)?(CERT|KEY))\b/g, (word) =>
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
  for (const [args, code] of asks) {
    const [, where = '', rest = ''] = /^(OTHER: |WEBSOCKET: )?(.*)$/.exec(args) ?? []
    const port = String(where === '' ? names.PORT : names.OTHER)
    const got = await (where.startsWith('WEB') ? upgrade(port, rest) : publish(port, rest, names))
    answers.push([args, code === 'fails' && got !== 0 ? code : got])
  }
  return answers
}

async function publish(port: string, rest: string, names: Names): Promise<number> {
  const words = splitWords(fill(rest, names))
  const place = words.includes('--unix') ? [] : ['-h', '127.0.0.1', '-p', port]
  const client = run('mosquitto_pub', [...place, '-t', 'a', '-m', 'b', ...words])
  return (await client.untilExit()) as number
}

/** 0 when CONNACK accepts. */
async function upgrade(port: string, path: string): Promise<number> {
  const client = await RawClient.open({ port: Number(port), path, version: 4 })
  const { returnCode = 0 } = await client.handshake()
  client.drop()
  return returnCode
}

/** A suite of its own for these shapes; what is missing is said in a line. */
export function tryShapes(kind: string, shapes: readonly Shape[]): void {
  const tests = suite(`mosquitto.conf: ${kind}`)
  tests.after.each(stopAll)
  for (const shape of isReady ? shapes : []) {
    tests(shape.title, async () => {
      const [port, other, ...more] = await freePorts()
      const ours = tryOurs(shape, makeNames(...more))
      await Promise.all([tryMosquitto(shape, makeNames(port, other)), ours])
    })
  }
  tests.run()
}

async function tryMosquitto(shape: Shape, names: Names): Promise<void> {
  const args = place(shape, names)
  const program = runMosquitto(args)
  assert.is(await outcome(program, /mosquitto version .* running$/), shape.mosquitto)
  if (shape.mosquitto === 'refuses') return
  assert.equal(await ask(shape.asks ?? [], names), shape.asks ?? [])
  await program.stop()
}

async function tryOurs(shape: Shape, names: Names): Promise<void> {
  const args = place(shape, names)
  const program = runMain(args)
  const [expected] = shape.here ?? [shape.mosquitto]
  assert.is(await outcome(program, /^ready$/), expected, program.stderr)
  if (expected === 'refuses') {
    assert.is(await program.untilExit(), 1)
    assert.match(program.stderr, /^wasmqtt: [^\n]+\n/)
    return
  }
  const asks = shape.asksHere ?? shape.asks ?? []
  assert.equal(await ask(asks, names), asks)
  assert.is(await program.stop(), 0)
}
