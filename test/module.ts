// Loads the module for tests: both builds, each instance fresh, with views that survive growth.
// Used by the tests of the codec and the tries; knows the exports only by name.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SCRATCH_START } from '../assembly/layout.ts'

export type Build = 'debug' | 'release'
export const BUILDS: readonly Build[] = ['debug', 'release']

const FILES: Record<Build, string> = { debug: 'wasmqtt.debug.wasm', release: 'wasmqtt.wasm' }

const compiled = new Map<Build, WebAssembly.Module>()

function compile(build: Build): WebAssembly.Module {
  const known = compiled.get(build)
  if (known !== undefined) return known
  const path = join(import.meta.dirname, '..', 'build', FILES[build])
  const module = new WebAssembly.Module(readFileSync(path))
  compiled.set(build, module)
  return module
}

export class TestModule {
  readonly memory: WebAssembly.Memory
  private readonly exports: WebAssembly.Exports
  private view: DataView
  private octets: Buffer

  constructor(build: Build, seed = 1) {
    this.exports = new WebAssembly.Instance(compile(build), {}).exports
    this.memory = this.exports.memory as WebAssembly.Memory
    this.view = new DataView(this.memory.buffer)
    this.octets = Buffer.from(this.memory.buffer)
    this.call('initialize', seed)
  }

  /** Calls an export with integers. */
  call(name: string, ...values: number[]): number {
    const callee = this.exports[name] as (...values: number[]) => number
    return callee(...values)
  }

  get bytes(): Buffer {
    if (this.octets.buffer !== this.memory.buffer) this.octets = Buffer.from(this.memory.buffer)
    return this.octets
  }

  /** The word at an address, signed. */
  word(address: number): number {
    if (this.view.buffer !== this.memory.buffer) this.view = new DataView(this.memory.buffer)
    return this.view.getInt32(address, true)
  }

  setWord(address: number, value: number): void {
    if (this.view.buffer !== this.memory.buffer) this.view = new DataView(this.memory.buffer)
    this.view.setInt32(address, value, true)
  }

  /** Writes a string (UTF-8) or bytes, by default to the scratch region; how many bytes it took. */
  put(value: string | Uint8Array, address: number = SCRATCH_START): number {
    const source = typeof value === 'string' ? Buffer.from(value) : value
    this.bytes.set(source, address)
    return source.length
  }
}
