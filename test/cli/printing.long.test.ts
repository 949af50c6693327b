// How sub prints: every sequence of -F, JSON, hexadecimal, properties; as mosquitto_sub does, with
// both brokers, and what is ours alone.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stopAll } from '../process.ts'
import { type Bench, canCompare, endClients, sameEverywhere, startBenches } from './kit.ts'

const tests = suite('sub: printing')
const benches: Bench[] = []

const JSON_PAYLOAD = '{"b": [1, 2.50, 1e300, {"a":"\\u00e9\\n"}], "1": null, "b": {}, "c": [] }'
const PROPERTIES = [
  ...['publish', 'content-type', 'text/plain'],
  ...['publish', 'response-topic', 'answers'],
  ...['publish', 'correlation-data', '42'],
  ...['publish', 'payload-format-indicator', '1'],
]

/** What one run of sub prints for a retained message, with every client and broker. */
function shape(title: string, args: string[], expected: string, topic = 'json'): void {
  tests(title, async () => {
    await sameEverywhere(
      benches,
      async (bench) => {
        const { code, stdout, stderr } = await bench.sub('-t', topic, '-C', '1', ...args)
        const shown = Buffer.from(stdout, 'latin1').toString()
        // The time is the only thing that differs.
        const masked = shown.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\+0000/, 'TIME')
        return { code, shown: masked, stderr }
      },
      { code: 0, shown: expected, stderr: '' },
    )
  })
}

/** D, N, VALUE, N, ... as `-D` takes them. */
function properties(words: string[]): string[] {
  const options: string[] = []
  for (let i = 0; i < words.length; i += 3) options.push('-D', ...words.slice(i, i + 3))
  return options
}

async function prepare(bench: Bench): Promise<void> {
  const user = ['-D', 'publish', 'user-property', 'k', 'v']
  const other = ['-D', 'publish', 'user-property', 'größe', '12 m']
  await bench.pub('-t', 'json', '-r', '-q', '1', '-m', JSON_PAYLOAD)
  await bench.pub('-t', 'text', '-r', '-q', '2', '-m', 'say "hö"\t\\ \u0001\u007f')
  await bench.pub(
    '-t',
    'v5',
    '-r',
    '-q',
    '1',
    '-m',
    'x',
    ...properties(PROPERTIES),
    ...user,
    ...other,
  )
}

tests.before(async () => {
  if (!canCompare()) return
  benches.push(...(await startBenches()))
  await Promise.all(benches.map(prepare))
})
tests.after(async () => {
  await endClients()
  await stopAll()
})

shape(
  '-F: parameters of the message and escapes',
  ['-q', '1', '-F', '%% %t %q %r %m %l @@ \\\\ \\t\\e[1m\\a\\v\\r\\0|'],
  `% json 1 1 1 ${JSON_PAYLOAD.length} @ \\ \t\x1b[1m\x07\x0b\r\0|\n`,
)

shape(
  '-F: widths, alignment, zeros and cuts',
  ['-q', '1', '-F', '%10t|%-10t|%.2t|%10.2t|%-10.2t|%06l|%6l|%-6l|%05m|%3p|%5q|%5%|'],
  '      json|json      |js|        js|js        |000071|    71|71    |00001|{"b|1|%|\n',
)

shape(
  '-F: %x and %X are cut to the width',
  ['-F', '%10x|%-10X|%010x'],
  [...['7b2262223a|7B2262223A|7b2262223a', '\n']].join(''),
)

shape('-F and -N: no end of line', ['-F', '%t', '-N'], 'json')

shape(
  '%j: the payload is a string',
  ['-F', '%j'],
  `{"tst":"TIME","topic":"text","qos":0,"retain":1,"payloadlen":14,"payload":"say \\"hö\\"\\t\\\\ \\u0001\u007f"}\n`,
  'text',
)

shape(
  '%J: the payload is JSON, in cJSON’s words',
  ['-q', '1', '-F', '%J'],
  `{"tst":"TIME","topic":"json","qos":1,"retain":1,"payloadlen":71,"mid":1,"payload":{"b":[1,2.5,1e+300,{"a":"é\\n"}],"1":null,"b":{},"c":[]}}\n`,
)

shape(
  '%J --pretty: over several lines',
  ['-F', '%J', '--pretty'],
  `{
	"tst":	"TIME",
	"topic":	"json",
	"qos":	0,
	"retain":	1,
	"payloadlen":	71,
	"payload":	{
		"b":	[1, 2.5, 1e+300, {
				"a":	"é\\n"
			}],
		"1":	null,
		"b":	{
		},
		"c":	[]
	}
}
`,
)

shape(
  '%C %R %D %P %F: properties of MQTT 5',
  ['-V', '5', '-F', '%C|%15C|%.4C|%R|%D|%P|%F|%3F|%A|%3A|%S'],
  'text/plain|     text/plain|text|answers|42|k:v größe:12 m|1|  1||   |\n',
  'v5',
)

shape(
  '%j: properties of MQTT 5',
  ['-V', '5', '-F', '%j'],
  `{"tst":"TIME","topic":"v5","qos":0,"retain":1,"payloadlen":1,"properties":{"content-type":"text/plain","response-topic":"answers","correlation-data":"42","payload-format-indicator":1,"user-properties":{"k":"v","größe":"12 m"}},"payload":"x"}\n`,
  'v5',
)

shape(
  '%S: the subscription identifier',
  ['-D', 'subscribe', 'subscription-identifier', '7', '-F', '%S|%03S'],
  '7|007\n',
)

tests('%J: what is not JSON is told on standard error, and the line is empty', async () => {
  const outcome = { code: 0, stdout: '\n', stderr: '' }
  const stderr = 'Error: Message payload is not valid JSON on topic text.\n'
  const script = (bench: Bench) => bench.sub('-t', 'text', '-C', '1', '-F', '%J')
  await sameEverywhere(benches, script, { ...outcome, stderr })
})

tests('-F: times are strftime’s', async () => {
  const format = '@Y-@m-@dT@H:@M:@S.@N@z %U %I @s @j @e @a @b @y @p @F @T'
  const iso = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d`
  const parts = [
    ...[String.raw`${iso}\.\d{9}\+0000`, String.raw`\d{10}\.\d{9}`, String.raw`${iso}\+0000`],
    ...[String.raw`\d{10}`, String.raw`\d{3}`, String.raw`[ \d]\d`],
    ...['[MTWFS][a-z]{2}', '[JFMASOND][a-z]{2}', String.raw`\d\d`, '[AP]M'],
    ...[String.raw`\d{4}-\d\d-\d\d`, String.raw`\d\d:\d\d:\d\d`],
  ]
  const shape = new RegExp(`^${parts.join(' ')}\n$`)
  await Promise.all(
    benches.map(async (bench) => {
      const { stdout } = await bench.sub('-t', 'text', '-C', '1', '-F', format)
      assert.match(stdout, shape, bench.name)
    }),
  )
})

for (const [output, expected] of Object.entries({ plain: 'x\n', hex: 'v5 78\n' })) {
  tests(`--output ${output} is ours`, async () => {
    const ours = benches.find(({ client }) => client === 'wasmqtt')
    const outcome = await ours?.sub('-t', 'v5', '-C', '1', '--output', output)
    if (ours !== undefined) assert.equal(outcome, { code: 0, stdout: expected, stderr: '' })
  })
}

tests.run()
