// npm run bench:durable [-- NAMES]: what durability costs. offline: QoS 1 to a persistent session
// that is away; latency: PUBACKs at 10,000/s; online: to a persistent session that is there;
// restart: with 100,000 sessions and 1,000,000 queued messages. Prints one line a figure; a broker
// of its own each.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { seedStore } from './seed.ts'
import { Source, Wire } from './swarm.ts'

const MAIN: string = join(import.meta.dirname, '../../dist/main.js')
const TICKS_PER_SECOND = 100
const SECONDS = 8
const WARMUP_SECONDS = 2
const PUBLISHERS = 64
const WINDOW = 100
const PAIRS = 10
const RATE = 10_000
const SESSIONS = 100_000
const QUEUED = 1_000_000

interface Running {
  child: ChildProcess
  port: number
  readyMs: number
}

async function start(data: string, args: string[] = []): Promise<Running> {
  const from = performance.now()
  const words = ['--host', '127.0.0.1', '-p', '0', '--ws-port', 'off', '--admin-port', 'off']
  const child = spawn(process.execPath, [MAIN, ...words, '--data', data, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let port = 0
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    if (line.startsWith('listening mqtt')) port = Number(new URL(line.slice(10)).port)
    if (line === 'ready') break
  }
  return { child, port, readyMs: performance.now() - from }
}

/** Seconds of CPU the broker has used, all threads. */
function cpuOf({ child }: Running): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

function megabytesOf({ child }: Running): number {
  const found = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))
  return Number(found?.[1]) / 1024
}

async function makeSources(port: number): Promise<Source[]> {
  const sources: Source[] = []
  for (let i = 0; i < PUBLISHERS; i++) {
    const wire = await Wire.open(port, `source${i}`, { clean: true })
    sources.push(new Source(wire, `t/${i}`, Buffer.alloc(100, 'x')))
  }
  return sources
}

async function withBroker(args: string[], measure: (broker: Running) => Promise<string>) {
  const data = mkdtempSync(join(tmpdir(), 'wasmqtt-bench-'))
  const broker = await start(data, args)
  try {
    return await measure(broker)
  } finally {
    broker.child.kill('SIGKILL')
    rmSync(data, { recursive: true, force: true })
  }
}

/** Full windows for some seconds. @returns messages per second and CPU per message */
async function flood(broker: Running): Promise<string> {
  const sources = await makeSources(broker.port)
  for (const source of sources) {
    source.onAcknowledged = () => source.publish(1)
    source.publish(WINDOW)
  }
  await sleep(WARMUP_SECONDS * 1000)
  const total = () => sources.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
  const [from, cpu, messages] = [performance.now(), cpuOf(broker), total()]
  await sleep(SECONDS * 1000)
  const count = total() - messages
  const perSecond = Math.round(count / ((performance.now() - from) / 1000))
  const micros = ((cpuOf(broker) - cpu) * 1e6) / count
  return `${perSecond} messages/s acknowledged, ${micros.toFixed(1)} µs of broker CPU each`
}

async function offline(args: string[]): Promise<string> {
  return withBroker(args, async (broker) => {
    const wire = await Wire.open(broker.port, 'away', { clean: false })
    await wire.subscribe('t/#')
    wire.socket.destroy()
    return flood(broker)
  })
}

async function online(args: string[]): Promise<string> {
  return withBroker(args, async (broker) => {
    let taken = 0
    for (let i = 0; i < PAIRS; i++) {
      const wire = await Wire.open(broker.port, `there${i}`, { clean: false })
      await wire.subscribe(`t/${i}`)
      wire.takeAll(() => taken++)
    }
    const sources = (await makeSources(broker.port)).slice(0, PAIRS)
    for (const source of sources) {
      source.onAcknowledged = () => source.publish(1)
      source.publish(WINDOW)
    }
    await sleep(WARMUP_SECONDS * 1000)
    const [cpu, before] = [cpuOf(broker), taken]
    await sleep(SECONDS * 1000)
    const count = taken - before
    const micros = ((cpuOf(broker) - cpu) * 1e6) / count
    return `${Math.round(count / SECONDS)} taken/s, ${micros.toFixed(1)} µs of broker CPU each`
  })
}

/** RATE messages a second from all sources in turn. @returns what ends it */
function publishAtRate(sources: Source[]): () => void {
  const from = performance.now()
  let sent = 0
  const timer = setInterval(() => {
    const due = ((performance.now() - from) / 1000) * RATE
    for (; sent < due; sent++) sources[sent % PUBLISHERS]?.publish(1)
  }, 1)
  return () => clearInterval(timer)
}

async function latency(args: string[]): Promise<string> {
  return withBroker(args, async (broker) => {
    const wire = await Wire.open(broker.port, 'away', { clean: false })
    await wire.subscribe('t/#')
    wire.socket.destroy()
    const sources = await makeSources(broker.port)
    const waits: number[] = []
    let measuring = false
    for (const source of sources) {
      source.onAcknowledged = (ms) => {
        if (measuring) waits.push(ms)
      }
    }
    const stop = publishAtRate(sources)
    await sleep(WARMUP_SECONDS * 1000)
    measuring = true
    await sleep(SECONDS * 1000)
    stop()
    waits.sort((a, b) => a - b)
    const at = (share: number) => (waits[Math.floor(waits.length * share)] ?? 0).toFixed(2)
    const perSecond = Math.round(waits.length / SECONDS)
    return `${perSecond}/s: PUBACK p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, p99.9 ${at(0.999)} ms`
  })
}

async function restart(): Promise<string> {
  const data = mkdtempSync(join(tmpdir(), 'wasmqtt-bench-'))
  await seedStore(data, SESSIONS, QUEUED)
  const broker = await start(data)
  const megabytes = megabytesOf(broker)
  const wire = await Wire.open(broker.port, 'session5', { clean: false })
  let taken = 0
  await new Promise<void>((resolve) => {
    wire.takeAll(() => {
      if (++taken === QUEUED / SESSIONS) resolve()
    })
  })
  broker.child.kill('SIGKILL')
  rmSync(data, { recursive: true, force: true })
  const seconds = (broker.readyMs / 1000).toFixed(2)
  return `ready after ${seconds} s with ${megabytes.toFixed(0)} MB; session5 got its ${taken}`
}

/** A queue so deep that nothing is dropped: every body is written. */
async function withDeepQueue(measure: (args: string[]) => Promise<string>): Promise<string> {
  const file = join(mkdtempSync(join(tmpdir(), 'wasmqtt-bench-')), 'deep.json')
  writeFileSync(file, JSON.stringify({ queueMessagesMax: 1e8, queueBytesMax: 1e12 }))
  return measure(['-c', file])
}

async function main(): Promise<void> {
  const figures: Record<string, () => Promise<string>> = {
    offline: () => offline([]),
    'offline-process': () => offline(['--durability', 'process']),
    'offline-memory': () => offline(['--durability', 'memory']),
    'offline-deep': () => withDeepQueue(offline),
    latency: () => latency([]),
    'latency-memory': () => latency(['--durability', 'memory']),
    online: () => online([]),
    'online-memory': () => online(['--durability', 'memory']),
    restart,
  }
  const names = process.argv.slice(2)
  for (const [name, measure] of Object.entries(figures)) {
    if (names.length > 0 && !names.includes(name)) continue
    console.log(`${name}: ${await measure()}`)
  }
  process.exit(0)
}

await main()
