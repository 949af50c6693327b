// Reads what strace prints of a broker and says whether each acknowledgement left after the sync
// that covers it: between the arrival of a PUBLISH and the write of its PUBACK a write to the
// journal and then a successful fdatasync or fsync must have ended.

const PUBACK = /^"@\\2/
const CALL = /^(\d+) +(\w+)\((.*)$/
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>(.*)$/

export interface SyncReport {
  acknowledgements: number
  syncs: number
  /** Acknowledgements that left before their sync. */
  early: number
}

/** @param lines of `strace -f -e trace=write,writev,fdatasync,fsync`, one publish at a time */
export function judgeSyncs(lines: readonly string[]): SyncReport {
  const report: SyncReport = { acknowledgements: 0, syncs: 0, early: 0 }
  const begun = new Map<string, string>()
  let synced = false
  for (const line of lines) {
    const resumed = RESUMED.exec(line)
    const call = resumed ?? CALL.exec(line)
    if (call === null) continue
    const [, thread = '', name = '', rest = ''] = call
    if (rest.endsWith('<unfinished ...>')) {
      begun.set(thread, rest)
      // A write may leave the process before strace sees it end: its beginning counts.
      if (name !== 'write' || !isPuback(rest)) continue
    } else if (resumed !== null && name === 'write' && isPuback(begun.get(thread) ?? '')) continue
    if ((name === 'fdatasync' || name === 'fsync') && / = 0$/.test(rest)) {
      report.syncs++
      synced = true
    } else if (name === 'write' && isPuback(rest)) {
      report.acknowledgements++
      if (!synced) report.early++
      synced = false
    }
  }
  return report
}

function isPuback(args: string): boolean {
  return PUBACK.test(args.slice(args.indexOf(',') + 1).trim())
}
