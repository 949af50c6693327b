// Counts a broker's system calls for a moment with strace -c. Used by loader.ts in runs of their
// own: tracing slows a broker several times over, so no other figure is taken from such a run.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export interface SyscallCounts {
  readonly syscallsPerMessage: number
  /** Calls per message by name, the frequent ones. */
  readonly syscalls: Readonly<Record<string, number>>
}

export function straceIsInstalled(): boolean {
  return spawnSync('strace', ['-V']).status === 0
}

/** Undefined when strace could not attach. */
export async function traceSyscalls(
  pid: number,
  seconds: number,
  deliveredCount: () => number,
): Promise<SyscallCounts | undefined> {
  const strace = spawn('strace', ['-c', '-f', '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let output = ''
  strace.stderr.on('data', (chunk: Buffer) => {
    output += chunk
  })
  if (!(await attached(strace))) return undefined
  const from = deliveredCount()
  await sleep(seconds * 1000)
  const delivered = deliveredCount() - from
  strace.kill('SIGINT')
  await once(strace, 'close')
  return perMessage(output, delivered)
}

async function attached(strace: ChildProcess): Promise<boolean> {
  const first = once(strace.stderr as NodeJS.ReadableStream, 'data').then(([chunk]) =>
    String(chunk),
  )
  const line = await Promise.race([first, once(strace, 'close').then(() => '')])
  return line.includes('attached')
}

/** Lines of strace -c: % time, seconds, usecs/call, calls, [errors,] name. */
function perMessage(output: string, delivered: number): SyscallCounts {
  const syscalls: Record<string, number> = {}
  let total = 0
  for (const line of output.split('\n')) {
    const [, calls, name] =
      line.match(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$/) ?? []
    if (!calls || !name || name === 'total') continue
    const each = Number(calls) / delivered
    total += each
    if (each >= 0.001) syscalls[name] = each
  }
  return { syscallsPerMessage: total, syscalls }
}
