// Answers to what was asked lately, by string: the last few thousand, in two generations. Where the
// same is hardly ever asked twice it stands aside, so that it costs nothing where it does not help.

const GENERATION_MAX = 4096
/** Questions after which it is judged whether remembering helps. */
const TRIAL = 1024
const HITS_MIN = TRIAL / 8
/** Questions to stand aside after a trial without success, and after everything was forgotten. */
const PAUSE = 16 * TRIAL
const PAUSE_SHORT = 32

export class Recent<Answer> {
  private young: Map<string, Answer>
  private old: Map<string, Answer>
  private asked: number
  private hits: number
  private pause: number

  constructor() {
    this.young = new Map()
    this.old = new Map()
    this.asked = 0
    this.hits = 0
    this.pause = 0
  }

  get(question: string): Answer | undefined {
    if (this.pause > 0) {
      this.pause--
      return undefined
    }
    if (++this.asked === TRIAL) this.judge()
    const answer = this.young.get(question) ?? this.old.get(question)
    if (answer !== undefined) this.hits++
    return answer
  }

  set(question: string, answer: Answer): void {
    if (this.pause > 0) return
    if (this.young.size === GENERATION_MAX) {
      this.old = this.young
      this.young = new Map()
    }
    this.young.set(question, answer)
  }

  /** The answers are not right any more. */
  forget(): void {
    this.pause = Math.max(this.pause, PAUSE_SHORT)
    if (this.young.size === 0) return
    this.young = new Map()
    this.old = new Map()
  }

  private judge(): void {
    if (this.hits < HITS_MIN) {
      this.pause = PAUSE
      this.young = new Map()
      this.old = new Map()
    }
    this.asked = 0
    this.hits = 0
  }
}
