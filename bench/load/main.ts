// npm run bench:load: puts named workloads on our broker and on a peer in turn and prints, for
// each, messages per second, CPU per delivered message, system calls, latency and memory; the
// figures also go to bench/results/. This process only starts the others: brokers on core 0, the
// loader on core 1.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { selectWorkloads, WORKLOADS, type Workload } from '../workloads.ts'
import { ACCESS_KINDS, setCredentials } from './access.ts'
import { pin, startBroker } from './brokers.ts'
import type { Figures } from './figures.ts'
import { longestPause } from './gc.ts'
import type { Order, Outcome } from './order.ts'
import { loadAverage } from './proc.ts'
import { median, printHeader, printRow, saveResults } from './report.ts'
import type { Result } from './result.ts'
import { straceIsInstalled } from './strace.ts'

const LOADER = fileURLToPath(new URL('loader.ts', import.meta.url))
const LOADER_CORE = '1'
const SECONDS = 5

const USAGE = `Usage: npm run bench:load -- [options]
  --broker NAME|CMD   the broker under test (default wasmqtt: node dist/main.js); none = peers only
  --peer NAME|CMD     a broker to compare with, in turn; may be given again
                      names: wasmqtt, wasmqtt-acl, wasmqtt-rules, wasmqtt-jwt, wasmqtt-http,
                      mosquitto, mosquitto-nodelay, aedes, and the bare forwarders forward and
                      forward-plain; in a command PORT and TMP are replaced
  --workload NAMES    a name, names with commas, a prefix ending in *, or all (default p2p-10-*)
  --seconds N         measured time of a run (default 5, some workloads longer)
  --warmup N          time before it (default 2)
  --runs N            runs of each broker, in turn; medians are reported (default 3)
  --quick             one run of 2 seconds after 1 of warm-up, no strace
  --strace            count system calls too, in runs of their own (default with --workload all)
  --out NAME          write bench/results/NAME.json
  --list              print the workloads' names`

interface Options {
  readonly brokers: readonly string[]
  readonly workloads: readonly Workload[]
  /** Undefined: what the workload says, or SECONDS. */
  readonly seconds: number | undefined
  readonly warmupSeconds: number
  readonly runs: number
  readonly strace: boolean
  readonly out: string | undefined
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      broker: { type: 'string', default: 'wasmqtt' },
      peer: { type: 'string', multiple: true, default: [] },
      workload: { type: 'string', default: 'p2p-10-*' },
      seconds: { type: 'string' },
      warmup: { type: 'string' },
      runs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      strace: { type: 'boolean', default: false },
      out: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help || values.list) {
    console.log(values.help ? USAGE : WORKLOADS.map(({ name }) => name).join('\n'))
    process.exit(0)
  }
  const { quick } = values
  return {
    brokers: [...(values.broker === 'none' ? [] : [values.broker]), ...values.peer],
    workloads: selectWorkloads(values.workload),
    seconds: values.seconds ? Number(values.seconds) : quick ? 2 : undefined,
    warmupSeconds: Number(values.warmup ?? (quick ? 1 : 2)),
    runs: Number(values.runs ?? (quick ? 1 : 3)),
    strace: (values.strace || (values.workload === 'all' && !quick)) && straceIsInstalled(),
    out: values.out,
  }
}

/** One workload: every broker in turn, as many times as there are runs, then once traced. */
async function compare(workload: Workload, options: Options): Promise<Result[]> {
  const runs = new Map<string, Partial<Figures>[]>(options.brokers.map((name) => [name, []]))
  const failures = new Map<string, string>()
  const once = async (name: string, strace: boolean) => {
    if (failures.has(name)) return
    try {
      const figures = await runOnce(name, workload, { ...options, strace })
      runs.get(name)?.push(figures)
    } catch (error) {
      failures.set(name, (error as Error).message)
    }
  }
  for (let run = 0; run < options.runs; run++) {
    for (const name of options.brokers) await once(name, false)
  }
  const results: Result[] = []
  for (const name of options.brokers) {
    const taken = runs.get(name) ?? []
    const measured = taken.slice()
    if (options.strace && workload.kind === 'flow' && measured.length > 0) await once(name, true)
    const traced = taken[measured.length] ?? {}
    results.push({
      workload: workload.name,
      broker: name,
      figures: measured.length > 0 ? { ...median(measured as Figures[]), ...traced } : undefined,
      failure: failures.get(name),
      runs: measured as Figures[],
    })
  }
  return results
}

async function runOnce(
  name: string,
  workload: Workload,
  options: Options,
): Promise<Partial<Figures>> {
  const flow = workload.kind === 'flow' ? workload : undefined
  const limits = {
    ...(flow?.qos === 2 && { qos2Window: flow.window }),
    ...(flow?.queueMessages && { queueMessages: flow.queueMessages }),
  }
  const broker = await startBroker(name, limits, flow?.traceGc ? ['--trace-gc'] : [])
  try {
    const port = broker.ports[workload.transport]
    if (!port) throw new Error(`skipped: ${name} has no ${workload.transport} listener here`)
    if (flow?.traceGc && !broker.isNode) throw new Error(`skipped: ${name} does not run in Node`)
    const qos = workload.kind === 'flow' ? workload.qos : workload.kind === 'idle' ? 0 : 1
    if (qos > broker.qosMax) throw new Error(`skipped: ${name} has no QoS ${qos}`)
    const figures = await runLoader({
      workload,
      port,
      brokerPid: broker.pid,
      warmupSeconds: options.warmupSeconds,
      seconds: options.strace ? 1 : (options.seconds ?? flow?.seconds ?? SECONDS),
      strace: options.strace,
    })
    return flow?.traceGc ? { ...figures, more: longestPause(broker.output()) } : figures
  } finally {
    await broker.stop()
  }
}

/** Rejects with the loader's own words when it could not measure. */
function runLoader(order: Order): Promise<Partial<Figures>> {
  const node = [process.execPath, '--max-semi-space-size=64', '--import', 'tsx', LOADER]
  const [program = '', ...words] = [...pin(LOADER_CORE).split(' ').filter(Boolean), ...node]
  const child = spawn(program, [...words, JSON.stringify(order)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const timer = setTimeout(() => child.kill(), (order.warmupSeconds + order.seconds + 120) * 1000)
  return new Promise((resolve, reject) => {
    child.on('message', (message: Outcome) => {
      if ('figures' in message) resolve(message.figures)
      else reject(new Error(message.error))
    })
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      reject(new Error(`the loader ended (${signal ?? code}) without figures`))
    })
  })
}

async function main(): Promise<void> {
  const options = readOptions()
  const named = options.brokers.join(' ')
  if (ACCESS_KINDS.some((kind) => named.includes(`wasmqtt-${kind}`))) await setCredentials()
  if (!straceIsInstalled()) console.log('strace is not installed: system calls are not counted')
  if (!pin(LOADER_CORE)) console.log('taskset is not installed: broker and loader share cores')
  console.log(`load average at the start ${loadAverage()} (foreign load spoils every figure)`)
  printHeader()
  const results: Result[] = []
  for (const workload of options.workloads) {
    const compared = await compare(workload, options)
    for (const result of compared) printRow(result, compared[0])
    results.push(...compared)
    if (options.out) saveResults(options.out, results, options)
  }
}

try {
  await main()
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
