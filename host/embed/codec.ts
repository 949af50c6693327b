// The face `wasmqtt/codec`: MQTT packets from bytes and to bytes, for every version and both sides,
// with no API but WebAssembly's. Documentation: README.md of this folder.

export { useModule } from '../wasm/shared.ts'
export { Decoder, type DecoderOptions } from './decoder.ts'
export { encode } from './encode.ts'
export { DecodeError } from './errors.ts'
export { Message } from './message.ts'
export type * from './packets.ts'
