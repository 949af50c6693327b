// A browser as an MQTT client: headless Chromium loads MQTT.js's own browser bundle from a page and
// talks to the WebSocket listener. The page is served from another port, as a page of an operator's
// own would be.

import { readFileSync } from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Broker, isMissing, startTested, stopAll, which } from './process.ts'

const PATIENCE_MS = 30_000
const LIBRARY: string = join(
  dirname(createRequire(import.meta.url).resolve('mqtt/package.json')),
  'dist/mqtt.min.js',
)
const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Publishes at each QoS from one client to another, and resolves with what the second has received.
 */
const SCRIPT = `
  async function exchange(url, protocolVersion, protocolId) {
    const options = { protocolVersion, protocolId, reconnectPeriod: 0, connectTimeout: 10000 }
    const subscriber = await mqtt.connectAsync(url, options, false)
    const publisher = await mqtt.connectAsync(url, options, false)
    const topic = 'browser/' + protocolVersion
    const received = []
    const complete = new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error('received only ' + JSON.stringify(received))), 10000)
      subscriber.on('message', (topic, payload, packet) => {
        received.push({ topic, payload: new TextDecoder().decode(payload), qos: packet.qos })
        if (received.length === 4) resolve()
      })
    })
    await subscriber.subscribeAsync('browser/#', { qos: 2 })
    for (const qos of [0, 1, 2]) await publisher.publishAsync(topic, 'grüße ' + qos, { qos })
    await publisher.publishAsync(topic, 'x'.repeat(200000), { qos: 0 })
    await complete
    await subscriber.endAsync()
    await publisher.endAsync()
    return received
  }
`
const PAGE = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<title>MQTT</title><script src="/mqtt.min.js"></script><script>${SCRIPT}</script>`

let broker: Broker
let pages: http.Server
let browser: Browser

const tests = suite('a browser over WebSocket')

tests.before(async () => {
  broker = await startTested()
  pages = http.createServer((request, response) => {
    const script = request.url === '/mqtt.min.js'
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
    response.end(script ? readFileSync(LIBRARY) : PAGE)
  })
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
  const executablePath = which('chromium') as string
  browser = await chromium.launch({ executablePath, args: FLAGS, timeout: PATIENCE_MS })
})

tests.after(async () => {
  await browser?.close()
  pages?.close()
  await stopAll()
})

for (const [name, version, id] of [
  ['3.1', 3, 'MQIsdp'],
  ['3.1.1', 4, 'MQTT'],
  ['5.0', 5, 'MQTT'],
] as const) {
  tests(`${name}: a page publishes at every QoS and receives each message once`, async () => {
    const page = await browser.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/`)
    const url = `ws://127.0.0.1:${broker.wsPort}/mqtt`
    const received = await page.evaluate(`exchange('${url}', ${version}, '${id}')`)
    const topic = `browser/${version}`
    assert.equal(received, [
      { topic, payload: 'grüße 0', qos: 0 },
      { topic, payload: 'grüße 1', qos: 1 },
      { topic, payload: 'grüße 2', qos: 2 },
      { topic, payload: 'x'.repeat(200_000), qos: 0 },
    ])
    assert.equal(complaints, [])
    await page.close()
  })
}

if (!isMissing('chromium')) tests.run()
