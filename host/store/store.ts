// The Store contract: where sessions, messages and retained messages would survive the process. The
// broker keeps its state in the module and in Session objects, tells the store what changes, and
// acknowledges only what the store has committed.

export interface Store {
  /** `memory` = nothing outlives the process, `process` = survives its end, `disk` = a power cut. */
  readonly durability: 'memory' | 'process' | 'disk'
  /**
   * Makes everything told so far as safe as `durability` promises.
   * @returns undefined when there is nothing to wait for
   */
  commit(): Promise<void> | undefined
  close(): Promise<void>
}
