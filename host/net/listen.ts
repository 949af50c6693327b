// What every listener has in common: binding with a long backlog, the address really bound, and a
// close that does not wait for connections. Used by tcp, websocket and the admin listener; knows
// nothing of what runs on the connections.

import type { AddressInfo, Server } from 'node:net'
import type { Log } from '../config/options.ts'
import { joinAddress } from './addresses.ts'
import type { Listener } from './transport.ts'
import { clearStale, setMode, withMode } from './unix.ts'

export interface ListenOptions {
  /** Address or name to bind; not used with `socket`. */
  host?: string | undefined
  /** 0 = any free port. */
  port?: number | undefined
  /** Whether `::` leaves IPv4 alone. */
  ipv6Only?: boolean | undefined
  /** Path of a unix socket, in place of host and port. */
  socket?: string | undefined
  /** Its permissions; left out: as the process's umask says. */
  socketMode?: number | undefined
  /** Told when accepting fails (no file descriptor is left, for example). */
  log?: Log | undefined
}

/** What stands between a listener and its connections, see gates.ts. */
export interface Refreshable {
  refresh(): void
  close(): void
}

/** Connections the kernel holds until the loop comes round; it may lower this (somaxconn). */
const BACKLOG = 4096

/** Binds `server`; rejects with the system's error when that fails (EADDRINUSE, EACCES, …). */
export async function listenOn(
  server: Server,
  options: ListenOptions,
  scheme: string,
  path = '',
  gates?: Refreshable,
): Promise<Listener> {
  try {
    await (options.socket === undefined ? bind(server, options) : bindUnix(server, options))
  } catch (error) {
    gates?.close()
    throw error
  }
  const { log, socket } = options
  const bound = server.address() as AddressInfo | string
  const port = typeof bound === 'string' ? 0 : bound.port
  const url =
    typeof bound === 'string'
      ? unixUrl(scheme, bound, path)
      : `${scheme}://${joinAddress(bound.address, port)}${path}`
  server.on('error', (error) => log?.('error', 'accepting failed', { url, error: error.message }))
  return {
    url,
    port,
    socket,
    refresh: () => gates?.refresh(),
    close: () => {
      gates?.close()
      return stopListening(server)
    },
  }
}

function unixUrl(scheme: string, socket: string, path: string): string {
  if (scheme === 'unix') return `unix://${socket}`
  return `${scheme}+unix://${socket}${path === '' ? '' : `:${path}`}`
}

function bind(server: Server, { host, port, ipv6Only }: ListenOptions): Promise<void> {
  return listening(server, () => server.listen({ host, port, ipv6Only, backlog: BACKLOG }))
}

async function bindUnix(server: Server, { socket, socketMode }: ListenOptions): Promise<void> {
  const path = socket as string
  await clearStale(path)
  await listening(server, () => {
    withMode(socketMode, () => server.listen({ path, backlog: BACKLOG }))
  })
  setMode(path, socketMode)
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    listen()
  })
}

/** `close` stops listening at once; its callback would wait for the connections. */
function stopListening(server: Server): Promise<void> {
  server.close()
  return Promise.resolve()
}
