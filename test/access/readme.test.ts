// The README of access control is true: its configurations are read without a mistake, and what
// it says the HTTP hook is asked is what the hook is asked.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { judgesOf } from '../../host/access/claims.ts'
import { parseCredentials } from '../../host/access/scram.ts'
import { mistakesIn } from '../config/kit.ts'
import { connectOf, inWorld, REFUSED } from '../devices/kit.ts'

const test = suite('README of access control')

const text = readFileSync(join(import.meta.dirname, '../../host/access/README.md'), 'utf8')

function blocks(language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm')
  return [...text.matchAll(pattern)].map(([, block]) => `${block}`)
}

const json: Record<string, unknown>[] = blocks('json').map((block) => JSON.parse(block))

function find(key: string, value: unknown): Record<string, unknown> {
  return json.find((block) => block[key] === value) as Record<string, unknown>
}

test('its configurations have no mistakes', () => {
  const found = blocks('yaml')
  assert.is(found.length, 2)
  const listener = 'listeners: [{ type: mqtt, port: 1883 }]\n'
  for (const block of found) assert.equal(mistakesIn(listener + block), [], block)
})

test('its claims are rules', () => {
  const claims = json.filter((block) => block.acl !== undefined)
  assert.is(claims.length, 2)
  for (const { acl } of claims) assert.is(judgesOf(acl).length, 1)
})

test('its line of a SCRAM file is one', () => {
  const line = `${/^user:SCRAM.*$/m.exec(text)}`
  assert.ok(parseCredentials(line, 'f').get('user')?.has('SCRAM-SHA-256'))
})

test('the HTTP hook is asked what it says, and obeyed', async () => {
  const asked: unknown[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const question = JSON.parse(body)
    asked.push(question)
    const isAlone = question.clientId === 'c1' && question.action === 'connect'
    response.end(JSON.stringify(isAlone ? find('result', 'allow') : { result: 'allow' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const config = {
    authentication: [{ type: 'http' as const, url }],
    authorization: { http: { url } },
  }
  await inWorld(
    async (world) => {
      const { action: _, version: __, listener: ___, ...said } = find('action', 'connect')
      const { clientId, password, username } = said as Record<string, string>
      const fields = { clientId, password, username } as Record<string, string>
      const client = await world.open()
      await client.handshake(fields)
      assert.equal(asked, [find('action', 'connect')])
      const publish = async (topic: string): Promise<number | undefined> =>
        (await client.publish({ topic, qos: 1 }))[0]?.reasonCode
      assert.is(await publish('asked/only'), 0x10)
      assert.is(await publish('home/1'), REFUSED, 'the rules of the answer are all there is')
      const other = await world.open()
      await other.handshake({ ...fields, clientId: 'c2' })
      await other.publish({ topic: 'home/1', qos: 1 })
      assert.equal(asked.at(-1), { ...find('action', 'publish'), clientId: 'c2' })
    },
    { config },
  )
  server.close()
  server.closeAllConnections()
})

test('a status event has the keys it says', () =>
  inWorld(async (world) => {
    const device = await world.addDevice()
    const said = new Promise<string>((resolve) => {
      world.broker.subscribe('$events/#', ({ payload }) => resolve(String(payload)))
    })
    const client = await world.open()
    await client.handshake(connectOf(device))
    assert.equal(Object.keys(JSON.parse(await said)), Object.keys(find('status', 'online')))
  }))

test.run()
