// Reads message bodies that are on disk only into the module's memory, when a session is about to
// send them. A read that fails is tried again; a body that is not there is lost, and said so by the
// absence of a handle.

import { isFrozen } from '../wasm/frozen.ts'
import type { Messages } from '../wasm/messages.ts'
import type { Bodies } from './bodies.ts'
import type { Database } from './database.ts'
import { messageKey } from './keys.ts'

interface Order {
  bodies: number[]
  sequences: number[]
  done: () => void
}

export class Loader {
  private readonly database: Database
  private readonly messages: Messages
  private readonly bodies: Bodies
  private failed: Order[] = []

  constructor(database: Database, messages: Messages, bodies: Bodies) {
    this.database = database
    this.messages = messages
    this.bodies = bodies
  }

  load(messages: readonly number[], done: () => void): void {
    const { bodies } = this
    // One that is in memory by now may have gone again when the others come: all are read.
    const wanted = messages.map((message) => ~message)
    this.run({ bodies: wanted, sequences: wanted.map((body) => bodies.sequence(body)), done })
  }

  /** Tries again what could not be read. */
  retry(): void {
    const orders = this.failed
    this.failed = []
    for (const order of orders) this.run(order)
  }

  private run(order: Order): void {
    this.database.getMany(order.sequences.map(messageKey)).then(
      (values) => this.take(order, values),
      () => this.failed.push(order),
    )
  }

  private take(order: Order, values: (Buffer | undefined)[]): void {
    const { bodies, messages } = this
    const loaded: number[] = []
    values.forEach((value, i) => {
      const body = order.bodies[i] as number
      const isWanted = bodies.isAlive(body) && bodies.sequence(body) === order.sequences[i]
      if (value === undefined || !isWanted || bodies.handle(body) !== 0) return
      if (!isFrozen(value)) return
      const handle = messages.thaw(value)
      messages.setBody(handle, body)
      bodies.setHandle(body, handle)
      loaded.push(handle)
    })
    order.done()
    // The references of the loading itself; whoever wanted a message has its own by now.
    for (const handle of loaded) {
      if (messages.isLast(handle)) bodies.setHandle(messages.body(handle), 0)
      messages.drop(handle)
    }
  }
}
