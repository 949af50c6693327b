// A listener under test, its accepted peers, and the clients and log lines that belong to it. Used
// by the tests of this folder; closes all of it.

import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import type { ListenerConfig } from '../../host/config/config.ts'
import type { Log, LogLevel } from '../../host/config/options.ts'
import { openListener } from '../../host/net/open.ts'
import type { Listener } from '../../host/net/transport.ts'
import { type Peer, Peers } from '../peers.ts'

export interface Line {
  level: LogLevel
  message: string
  facts: Record<string, unknown>
}

/** What a client of TLS came to: its socket, or why it was refused. */
export type Handshake = { client: TLSSocket; error?: undefined } | { error: string }

export class Bench {
  readonly lines: Line[] = []
  listener!: Listener
  readonly #peers = new Peers()
  readonly #clients: Socket[] = []
  #wake: () => void = () => {}

  static async open(config: ListenerConfig, timeoutMs = 10_000): Promise<Bench> {
    const bench = new Bench()
    const shared = { log: bench.#log, frameBytesMax: 1024 * 1024, requestTimeoutMs: timeoutMs }
    const all: ListenerConfig = { host: '127.0.0.1', ...config }
    bench.listener = await openListener(all, shared, bench.#peers.accept)
    return bench
  }

  readonly #log: Log = (level, message, facts) => {
    this.lines.push({ level, message, facts })
    this.#wake()
  }

  accepted(): Promise<Peer> {
    return this.#peers.next()
  }

  /** The first line with this message. */
  async line(message: string): Promise<Line> {
    for (;;) {
      const found = this.lines.find((line) => line.message === message)
      if (found !== undefined) return found
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Connected by TCP or to the unix socket. */
  async connect(): Promise<Socket> {
    const { port, socket: path } = this.listener
    const socket = path === undefined ? connectTcp(port, '127.0.0.1') : connectTcp(path)
    this.track(socket)
    await once(socket, 'connect')
    return socket
  }

  track<T extends Socket>(client: T): T {
    this.#clients.push(client)
    client.on('error', () => {})
    return client
  }

  /** A finished handshake of a client that trusts `ca`. */
  async client(options: ConnectionOptions = {}): Promise<TLSSocket> {
    const found = await this.handshake(options)
    if (found.error !== undefined) throw new Error(found.error)
    return found.client
  }

  /** A handshake that may fail: with its error's code, or `closed`. */
  handshake(options: ConnectionOptions = {}): Promise<Handshake> {
    const client = this.track(
      connectTls({ port: this.listener.port, host: '127.0.0.1', ...options } as ConnectionOptions),
    )
    return new Promise((resolve) => {
      client.once('secureConnect', () => resolve({ client }))
      client.once('error', (error: NodeJS.ErrnoException) => {
        resolve({ error: error.code ?? error.message })
      })
      client.once('close', () => resolve({ error: 'closed' }))
    })
  }

  /** A client, and what it became here. */
  async pair(options: ConnectionOptions = {}): Promise<{ client: TLSSocket; peer: Peer }> {
    const [client, peer] = await Promise.all([this.client(options), this.accepted()])
    return { client, peer }
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy()
    await this.listener.close()
  }
}

/** What a program that only sees bytes would: everything up to the end. */
export async function readAll(client: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  client.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(client, 'end')
  return Buffer.concat(chunks)
}
