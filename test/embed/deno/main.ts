// The vectors in Deno: `deno run --allow-read main.ts <module> <document>` prints the report as one
// line of JSON. Deno takes the TypeScript of the wrapper as it is.

import { check } from '../javascript/check.ts'

declare const Deno: {
  args: string[]
  version: { deno: string }
  readFileSync(path: string): Uint8Array<ArrayBuffer>
  readTextFileSync(path: string): string
}

const [wasm = '', vectors = ''] = Deno.args
const module = new WebAssembly.Module(Deno.readFileSync(wasm))
const document = JSON.parse(Deno.readTextFileSync(vectors))
console.log(JSON.stringify(check(module, document, Deno.version.deno)))
