// The broker a Scene runs against: ours in this process, with a clock the test drives, or, to try
// the tests themselves on another implementation, Debian's Mosquitto (WASMQTT_TEST_BROKER=mosquitto).

import { startMosquitto } from '../process.ts'

export type Options = Record<string, unknown>

export interface Running {
  port: number
  webSocketPort: number
  /** Moves the clock and runs what is due; absent where the clock cannot be driven. */
  advance?: (ms: number) => void
  close(): Promise<void>
}

const OTHER = process.env.WASMQTT_TEST_BROKER === 'mosquitto'

/** What a broker under trial cannot do; only Mosquitto lacks anything. */
export class Unsupported extends Error {}

export async function startBroker(options: Partial<Options>): Promise<Running> {
  if (!OTHER) throw new Error('not yet')
  if (Object.keys(options).length > 0) throw new Unsupported('options')
  const { port, wsPort, kill } = await startMosquitto()
  return { port, webSocketPort: wsPort, close: async () => void (await kill()) }
}
