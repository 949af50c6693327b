// The broker's Watcher for listeners, and its PublishHook: who listens to what, which Client object
// stands for which connection, and when listeners are called. While nobody listens and no hook is
// set, the broker does not know it.

import type { Duplex } from 'node:stream'
import {
  REASON_ADMINISTRATIVE_ACTION,
  REASON_SERVER_SHUTTING_DOWN,
  REASON_SESSION_TAKEN_OVER,
} from '../../assembly/codes.ts'
import type { Answer } from '../broker/access.ts'
import type { Core } from '../broker/core.ts'
import type {
  Loss,
  Owner,
  Party,
  PublishHook,
  SubscriptionResult,
  Watcher,
} from '../broker/hooks.ts'
import type { Peer } from '../broker/peer.ts'
import { MessageView } from '../broker/view.ts'
import type { Connect, Will } from '../protocol/packets.ts'
import { reasonText } from '../protocol/reasons.ts'
import { Client } from './client.ts'
import { ConnectionError, droppedWill, type Events, type Listener, REASONS } from './events.ts'
import { Asking, type Hooks, install } from './hooks.ts'

/** Ends of connections that are nobody's fault. */
const WANTED: readonly number[] = [
  REASON_ADMINISTRATIVE_ACTION,
  REASON_SERVER_SHUTTING_DOWN,
  REASON_SESSION_TAKEN_OVER,
]

type Name = keyof Events

export class Library implements Watcher, PublishHook {
  private readonly core: Core
  private hooks: Hooks
  private readonly asking: Asking
  private readonly listeners: Map<Name, Listener<never>[]> = new Map()
  private readonly clients: WeakMap<Party, Client> = new WeakMap()
  private readonly owners: WeakMap<Owner, Client> = new WeakMap()
  private readonly streams: WeakMap<object, Duplex> = new WeakMap()
  /** What a hook has thrown about a connection that is about to end for it. */
  private readonly blamed: WeakMap<Party, Error> = new WeakMap()
  /** Whether somebody has been given a Client, which is to be kept true. */
  private isIntroduced = false

  constructor(core: Core, hooks: Hooks) {
    this.core = core
    this.hooks = hooks
    this.asking = new Asking(core, this)
    this.setHooks(hooks)
  }

  /** Asks these hooks from now on, and no others. */
  setHooks(hooks: Hooks): void {
    this.hooks = hooks
    install(this.core, this, hooks)
    this.arm()
  }

  on<E extends Name>(event: E, listener: Listener<E>): void {
    const known = this.listeners.get(event) ?? []
    this.listeners.set(event, [...known, listener as Listener<never>])
    this.arm()
  }

  off<E extends Name>(event: E, listener: Listener<E>): void {
    const known = this.listeners.get(event) ?? []
    const at = known.lastIndexOf(listener as Listener<never>)
    if (at >= 0) this.listeners.set(event, known.toSpliced(at, 1))
    this.arm()
  }

  /** Lets the broker know of us if there is anything to know. */
  private arm(): void {
    const { authorizePublish, published } = this.hooks
    const looks = authorizePublish !== undefined || published !== undefined || this.has('publish')
    this.core.hooks.publish = looks ? this : undefined
    const listens = [...this.listeners.values()].some((listeners) => listeners.length > 0)
    const isWatching = listens || this.isIntroduced || Object.keys(this.hooks).length > 0
    this.core.watcher = isWatching ? this : undefined
  }

  private has(event: Name): boolean {
    return (this.listeners.get(event)?.length ?? 0) > 0
  }

  /** Calls the listeners when no packet is in hand. `finally` is done after them. */
  emit<E extends Name>(event: E, args: Events[E], after?: () => void): void {
    if (!this.has(event)) {
      after?.()
      return
    }
    this.core.defer(() => {
      for (const listener of this.listeners.get(event) ?? []) this.call(listener, args, event)
      after?.()
    })
    this.core.settleSoon()
  }

  private call(listener: Listener<never>, args: readonly unknown[], event: Name): void {
    const failed = (error: unknown): void => {
      if (event !== 'error') this.report(error, undefined)
    }
    try {
      const result = (listener as (...args: readonly unknown[]) => unknown)(...args)
      if (result instanceof Promise) result.catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  /** A listener or hook has failed, and nothing ends for it. */
  report(thrown: unknown, client: Client | undefined): void {
    const error = errorOf(thrown)
    const facts = { error: error.message, client: client?.id }
    this.core.options.log?.('error', 'a hook or listener failed', facts)
    this.emit('error', [error])
  }

  /** A hook has failed, and the connection ends for it. */
  blame(peer: Party, thrown: unknown): void {
    this.blamed.set(peer, errorOf(thrown))
  }

  /** The client of a connection, made when it is first asked for. */
  clientOf(peer: Party): Client {
    let client = this.clients.get(peer)
    if (client === undefined) {
      const { owner } = peer as Peer
      client = new Client(this.core, peer as Peer, this.streams.get(owner))
      this.clients.set(peer, client)
      this.refresh(client, peer as Peer)
    }
    return client
  }

  private refresh(client: Client, { applicant, grant, session, version }: Peer): void {
    client.version = version
    if (session === undefined) return
    client.id = session.id
    client.connected = true
    client.username = grant?.username ?? applicant?.username ?? client.username
  }

  /** The last client of a session; a new broker makes one up for a session it has restored. */
  clientOfSession(session: Owner): Client {
    const known = this.owners.get(session)
    if (known !== undefined) return known
    const holder = (session as { holder?: Party }).holder
    const client = this.clientOf(holder ?? { remoteAddress: '' })
    client.id = session.id
    this.owners.set(session, client)
    return client
  }

  /** The connection that `owner` is was made for this stream. */
  introduce(owner: object, stream: Duplex): void {
    this.streams.set(owner, stream)
    if (this.isIntroduced) return
    this.isIntroduced = true
    this.arm()
  }

  authorize(peer: Party | undefined, session: Owner, view: MessageView): Answer {
    if (this.hooks.authorizePublish === undefined) return 0
    return this.asking.authorize(this.hooks, peer, session, view)
  }

  published(
    message: number,
    session: Owner | undefined,
    prefix: string,
  ): Promise<unknown> | undefined {
    const { core } = this
    if (this.has('publish')) this.emitMessage(message, prefix, session)
    if (this.hooks.published === undefined) return undefined
    const view = new MessageView(core, message, prefix)
    const waited = this.asking.published(this.hooks, view, session)
    view.release()
    return waited
  }

  /** A listener is called later, so the message is held for it. */
  private emitMessage(message: number, prefix: string, session: Owner | undefined): void {
    const { core } = this
    const client = session && this.clientOfSession(session)
    const { held, view } = this.hold(message, prefix)
    this.emit('publish', [view, client], () => {
      view.release()
      core.messages.drop(held)
    })
  }

  private hold(message: number, prefix: string): { held: number; view: MessageView } {
    const { messages } = this.core
    const held = messages.isStaged(message) ? messages.hold(message, 0) : message
    if (held === message) messages.addReference(held)
    return { held, view: new MessageView(this.core, held, prefix) }
  }

  entered(peer: Party, session: Owner, connect: Connect): void {
    const client = this.clientOf(peer)
    client.meet(connect)
    this.refresh(client, peer as Peer)
    this.owners.set(session, client)
    this.emit('client', [client])
  }

  ready(session: Owner, sessionPresent: boolean): void {
    const client = this.clientOfSession(session)
    this.emit('connackSent', [{ sessionPresent }, client])
    this.emit('clientReady', [client])
  }

  left(_session: Owner, peer: Party): void {
    const client = this.clientOf(peer)
    client.connected = false
    client.closed = true
    this.emit('clientDisconnect', [client])
  }

  failed(peer: Party, reason: number): void {
    const blamed = this.blamed.get(peer)
    if (blamed === undefined && WANTED.includes(reason)) return
    const client = this.clientOf(peer)
    const isClient = (peer as Peer).session !== undefined
    if (!isClient) client.closed = true
    const error = blamed ?? new ConnectionError(reasonText(reason), reason)
    this.emit(isClient ? 'clientError' : 'connectionError', [client, error])
  }

  quiet(session: Owner): void {
    this.emit('keepaliveTimeout', [this.clientOfSession(session)])
  }

  pinged(session: Owner): void {
    this.emit('ping', [this.clientOfSession(session)])
  }

  acked(session: Owner, packetId: number, qos: 1 | 2, message: number): void {
    if (!this.has('ack')) return
    const client = this.clientOfSession(session)
    if (message <= 0) {
      this.emit('ack', [{ packetId, qos, message: undefined }, client])
      return
    }
    const { held, view } = this.hold(message, '')
    this.emit('ack', [{ packetId, qos, message: view }, client], () => this.letGo(held, view))
  }

  subscribed(session: Owner, results: readonly SubscriptionResult[]): void {
    this.emit('subscribe', [results, this.clientOfSession(session)])
  }

  unsubscribed(session: Owner, filters: readonly string[]): void {
    this.emit('unsubscribe', [filters, this.clientOfSession(session)])
  }

  willDropped({ id }: Owner, will: Will, reason: number): void {
    this.emit('willDropped', [droppedWill(id, will, reason)])
  }

  dropped({ id: clientId }: Owner, message: number, loss: Loss): void {
    if (!this.has('publishDropped')) return
    const why = REASONS[loss]
    if (message <= 0) {
      this.emit('publishDropped', [{ clientId, message: undefined, why }])
      return
    }
    const { held, view } = this.hold(message, '')
    this.emit('publishDropped', [{ clientId, message: view, why }], () => this.letGo(held, view))
  }

  expired({ id }: Owner): void {
    this.emit('sessionExpired', [id])
  }

  private letGo(held: number, view: MessageView): void {
    view.release()
    this.core.messages.drop(held)
  }
}

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
