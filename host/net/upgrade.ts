// Which HTTP requests may become WebSockets of MQTT, and whom they come from when a trusted proxy
// passed them on. Used by websocket.ts; answers with HTTP's status codes.

import type { IncomingMessage } from 'node:http'
import { type AddressRanges, canonicalAddress, hostOf } from './addresses.ts'
import type { Claims } from './origin.ts'

/** The second is what clients of MQTT 3.1 offered. */
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1']

export interface UpgradeRules {
  /** Where clients are accepted; `*` = everywhere. */
  path: string
  /** Origins let in, as `normalOrigin` writes them; undefined = any. */
  origins: ReadonlySet<string> | undefined
}

/** 0 when the request may upgrade, else the status to refuse it with. */
export function refusal(request: IncomingMessage, { path, origins }: UpgradeRules): number {
  if (!matchesPath(request, path)) return 404
  if (!offersMqtt(request)) return 400
  const { origin } = request.headers
  // Only browsers send one, and only they carry the user's rights to where the page comes from.
  if (origins === undefined || origin === undefined) return 0
  return origins.has(normalOrigin(origin)) ? 0 : 403
}

export function matchesPath(request: IncomingMessage, path: string): boolean {
  return path === '*' || (request.url ?? '').split('?', 1)[0] === path
}

/** `https://Example.org/` and `https://example.org` are one origin. */
export function normalOrigin(origin: string): string {
  return origin.trim().toLowerCase().replace(/\/$/, '')
}

/** A client that offers nothing is let in; one that offers only other protocols is not. */
function offersMqtt(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol']
  if (offered === undefined) return true
  return offered.split(',').some((name) => SUBPROTOCOLS.includes(name.trim()))
}

/** [MQTT-6.0.0-4] */
export function chooseSubprotocol(offered: Set<string>): string | false {
  return SUBPROTOCOLS.find((name) => offered.has(name)) ?? false
}

/**
 * What the proxies in front say: `X-Forwarded-For` from right to left as long as trusted ones wrote
 * it, so that what a client writes there itself is never believed; `X-Forwarded-Proto`.
 * @param claims what is known of the one who connected, kept where the headers say nothing
 */
export function forwardedClaims(
  request: IncomingMessage,
  trusted: AddressRanges,
  claims: Claims | undefined,
): Claims {
  return {
    remoteAddress: forwardedAddress(request, trusted) ?? claims?.remoteAddress,
    isSecure: isForwardedSecure(request) ?? claims?.isSecure ?? false,
    certificate: claims?.certificate,
  }
}

function forwardedAddress(request: IncomingMessage, trusted: AddressRanges): string | undefined {
  let found: string | undefined
  const hops = headerOf(request, 'x-forwarded-for').split(',').reverse()
  for (const hop of hops) {
    const text = hop.trim()
    const address = hostOf(text.replace(/^\[(.*)\]$/, '$1'))
    if (address === '') return found
    found = canonicalAddress(address)
    if (!trusted.has(found)) return found
  }
  return found
}

function isForwardedSecure(request: IncomingMessage): boolean | undefined {
  const last = headerOf(request, 'x-forwarded-proto').split(',').at(-1)?.trim().toLowerCase()
  if (last === '') return undefined
  return last === 'https' || last === 'wss'
}

function headerOf(request: IncomingMessage, name: string): string {
  return String(request.headers[name] ?? '')
}
