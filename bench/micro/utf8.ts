// Suite: is it UTF-8, as MQTT wants it (also no U+0000)? The module's check, beside Node's own
// isUtf8 and TextDecoder, on text already where each of them needs it.
import { isUtf8 } from 'node:buffer'
import { SCRATCH_START } from '../../assembly/layout.ts'
import { loadModule } from '../../host/wasm/instance.ts'
import { agree, measure } from './measure.ts'

const CHECKS = 1000

const samples: Record<string, string> = {
  '16 bytes ASCII': 'sensors/17/state',
  '64 bytes ASCII': 'building/7/floor/3/room/117/sensors/temperature/celsius/current!',
  '1 KiB ASCII': 'sensors/17/state'.repeat(64),
  '1 KiB mixed': 'Straße/温度/😀 '.repeat(43),
}

const wrong = [Buffer.from([0xc0, 0x80]), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0xff])]

const module = loadModule()
const decoder = new TextDecoder('utf-8', { fatal: true })

function check(bytes: Buffer): boolean {
  module.u8.set(bytes, SCRATCH_START)
  return module.call.check_text(SCRATCH_START, bytes.length) === 1
}

function decodes(bytes: Buffer): boolean {
  try {
    decoder.decode(bytes)
    return true
  } catch {
    return false
  }
}

function repeat(one: () => number): () => number {
  return () => {
    let sum = 0
    for (let i = 0; i < CHECKS; i++) sum += one()
    return sum
  }
}

for (const [title, text] of Object.entries(samples)) {
  const bytes = Buffer.from(text)
  for (const one of [bytes, ...wrong]) {
    agree(title, { wasmqtt: check(one), isUtf8: isUtf8(one), TextDecoder: decodes(one) })
  }
  const { length } = bytes
  check(bytes)
  await measure(`UTF-8, ${title}`, CHECKS, {
    wasmqtt: repeat(() => module.call.check_text(SCRATCH_START, length)),
    isUtf8: repeat(() => (isUtf8(bytes) ? 1 : 0)),
    TextDecoder: repeat(() => decoder.decode(bytes).length),
  })
}
