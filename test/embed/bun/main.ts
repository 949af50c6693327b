// The vectors in Bun: `bun main.ts <module> <document>` prints the report as one line of JSON. Bun
// takes the TypeScript of the wrapper as it is, and has JavaScriptCore instead of V8.

import { check } from '../javascript/check.ts'

interface BunFile {
  bytes(): Promise<Uint8Array<ArrayBuffer>>
  json(): Promise<Parameters<typeof check>[1]>
}

declare const Bun: {
  argv: string[]
  version: string
  file(path: string): BunFile
}

const [wasm = '', vectors = ''] = Bun.argv.slice(2)
const module = new WebAssembly.Module(await Bun.file(wasm).bytes())
console.log(JSON.stringify(check(module, await Bun.file(vectors).json(), Bun.version)))
