// GET /metrics through a strict parser, its numbers after known traffic, /readyz over a broker's
// life, and that README.md and the dashboard name only metrics that exist.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FAMILIES } from '../../host/admin/families.ts'
import { listenHealth } from '../../host/admin/health.ts'
import { type Broker, createBroker } from '../../host/index.ts'
import type { Listener } from '../../host/net/transport.ts'
import { RawClient } from '../client.ts'
import { temporaryDirectory } from '../process.ts'
import { ROOT } from '../source.ts'
import { type Family, parseExposition } from './exposition.ts'

const ANY = { host: '127.0.0.1', port: 0 }
const tests = suite('admin: metrics')
let broker: Broker
let admin: Listener

tests.before.each(async () => {
  broker = await createBroker({ data: temporaryDirectory(), durability: 'process' })
  admin = await listenHealth(ANY, () => ({}), broker.watched)
})
tests.after.each(async () => {
  await broker.close()
  await admin.close()
})

async function scrape(): Promise<Map<string, Family>> {
  const response = await fetch(`${admin.url}/metrics`)
  assert.is(response.status, 200)
  assert.is(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  return parseExposition(await response.text())
}

/** `name{label="value"}` for each sample, with its value. */
function flat(families: Map<string, Family>): Record<string, number> {
  const entries = [...families.values()].flatMap(({ samples }) =>
    samples.map(({ name, labels, value }) => {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`)
      return [pairs.length === 0 ? name : `${name}{${pairs.join()}}`, value] as const
    }),
  )
  return Object.fromEntries(entries)
}

async function readiness(): Promise<[number, unknown]> {
  const response = await fetch(`${admin.url}/readyz`)
  return [response.status, await response.json()]
}

tests('the text of an idle broker is well-formed, and every family has HELP and TYPE', async () => {
  const families = await scrape()
  for (const { name, type, help } of FAMILIES) {
    assert.is(families.get(name)?.type, type, name)
    assert.is(families.get(name)?.help, help, name)
  }
  const strange = [...families.keys()].filter((name) => !/^(wasmqtt|process)_/.test(name))
  assert.equal(strange, [])
})

tests('what clients did is in the numbers', async () => {
  const { port } = await broker.listen({ type: 'mqtt', port: 0, name: 'a "quoted\\ name\n' })
  const sender = await RawClient.connect({ port })
  const receiver = await RawClient.connect({ port })
  await receiver.subscribe('a/#', { qos: 1 })
  await receiver.subscribe('$share/g/b')
  await sender.publish({ topic: 'a/0', payload: 'four' })
  await sender.publish({ topic: 'a/1', payload: 'seven..', qos: 1 })
  await sender.publish({ topic: 'nobody', payload: 'x', qos: 2 })
  await sender.publish({ topic: 'kept', payload: 'x', qos: 1, retain: true })
  await sender.publish({ topic: '$SYS/x', payload: 'x', qos: 1 })
  await receiver.take('publish')
  await receiver.take('publish')
  const refused = await RawClient.open({ port })
  refused.sendBytes(Buffer.from([0, 0]))
  await refused.closed
  await Promise.all([receiver.barrier(), sender.barrier()])
  const numbers = flat(await scrape())
  const expected = {
    wasmqtt_connections_accepted_total: 3,
    'wasmqtt_connections_ended_total{reason="protocol error"}': 1,
    'wasmqtt_clients{state="connected"}': 2,
    'wasmqtt_clients{state="offline"}': 0,
    'wasmqtt_subscriptions{kind="plain"}': 1,
    'wasmqtt_subscriptions{kind="shared"}': 1,
    'wasmqtt_publish_received_total{qos="0"}': 1,
    'wasmqtt_publish_received_total{qos="1"}': 3,
    'wasmqtt_publish_received_total{qos="2"}': 1,
    'wasmqtt_publish_received_bytes_total{qos="1"}': 9,
    'wasmqtt_publish_sent_total{qos="0"}': 1,
    'wasmqtt_publish_sent_total{qos="1"}': 1,
    'wasmqtt_publish_sent_bytes_total{qos="0"}': 4,
    'wasmqtt_publish_sent_bytes_total{qos="1"}': 7,
    wasmqtt_publish_unmatched_total: 2,
    wasmqtt_publish_refused_total: 1,
    wasmqtt_retained_messages: 1,
    wasmqtt_store_failing: 0,
  }
  for (const [name, value] of Object.entries(expected)) assert.is(numbers[name], value, name)
  const listener = Object.keys(numbers).find((name) => name.startsWith('wasmqtt_connections{'))
  assert.is(listener, 'wasmqtt_connections{listener="a "quoted\\ name\n"}')
  const commits = numbers.wasmqtt_store_commits_total as number
  assert.ok(commits >= 1)
  assert.is(numbers['wasmqtt_store_commit_seconds_bucket{le="+Inf"}'], commits)
})

tests('the parser refuses what the format does not allow', () => {
  const head = '# HELP a_total x\n# TYPE a_total counter\n'
  parseExposition(`${head}a_total{b="\\"\\\\\\n"} 1\n`)
  for (const text of [
    `${head}a_total 1`,
    `${head}a_total 1\na_total 2\n`,
    `${head}a_total{b="1",b="2"} 1\n`,
    `${head}a_total{b="\\t"} 1\n`,
    `${head}a_total{b=1} 1\n`,
    `${head}a_total one\n`,
    `${head}a_total -1\n`,
    `${head}b_total 1\n`,
    `${head}${head}`,
    '# TYPE a_total counter\na_total 1\n',
    '# HELP a x\n# TYPE a counter\na 1\n',
    '# HELP a x\n# TYPE a histogram\na_bucket{le="1"} 2\na_sum 1\na_count 2\n',
    '# HELP a x\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
  ]) {
    assert.throws(() => parseExposition(text), undefined, text)
  }
})

tests('/readyz: starting, ready, closing', async () => {
  assert.equal(await readiness(), [503, { status: 'starting' }])
  await broker.listen({ type: 'mqtt', port: 0 })
  assert.equal(await readiness(), [200, { status: 'ready' }])
  const closed = broker.close()
  assert.equal(await readiness(), [503, { status: 'closing' }])
  await closed
})

tests('without a broker to watch there is /healthz only', async () => {
  const bare = await listenHealth(ANY, () => ({}))
  for (const path of ['/metrics', '/readyz']) {
    const response = await fetch(bare.url + path)
    assert.is(response.status, 404)
    await response.text()
  }
  await bare.close()
})

tests('the table in host/admin/README.md is that of the metrics', async () => {
  const readme = readFileSync(join(ROOT, 'host/admin/README.md'), 'utf8')
  const rows = readme.split('\n').filter((line) => /^\| `(wasmqtt|process)_/.test(line))
  const cells = (line: string): string[] =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim())
  const labels = (name: string): string =>
    FAMILIES.find((one) => one.name === name)?.labels?.join() ?? ''
  const families = [...(await scrape()).values()]
  assert.equal(
    rows.map((row) => cells(row)[0]).sort(),
    families.map(({ name }) => `\`${name}\``).sort(),
  )
  for (const row of rows) {
    const [name, type, , help] = cells(row) as [string, string, string, string]
    const family = families.find((one) => `\`${one.name}\`` === name) as Family
    assert.equal([type, help], [family.type, family.help], name)
    const known = labels(family.name)
    if (known !== '') assert.is(cells(row)[2]?.replaceAll('`', ''), known, name)
  }
})

tests('every metric that the dashboard asks for exists', async () => {
  const text = readFileSync(join(ROOT, 'host/admin/grafana.json'), 'utf8')
  const dashboard = JSON.parse(text) as {
    panels: { title: string; targets?: { expr: string }[] }[]
  }
  const samples = new Set(
    [...(await scrape()).values()].flatMap(({ name, type }) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((ending) => name + ending) : [name],
    ),
  )
  const expressions = dashboard.panels.flatMap(({ targets = [] }) =>
    targets.map(({ expr }) => expr),
  )
  assert.ok(expressions.length >= 12)
  const unknown = expressions.flatMap((expr) =>
    [...expr.matchAll(/\b(?:wasmqtt|process)_\w+/g)]
      .map(([name]) => name)
      .filter((name) => !samples.has(name)),
  )
  assert.equal(unknown, [])
  const titles = dashboard.panels.map(({ title }) => title)
  assert.is(new Set(titles).size, titles.length)
})

tests.run()
