// A short pass of both fuzzers with a fixed seed, as much as a test run can afford; `npm run fuzz`
// goes on from there.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stopAll } from '../process.ts'
import { describeFinding } from './finding.ts'
import { checkGrammar } from './inputs.ts'
import { type Limits, runBrokers, runModule, type Summary } from './runs.ts'

const SEED = 20_240_607
const MODULE_INPUTS = 25_000
const BROKER_INPUTS = 3000

const tests = suite('fuzz')
tests.after(stopAll)

const quiet = (): void => {}

function limits(inputs: number): Limits {
  return { seed: SEED, inputs, seconds: Number.POSITIVE_INFINITY }
}

function nothing({ findings }: Summary): void {
  assert.equal(
    findings.map((finding) => describeFinding(finding, SEED)),
    [],
  )
}

tests('golden packets come out of their trees as they went in', () => {
  assert.ok(checkGrammar() > 0)
})

tests(`${MODULE_INPUTS} inputs break nothing in either build of the module`, () => {
  nothing(runModule(limits(MODULE_INPUTS), quiet))
})

tests(`${BROKER_INPUTS} hostile connections disturb no other`, async () => {
  nothing(await runBrokers(limits(BROKER_INPUTS), quiet))
})

tests.run()
