// The QoS 1 and 2 messages on their way to one client: packet identifier, state, and the message if
// it may have to be sent again. A ring indexed by the identifier's low bits, at least twice the
// window, so that taking, finding and freeing an identifier are a few array reads.
//
//   publish QoS 1   SENT_1 --PUBACK--> free
//   publish QoS 2   SENT_2 --PUBREC--> RELEASED --PUBCOMP--> free      (PUBREC >= 0x80: free)

export const FREE = 0
export const SENT_1 = 1
export const SENT_2 = 2
export const RELEASED = 3

const IDS = 65536
const STATE = 3
const MIN_SIZE = 16

/** One session's in-flight window. Identifiers count up from 1. [MQTT-2.2.1-3] */
export class Inflight {
  count = 0
  /** Identifier to be tried next. */
  nextId = 1
  private mask = 0
  /** Per slot: identifier << 8 | flags << 4 | state. */
  private states: Uint32Array = EMPTY
  /** Per slot: handle of the message, 0 = not kept. */
  private messages: Int32Array = EMPTY_HANDLES

  /** The identifier that `commit` will take. */
  peek(): number {
    if (this.count * 2 >= this.states.length && this.states.length < IDS) this.grow()
    while (((this.states[this.nextId & this.mask] as number) & STATE) !== FREE) this.advance()
    return this.nextId
  }

  /** Takes the identifier that `peek` gave. @param flags QoS and RETAIN as sent */
  commit(state: number, flags: number, message: number): void {
    const slot = this.nextId & this.mask
    this.states[slot] = (this.nextId << 8) | (flags << 4) | state
    this.messages[slot] = message
    this.count++
    this.advance()
  }

  /** Puts back what an earlier process had in flight. */
  restore(id: number, state: number, flags: number, message: number): void {
    while (this.states.length === 0 || this.states[id & this.mask] !== FREE) this.grow()
    const slot = id & this.mask
    this.states[slot] = (id << 8) | (flags << 4) | state
    this.messages[slot] = message
    this.count++
  }

  /** Another handle for the message of `id`. */
  replace(id: number, message: number): void {
    this.messages[id & this.mask] = message
  }

  /** State of `id`, FREE if it is not in flight. */
  state(id: number): number {
    const entry = this.states.length === 0 ? 0 : (this.states[id & this.mask] as number)
    return entry >>> 8 === id ? entry & STATE : FREE
  }

  /** QoS and RETAIN flags that it was sent with. */
  flags(id: number): number {
    return ((this.states[id & this.mask] as number) >> 4) & 0xf
  }

  message(id: number): number {
    return this.messages[id & this.mask] as number
  }

  /** QoS 2: the message is the client's now; only the release is still to be confirmed. */
  release(id: number): void {
    const slot = id & this.mask
    this.states[slot] = (id << 8) | RELEASED
    this.messages[slot] = 0
  }

  free(id: number): void {
    const slot = id & this.mask
    this.states[slot] = FREE
    this.messages[slot] = 0
    this.count--
  }

  /** The identifiers in flight, oldest first. [MQTT-4.6.0-1] */
  ids(): number[] {
    const ids: number[] = []
    for (const entry of this.states) if ((entry & STATE) !== FREE) ids.push(entry >>> 8)
    const age = (id: number) => (this.nextId - id + IDS) % IDS
    return ids.sort((a, b) => age(b) - age(a))
  }

  private advance(): void {
    this.nextId = this.nextId === IDS - 1 ? 1 : this.nextId + 1
  }

  private grow(): void {
    const { states, messages } = this
    const size = Math.max(states.length * 2, MIN_SIZE)
    this.mask = size - 1
    this.states = new Uint32Array(size)
    this.messages = new Int32Array(size)
    for (let i = 0; i < states.length; i++) {
      const entry = states[i] as number
      if ((entry & STATE) === FREE) continue
      const slot = (entry >>> 8) & this.mask
      this.states[slot] = entry
      this.messages[slot] = messages[i] as number
    }
  }
}

const EMPTY: Uint32Array = new Uint32Array(0)
const EMPTY_HANDLES: Int32Array = new Int32Array(0)
