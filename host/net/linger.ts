// Bounds how long a socket that is being closed may take to send what it still owes and to hear the
// peer's FIN. Every wait has the same length, so the oldest is always due first and one timer
// serves all. Used by every transport; knows nothing of sockets.

/** What is closed by force when its time is over. */
export interface Closing {
  destroy(): void
}

/** How long `end` may take before the socket is destroyed. */
export const LINGER_MS = 2000

export class Linger {
  readonly #lingerMs: number
  /** Deadlines in the order of arrival, which is their own order. */
  readonly #deadlines: Map<Closing, number>
  #timer: NodeJS.Timeout | undefined

  constructor(lingerMs: number) {
    this.#lingerMs = lingerMs
    this.#deadlines = new Map()
    this.#timer = undefined
  }

  /** The first call counts. */
  add(closing: Closing): void {
    if (this.#deadlines.has(closing)) return
    this.#deadlines.set(closing, performance.now() + this.#lingerMs)
    this.#timer ??= this.#wake(this.#lingerMs)
  }

  /** Must be called when the socket is gone, however it went. */
  remove(closing: Closing): void {
    this.#deadlines.delete(closing)
  }

  #wake(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#onTimer(), delayMs).unref()
  }

  #onTimer(): void {
    this.#timer = undefined
    const now = performance.now()
    for (const [closing, deadline] of this.#deadlines) {
      if (deadline > now) {
        this.#timer = this.#wake(deadline - now)
        return
      }
      this.#deadlines.delete(closing)
      closing.destroy()
    }
  }
}
