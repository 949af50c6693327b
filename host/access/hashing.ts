// Password checks, few at a time: a hash takes a thread of the pool that the store and its syncs
// use too, so a flood of logins may fill a queue but never the pool. One for all
// authenticators of a broker.

import { verifyPassword } from './hashes.ts'

/** Of the four threads of the pool. */
const RUNNING_MAX = 2
const WAITING_MAX = 4096

export class Hashing {
  private running = 0
  private readonly waiting: (() => void)[] = []

  /** @returns undefined when too many are waiting already: whoever asks should come back later */
  check(password: Buffer, hash: string): Promise<boolean> | undefined {
    return this.waiting.length < WAITING_MAX ? this.run(password, hash) : undefined
  }

  private async run(password: Buffer, hash: string): Promise<boolean> {
    if (this.running < RUNNING_MAX) this.running++
    else await new Promise<void>((resolve) => this.waiting.push(resolve))
    try {
      return await verifyPassword(password, hash)
    } finally {
      const next = this.waiting.shift()
      if (next === undefined) this.running--
      else next()
    }
  }
}
