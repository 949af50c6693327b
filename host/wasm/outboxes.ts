// The outboxes of the module: bytes waiting for a connection. The host's Outbox (broker/outbox.ts)
// calls these; here is what touches memory: growing the page pool, and copying a drained piece out.

import { ERROR_NO_ROOM } from '../../assembly/codes.ts'
import {
  DRAIN_SIZE,
  DRAIN_START,
  MESSAGE_PAYLOAD_LENGTH,
  MESSAGE_PROPERTIES_LENGTH,
  MESSAGE_TOPIC_LENGTH,
} from '../../assembly/layout.ts'
import { MemoryError, type Module } from './instance.ts'

const PAGE = 4084 // bytes of a page that hold data
const PAGES_AT_ONCE = 64
const HEADS = 8192 // generous: fixed header, packet identifier, expiry, alias, identifiers

export { DRAIN_SIZE }

export class Outboxes {
  private readonly module: Module

  constructor(module: Module) {
    this.module = module
  }

  /** @returns handle of a new outbox */
  open(version: number, packetMax: number, aliasMax: number): number {
    const handle = this.module.call.open_outbox(version, packetMax, aliasMax)
    this.module.renew()
    if (handle === 0) throw new MemoryError('no memory for a connection')
    return handle
  }

  close(handle: number): void {
    this.module.call.close_outbox(handle)
  }

  /** Makes room for `bytes` more after an ERROR_NO_ROOM. */
  grow(bytes: number): void {
    const pages = Math.max(PAGES_AT_ONCE, Math.ceil(bytes / PAGE) + 1)
    const error = this.module.call.add_pages(pages)
    this.module.renew()
    if (error !== 0) throw new MemoryError(`no memory for ${bytes} bytes of output`)
  }

  /** Makes room for one more delivery of `message`. */
  growFor(message: number): void {
    const word = (offset: number) => this.module.word(message + offset)
    const payload = word(MESSAGE_PAYLOAD_LENGTH) + word(MESSAGE_PROPERTIES_LENGTH)
    this.grow(payload + word(MESSAGE_TOPIC_LENGTH) + HEADS)
  }

  /** Appends a packet in the module's memory. @returns bytes pending, or a negative ERROR_ code */
  append(handle: number, start: number, length: number): number {
    const { call } = this.module
    let pending = call.append(handle, start, length)
    if (pending === ERROR_NO_ROOM) {
      this.grow(length)
      pending = call.append(handle, start, length)
    }
    return pending
  }

  /** Moves up to DRAIN_SIZE bytes to the start of `target`. @returns how many */
  drain(handle: number, target: Buffer): number {
    const length = this.module.call.drain(handle)
    this.module.bytes.copy(target, 0, DRAIN_START, DRAIN_START + length)
    return length
  }
}
