// Seeded randomness of the fuzzers: the same seed gives the same inputs on every machine, and what
// is done with an input depends on its bytes alone, so that the bytes are all it takes to do it
// again.

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** xorshift128 of 32-bit words: four words of state, seeded by splitmix. */
export class Random {
  private a = 0
  private b = 0
  private c = 0
  private d = 0

  constructor(seed: number, stream = 0) {
    this.seed(seed, stream)
  }

  /** Two numbers, so that input number `stream` of a seed needs none of those before it. */
  seed(seed: number, stream: number): void {
    let state = Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0
      let word = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
      return word ^ (word >>> 15)
    }
    this.a = next()
    this.b = next()
    this.c = next()
    this.d = next() | 1
  }

  /** Any 32 bits, unsigned. */
  word(): number {
    let t = this.d
    t ^= t << 11
    t ^= t >>> 8
    this.d = this.c
    this.c = this.b
    this.b = this.a
    this.a = t ^ this.a ^ (this.a >>> 19)
    return this.a >>> 0
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.word() / 0x100000000) * limit)
  }

  /** An integer from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let i = 0; i < length; i++) bytes[i] = this.below(256)
    return bytes
  }
}

/** FNV-1a: what an input seeds its own randomness with. */
export function hashOf(bytes: Uint8Array): number {
  let hash = FNV_OFFSET
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), FNV_PRIME)
  return hash >>> 0
}
