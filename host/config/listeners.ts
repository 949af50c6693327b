// Contradictions in listeners: a place to listen that is none, two or taken, keys of WebSocket or
// TLS where there is none. Called by contradictions.ts.

import { isObject, type Mistake, type Path } from './mistake.ts'

type Values = Record<string, unknown>

const WEB_SOCKET_KEYS = ['path', 'origins', 'trustedProxies']
const ADDRESS_KEYS = ['host', 'port', 'interface', 'family', 'noDelay']
const ADMIN_PORT = 18083

export function findListenerContradictions(
  listeners: readonly unknown[],
  admin: Values | undefined,
): Mistake[] {
  return [
    ...listeners.flatMap((listener, i) =>
      isObject(listener) ? findInListener(listener, ['listeners', i]) : [],
    ),
    ...findTaken(listeners, admin),
  ]
}

function findInListener(listener: Values, path: Path): Mistake[] {
  const mistakes = [...findPlace(listener, path)]
  const add = (key: string, problem: string): void => {
    mistakes.push({ path: [...path, key], problem, at: 'key' })
  }
  if (listener.type === 'mqtt') {
    for (const key of WEB_SOCKET_KEYS)
      if (key in listener) add(key, 'is for type: ws, not for mqtt')
  }
  if (listener.proxyRequiresTls === true && listener.proxyProtocol !== 'v2') {
    add('proxyRequiresTls', 'needs proxyProtocol: v2, which alone tells of TLS')
  }
  const tls = isObject(listener.tls) ? listener.tls : undefined
  if (tls !== undefined) mistakes.push(...findTls(tls, [...path, 'tls']))
  return [...mistakes, ...findCertificateSteps(listener, tls, path)]
}

function findPlace(listener: Values, path: Path): Mistake[] {
  if ('socket' in listener) {
    return ADDRESS_KEYS.filter((key) => key in listener).map((key) => ({
      path: [...path, key],
      problem: 'cannot stand beside socket, which takes the place of an address',
      at: 'key',
    }))
  }
  const mistakes: Mistake[] = []
  if (!('port' in listener))
    mistakes.push({ path, problem: 'expected port or socket, got neither' })
  if ('socketMode' in listener) {
    mistakes.push({ path: [...path, 'socketMode'], problem: 'needs socket', at: 'key' })
  }
  const { host, family } = listener
  const other = family === 'ipv4' ? /:/ : /^\d+(\.\d+){3}$/
  if (typeof host === 'string' && family !== undefined && other.test(host)) {
    const problem = `is not of host ${host}; leave it out`
    mistakes.push({ path: [...path, 'family'], problem })
  }
  return mistakes
}

/** A step that needs client certificates, or TLS-PSK, on a listener that asks for neither. */
function findCertificateSteps(listener: Values, tls: Values | undefined, path: Path): Mistake[] {
  const steps = Array.isArray(listener.authentication) ? listener.authentication : []
  const asks = tls !== undefined && (asksForCertificate(tls) || 'pskFile' in tls)
  return steps.flatMap((step, i) =>
    isObject(step) && step.type === 'certificate' && !asks
      ? [
          {
            path: [...path, 'authentication', i, 'type'],
            problem:
              'needs tls.clientCertificate (required or optional) or tls.pskFile on this listener',
          },
        ]
      : [],
  )
}

/** Key of TLS, and the keys of which it needs one. */
const TLS_NEEDS: [string, string[]][] = [
  ['key', ['certificate']],
  ['certificate', ['key']],
  ['keyPassphraseFile', ['key']],
  ['crl', ['ca', 'caDirectory']],
  ['ignoreClientDates', ['ca', 'caDirectory']],
  ['pskHint', ['pskFile']],
]
const PSK_EXCLUDES = ['certificate', 'key', 'names', 'ca', 'caDirectory', 'clientCertificate']

function findTls(tls: Values, path: Path): Mistake[] {
  const mistakes: Mistake[] = []
  const add = (key: string, problem: string): void => {
    mistakes.push({ path: [...path, key], problem, at: 'key' })
  }
  for (const [key, needs] of TLS_NEEDS) {
    if (key in tls && !needs.some((need) => need in tls)) add(key, `needs ${needs.join(' or ')}`)
  }
  const isPsk = 'pskFile' in tls
  if (isPsk) {
    const problem = 'cannot stand beside pskFile: TLS-PSK takes the place of certificates'
    for (const key of PSK_EXCLUDES) if (key in tls) add(key, problem)
  }
  if (!isPsk && !('certificate' in tls) && !('key' in tls)) {
    const problem = 'expected certificate and key, or pskFile, got neither'
    mistakes.push({ path, problem, at: 'key' })
  }
  if (asksForCertificate(tls) && !('ca' in tls) && !('caDirectory' in tls) && !isPsk) {
    add('clientCertificate', `${tls.clientCertificate} needs ca or caDirectory`)
  }
  const identities = isPsk ? ['clientIdFrom'] : ['usernameFrom', 'clientIdFrom']
  for (const key of identities) {
    if (key in tls && !asksForCertificate(tls)) {
      add(key, 'needs clientCertificate: required or optional')
    }
  }
  return [...mistakes, ...findTwice(tls.names, 'name', [...path, 'names'])]
}

function asksForCertificate({ clientCertificate }: Values): boolean {
  return clientCertificate === 'required' || clientCertificate === 'optional'
}

function findTwice(list: unknown, key: string, path: Path): Mistake[] {
  const seen = new Map<unknown, number>()
  return (Array.isArray(list) ? list : []).flatMap((entry, i) => {
    const value = isObject(entry) ? entry[key] : undefined
    const first = seen.get(value)
    if (typeof value === 'string' && first === undefined) seen.set(value, i)
    if (first === undefined) return []
    return [{ path: [...path, i, key], problem: `is that of ${path.at(-1)}[${first}], too` }]
  })
}

/** Where something listens: a socket's path, or port, interface and address. */
interface Spot {
  name: string
  path: Path
  socket: unknown
  port: unknown
  interface: unknown
  host: string
  family: unknown
}

function findTaken(listeners: readonly unknown[], admin: Values | undefined): Mistake[] {
  const spots = listeners.flatMap((listener, i) =>
    isObject(listener) ? [spotOf(listener, `listeners[${i}]`, ['listeners', i])] : [],
  )
  // The console stands on loopback, where a listener of every address stands, too.
  if (admin !== undefined) {
    const host = admin.host ?? '127.0.0.1'
    spots.push(spotOf({ port: ADMIN_PORT, ...admin, host }, 'admin', ['admin']))
  }
  const taken = spots.flatMap((spot, i) => {
    const other = spots.slice(0, i).find((earlier) => isSame(earlier, spot))
    if (other === undefined) return []
    const key = spot.socket === undefined ? 'port' : 'socket'
    return [{ path: [...spot.path, key], problem: describeTaken(spot, other) }]
  })
  return [...taken, ...findTwice(listeners, 'name', ['listeners'])]
}

function spotOf(values: Values, name: string, path: Path): Spot {
  const { socket, port, interface: device, host, family } = values
  return {
    name,
    path,
    socket,
    port,
    interface: device,
    host: typeof host === 'string' ? host : '*',
    family,
  }
}

/** Every address takes the port from each single one. */
function isSame(a: Spot, b: Spot): boolean {
  if (typeof a.socket === 'string' || typeof b.socket === 'string') return a.socket === b.socket
  if (typeof a.port !== 'number' || a.port === 0) return false
  if (a.port !== b.port || a.interface !== b.interface) return false
  const [ours, theirs] = [familyOf(a), familyOf(b)]
  if (ours !== undefined && theirs !== undefined && ours !== theirs) return false
  return a.host === b.host || isEvery(a) || isEvery(b)
}

function isEvery({ host }: Spot): boolean {
  return host === '*' || host === '0.0.0.0' || host === '::'
}

function familyOf({ host, family }: Spot): 'ipv4' | 'ipv6' | undefined {
  if (family === 'ipv4' || family === 'ipv6') return family
  if (host.includes(':')) return 'ipv6'
  return /^\d+(\.\d+){3}$/.test(host) ? 'ipv4' : undefined
}

function describeTaken(spot: Spot, other: Spot): string {
  if (spot.socket !== undefined) return `is taken by ${other.name}`
  const at = other.host === '*' ? 'every address' : other.host
  return `${spot.port} is taken by ${other.name} at ${at}`
}
