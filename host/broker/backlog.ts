// Retained messages that a session has subscribed to and has not been sent yet. Outside the queue,
// so that no queue limit can lose them; sent as window and outbox allow, after what waits in it.
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
  /** Messages that wait, promoted ones included. */
  size = 0
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
    const run = { handles, qos, identifier }
    this.runs.push(run)
    this.size += handles.length
    if (this.waiting !== undefined) for (const message of handles) this.waiting.set(message, run)
  }

  /** The message to send next, 0 when it has been promoted; there must be one. */
  message(): number {
    const run = this.run()
    const message = run.handles[this.next] as number
    return this.isWaiting(message, run) ? message : 0
  }

  qos(): number {
    return this.run().qos
  }

  identifier(): number {
    return this.run().identifier
  }

  /** Done with the message; its reference is the caller's. @returns its handle */
  shift(): number {
    const run = this.run()
    const message = run.handles[this.next++] as number
    this.size--
    if (this.waiting?.get(message) === run) this.waiting.delete(message)
    if (this.next === run.handles.length) {
      this.runs.shift()
      this.next = 0
      if (this.isEmpty) this.waiting = undefined
    }
    return message
  }

  /** Takes `message` out of its turn. @returns how it was to be sent, undefined if it is gone */
  promote(message: number): { qos: number; identifier: number } | undefined {
    this.waiting ??= this.listWaiting()
    const run = this.waiting.get(message)
    this.waiting.delete(message)
    return run
  }

  /** Lets go of what `keeps` does not want to keep; calls `drop` with each handle. */
  filter(keeps: (qos: number) => boolean, drop: (message: number) => void): void {
    const kept: Run[] = []
    this.size = 0
    this.runs.forEach((run, i) => {
      const rest = i === 0 ? run.handles.subarray(this.next) : run.handles
      const handles = rest.filter((message) => {
        const isKept = keeps(run.qos) && this.isWaiting(message, run)
        if (!isKept) drop(message)
        return isKept
      })
      this.size += handles.length
      if (handles.length > 0) kept.push({ ...run, handles })
    })
    this.runs = kept
    this.next = 0
    this.waiting = undefined
  }

  /** Where two filters match a message, the later one counts once a live message has asked. */
  private isWaiting(message: number, run: Run): boolean {
    return this.waiting === undefined || this.waiting.get(message) === run
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
