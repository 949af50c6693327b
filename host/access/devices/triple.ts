// CONNECT by product key, device name and secret, as the SDKs of the Alibaba Cloud IoT platform
// send it: what client identifier and user name say, and how they are signed. Pure; who has which
// secret is the registry's.
//
//   client identifier   ID|securemode=3,signmethod=hmacsha1,timestamp=789|
//   user name           deviceName&productKey
//   password            hex(HMAC(secret, 'clientIdIDdeviceName…productKey…timestamp789'))

import { createHmac, timingSafeEqual } from 'node:crypto'

const DIGESTS: Readonly<Record<string, string>> = {
  hmacmd5: 'md5',
  hmacsha1: 'sha1',
  hmacsha256: 'sha256',
}
const DEFAULT_METHOD = 'hmacmd5'

/** A user name taken apart. */
export interface Names {
  readonly deviceName: string
  readonly productKey: string
}

/** A client identifier taken apart. */
export interface Extended {
  /** Before the first `|`. */
  readonly id: string
  /** `k=v` pairs between the first `|` and the last. */
  readonly values: ReadonlyMap<string, string>
}

/** @returns undefined when it is no user name of a device */
export function parseUsername(username: string | undefined): Names | undefined {
  if (username === undefined) return undefined
  const at = username.lastIndexOf('&')
  if (at < 1 || at === username.length - 1) return undefined
  return { deviceName: username.slice(0, at), productKey: username.slice(at + 1) }
}

/** @returns undefined when it does not end in `|…|`; a value may have `|` in it */
export function parseClientId(clientId: string): Extended | undefined {
  const at = clientId.indexOf('|')
  if (at < 0 || at === clientId.length - 1 || !clientId.endsWith('|')) return undefined
  const values = new Map<string, string>()
  for (const pair of clientId.slice(at + 1, -1).split(',')) {
    const equals = pair.indexOf('=')
    if (equals > 0) values.set(pair.slice(0, equals), pair.slice(equals + 1))
  }
  return { id: clientId.slice(0, at), values }
}

/** What a device signs: the values by the order of their names. */
export function connectContent(
  { deviceName, productKey }: Names,
  { id, values }: Extended,
): string {
  const timestamp = values.get('timestamp')
  const end = timestamp === undefined ? '' : `timestamp${timestamp}`
  return `clientId${id}deviceName${deviceName}productKey${productKey}${end}`
}

/** What a device signs with its product's secret to be registered. */
export function registerContent({ deviceName, productKey }: Names, random: string): string {
  return `deviceName${deviceName}productKey${productKey}random${random}`
}

/** @param method a `signmethod`; undefined = the default @returns undefined = it is not known */
export function sign(
  method: string | undefined,
  secret: string,
  content: string,
): Buffer | undefined {
  const digest = DIGESTS[(method ?? DEFAULT_METHOD).toLowerCase()]
  return digest === undefined ? undefined : createHmac(digest, secret).update(content).digest()
}

/** Compares in constant time. @param password hexadecimal, in either case */
export function isSignature(expected: Buffer | undefined, password: Buffer | undefined): boolean {
  if (expected === undefined || password === undefined) return false
  const text = password.toString('latin1')
  if (text.length !== expected.length * 2 || !/^[0-9a-f]*$/i.test(text)) return false
  return timingSafeEqual(Buffer.from(text, 'hex'), expected)
}
