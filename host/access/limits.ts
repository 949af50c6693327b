// How much of the broker anybody may take before and besides publishing: connections of one address
// and of one user, CONNECTs per second, attempts after failures, and clients that come and go. What
// goes too far is refused for a while; who is on the ban list, always.

import { LRUCache } from 'lru-cache'
import {
  REASON_BANNED,
  REASON_CONNECTION_RATE_EXCEEDED,
  REASON_NOT_AUTHORIZED,
  REASON_QUOTA_EXCEEDED,
} from '../../assembly/codes.ts'
import type { Applicant, Guard } from '../broker/access.ts'
import type { LimitsConfig } from '../config/config.ts'
import type { Bans } from './bans.ts'

/** Addresses and clients of which something is remembered; the longest unseen is forgotten. */
const REMEMBERED = 100_000
/** By `max` each cache would take 4 MB and 16 ms at the start, used or not. */
const BOUND = { maxSize: REMEMBERED, sizeCalculation: (): number => 1 }
const FORGOTTEN_MS = 10 * 60_000
// A name may be tried five times from one address, an address may try twenty times; then each
// further failure doubles the time until the next attempt is looked at.
const FREE_FAILURES = 5
const FREE_FAILURES_OF_ADDRESS = 20
const BACKOFF_MAX_MS = 5 * 60_000

interface Failures {
  count: number
  until: number
}

interface Bucket {
  tokens: number
  since: number
}

export class Limits implements Guard {
  private config: LimitsConfig
  private readonly bans: Bans
  private readonly now: () => number
  private readonly addresses: Map<string, number> = new Map()
  /** Client identifiers that are connected, by user: one taken over is none more. */
  private readonly users: Map<string, Set<string>> = new Map()
  private readonly failures = new LRUCache<string, Failures>({ ...BOUND, ttl: FORGOTTEN_MS })
  /** Names that have come in from their address: others' failures there do not keep them out. */
  private readonly proven = new LRUCache<string, true>(BOUND)
  private readonly connects = new LRUCache<string, Bucket>({ ...BOUND, ttl: FORGOTTEN_MS })
  private readonly comings = new LRUCache<string, number[]>({ ...BOUND, ttl: FORGOTTEN_MS })

  /** @param now milliseconds since the epoch */
  constructor(config: LimitsConfig, bans: Bans, now: () => number) {
    this.config = config
    this.bans = bans
    this.now = now
  }

  /** Other limits from now on; what is counted stays counted. */
  reconfigure(config: LimitsConfig): void {
    this.config = config
  }

  accepts(address: string): boolean {
    if (address === '') return true // a unix socket: whoever may open it is somebody
    const count = this.addresses.get(address) ?? 0
    const { connectionsPerAddress: max = 0 } = this.config
    if ((max > 0 && count >= max) || this.bans.findAddress(address) !== undefined) return false
    this.addresses.set(address, count + 1)
    return true
  }

  gone(address: string): void {
    const count = (this.addresses.get(address) ?? 0) - 1
    if (count > 0) this.addresses.set(address, count)
    else this.addresses.delete(address)
  }

  /** @returns 0, or the reason to refuse an applicant with before anything of it is looked at */
  check(applicant: Applicant): number {
    if (this.bans.find(applicant) !== undefined) return REASON_BANNED
    if (applicant.isConnected !== true && this.isFast(applicant.origin.address)) {
      return REASON_CONNECTION_RATE_EXCEEDED
    }
    const now = this.now()
    const isWaiting = (key: string | undefined): boolean =>
      key !== undefined && (this.failures.get(key)?.until ?? 0) > now
    const [pair, whole] = failureKeys(applicant)
    const isProven = pair !== undefined && this.proven.has(pair)
    return isWaiting(pair) || (isWaiting(whole) && !isProven) ? REASON_NOT_AUTHORIZED : 0
  }

  /**
   * @param found who it is, which may be another than it says
   * @returns 0, or the reason why a client that may come in must not come in now
   */
  admit(
    applicant: Applicant,
    { clientId, username }: Pick<Applicant, 'clientId' | 'username'>,
  ): number {
    if (this.bans.find({ ...applicant, clientId, username }) !== undefined) return REASON_BANNED
    const [pair] = failureKeys(applicant)
    if (pair !== undefined) {
      this.failures.delete(pair)
      this.proven.set(pair, true)
    }
    if (applicant.isConnected === true) return 0
    const { connectionsPerUser: max = 0 } = this.config
    const clients = username === undefined ? undefined : this.users.get(username)
    const isMore = clients !== undefined && !clients.has(clientId)
    if (max > 0 && isMore && clients.size >= max) return REASON_QUOTA_EXCEEDED
    return this.isFlapping(clientId) ? REASON_BANNED : 0
  }

  /** The chain has refused an applicant. */
  failed(applicant: Applicant): void {
    const [pair, whole] = failureKeys(applicant)
    this.fail(pair, FREE_FAILURES)
    this.fail(whole, FREE_FAILURES_OF_ADDRESS)
  }

  entered(username: string | undefined, clientId: string): void {
    if (username === undefined) return
    const clients = this.users.get(username) ?? new Set()
    this.users.set(username, clients.add(clientId))
  }

  left(username: string | undefined, clientId: string): void {
    if (username === undefined) return
    const clients = this.users.get(username)
    clients?.delete(clientId)
    if (clients?.size === 0) this.users.delete(username)
  }

  private isFast(address: string): boolean {
    const { connectRate, connectRatePerAddress } = this.config
    if (!this.take('', connectRate)) return true
    return address !== '' && !this.take(`address ${address}`, connectRatePerAddress)
  }

  private fail(key: string | undefined, free: number): void {
    if (key === undefined) return
    const failures = this.failures.get(key) ?? { count: 0, until: 0 }
    failures.count++
    const beyond = failures.count - free
    if (beyond >= 0) failures.until = this.now() + Math.min(1000 * 2 ** beyond, BACKOFF_MAX_MS)
    this.failures.set(key, failures)
  }

  /** A bucket of one second's worth. @returns whether there was a token left */
  private take(key: string, rate: number | undefined): boolean {
    if (rate === undefined || rate <= 0) return true
    const now = this.now()
    const most = Math.max(rate, 1)
    const bucket = this.connects.get(key) ?? { tokens: most, since: now }
    bucket.tokens = Math.min(most, bucket.tokens + ((now - bucket.since) / 1000) * rate)
    bucket.since = now
    this.connects.set(key, bucket)
    if (bucket.tokens < 1) return false
    bucket.tokens--
    return true
  }

  /** Bans a client identifier that has connected too often within the time allowed. */
  private isFlapping(clientId: string): boolean {
    const { flapping } = this.config
    if (flapping === undefined) return false
    const now = this.now()
    const since = now - flapping.withinSeconds * 1000
    const times = (this.comings.get(clientId) ?? []).filter((time) => time > since)
    times.push(now)
    this.comings.set(clientId, times)
    if (times.length <= flapping.connects) return false
    this.comings.delete(clientId)
    const until = now + flapping.banSeconds * 1000
    this.bans.add({ kind: 'client', value: clientId, until, reason: 'flapping' }).catch(() => {})
    return true
  }
}

/**
 * A name from an address, and the address whatever the name: undefined where there is none, since
 * all who have none would pay for one.
 */
function failureKeys({ origin, username }: Applicant): [pair?: string, whole?: string] {
  const { address } = origin
  const pair = username === undefined ? undefined : `${address} ${username}`
  return [pair, address === '' ? undefined : address] as [string?, string?]
}
