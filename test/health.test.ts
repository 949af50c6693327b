// The admin listener: GET /healthz answers with facts, and nothing else answers. What the binary
// does with it is the business of cli.test.ts.

import { once } from 'node:events'
import { connect } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { listenHealth } from '../host/admin/health.ts'
import type { Listener } from '../host/net/transport.ts'

const tests = suite('health')
let listener: Listener
let connections = 0

tests.before(async () => {
  listener = await listenHealth({ host: '127.0.0.1', port: 0 }, () => ({ connections }))
})
tests.after(async () => {
  await listener.close()
})

tests('the listener says where it listens', () => {
  assert.is(listener.url, `http://127.0.0.1:${listener.port}`)
})

tests('GET /healthz answers ok and the facts of this moment', async () => {
  for (connections = 3; connections < 5; connections++) {
    const response = await fetch(`${listener.url}/healthz?verbose`)
    assert.is(response.status, 200)
    assert.is(response.headers.get('content-type'), 'application/json')
    assert.equal(await response.json(), { status: 'ok', connections })
  }
})

tests('everything else is 404', async () => {
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/healthz/x'],
    ['POST', '/healthz'],
    ['DELETE', '/healthz'],
  ] as const) {
    const response = await fetch(`${listener.url}${path}`, { method })
    assert.is(response.status, 404, `${method} ${path}`)
    await response.text()
  }
})

tests('close ends connections that are idle', async () => {
  const other = await listenHealth({ host: '127.0.0.1', port: 0 }, () => ({}))
  const client = connect(other.port, '127.0.0.1')
  client.resume()
  await once(client, 'connect')
  await fetch(`${other.url}/healthz`).then((response) => response.text())
  await Promise.all([once(client, 'close'), other.close()])
})

tests.run()
