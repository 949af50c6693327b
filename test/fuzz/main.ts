// `npm run fuzz`: the fuzzers from the command line. Prints the seed, progress, and every finding
// with the command that shows it again; ends with 1 when there is one.

import { parseArgs } from 'node:util'
import { stopAll } from '../process.ts'
import { brokerInput, moduleInput } from './inputs.ts'
import {
  type Limits,
  replayBroker,
  replayModule,
  runBrokers,
  runModule,
  type Summary,
} from './runs.ts'

const USAGE = `npm run fuzz -- [options]
  --target module|broker|all   what to fuzz (default: all)
  --seed N                     default: a new one, printed
  --seconds N                  for each target (default: 60, without --inputs)
  --inputs N                   for each target
  --replay HEX                 this input only
  --only N                     input number N of the seed only
  --version 0|3|4|5            of a replay on the module (default: each)`
const DEFAULT_SECONDS = 60
const VERSIONS = [0, 3, 4, 5]

const OPTIONS = {
  help: { type: 'boolean' },
  target: { type: 'string', default: 'all' },
  seed: { type: 'string' },
  seconds: { type: 'string' },
  inputs: { type: 'string' },
  replay: { type: 'string' },
  only: { type: 'string' },
  version: { type: 'string' },
} as const

const say = (line: string): void => console.log(line)

function natural(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text)) throw new TypeError(`--${name}: expected a number, got ${text}`)
  return Number(text)
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: OPTIONS })
  if (values.help === true) {
    say(USAGE)
    return 0
  }
  const targets = values.target === 'all' ? ['module', 'broker'] : [values.target]
  if (!['module', 'broker', 'all'].includes(values.target)) throw new TypeError(USAGE)
  const seed = natural('seed', values.seed) ?? Date.now() % 0x7fffffff
  const only = natural('only', values.only)
  const version = natural('version', values.version)
  if (version !== undefined && !VERSIONS.includes(version)) throw new TypeError(USAGE)
  let found = 0
  for (const target of targets) {
    const input = values.replay ?? (only === undefined ? undefined : pick(target, seed, only))
    if (input !== undefined) found += await replay(target, Buffer.from(input, 'hex'), version)
    else found += await run(target, limitsOf(seed, values.inputs, values.seconds))
  }
  return found > 0 ? 1 : 0
}

function limitsOf(seed: number, inputs: string | undefined, seconds: string | undefined): Limits {
  const unlimited = inputs === undefined ? DEFAULT_SECONDS : Number.POSITIVE_INFINITY
  return {
    seed,
    inputs: natural('inputs', inputs) ?? Number.POSITIVE_INFINITY,
    seconds: natural('seconds', seconds) ?? unlimited,
  }
}

async function run(target: string, limits: Limits): Promise<number> {
  say(`fuzzing ${target}, seed ${limits.seed}`)
  const summary: Summary =
    target === 'module' ? runModule(limits, say) : await runBrokers(limits, say)
  for (const line of summary.lines) say(line)
  return summary.findings.length
}

function pick(target: string, seed: number, n: number): string {
  return (target === 'module' ? moduleInput(seed, n) : brokerInput(seed, n)).toString('hex')
}

async function replay(target: string, input: Buffer, version: number | undefined): Promise<number> {
  const single = target === 'module' ? [replayModule(input, version)] : await replayBroker(input)
  const faults = single.filter((fault) => fault !== undefined)
  for (const fault of faults) say(`${target}: ${fault}`)
  say(`${target}: ${input.length} bytes, ${faults.length === 0 ? 'nothing found' : 'found'}`)
  return faults.length
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
await stopAll()
