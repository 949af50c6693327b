// What fuzzing the running broker has found, each as a test of its own. Findings in the module are
// vectors and tests of the unit that was wrong.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RawClient } from '../client.ts'
import { type Broker, startTested, stopAll } from '../process.ts'
import { connect, field } from '../spec/bytes.ts'

const tests = suite('fuzz findings')
let broker: Broker

tests.before(async () => {
  broker = await startTested()
})
tests.after(stopAll)

const PROTOCOL_ERROR = { cmd: 'disconnect', reasonCode: 0x82 }

for (const [what, second] of [
  ['of an unknown level', connect({ level: 6 })],
  ['of an unknown protocol', connect({ level: 5, name: 'MQTS' })],
  [
    'of a client identifier that is too long',
    connect({ level: 3, name: 'MQIsdp', payload: [field('x'.repeat(24))] }),
  ],
] as const) {
  tests(`a second CONNECT ${what} is a protocol error [MQTT-3.1.0-2]`, async () => {
    const client = await RawClient.connect({ port: broker.port, version: 5 })
    client.sendBytes(second)
    const unread = await client.closed
    assert.equal(unread, [PROTOCOL_ERROR])
  })
}

tests.run()
