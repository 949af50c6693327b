// npm run bench: the micro-benchmarks of the codec and the topic trie, every suite in its own
// process pinned to one core. Options: names of suites (default all), --out NAME for
// bench/results/NAME.json.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { pin } from '../load/brokers.ts'
import { saveJson } from '../load/report.ts'

const SUITES = ['decode', 'encode', 'match', 'subscribe', 'utf8', 'faces']
const CORE = '1'
const HEAP = ['--max-old-space-size=8192', '--expose-gc']

/** Prints what the suite prints; returns what it measured. */
async function run(name: string): Promise<object[]> {
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
  const node = [process.execPath, ...HEAP, '--import', 'tsx', file]
  const [program = '', ...words] = [...pin(CORE).split(' ').filter(Boolean), ...node]
  const child = spawn(program, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const lines: object[] = []
  child.on('message', (line: object) => lines.push(line))
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`the suite ${name} failed`)
  return lines
}

const { values, positionals } = parseArgs({
  options: { out: { type: 'string' } },
  allowPositionals: true,
})
const suites = positionals.length > 0 ? positionals : SUITES
const numbers = ['CPU ns', 'ns median', 'min', 'max'].map((title) => title.padStart(10))
console.log(`${'what'.padEnd(44)} ${'who'.padEnd(14)} ${numbers.join(' ')}  times ours`)
const lines: object[] = []
for (const name of suites) lines.push(...(await run(name)))
if (values.out) saveJson(values.out, { lines })
