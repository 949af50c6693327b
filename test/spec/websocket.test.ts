// MQTT over WebSocket (section 6): frames are a byte stream, in binary, under the subprotocol mqtt.
// The listener's own limits and errors are tested in test/websocket.test.ts.

import { once } from 'node:events'
import net from 'node:net'
import * as assert from 'uvu/assert'
import { WebSocket } from 'ws'
import { connect, field, hex, publish, subscribe } from './bytes.ts'
import { chapter, inbox, type Scene } from './kit.ts'

const spec = chapter('WebSocket')
const { both } = spec

/** A WebSocket whose frames the test makes itself, and the bytes it has received. */
class Socket {
  readonly socket: WebSocket
  received: Buffer = Buffer.alloc(0)
  text = false

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('message', (data: Buffer, isBinary) => {
      this.received = Buffer.concat([this.received, data])
      this.text ||= !isBinary
    })
  }

  static async open(t: Scene, protocols: string[] = ['mqtt']): Promise<Socket> {
    const { webSocketPort } = await t.broker()
    const made = new Socket(new WebSocket(`ws://127.0.0.1:${webSocketPort}/mqtt`, protocols))
    await once(made.socket, 'open')
    return made
  }

  /** Waits until these bytes, all of them and no other, have come. */
  async expect(digits: string): Promise<void> {
    const expected = hex(digits)
    while (this.received.length < expected.length) await once(this.socket, 'message')
    assert.is(this.received.toString('hex'), expected.toString('hex'))
    assert.is(this.text, false)
    this.received = Buffer.alloc(0)
  }
}

const opening = (t: Scene): Buffer => connect({ level: t.version, payload: [field('ws')] })
const PINGRESP = 'd000'

/** A socket that has its CONNACK, whose bytes depend on the limits of the server. */
async function connected(t: Scene, protocols?: string[]): Promise<Socket> {
  const socket = await Socket.open(t, protocols)
  socket.socket.send(opening(t))
  while (socket.received.length === 0) await once(socket.socket, 'message')
  assert.is(socket.received[0], 0x20)
  socket.received = Buffer.alloc(0)
  return socket
}

both('the subprotocol of the server is mqtt [MQTT-6.0.0-4]', async (t) => {
  const socket = await connected(t)
  assert.is(socket.socket.protocol, 'mqtt')
  socket.socket.terminate()
})

both('mqtt is chosen out of several subprotocols [MQTT-6.0.0-4]', async (t) => {
  const socket = await Socket.open(t, ['chat', 'mqtt', 'other'])
  assert.is(socket.socket.protocol, 'mqtt')
  socket.socket.terminate()
})

both('packets are sent in binary frames [MQTT-6.0.0-1]', async (t) => {
  const socket = await connected(t)
  socket.socket.send(hex('c000'))
  await socket.expect(PINGRESP)
  socket.socket.terminate()
})

both('a text frame closes the connection [MQTT-6.0.0-1]', async (t) => {
  const socket = await connected(t)
  const closed = once(socket.socket, 'close')
  socket.socket.send('text')
  await closed
})

both('a text frame instead of CONNECT closes the connection [MQTT-6.0.0-1]', async (t) => {
  const socket = await Socket.open(t)
  const closed = once(socket.socket, 'close')
  socket.socket.send(opening(t).toString('latin1'))
  await closed
})

both('a packet in many frames is one packet [MQTT-6.0.0-2]', async (t) => {
  const socket = await Socket.open(t)
  for (const byte of Buffer.concat([opening(t), hex('c000')]))
    socket.socket.send(Buffer.from([byte]))
  while (!socket.received.toString('hex').endsWith(PINGRESP)) await once(socket.socket, 'message')
  assert.is(socket.received[0], 0x20)
  socket.socket.terminate()
})

both(
  'a frame of many packets, and the start of another, is all of them [MQTT-6.0.0-2]',
  async (t) => {
    const socket = await connected(t)
    socket.socket.send(Buffer.concat([subscribe(t.version, [['a', 0]]), hex('c000 c000 c0')]))
    const suback = t.version === 5 ? '900400010000' : '9003000100'
    await socket.expect(`${suback} ${PINGRESP} ${PINGRESP}`)
    socket.socket.send(hex('00'))
    await socket.expect(PINGRESP)
    socket.socket.terminate()
  },
)

both('a fragmented frame is a frame [MQTT-6.0.0-2]', async (t) => {
  const socket = await connected(t)
  socket.socket.send(hex('c0'), { fin: false })
  socket.socket.send(hex('00'), { fin: true })
  await socket.expect(PINGRESP)
  socket.socket.terminate()
})

both('an empty frame changes nothing [MQTT-6.0.0-2]', async (t) => {
  const socket = await connected(t)
  socket.socket.send(Buffer.alloc(0))
  socket.socket.send(hex('c000'))
  await socket.expect(PINGRESP)
  socket.socket.terminate()
})

both(
  'messages go between WebSocket and TCP clients [3.1.1 MQTT-6.0.0-2, MQTT-7.1.1-1] ' +
    '[5.0 MQTT-6.0.0-2, MQTT-4.2.0-1]',
  async (t) => {
    const { webSocketPort } = await t.broker()
    const web = await t.connect({ port: webSocketPort, path: '/mqtt' })
    const tcp = await t.connect()
    for (const client of [web, tcp]) await client.subscribe('#', { qos: 2 })
    await web.publish({ topic: 'w', qos: 1, payload: 'x'.repeat(70_000) })
    await tcp.publish({ topic: 't', qos: 2, payload: 'y' })
    for (const client of [web, tcp]) {
      assert.equal(await inbox(client), [`w=${'x'.repeat(70_000)} q1`, 't=y q2'])
    }
  },
)

both(
  'an error closes a WebSocket client as it does any other [3.1.1 MQTT-4.8.0-1] ' +
    '[5.0 MQTT-4.13.1-1]',
  async (t) => {
    const { webSocketPort } = await t.broker()
    const web = await t.connect({ port: webSocketPort, path: '/mqtt' })
    web.sendBytes(publish(t.version, '#'))
    await t.fails(web, 0x90)
  },
)

both('a WebSocket that is lost publishes the will [MQTT-3.1.2-8]', async (t) => {
  const watcher = await t.connect()
  await watcher.subscribe('w')
  const { webSocketPort } = await t.broker()
  const will = { topic: 'w', payload: 'gone' }
  const web = await t.connect({ port: webSocketPort, path: '/mqtt', will })
  web.drop()
  assert.equal((await watcher.next('publish')).payload.toString(), 'gone')
})

/** The status line of an upgrade request with these headers. */
async function upgrade(t: Scene, headers: string[]): Promise<string> {
  const { webSocketPort } = await t.broker()
  const socket = net.connect(webSocketPort, '127.0.0.1')
  const lines = [
    'GET /mqtt HTTP/1.1',
    'Host: 127.0.0.1',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...headers,
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return answer.toString('latin1')
}

both(
  'the upgrade is answered with the subprotocol mqtt, byte for byte [MQTT-6.0.0-4]',
  async (t) => {
    const answer = await upgrade(t, ['Sec-WebSocket-Protocol: mqtt'])
    assert.match(answer, /^HTTP\/1\.1 101 /)
    assert.match(answer, /\r\nSec-WebSocket-Protocol: mqtt\r\n/i)
  },
)

both('a client that does not offer mqtt is not answered with another [MQTT-6.0.0-4]', async (t) => {
  const answer = await upgrade(t, ['Sec-WebSocket-Protocol: chat'])
  assert.not.match(answer, /Sec-WebSocket-Protocol: chat/i)
})

spec.run()
