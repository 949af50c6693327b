// What is wrong with a configuration file, in words its author can act on. Thrown by the readers of
// this folder, shown by cli/ line by line; nobody needs the stack.

/** One line for each thing that is wrong: `file:line: what, and what to do`. */
export class ConfigError extends Error {
  readonly code = 'WASMQTT_CONFIG'
  readonly lines: readonly string[]

  constructor(lines: readonly string[]) {
    super(lines.join('\n'))
    this.name = 'ConfigError'
    this.lines = lines
  }
}
