// What ends the program because of how it was called: shown to the user as it is, without a stack.
// Thrown by the files of this folder, printed in main.ts.

/** One line for each thing that is wrong. */
export class Failure extends Error {
  readonly code: string
  readonly lines: readonly string[]

  constructor(code: string, lines: readonly string[]) {
    super(lines.join('; '))
    this.name = 'Failure'
    this.code = code
    this.lines = lines
  }
}
