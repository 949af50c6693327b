// Sets of addresses, as configurations write them: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`. The
// arithmetic is node:net's BlockList; no socket is touched here.

import { BlockList, isIP } from 'node:net'

export class Addresses {
  private readonly list: BlockList = new BlockList()

  /** @throws RangeError naming the text that is no address or range */
  constructor(texts: readonly string[]) {
    for (const text of texts) this.add(text)
  }

  /** False for what is no address, such as the peer of a unix socket. */
  includes(address: string): boolean {
    const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
    const version = isIP(plain)
    return version !== 0 && this.list.check(plain, version === 6 ? 'ipv6' : 'ipv4')
  }

  private add(text: string): void {
    const [address, prefix, ...rest] = text.split('/') as [string, string?, ...string[]]
    const version = isIP(address)
    const bits = version === 6 ? 128 : 32
    const isRange = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits)
    if (version === 0 || !isRange || rest.length > 0) {
      throw new RangeError(`expected an address or a range like 10.0.0.0/8, got ${text}`)
    }
    const family = version === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) this.list.addAddress(address, family)
    else this.list.addSubnet(address, Number(prefix), family)
  }
}
