// One normative statement of a specification, as the tables statements-3.1.1.ts and
// statements-5.0.ts list them. A meaning is our own one-line reading, never the
// specification's sentence; the tag leads to the sentence.

export type SpecVersion = '3.1.1' | '5.0'

/**
 * Who must obey. `both` also marks a rule for clients whose breach the server has to detect
 * and answer; `client` is a rule no server can observe, and is not counted.
 */
export type Binding = 'server' | 'client' | 'both'

export interface Row {
  readonly tag: string
  readonly binds: Binding
  readonly meaning: string
  /** Why no test can show it here; absent when tests must cover the statement. */
  readonly untestable?: string
}

export interface Statement extends Row {
  readonly version: SpecVersion
}

export function server(tag: string, meaning: string, limits?: { untestable: string }): Row {
  return { tag, binds: 'server', meaning, ...limits }
}

export function client(tag: string, meaning: string): Row {
  return { tag, binds: 'client', meaning }
}

export function both(tag: string, meaning: string, limits?: { untestable: string }): Row {
  return { tag, binds: 'both', meaning, ...limits }
}
