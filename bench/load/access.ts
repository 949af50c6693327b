// Our broker with something to decide about every message: an ACL file of patterns, rules of the
// configuration, rules in a token, an HTTP hook. Each allows all the loader does, so that what they
// cost can be set beside a broker that decides nothing. Used by brokers.ts.

import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { SignJWT } from 'jose'

const SECRET = 'the secret of the benchmarks, not of anybody'
const USER = 'bench'

export const ACCESS_KINDS = ['acl', 'rules', 'jwt', 'http'] as const
export type AccessKind = (typeof ACCESS_KINDS)[number]

/** Gives every client of the loader, a child of this process, a user name and a token. */
export async function setCredentials(): Promise<void> {
  const token = new SignJWT({ acl: { all: ['nothing/of/it', '+/here', '#'] } })
  process.env.WASMQTT_BENCH_USER = USER
  process.env.WASMQTT_BENCH_PASSWORD = await token
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(USER)
    .setExpirationTime('1d')
    .sign(Buffer.from(SECRET))
}

/** What a configuration says to have clients decided about in this way. */
export function accessConfig(kind: AccessKind, directory: string, hookPort: number): object {
  if (kind === 'jwt') {
    return { anonymous: false, authentication: [{ type: 'jwt', secret: SECRET }] }
  }
  if (kind === 'http') {
    const url = `http://127.0.0.1:${hookPort}/`
    return { authorization: { http: { url, cacheSeconds: 3600 } } }
  }
  if (kind === 'rules') {
    const rule = (topic: string) => ({ effect: 'allow', action: 'both', topics: [topic] })
    return { authorization: { rules: [rule('$' + '{clientid}/#'), rule('here/+'), rule('#')] } }
  }
  const aclFile = join(directory, 'acl')
  writeFileSync(aclFile, 'pattern read %c/#\npattern write %u/%c\npattern readwrite #\n')
  return { authorization: { aclFile } }
}

/** Answers yes to everything, until the process ends. */
export async function startHook(port: number): Promise<void> {
  const server = createServer((request, response) => {
    request.resume()
    response.end('{"result":"allow"}')
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  server.unref()
}
