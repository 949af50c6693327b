// A command line of `pub` or `sub` that cannot be run. Thrown by the files of this folder, printed
// by the command.

/** One line; the command adds where the options are told, and exits 1. */
export class Mistake extends Error {
  readonly code: string = 'WASMQTT_USAGE'
}
