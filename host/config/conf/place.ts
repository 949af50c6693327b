// Places in configuration files, and what is found wrong there. Everything else in this folder
// reports through a Report, so that one reading of a file tells all its mistakes.

export interface Place {
  readonly file: string
  readonly line: number
}

/** What is wrong with a value; whoever knows the line turns it into a mistake. */
export class ValueError extends Error {}

/** Mistakes and warnings, `file:line: words`, by file in the order they were met and by line. */
export class Report {
  readonly #mistakes: Finding[] = []
  readonly #warnings: Finding[] = []

  get mistakes(): string[] {
    return inOrder(this.#mistakes)
  }

  get warnings(): string[] {
    return inOrder(this.#warnings)
  }

  mistake(at: Place, words: string): void {
    this.#mistakes.push({ at, words })
  }

  warn(at: Place, words: string): void {
    this.#warnings.push({ at, words })
  }
}

interface Finding {
  readonly at: Place
  readonly words: string
}

function inOrder(findings: readonly Finding[]): string[] {
  const files = findings.map(({ at }) => at.file)
  return [...findings]
    .sort((a, b) => files.indexOf(a.at.file) - files.indexOf(b.at.file) || a.at.line - b.at.line)
    .map(({ at, words }) => `${at.file}:${at.line}: ${words}`)
}
