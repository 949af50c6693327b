// Shared subscriptions (section 4.8.2), for 5.0 and, as an extension every broker has, for 3.1.1:
// who gets a message, which filters are valid, and what happens when a member breaks off.

import * as assert from 'uvu/assert'
import { hex, subscribe } from './bytes.ts'
import { chapter, inbox, type Scene, unread } from './kit.ts'

const spec = chapter('shared')
const { v5, both } = spec
type Client = Awaited<ReturnType<Scene['connect']>>

/** Connected members of one group. */
async function group(t: Scene, count: number, filter = '$share/g/a', qos = 1): Promise<Client[]> {
  const members: Client[] = []
  for (let i = 0; i < count; i++) {
    const client = await t.connect()
    await client.subscribe(filter, { qos: qos as 0 | 1 | 2 })
    members.push(client)
  }
  return members
}

async function inboxes(clients: Client[]): Promise<string[][]> {
  const all: string[][] = []
  for (const client of clients) all.push(await inbox(client))
  return all
}

both(
  'each message goes to one member of a group [3.1.1 MQTT-4.5.0-1] [5.0 MQTT-4.5.0-1]',
  async (t) => {
    const members = await group(t, 3)
    const names = Array.from({ length: 30 }, (_, i) => `a=${i}`)
    await t.publish(...names)
    const received = await inboxes(members)
    const expected = names.map((name) => `${name} q1`)
    assert.equal(received.flat().sort(), expected.sort())
    for (const messages of received) assert.ok(messages.length > 0, 'every member gets some')
  },
)

both(
  'each group gets each message once, beside ordinary subscriptions [3.1.1 MQTT-4.5.0-1] ' +
    '[5.0 MQTT-4.5.0-1]',
  async (t) => {
    const one = await group(t, 2, '$share/g1/a')
    const two = await group(t, 2, '$share/g2/a')
    const ordinary = await group(t, 1, 'a')
    await t.publish('a=1', 'a=2')
    const expected = ['a=1 q1', 'a=2 q1']
    for (const each of [one, two, ordinary])
      assert.equal((await inboxes(each)).flat().sort(), expected)
  },
)

both(
  'a group is one share name with one filter [3.1.1 MQTT-4.5.0-1] [5.0 MQTT-4.8.2-1]',
  async (t) => {
    const plus = await group(t, 1, '$share/g/+')
    const hash = await group(t, 1, '$share/g/#')
    await t.publish('a=x')
    assert.equal(await inboxes([...plus, ...hash]), [['a=x q1'], ['a=x q1']])
  },
)

v5('a member gets the message at its own granted QoS [MQTT-4.8.2-3]', async (t) => {
  for (const qos of [0, 1, 2]) {
    const members = await group(t, 1, `$share/g${qos}/a`, qos)
    await t.publish('a=x q2')
    assert.equal(await inboxes(members), [[`a=x q${qos}`]])
  }
})

v5('members of different QoS each get theirs [MQTT-4.8.2-3]', async (t) => {
  const low = await group(t, 1, '$share/g/a', 0)
  const high = await group(t, 1, '$share/g/a', 2)
  await t.publish(...Array.from({ length: 10 }, () => 'a=x q2'))
  const [lows = [], highs = []] = await inboxes([...low, ...high])
  assert.is(lows.length + highs.length, 10)
  assert.ok(lows.every((text) => text === 'a=x q0') && highs.every((text) => text === 'a=x q2'))
})

for (const filter of ['$share/', '$share/g', '$share/g/', '$share//a', '$share//']) {
  both(
    `filter '${filter}' lacks a share name or a filter and closes [3.1.1 MQTT-4.8.0-1] ` +
      `[5.0 MQTT-4.8.2-1]`,
    async (t) => {
      await t.fails(await t.sendConnected(subscribe(t.version, [[filter, 0]])), 0x8f)
    },
  )
}

for (const filter of ['$share/g+/a', '$share/+/a', '$share/#/a', '$share/#', '$share/g#/a']) {
  both(
    `filter '${filter}' has a wildcard in its share name and closes [3.1.1 MQTT-4.8.0-1] ` +
      `[5.0 MQTT-4.8.2-2]`,
    async (t) => {
      await t.fails(await t.sendConnected(subscribe(t.version, [[filter, 0]])), 0x8f)
    },
  )
}

for (const filter of ['$share/g/a+', '$share/g/#/a', '$share/g/a/#b']) {
  both(
    `filter '${filter}' shares no filter and closes [3.1.1 MQTT-4.8.0-1] [5.0 MQTT-4.8.2-2]`,
    async (t) => {
      await t.fails(await t.sendConnected(subscribe(t.version, [[filter, 0]])), 0x8f)
    },
  )
}

both(
  'names near $share are ordinary filters [3.1.1 MQTT-4.7.3-4] [5.0 MQTT-4.8.2-1]',
  async (t) => {
    const filters = ['$share', '$shared/g/a', '$Share/g/a', 'share/g/a', '/$share/g/a']
    const client = await t.connect()
    for (const filter of filters) await client.subscribe(filter, { qos: 1 })
    await t.publish(...filters.map((filter) => `${filter}=x`), 'a=y')
    assert.equal(
      await inbox(client),
      filters.map((filter) => `${filter}=x q1`),
    )
  },
)

both(
  'share names are compared by bytes and may hold anything else [3.1.1 MQTT-4.7.3-4] ' +
    '[5.0 MQTT-4.8.2-2]',
  async (t) => {
    const names = ['g', 'G', 'é', '$', ' ', '$share']
    const members: Client[] = []
    for (const name of names) members.push(...(await group(t, 1, `$share/${name}/a`)))
    await t.publish('a=x')
    assert.equal(
      await inboxes(members),
      names.map(() => ['a=x q1']),
    )
  },
)

v5('No Local on a shared subscription is a protocol error [MQTT-3.8.3-4]', async (t) => {
  await t.fails(await t.sendConnected(subscribe(5, [['$share/g/a', 0x04]])), 0x82)
})

v5('No Local on a shared subscription among others is one too [MQTT-3.8.3-4]', async (t) => {
  const bytes = subscribe(5, [
    ['a', 0x04],
    ['$share/g/a', 0x05],
  ])
  await t.fails(await t.sendConnected(bytes), 0x82)
})

both('a shared subscription gets no retained messages', async (t) => {
  await t.publish('a=x retain')
  assert.equal(await inboxes(await group(t, 1)), [[]])
})

both(
  'UNSUBSCRIBE leaves the group, and the others get all [3.1.1 MQTT-3.10.4-2] [5.0 MQTT-3.10.4-2]',
  async (t) => {
    const [one, two] = (await group(t, 2)) as [Client, Client]
    await one.unsubscribe('$share/g/a')
    await t.publish('a=1', 'a=2', 'a=3')
    assert.equal(await inboxes([one, two]), [[], ['a=1 q1', 'a=2 q1', 'a=3 q1']])
  },
)

both('UNSUBSCRIBE of the plain filter leaves the shared one [MQTT-3.10.4-1]', async (t) => {
  const [client] = (await group(t, 1)) as [Client]
  await client.unsubscribe('a')
  await client.unsubscribe('$share/other/a')
  await t.publish('a=1')
  assert.equal(await inbox(client), ['a=1 q1'])
})

both(
  'a member that has left gets nothing, and the others get all [3.1.1 MQTT-4.5.0-1] ' +
    '[5.0 MQTT-4.5.0-1]',
  async (t) => {
    const [one, two] = (await group(t, 2)) as [Client, Client]
    await t.breaks(one)
    await t.publish('a=1', 'a=2', 'a=3')
    assert.equal(await inbox(two), ['a=1 q1', 'a=2 q1', 'a=3 q1'])
  },
)

both(
  'a connected member is preferred to one that is away [3.1.1 MQTT-4.5.0-1] [5.0 MQTT-4.5.0-1]',
  async (t) => {
    const away = await t.persistent('away')
    await away.subscribe('$share/g/a', { qos: 1 })
    await away.disconnect()
    const [near] = (await group(t, 1)) as [Client]
    await t.publish('a=1', 'a=2', 'a=3')
    assert.equal(await inbox(near), ['a=1 q1', 'a=2 q1', 'a=3 q1'])
  },
)

both(
  'with all members away the message is kept for one of them [3.1.1 MQTT-3.1.2-5] ' +
    '[5.0 MQTT-4.5.0-1]',
  async (t) => {
    for (const id of ['m1', 'm2']) {
      const member = await t.persistent(id)
      await member.subscribe('$share/g/a', { qos: 1 })
      await member.disconnect()
    }
    await t.publish('a=x')
    const received = await inboxes([await t.persistent('m1'), await t.persistent('m2')])
    assert.equal(received.flat(), ['a=x q1'])
  },
)

/** A member with a session and a message in flight, and another that would take its messages. */
async function interrupted(t: Scene): Promise<{ member: Client; other: Client }> {
  const member = await t.persistent('member', { autoAck: false })
  await member.subscribe('$share/g/a', { qos: 2 })
  await t.publish('a=x q2')
  assert.equal(await unread(member), ['publish a=x q2 id1'])
  const [other] = (await group(t, 1, '$share/g/a', 2)) as [Client]
  return { member, other }
}

v5('a QoS 2 message cut off is completed to its member [MQTT-4.8.2-4]', async (t) => {
  const { member, other } = await interrupted(t)
  await t.breaks(member)
  assert.equal(await unread(other), [])
  const again = await t.persistent('member', { autoAck: false })
  assert.equal(await unread(again), ['publish a=x q2 id1 dup'])
  assert.equal(await unread(other), [])
})

v5(
  'a QoS 2 message cut off goes to no other member when the session ends [MQTT-4.8.2-5]',
  async (t) => {
    const { member, other } = await interrupted(t)
    await t.breaks(member)
    await t.advance(4_000_000)
    assert.equal(await unread(other), [])
    assert.equal(await unread(await t.persistent('member')), [])
  },
)

for (const [name, bytes] of [
  ['PUBREC', '5003000180'],
  ['PUBREC', '5003000197'],
] as const) {
  v5(
    `a message refused by ${name} ${bytes.slice(-2)} goes to no other member [MQTT-4.8.2-6]`,
    async (t) => {
      const { member, other } = await interrupted(t)
      member.sendBytes(hex(bytes))
      assert.equal(await unread(member), [])
      assert.equal(await unread(other), [])
    },
  )
}

v5('a message refused by PUBACK goes to no other member [MQTT-4.8.2-6]', async (t) => {
  const member = await t.connect({ autoAck: false })
  await member.subscribe('$share/g/a', { qos: 1 })
  await t.publish('a=x q1')
  assert.equal(await unread(member), ['publish a=x q1 id1'])
  const [other] = (await group(t, 1)) as [Client]
  member.sendBytes(hex('4003000183'))
  assert.equal(await unread(member), [])
  assert.equal(await unread(other), [])
})

v5('a shared subscription has its identifier [MQTT-3.3.4-3]', async (t) => {
  const client = await t.connect()
  await client.subscribe('$share/g/a', { properties: { subscriptionIdentifier: 12 } })
  await t.publish('a=x q0')
  assert.is((await client.next('publish')).properties?.subscriptionIdentifier, 12)
})

both(
  'a client in a group and subscribed besides gets the message for both ' +
    '[3.1.1 MQTT-3.3.5-1] [5.0 MQTT-3.3.4-2]',
  async (t) => {
    const client = await t.connect()
    await client.subscribe('$share/g/a', { qos: 2 })
    await client.subscribe('a', { qos: 1 })
    await t.publish('a=x q2')
    const messages = await inbox(client)
    // One copy at the highest QoS or one a subscription: the specification allows both.
    assert.ok([['a=x q2'], ['a=x q1', 'a=x q2']].some((way) => `${way}` === `${messages.sort()}`))
  },
)

both(
  'a message to a group that nobody is in has no subscriber [3.1.1 MQTT-3.10.4-2] ' +
    '[5.0 MQTT-3.10.4-2]',
  async (t) => {
    const [client] = (await group(t, 1)) as [Client]
    await client.unsubscribe('$share/g/a')
    const [puback] = await (await t.connect()).publish({ topic: 'a', qos: 1 })
    assert.is(puback?.reasonCode ?? 0, t.version === 5 ? 0x10 : 0)
  },
)

spec.run()
