// From sequence numbers to bodies while a store is put back: pages of a few thousand numbers,
// because what still waits has mostly been written in a row. A tenth of the memory and time of a
// Map.

const PAGE_SIZE = 4096

export class Index {
  private readonly pages: Map<number, Int32Array> = new Map()
  private page: Int32Array = new Int32Array(0)
  private current = -1

  /** 0 = not there. */
  get(sequence: number): number {
    return this.pageOf(sequence)[sequence % PAGE_SIZE] as number
  }

  set(sequence: number, body: number): void {
    this.pageOf(sequence)[sequence % PAGE_SIZE] = body
  }

  private pageOf(sequence: number): Int32Array {
    const number = Math.floor(sequence / PAGE_SIZE)
    if (number === this.current) return this.page
    let page = this.pages.get(number)
    if (page === undefined) {
      page = new Int32Array(PAGE_SIZE)
      this.pages.set(number, page)
    }
    this.current = number
    this.page = page
    return page
  }
}
