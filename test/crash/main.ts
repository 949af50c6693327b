// npm run test:crash -- --rounds N [--seed N] [--durability process]: kills the real broker N times
// under traffic and checks that nothing acknowledged is lost; exit code 1 and every fault if it is.

import { parseArgs } from 'node:util'
import { World } from './world.ts'

const SETTLE_EVERY = 5

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '20' },
      seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
      durability: { type: 'string', default: 'disk' },
    },
  })
  const { durability, rounds, seed } = values
  console.log(`crash: ${rounds} rounds, seed ${seed}, durability ${durability}`)
  const world = new World(Number(seed), ['--durability', durability])
  const verdict = await world.run(Number(rounds), SETTLE_EVERY, (line) => console.log(line))
  for (const fault of verdict.faults.slice(0, 50)) console.log(`FAULT ${fault}`)
  console.log(
    `${verdict.rounds} kills, ${verdict.acknowledged} messages acknowledged, ` +
      `${verdict.arrivals} arrivals, ${verdict.wills} wills, ${verdict.faults.length} faults`,
  )
  process.exit(verdict.faults.length === 0 ? 0 : 1)
}

await main()
