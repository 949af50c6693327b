// The vectors in a page: fetches the module, compiled while it arrives, and the document; answers
// the report. main.ts bundles it and calls `report`.

import type * as document from '../export.ts'
import { check, type Report } from '../javascript/check.ts'

interface Streaming {
  compileStreaming(response: Promise<Response>): Promise<WebAssembly.Module>
}

async function report(version: string): Promise<Report> {
  const { compileStreaming } = WebAssembly as unknown as Streaming
  const wasm = await compileStreaming(fetch('/wasmqtt.wasm'))
  const vectors = (await (await fetch('/vectors.json')).json()) as document.Document
  return check(wasm, vectors, version)
}

Object.assign(globalThis, { report })
