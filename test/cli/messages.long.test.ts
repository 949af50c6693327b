// Scripts of mosquitto_pub and mosquitto_sub about messages, run unchanged with wasmqtt pub and
// sub, against Mosquitto and against us: the same bytes on standard output, the same exit codes.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { stopAll } from '../process.ts'
import {
  type Bench,
  canCompare,
  endClients,
  type Outcome,
  sameEverywhere,
  startBenches,
} from './kit.ts'

const tests = suite('pub and sub: messages')
const benches: Bench[] = []

/** One script and what it must yield everywhere. */
function shape<T>(title: string, script: (bench: Bench) => Promise<T>, expected: T): void {
  tests(title, async () => {
    if (benches.length > 0) await sameEverywhere(benches, script, expected)
  })
}

function printed(stdout: string | Buffer, code = 0, stderr = ''): Outcome {
  return { code, stdout: Buffer.from(stdout).toString('latin1'), stderr }
}

/** Subscribed, which a retained message has shown; it is the first output. */
async function subscribed(bench: Bench, ...args: string[]) {
  return bench.start('sub', ...args, '-t', 'ready').until('ready')
}

/** Likewise mosquitto_sub, when the publisher is what is tested. */
async function watched(bench: Bench, ...args: string[]) {
  return bench.watch(...args, '-t', 'ready').until('ready')
}

tests.before(async () => {
  if (!canCompare()) return
  benches.push(...(await startBenches()))
  await Promise.all(benches.map((bench) => bench.pub('-t', 'ready', '-r', '-m', 'ready')))
})
tests.after(async () => {
  await endClients()
  await stopAll()
})

for (const version of ['mqttv31', 'mqttv311', 'mqttv5']) {
  shape(
    `${version}: messages at every QoS are printed, then -C ends`,
    async (bench) => {
      const args = ['-V', version, '-q', '2', '-t', version, '-C', '4', '-F', '%q %r %t %p']
      const sub = await subscribed(bench, ...args)
      for (const qos of ['0', '1', '2']) {
        await bench.pub('-V', version, '-q', qos, '-t', version, '-m', 'hi')
      }
      return sub.ended()
    },
    printed(`0 1 ready ready\n${[0, 1, 2].map((qos) => `${qos} 0 ${version} hi\n`).join('')}`),
  )
}

shape(
  'pub: every version, at a QoS each',
  async (bench) => {
    const sub = await watched(bench, '-q', '2', '-t', 'out/#', '-C', '4', '-F', '%q %r %t %p')
    await bench.publish('-V', '31', '-q', '2', '-t', 'out/31', '-m', 'a')
    await bench.publish('-V', 'mqttv311', '-q', '1', '-t', 'out/311', '-m', 'b')
    await bench.publish('-V', '5', '--qos', '2', '--topic', 'out/5', '--message', 'c')
    return sub.ended()
  },
  printed('0 1 ready ready\n2 0 out/31 a\n1 0 out/311 b\n2 0 out/5 c\n'),
)

shape(
  '-f and -N: any bytes, and nothing else',
  async (bench) => {
    const file = join(bench.home, 'bytes')
    writeFileSync(file, Buffer.from(Array.from({ length: 256 }, (_, i) => i)))
    await bench.publish('-t', 'bytes', '-r', '-f', file)
    return bench.sub('-t', 'bytes', '-C', '1', '-N')
  },
  printed(Buffer.from(Array.from({ length: 256 }, (_, i) => i))),
)

shape(
  '-f: a large file, and %l',
  async (bench) => {
    const file = join(bench.home, 'large')
    writeFileSync(file, Buffer.alloc(200_000, 'x'))
    await bench.publish('-t', 'large', '-r', '-q', '1', '-f', file)
    return bench.sub('-t', 'large', '-C', '1', '-F', '%l')
  },
  printed('200000\n'),
)

shape(
  '-f: an empty file is an empty message',
  async (bench) => {
    const file = join(bench.home, 'empty')
    writeFileSync(file, '')
    const sub = await watched(bench, '-t', 'empty', '-C', '2', '-v')
    await bench.publish('-t', 'empty', '-f', file)
    return sub.ended()
  },
  printed('ready ready\nempty (null)\n'),
)

shape(
  '-l: each line is a message, an empty one too, and the last without its newline',
  async (bench) => {
    const sub = await subscribed(bench, '-t', 'lines', '-C', '5', '-v')
    const pub = bench.start('pub', '-t', 'lines', '-l').feed('one\n\nthree \r\nföur')
    return [await pub.ended(), await sub.ended()]
  },
  [printed(''), printed('ready ready\nlines one\nlines (null)\nlines three \r\nlines föur\n')],
)

shape(
  '-l -q 2 -M 1: fifty lines in order',
  async (bench) => {
    const lines = Array.from({ length: 50 }, (_, i) => `${i}\n`).join('')
    const sub = await watched(bench, '-t', 'fifty', '-C', '51', '-q', '2')
    const pub = bench.start('pub', '-t', 'fifty', '-l', '-q', '2', '-M', '1').feed(lines)
    return [await pub.ended(), await sub.ended()]
  },
  [printed(''), printed(`ready\n${Array.from({ length: 50 }, (_, i) => `${i}\n`).join('')}`)],
)

shape(
  '-l: no input, no message, exit 0',
  (bench) => bench.run('pub', '-t', 'nothing', '-l'),
  printed(''),
)

shape(
  '-s: all of standard input is one message',
  async (bench) => {
    const pub = await bench.start('pub', '-t', 'stdin', '-r', '-s').feed('a\nb\0c\n').ended()
    return [pub, await bench.watch('-t', 'stdin', '-C', '1', '-F', '%x').ended()]
  },
  [printed(''), printed('610a6200630a\n')],
)

shape(
  '-n -r clears a retained message; -W ends with 27',
  async (bench) => {
    await bench.pub('-t', 'cleared', '-r', '-m', 'x')
    await bench.publish('-t', 'cleared', '-r', '-n')
    return bench.sub('-t', 'cleared', '-W', '1')
  },
  printed('', 27, 'Timed out\n'),
)

shape(
  '--repeat and --repeat-delay',
  async (bench) => {
    const sub = await watched(bench, '-t', 'again', '-C', '4')
    await bench.publish('-t', 'again', '-m', 'x', '--repeat', '3', '--repeat-delay', '0.05')
    return sub.ended()
  },
  printed('ready\nx\nx\nx\n'),
)

shape(
  '-t twice, -v, -T: several filters, but not what one matches',
  async (bench) => {
    for (const name of ['a', 'b', 'c']) await bench.pub('-t', `several/${name}`, '-r', '-m', name)
    const filters = ['-t', 'several/c', '-t', 'several/b', '-t', 'several/a', '-T', '+/b']
    return bench.sub(...filters, '-C', '2', '-v')
  },
  printed('several/c c\nseveral/a a\n'),
)

shape(
  '-R leaves retained messages out',
  async (bench) => {
    await bench.pub('-t', 'fresh', '-r', '-m', 'old')
    const sub = await bench.start('sub', '-t', 'fresh', '-R', '-d', '-C', '1').until('Subscribed')
    await bench.pub('-t', 'fresh', '-m', 'new')
    const { code, stdout } = await sub.ended()
    return { code, lines: stdout.split('\n').filter((line) => !/^(Client|Subscribed)/.test(line)) }
  },
  { code: 0, lines: ['new', ''] },
)

shape(
  '--retained-only ends with the first message that is not',
  async (bench) => {
    await bench.pub('-t', 'stale', '-r', '-m', 'old')
    const sub = await subscribed(bench, '-t', 'stale', '--retained-only')
    await bench.pub('-t', 'stale', '-m', 'new')
    return sub.ended()
  },
  printed('old\nready\n'),
)

shape(
  '--remove-retained clears what it prints, but not what -T leaves out',
  async (bench) => {
    for (const name of ['a', 'b']) await bench.pub('-t', `remove/${name}`, '-r', '-m', name)
    const filters = ['-t', 'remove/#', '-T', 'remove/b', '-W', '1']
    const first = await bench.sub(...filters, '--remove-retained')
    return [first, await bench.watch('-t', 'remove/#', '-W', '1').ended()]
  },
  [printed('a\n', 27, 'Timed out\n'), printed('b\n', 27, 'Timed out\n')],
)

shape(
  '-L: user, password, host, port and topic at once',
  async (bench) => {
    const url = `mqtt://me:secret@127.0.0.1:${bench.broker.port}/url/topic`
    await bench.publish('-L', url, '-r', '-m', 'x')
    return bench.sub('-L', url, '-C', '1', '-v')
  },
  printed('url/topic x\n'),
)

shape(
  'topics and payloads in UTF-8',
  async (bench) => {
    await bench.pub('-t', 'größe/温度', '-r', '-m', 'zwölf °C')
    return bench.sub('-t', '+/温度', '-C', '1', '-v')
  },
  printed('größe/温度 zwölf °C\n'),
)

shape(
  '$share: one of a group gets it',
  async (bench) => {
    const args = ['-V', 'mqttv5', '-t', '$share/group/shared/#', '-d', '-C', '1', '-q', '1']
    const sub = await bench.start('sub', ...args).until('Subscribed')
    await bench.pub('-V', 'mqttv5', '-t', 'shared/a', '-m', 'x', '-q', '1')
    const { code, stdout } = await sub.ended()
    return { code, printed: stdout.split('\n').includes('x') }
  },
  { code: 0, printed: true },
)

tests.run()
