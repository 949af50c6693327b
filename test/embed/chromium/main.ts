// The vectors in Chromium: serves page.ts, the module and the document on a free port of 127.0.0.1,
// opens the page in the installed browser without a window, prints the report as one line of JSON.

import { readFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { which } from '../../process.ts'

const PATIENCE_MS = 60_000
const FLAGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run']
const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
const PAGE = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'

const [wasm = '', vectors = ''] = process.argv.slice(2)

async function bundle(): Promise<string> {
  const entryPoints = [join(import.meta.dirname, 'page.ts')]
  const { outputFiles } = await build({ entryPoints, bundle: true, format: 'iife', write: false })
  return outputFiles[0]?.text ?? ''
}

const files: Record<string, [type: string, content: string | Buffer]> = {
  '/': ['text/html', `${PAGE}<title>wasmqtt.wasm</title><script src="/page.js"></script>`],
  '/page.js': ['text/javascript', await bundle()],
  '/wasmqtt.wasm': ['application/wasm', readFileSync(wasm)],
  '/vectors.json': ['application/json', readFileSync(vectors)],
}

const server = http.createServer((request, response) => {
  const [type, content] = files[request.url ?? ''] ?? ['text/plain', '']
  response.setHeader('content-type', type).end(content)
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const browser = await chromium.launch({
  executablePath: which('chromium') as string,
  args: [...FLAGS, ...QUIET],
  timeout: PATIENCE_MS,
})
try {
  const page = await browser.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  console.log(JSON.stringify(await page.evaluate(`report('${browser.version()}')`)))
} finally {
  await browser.close()
  server.close()
}
