// What is allowed in a configuration but hardly meant: shown by `wasmqtt check` and at the start.
// Called by read.ts with a configuration that has no mistakes.

import type { Config, ListenerConfig } from './config.ts'
import type { Mistake } from './mistake.ts'

export function findWarnings(config: Config): Mistake[] {
  return (config.listeners ?? []).flatMap((listener, i) => {
    if (isClosed(listener, config)) {
      const problem =
        'lets nobody in: anonymous clients are refused, and there is no authentication'
      return [{ path: ['listeners', i], problem }]
    }
    return []
  })
}

function isClosed(listener: ListenerConfig, config: Config): boolean {
  const anonymous = listener.anonymous ?? config.anonymous ?? false
  const steps = listener.authentication ?? config.authentication ?? []
  return !anonymous && steps.length === 0 && listener.tls?.pskFile === undefined
}
