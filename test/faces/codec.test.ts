// The face wasmqtt/codec as it is built: every golden packet decoded whole and at every split, and
// encoded again; errors, limits, and what lazy packets hold. Uses dist/, as a program would.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DecodeError, Decoder, encode, type Packet, type Version } from 'wasmqtt/codec'
import { FAULTS } from '../faults.ts'
import { VECTORS } from '../vectors.ts'

const SPLITS_MAX = 64

const tests = suite('codec face')

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function decoderOf(version: Version, sender: 'client' | 'server' | 'any'): Decoder {
  return new Decoder({ version, sender })
}

function plain(packets: readonly Packet[]): unknown {
  return JSON.parse(JSON.stringify(packets))
}

function decode(bytes: Uint8Array, version: Version, sender: 'client' | 'server'): Packet[] {
  return decoderOf(version, sender).push(bytes)
}

tests('every golden packet is decoded, and encoded to the same bytes', () => {
  for (const { title, version, sender, bytes, canonical } of VECTORS) {
    const packets = decode(Buffer.from(bytes, 'hex'), version, sender)
    assert.is(packets.length, 1, title)
    const again = encode(packets[0] as Packet, version)
    // Properties of different kinds may come in another order: the packet they make is the same.
    if (again.length * 2 === (canonical ?? bytes).length && hex(again) !== (canonical ?? bytes)) {
      assert.equal(plain(decode(again, version, sender)), plain(packets), title)
    } else {
      assert.is(hex(again), canonical ?? bytes, title)
    }
  }
})

tests('a packet cut anywhere is the same packet', () => {
  for (const { title, version, sender, bytes } of VECTORS) {
    const wire = Buffer.from(bytes, 'hex')
    const whole = plain(decode(wire, version, sender))
    const step = Math.max(1, Math.floor(wire.length / SPLITS_MAX))
    for (let at = 0; at <= wire.length; at += step) {
      const decoder = decoderOf(version, sender)
      const packets = [...decoder.push(wire.subarray(0, at)), ...decoder.push(wire.subarray(at))]
      assert.equal(plain(packets), whole, `${title} at ${at}`)
      assert.is(decoder.pending, 0)
    }
  }
})

tests('packets byte by byte, one after another, are all found', () => {
  const ofVersion = VECTORS.filter(({ version, sender, bytes }) => {
    return version === 5 && sender === 'client' && bytes.length < 200 && !bytes.startsWith('10')
  })
  const wire = Buffer.from(ofVersion.map(({ bytes }) => bytes).join(''), 'hex')
  const decoder = decoderOf(5, 'client')
  const packets: Packet[] = []
  for (const byte of wire) packets.push(...decoder.push(Uint8Array.of(byte)))
  assert.is(packets.length, ofVersion.length)
  assert.equal(plain(packets), plain(decode(wire, 5, 'client')))
})

tests('bytes that are no MQTT throw the error of the module, and go on throwing it', () => {
  for (const { title, version, sender, bytes, error, reason } of FAULTS) {
    const from = { sender: sender ?? 'any' } as const
    const decoder = new Decoder(version === 0 ? from : { ...from, version })
    const caught = failureOf(() => decoder.push(Buffer.from(bytes, 'hex')))
    assert.is(caught.code, `WASMQTT_${error}`, title)
    assert.is(caught.reason, reason, title)
    assert.is(
      failureOf(() => decoder.push(new Uint8Array(2))),
      caught,
    )
  }
})

function failureOf(work: () => unknown): DecodeError {
  try {
    work()
  } catch (error) {
    assert.instance(error, DecodeError)
    return error as DecodeError
  }
  throw new Error('expected a DecodeError')
}

tests('an error carries what came before it, and its place in the stream', () => {
  const good = encode({ type: 'publish', topic: 'a', payload: new Uint8Array(3) })
  const decoder = new Decoder({ version: 4 })
  decoder.push(good)
  const caught = failureOf(() => decoder.push(Buffer.concat([good, Buffer.from('3600', 'hex')])))
  assert.is(caught.packets.length, 1)
  assert.is(caught.position, 2 * good.length)
  assert.is(caught.code, 'WASMQTT_MALFORMED_QOS')
})

tests('a CONNECT tells the version of what follows', () => {
  const decoder = new Decoder()
  assert.is(decoder.version, undefined)
  const connect = encode({ type: 'connect', version: 5, clientId: 'a' })
  const publish = encode(
    { type: 'publish', topic: 't', payload: new Uint8Array(0), properties: { contentType: 'x' } },
    5,
  )
  const [first, second] = decoder.push(Buffer.concat([connect, publish])) as [Packet, Packet]
  assert.is(first.type, 'connect')
  assert.is(decoder.version, 5)
  assert.equal(second.type === 'publish' && second.properties, { contentType: 'x' })
})

tests('before a CONNECT nothing else is taken', () => {
  const caught = failureOf(() => new Decoder().push(encode({ type: 'pingreq' })))
  assert.is(caught.code, 'WASMQTT_PACKET_TYPE_UNEXPECTED')
})

tests('a payload is a view of the chunk, with copy of a copy, and toObject owns it', () => {
  const wire = encode({ type: 'publish', topic: 'a', payload: Uint8Array.of(1, 2, 3) })
  const [seen] = new Decoder({ version: 4 }).push(wire)
  const [kept] = new Decoder({ version: 4, copy: true }).push(wire)
  assert.ok(seen?.type === 'publish' && kept?.type === 'publish')
  const owned = (seen as unknown as { toObject(): { payload: Uint8Array } }).toObject()
  wire.fill(9, wire.length - 3)
  assert.equal([...seen.payload], [9, 9, 9])
  assert.equal([...kept.payload], [1, 2, 3])
  assert.equal([...owned.payload], [1, 2, 3])
})

tests('strings that are no ASCII, long or short, come out as they went in', () => {
  for (const topic of ['ä/温度/😀', '\ufeffbom', 'x'.repeat(65), `${'é'.repeat(300)}/a`]) {
    for (let again = 0; again < 2; again++) {
      const wire = encode({ type: 'publish', topic, payload: new Uint8Array(1) })
      const [packet] = new Decoder({ version: 4 }).push(wire)
      assert.is(packet?.type === 'publish' && packet.topic, topic)
    }
  }
})

tests('a large packet in small chunks arrives', () => {
  const payload = new Uint8Array(3_000_000).map((_, i) => i)
  const wire = encode({ type: 'publish', topic: 'a', payload, qos: 1, packetId: 9 })
  const decoder = new Decoder({ version: 4 })
  const packets: Packet[] = []
  for (let at = 0; at < wire.length; at += 65536) {
    packets.push(...decoder.push(wire.subarray(at, at + 65536)))
  }
  const [packet] = packets
  assert.ok(packet?.type === 'publish')
  assert.is(Buffer.compare(packet.payload, payload), 0)
})

tests('a packet over packetSizeMax is refused by its length', () => {
  const decoder = new Decoder({ version: 4, packetSizeMax: 1000 })
  const caught = failureOf(() => decoder.push(Buffer.from('30ffff7f', 'hex')))
  assert.is(caught.code, 'WASMQTT_PACKET_TOO_LARGE')
})

tests('what is no packet is refused with what was expected', () => {
  const payload = new Uint8Array(1)
  const wrong: [packet: unknown, words: RegExp][] = [
    [{ type: 'publish', topic: 'a/+', payload }, /^expected a topic name/],
    [{ type: 'publish', topic: '', payload }, /^expected a topic name/],
    [{ type: 'publish', topic: `${'x'.repeat(70)}#`, payload }, /^expected a topic name/],
    [{ type: 'publish', topic: 'a', payload: 'text' }, /^expected a payload/],
    [{ type: 'publish', topic: 'a', payload, qos: 3 }, /^expected QoS/],
    [{ type: 'publish', topic: 'a', payload, qos: 1 }, /^expected a packetId/],
    [{ type: 'publish', topic: 'a', payload, dup: true }, /^expected no dup/],
    [{ type: 'publish', topic: 'x'.repeat(65536), payload }, /^expected at most/],
    [{ type: 'puback', packetId: 65536 }, /^expected a packetId/],
    [{ type: 'subscribe', packetId: 1, subscriptions: [] }, /^expected at least/],
    [{ type: 'unsubscribe', packetId: 1, filters: ['a/#/b'] }, /^expected a topic filter/],
    [{ type: 'connect', version: 6, clientId: '' }, /^expected version/],
    [{ type: 'auth' }, /^expected version 5/],
    [{ type: 'nonsense' }, /^expected a packet/],
  ]
  for (const [packet, words] of wrong) {
    assert.throws(
      () => encode(packet as Packet),
      (error: Error) => words.test(error.message),
    )
  }
  assert.throws(() => new Decoder({ version: 7 as Version }), /expected version/)
  assert.throws(() => new Decoder().push('text' as unknown as Uint8Array), /expected a Uint8Array/)
})

tests.run()
