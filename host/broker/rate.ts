// How much one connection may send: two token buckets, for messages and for bytes. Made only where
// the listener limits rates; the connection stops reading while one of them is empty.

import type { Policy } from './policy.ts'

export class Rate {
  private readonly policy: Policy
  private messages: number
  private bytes: number
  private since: number

  /** @param now milliseconds */
  constructor(policy: Policy, now: number) {
    this.policy = policy
    this.messages = policy.messagesPerSecond * policy.burstSeconds
    this.bytes = policy.bytesPerSecond * policy.burstSeconds
    this.since = now
  }

  static of(policy: Policy, now: number): Rate | undefined {
    const isLimited = policy.messagesPerSecond > 0 || policy.bytesPerSecond > 0
    return isLimited ? new Rate(policy, now) : undefined
  }

  /** A message of `bytes` has been taken. @returns whether the connection is over its rate now */
  spend(bytes: number, now: number): boolean {
    this.refill(now)
    this.messages--
    this.bytes -= bytes
    return this.wait() > 0
  }

  /** Milliseconds until the next message may be taken. */
  wait(): number {
    const { bytesPerSecond, messagesPerSecond } = this.policy
    const forMessages = messagesPerSecond > 0 ? -this.messages / messagesPerSecond : 0
    const forBytes = bytesPerSecond > 0 ? -this.bytes / bytesPerSecond : 0
    return Math.max(forMessages, forBytes, 0) * 1000
  }

  private refill(now: number): void {
    const { burstSeconds, bytesPerSecond, messagesPerSecond } = this.policy
    const seconds = (now - this.since) / 1000
    this.since = now
    const most = (rate: number): number => rate * burstSeconds
    this.messages = Math.min(this.messages + seconds * messagesPerSecond, most(messagesPerSecond))
    this.bytes = Math.min(this.bytes + seconds * bytesPerSecond, most(bytesPerSecond))
  }
}
