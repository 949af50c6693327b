// The crash suite in short, for every run of the tests; `npm run test:crash -- --rounds 100` is the
// long one. Both levels that promise something are tried: a kill takes nothing from either.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stopAll } from '../process.ts'
import { World } from './world.ts'

const ROUNDS = 3
const tests = suite('crash')

tests.after(stopAll)

for (const durability of ['disk', 'process']) {
  tests(
    `after kill -9 nothing acknowledged is lost, QoS 2 comes once (${durability})`,
    async () => {
      const verdict = await new World(1, ['--durability', durability]).run(ROUNDS, ROUNDS, () => {})
      assert.equal(verdict.faults, [])
      assert.ok(verdict.acknowledged > 0)
      assert.is(verdict.wills, ROUNDS)
    },
  )
}

tests.run()
