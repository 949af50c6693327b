// The built binary and configuration files: what is printed about right and wrong ones, exit codes,
// and that a broker without a file does not pay for reading files.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the file, not of the test

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { editorSchema } from '../../host/config/jsonschema.ts'
import { type Program, runMain, startBroker, stopAll, temporaryDirectory } from '../process.ts'
import { write } from './kit.ts'

const tests = suite('binary and configuration')
tests.after.each(stopAll)

/** What it printed once it has ended with this exit code. */
async function ended(program: Program, code: number): Promise<{ out: string; err: string }> {
  assert.is(await program.untilExit(), code, program.stderr)
  return { out: program.lines.join('\n'), err: program.stderr }
}

const OPEN = 'listeners: [{type: mqtt, port: 0, host: 127.0.0.1, anonymous: true}]\nadmin: false\n'
const WRONG = 'qosMax: 3\nlistners: []\n'
const wrongLines = (file: string): string[] => [
  `${file}:1:9: qosMax: expected 0 or 1 or 2, got 3`,
  `${file}:2:1: listners: is not a key here; did you mean listeners?`,
]

tests('check says that files are right, each on a line', async () => {
  const files = [write(OPEN, 'a.yaml'), write('{}', 'b.json')]
  const { out, err } = await ended(runMain(['check', ...files]), 0)
  assert.is(out, files.map((file) => `${file}: ok`).join('\n'))
  assert.is(err, '')
})

tests(
  'check prints every mistake as file:line:column, exit 1, and goes on to other files',
  async () => {
    const [wrong, right] = [write(WRONG, 'wrong.yaml'), write('{}', 'right.yaml')]
    const { out, err } = await ended(runMain(['check', wrong, right]), 1)
    assert.is(err, `${wrongLines(wrong).join('\n')}\n`)
    assert.is(out, `${right}: ok`)
  },
)

tests('check prints warnings and is content', async () => {
  const file = write('listeners: [{type: mqtt, port: 0}]')
  const { out, err } = await ended(runMain(['check', file]), 0)
  assert.is(out, `${file}: ok`)
  assert.match(err, `warning: ${file}:1:13: listeners[0]: lets nobody in`)
})

tests('a broker does not start with a wrong file: exit 1 and every mistake', async () => {
  const file = write(WRONG)
  const data = temporaryDirectory()
  const { out, err } = await ended(runMain(['-c', file, '--data', data]), 1)
  assert.is(out, '')
  assert.is(
    err,
    wrongLines(file)
      .map((line) => `wasmqtt: ${line}\n`)
      .join(''),
  )
})

tests('a broker with a file that is missing says so in one line, exit 1', async () => {
  const { err } = await ended(runMain(['-c', '/nowhere.yaml']), 1)
  assert.is(err, 'wasmqtt: /nowhere.yaml: cannot be read: there is no such file\n')
})

tests('a broker listens where its file says, and with variables of the environment', async () => {
  const file = write('listeners: [{type: mqtt, port: "${PORT}", host: 127.0.0.1}]')
  const args = ['-c', file, '--data', temporaryDirectory(), '--admin-port', 'off']
  const program = runMain(args, { PORT: '0' })
  await program.untilLine(/^ready$/)
  assert.match(`${program.lines[0]}`, /^listening mqtt:\/\/127\.0\.0\.1:\d+$/)
  assert.is(program.lines.length, 2)
  assert.is(await program.stop(), 0)
})

tests('config schema prints the JSON Schema', async () => {
  const { out, err } = await ended(runMain(['config', 'schema']), 0)
  assert.equal(JSON.parse(out), JSON.parse(JSON.stringify(editorSchema())))
  assert.is(err, '')
})

tests('config example prints a file that check accepts', async () => {
  const { out, err } = await ended(runMain(['config', 'example']), 0)
  assert.is(err, '')
  const file = write(out)
  assert.is((await ended(runMain(['check', file]), 0)).out, `${file}: ok`)
})

tests('config convert refuses what is no mosquitto.conf by its name', async () => {
  const file = write('{}')
  const { err } = await ended(runMain(['config', 'convert', file]), 1)
  assert.is(err, `wasmqtt: ${file}: expected a mosquitto.conf, whose name ends in .conf\n`)
})

tests('check and config without arguments say how they are used, exit 1', async () => {
  for (const words of [['check'], ['config'], ['config', 'nonsense']]) {
    const { out, err } = await ended(runMain(words), 1)
    assert.is(out, '')
    assert.match(err, /missing required argument|Usage: wasmqtt config|unknown command/)
  }
})

tests('a broker without a file loads neither zod nor yaml', async () => {
  const hook = join(temporaryDirectory(), 'hook.mjs')
  const loaded = join(temporaryDirectory(), 'loaded')
  writeHook(hook, loaded)
  const env = { NODE_OPTIONS: `--import=${hook}` }
  assert.is(await (await startBroker({ env })).stop(), 0)
  assert.not.match(readFileSync(loaded, 'utf8'), /node_modules\/(zod|yaml)\//)
  await ended(runMain(['check', write('{}')], env), 0)
  assert.match(readFileSync(loaded, 'utf8'), /node_modules\/zod\//)
})

/** Has Node write down what it loads. */
function writeHook(hook: string, loaded: string): void {
  const load = `import { appendFileSync } from 'node:fs'
export async function load(url, context, next) {
  appendFileSync(${JSON.stringify(loaded)}, url + '\\n')
  return next(url, context)
}`
  const text = `import { register } from 'node:module'
register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(load)}))`
  writeFileSync(hook, text)
}

tests.run()
