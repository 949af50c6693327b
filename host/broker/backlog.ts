// Retained messages that a session has subscribed to and has not been sent yet. Outside the queue, so
// that no queue limit can lose them; sent as window and outbox allow, after what waits in the queue.
// One that a live message of its topic would overtake is promoted: taken out and sent before it.

/** Retained messages of one SUBSCRIBE filter. */
interface Run {
  /** Held messages; one reference to each is ours. */
  handles: Int32Array
  /** Granted QoS and subscription identifier. */
  qos: number
  identifier: number
}

export class Backlog {
  private runs: Run[] = []
  /** Position in the first run. */
  private next = 0
  /** What still waits, by handle; made when a live message first asks. */
  private waiting: Map<number, Run> | undefined = undefined

  get isEmpty(): boolean {
    return this.runs.length === 0
  }

  add(handles: Int32Array, qos: number, identifier: number): void {
    if (handles.length === 0) return
    this.runs.push({ handles, qos, identifier })
    this.waiting = undefined
  }

  /** The message to send next, 0 when it has been promoted; there must be one. */
  message(): number {
    const message = this.run().handles[this.next] as number
    return this.waiting === undefined || this.waiting.has(message) ? message : 0
  }

  qos(): number {
    return this.run().qos
  }

  identifier(): number {
    return this.run().identifier
  }

  /** Done with the message; its reference is the caller's. @returns its handle */
  shift(): number {
    const { handles } = this.run()
    const message = handles[this.next++] as number
    this.waiting?.delete(message)
    if (this.next === handles.length) {
      this.runs.shift()
      this.next = 0
      if (this.isEmpty) this.waiting = undefined
    }
    return message
  }

  /** Takes `message` out of its turn. @returns how it was to be sent, undefined if it does not wait */
  promote(message: number): { qos: number; identifier: number } | undefined {
    this.waiting ??= this.listWaiting()
    const run = this.waiting.get(message)
    this.waiting.delete(message)
    return run
  }

  /** Lets go of what `keeps` does not want to keep; calls `drop` with each handle. */
  filter(keeps: (qos: number) => boolean, drop: (message: number) => void): void {
    const kept: Run[] = []
    this.runs.forEach((run, i) => {
      const rest = i === 0 ? run.handles.subarray(this.next) : run.handles
      if (keeps(run.qos)) kept.push({ ...run, handles: rest })
      else for (const message of rest) drop(message)
    })
    this.runs = kept
    this.next = 0
    this.waiting = undefined
  }

  private run(): Run {
    return this.runs[0] as Run
  }

  private listWaiting(): Map<number, Run> {
    const waiting = new Map<number, Run>()
    this.runs.forEach((run, i) => {
      const rest = i === 0 ? run.handles.subarray(this.next) : run.handles
      for (const message of rest) waiting.set(message, run)
    })
    return waiting
  }
}
