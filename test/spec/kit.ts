// What the chapters of test/spec stand on: `chapter` registers a test for MQTT 3.1.1 (`v4`), MQTT
// 5.0 (`v5`) or each of them (`both`), and every test gets a Scene: a broker of its own with a
// clock it drives, and raw clients. A title ends with the tags it covers, `[MQTT-3.1.0-2]`; where
// `both` means different tags, each group names its version: `[3.1.1 MQTT-3.1.2-24] [5.0
// MQTT-3.1.2-22]`.

import { suite, type Test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Policy } from '../../host/broker/policy.ts'
import { type Connect, RawClient, type Target } from '../client.ts'
import { brief } from './brief.ts'
import { type Options, type Running, startBroker, Unsupported } from './broker.ts'
import type { SpecVersion } from './statement.ts'

export type Level = 4 | 5
type Fields = Connect & Partial<Target>

/** Bytes no version of MQTT allows: packet type 0. */
const NONSENSE = Buffer.from([0x00, 0x00])
const PATIENCE_MS = Number(process.env.WASMQTT_PATIENCE_MS ?? 10_000)

export class Scene {
  readonly version: Level
  readonly #clients: RawClient[] = []
  #running: Promise<Running> | undefined

  constructor(version: Level) {
    this.version = version
  }

  /** Starts the broker with options; without this call the first client starts one without. */
  broker(options: Partial<Options> = {}, policy: Partial<Policy> = {}): Promise<Running> {
    this.#running ??= startBroker(options, policy)
    return this.#running
  }

  /** A connected client: its own id, clean, unless `fields` say otherwise. */
  async connect(fields: Fields = {}): Promise<RawClient> {
    const client = await this.open(fields)
    const connack = await client.handshake(fields)
    assert.is(connack.returnCode ?? connack.reasonCode, 0, 'CONNECT is accepted')
    return client
  }

  /** A connected client whose session outlives the connection, resumed when there is one. */
  persistent(clientId: string, fields: Fields = {}): Promise<RawClient> {
    const { properties = {}, ...rest } = fields
    const lasting = { sessionExpiryInterval: 3600, ...properties }
    const own = this.version === 5 ? { properties: lasting } : {}
    return this.connect({ clientId, clean: false, ...own, ...rest })
  }

  /** An open socket; nothing is sent. */
  async open(target: Partial<Target> = {}): Promise<RawClient> {
    const { port } = await this.broker()
    const { version = this.version, autoAck = true, path } = target
    const place = path === undefined ? { port } : { port: target.port ?? port, path }
    const client = await RawClient.open({ ...place, version, autoAck, patienceMs: PATIENCE_MS })
    this.#clients.push(client)
    return client
  }

  /** An open socket on which `bytes` have been sent. */
  async send(...bytes: Uint8Array[]): Promise<RawClient> {
    const client = await this.open()
    client.sendBytes(Buffer.concat(bytes))
    return client
  }

  /** A connected client that has sent `bytes` after its CONNACK. */
  async sendConnected(...bytes: Uint8Array[]): Promise<RawClient> {
    const client = await this.connect()
    client.sendBytes(Buffer.concat(bytes))
    return client
  }

  /** Moves the broker's clock on and lets everything that is due happen. */
  async advance(ms: number): Promise<void> {
    const { advance } = await this.broker()
    if (advance === undefined) throw new Unsupported('a clock')
    advance(ms)
  }

  /** What happens to a connection on an error: MQTT 5 tells the reason first, 3.1.1 just closes. */
  async fails(client: RawClient, reason: number): Promise<void> {
    const told = this.version === 5 ? [`disconnect ${code(reason)}`] : []
    assert.equal(await ending(client), told)
  }

  /** What happens to a bad CONNECT: MQTT 5 gives a reason, 3.1.1 a return code or nothing. */
  async refuses(client: RawClient, returnCode: number | 'silently', reason: number): Promise<void> {
    const v4 = returnCode === 'silently' ? [] : [`connack ${code(returnCode)}`]
    assert.equal(await ending(client), this.version === 5 ? [`connack ${code(reason)}`] : v4)
  }

  /** Ends a connection without DISCONNECT in a way that is over when this returns. */
  async breaks(client: RawClient): Promise<void> {
    client.sendBytes(NONSENSE)
    await client.closed
  }

  /** Publishes `topic=payload` strings in order, from a client of its own; waits for the acks. */
  async publish(...messages: string[]): Promise<void> {
    const client = await this.connect()
    await publish(client, ...messages)
    client.drop()
  }

  async end(): Promise<void> {
    for (const client of this.#clients) client.drop()
    const running = await this.#running?.catch(() => undefined)
    await running?.close()
  }
}

export function code(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`
}

/** Waits for the end of the connection; what was unread then, briefly. */
export async function ending(client: RawClient): Promise<string[]> {
  return (await client.closed).map(brief)
}

/** Everything received up to now, briefly: `publish a/b=hello q1 id1`, `suback 1 0x01`. */
export async function unread(client: RawClient): Promise<string[]> {
  return (await client.barrier()).map(brief)
}

/** The messages among everything received up to now, without packet ids: `a/b=hello q1 retain`. */
export async function inbox(client: RawClient): Promise<string[]> {
  const packets = await unread(client)
  const messages = packets.filter((text) => text.startsWith('publish '))
  return messages.map((text) => text.slice('publish '.length).replace(/ id\d+/, ''))
}

/** The next `count` messages, in the form of `inbox`; for what no barrier of ours is behind. */
export async function nextMessages(client: RawClient, count: number): Promise<string[]> {
  const messages: string[] = []
  while (messages.length < count) {
    const text = brief(await client.next('publish'))
    messages.push(text.slice('publish '.length).replace(/ id\d+/, ''))
  }
  return messages
}

const MESSAGE = /^(?<topic>[^=]*)=(?<payload>.*?)(?: q(?<qos>[012]))?(?<retain> retain)?$/

/** Publishes messages written as `inbox` returns them, QoS 1 unless said, one after the other. */
export async function publish(client: RawClient, ...messages: string[]): Promise<void> {
  for (const message of messages) {
    const { topic, payload, qos, retain } = MESSAGE.exec(message)?.groups ?? {}
    await client.publish({
      topic: topic as string,
      payload: payload as string,
      qos: Number(qos ?? 1) as 0 | 1 | 2,
      retain: retain !== undefined,
    })
  }
  await client.barrier()
}

/** The bytes of packets received, from the CONNACK (0) on, in hexadecimal. */
export function bytesOf(client: RawClient, from = 1): string[] {
  return client.received.slice(from).map((bytes) => bytes.toString('hex'))
}

export type Body = (scene: Scene) => Promise<void>
export type Register = (title: string, body: Body) => void

export interface Chapter {
  v4: Register
  v5: Register
  both: Register
  run(): void
}

/** A test as the report lists it. */
export interface Case {
  version: SpecVersion
  title: string
}

/** Filled instead of running anything while WASMQTT_SPEC_LIST is set: what report.ts reads. */
export const listed: Case[] = []

export function chapter(name: string): Chapter {
  if (process.env.WASMQTT_SPEC_LIST) return listing()
  const test = suite(`spec: ${name}`)
  const v4 = register.bind(null, test, 4)
  const v5 = register.bind(null, test, 5)
  return { v4, v5, both: together(v4, v5), run: () => test.run() }
}

function listing(): Chapter {
  const list = (version: SpecVersion, title: string): void => {
    listed.push({ version, title: titleOf(version, title) })
  }
  const v4 = list.bind(null, '3.1.1')
  const v5 = list.bind(null, '5.0')
  return { v4, v5, both: together(v4, v5), run: () => {} }
}

function together(v4: Register, v5: Register): Register {
  return (title, body) => {
    v4(title, body)
    v5(title, body)
  }
}

function register(test: Test, version: Level, title: string, body: Body): void {
  const of = version === 4 ? '3.1.1' : '5.0'
  test(`${of}: ${titleOf(of, title)}`, async () => {
    const scene = new Scene(version)
    try {
      await body(scene)
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error
      process.stdout.write(`\nthe broker under trial lacks ${error.message}: ${title}\n`)
    } finally {
      await scene.end()
    }
  })
}

/** The title with only those groups of tags that are of this version, and without its number. */
function titleOf(version: SpecVersion, title: string): string {
  return title.replaceAll(/ ?\[(3\.1\.1|5\.0) ([^\]]*)\]/g, (_, of, tags) =>
    of === version ? ` [${tags}]` : '',
  )
}
