// The module as Node has it: a Memory with a Buffer over it, and loading it from disk. Most other
// files of this folder take a Module; outside this folder nobody sees an address as anything but an
// opaque number.

import { readFileSync } from 'node:fs'
import { type Exports, Memory } from './memory.ts'

export { MemoryError } from './memory.ts'

/** One instance of the module with its views. Not shared between threads. */
export class Module extends Memory {
  declare bytes: Buffer

  override renew(): void {
    if (this.u8.length !== 0) return
    super.renew()
    this.bytes = Buffer.from(this.call.memory.buffer)
  }

  override text(start: number, length: number): string {
    return this.bytes.toString('utf8', start, start + length)
  }

  override copy(start: number, length: number): Buffer {
    return Buffer.from(this.u8.subarray(start, start + length))
  }
}

const cache = new Map<string, WebAssembly.Module>()

/** Compiles (once a process) and instantiates the `release` or `debug` build. */
export function loadModule(build: 'release' | 'debug' = 'release'): Module {
  let compiled = cache.get(build)
  if (compiled === undefined) {
    compiled = new WebAssembly.Module(readBuild(build === 'debug' ? 'wasmqtt.debug' : 'wasmqtt'))
    cache.set(build, compiled)
  }
  return new Module(new WebAssembly.Instance(compiled).exports as unknown as Exports)
}

/** The file is in build/ beside dist/ when bundled, and two floors up when run from source. */
function readBuild(name: string): Buffer<ArrayBuffer> {
  for (const up of ['../', '../../']) {
    try {
      return readFileSync(new URL(`${up}build/${name}.wasm`, import.meta.url))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  throw new Error(`build/${name}.wasm is missing: run \`npm run build\``)
}
