// Load averages as Mosquitto computes them: events per minute, weighted exponentially over the last
// 1, 5 and 15 minutes. Used by sys.ts; knows nothing of what is counted.

const MINUTES = [1, 5, 15] as const

export class Load {
  private readonly averages: number[] = MINUTES.map(() => 0)
  private total: number

  /** @param total what has been counted so far */
  constructor(total: number) {
    this.total = total
  }

  /** @param total what has been counted by now @param seconds since the last time, above 0 */
  update(total: number, seconds: number): void {
    const perMinute = ((total - this.total) * 60) / seconds
    this.total = total
    MINUTES.forEach((minutes, i) => {
      const kept = Math.exp(-seconds / (60 * minutes))
      this.averages[i] = perMinute + kept * ((this.averages[i] as number) - perMinute)
    })
  }

  /** `1min`, `5min`, `15min`, with two decimals each. */
  *texts(): Generator<[span: string, text: string]> {
    for (const [i, minutes] of MINUTES.entries()) {
      yield [`${minutes}min`, (this.averages[i] as number).toFixed(2)]
    }
  }
}
