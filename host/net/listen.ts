// What every listener on a TCP port has in common: binding with a long backlog, the address really
// bound, and a close that does not wait for connections. Used by tcp, websocket and the admin
// listener; knows nothing of what runs on the connections.

import type { AddressInfo, Server } from 'node:net'
import type { Log } from '../config/options.ts'
import type { Listener } from './transport.ts'

export interface ListenOptions {
  host: string
  /** 0 = any free port. */
  port: number
  /** Told when accepting fails (no file descriptor is left, for example). */
  log?: Log | undefined
}

/** Connections the kernel holds until the loop comes round; it may lower this (somaxconn). */
const BACKLOG = 4096

/** Binds `server`; rejects with the system's error when that fails (EADDRINUSE, EACCES, …). */
export async function listenOn(
  server: Server,
  { host, port, log }: ListenOptions,
  scheme: string,
  path = '',
): Promise<Listener> {
  await bind(server, host, port)
  const bound = server.address() as AddressInfo
  const url = `${scheme}://${joinAddress(bound.address, bound.port)}${path}`
  server.on('error', (error) => log?.('error', 'accepting failed', { url, error: error.message }))
  return { url, port: bound.port, close: () => stopListening(server) }
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** `close` stops listening at once; its callback would wait for the connections. */
function stopListening(server: Server): Promise<void> {
  server.close()
  return Promise.resolve()
}

/** `127.0.0.1:1883`, `[::1]:1883`; IPv4 in IPv6 clothes is shown as IPv4. */
export function joinAddress(address: string, port: number): string {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`
}
