// Addresses as text: without IPv4's IPv6 clothes, with and without port; ranges of them; and which
// addresses of this machine a listener's host, family and interface mean. Used by listeners and
// transports.

import { lookup } from 'node:dns/promises'
import { BlockList, isIP, SocketAddress } from 'node:net'
import { networkInterfaces } from 'node:os'

const MAPPED = '::ffff:'

/** `::ffff:10.0.0.7` is `10.0.0.7`. */
export function plainAddress(address: string): string {
  const isMapped = address.startsWith(MAPPED) && address.includes('.')
  return isMapped ? address.slice(MAPPED.length) : address
}

/** `127.0.0.1:1883`, `[::1]:1883`; IPv4 in IPv6 clothes is shown as IPv4. */
export function joinAddress(address: string, port: number): string {
  const plain = plainAddress(address)
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`
}

/** The form everybody writes: `2001:DB8:0:0:0:0:0:1` is `2001:db8::1`; IPv4 as it is. */
export function canonicalAddress(address: string): string {
  if (isIP(address) !== 6) return address
  return plainAddress(new SocketAddress({ address, family: 'ipv6' }).address)
}

/** The address of what `joinAddress` made, or of one without port; `''` of anything else. */
export function hostOf(joined: string): string {
  if (isIP(joined) !== 0) return joined
  const end = joined.lastIndexOf(':')
  const host = joined.startsWith('[') ? joined.slice(1, end - 1) : joined.slice(0, end)
  return isIP(host) === 0 ? '' : host
}

/** Addresses and ranges: `10.0.0.0/8`, `::1`, `2001:db8::/32`. */
export class AddressRanges {
  readonly #list: BlockList

  /** @throws RangeError when one of them is not an address or a range */
  constructor(ranges: readonly string[]) {
    this.#list = new BlockList()
    for (const range of ranges) this.#add(range)
  }

  has(address: string): boolean {
    const plain = plainAddress(address)
    const family = familyOf(plain)
    return family !== undefined && this.#list.check(plain, family)
  }

  #add(range: string): void {
    const [address, bits, ...rest] = range.split('/') as [string, string?]
    const family = familyOf(address)
    const bitsMax = family === 'ipv4' ? 32 : 128
    const isPrefix = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax)
    if (family === undefined || !isPrefix || rest.length > 0) {
      throw new RangeError(`expected an address or a range like 10.0.0.0/8, got ${range}`)
    }
    this.#list.addSubnet(address, bits === undefined ? bitsMax : Number(bits), family)
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address)
  return version === 0 ? undefined : version === 4 ? 'ipv4' : 'ipv6'
}

/** What a configuration says about where to bind. */
export interface Binding {
  host?: string | undefined
  interface?: string | undefined
  family?: 'ipv4' | 'ipv6' | undefined
}

/** One address to bind; `fallback` is tried where the machine does not have its family. */
export interface Bindable {
  host: string
  ipv6Only: boolean
  fallback?: string
}

/** The addresses to bind. Rejects when the name, or the interface, is not known. */
export async function bindables(binding: Binding): Promise<Bindable[]> {
  const { host = '*', family } = binding
  if (binding.interface !== undefined) {
    return addressesOf(binding.interface, host, family).map((address) => exactly(address))
  }
  if (host === '*') return [everyAddress(family)]
  if (isIP(host) !== 0 || family === undefined) return [exactly(host)]
  const found = await lookup(host, { family: family === 'ipv4' ? 4 : 6 })
  return [exactly(found.address)]
}

function exactly(host: string): Bindable {
  return { host, ipv6Only: false }
}

function everyAddress(family: 'ipv4' | 'ipv6' | undefined): Bindable {
  if (family === 'ipv4') return exactly('0.0.0.0')
  if (family === 'ipv6') return { host: '::', ipv6Only: true }
  return { host: '::', ipv6Only: false, fallback: '0.0.0.0' }
}

/** Node cannot bind to a device, only to the addresses it has now; link-local ones are left out. */
function addressesOf(name: string, host: string, family: 'ipv4' | 'ipv6' | undefined): string[] {
  const known = networkInterfaces()
  const all = known[name]
  if (all === undefined) {
    const names = Object.keys(known).join(', ')
    throw new Error(`interface: expected one of ${names}, got ${name}`)
  }
  const addresses = all
    .filter((entry) => family === undefined || entry.family.toLowerCase() === family)
    .map(({ address }) => address)
    .filter((address) => !address.startsWith('fe80:'))
    .filter((address) => host === '*' || address === host)
  if (addresses.length > 0) return addresses
  const wanted = host === '*' ? (family ?? 'address') : host
  throw new Error(`interface: ${name} has no ${wanted}`)
}
