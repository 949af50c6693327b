// What a fuzzer reports: an input, what it broke, and the command that shows it again; and how an
// input is made smaller while it still breaks the same thing.

export interface Finding {
  target: 'module' | 'broker'
  /** Number of the input in its seed, -1 when it was not one input. */
  n: number
  what: string
  input: Buffer
}

const ATTEMPTS_MAX = 3000
const HEX_MAX = 4000

/** The lines to print for a finding. */
export function describeFinding({ target, n, what, input }: Finding, seed: number): string {
  const hex = input.toString('hex')
  const command = `npm run fuzz -- --target ${target} --seed ${seed}`
  if (n < 0) return `FINDING ${target}, seed ${seed}: ${what}`
  const again = hex.length > HEX_MAX ? `--only ${n}` : `--replay ${hex}`
  const where = `${target}, seed ${seed}, input ${n}, ${input.length} bytes`
  return `FINDING ${where}: ${what}\n  ${command} ${again}`
}

/** What went wrong without its numbers and bytes: findings that say the same are one. */
export function kindOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/[0-9a-f]{4,}|-?\d+/g, '*').slice(0, 60)
}

/** The smallest input found that still breaks the same. @param breaks kind of what it breaks */
export function minimise(input: Buffer, breaks: (input: Buffer) => string | undefined): Buffer {
  const kind = breaks(input)
  // What needs the inputs before it cannot be made smaller alone.
  if (kind === undefined) return input
  let smallest = input
  let attempts = 0
  for (let size = input.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < smallest.length && attempts < ATTEMPTS_MAX; ) {
      const candidate = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)])
      attempts++
      if (breaks(candidate) === kind) smallest = candidate
      else at += size
    }
  }
  return smallest
}
