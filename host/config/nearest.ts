// The word somebody may have meant: the nearest of a list, by changed, missing, added and swapped
// letters. Upper case, dashes and underscores do not count.

/** undefined: none is near enough to be meant. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const plain = simplify(word)
  const limit = Math.max(1, Math.floor(plain.length / 3))
  let best: string | undefined
  let least = limit + 1
  for (const candidate of words) {
    const steps = distance(plain, simplify(candidate))
    if (steps < least) {
      least = steps
      best = candidate
    }
  }
  return best
}

function simplify(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '').slice(0, 80)
}

/** Of Damerau and Levenshtein, with each pair of letters swapped once. */
function distance(a: string, b: string): number {
  let twoAgo: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + same,
        swapped ? at(twoAgo, j - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    twoAgo = last
    last = row
  }
  return at(last, b.length)
}

function at(row: number[], i: number): number {
  return row[i] as number
}
