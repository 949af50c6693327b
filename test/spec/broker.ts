// The broker a Scene runs against: ours in this process, with a clock the test drives, or, to try
// the tests themselves on another implementation, Debian's Mosquitto
// (WASMQTT_TEST_BROKER=mosquitto).

import type { Policy } from '../../host/broker/policy.ts'
import { type BrokerOptions, createBroker } from '../../host/index.ts'
import { startMosquitto } from '../process.ts'

export type Options = Omit<BrokerOptions, 'clock'>

export interface Running {
  port: number
  webSocketPort: number
  /** Moves the clock and runs what is due; absent where the clock cannot be driven. */
  advance?: (ms: number) => void
  close(): Promise<void>
}

/** What a broker under trial cannot do; only Mosquitto lacks anything. */
export class Unsupported extends Error {}

const OTHER = process.env.WASMQTT_TEST_BROKER === 'mosquitto'

/** The build of the module, `debug` with WASMQTT_TEST_WASM=debug. */
const WASM = process.env.WASMQTT_TEST_WASM === 'debug' ? 'debug' : 'release'

/** 2026-01-01: a fixed beginning, so that no test depends on the day it runs. */
const BEGINNING = Date.UTC(2026, 0, 1)

/** @param policy what holds for clients beyond the options: who lets them in, for one */
export function startBroker(options: Partial<Options>, policy: Partial<Policy>): Promise<Running> {
  return OTHER ? startOther({ ...options, ...policy }) : startOurs(options, policy)
}

async function startOurs(options: Partial<Options>, policy: Partial<Policy>): Promise<Running> {
  let now = BEGINNING
  const broker = await createBroker({ wasm: WASM, ...options, clock: { now: () => now } })
  const [tcp, webSocket] = await Promise.all([
    broker.listen({ type: 'mqtt', port: 0 }, policy),
    broker.listen({ type: 'ws', port: 0 }, policy),
  ])
  const advance = (ms: number): void => {
    now += ms
    broker.tick()
  }
  const close = (): Promise<void> => broker.close()
  return { port: tcp.port, webSocketPort: webSocket.port, advance, close }
}

async function startOther(options: object): Promise<Running> {
  if (Object.keys(options).length > 0) throw new Unsupported('options')
  const { port, wsPort, kill } = await startMosquitto()
  return { port, webSocketPort: wsPort, close: async () => void (await kill()) }
}
