// The one instance of the module that the faces of this package share: codec, tries, drop-ins. Made
// at first use from the bytes that the build puts into each bundle, or from a compiled module that
// the program hands in before.

import { type Exports, Memory } from './memory.ts'
import { Names } from './names.ts'

/** Put in by the build (host/bundle.ts); sources that run as they are have none. */
declare const WASMQTT_BASE64: string | undefined

let given: WebAssembly.Module | undefined
let instance: Memory | undefined
let names: Names | undefined

/**
 * Uses this compiled `wasmqtt.wasm` in place of the one built in.
 * @throws TypeError when it is no module, Error when the built-in one is in use already
 */
export function useModule(compiled: WebAssembly.Module): void {
  if (!(compiled instanceof WebAssembly.Module)) {
    throw new TypeError('expected a WebAssembly.Module: compile wasmqtt.wasm first')
  }
  if (instance !== undefined && given !== compiled) {
    throw new Error('expected useModule before the first use of the package')
  }
  given = compiled
}

/** The instance; compiled and made by the first caller. */
export function shared(): Memory {
  instance ??= instantiate()
  return instance
}

/** The topic names last written into its memory. */
export function sharedNames(): Names {
  names ??= new Names(shared())
  return names
}

function instantiate(): Memory {
  const compiled = given ?? new WebAssembly.Module(builtIn())
  return new Memory(new WebAssembly.Instance(compiled).exports as unknown as Exports)
}

function builtIn(): Uint8Array {
  const base64 = typeof WASMQTT_BASE64 === 'undefined' ? undefined : WASMQTT_BASE64
  if (base64 === undefined) throw new Error('no module is built in: call useModule first')
  const binary = atob(base64)
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}
