// Suite: bytes to packets, one packet type at a time, in one chunk and cut into small ones; beside
// mqtt-packet's parser. Ours copies the chunk into the module, as a broker must.
import { type Packet, parser } from 'mqtt-packet'
import { RECORD_TOPIC_LENGTH, RECORD_TOPIC_START } from '../../assembly/layout.ts'
import { Codec } from '../../host/wasm/codec.ts'
import { loadModule } from '../../host/wasm/instance.ts'
import { Records } from '../../host/wasm/records.ts'
import { agree, measure } from './measure.ts'
import { bytesOf, SAMPLES, type Version } from './packets.ts'

const PACKETS = 1000
const CHUNK_BYTES_MAX = 128 * 1024
const SMALL_CHUNK_BYTES = 61
const PACKET_BYTES_MAX = 1 << 20

const module = loadModule()
const codec = new Codec(module)

/** Decodes chunks one after another; the incomplete end of one is put before the next. */
function decodeChunks(chunks: readonly Buffer[], version: Version): number {
  const input = module.input()
  let tail = 0
  let count = 0
  for (const chunk of chunks) {
    module.u8.set(chunk, input + tail)
    const end = input + tail + chunk.length
    let start = input
    for (;;) {
      const records = codec.decode(start, end - start, version, PACKET_BYTES_MAX)
      if (records === 0) break
      count += records
      start += codec.consumed()
    }
    tail = end - start
    if (tail > 0 && start > input) module.u8.copyWithin(input, start, end)
  }
  return count
}

function parseChunks(chunks: readonly Buffer[], version: Version): number {
  let count = 0
  const parsing = parser({ protocolVersion: version })
  parsing.on('packet', () => {
    count++
  })
  for (const chunk of chunks) parsing.parse(chunk)
  return count
}

/** What both made of one packet, as far as a record tells. */
function ours(bytes: Buffer, version: Version): unknown {
  decodeChunks([bytes], version)
  const record = Records.first
  const start = module.word(record + RECORD_TOPIC_START)
  const isPublish = Records.type(module, record) === 3
  return {
    type: Records.type(module, record),
    error: Records.error(module, record),
    packetId: Records.packetId(module, record),
    topic: isPublish ? module.text(start, module.word(record + RECORD_TOPIC_LENGTH)) : '',
  }
}

function theirs(bytes: Buffer, version: Version): unknown {
  let packet: Packet | undefined
  const parsing = parser({ protocolVersion: version })
  parsing.on('packet', (parsed: Packet) => {
    packet = parsed
  })
  parsing.parse(bytes)
  return {
    type: (bytes[0] as number) >> 4,
    error: 0,
    packetId: packet?.messageId ?? 0,
    topic: packet?.cmd === 'publish' ? packet.topic : '',
  }
}

function cut(bytes: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return chunks
}

for (const sample of SAMPLES) {
  const { title, version } = sample
  const one = bytesOf(sample)
  agree(title, { wasmqtt: ours(one, version), 'mqtt-packet': theirs(one, version) })
  const all = Buffer.concat(Array.from({ length: PACKETS }, () => one))
  const whole = Math.floor(CHUNK_BYTES_MAX / one.length) * one.length
  for (const [how, size] of [
    ['', whole],
    [', cut', SMALL_CHUNK_BYTES],
  ] as const) {
    if (how && !title.startsWith('PUBLISH QoS 0')) continue
    const chunks = cut(all, size)
    const counts = [decodeChunks(chunks, version), parseChunks(chunks, version)]
    agree(`${title}${how}, count`, { expected: PACKETS, wasmqtt: counts[0], other: counts[1] })
    await measure(`decode ${title}${how}`, PACKETS, {
      wasmqtt: () => decodeChunks(chunks, version),
      'mqtt-packet': () => parseChunks(chunks, version),
    })
  }
}
