// `wasmqtt -d`: the broker goes on in a process of its own without terminal, and the one that was
// called ends when the broker listens, or says why it does not. The two talk over Node's IPC
// channel, which is closed then. Called by main.ts.

import { spawn } from 'node:child_process'
import { Failure } from './failure.ts'

/** In the environment of the process that is to be the broker. */
const MARK = 'WASMQTT_DETACHED'

type News = { ready: true } | { lines: readonly string[] }

/** Starts this program again with the same words, detached. Resolves when it listens. */
export function detach(): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, [MARK]: '1' },
  })
  return new Promise((resolve, reject) => {
    child.on('message', (news: News) => {
      if ('ready' in news) resolve()
      else reject(new Failure('WASMQTT_DAEMON', news.lines))
      child.disconnect()
      child.unref()
    })
    child.on('error', (error) => reject(new Failure('WASMQTT_DAEMON', [error.message])))
    child.on('exit', (code, signal) => {
      const how = signal ?? `exit code ${code}`
      reject(new Failure('WASMQTT_DAEMON', [`the broker ended before it listened: ${how}`]))
    })
  })
}

export function isDetached(): boolean {
  return process.env[MARK] === '1' && process.send !== undefined
}

/** Tells the process that started this one, if one waits; afterwards it is gone. */
export function report(news: News): Promise<void> {
  return new Promise((resolve) => {
    if (!isDetached()) resolve()
    else process.send?.(news, () => resolve())
  })
}
