// What a running broker can be asked over its control socket. Each verb is one entry here; its
// arguments and answers are described in README.md.

import { type BanPlace, banVerbs } from '../admin/bans.ts'
import { type Call, ControlError, type Verbs } from '../admin/control.ts'
import { deviceVerbs } from '../admin/devices.ts'
import type { TraceOptions } from '../admin/trace.ts'
import type { Broker } from '../index.ts'
import type { Runtime } from './runtime.ts'

export function verbsOf(runtime: Runtime): Verbs {
  const verbs: Verbs = new Map()
  verbs.set('status', () => runtime.status())
  verbs.set('reload', async () => ({ lines: await runtime.reload() }))
  verbs.set('save', async () => {
    await runtime.broker.save()
  })
  verbs.set('trace', (args, call) => trace(runtime.broker, args, call))
  verbs.set('subscriptions', (_, { line }) => {
    for (const text of runtime.broker.subscriptionTree()) line(text)
  })
  const disconnect: BanPlace['disconnect'] = (isMeant) => runtime.broker.disconnect(isMeant)
  const { devices, manager } = runtime.policies
  const more = [banVerbs({ bans: manager.bans, disconnect }), deviceVerbs(devices)]
  return new Map([...verbs, ...more.flatMap((some) => [...some])])
}

/** Streams until the caller goes, or a limit is reached. */
async function trace(broker: Broker, args: Record<string, unknown>, call: Call): Promise<object> {
  const options: TraceOptions = {
    ...text(args, 'client'),
    ...text(args, 'topic'),
    ...text(args, 'address'),
    ...(args.payload === true && { payload: true }),
    ...number(args, 'packetsMax'),
    ...number(args, 'secondsMax'),
    file: (line) => call.line(line),
  }
  const running = broker.trace(options)
  call.signal.addEventListener('abort', () => void running.close(), { once: true })
  await running.ended
  return { packets: running.packets }
}

function text<K extends string>(args: Record<string, unknown>, key: K): { [P in K]?: string } {
  return of(args, key, 'string') as { [P in K]?: string }
}

function number<K extends string>(args: Record<string, unknown>, key: K): { [P in K]?: number } {
  return of(args, key, 'number') as { [P in K]?: number }
}

function of(args: Record<string, unknown>, key: string, type: string): Record<string, unknown> {
  const value = args[key]
  if (value === undefined) return {}
  if (typeof value === type) return { [key]: value }
  throw new ControlError('WASMQTT_CONTROL', [`${key}: expected a ${type}`])
}
