// The HTTP hook: another program decides who may connect and what they may do. A POST with JSON, a
// bounded time, remembered answers; whatever goes wrong is a no. What is sent and what is expected
// stands in README.md of this folder.

import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { REASON_NOT_AUTHORIZED, REASON_SERVER_BUSY } from '../../assembly/codes.ts'
import type { Applicant } from '../broker/access.ts'
import type { HttpHookConfig } from '../config/config.ts'
import type { Log } from '../config/options.ts'
import { type Authenticator, type Identity, NOT_MINE, type Verdict } from './authenticator.ts'
import { judgesOf } from './claims.ts'
import type { Judge, Opinion, Subject } from './judge.ts'

const TIMEOUT_MS = 5000
const CACHE_SECONDS = 60
const REMEMBERED = 10_000
/** Questions under way, and those that wait for one of them. */
const RUNNING_MAX = 256
const WAITING_MAX = 10_000
/** Between two log lines about questions that got no answer. */
const LOG_MS = 1000
const ANSWER_BYTES_MAX = 64 * 1024

/** What the other program answers. */
interface HookAnswer {
  result: 'allow' | 'deny' | 'ignore'
  username?: string
  clientId?: string
  /** Seconds since the epoch. */
  expiresAt?: number
  rules?: unknown
}

/** Asks one URL, and remembers. */
class Hook {
  private readonly config: HttpHookConfig
  private readonly log: Log | undefined
  private readonly known: LRUCache<string, HookAnswer> | undefined
  /** Questions that have been asked and not answered yet. */
  private readonly asked: Map<string, Promise<HookAnswer | undefined>> = new Map()
  private readonly waiting: (() => void)[] = []
  private running = 0
  private failures = 0
  private loggedAt = 0

  constructor(config: HttpHookConfig, log: Log | undefined) {
    this.config = config
    this.log = log
    const ttl = (config.cacheSeconds ?? CACHE_SECONDS) * 1000
    if (ttl > 0) this.known = new LRUCache({ max: REMEMBERED, ttl })
  }

  get isBusy(): boolean {
    return this.waiting.length > 0
  }

  /** @returns undefined when it could not be asked */
  ask(question: object): HookAnswer | Promise<HookAnswer | undefined> {
    const body = JSON.stringify(question)
    const key = createHash('sha256').update(body).digest('base64')
    const known = this.known?.get(key) ?? this.asked.get(key)
    if (known !== undefined) return known
    if (this.waiting.length >= WAITING_MAX) return Promise.resolve(undefined)
    const answer = this.post(body, key).finally(() => this.asked.delete(key))
    this.asked.set(key, answer)
    return answer
  }

  private async post(body: string, key: string): Promise<HookAnswer | undefined> {
    const { headers, timeoutMs = TIMEOUT_MS, url } = this.config
    if (this.running < RUNNING_MAX) this.running++
    else await new Promise<void>((resolve) => this.waiting.push(resolve))
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
      const text = await textOf(response)
      if (!response.ok) throw new Error(`status ${response.status}`)
      const answer = answerOf(JSON.parse(text))
      this.known?.set(key, answer)
      return answer
    } catch (error) {
      this.fail(error as Error)
      return undefined
    } finally {
      const next = this.waiting.shift()
      if (next === undefined) this.running--
      else next()
    }
  }

  /** Says why there was no answer, but not as often as there may be questions. */
  private fail({ cause, message }: Error): void {
    this.failures++
    const now = Date.now()
    if (now - this.loggedAt < LOG_MS) return
    this.loggedAt = now
    const { origin, pathname } = new URL(this.config.url) // what follows may be a secret
    const error = cause instanceof Error ? cause.message : message
    const facts = { url: `${origin}${pathname}`, error, failures: this.failures }
    this.log?.('error', 'the HTTP hook could not be asked', facts)
  }
}

/** @throws Error when it is longer than any answer has to be */
async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > ANSWER_BYTES_MAX) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** @throws Error when the other program has not answered what it was asked */
function answerOf(value: unknown): HookAnswer {
  const { clientId, expiresAt, result, username } = (value ?? {}) as HookAnswer
  if (!['allow', 'deny', 'ignore'].includes(result)) {
    throw new Error('expected {"result": "allow" | "deny" | "ignore"}')
  }
  const isName = (name: unknown): boolean =>
    name === undefined || (typeof name === 'string' && name !== '' && !name.includes('\0'))
  if (!isName(username)) throw new Error('username: expected a string that is not empty')
  if (!isName(clientId)) throw new Error('clientId: expected a string that is not empty')
  if (expiresAt !== undefined && !Number.isFinite(expiresAt)) {
    throw new Error('expiresAt: expected seconds since the epoch')
  }
  return value as HookAnswer
}

export class HookAuthenticator implements Authenticator {
  readonly type = 'http'
  private readonly hook: Hook

  constructor(config: HttpHookConfig, log: Log | undefined) {
    this.hook = new Hook(config, log)
  }

  judge(applicant: Applicant): Verdict | Promise<Verdict> {
    const { clientId, listener, origin, password, username, version } = applicant
    if (this.hook.isBusy) return { refused: REASON_SERVER_BUSY }
    const { address, certificate, isSecure } = origin
    const answer = this.hook.ask({
      action: 'connect',
      clientId,
      username,
      password: password?.toString('utf8'),
      version,
      listener,
      address,
      isSecure,
      commonName: certificate?.commonName,
    })
    if (!(answer instanceof Promise)) return verdictOf(answer, username)
    return answer.then((later) => verdictOf(later, username))
  }
}

function verdictOf(answer: HookAnswer | undefined, username: string | undefined): Verdict {
  if (answer?.result === 'ignore') return NOT_MINE
  if (answer?.result !== 'allow') return { refused: REASON_NOT_AUTHORIZED }
  const { clientId, expiresAt, rules } = answer
  try {
    const identity: Identity = {
      username: answer.username ?? username,
      judges: judgesOf(rules),
      ...(clientId !== undefined && { clientId }),
      ...(expiresAt !== undefined && { expiresAt: expiresAt * 1000 }),
    }
    return identity
  } catch {
    return { refused: REASON_NOT_AUTHORIZED }
  }
}

export class HookJudge implements Judge {
  private readonly hook: Hook
  private readonly timer: NodeJS.Timeout | undefined

  /** @param revise called when answers remembered elsewhere are to be asked for again */
  constructor(config: HttpHookConfig, log: Log | undefined, revise: () => void) {
    this.hook = new Hook(config, log)
    const seconds = Math.max(config.cacheSeconds ?? CACHE_SECONDS, 1)
    this.timer = setInterval(revise, seconds * 1000).unref()
  }

  close(): void {
    clearInterval(this.timer)
  }

  publish(subject: Subject, topic: string): Opinion | Promise<Opinion> {
    return this.decide('publish', subject, topic)
  }

  subscribe(subject: Subject, filter: string): Opinion | Promise<Opinion> {
    return this.decide('subscribe', subject, filter)
  }

  private decide(action: string, subject: Subject, topic: string): Opinion | Promise<Opinion> {
    const { clientId, listener, origin, username } = subject
    const { address } = origin
    const answer = this.hook.ask({ action, clientId, username, listener, address, topic })
    if (!(answer instanceof Promise)) return opinionOf(answer)
    return answer.then(opinionOf)
  }
}

function opinionOf(answer: HookAnswer | undefined): Opinion {
  if (answer?.result === 'ignore') return undefined
  return answer?.result === 'allow' ? 'allow' : 'deny'
}
