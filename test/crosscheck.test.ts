// The golden packets before an independent witness: the npm package mqtt-packet must read the same
// fields from them, and what it writes of what it read must be the same packet to our decode. The
// few that it refuses are listed with its words and the reason.

import { generate, type Packet, parser } from 'mqtt-packet'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TestModule } from './module.ts'
import { type Complete, complete, decode } from './records.ts'
import { hex } from './spec/bytes.ts'
import { type Entry, PROPERTIES, TYPES, VECTORS, type Vector } from './vectors.ts'

// Names of the properties in mqtt-packet.
const NAMES: Record<string, number> = {
  ...{ payloadFormatIndicator: 0x01, messageExpiryInterval: 0x02, contentType: 0x03 },
  ...{ responseTopic: 0x08, correlationData: 0x09, subscriptionIdentifier: 0x0b },
  ...{ sessionExpiryInterval: 0x11, assignedClientIdentifier: 0x12, serverKeepAlive: 0x13 },
  ...{ authenticationMethod: 0x15, authenticationData: 0x16, requestProblemInformation: 0x17 },
  ...{ willDelayInterval: 0x18, requestResponseInformation: 0x19, responseInformation: 0x1a },
  ...{ serverReference: 0x1c, reasonString: 0x1f, receiveMaximum: 0x21, topicAliasMaximum: 0x22 },
  ...{ topicAlias: 0x23, maximumQoS: 0x24, retainAvailable: 0x25, userProperties: 0x26 },
  ...{ maximumPacketSize: 0x27, wildcardSubscriptionAvailable: 0x28 },
  ...{ subscriptionIdentifiersAvailable: 0x29, sharedSubscriptionAvailable: 0x2a },
}

type Loose = Record<string, unknown>

function parse(vector: Vector): Loose {
  const reader = parser({ protocolVersion: vector.version })
  const found: Loose[] = []
  reader.on('packet', (packet) => found.push(packet as unknown as Loose))
  reader.on('error', (error: Error) => {
    throw error
  })
  reader.parse(hex(vector.bytes))
  const [packet] = found
  if (packet === undefined) throw new Error('mqtt-packet waits for more')
  return packet
}

function write(packet: Loose, vector: Vector): Buffer {
  return generate(packet as unknown as Packet, { protocolVersion: vector.version })
}

function hexOf(value: unknown): string {
  return Buffer.from((value ?? '') as string | Buffer).toString('hex')
}

function sorted(entries: readonly Entry[] | undefined): string[] {
  return (entries ?? []).map((entry) => JSON.stringify(entry)).sort()
}

/** The properties of mqtt-packet as entries; it keeps no order among them. */
function entriesOf(properties: unknown): Entry[] {
  return Object.entries((properties ?? {}) as Loose).flatMap(([name, value]): Entry[] => {
    const id = NAMES[name] ?? 0
    if (name === 'userProperties') {
      const pairs = Object.entries({ ...(value as Record<string, string | string[]>) })
      return pairs.flatMap(([key, values]) =>
        [values].flat().map((one): Entry => [id, [hexOf(key), hexOf(one)]]),
      )
    }
    return [value].flat().map((one): Entry => {
      if (typeof one === 'boolean') return [id, Number(one)]
      return [id, typeof one === 'number' ? one : hexOf(one)]
    })
  })
}

/** What mqtt-packet says, in our words; fields it has for no reason are left out by type. */
function fieldsOf(packet: Loose): Loose {
  const { cmd, messageId = 0, reasonCode = 0, returnCode = 0 } = packet
  const base = { cmd, packetId: messageId, entries: sorted(entriesOf(packet.properties)) }
  if (cmd === 'connect') return { cmd, entries: base.entries, connect: connectOf(packet) }
  if (cmd === 'publish') {
    const { topic, qos, dup, retain } = packet
    return { ...base, topic, qos, dup, retain, payload: hexOf(packet.payload) }
  }
  if (cmd === 'subscribe') return { ...base, items: subscriptionsOf(packet) }
  if (cmd === 'unsubscribe') return { ...base, items: packet.unsubscriptions }
  if (cmd === 'suback' || cmd === 'unsuback') return { ...base, items: packet.granted ?? [] }
  if (cmd === 'connack') {
    const { sessionPresent } = packet
    return { cmd, entries: base.entries, sessionPresent, reason: reasonCode || returnCode }
  }
  return { ...base, reason: reasonCode }
}

function connectOf(packet: Loose): Loose {
  const { clientId, keepalive, clean, protocolVersion, username } = packet
  const will = packet.will as Loose | undefined
  return {
    ...{ clientId, keepalive, clean, level: protocolVersion },
    ...{ userName: username, password: packet.password && hexOf(packet.password) },
    will: will && {
      ...{ topic: will.topic, payload: hexOf(will.payload), qos: will.qos, retain: will.retain },
      entries: sorted(entriesOf(will.properties)),
    },
  }
}

function subscriptionsOf(packet: Loose): unknown[] {
  const subscriptions = packet.subscriptions as Loose[]
  return subscriptions.map(({ topic, qos, nl = false, rap = false, rh = 0 }) => [
    topic,
    qos,
    nl,
    rap,
    rh,
  ])
}

/** Our fields in the same shape. */
function ourFields(fields: Complete): Loose {
  const type = TYPES[fields.head >> 4] ?? ''
  const cmd = type.toLowerCase()
  const base = { cmd, packetId: fields.packetId, entries: sorted(fields.entries) }
  const items = Buffer.from(fields.payload, 'hex')
  if (cmd === 'connect') return { cmd, entries: base.entries, connect: ourConnect(fields) }
  if (cmd === 'publish') {
    const { head, topic, payload } = fields
    const flags = { qos: (head >> 1) & 3, dup: (head & 8) !== 0, retain: (head & 1) !== 0 }
    return { ...base, topic, ...flags, payload }
  }
  if (cmd === 'subscribe') return { ...base, items: ourFilters(items, true) }
  if (cmd === 'unsubscribe') return { ...base, items: ourFilters(items, false) }
  if (cmd === 'suback' || cmd === 'unsuback') return { ...base, items: [...items] }
  if (cmd === 'connack') {
    const sessionPresent = (fields.bits & 1) !== 0
    return { cmd, entries: base.entries, sessionPresent, reason: fields.reason }
  }
  return { ...base, reason: fields.reason }
}

function ourConnect({ connect }: Complete): Loose {
  if (connect === undefined) throw new Error('no CONNECT')
  const { level, flags, keepAlive, clientId, userName, password } = connect
  return {
    ...{ clientId, keepalive: keepAlive, clean: (flags & 2) !== 0, level, userName, password },
    will: connect.willTopic && {
      ...{ topic: connect.willTopic, payload: connect.willPayload, qos: (flags >> 3) & 3 },
      ...{ retain: (flags & 0x20) !== 0, entries: sorted(connect.willEntries) },
    },
  }
}

function ourFilters(items: Buffer, withOptions: boolean): unknown[] {
  const filters: unknown[] = []
  for (let at = 0; at < items.length; ) {
    const end = at + 2 + items.readUInt16BE(at)
    const topic = items.subarray(at + 2, end).toString()
    const options = withOptions ? (items[end] ?? 0) : 0
    const flags = [(options & 4) !== 0, (options & 8) !== 0, options >> 4]
    filters.push(withOptions ? [topic, options & 3, ...flags] : topic)
    at = withOptions ? end + 1 : end
  }
  return filters
}

/** What mqtt-packet refuses though the specification allows it, with its own words. */
const REFUSED: Record<string, string> = {
  // MQTT 5 keeps sessions of clients that let the server name them. [MQTT-3.1.3-6]
  '5.0 CONNECT, no identifier, not clean': 'clientId must be given if cleanSession set to 0',
  '5.0 CONNECT, password alone': 'Username is required to use password',
  // MQTT 3.1 has its own idea of reserved bits, of DUP, and of fields that are not there.
  '3.1 CONNECT, flags that 3.1 disregards': 'Connect flag bit 0 must be 0, but got 1',
  '3.1 CONNECT, user name flag only': 'Cannot parse username',
  '3.1 CONNECT, password flag only': 'Cannot parse password',
  '3.1 CONNACK, reserved byte used': 'Invalid connack flags, bits 7-1 must be set to 0',
  '3.1 SUBSCRIBE, sent again': 'Invalid header flag bits, must be 0x2 for subscribe packet',
  '3.1 UNSUBSCRIBE, sent again': 'Invalid header flag bits, must be 0x2 for unsubscribe packet',
  '3.1 PUBREL, sent again': 'Invalid header flag bits, must be 0x2 for pubrel packet',
  // MQTT 5.0 section 3.15.2.1 and table 2-6.
  '5.0 AUTH, success by saying nothing': 'Invalid auth reason code',
  '5.0 DISCONNECT 8c from the server': 'Invalid disconnect reason code',
}

const test = suite('crosscheck')
const module = new TestModule('release')

test('mqtt-packet names every property', () => {
  const ids = PROPERTIES.map(([id]) => id)
  assert.equal(Object.values(NAMES).sort(), ids.sort())
})

for (const vector of VECTORS) {
  const refusal = REFUSED[vector.title]
  if (refusal !== undefined) {
    test(`${vector.title} is refused by mqtt-packet alone`, () => {
      assert.throws(() => write(parse(vector), vector), refusal)
    })
    continue
  }
  test(`${vector.title} is the same packet to mqtt-packet`, () => {
    const packet = parse(vector)
    const ours = ourFields(complete(vector.fields))
    assert.equal(fieldsOf(packet), ours)
    const { packets } = decode(module, write(packet, vector), vector)
    assert.equal(packets[0] && ourFields(packets[0].fields), ours)
  })
}

test.run()
