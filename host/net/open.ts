// Opens a listener as the configuration says it: which addresses or which unix socket, what stands
// in front of it, and which of the two transports runs on it. The only entry to this folder for
// those who own listeners.

import type { ListenerConfig } from '../config/config.ts'
import type { Log } from '../config/options.ts'
import { type Bindable, bindables } from './addresses.ts'
import type { GateOptions } from './gates.ts'
import type { ListenOptions } from './listen.ts'
import { listenTcp } from './tcp.ts'
import type { Accept, Listener } from './transport.ts'
import { listenWebSocket } from './websocket.ts'

/** What all listeners of a broker have in common. */
export interface SharedOptions {
  log: Log | undefined
  /** Most bytes of a WebSocket frame. */
  frameBytesMax: number
  /** Most milliseconds for each of: a proxy's header, the TLS handshake, the HTTP request. */
  requestTimeoutMs: number
}

/**
 * Listens, and hands each connection to `accept`. Rejects with the system's error when the address
 * cannot be bound, and with one that names key or file when the rest cannot be carried out.
 */
export async function openListener(
  config: ListenerConfig,
  shared: SharedOptions,
  accept: Accept,
): Promise<Listener> {
  const open = (place: ListenOptions): Promise<Listener> => openOn(place, config, shared, accept)
  if (config.socket !== undefined) {
    return open({ socket: config.socket, socketMode: modeOf(config), log: shared.log })
  }
  if (config.port === undefined) throw new TypeError('expected port or socket, got neither')
  const opened: Listener[] = []
  try {
    for (const at of await bindables(config)) {
      opened.push(await openAt(at, opened[0]?.port ?? config.port, shared.log, open))
    }
  } catch (error) {
    for (const listener of opened) await listener.close()
    throw error
  }
  return join(opened)
}

async function openAt(
  { host, ipv6Only, fallback }: Bindable,
  port: number,
  log: Log | undefined,
  open: (place: ListenOptions) => Promise<Listener>,
): Promise<Listener> {
  try {
    return await open({ host, port, ipv6Only, log })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const isMissing = code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL' || code === 'EINVAL'
    if (!isMissing || fallback === undefined) throw error
    return open({ host: fallback, port, log })
  }
}

function openOn(
  place: ListenOptions,
  config: ListenerConfig,
  shared: SharedOptions,
  accept: Accept,
): Promise<Listener> {
  const gates = gatesOf(config, shared)
  const { noDelay } = config
  if (config.type === 'mqtt') return listenTcp({ ...place, gates, noDelay }, accept)
  const { frameBytesMax, requestTimeoutMs } = shared
  const { origins, path, trustedProxies } = config
  return listenWebSocket(
    { ...place, gates, noDelay, path, origins, trustedProxies, frameBytesMax, requestTimeoutMs },
    accept,
  )
}

/** undefined = nothing stands between the socket and the transport. */
function gatesOf(config: ListenerConfig, shared: SharedOptions): GateOptions | undefined {
  const { proxyProtocol: version, proxyRequiresTls: requiresTls = false, tls } = config
  if (tls === undefined && version === undefined) return undefined
  const proxy = version && { version, requiresTls }
  return { proxy, tls, timeoutMs: shared.requestTimeoutMs, log: shared.log }
}

function modeOf({ socketMode }: ListenerConfig): number | undefined {
  if (socketMode === undefined) return undefined
  if (/^[0-7]{3,4}$/.test(socketMode)) return Number.parseInt(socketMode, 8)
  throw new TypeError(`socketMode: expected octal digits like 0660, got ${socketMode}`)
}

/** Several addresses of one interface are one listener to the others. */
function join(listeners: Listener[]): Listener {
  const [first] = listeners as [Listener]
  if (listeners.length === 1) return first
  return {
    url: first.url,
    port: first.port,
    refresh: async () => {
      for (const listener of listeners) await listener.refresh()
    },
    close: async () => {
      for (const listener of listeners) await listener.close()
    },
  }
}
