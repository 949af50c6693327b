// The vectors in Node: reads the module and the document, prints the report as one line of JSON.
// Run by test/embed/runtimes.ts with the paths of both.

import { readFileSync } from 'node:fs'
import { check } from '../javascript/check.ts'

const [wasm = '', vectors = ''] = process.argv.slice(2)
const module = new WebAssembly.Module(readFileSync(wasm))
const document = JSON.parse(readFileSync(vectors, 'utf8'))
console.log(JSON.stringify(check(module, document, process.version)))
