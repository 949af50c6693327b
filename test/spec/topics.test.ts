// Topic names and filters (section 4.7): which are valid, and which match. Each case names all the
// topics that match out of one list, so that what must not match is tested with it.

import * as assert from 'uvu/assert'
import {
  BAD_STRINGS,
  field,
  hex,
  packet,
  publish,
  subscribe,
  u8,
  u16,
  unsubscribe,
} from './bytes.ts'
import { chapter, inbox, type Scene } from './kit.ts'

const spec = chapter('topics')
const { v4, v5, both } = spec

const BAD_FILTERS: [string, string][] = [
  ['#a', '[3.1.1 MQTT-4.7.1-2] [5.0 MQTT-4.7.1-1]'],
  ['a#', '[3.1.1 MQTT-4.7.1-2] [5.0 MQTT-4.7.1-1]'],
  ['a/#/', '[3.1.1 MQTT-4.7.1-2] [5.0 MQTT-4.7.1-1]'],
  ['a/#/b', '[3.1.1 MQTT-4.7.1-2] [5.0 MQTT-4.7.1-1]'],
  ['#/#', '[3.1.1 MQTT-4.7.1-2] [5.0 MQTT-4.7.1-1]'],
  ['##', '[3.1.1 MQTT-4.7.1-2] [5.0 MQTT-4.7.1-1]'],
  ['a/b#', '[3.1.1 MQTT-4.7.1-2] [5.0 MQTT-4.7.1-1]'],
  ['+a', '[3.1.1 MQTT-4.7.1-3] [5.0 MQTT-4.7.1-2]'],
  ['a+', '[3.1.1 MQTT-4.7.1-3] [5.0 MQTT-4.7.1-2]'],
  ['a/b+/c', '[3.1.1 MQTT-4.7.1-3] [5.0 MQTT-4.7.1-2]'],
  ['++', '[3.1.1 MQTT-4.7.1-3] [5.0 MQTT-4.7.1-2]'],
  ['a/+#', '[3.1.1 MQTT-4.7.1-3] [5.0 MQTT-4.7.1-2]'],
  ['', '[MQTT-4.7.3-1]'],
]
for (const [filter, tags] of BAD_FILTERS) {
  both(`'${filter}' is no filter and closes ${tags}`, async (t) => {
    await t.fails(await t.sendConnected(subscribe(t.version, [[filter, 0]])), 0x8f)
  })
}

const GOOD_FILTERS = [
  '#',
  '+',
  '/',
  '+/#',
  '/#',
  '+/+',
  '/+/',
  'a/+/#',
  '+/a/+',
  '//',
  ' ',
  'a/ /b',
  '$',
  '/$share/#',
  '*',
  'a/*',
]
for (const filter of GOOD_FILTERS) {
  both(
    `'${filter}' is a filter [3.1.1 MQTT-4.7.1-2, MQTT-4.7.1-3] [5.0 MQTT-4.7.1-1, MQTT-4.7.1-2]`,
    async (t) => {
      const suback = await (await t.connect()).subscribe(filter, { qos: 1 })
      assert.equal(suback.granted, [1])
    },
  )
}

/** Of these topics, which reach a subscriber of `filter`. */
async function matching(t: Scene, filter: string, topics: string[]): Promise<string[]> {
  const client = await t.connect()
  await client.subscribe(filter, { qos: 1 })
  await t.publish(...topics.map((topic) => `${topic}=x`))
  return (await inbox(client)).map((text) => text.replace('=x q1', ''))
}

const ALL = [
  'a',
  '/a',
  'a/',
  '/',
  'a/b',
  'a//b',
  'a/b/',
  '/a/b',
  'a/b/c',
  'b',
  'A',
  '$a',
  '$a/b',
  'a/$b',
]
const MATCHES: [string, string[]][] = [
  ['#', ['a', '/a', 'a/', '/', 'a/b', 'a//b', 'a/b/', '/a/b', 'a/b/c', 'b', 'A', 'a/$b']],
  ['a/#', ['a', 'a/', 'a/b', 'a//b', 'a/b/', 'a/b/c', 'a/$b']],
  ['+/#', ['a', '/a', 'a/', '/', 'a/b', 'a//b', 'a/b/', '/a/b', 'a/b/c', 'b', 'A', 'a/$b']],
  ['/#', ['/a', '/', '/a/b']],
  ['+', ['a', 'b', 'A']],
  ['/+', ['/a', '/']],
  ['+/', ['a/', '/']],
  ['+/+', ['/a', 'a/', '/', 'a/b', 'a/$b']],
  ['a/+', ['a/', 'a/b', 'a/$b']],
  ['+/b', ['a/b']],
  ['a/+/#', ['a/', 'a/b', 'a//b', 'a/b/', 'a/b/c', 'a/$b']],
  ['+/+/+', ['a//b', 'a/b/', '/a/b', 'a/b/c']],
  ['a//b', ['a//b']],
  ['a/+/b', ['a//b']],
  ['/a', ['/a']],
  ['a/', ['a/']],
  ['a', ['a']],
  ['$a', ['$a']],
  ['$a/#', ['$a', '$a/b']],
  ['$a/+', ['$a/b']],
  ['a/$b', ['a/$b']],
]
for (const [filter, expected] of MATCHES) {
  both(
    `'${filter}' matches ${expected.join(' ')} and no other of the list [MQTT-4.7.2-1, ` +
      `MQTT-4.7.3-4]`,
    async (t) => {
      assert.equal(await matching(t, filter, ALL), expected)
    },
  )
}

both('filters that begin with a wildcard do not match $SYS [MQTT-4.7.2-1]', async (t) => {
  const client = await t.connect()
  for (const filter of ['#', '+/#', '+/broker/#', '+/broker/version'])
    await client.subscribe(filter)
  await t.advance(60_000)
  assert.equal(await inbox(client), [])
})

both('characters are compared as they are, not normalized [MQTT-4.7.3-4]', async (t) => {
  const topics = [
    'é',
    'e\u0301',
    'É',
    'ß',
    'ss',
    'a/./b',
    'a/../b',
    'a/b',
    'a\u200b',
    'a',
    '％',
    '%',
    '\u{1f600}',
  ]
  for (const filter of topics) assert.equal(await matching(t, filter, topics), [filter])
})

both('U+FEFF is kept wherever it stands [3.1.1 MQTT-1.5.3-3] [5.0 MQTT-1.5.4-3]', async (t) => {
  const topics = ['\ufeffa', 'a\ufeff', 'a', '\ufeff']
  for (const filter of topics) assert.equal(await matching(t, filter, topics), [filter])
})

v5('U+FEFF is kept in properties [MQTT-1.5.4-3]', async (t) => {
  const client = await t.connect()
  await client.subscribe('a')
  const bytes = publish(5, 'a', {
    properties: [u8(0x03), field(hex('efbbbf63')), u8(0x08), field(hex('efbbbf'))],
  })
  await (await t.sendConnected(bytes)).barrier()
  await client.barrier()
  assert.is(client.received[2]?.toString('hex'), bytes.toString('hex'))
})

const ALLOWED = [
  '\u0001',
  '\u001f',
  '\u007f',
  '\u009f',
  '\ufdd0',
  '\uffff',
  '\u{1fffe}',
  '\u{10ffff}',
  '\ue000',
  '\ud7ff',
]
both(
  'control characters and non-characters may be refused, but are not by us ' +
    '[3.1.1 MQTT-1.5.3-1] [5.0 MQTT-1.5.4-1]',
  async (t) => {
    for (const topic of ALLOWED) assert.equal(await matching(t, topic, [topic]), [topic])
  },
)

for (const [name, bytes] of BAD_STRINGS) {
  const withHead = Buffer.concat([Buffer.from('t/'), bytes])
  both(
    `a topic name with ${name} closes [3.1.1 MQTT-1.5.3-1, MQTT-3.3.2-1] ` +
      `[5.0 MQTT-1.5.4-1, MQTT-3.3.2-1]`,
    async (t) => {
      await t.fails(await t.sendConnected(publish(t.version, withHead)), 0x81)
    },
  )
  both(
    `a filter with ${name} closes [3.1.1 MQTT-1.5.3-1, MQTT-3.8.3-1] [5.0 MQTT-1.5.4-1, ` +
      `MQTT-3.8.3-1]`,
    async (t) => {
      await t.fails(await t.sendConnected(subscribe(t.version, [[withHead, 0]])), 0x81)
    },
  )
  both(`an UNSUBSCRIBE of a filter with ${name} closes [MQTT-3.10.3-1]`, async (t) => {
    await t.fails(await t.sendConnected(unsubscribe(t.version, [withHead])), 0x81)
  })
}

both(
  'U+0000 in a topic name closes [3.1.1 MQTT-1.5.3-2, MQTT-4.7.3-2] [5.0 MQTT-1.5.4-2, ' +
    'MQTT-4.7.3-2]',
  async (t) => {
    await t.fails(await t.sendConnected(publish(t.version, 'a\0b')), 0x81)
  },
)

both(
  'U+0000 in a filter closes [3.1.1 MQTT-1.5.3-2, MQTT-4.7.3-2] [5.0 MQTT-1.5.4-2, MQTT-4.7.3-2]',
  async (t) => {
    await t.fails(await t.sendConnected(subscribe(t.version, [['a\0', 0]])), 0x81)
  },
)

both('a topic of 65,535 bytes passes, and so does its filter [MQTT-4.7.3-3]', async (t) => {
  const topic = 'x'.repeat(65_535)
  assert.equal(await matching(t, topic, [topic]), [topic])
})

both('a topic of one character passes [MQTT-4.7.3-1]', async (t) => {
  assert.equal(await matching(t, '/', ['/']), ['/'])
})

both('a filter length beyond its packet closes [MQTT-4.7.3-3]', async (t) => {
  const none = t.version === 5 ? u8(0) : Buffer.alloc(0)
  await t.fails(await t.sendConnected(packet(0x82, u16(1), none, hex('ffff61'), u8(0))), 0x81)
})

both('200 levels pass in topics and filters [MQTT-4.7.3-4]', async (t) => {
  const deep = Array.from({ length: 200 }, (_, i) => `${i % 10}`).join('/')
  const client = await t.connect()
  for (const filter of [deep, deep.replaceAll(/\d/g, '+')])
    await client.subscribe(filter, { qos: 1 })
  await t.publish(`${deep}=x`)
  assert.equal(await inbox(client), [`${deep}=x q1`])
})

const TOO_DEEP = Array.from({ length: 201 }, () => 'a').join('/')
v4('a topic of 201 levels closes [MQTT-4.8.0-1]', async (t) => {
  await t.fails(await t.sendConnected(publish(4, TOO_DEEP)), 0)
})

v4('a filter of 201 levels closes [MQTT-4.8.0-1]', async (t) => {
  await t.fails(await t.sendConnected(subscribe(4, [[TOO_DEEP, 0]])), 0)
})

v5('a topic of 201 levels gets 0x90 [MQTT-4.13.1-1]', async (t) => {
  await t.fails(await t.sendConnected(publish(5, TOO_DEEP)), 0x90)
})

v5('a filter of 201 levels gets 0x8f [MQTT-4.13.1-1]', async (t) => {
  await t.fails(await t.sendConnected(subscribe(5, [[TOO_DEEP, 0]])), 0x8f)
})

spec.run()
