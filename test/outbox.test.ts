// Outboxes of the module: what they make of limits. On the debug and release module; everything
// else about them is seen in what a broker sends.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ERROR_PACKET_TOO_LARGE, SENDER_CLIENT, VERSION_5_0 } from '../assembly/codes.ts'
import { DRAIN_START, RECORDS_START } from '../assembly/layout.ts'
import { BUILDS, TestModule } from './module.ts'
import { input } from './records.ts'
import { hex } from './spec/bytes.ts'

const PUBLISH: Buffer = hex('300a 0005612f622f63 00 7879')
const WITH_ALIAS: Buffer = hex('300d 0005612f622f63 03 230001 7879')
const ALIASES = 4

for (const build of BUILDS) {
  const tests = suite(`outbox (${build})`)
  const module = new TestModule(build)

  /** What an outbox with that maximum gives out, or the error it refuses with. */
  const delivered = (packetMax: number): Buffer | number => {
    const start = input(module, PUBLISH)
    module.call('decode', start, PUBLISH.length, VERSION_5_0, SENDER_CLIENT, 0)
    const message = module.call('stage', RECORDS_START, VERSION_5_0)
    const outbox = module.call('open_outbox', VERSION_5_0, packetMax, ALIASES)
    assert.is(module.call('add_pages', 1), 0)
    const pending = module.call('deliver', outbox, message, 0, 0, 0)
    const drained = module.call('drain', outbox)
    const bytes = Buffer.from(module.bytes.subarray(DRAIN_START, DRAIN_START + drained))
    module.call('close_outbox', outbox)
    return pending < 0 ? pending : bytes
  }

  tests('a new alias is sent with its topic', () => {
    assert.equal(delivered(0), WITH_ALIAS)
    assert.equal(delivered(1024), WITH_ALIAS)
  })

  tests('a message that fits only without an alias is sent without [MQTT-3.1.2-24]', () => {
    assert.equal(delivered(PUBLISH.length), PUBLISH)
    assert.equal(delivered(WITH_ALIAS.length - 1), PUBLISH)
  })

  tests('a message larger than the maximum is refused [MQTT-3.1.2-24]', () => {
    assert.is(delivered(PUBLISH.length - 1), ERROR_PACKET_TOO_LARGE)
  })

  tests.run()
}
