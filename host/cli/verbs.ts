// What a running broker can be asked over its control socket. Each verb is one entry here; its
// arguments and answers are described in README.md.

import type { Verbs } from '../admin/control.ts'
import type { Runtime } from './runtime.ts'

export function verbsOf(runtime: Runtime): Verbs {
  const verbs: Verbs = new Map()
  verbs.set('status', () => runtime.status())
  verbs.set('reload', async () => ({ lines: await runtime.reload() }))
  verbs.set('save', async () => {
    await runtime.broker.save()
  })
  verbs.set('subscriptions', (_, { line }) => {
    for (const text of runtime.broker.subscriptionTree()) line(text)
  })
  return verbs
}
