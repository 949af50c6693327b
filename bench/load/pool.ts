// Runs many asynchronous steps a few at a time, in order: the connects and subscribes of the flows
// and scenarios, of which there may be 10,000.

const AT_ONCE = 100

/** Runs one(0) to one(count - 1) in order, never more than atOnce of them at once. */
export async function eachOf(
  count: number,
  one: (index: number) => Promise<void>,
  atOnce: number = AT_ONCE,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await one(next++)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker))
}
