// Synchronous calls to devices over MQTT: a request is published, the answer comes on a topic of
// its own. Kept by devices.ts.

import { randomBytes } from 'node:crypto'
import type { DeviceName } from './model.ts'

export type RrpcErrorCode =
  | 'WASMQTT_RRPC_OFFLINE'
  | 'WASMQTT_RRPC_DEAF'
  | 'WASMQTT_RRPC_TIMEOUT'
  | 'WASMQTT_RRPC_CLOSED'

export class RrpcError extends Error {
  readonly code: RrpcErrorCode

  constructor(code: RrpcErrorCode, message: string) {
    super(message)
    this.name = 'RrpcError'
    this.code = code
  }
}

/** What calls go through: the broker. */
export interface RrpcHost {
  publish(message: { topic: string; payload: Buffer | Uint8Array | string; qos: 0 | 1 }): number
  subscribe(filter: string, handler: (delivery: { payload: Buffer }) => void): { close(): void }
}

export class Calls {
  /** Ends a call with an error. */
  private readonly waiting: Set<(error: RrpcError) => void> = new Set()

  /** @throws RrpcError */
  call(
    host: RrpcHost,
    { deviceName, productKey }: DeviceName,
    payload: Buffer | Uint8Array | string,
    timeoutMs: number,
  ): Promise<Buffer> {
    const id = randomBytes(8).readBigUInt64BE()
    const topic = `/sys/${productKey}/${deviceName}/rrpc`
    const device = `${productKey}/${deviceName}`
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer)
        this.waiting.delete(fail)
        subscription.close()
      }
      const fail = (error: RrpcError): void => {
        end()
        reject(error)
      }
      const subscription = host.subscribe(`${topic}/response/${id}`, (answer) => {
        end()
        resolve(answer.payload)
      })
      const late = `device ${device} did not answer within ${timeoutMs} ms`
      const timer = setTimeout(() => fail(new RrpcError('WASMQTT_RRPC_TIMEOUT', late)), timeoutMs)
      this.waiting.add(fail)
      const count = host.publish({ topic: `${topic}/request/${id}`, payload, qos: 0 })
      if (count > 0) return
      fail(new RrpcError('WASMQTT_RRPC_DEAF', `device ${device} has not subscribed to requests`))
    })
  }

  close(): void {
    const error = new RrpcError('WASMQTT_RRPC_CLOSED', 'the broker is closing')
    for (const fail of this.waiting) fail(error)
  }
}
