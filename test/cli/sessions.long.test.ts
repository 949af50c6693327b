// Scripts of mosquitto_pub and mosquitto_sub about sessions, wills, properties and the end of a
// connection, run unchanged with wasmqtt pub and sub, against Mosquitto and against us.

import { mkdirSync, writeFileSync } from 'node:fs'
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

const tests = suite('pub and sub: sessions')
const benches: Bench[] = []

/** One script and what it must yield everywhere. */
function shape<T>(title: string, script: (bench: Bench) => Promise<T>, expected: T): void {
  tests(title, async () => {
    if (benches.length > 0) await sameEverywhere(benches, script, expected)
  })
}

function printed(stdout: string, code = 0, stderr = ''): Outcome {
  return { code, stdout, stderr }
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

for (const version of ['mqttv311', 'mqttv5']) {
  const session = ['-V', version, '-c', '-i', version, '-q', '1', '-t', version]
  const begin = async (bench: Bench): Promise<Outcome> => {
    const begun = await bench.sub(...session, '-E')
    for (const text of ['one', 'two', 'three'])
      await bench.pub('-t', version, '-q', '1', '-m', text)
    return begun
  }

  shape(
    `${version}: -c -i resumes, and gets what came meanwhile`,
    async (bench) => [await begin(bench), await bench.sub(...session, '-C', '3')],
    [printed(''), printed('one\ntwo\nthree\n')],
  )

  // mosquitto_sub leaves without having acknowledged what it printed, and gets it again.
  tests(`${version}: what -C did not want stays for the next run of wasmqtt sub`, async () => {
    const session = ['-V', version, '-c', '-i', 'rest', '-q', '1', '-t', `rest/${version}`]
    const ours = benches.filter(({ client }) => client === 'wasmqtt')
    const script = async (bench: Bench): Promise<Outcome[]> => {
      await bench.sub(...session, '-E')
      for (const text of ['one', 'two', 'three']) {
        await bench.pub('-t', `rest/${version}`, '-q', '1', '-m', text)
      }
      return [await bench.sub(...session, '-C', '2'), await bench.sub(...session, '-C', '1')]
    }
    await sameEverywhere(ours, script, [printed('one\ntwo\n'), printed('three\n')])
  })
}

shape(
  'mqttv5 -x 0: -c alone would keep the session, -x 0 ends it',
  async (bench) => {
    const session = ['-V', 'mqttv5', '-c', '-i', 'short', '-x', '0', '-q', '1', '-t', 'short']
    await bench.sub(...session, '-E')
    await bench.pub('-t', 'short', '-q', '1', '-m', 'lost')
    return bench.sub(...session, '-W', '1')
  },
  printed('', 27, 'Timed out\n'),
)

shape(
  '-U unsubscribes in the session',
  async (bench) => {
    const session = ['-c', '-i', 'leaver', '-q', '1', '-t', 'leave/b']
    await bench.sub(...session, '-t', 'leave/a', '-E')
    await bench.sub(...session, '-U', 'leave/a', '-E')
    for (const name of ['a', 'b']) await bench.pub('-t', `leave/${name}`, '-q', '1', '-m', name)
    return bench.sub(...session, '-C', '1', '-v')
  },
  printed('leave/b b\n'),
)

shape(
  'a will is published when its client is killed, with its QoS',
  async (bench) => {
    const watch = ['-t', 'will/#', '-t', 'ready', '-q', '1', '-C', '3', '-F', '%q %t %p']
    const sub = await bench.watch(...watch).until('ready')
    const will = ['--will-topic', 'will/a', '--will-payload', 'gone', '--will-qos', '1']
    const pub = bench.start('pub', '-t', 'will/up', '-l', ...will).write('up\n')
    await sub.until('will/up')
    await pub.end('SIGKILL')
    return sub.ended()
  },
  printed('0 ready ready\n0 will/up up\n1 will/a gone\n'),
)

shape(
  '--will-retain, and MQTT 5 properties of the will',
  async (bench) => {
    const sub = await bench.watch('-t', 'ready', '-t', 'kept/up', '-C', '2').until('ready')
    const will = ['--will-topic', 'kept/a', '--will-payload', 'gone', '--will-retain']
    const extra = [
      '-D',
      'will',
      'content-type',
      'text/will',
      '-D',
      'will',
      'user-property',
      'k',
      'v',
    ]
    const pub = bench.start('pub', '-t', 'kept/up', '-l', ...will, ...extra).write('up\n')
    await sub.ended()
    const watch = ['-V', '5', '-t', 'kept/a', '-C', '1', '-F', '%t %p %C %P']
    await pub.end('SIGKILL')
    return bench.watch(...watch).ended()
  },
  printed('kept/a gone text/will k:v\n'),
)

shape(
  'SIGTERM ends sub with 0',
  async (bench) => {
    const sub = await bench.start('sub', '-t', 'ready').until('ready')
    return sub.end('SIGTERM')
  },
  printed('ready\n'),
)

shape(
  '--retain-as-published shows the flag of a message that is not stale',
  async (bench) => {
    const args = ['-V', '5', '-t', 'ready', '-t', 'as/is', '--retain-as-published', '-C', '2']
    const sub = await bench.start('sub', ...args, '-F', '%r %p').until('ready')
    await bench.pub('-t', 'as/is', '-r', '-m', 'x')
    return sub.ended()
  },
  printed('1 ready\n1 x\n'),
)

shape(
  '-D publish topic-alias with -l: every line arrives under the topic',
  async (bench) => {
    const sub = await bench.watch('-t', 'ready', '-t', 'aliased', '-v', '-C', '4').until('ready')
    const alias = ['-D', 'publish', 'topic-alias', '3']
    await bench
      .start('pub', '-t', 'aliased', '-l', ...alias)
      .feed('1\n2\n3\n')
      .ended()
    return sub.ended()
  },
  printed('ready ready\naliased 1\naliased 2\naliased 3\n'),
)

for (const [version, qos, lines] of [
  ['mqttv311', '0', ['sending PUBLISH (d0, q0, r0, m1, DETAILS']],
  [
    'mqttv311',
    '2',
    [
      'sending PUBLISH (d0, q2, r0, m1, DETAILS',
      'received PUBREC (Mid: 1)',
      'sending PUBREL (m1)',
      'received PUBCOMP (Mid: 1, RC:0)',
    ],
  ],
  ['mqttv5', '1', ['sending PUBLISH (d0, q1, r0, m1, DETAILS', 'received PUBACK (Mid: 1, RC:16)']],
] as const) {
  shape(
    `pub -d: ${version}, QoS ${qos}: a line for each packet`,
    async (bench) => {
      const args = ['-V', version, '-i', 'me', '-d', '-t', 'nobody', '-m', 'abc', '-q', qos]
      const { code, stdout } = await bench.run('pub', ...args)
      const shown = stdout.replace(/m[01], 'nobody', \.\.\. \(3 bytes\)\)/, 'm1, DETAILS')
      return { code, lines: shown.split('\n') }
    },
    {
      code: 0,
      lines: [
        ...['sending CONNECT', 'received CONNACK (0)', ...lines, 'sending DISCONNECT'].map(
          (line) => `Client me ${line}`,
        ),
        '',
      ],
    },
  )
}

shape(
  'sub -d: the subscription, the message and its acknowledgement',
  async (bench) => {
    await bench.pub('-t', 'debugged', '-r', '-q', '1', '-m', 'x')
    const { stdout } = await bench.sub('-i', 'me', '-d', '-q', '1', '-t', 'debugged', '-C', '1')
    // Mosquitto acknowledges before it prints.
    return stdout.split('\n').sort()
  },
  [
    '',
    'Client me received CONNACK (0)',
    "Client me received PUBLISH (d0, q1, r1, m1, 'debugged', ... (1 bytes))",
    'Client me received SUBACK',
    'Client me sending CONNECT',
    'Client me sending DISCONNECT',
    'Client me sending PUBACK (m1, rc0)',
    'Client me sending SUBSCRIBE (Mid: 1, Topic: debugged, QoS: 1, Options: 0x00)',
    'Subscribed (mid: 1): 1',
    'x',
  ],
)

shape(
  'defaults come from a file, and the command line goes before them',
  async (bench) => {
    const folder = bench.home
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'mosquitto_sub'), '# defaults\n-v\n-F %t of file\n')
    const filed = await bench.sub('-t', 'ready', '-C', '1')
    const given = await bench.sub('-t', 'ready', '-C', '1', '-F', '%p')
    writeFileSync(join(folder, 'mosquitto_sub'), '')
    return [filed, given]
  },
  [printed('ready of file\n'), printed('ready\n')],
)

tests.run()
