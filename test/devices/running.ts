// What the tests of `wasmqtt device` and `wasmqtt ban` share: brokers that run, commands about
// them, and clients that knock.

import * as assert from 'uvu/assert'
import type { Config } from '../../host/config/config.ts'
import { configured, type Outcome, runCommand, writeConfig } from '../cli/running.ts'
import { type Connect, RawClient } from '../client.ts'
import { type Broker, startBroker } from '../process.ts'

export const CONFIG: Config = {
  listeners: [{ type: 'mqtt', host: '127.0.0.1', port: 0 }],
  authentication: [{ type: 'device' }],
  anonymous: true,
}

export function start(config: Config = CONFIG, data?: string): Promise<Broker> {
  const file = writeConfig(config)
  return startBroker({ ...configured(file), ...(data !== undefined && { data }) })
}

/** A command about what is in `data`. */
export async function run(data: string, ...words: string[]): Promise<Outcome> {
  return runCommand(...words, '--data', data)
}

/** Its lines, when it went well. */
export async function lines(data: string, ...words: string[]): Promise<string[]> {
  const { code, lines: printed, stderr } = await run(data, ...words)
  assert.equal([code, stderr], [0, ''], words.join(' '))
  return printed
}

export async function made(data: string, ...words: string[]): Promise<Record<string, string>> {
  return JSON.parse((await lines(data, ...words, '--json'))[0] as string)
}

export async function connect(port: number, fields: Connect): Promise<RawClient> {
  const client = await RawClient.open({ port })
  await client.handshake(fields)
  return client
}

/** Reason code of the CONNACK. */
export async function knock(port: number, fields: Connect): Promise<number> {
  const client = await connect(port, fields)
  client.drop()
  return client.connack?.reasonCode ?? 0
}

export async function reasonOfEnd(client: RawClient): Promise<number | undefined> {
  const [end] = await client.closed
  return (end as { reasonCode?: number } | undefined)?.reasonCode
}
