// Reads the garbage collections out of what a Node process prints under --trace-gc.
// Used by main.ts for the workloads that ask for it; other brokers print none and get nothing.

const LINE = /^\[\d+:\S+\]\s+\d+ ms: (\S+).*?MB, ([\d.]+) \/ [\d.]+ +ms/gm

/** Empty when nothing was printed. */
export function longestPause(output: string): Record<string, number> {
  const pauses = [...output.matchAll(LINE)].map(([, , ms]) => Number(ms))
  if (pauses.length === 0) return {}
  return { 'longest GC pause ms': Math.max(...pauses), 'GC pauses': pauses.length }
}
