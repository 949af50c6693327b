// Programs built on mqtt-packet and qlobber, bundled with an alias that points these to our
// drop-ins: MQTT.js against our broker in every version, and aedes with both, spoken to by MQTT.js.

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { build, type Plugin } from 'esbuild'
import type * as mqtt from 'mqtt'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createBroker } from '../../host/index.ts'
import { ROOT } from '../source.ts'

const require = createRequire(import.meta.url)
const folder = mkdtempSync(join(ROOT, 'dist', 'aliased-'))

const tests = suite('programs on the drop-ins')

interface Handling {
  handle(stream: Duplex): unknown
  close(done?: () => void): void
}

/** A package bundled with the drop-ins in it; fails where the bundle has kept the originals. */
async function load(name: string, alias: Record<string, string>): Promise<unknown> {
  const outfile = join(folder, `${name}.cjs`)
  const { metafile } = await build({
    stdin: { contents: `module.exports = require('${name}')`, resolveDir: ROOT },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile,
    plugins: [dropIns(alias)],
    metafile: true,
    logLevel: 'error',
  })
  const inside = Object.keys(metafile.inputs)
  for (const replaced of Object.keys(alias)) {
    const users = inside.flatMap((path) => metafile.inputs[path]?.imports ?? [])
    const kept = users.filter(({ original }) => original === replaced)
    assert.ok(
      kept.every(({ path }) => path.startsWith('dist/')),
      `${replaced} is ours`,
    )
  }
  return require(outfile)
}

/** esbuild's own `alias` takes subpaths too, and aedes has one of qlobber's: exact names only. */
function dropIns(alias: Record<string, string>): Plugin {
  const filter = new RegExp(`^(${Object.keys(alias).join('|')})$`)
  return {
    name: 'drop-ins',
    setup({ onResolve, resolve }) {
      onResolve({ filter }, ({ path, kind }) =>
        resolve(alias[path] as string, { kind, resolveDir: ROOT }),
      )
    },
  }
}

const client = (await load('mqtt', { 'mqtt-packet': 'wasmqtt/mqtt-packet' })) as typeof mqtt

/** Subscribes, publishes with every QoS, and gives what came back. */
async function exchange(port: number, protocolVersion: 3 | 4 | 5): Promise<string[]> {
  const options = {
    protocolVersion,
    clientId: `c${protocolVersion}`,
    ...(protocolVersion === 3 && { protocolId: 'MQIsdp' as const }),
    reconnectPeriod: 0,
  }
  const connected = await client.connectAsync(`mqtt://127.0.0.1:${port}`, options)
  const arrived: string[] = []
  const all = new Promise<void>((resolve) => {
    connected.on('message', (topic, payload, packet) => {
      const name = packet.properties?.userProperties?.name ?? '-'
      arrived.push(`${topic} ${payload.toString()} ${packet.qos} ${name}`)
      if (arrived.length === 3) resolve()
    })
  })
  await connected.subscribeAsync(`v${protocolVersion}/+`, { qos: 2 })
  for (const qos of [0, 1, 2] as const) {
    const properties = { userProperties: { name: 'välue' } }
    const more = protocolVersion === 5 ? { properties } : {}
    await connected.publishAsync(`v${protocolVersion}/ä`, `hello ${qos}`, { qos, ...more })
  }
  await all
  await connected.unsubscribeAsync(`v${protocolVersion}/+`)
  await connected.endAsync()
  return arrived.sort()
}

function expected(version: number): string[] {
  const name = version === 5 ? 'välue' : '-'
  return [0, 1, 2].map((qos) => `v${version}/ä hello ${qos} ${qos} ${name}`)
}

for (const version of [3, 4, 5] as const) {
  tests(`MQTT.js on wasmqtt/mqtt-packet and our broker talk in version ${version}`, async () => {
    const broker = await createBroker()
    const listener = await broker.listen({ type: 'mqtt', port: 0 })
    const port = Number(new URL(listener.url).port)
    assert.equal(await exchange(port, version), expected(version))
    await broker.close()
  })
}

tests('aedes on wasmqtt/mqtt-packet and wasmqtt/qlobber serves MQTT.js', async () => {
  const alias = { 'mqtt-packet': 'wasmqtt/mqtt-packet', qlobber: 'wasmqtt/qlobber' }
  const { Aedes } = (await load('aedes', alias)) as { Aedes: AedesClass }
  const broker = await Aedes.createBroker()
  const server: Server = createServer((socket) => void broker.handle(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  for (const version of [3, 4] as const) {
    assert.equal(await exchange(port, version), expected(version))
  }
  await new Promise<void>((resolve) => broker.close(resolve))
  server.close()
})

interface AedesClass {
  createBroker(): Promise<Handling>
}

tests.after(() => rmSync(folder, { recursive: true, force: true }))
tests.run()
