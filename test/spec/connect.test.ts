// CONNECT (section 3.1): its form, its flags and the order of its payload. What a CONNECT does to a
// session is in session.test.ts, its will in will.test.ts, the answer in connack.test.ts.

import * as assert from 'uvu/assert'
import {
  BAD_STRINGS,
  CLEAN,
  connect,
  field,
  hex,
  PASSWORD,
  packet,
  properties,
  publish,
  subscribe,
  USER_NAME,
  u8,
  u16,
  u32,
  WILL,
  WILL_RETAIN,
} from './bytes.ts'
import { chapter, ending, inbox, unread } from './kit.ts'

const spec = chapter('CONNECT')
const { v4, v5, both } = spec

const FIRST_PACKETS: [string, (version: number) => Buffer][] = [
  ['PINGREQ', () => hex('c000')],
  ['PUBLISH', (version) => publish(version, 'a')],
  ['SUBSCRIBE', (version) => subscribe(version, [['a', 0]])],
  ['PUBACK', () => hex('40020001')],
  ['DISCONNECT', () => hex('e000')],
  ['CONNACK', () => hex('20020000')],
]
for (const [name, bytes] of FIRST_PACKETS) {
  both(`${name} instead of CONNECT closes without a word [MQTT-3.1.0-1]`, async (t) => {
    // Whatever version the client before spoke, this one has not said its own.
    for (const version of [4, 5] as const) {
      await t.connect({ version })
      assert.equal(await ending(await t.send(bytes(t.version))), [])
    }
  })
}

v5('AUTH instead of CONNECT closes without a word [MQTT-3.1.0-1, MQTT-3.14.0-1]', async (t) => {
  await t.connect()
  assert.equal(await ending(await t.send(hex('f000'))), [])
})

v4('a second CONNECT closes the connection [MQTT-3.1.0-2, MQTT-4.8.0-1]', async (t) => {
  const client = await t.sendConnected(connect({ level: 4 }))
  assert.equal(await ending(client), [])
})

v5('a second CONNECT gets DISCONNECT 0x82 [MQTT-3.1.0-2, MQTT-3.2.0-2]', async (t) => {
  const client = await t.sendConnected(connect({ level: 5 }))
  assert.equal(await ending(client), ['disconnect 0x82'])
})

for (const name of ['', 'mqtt', 'MQTTX', 'MQT', 'HTTP', 'MQIsdq']) {
  both(`protocol name '${name}' closes without a CONNACK [MQTT-3.1.2-1]`, async (t) => {
    assert.equal(await ending(await t.send(connect({ level: t.version, name }))), [])
  })
}

for (const level of [0, 1, 2]) {
  v4(`level ${level} gets the CONNACK of 3.1.1 with 1, then a close [MQTT-3.1.2-2]`, async (t) => {
    const client = await t.send(connect({ level }))
    await client.closed
    assert.equal(client.received, [hex('20020001')])
  })
}

for (const level of [6, 9, 127]) {
  v5(`level ${level} gets the CONNACK of 5.0 with 0x84, then a close [MQTT-3.1.2-2]`, async (t) => {
    const client = await t.send(connect({ level }))
    await client.closed
    assert.equal(client.received, [hex('2003008400')])
  })
}

// Every CONNECT below is malformed: 3.1.1 closes without a CONNACK [MQTT-3.1.4-1], 5.0 says 0x81.
type Malformed = { flags?: number; payload?: Buffer[] }
const MALFORMED: [string, Malformed][] = [
  ['the reserved flag [MQTT-3.1.2-3]', { flags: CLEAN | 1 }],
  [
    'will QoS 1 without a will [3.1.1 MQTT-3.1.2-11, MQTT-3.1.2-13] [5.0 MQTT-3.1.2-11]',
    { flags: CLEAN | 0x08 },
  ],
  [
    'will QoS 2 without a will [3.1.1 MQTT-3.1.2-11, MQTT-3.1.2-13] [5.0 MQTT-3.1.2-11]',
    { flags: CLEAN | 0x10 },
  ],
  [
    'will retain without a will [3.1.1 MQTT-3.1.2-11, MQTT-3.1.2-15] [5.0 MQTT-3.1.2-13]',
    { flags: CLEAN | WILL_RETAIN },
  ],
  ['no client id at all [MQTT-3.1.3-3]', { payload: [] }],
  ['a client id cut short [MQTT-3.1.4-1]', { payload: [hex('000561')] }],
  [
    'a user name without its flag [3.1.1 MQTT-3.1.2-18] [5.0 MQTT-3.1.2-16]',
    { payload: [field('id'), field('user')] },
  ],
  [
    'the user name flag without a user name [3.1.1 MQTT-3.1.2-19] [5.0 MQTT-3.1.2-17]',
    { flags: CLEAN | USER_NAME },
  ],
  [
    'a password without its flag [3.1.1 MQTT-3.1.2-20] [5.0 MQTT-3.1.2-18]',
    { flags: CLEAN | USER_NAME, payload: [field('id'), field('user'), field('secret')] },
  ],
  [
    'the password flag without a password [3.1.1 MQTT-3.1.2-21] [5.0 MQTT-3.1.2-19]',
    { flags: CLEAN | USER_NAME | PASSWORD, payload: [field('id'), field('user')] },
  ],
  [
    'a user name cut short [3.1.1 MQTT-3.1.2-19] [5.0 MQTT-3.1.2-17]',
    { flags: CLEAN | USER_NAME, payload: [field('id'), hex('00ff61')] },
  ],
]
for (const [title, { flags, payload }] of MALFORMED) {
  both(`malformed CONNECT: ${title}`, async (t) => {
    const parts = { level: t.version, ...(flags && { flags }), ...(payload && { payload }) }
    await t.refuses(await t.send(connect(parts)), 'silently', 0x81)
  })
}

const WILLS: [string, number, (none: Buffer) => Buffer[]][] = [
  [
    'will QoS 3 [3.1.1 MQTT-3.1.2-14] [5.0 MQTT-3.1.2-12]',
    0x18,
    (none) => [none, field('w'), field('x')],
  ],
  ['a will flag without a will [MQTT-3.1.2-9]', 0, () => []],
  ['a will topic without a will message [MQTT-3.1.2-9]', 0, (none) => [none, field('w')]],
  [
    'a will without its flag [3.1.1 MQTT-3.1.2-11] [5.0 MQTT-3.1.4-1]',
    -WILL,
    (none) => [none, field('w'), field('x')],
  ],
]
for (const [title, flags, fields] of WILLS) {
  both(`malformed CONNECT: ${title}`, async (t) => {
    const none = t.version === 5 ? properties() : Buffer.alloc(0)
    const payload = [field('id'), ...fields(none)]
    const bytes = connect({ level: t.version, flags: CLEAN | (WILL + flags), payload })
    await t.refuses(await t.send(bytes), 'silently', 0x81)
  })
}

v4('a password without a user name closes without a CONNACK [MQTT-3.1.2-22]', async (t) => {
  const payload = [field('id'), field('secret')]
  const bytes = connect({ level: 4, flags: CLEAN | PASSWORD, payload })
  assert.equal(await ending(await t.send(bytes)), [])
})

v5('a password without a user name is a valid form [MQTT-3.1.2-19]', async (t) => {
  const payload = [field('id'), field('secret')]
  const client = await t.send(connect({ level: 5, flags: CLEAN | PASSWORD, payload }))
  assert.is((await client.next('connack')).reasonCode, 0)
})

both(
  'a user name without a password is a valid form [3.1.1 MQTT-3.1.2-19] [5.0 MQTT-3.1.2-17]',
  async (t) => {
    const payload = [field('id'), field('user')]
    const client = await t.send(connect({ level: t.version, flags: CLEAN | USER_NAME, payload }))
    assert.equal(await unread(client), ['connack 0x00'])
  },
)

both('bytes after the last field make CONNECT malformed [MQTT-3.1.4-1]', async (t) => {
  const bytes = connect({ level: t.version, payload: [field('id'), u8(0)] })
  await t.refuses(await t.send(bytes), 'silently', 0x81)
})

both('a keep alive cut short makes CONNECT malformed [MQTT-3.1.4-1]', async (t) => {
  const bytes = packet(0x10, field('MQTT'), u8(t.version, CLEAN, 0))
  await t.refuses(await t.send(bytes), 'silently', 0x81)
})

both(
  'CONNECT with flags in its first byte closes [3.1.1 MQTT-2.2.2-1, MQTT-2.2.2-2] ' +
    '[5.0 MQTT-2.1.3-1]',
  async (t) => {
    const client = await t.send(connect({ level: t.version, first: 0x11 }))
    const told = await ending(client)
    // Nothing is known of the version yet when the first byte is wrong: both answers are right.
    if (t.version === 4 || told.length === 0) assert.equal(told, [])
    else assert.equal(told, ['connack 0x81'])
  },
)

both(
  'payload fields come in their order, will and user with them [MQTT-3.1.3-1, MQTT-3.1.2-9]',
  async (t) => {
    const watcher = await t.connect()
    await watcher.subscribe('#')
    const will = t.version === 5 ? [properties()] : []
    const payload = [
      field('id'),
      ...will,
      field('w/t'),
      field('gone'),
      field('user'),
      field('pass'),
    ]
    const flags = CLEAN | WILL | USER_NAME | PASSWORD
    const client = await t.send(connect({ level: t.version, flags, payload }))
    assert.equal(await unread(client), ['connack 0x00'])
    await t.breaks(client)
    assert.equal(await inbox(watcher), ['w/t=gone q0'])
  },
)

for (const [name, bytes] of BAD_STRINGS) {
  both(`a client id with ${name} is malformed [MQTT-3.1.3-4]`, async (t) => {
    const payload = [field(bytes)]
    await t.refuses(await t.send(connect({ level: t.version, payload })), 'silently', 0x81)
  })
  both(
    `a user name with ${name} is malformed [3.1.1 MQTT-3.1.3-11] [5.0 MQTT-3.1.3-12]`,
    async (t) => {
      const payload = [field('id'), field(bytes)]
      const opening = connect({ level: t.version, flags: CLEAN | USER_NAME, payload })
      await t.refuses(await t.send(opening), 'silently', 0x81)
    },
  )
}

both('U+0000 in a client id is malformed [3.1.1 MQTT-1.5.3-2] [5.0 MQTT-1.5.4-2]', async (t) => {
  const payload = [field('a\0b')]
  await t.refuses(await t.send(connect({ level: t.version, payload })), 'silently', 0x81)
})

both('a password may be any bytes [3.1.1 MQTT-3.1.2-21] [5.0 MQTT-3.1.2-19]', async (t) => {
  const payload = [field('id'), field('user'), field(hex('ff00c0af'))]
  const flags = CLEAN | USER_NAME | PASSWORD
  const client = await t.send(connect({ level: t.version, flags, payload }))
  assert.equal(await unread(client), ['connack 0x00'])
})

const DIGITS = '0123456789'
const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const UPPER = LOWER.toUpperCase()
for (const clientId of [
  'a',
  `${DIGITS}abcdefghijklm`,
  `nopqrstuvwxyz${DIGITS}`,
  UPPER.slice(0, 23),
  UPPER.slice(23),
]) {
  both(`client id ${clientId} is accepted [MQTT-3.1.3-5]`, async (t) => {
    const client = await t.open()
    await client.handshake({ clientId })
    assert.equal(client.connack?.returnCode ?? client.connack?.reasonCode, 0)
  })
}

both('the client id names the session, and another id another one [MQTT-3.1.3-2]', async (t) => {
  const first = await t.persistent('one')
  await first.subscribe('a', { qos: 1 })
  await first.disconnect()
  await t.publish('a=kept')
  const other = await t.persistent('other')
  assert.is(other.connack?.sessionPresent, false)
  const again = await t.persistent('one')
  assert.is(again.connack?.sessionPresent, true)
  assert.equal(await inbox(other), [])
  assert.equal(await inbox(again), ['a=kept q1'])
})

both('client ids differ by case, bytes and length only [MQTT-3.1.3-2]', async (t) => {
  const ids = ['ab', 'AB', 'aB', 'ab ', 'é', 'e\u0301']
  const clients = await Promise.all(ids.map((clientId) => t.connect({ clientId })))
  for (const client of clients) assert.equal(await unread(client), [])
})

v4('two empty client ids are two clients [MQTT-3.1.3-6]', async (t) => {
  const [one, two] = [await t.connect({ clientId: '' }), await t.connect({ clientId: '' })]
  await one.subscribe('a')
  await t.publish('a=x')
  assert.equal(await inbox(one), ['a=x q0'])
  assert.equal(await inbox(two), [])
})

v5('an empty client id is assigned one of its own [MQTT-3.1.3-6, MQTT-3.2.2-16]', async (t) => {
  const clients = [await t.connect({ clientId: '' }), await t.connect({ clientId: '' })]
  const ids = clients.map((client) => client.connack?.properties?.assignedClientIdentifier ?? '')
  assert.is(new Set(ids).size, 2)
  for (const id of ids) assert.ok(id.length > 0)
  for (const client of clients) assert.equal(await unread(client), [])
})

v5('an assigned client id names a session like any other [MQTT-3.1.3-7]', async (t) => {
  const first = await t.connect({ clientId: '', properties: { sessionExpiryInterval: 100 } })
  const clientId = first.connack?.properties?.assignedClientIdentifier as string
  await first.disconnect()
  const again = await t.connect({ clientId, clean: false })
  assert.is(again.connack?.sessionPresent, true)
})

v5('a client id of its own is not assigned another [MQTT-3.2.2-16]', async (t) => {
  const client = await t.connect({ clientId: 'own' })
  assert.is(client.connack?.properties?.assignedClientIdentifier, undefined)
})

v4(
  'an empty client id with clean session 0 gets CONNACK 2 [MQTT-3.1.3-8, MQTT-3.1.3-9]',
  async (t) => {
    const client = await t.send(connect({ level: 4, flags: 0, payload: [field('')] }))
    await client.closed
    assert.equal(client.received, [hex('20020002')])
  },
)

both('a client id of 1,000 bytes is accepted [MQTT-3.1.3-5]', async (t) => {
  await t.connect({ clientId: 'x'.repeat(1000) })
})

const REFUSED: [string, (level: number) => Buffer][] = [
  ['of an unknown level', (level) => connect({ level: level === 4 ? 2 : 6 })],
  ['that is malformed', (level) => connect({ level, flags: CLEAN | 1 })],
]
for (const [what, bytes] of REFUSED) {
  both(
    `what follows a CONNECT ${what} is not processed [3.1.1 MQTT-3.1.4-5] [5.0 MQTT-3.1.4-6]`,
    async (t) => {
      const retained = publish(t.version, 'left', { first: 0x31, payload: 'behind' })
      await (await t.send(bytes(t.version), retained)).closed
      const client = await t.connect()
      await client.subscribe('#')
      assert.equal(await inbox(client), [])
    },
  )
}

// Property rules of a 5.0 CONNECT: 0x81 for what cannot be, 0x82 for what must not be.
const PROPERTIES: [string, number, Buffer[]][] = [
  ['a property that does not exist [MQTT-3.1.4-1]', 0x81, [hex('7f00')]],
  ['a property of another packet [MQTT-3.1.4-1]', 0x81, [hex('230001')]],
  ['a property block cut short [MQTT-3.1.4-1]', 0x81, [hex('1100')]],
  ['Session Expiry Interval twice [MQTT-3.1.4-1]', 0x82, [hex('1100000001'), hex('1100000001')]],
  ['Receive Maximum 0 [MQTT-3.1.4-1]', 0x82, [hex('210000')]],
  ['Receive Maximum twice [MQTT-3.1.4-1]', 0x82, [hex('210001'), hex('210001')]],
  ['Maximum Packet Size 0 [MQTT-3.1.4-1]', 0x82, [hex('2700000000')]],
  ['Maximum Packet Size twice [MQTT-3.1.4-1]', 0x82, [hex('2700000100'), hex('2700000100')]],
  ['Topic Alias Maximum twice [MQTT-3.1.4-1]', 0x82, [hex('220001'), hex('220001')]],
  ['Request Response Information 2 [MQTT-3.1.4-1]', 0x82, [hex('1902')]],
  ['Request Response Information twice [MQTT-3.1.4-1]', 0x82, [hex('1900'), hex('1900')]],
  ['Request Problem Information 2 [MQTT-3.1.4-1]', 0x82, [hex('1702')]],
  ['Request Problem Information twice [MQTT-3.1.4-1]', 0x82, [hex('1701'), hex('1701')]],
  ['Authentication Data without a method [MQTT-3.1.4-1]', 0x82, [hex('16000161')]],
  [
    'Authentication Method twice [MQTT-3.1.4-1]',
    0x82,
    [u8(0x15), field('X'), u8(0x15), field('X')],
  ],
  ['a user property of ill-formed key [MQTT-1.5.7-1]', 0x81, [hex('26 0001ff 000161')]],
  ['a user property of ill-formed value [MQTT-1.5.7-1]', 0x81, [hex('26 000161 0001ff')]],
  ['a user property with U+0000 [MQTT-1.5.7-1]', 0x81, [hex('26 000100 000161')]],
]
for (const [title, reason, parts] of PROPERTIES) {
  v5(`CONNACK ${reason.toString(16)} for ${title}`, async (t) => {
    const client = await t.send(connect({ level: 5, properties: parts }))
    assert.equal(await ending(client), [`connack 0x${reason.toString(16)}`])
  })
}

const WILL_PROPERTIES: [string, number, Buffer[]][] = [
  ['a property that wills have not', 0x81, [u8(0x11), u32(1)]],
  ['Will Delay Interval twice', 0x82, [u8(0x18), u32(1), u8(0x18), u32(1)]],
  ['Payload Format Indicator 2', 0x82, [hex('0102')]],
  ['a response topic with a wildcard', 0x82, [u8(0x08), field('a/+')]],
  ['an ill-formed content type', 0x81, [u8(0x03), field(hex('ff'))]],
]
for (const [title, reason, parts] of WILL_PROPERTIES) {
  v5(`CONNACK ${reason.toString(16)} for a will with ${title} [MQTT-3.1.4-1]`, async (t) => {
    const payload = [field('id'), properties(...parts), field('w'), field('x')]
    const client = await t.send(connect({ level: 5, flags: CLEAN | WILL, payload }))
    assert.equal(await ending(client), [`connack 0x${reason.toString(16)}`])
  })
}

v5('a property length in more bytes than needed is malformed [MQTT-1.5.5-1]', async (t) => {
  const bytes = packet(0x10, field('MQTT'), u8(5, CLEAN), u16(0), hex('8000'), field('id'))
  assert.equal(await ending(await t.send(bytes)), ['connack 0x81'])
})

v5('every property of CONNECT together is accepted [MQTT-3.1.4-5]', async (t) => {
  const client = await t.connect({
    properties: {
      sessionExpiryInterval: 10,
      receiveMaximum: 3,
      maximumPacketSize: 4096,
      topicAliasMaximum: 2,
      requestResponseInformation: true,
      requestProblemInformation: false,
      userProperties: { a: ['1', '2'], b: '3' },
    },
  })
  assert.equal(await unread(client), [])
})

spec.run()
