// What a client's grant has answered about recent topics, by the serial that a match leaves: one
// load and one compare on the hot path, no string. Direct-mapped; grows while topics drive each
// other out, up to a limit; forgotten whenever the grant's revision changes.

const SIZE_MIN = 8
const SIZE_MAX = 1024

export class Verdicts {
  private serials: Int32Array = new Int32Array(SIZE_MIN)
  private answers: Uint8Array = new Uint8Array(SIZE_MIN)
  private evictions = 0
  private revision = 0
  /** What was asked about last: most clients say one topic again and again. */
  private lastSerial = 0
  private lastAnswer = -1

  /** @returns the answer remembered for a topic, -1 = none */
  find(serial: number, revision: number): number {
    if (serial === this.lastSerial && revision === this.revision) return this.lastAnswer
    return this.search(serial, revision)
  }

  private search(serial: number, revision: number): number {
    if (revision !== this.revision) this.forget(revision)
    const at = serial & (this.serials.length - 1)
    if (this.serials[at] !== serial || serial === 0) return -1
    this.lastSerial = serial
    this.lastAnswer = this.answers[at] as number
    return this.lastAnswer
  }

  /** @param answer 0, or a reason code */
  add(serial: number, answer: number): void {
    if (serial === 0) return
    let at = serial & (this.serials.length - 1)
    if (this.serials[at] !== 0 && ++this.evictions > this.serials.length) {
      this.grow()
      at = serial & (this.serials.length - 1)
    }
    this.serials[at] = serial
    this.answers[at] = answer
  }

  private forget(revision: number): void {
    this.serials.fill(0)
    this.lastSerial = 0
    this.lastAnswer = -1
    this.revision = revision
  }

  private grow(): void {
    this.evictions = 0
    if (this.serials.length >= SIZE_MAX) return
    const { serials, answers } = this
    this.serials = new Int32Array(serials.length * 2)
    this.answers = new Uint8Array(answers.length * 2)
    for (let i = 0; i < serials.length; i++) {
      const serial = serials[i] as number
      if (serial === 0) continue
      const at = serial & (this.serials.length - 1)
      this.serials[at] = serial
      this.answers[at] = answers[i] as number
    }
  }
}
