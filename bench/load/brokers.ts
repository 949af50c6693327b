// Starts and stops the brokers under test: ours, Mosquitto, aedes, or any command line. Used by
// main.ts. Every start is fresh: a free port, an empty directory, nothing persisted, nothing
// logged.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ACCESS_KINDS, accessConfig, startHook } from './access.ts'
import { createCertificate } from './certificate.ts'
import type { Transport } from './transport.ts'

export interface Broker {
  readonly pid: number
  readonly ports: Ports
  readonly qosMax: number
  readonly isNode: boolean
  /** What it has printed so far. */
  output(): string
  stop(): Promise<void>
}

export type Ports = Partial<Record<Transport, number>>

interface Place {
  readonly directory: string
  readonly ports: Record<Transport, number>
  /** Files key.pem and cert.pem are in the directory. */
  readonly hasCertificate: boolean
  readonly limits: Limits
  /** Where a program that decides about access would listen. */
  readonly hookPort: number
}

/** What a workload needs beyond the brokers' defaults. */
export interface Limits {
  /** QoS 2 messages a publisher has on their way; Mosquitto cuts off who exceeds its 20. */
  readonly qos2Window?: number
  /** Messages that may wait for one subscriber; ours drops what exceeds its 1000. */
  readonly queueMessages?: number
}

interface Command {
  readonly shell: string
  readonly transports: readonly Transport[]
  /** 2 where it is not said. */
  readonly qosMax?: number
}

const START_SECONDS_MAX = 15
const BROKER_CORE = '0'
const AEDES = fileURLToPath(new URL('aedes.ts', import.meta.url))
const FORWARD = fileURLToPath(new URL('../ref/forward.ts', import.meta.url))
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))

/** Where the words of a broker's command line come from: a known name or the command itself. */
const KNOWN: Readonly<Record<string, (place: Place) => Command>> = {
  wasmqtt: wasmqttCommand,
  ...Object.fromEntries(
    ACCESS_KINDS.map((kind) => [
      `wasmqtt-${kind}`,
      (place: Place) => wasmqttCommand(place, accessConfig(kind, place.directory, place.hookPort)),
    ]),
  ),
  mosquitto: mosquittoCommand,
  'mosquitto-nodelay': (place) => mosquittoCommand(place, ['set_tcp_nodelay true']),
  aedes: ({ ports }) => ({
    shell: `node --import tsx ${AEDES} ${ports.tcp}`,
    transports: ['tcp'],
  }),
  forward: (place) => forwardCommand(place, 'coalesced'),
  'forward-plain': (place) => forwardCommand(place, 'plain'),
}

/** nodeFlags go to brokers that run in Node. */
export async function startBroker(
  name: string,
  limits: Limits = {},
  nodeFlags: readonly string[] = [],
): Promise<Broker> {
  const directory = mkdtempSync(join(tmpdir(), 'wasmqtt-bench-'))
  const [tcp, tls, ws, hook] = await freePorts(4)
  const hookPort = hook as number
  if (name === 'wasmqtt-http') await startHook(hookPort)
  const ports = { tcp, tls, ws } as Record<Transport, number>
  const hasCertificate = createCertificate(directory)
  const {
    shell,
    transports,
    qosMax = 2,
  } = commandFor(name, { directory, ports, hasCertificate, limits, hookPort })
  const isNode = shell.startsWith('node ')
  const flagged = shell.replace(/^node /, `node ${[...nodeFlags, ''].join(' ')}`)
  const child = spawn('sh', ['-c', `exec ${pin(BROKER_CORE)} ${flagged}`], {
    cwd: REPOSITORY,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  }
  const stop = () => stopBroker(child, directory)
  if (!(await listens(ports.tcp, child))) {
    await stop()
    throw new Error(`${name} does not listen on port ${ports.tcp}:\n${output.trim()}`)
  }
  const offered = Object.fromEntries(transports.map((transport) => [transport, ports[transport]]))
  return { pid: child.pid as number, ports: offered, qosMax, isNode, output: () => output, stop }
}

/** The words to put before a command to keep it on one core; none where taskset is missing. */
export function pin(core: string): string {
  return spawnSync('taskset', ['-V']).status === 0 ? `taskset -c ${core}` : ''
}

function commandFor(name: string, place: Place): Command {
  const known = KNOWN[name]
  if (known) return known(place)
  const shell = name.replaceAll('PORT', String(place.ports.tcp)).replaceAll('TMP', place.directory)
  return { shell, transports: ['tcp'] }
}

function wasmqttCommand(place: Place, access: object = {}): Command {
  const { directory, ports, hasCertificate, limits } = place
  const config: Record<string, unknown> = { anonymous: true, ...access }
  if (limits.queueMessages) config.queueMessagesMax = limits.queueMessages
  if (hasCertificate) {
    const tls = { certificate: join(directory, 'cert.pem'), key: join(directory, 'key.pem') }
    config.listeners = [{ type: 'mqtt', host: '127.0.0.1', port: ports.tls, tls }]
  }
  const file = join(directory, 'wasmqtt.json')
  writeFileSync(file, JSON.stringify(config))
  const options = `--host 127.0.0.1 -p ${ports.tcp} --ws-port ${ports.ws} --admin-port off`
  return {
    shell: `node dist/main.js ${options} --data ${directory}/data -c ${file}`,
    transports: hasCertificate ? ['tcp', 'ws', 'tls'] : ['tcp', 'ws'],
  }
}

function mosquittoCommand(place: Place, more: readonly string[] = []): Command {
  const { directory, ports, hasCertificate, limits } = place
  const { qos2Window = 0 } = limits
  const lines = [
    'persistence false',
    'log_type none',
    'allow_anonymous true',
    'max_queued_messages 0',
    ...more,
    `listener ${ports.tcp} 127.0.0.1`,
    `listener ${ports.ws} 127.0.0.1`,
    'protocol websockets',
  ]
  if (qos2Window > 20) lines.push(`max_inflight_messages ${qos2Window}`)
  if (hasCertificate) {
    lines.push(`listener ${ports.tls} 127.0.0.1`)
    lines.push(`certfile ${directory}/cert.pem`, `keyfile ${directory}/key.pem`)
  }
  // Mosquitto gives up root's rights before it reads the key; log_type none hides why.
  if (process.getuid?.() === 0) lines.push('user root')
  const file = join(directory, 'mosquitto.conf')
  writeFileSync(file, `${lines.join('\n')}\n`)
  const transports: Transport[] = hasCertificate ? ['tcp', 'ws', 'tls'] : ['tcp', 'ws']
  return { shell: `mosquitto -c ${file}`, transports }
}

function forwardCommand({ ports }: Place, mode: string): Command {
  const shell = `node --import tsx ${FORWARD} ${ports.tcp} ${mode}`
  return { shell, transports: ['tcp'], qosMax: 0 }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ports.push((server.address() as { port: number }).port)
  }
  for (const server of servers) server.close()
  return ports
}

async function listens(port: number, child: ChildProcess): Promise<boolean> {
  const deadlineMs = Date.now() + START_SECONDS_MAX * 1000
  while (Date.now() < deadlineMs && child.exitCode === null) {
    if (await accepts(port)) return true
    await sleep(50)
  }
  return false
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function stopBroker(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const closed = once(child, 'exit')
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
    await closed
    clearTimeout(timer)
  }
  rmSync(directory, { recursive: true, force: true })
}
