// The faces in a browser, as they are built, without a bundler: headless Chromium imports the files
// of dist/ as modules, in a page and in a Worker, and uses the codec and the trie there.

import { readFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isMissing, which } from '../process.ts'
import { ROOT } from '../source.ts'

const PATIENCE_MS = 30_000
const FLAGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run']

const USE = `
  import { Decoder, encode } from '/codec.js'
  import { TopicTrie } from '/topics.js'
  import { Qlobber } from '/qlobber.js'
  export function use() {
    const payload = new TextEncoder().encode('grüße')
    const properties5 = { topicAlias: 3 }
    const bytes = encode({ type: 'publish', topic: 'a/ä', payload, properties: properties5 }, 5)
    const packets = new Decoder({ version: 5 }).push(bytes)
    const { topic, properties } = packets[0]
    const trie = new TopicTrie().add('a/+', 'x').add('#', 'y')
    const options = { separator: '/', wildcard_one: '+', wildcard_some: '#' }
    return {
      topic,
      payload: new TextDecoder().decode(packets[0].payload),
      properties,
      values: trie.match(topic).sort(),
      qlobber: new Qlobber(options).add('a/#', 1).match('a'),
      hasBuffer: typeof Buffer !== 'undefined',
    }
  }
`
const WORKER = `import { use } from '/use.js'; postMessage(use())`
const PAGE = `<!doctype html><link rel="icon" href="data:,"><script type="module">
  import { use } from '/use.js'
  window.inPage = Promise.resolve().then(use)
  window.inWorker = new Promise((resolve, reject) => {
    const worker = new Worker('/worker.js', { type: 'module' })
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = ({ message }) => reject(new Error(message))
  })
</script>`
const EXPECTED = {
  topic: 'a/ä',
  payload: 'grüße',
  properties: { topicAlias: 3 },
  values: ['x', 'y'],
  qlobber: [1],
  hasBuffer: false,
}

let files: http.Server
let browser: Browser

const tests = suite('faces in a browser')

function serve(path: string): string | Buffer {
  if (path === '/') return PAGE
  if (path === '/use.js') return USE
  if (path === '/worker.js') return WORKER
  return readFileSync(join(ROOT, 'dist', path))
}

tests.before(async () => {
  files = http.createServer((request, response) => {
    const path = request.url as string
    response.setHeader('content-type', path === '/' ? 'text/html' : 'text/javascript')
    response.end(serve(path))
  })
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve))
  const executablePath = which('chromium') as string
  browser = await chromium.launch({ executablePath, args: FLAGS, timeout: PATIENCE_MS })
})

tests.after(async () => {
  await browser?.close()
  files?.close()
})

tests('codec, topics and qlobber work in a page and in a Worker', async () => {
  const page = await browser.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  await page.goto(`http://127.0.0.1:${(files.address() as AddressInfo).port}/`)
  await page.waitForFunction('window.inWorker')
  assert.equal(await page.evaluate('inPage'), EXPECTED)
  assert.equal(await page.evaluate('inWorker'), EXPECTED)
})

if (!isMissing('chromium')) tests.run()
