// Suite: packets to bytes. From a record (topic and payload already in the module's memory, as they
// are when a broker forwards) and from a string and a Buffer (as a client would); beside
// mqtt-packet.
import { generate, type Packet } from 'mqtt-packet'
import {
  RECORD_HEAD,
  RECORD_OWN,
  RECORD_PACKET_ID,
  RECORD_PAYLOAD_LENGTH,
  RECORD_PAYLOAD_START,
  RECORD_SIZE,
  RECORD_TOPIC_LENGTH,
  RECORD_TOPIC_START,
  SCRATCH_START,
} from '../../assembly/layout.ts'
import { loadModule } from '../../host/wasm/instance.ts'
import { agree, measure } from './measure.ts'
import { bytesOf, SAMPLES, type Version } from './packets.ts'

const PACKETS = 1000
const PAYLOAD_START = SCRATCH_START + 1024
const TARGET = SCRATCH_START + 8192
const CAPACITY = 4096

const module = loadModule()

function setRecord(head: number, packetId: number): void {
  module.i32.fill(0, RECORD_OWN >> 2, (RECORD_OWN + RECORD_SIZE) >> 2)
  module.setWord(RECORD_OWN + RECORD_HEAD, head)
  module.setWord(RECORD_OWN + RECORD_PACKET_ID, packetId)
}

function putPublish(topic: string, payload: Buffer): void {
  const topicLength = module.bytes.write(topic, SCRATCH_START, 'utf8')
  module.u8.set(payload, PAYLOAD_START)
  module.setWord(RECORD_OWN + RECORD_TOPIC_START, SCRATCH_START)
  module.setWord(RECORD_OWN + RECORD_TOPIC_LENGTH, topicLength)
  module.setWord(RECORD_OWN + RECORD_PAYLOAD_START, PAYLOAD_START)
  module.setWord(RECORD_OWN + RECORD_PAYLOAD_LENGTH, payload.length)
}

/** Encodes the record in place as often as asked. */
function encodeRecord(version: Version): number {
  const { encode } = module.call
  let bytes = 0
  for (let i = 0; i < PACKETS; i++) bytes += encode(RECORD_OWN, version, TARGET, CAPACITY)
  return bytes
}

function encodeValues(topic: string, payload: Buffer, version: Version): number {
  let bytes = 0
  for (let i = 0; i < PACKETS; i++) {
    putPublish(topic, payload)
    bytes += module.copy(TARGET, module.call.encode(RECORD_OWN, version, TARGET, CAPACITY)).length
  }
  return bytes
}

function generateAll(packet: Packet, version: Version): number {
  const options = { protocolVersion: version }
  let bytes = 0
  for (let i = 0; i < PACKETS; i++) bytes += generate(packet, options).length
  return bytes
}

const ENCODED = /^PUBLISH (QoS|MQTT 5, 16)|^PUBACK/

for (const sample of SAMPLES.filter(({ title }) => ENCODED.test(title))) {
  const { title, version, packet } = sample
  const expected = bytesOf(sample)
  setRecord(expected[0] as number, packet.messageId ?? 0)
  if (packet.cmd === 'publish') putPublish(packet.topic, packet.payload as Buffer)
  const length = module.call.encode(RECORD_OWN, version, TARGET, CAPACITY)
  agree(title, { 'mqtt-packet': expected, wasmqtt: module.copy(TARGET, length) })
  await measure(`encode ${title}`, PACKETS, {
    'wasmqtt record': () => encodeRecord(version),
    ...(packet.cmd === 'publish' && {
      'wasmqtt values': () => encodeValues(packet.topic, packet.payload as Buffer, version),
    }),
    'mqtt-packet': () => generateAll(packet, version),
  })
}
