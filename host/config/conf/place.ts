// Places in configuration files, and what is found wrong there. Everything else in this folder
// reports through a Report, so that one reading of a file tells all its mistakes.

export interface Place {
  readonly file: string
  readonly line: number
}

/** What is wrong with a value; whoever knows the line turns it into a mistake. */
export class ValueError extends Error {}

/** Mistakes and warnings in the order they were met, each `file:line: words`. */
export class Report {
  readonly mistakes: string[] = []
  readonly warnings: string[] = []

  mistake(at: Place, words: string): void {
    this.mistakes.push(`${at.file}:${at.line}: ${words}`)
  }

  warn(at: Place, words: string): void {
    this.warnings.push(`${at.file}:${at.line}: ${words}`)
  }
}

/** The name that takes the fewest changed letters, when they are few enough to be a slip. */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  const farthest = Math.max(2, Math.floor(word.length / 3))
  let best: string | undefined
  let least = farthest + 1
  for (const name of names) {
    const changes = countChanges(word, name)
    if (changes < least) {
      least = changes
      best = name
    }
  }
  return best
}

/** Letters inserted, removed or replaced to make one word of the other (Levenshtein). */
function countChanges(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const replaced = (above[j - 1] as number) + (one[i - 1] === other[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (above[j] as number) + 1, (row[j - 1] as number) + 1))
    }
    above = row
  }
  return above.at(-1) as number
}
