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
