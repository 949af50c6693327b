// What the command line means beside a mosquitto.conf, which differs from what it means beside our
// own files. Called by plan.ts, at the start and by each reload.

import type { Config } from '../config/config.ts'
import type { Arguments } from './arguments.ts'

/**
 * With a mosquitto.conf only what it names is listened on: no WebSocket by default, and -p, a port
 * on loopback, is passed over as soon as the file has a listener.
 */
export function likeMosquitto(words: Arguments, { listeners }: Config): Arguments {
  if (!words.config?.endsWith('.conf')) return words
  const { port, ...rest } = words
  const isLocalOnly = listeners === undefined
  return {
    ...rest,
    ...(isLocalOnly && port !== undefined ? { port } : {}),
    wsPort: words.wsPort ?? 'off',
  }
}
