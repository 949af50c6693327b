// What fuzzing the running broker has found, each as a test of its own. Findings in the module are
// vectors and tests of the unit that was wrong.

import { connect as connectTcp, Socket } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { listenWebSocket } from '../../host/net/websocket.ts'
import { RawClient } from '../client.ts'
import { type Broker, startTested, stopAll } from '../process.ts'
import { connect, field, hex } from '../spec/bytes.ts'
import { request } from './frames.ts'

const tests = suite('fuzz findings')
let broker: Broker

tests.before(async () => {
  broker = await startTested()
})
tests.after(stopAll)

/** Reserved bits set. */
const BAD_FRAME: Buffer = hex('f280 00000000')
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

/** Node's own way to ask the kernel who is at the other end. */
type Askable = { _getpeername: () => object }

tests('a bad frame of a WebSocket client that is gone already disturbs nobody', async () => {
  const listener = await listenWebSocket({ host: '127.0.0.1', port: 0 }, () => undefined)
  const sockets = Socket.prototype as unknown as Askable
  const ask = sockets._getpeername
  // What the kernel says of a connection that was reset after its bytes were read.
  sockets._getpeername = () => ({})
  const client = connectTcp(listener.port, '127.0.0.1')
  const closed = new Promise((resolve) => client.on('close', resolve))
  client.on('error', () => {}) // it may be reset
  client.resume()
  client.write(Buffer.concat([request(), BAD_FRAME]))
  await closed
  sockets._getpeername = ask
  await listener.close()
})

tests.run()
