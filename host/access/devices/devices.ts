// Devices in a running broker: who of the registry is connected, what becomes of those that are
// disabled, rotated or deleted, status events, calls, and what a registered device is told. Made
// beside the access manager; `attach` gives it the broker.

import { randomUUID } from 'node:crypto'
import type { Log } from '../../config/options.ts'
import type { Identity } from '../authenticator.ts'
import { type DeviceName, sessionIdOf } from './model.ts'
import type { Secrets } from './registration.ts'
import { DeviceRegistry, type RegistryEvent, type RegistryOptions } from './registry.ts'
import { Calls, RrpcError, type RrpcHost } from './rrpc.ts'
import { REGISTERING } from './topics.ts'

/** In the data directory. */
export const DEVICES_FOLDER = 'devices'

/** What devices need of a broker. */
export interface DeviceHost extends RrpcHost {
  /** @returns whether a client of that identifier has a session */
  send(
    clientId: string,
    message: { topic: string; payload: Buffer | Uint8Array | string; qos: 0 | 1 },
  ): boolean
  disconnect(isMeant: (client: { clientId: string }) => boolean, reason?: number): number
}

export interface DeviceStatus extends DeviceName {
  readonly status: 'online' | 'offline'
  /** Milliseconds since the epoch. */
  readonly time: number
  /** Address it came from. */
  readonly clientIp: string
}

/** By then a registered device has been told, and has gone. */
const REGISTERING_MS = 30_000
const CALL_MS = 5000

export class Devices {
  readonly registry: DeviceRegistry
  readonly log: Log | undefined
  private readonly now: () => number
  private readonly online: Map<string, DeviceStatus> = new Map()
  private readonly listeners: Set<(status: DeviceStatus) => void> = new Set()
  private readonly calls: Calls = new Calls()
  private host: DeviceHost | undefined = undefined

  constructor(registry: DeviceRegistry, { clock = Date.now, log }: RegistryOptions = {}) {
    this.registry = registry
    this.log = log
    this.now = clock
    registry.onEvent((event) => this.onChange(event))
  }

  /** @throws StoreError when the registry's directory cannot be used */
  static async open(options: RegistryOptions = {}): Promise<Devices> {
    return new Devices(await DeviceRegistry.open(options), options)
  }

  /** From now on devices are told, called and disconnected through `host`. */
  attach(host: DeviceHost): void {
    this.host = host
  }

  async close(): Promise<void> {
    this.calls.close()
    await this.registry.close()
  }

  isOnline(name: DeviceName): boolean {
    return this.online.has(sessionIdOf(name))
  }

  /** @returns how to stop hearing of it */
  onStatus(listener: (status: DeviceStatus) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /**
   * Asks a device and waits for its answer.
   * @throws RegistryError when there is no such device, RrpcError when it does not answer
   */
  async rrpc(
    productKey: string,
    deviceName: string,
    payload: Buffer | Uint8Array | string,
    { timeoutMs = CALL_MS }: { timeoutMs?: number } = {},
  ): Promise<Buffer> {
    const name = { productKey, deviceName }
    this.registry.getDevice(name)
    if (this.host === undefined || !this.isOnline(name)) {
      throw new RrpcError('WASMQTT_RRPC_OFFLINE', `device ${productKey}/${deviceName} is offline`)
    }
    return this.calls.call(this.host, name, payload, timeoutMs)
  }

  /** A device is connected. */
  entered(name: DeviceName, clientIp: string): void {
    const status: DeviceStatus = { ...name, status: 'online', time: this.now(), clientIp }
    this.online.set(sessionIdOf(name), status)
    this.registry.touch(name)
    this.tell(status)
    // It may have been disabled while it was let in.
    if (this.registry.findDevice(name)?.disabled !== false) this.disconnect([sessionIdOf(name)])
  }

  /** Its connection is over. */
  left(name: DeviceName): void {
    const id = sessionIdOf(name)
    const clientIp = this.online.get(id)?.clientIp ?? ''
    this.online.delete(id)
    this.registry.touch(name)
    this.tell({ ...name, status: 'offline', time: this.now(), clientIp })
  }

  /** Who comes to be registered: is told its secret as soon as it is in, and nothing else. */
  registering(
    { deviceName, productKey }: DeviceName,
    type: 'register' | 'regnwl',
    secrets: Secrets,
    now: number,
  ): Identity {
    const clientId = `${productKey}.${deviceName}/${type}/${randomUUID()}`
    const message = { topic: `/ext/${type}`, payload: JSON.stringify(secrets), qos: 1 as const }
    const entered = (): void => this.soon((host) => host.send(clientId, message))
    return {
      username: `${deviceName}&${productKey}`,
      clientId,
      isTemporary: true,
      expiresAt: now + REGISTERING_MS,
      judges: [REGISTERING],
      presence: { entered, left: () => {} },
    }
  }

  private onChange(event: RegistryEvent): void {
    const { type } = event
    if (type === 'device-disabled' || type === 'device-rotated' || type === 'device-deleted') {
      this.disconnect([sessionIdOf(event)])
    }
  }

  private disconnect(clientIds: readonly string[]): void {
    const isMeant = ({ clientId }: { clientId: string }): boolean => clientIds.includes(clientId)
    if (clientIds.some((id) => this.online.has(id))) this.soon((host) => host.disconnect(isMeant))
  }

  /** When the packet in hand is done; a broker without memory left is no reason to end it. */
  private soon(work: (host: DeviceHost) => void): void {
    queueMicrotask(() => {
      try {
        if (this.host !== undefined) work(this.host)
      } catch (error) {
        this.log?.('error', 'a device cannot be told', { error: (error as Error).message })
      }
    })
  }

  private tell(status: DeviceStatus): void {
    for (const listener of this.listeners) listener(status)
    const { deviceName, productKey, time } = status
    const payload = JSON.stringify({ ...status, time: new Date(time).toISOString() })
    const topic = `$events/device/${productKey}/${deviceName}/status`
    this.soon((host) => host.publish({ topic, payload, qos: 1 }))
  }
}
